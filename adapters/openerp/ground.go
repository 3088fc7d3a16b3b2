package openerp

import (
	"context"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
)

// A ground is what every invoice stands on. It is read once.
type ground struct {
	server  server // sees the company only
	version rpc.Version
	company company
	// quantity and price are how many digits after the point Odoo keeps.
	quantity, price int32
}

type company struct {
	ID       int64        `json:"id"`
	Name     rpc.Text     `json:"name"`
	Currency rpc.Many2One `json:"currency_id"`
}

// The first version whose invoices have lines as they are sent here, and the
// first with JSON-2, which is read and not run.
const (
	firstVersion = 16
	json2Version = 19
)

// precisionWhere is where a person sets how many digits are kept.
const precisionWhere = "Settings, Technical, Decimal Accuracy"

// ground returns what every invoice stands on.
func (a *Invoice) ground(ctx context.Context) (*ground, error) {
	return a.grounds.get(ctx, struct{}{}, a.readGround)
}

func (a *Invoice) readGround(ctx context.Context) (*ground, error) {
	version, err := a.client.Version(ctx)
	if err != nil {
		return nil, readError(err)
	}
	if version.Major < firstVersion {
		return nil, permanent("this is Odoo %s, and invoices are saved in %d and later only", version, firstVersion)
	}
	g := &ground{server: server{client: a.client, lang: english}, version: version}
	if g.company, err = a.readCompany(ctx, g.server); err != nil {
		return nil, err
	}
	g.server.company = g.company.ID
	digits, err := g.server.digits(ctx, "account.move.line", "quantity", "price_unit")
	if err != nil {
		return nil, err
	}
	of := func(field string) int32 {
		if n, ok := digits[field]; ok {
			return n
		}
		return floatDigits
	}
	g.quantity, g.price = of("quantity"), of("price_unit")
	return g, nil
}

func (a *Invoice) readCompany(ctx context.Context, s server) (company, error) {
	q := query{model: "res.company", fields: []string{"name", "currency_id"}}
	if a.config.Company != "" {
		q.domain = []any{is("name", "=", a.config.Company)}
	} else {
		uid, err := a.client.Login(ctx)
		if err != nil {
			return company{}, readError(err)
		}
		// Everybody may read this of himself, but not search for it.
		var users []struct {
			Company rpc.Many2One `json:"company_id"`
		}
		if err := s.client.Call(ctx, "res.users", "read", rpc.Args{rpc.IDs(uid), rpc.Named("fields", []string{"company_id"}), s.context(false)}, &users); err != nil {
			return company{}, readError(err)
		}
		if len(users) != 1 {
			return company{}, permanent("the user cannot read which company is its own (name it with company)")
		}
		q.domain = []any{is("id", "=", users[0].Company.ID)}
	}
	found, err := search[company](ctx, s, q)
	if err != nil {
		return company{}, err
	}
	return the(found, "company", "company", a.config.Company)
}

// the is the one record that a name in the config stands for.
func the[T any](found []T, what, key, name string) (T, error) {
	var none T
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return none, permanent("%s: %d have the name %q (rename one of them in Odoo)", key, len(found), name)
	}
	return none, permanent("%s: there is no %s %q that the user may see", key, what, name)
}

// checkPrecision reports a server that keeps fewer digits of quantities than
// the deployment bills.
func (g *ground) checkPrecision(wanted int32) error {
	if g.quantity >= wanted {
		return nil
	}
	return permanent("odoo keeps %d digits after the point of a quantity, and invoices have up to %d (set \"Product Unit of Measure\" to %d under %s; or write value_digits = %d in [main] and quantity_digits = %d here)",
		g.quantity, wanted, wanted, precisionWhere, g.quantity, g.quantity)
}

// lockDate is the last day that is locked for sales, zero where none is.
func (g *ground) lockDate(ctx context.Context) (date, error) {
	has, err := g.server.hasFields(ctx, "res.company", "fiscalyear_lock_date", "period_lock_date", "tax_lock_date", "sale_lock_date", "hard_lock_date")
	if err != nil || len(has) == 0 {
		return date{}, err
	}
	found, err := search[map[string]any](ctx, g.server, query{model: "res.company", domain: []any{is("id", "=", g.company.ID)}, fields: has})
	if err != nil {
		return date{}, err
	}
	var last date
	for _, c := range found {
		for _, name := range has {
			text, _ := c[name].(string)
			var d date
			if err := d.parse(text); err != nil {
				return date{}, permanent("%s of the company is %q, which is no date", name, text)
			}
			if d.After(last.Time) {
				last = d
			}
		}
	}
	return last, nil
}
