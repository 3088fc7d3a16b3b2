package openerp

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/internal/pricing"
)

// A healthCheck is one thing that must be well for invoices to be saved.
type healthCheck struct {
	name string
	run  func(context.Context) error
}

// CheckHealth looks at all that invoices need, and changes nothing: the
// server's version, the login, the user's rights, the company, journal,
// currency, precision, partners, products or rates file, pricelist, taxes,
// account, payment term and units of measure. Where the server does not answer,
// or the login fails, there is nothing more to look at.
func (a *Invoice) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, check := range []healthCheck{{"server", a.checkServer}, {"login", a.checkLogin}} {
			err := check.run(ctx)
			if !yield(check.name, err) || err != nil {
				return
			}
		}
		for _, check := range a.checks() {
			if !yield(check.name, check.run(ctx)) {
				return
			}
		}
		if a.config.Rates.File == "" {
			return
		}
		for name, err := range pricing.Check(ctx, a.config.Rates) {
			if !yield(name, err) {
				return
			}
		}
	}
}

// checks are those that the config asks for.
func (a *Invoice) checks() []healthCheck {
	checks := []healthCheck{
		{"rights", a.checkRights},
		{"company", func(ctx context.Context) error { _, err := a.ground(ctx); return err }},
		{"journal", func(ctx context.Context) error { _, err := a.journal(ctx); return err }},
		{"currency", a.checkCurrency},
		{"precision", a.checkDigits},
		{"partners", a.checkPartners},
	}
	if a.config.Rates.File == "" {
		checks = append(checks, healthCheck{"products", a.checkProducts})
	}
	if a.config.Pricelist != "" {
		checks = append(checks, healthCheck{"pricelist", a.checkPricelist})
	}
	if a.config.Taxes[0] != "none" {
		checks = append(checks, healthCheck{"taxes", func(ctx context.Context) error { _, err := a.taxer(ctx, nil); return err }})
	}
	if a.config.Account != "" {
		checks = append(checks, healthCheck{"account", func(ctx context.Context) error { _, err := a.account(ctx); return err }})
	}
	if a.config.PaymentTerm != "" {
		checks = append(checks, healthCheck{"payment term", func(ctx context.Context) error { _, err := a.paymentTerm(ctx); return err }})
	}
	if len(a.config.RescaleUnit) > 0 {
		checks = append(checks, healthCheck{"units of measure", a.checkRescaleUnits})
	}
	return checks
}

func (a *Invoice) checkServer(ctx context.Context) error {
	version, err := a.client.Version(ctx)
	if err == nil && version.Major < firstVersion {
		return permanent("this is Odoo %s, and invoices are saved in %d and later only", version, firstVersion)
	}
	return readError(err)
}

func (a *Invoice) checkLogin(ctx context.Context) error {
	_, err := a.client.Login(ctx)
	return readError(err)
}

// checkRights asks for the rights that saving and posting need.
func (a *Invoice) checkRights(ctx context.Context) error {
	g, err := a.ground(ctx)
	if err != nil {
		return err
	}
	needs := []struct{ model, operation string }{
		{"account.move", "create"}, {"account.move", "write"}, {"account.move", "read"},
		{"product.product", "read"}, {"res.partner", "read"},
	}
	if a.config.CreatePartner {
		needs = append(needs, struct{ model, operation string }{"res.partner", "create"})
	}
	var missing []string
	for _, need := range needs {
		may, err := g.may(ctx, need.model, need.operation)
		if err != nil {
			return err
		}
		if !may {
			missing = append(missing, need.operation+" "+need.model)
		}
	}
	if len(missing) > 0 {
		return permanent("the user has no right to %s (give it Invoicing: Billing, and Contact Creation where it creates partners)", strings.Join(missing, ", "))
	}
	return nil
}

// may asks whether the user has a right. Servers differ in the method for it:
// 18 has both, 19 the second.
func (g *ground) may(ctx context.Context, model, operation string) (may bool, err error) {
	err = g.server.client.Call(ctx, model, "check_access_rights", rpc.Args{rpc.Pos("operation", operation), rpc.Named("raise_exception", false), g.server.context(false)}, &may)
	if kind, _ := rpc.KindOf(err); kind == rpc.BadCall {
		err = g.server.client.Call(ctx, model, "has_access", rpc.Args{rpc.IDs(), rpc.Pos("operation", operation), g.server.context(false)}, &may)
	}
	return may, readError(err)
}

// checkCurrency looks at the company's currency: which one orders are in is
// known only with an order.
func (a *Invoice) checkCurrency(ctx context.Context) error {
	g, err := a.ground(ctx)
	if err != nil {
		return err
	}
	_, err = a.currency(ctx, g.company.Currency.Name)
	return err
}

func (a *Invoice) checkDigits(ctx context.Context) error {
	g, err := a.ground(ctx)
	if err != nil {
		return err
	}
	return g.checkPrecision(a.config.QuantityDigits)
}

// checkPartners asks whether any partner can be found by what the config says.
func (a *Invoice) checkPartners(ctx context.Context) error {
	g, err := a.ground(ctx)
	if err != nil {
		return err
	}
	n, err := g.server.count(ctx, query{model: "res.partner", domain: []any{is(a.config.field(), "!=", false)}})
	if err == nil && n == 0 && !a.config.CreatePartner {
		return permanent("no partner has a %s, so that no tenant's partner would be found (see partner_by)", a.config.partnerWord())
	}
	return err
}

func (a *Invoice) checkProducts(ctx context.Context) error {
	c, err := a.catalogs.get(ctx, struct{}{}, a.readCatalog)
	if err != nil {
		return err
	}
	if len(c.codes()) == 0 {
		return permanent("no active product has an internal reference like %q, so that nothing has a price (see product)", a.config.Product)
	}
	return nil
}

func (a *Invoice) checkPricelist(ctx context.Context) error {
	id, err := a.list(ctx, nil)
	if errors.Is(err, errPartnerList) {
		return nil
	}
	if err == nil {
		_, err = a.tariff(ctx, id)
	}
	return err
}
