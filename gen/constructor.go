package gen

import (
	"fmt"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/packages"

	"github.com/openstack-artifice/artifice/config"
)

// checkConstructor holds New<Type> against the signature that the shape wants,
// and returns the parameter that takes the config.
func (c *code) checkConstructor(ref *reference, pkg *packages.Package, named *types.Named, s shape) (*types.Var, *config.Error) {
	name := "New" + ref.typeName
	scope := pkg.Types.Scope()
	obj := scope.Lookup(name)
	if obj == nil {
		var functions []string
		for _, n := range scope.Names() {
			if f, ok := scope.Lookup(n).(*types.Func); ok && f.Exported() {
				functions = append(functions, n)
			}
		}
		return nil, detail(refuse(ref, "%s has no constructor %s%s", ref.path, name, meant(name, functions)),
			"want "+c.wantConstructor(named, s, nil), c.at(named.Obj().Pos()))
	}
	f, ok := obj.(*types.Func)
	if !ok {
		return nil, detail(refuse(ref, "%s:%s is a %s, not a constructor", ref.path, name, sortOf(obj)),
			"want "+c.wantConstructor(named, s, nil), c.at(obj.Pos()))
	}
	sig := f.Signature()
	param := configParameter(sig)
	if reason := c.wrongConstructor(sig, named, s); reason != "" {
		return nil, detail(refuse(ref, "%s: constructor %s %s", ref.path, name, reason),
			"have "+method(name, sig, pkg.Types), "want "+c.wantConstructor(named, s, param), c.at(obj.Pos()))
	}
	return param, nil
}

// wrongConstructor says what is wrong with a constructor's signature, or "".
func (c *code) wrongConstructor(sig *types.Signature, named *types.Named, s shape) string {
	want := c.parametersBefore(s)
	switch params := sig.Params(); {
	case sig.TypeParams().Len() > 0:
		return "is generic"
	case sig.Variadic():
		return "takes a variable number of arguments"
	case params.Len() != len(want)+1:
		if !s.order && params.Len() == 3 && c.isOrder(params.At(1).Type()) {
			return fmt.Sprintf("takes an order, and %s makes the invoices of all orders", named.Obj().Name())
		}
		if params.Len() == len(want) && takes(params, want) {
			return "takes no config (struct{} where it needs none)"
		}
		if s.order && params.Len() == 2 {
			return fmt.Sprintf("takes no order, and %s is the invoice of one", named.Obj().Name())
		}
		return "takes the wrong parameters"
	case !takes(params, want):
		return "takes the wrong parameters"
	}
	results := sig.Results()
	if results.Len() != 2 || !types.Identical(results.At(1).Type(), types.Universe.Lookup("error").Type()) {
		return "has the wrong results"
	}
	if !types.Identical(results.At(0).Type(), types.NewPointer(named)) {
		return fmt.Sprintf("does not return *%s", named.Obj().Name())
	}
	return ""
}

// takes reports whether parameters begin with those that are wanted.
func takes(params *types.Tuple, want []parameter) bool {
	for i, w := range want {
		if !types.Identical(params.At(i).Type(), w.t) {
			return false
		}
	}
	return true
}

// A parameter of a constructor.
type parameter struct {
	name string
	t    types.Type
}

// parametersBefore are the parameters that come before the config.
func (c *code) parametersBefore(s shape) []parameter {
	want := []parameter{{"ctx", c.contextType()}}
	if s.order {
		want = append(want, parameter{"order", c.orderType()})
	}
	return want
}

// wantConstructor is the declaration of the constructor that a shape wants,
// with the config type that the adapter has, if it has one.
func (c *code) wantConstructor(named *types.Named, s shape, has *types.Var) string {
	var params []*types.Var
	for _, p := range c.parametersBefore(s) {
		params = append(params, types.NewParam(token.NoPos, nil, p.name, p.t))
	}
	own := named.Obj().Pkg()
	var configType types.Type = types.NewNamed(types.NewTypeName(token.NoPos, own, "Config", nil), nil, nil)
	if has != nil && plausibleConfig(has.Type()) {
		configType = has.Type()
	}
	params = append(params, types.NewParam(token.NoPos, nil, "config", configType))
	results := types.NewTuple(
		types.NewParam(token.NoPos, nil, "", types.NewPointer(named)),
		types.NewParam(token.NoPos, nil, "", types.Universe.Lookup("error").Type()))
	sig := types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), results, false)
	return method("New"+named.Obj().Name(), sig, own)
}

// configParameter is the last parameter of a constructor, which takes the
// config.
func configParameter(sig *types.Signature) *types.Var {
	if n := sig.Params().Len(); n > 0 {
		return sig.Params().At(n - 1)
	}
	return nil
}

// plausibleConfig reports whether a type could be meant as a config.
func plausibleConfig(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return isStringMap(t)
	}
	_, isStruct := named.Underlying().(*types.Struct)
	path := ""
	if pkg := named.Obj().Pkg(); pkg != nil {
		path = pkg.Path()
	}
	return isStruct && path != invoicePath || isStringMap(t)
}

// takesOrder reports whether the type's constructor has an order among its
// parameters.
func (c *code) takesOrder(named *types.Named, typeName string) bool {
	f, ok := named.Obj().Pkg().Scope().Lookup("New" + typeName).(*types.Func)
	if !ok {
		return false
	}
	for p := range f.Signature().Params().Variables() {
		if c.isOrder(p.Type()) {
			return true
		}
	}
	return false
}

func (c *code) isOrder(t types.Type) bool { return types.Identical(t, c.orderType()) }

func (c *code) orderType() types.Type { return c.lookup(symbol{invoicePath, "Order"}) }

// contextType is context.Context, as the contracts import it.
func (c *code) contextType() types.Type {
	for _, imported := range c.packages[invoicePath].Types.Imports() {
		if imported.Path() == "context" {
			return imported.Scope().Lookup("Context").Type()
		}
	}
	panic("gen: the contract of invoices has no context")
}
