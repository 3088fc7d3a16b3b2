package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// checkShape finds the shape of its kind that a type has. Where it has none,
// the error compares it with the one that it comes closest to.
func (c *code) checkShape(ref *reference, named *types.Named) (shape, *config.Error) {
	var closest *comparison
	var fits []shape
	for _, s := range ref.kind.shapes {
		cmp := c.compare(named, s)
		if cmp.fits() {
			fits = append(fits, s)
		}
		if closest == nil || cmp.near > closest.near {
			closest = cmp
		}
	}
	switch len(fits) {
	case 0:
		return shape{}, c.wrongShape(ref, named, closest)
	case 1:
		return fits[0], nil
	}
	// Both an invoice and an ERP: its constructor says which it is made as.
	for _, s := range fits {
		if c.takesOrder(named, ref.typeName) == s.order {
			return s, nil
		}
	}
	return fits[0], nil
}

// A comparison says how far a type is from implementing a contract.
type comparison struct {
	shape   shape
	near    int // how many methods are there, at least by name
	missing []string
	wrong   []string
	details []string
	at      token.Pos // of a method that is wrong
}

func (c *comparison) fits() bool { return len(c.missing)+len(c.wrong) == 0 }

// compare looks for every method of the contract in the method set of a
// pointer to the type.
func (c *code) compare(named *types.Named, s shape) *comparison {
	cmp := &comparison{shape: s}
	have := types.NewMethodSet(types.NewPointer(named))
	own := named.Obj().Pkg()
	contract := c.lookup(s.contract).Underlying().(*types.Interface)
	for want := range contract.Methods() {
		sel := have.Lookup(want.Pkg(), want.Name())
		wanted := method(want.Name(), want.Type(), own)
		switch {
		case sel == nil:
			cmp.missing = append(cmp.missing, want.Name())
			if near := nearMethod(have, want.Name()); near != nil {
				cmp.details = append(cmp.details, "have "+method(near.Name(), near.Type(), own))
			}
			cmp.details = append(cmp.details, "want "+wanted)
		case !types.Identical(sel.Type(), want.Type()):
			cmp.near++
			cmp.wrong = append(cmp.wrong, want.Name())
			had := method(want.Name(), sel.Type(), own)
			if had == wanted {
				// Two packages of one name: only the whole path tells.
				had, wanted = want.Name()+" "+sel.Type().String(), want.Name()+" "+want.Type().String()
			}
			cmp.details = append(cmp.details, "have "+had, "want "+wanted)
			cmp.at = sel.Obj().Pos()
		default:
			cmp.near++
		}
	}
	return cmp
}

// nearMethod is a method that was probably meant to be the one called name.
func nearMethod(set *types.MethodSet, name string) types.Object {
	byName := map[string]types.Object{}
	var names []string
	for sel := range set.Methods() {
		byName[sel.Obj().Name()] = sel.Obj()
		names = append(names, sel.Obj().Name())
	}
	return byName[config.Suggest(name, names)]
}

// wrongShape is the error of a type that keeps no contract of its kind.
func (c *code) wrongShape(ref *reference, named *types.Named, cmp *comparison) *config.Error {
	at := c.at(named.Obj().Pos())
	is := fmt.Sprintf("%s:%s is not %s", ref.path, ref.typeName, ref.kind.title)
	if other := c.otherKind(ref.kind, named); other != nil {
		return detail(refuse(ref, "%s: it is %s (write %s:%s)", is, other.title, other.name, strings.TrimPrefix(ref.key, ref.kind.name+":")), at)
	}
	if cmp.near == 0 {
		wants := make([]string, len(ref.kind.shapes))
		for i, s := range ref.kind.shapes {
			wants[i] = s.contract.String()
		}
		return detail(refuse(ref, "%s: it implements no method of %s", is, strings.Join(wants, " or ")),
			append(cmp.details, at)...)
	}
	if len(cmp.missing) == 0 && len(cmp.wrong) == 1 {
		at = c.at(cmp.at)
	}
	return detail(refuse(ref, "%s: %s", is, cmp), append(cmp.details, at)...)
}

// String says what is wrong: "method Commit has the wrong type".
func (c *comparison) String() string {
	var parts []string
	if len(c.missing) > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s %s missing", methods(c.missing), c.shape.contract, plural(c.missing, "is", "are")))
	}
	if len(c.wrong) > 0 {
		parts = append(parts, fmt.Sprintf("%s %s the wrong type", methods(c.wrong), plural(c.wrong, "has", "have")))
	}
	return strings.Join(parts, ", and ")
}

func methods(names []string) string {
	return plural(names, "method ", "methods ") + strings.Join(names, ", ")
}

func plural[T any](list []T, one, many string) string {
	if len(list) == 1 {
		return one
	}
	return many
}

// otherKind returns the kind that a type is an adapter of instead.
func (c *code) otherKind(not *kind, named *types.Named) *kind {
	for _, k := range kinds {
		for _, s := range k.shapes {
			if k != not && c.compare(named, s).fits() {
				return k
			}
		}
	}
	return nil
}
