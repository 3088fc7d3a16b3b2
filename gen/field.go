package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"
	"unicode"

	"github.com/openstack-artifice/artifice/config"
)

// A form is what a field binds: one value, a list, the keys under a prefix, or
// every key that is left.
type form int

const (
	asValue form = iota
	asList
	asMap
	asRest
)

// A field is one field of an adapter's config, and the key that it binds.
// Generated code and the check of values both follow the same list of them.
type field struct {
	tag
	key      string // "rates.file"
	selector string // "Rates.File", below the config
	t        types.Type
	form     form
	value    value // of the field or, in a list, of an element
	pos      token.Pos
}

// A walk collects the fields of a config. Maps are bound after the fields that
// could share a prefix with them, and what takes the rest comes last.
type walk struct {
	code                   *code
	ref                    *reference
	root                   types.Type // the config type
	title                  string     // its name
	fields, prefixes, rest []*field
	keys                   map[string]*field
	errs                   config.Errors
}

func (w *walk) walk(s *types.Struct, selector, prefix string) {
	for i := range s.NumFields() {
		v := s.Field(i)
		t, tagged, err := parseTag(s.Tag(i))
		switch {
		case err != nil:
			w.refuse(v.Pos(), selector+v.Name(), "%s", err)
		case t.skip:
		case v.Embedded() && !tagged && w.flatten(v, selector, prefix):
		case !v.Exported():
			if tagged {
				w.refuse(v.Pos(), selector+v.Name(), "it has an ini tag and is not exported")
			}
		default:
			w.field(v, t, selector+v.Name(), prefix)
		}
	}
}

// flatten binds the fields of an embedded struct as if they stood in the outer
// one. It reports whether the field was such a struct.
func (w *walk) flatten(v *types.Var, selector, prefix string) bool {
	if _, scalar := w.code.valueOf(v.Type()); scalar {
		return false
	}
	s, ok := v.Type().Underlying().(*types.Struct)
	if !ok {
		return false
	}
	if v.Exported() {
		selector += v.Name() + "."
	}
	// The fields of an unexported one are reached by promotion.
	w.walk(s, selector, prefix)
	return true
}

// field adds one field, or those of a nested struct.
func (w *walk) field(v *types.Var, t tag, selector, prefix string) {
	if t.name == "" {
		t.name = snake(v.Name())
	}
	if !w.reaches(selector, v) {
		w.refuse(v.Pos(), selector, "it is hidden behind another field of its name")
		return
	}
	f := &field{tag: t, key: prefix + t.name, selector: selector, t: v.Type(), pos: v.Pos()}
	for i, a := range f.aliases {
		f.aliases[i] = prefix + a
	}
	if val, ok := w.code.valueOf(v.Type()); ok {
		f.value = val
		w.add(&w.fields, f)
		return
	}
	switch u := v.Type().Underlying().(type) {
	case *types.Slice:
		element, ok := w.code.valueOf(u.Elem())
		if e, basic := types.Unalias(u.Elem()).(*types.Basic); !ok || basic && e.Kind() == types.Byte {
			break
		}
		if element.text || element.as != nil {
			if named := types.Unalias(u.Elem()).(*types.Named); !w.code.canName(named.Obj()) {
				w.refuse(v.Pos(), selector, "it is a list of %s: the registry cannot name that type", short(named))
				return
			}
		}
		f.form, f.value = asList, element
		w.add(&w.fields, f)
		return
	case *types.Map:
		if !isStringMap(u) {
			break
		}
		if f.required || f.fallback != "" || len(f.aliases) > 0 {
			w.refuse(v.Pos(), selector, "it is a map, and can be neither required nor have aliases or a default")
			return
		}
		if f.form = asMap; f.tag.rest {
			f.form = asRest
			w.rest = append(w.rest, f)
			return
		}
		w.add(&w.prefixes, f)
		return
	case *types.Struct:
		if f.required || f.fallback != "" || len(f.aliases) > 0 || f.tag.rest {
			w.refuse(v.Pos(), selector, "it is a struct: the tags of its own fields say what is required")
			return
		}
		w.walk(u, selector+".", f.key+".")
		return
	}
	w.refuse(v.Pos(), selector, "it has the type %s, which no text can be bound to%s", short(v.Type()), remedy(v.Type()))
}

// reaches reports whether a selector leads to a field. One that is promoted
// from an unexported struct may be hidden behind another.
func (w *walk) reaches(selector string, v *types.Var) bool {
	t := w.root
	for name := range strings.SplitSeq(selector, ".") {
		found, _, _ := types.LookupFieldOrMethod(t, true, v.Pkg(), name)
		if found == v {
			return true
		}
		if found == nil {
			return false
		}
		t = found.Type()
	}
	return false
}

// add adds a field under its names, which no other field may have.
func (w *walk) add(to *[]*field, f *field) {
	if f.tag.rest {
		w.refuse(f.pos, f.selector, "it takes the rest, and is no map[string]string")
		return
	}
	for _, name := range append([]string{f.key}, f.aliases...) {
		if other := w.keys[name]; other != nil {
			w.errs = append(w.errs, detail(refuse(w.ref, "fields %s and %s of %s both bind the key %q", other.selector, f.selector, w.title, name), w.code.at(f.pos)))
			return
		}
		w.keys[name] = f
	}
	if f.fallback != "" {
		if err := checkDefault(f); err != nil {
			w.errs = append(w.errs, detail(refuse(w.ref, "field %s of %s: its default does not parse: %s", f.selector, w.title, err), w.code.at(f.pos)))
			return
		}
	}
	*to = append(*to, f)
}

func (w *walk) refuse(pos token.Pos, selector, format string, args ...any) {
	e := refuse(w.ref, "field %s of %s: %s", selector, w.title, fmt.Sprintf(format, args...))
	w.errs = append(w.errs, detail(e, w.code.at(pos)))
}

// remedy says what to write instead of a type that cannot be bound.
func remedy(t types.Type) string {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return fmt.Sprintf(" (write %s, or leave it out with the tag `ini:\"-\"`)", short(p.Elem()))
	}
	if types.Identical(t.Underlying(), types.NewSlice(types.Typ[types.Byte])) {
		return " (write string)"
	}
	return " (give it an UnmarshalText method, or leave it out with the tag `ini:\"-\"`)"
}

// snake writes a Go name as a key: "RowLayout" is "row_layout", "URL" is
// "url", "HTTPProxy" is "http_proxy".
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			nextLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if runes[i-1] != '_' && (!unicode.IsUpper(runes[i-1]) || nextLower) {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
