package gen

import (
	"go/types"

	"github.com/openstack-artifice/artifice/config"
)

// configType is what an adapter's constructor takes as its config.
type configType struct {
	t         types.Type
	whole     bool // a map[string]string: takes the section as it is
	validates bool
	fields    []*field // in the order in which they are bound
}

// needsRun reports whether only the compiled registry can tell whether the
// config is right.
func (ct *configType) needsRun() bool {
	if ct.validates {
		return true
	}
	for _, f := range ct.fields {
		if f.value.text {
			return true
		}
	}
	return false
}

// configType walks over the type of a constructor's config and finds what each
// of its fields binds.
func (c *code) configType(ref *reference, param *types.Var) (*configType, config.Errors) {
	t := types.Unalias(param.Type())
	ct := &configType{t: t}
	if named, ok := t.(*types.Named); ok {
		if e := c.nameable(ref, named, param); e != nil {
			return nil, config.Errors{e}
		}
		if errs := c.nearAbilities(ref, named, []symbol{validator}); len(errs) > 0 {
			return nil, errs
		}
		ct.validates = validates(named)
	}
	if isStringMap(t) {
		ct.whole = true
		return ct, nil
	}
	s, ok := t.Underlying().(*types.Struct)
	if _, named := t.(*types.Named); !ok || !named && s.NumFields() > 0 {
		return nil, config.Errors{detail(refuse(ref, "%s: constructor New%s takes a %s as its config, and nothing can be bound to that (write a struct type with ini tags, or map[string]string)",
			ref.path, ref.typeName, short(param.Type())), c.at(param.Pos()))}
	}
	w := &walk{code: c, ref: ref, root: t, title: short(t), keys: map[string]*field{}}
	w.walk(s, "", "")
	if len(w.errs) > 0 {
		return nil, w.errs
	}
	ct.fields = append(append(w.fields, w.prefixes...), w.rest...)
	return ct, nil
}

// nameable refuses a config type that the registry cannot name.
func (c *code) nameable(ref *reference, named *types.Named, param *types.Var) *config.Error {
	obj := named.Obj()
	problem := ""
	switch {
	case !obj.Exported():
		problem = "is not exported"
	case obj.Parent() != obj.Pkg().Scope():
		problem = "is declared within a function"
	case named.TypeArgs().Len() > 0:
		problem = "is generic"
	case !importable(obj.Pkg().Path(), c.target.importPath):
		problem = "is internal to another tree"
	default:
		return nil
	}
	return detail(refuse(ref, "%s: constructor New%s takes a %s as its config, which %s: the registry cannot name it", ref.path, ref.typeName, short(named), problem), c.at(param.Pos()))
}

// canName reports whether the registry can name a type.
func (c *code) canName(t *types.TypeName) bool {
	return t.Exported() && t.Parent() == t.Pkg().Scope() && importable(t.Pkg().Path(), c.target.importPath)
}
