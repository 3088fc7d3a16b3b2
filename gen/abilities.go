package gen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// ownMethod is the directive by which an author says that a method is called as
// that of an ability is, and is not meant as it.
const ownMethod = "//artifice:own"

// abilities are the interfaces that an adapter may implement beside its
// contract. The program asks whether it does: a method of the right name and the
// wrong type would never be called, and nobody would be told.
var abilities = map[symbol][]symbol{
	{invoicePath, "Invoice"}: {{invoicePath, "Finder"}, {invoicePath, "Uniter"}},
	{invoicePath, "ERP"}: {
		{invoicePath, "Crediter"}, {invoicePath, "HealthChecker"}, {invoicePath, "LookupDelayer"},
		{invoicePath, "PriceChecker"}, {invoicePath, "ReferenceComparer"}, {invoicePath, "ResourceLister"}, closer,
	},
	{usagePath, "Source"}: {
		{usagePath, "HealthChecker"}, {usagePath, "Identifier"}, {usagePath, "Names"}, {usagePath, "Receiver"}, {usagePath, "TenantLister"}, closer,
	},
	{usagePath, "Transformer"}: {{usagePath, "GapFinder"}, {usagePath, "KeyUser"}, {usagePath, "NameUser"}},
	{ledgerPath, "Store"}:      {{ledgerPath, "Archiver"}, {ledgerPath, "HealthChecker"}, {ledgerPath, "Locker"}, {ledgerPath, "Prober"}, {ledgerPath, "Pruner"}, closer},
}

// The abilities that no contract declares.
var (
	closer    = symbol{"io", "Closer"}
	validator = symbol{configPath, "Validate"}
)

// methodsOf are the methods of an ability, without those of the contract that
// it extends.
func (c *code) methodsOf(ability symbol) []*types.Func {
	switch ability {
	case closer:
		return []*types.Func{returnsOnlyError("Close")}
	case validator:
		return []*types.Func{returnsOnlyError("Validate")}
	}
	return slices.Collect(c.lookup(ability).Underlying().(*types.Interface).ExplicitMethods())
}

// returnsOnlyError is a method without arguments.
func returnsOnlyError(name string) *types.Func {
	err := types.NewParam(token.NoPos, nil, "", types.Universe.Lookup("error").Type())
	return types.NewFunc(token.NoPos, nil, name, types.NewSignatureType(nil, nil, nil, nil, types.NewTuple(err), false))
}

// checkAbilities reports the methods of an adapter that are called as those of
// an ability are, and are of another type, the abilities of which it has a part,
// and those of an ERP that its invoices have, or the other way round.
func (c *code) checkAbilities(ref *reference, named *types.Named, s shape) config.Errors {
	errs := c.nearAbilities(ref, named, abilities[s.contract])
	invoice, erp := symbol{invoicePath, "Invoice"}, symbol{invoicePath, "ERP"}
	if s.contract == invoice {
		return append(errs, c.strayAbilities(ref, named, invoice, erp)...)
	}
	if s.contract != erp {
		return errs
	}
	errs = append(errs, c.strayAbilities(ref, named, erp, invoice)...)
	// The invoices that an ERP makes are known to be invoices only; those that
	// it can mean are in its package.
	scope := named.Obj().Pkg().Scope()
	for _, name := range scope.Names() {
		t, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || t.IsAlias() || types.IsInterface(t.Type()) || t.Type() == named {
			continue
		}
		made := t.Type().(*types.Named)
		if made.TypeParams().Len() == 0 && c.compare(made, shape{contract: invoice}).fits() {
			errs = append(errs, c.nearAbilities(ref, made, abilities[invoice])...)
			errs = append(errs, c.strayAbilities(ref, made, invoice, erp)...)
		}
	}
	return errs
}

// strayAbilities are the mistakes of a type of one contract that has abilities
// of another: of it they are never asked. A type of both contracts has none.
func (c *code) strayAbilities(ref *reference, named *types.Named, is, other symbol) (errs config.Errors) {
	if c.compare(named, shape{contract: other}).fits() {
		return nil
	}
	set := types.NewMethodSet(types.NewPointer(named))
	own := named.Obj().Pkg()
	for _, ability := range abilities[other] {
		if ability == closer {
			continue
		}
		for _, m := range c.methodsOf(ability) {
			sel := set.Lookup(nil, m.Name())
			if sel == nil || !types.Identical(sel.Type(), m.Type()) || sel.Obj().Pkg() != own || c.isOwn(sel.Obj()) {
				continue
			}
			errs = append(errs, detail(refuse(ref, "%s:%s: method %s of %s would never be called of an %s (move it to an %s; if it is meant for something else, write %s above it)",
				ref.path, named.Obj().Name(), m.Name(), ability.written(), is, other, ownMethod), c.at(sel.Obj().Pos())))
		}
	}
	return errs
}

// nearAbilities are the mistakes of one type.
func (c *code) nearAbilities(ref *reference, named *types.Named, wanted []symbol) (errs config.Errors) {
	set := types.NewMethodSet(types.NewPointer(named))
	own := named.Obj().Pkg()
	of := ref.path + ":" + named.Obj().Name()
	for _, ability := range wanted {
		var has, lacks, lacking []string
		for _, want := range c.methodsOf(ability) {
			sel := set.Lookup(nil, want.Name())
			switch {
			case sel == nil:
				lacks, lacking = append(lacks, want.Name()), append(lacking, "want "+method(want.Name(), want.Type(), own))
			case types.Identical(sel.Type(), want.Type()):
				has = append(has, want.Name())
			case sel.Obj().Pkg() != own || c.isOwn(sel.Obj()):
				// Of something that it embeds, or meant for something else.
			default:
				errs = append(errs, detail(refuse(ref, "%s: method %s is not that of %s, and would never be called (if it is meant for something else, write %s above it)",
					of, want.Name(), ability.written(), ownMethod),
					"have "+method(want.Name(), sel.Type(), own), "want "+method(want.Name(), want.Type(), own), c.at(sel.Obj().Pos())))
			}
		}
		if len(has) > 0 && len(lacks) > 0 {
			errs = append(errs, detail(refuse(ref, "%s: %s of %s %s missing, so that %s would never be called", of, methods(lacks), ability.written(), plural(lacks, "is", "are"), strings.Join(has, ", ")),
				append(lacking, c.at(named.Obj().Pos()))...))
		}
	}
	return errs
}

// written is what an ability is called in messages.
func (s symbol) written() string {
	if s == validator {
		return "a config"
	}
	return s.String()
}

// isOwn reports whether the directive stands above a method. It looks into the
// file: of what adapters import no comments were read.
func (c *code) isOwn(m types.Object) bool {
	at := c.fset.PositionFor(m.Pos(), false)
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, at.Filename, nil, parser.ParseComments|parser.SkipObjectResolution)
	if file == nil || err != nil {
		return false
	}
	return slices.ContainsFunc(file.Comments, func(group *ast.CommentGroup) bool {
		return fset.PositionFor(group.End(), false).Line+1 == at.Line &&
			slices.ContainsFunc(group.List, func(line *ast.Comment) bool { return strings.TrimSpace(line.Text) == ownMethod })
	})
}
