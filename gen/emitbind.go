package gen

import (
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"
)

// values writes the statements that make the config "c" of the section "s".
func (e *emitter) values(g *jen.Group, a *adapter) {
	ct := a.config
	if ct.whole && !ct.validates {
		whole := jen.Qual(configPath, "Whole").Call(jen.Id("s"))
		if _, named := ct.t.(*types.Named); named {
			whole = e.typ(ct.t).Call(whole)
		}
		g.Id("c").Op(":=").Add(whole)
		return
	}
	g.Var().Id("c").Add(e.typ(ct.t))
	g.Id("b").Op(":=").Qual(configPath, "Bind").Call(jen.Id("s"))
	if ct.whole {
		g.Qual(configPath, "Rest").Call(jen.Id("b"), convert(stringMap(), jen.Op("&").Id("c")))
	}
	for _, f := range ct.fields {
		g.Add(e.field(f))
	}
	done := jen.Id("b").Dot("Done").Call()
	if ct.validates {
		done = jen.Id("b").Dot("Validate").Call(jen.Op("&").Id("c"))
	}
	g.If(jen.Err().Op(":=").Add(done), jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Nil(), jen.Err()))
}

// field is the call that binds one field.
func (e *emitter) field(f *field) jen.Code {
	dst := jen.Op("&").Id("c")
	for name := range strings.SplitSeq(f.selector, ".") {
		dst.Dot(name)
	}
	_, named := types.Unalias(f.t).(*types.Named)
	b, key := jen.Id("b"), jen.Lit(f.key)
	call := func(name string, args ...jen.Code) jen.Code {
		return jen.Qual(configPath, name).Call(append(args, f.optionCode()...)...)
	}
	switch f.form {
	case asList:
		s := f.t.Underlying().(*types.Slice)
		if named {
			dst = convert(e.typ(s), dst)
		}
		return call("List", b, dst, e.element(f.value, s.Elem()), key)
	case asMap, asRest:
		if named {
			dst = convert(stringMap(), dst)
		}
		if f.form == asRest {
			return call("Rest", b, dst)
		}
		return call("Map", b, dst, key)
	}
	if f.value.text {
		return call("Text", b, dst, key)
	}
	if f.value.as != nil {
		dst = convert(e.typ(f.value.as), dst)
	}
	return call("Field", b, dst, f.value.code(), key)
}

// element is the function that parses an element of a list. An element of a
// type that the parser does not make itself is converted, one by one: unlike a
// pointer to a field, a list cannot be.
func (e *emitter) element(v value, t types.Type) jen.Code {
	text := jen.Params(jen.Id("text").String())
	switch {
	case v.text:
		return jen.Func().Add(text).Params(jen.Id("v").Add(e.typ(t)), jen.Err().Error()).Block(
			jen.Err().Op("=").Id("v").Dot("UnmarshalText").Call(jen.Index().Byte().Parens(jen.Id("text"))),
			jen.Return(jen.Id("v"), jen.Err()),
		)
	case v.as != nil:
		return jen.Func().Add(text).Params(e.typ(t), jen.Error()).Block(
			jen.List(jen.Id("v"), jen.Err()).Op(":=").Add(v.code()).Call(jen.Id("text")),
			jen.Return(e.typ(t).Call(jen.Id("v")), jen.Err()),
		)
	}
	return v.code()
}

// code names the parser. That of a path is a method, since it knows the
// config's directory.
func (v value) code() jen.Code {
	if v.name == "Path" {
		return jen.Id("b").Dot("Path")
	}
	return jen.Qual(configPath, v.name)
}

// optionCode are the calls that say what the field's tag said.
func (f *field) optionCode() []jen.Code {
	var opts []jen.Code
	if len(f.aliases) > 0 {
		opts = append(opts, jen.Qual(configPath, "Alias").CallFunc(func(g *jen.Group) {
			for _, a := range f.aliases {
				g.Lit(a)
			}
		}))
	}
	if f.required {
		opts = append(opts, jen.Qual(configPath, "Required").Call())
	}
	if f.fallback != "" {
		opts = append(opts, jen.Qual(configPath, "Default").Call(jen.Lit(f.fallback)))
	}
	return opts
}

// convert converts a pointer to one to another type.
func convert(to, pointer jen.Code) *jen.Statement {
	return jen.Parens(jen.Op("*").Add(to)).Parens(pointer)
}

func stringMap() *jen.Statement { return jen.Map(jen.String()).String() }

// typ writes a type. Only those come up that a config can have.
func (e *emitter) typ(t types.Type) *jen.Statement {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		return jen.Qual(t.Obj().Pkg().Path(), t.Obj().Name())
	case *types.Pointer:
		return jen.Op("*").Add(e.typ(t.Elem()))
	case *types.Slice:
		return jen.Index().Add(e.typ(t.Elem()))
	case *types.Map:
		return jen.Map(e.typ(t.Key())).Add(e.typ(t.Elem()))
	case *types.Struct:
		return jen.Struct()
	}
	return jen.Id(t.String())
}
