package gen

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/openstack-artifice/artifice/config"
)

// An adapter is a reference that was resolved and found to keep its contract.
type adapter struct {
	*reference
	pkg    *packages.Package
	shape  shape
	config *configType
}

// constructor is the name of the function that makes the adapter.
func (a *adapter) constructor() string { return "New" + a.typeName }

// check holds one reference against its contract. It returns no adapter where
// it returns errors.
func (c *code) check(ref *reference) (*adapter, config.Errors) {
	if e := c.checkPackage(ref); e != nil {
		return nil, config.Errors{e}
	}
	pkg := c.packages[ref.path]
	named, e := c.adapterType(ref, pkg)
	if e != nil {
		return nil, config.Errors{e}
	}
	s, e := c.checkShape(ref, named)
	if e != nil {
		return nil, config.Errors{e}
	}
	configParam, e := c.checkConstructor(ref, pkg, named, s)
	if e != nil {
		return nil, config.Errors{e}
	}
	ct, errs := c.configType(ref, configParam)
	if errs = append(errs, c.checkAbilities(ref, named, s)...); len(errs) > 0 {
		return nil, errs
	}
	return &adapter{reference: ref, pkg: pkg, shape: s, config: ct}, nil
}

// adapterType finds the type that a reference names, and refuses what has no
// constructor of its own.
func (c *code) adapterType(ref *reference, pkg *packages.Package) (*types.Named, *config.Error) {
	scope := pkg.Types.Scope()
	obj := scope.Lookup(ref.typeName)
	if obj == nil {
		return nil, refuse(ref, "package %s has no type %s%s", ref.path, ref.typeName, meantOr(ref.typeName, typeNames(scope), c.offers(ref, scope)))
	}
	at := c.at(obj.Pos())
	name, ok := obj.(*types.TypeName)
	if !ok {
		return nil, detail(refuse(ref, "%s:%s is a %s, not a type%s", ref.path, ref.typeName, sortOf(obj), meant(ref.typeName, typeNames(scope))), at)
	}
	if !name.Exported() {
		return nil, detail(refuse(ref, "%s:%s is not exported%s", ref.path, ref.typeName, meant(ref.typeName, typeNames(scope))), at)
	}
	if name.IsAlias() {
		return nil, detail(refuse(ref, "%s:%s is an alias of %s: name that type itself", ref.path, ref.typeName, referenceTo(types.Unalias(name.Type()))), at)
	}
	named := name.Type().(*types.Named)
	if named.TypeParams().Len() > 0 {
		return nil, detail(refuse(ref, "%s:%s is generic: an adapter is one type", ref.path, ref.typeName), at)
	}
	if types.IsInterface(named) {
		return nil, detail(refuse(ref, "%s:%s is an interface: name a type that implements it", ref.path, ref.typeName), at)
	}
	return named, nil
}

// typeNames are the exported types of a scope that could be adapters.
func typeNames(scope *types.Scope) []string {
	var names []string
	for _, name := range scope.Names() {
		if t, ok := scope.Lookup(name).(*types.TypeName); ok && t.Exported() && !types.IsInterface(t.Type()) {
			names = append(names, name)
		}
	}
	return names
}

// sortOf is what an object is that is no type.
func sortOf(obj types.Object) string {
	switch obj.(type) {
	case *types.Func:
		return "function"
	case *types.Var:
		return "variable"
	case *types.Const:
		return "constant"
	}
	return "name"
}

// referenceTo is a type as the config would name it, where it can.
func referenceTo(t types.Type) string {
	if named, ok := t.(*types.Named); ok && named.Obj().Pkg() != nil {
		return named.Obj().Pkg().Path() + ":" + named.Obj().Name()
	}
	return t.String()
}

// offers says which types of a package would do in place of one that it lacks.
func (c *code) offers(ref *reference, scope *types.Scope) string {
	var fit []string
	for _, name := range scope.Names() {
		t, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || t.IsAlias() || types.IsInterface(t.Type()) {
			continue
		}
		if strings.EqualFold(name, ref.typeName) {
			return name + " is not exported"
		}
		named := t.Type().(*types.Named)
		fits := func(s shape) bool { return c.compare(named, s).fits() }
		if t.Exported() && named.TypeParams().Len() == 0 && slices.ContainsFunc(ref.kind.shapes, fits) {
			fit = append(fit, name)
		}
	}
	const most = 6
	if len(fit) == 0 || len(fit) > most {
		return ""
	}
	return "it has " + strings.Join(fit, ", ")
}

// short writes a type as code would: with the names of packages, not paths.
func short(t types.Type) string { return types.TypeString(t, (*types.Package).Name) }

// method writes a method or a function as it is declared in a package:
// "Close() error".
func method(name string, sig types.Type, in *types.Package) string {
	return name + strings.TrimPrefix(types.TypeString(sig, func(p *types.Package) string {
		if p == in {
			return ""
		}
		return p.Name()
	}), "func")
}
