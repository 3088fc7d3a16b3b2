package openerp

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
)

// What the config names is looked up in Odoo here, each once.

// A journal is an account.journal.
type journal struct {
	ID       int64        `json:"id"`
	Code     rpc.Text     `json:"code"`
	Currency rpc.Many2One `json:"currency_id"`
}

// journal returns the journal that invoices go into.
func (a *Invoice) journal(ctx context.Context) (journal, error) {
	return a.journals.get(ctx, struct{}{}, func(ctx context.Context) (journal, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return journal{}, err
		}
		found, err := search[journal](ctx, g.server, query{
			model:  "account.journal",
			domain: []any{is("type", "=", "sale"), is("company_id", "=", g.company.ID)},
			fields: []string{"code", "currency_id"},
		})
		if err != nil {
			return journal{}, err
		}
		codes := make([]string, len(found))
		for i, j := range found {
			codes[i] = string(j.Code)
		}
		slices.SortFunc(codes, strings.Compare)
		there := "there are " + cmp.Or(list(codes), "none")
		if a.config.Journal == "" {
			if len(found) == 1 {
				return found[0], nil
			}
			return journal{}, permanent("journal: %s has %d sales journals, so name one (%s)", g.company.Name, len(found), there)
		}
		found = slices.DeleteFunc(found, func(j journal) bool { return string(j.Code) != a.config.Journal })
		if len(found) != 1 {
			return journal{}, permanent("journal: %d sales journals of %s have the code %q (%s)", len(found), g.company.Name, a.config.Journal, there)
		}
		return found[0], nil
	})
}

// A currency is a res.currency.
type currency struct {
	ID     int64    `json:"id"`
	Name   rpc.Text `json:"name"`
	Active bool     `json:"active"`
	Digits int32    `json:"decimal_places"`
}

// currency returns what Odoo knows of the currency with a code.
func (a *Invoice) currency(ctx context.Context, code string) (currency, error) {
	return a.currencies.get(ctx, code, func(ctx context.Context) (currency, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return currency{}, err
		}
		found, err := search[currency](ctx, g.server, query{
			model:    "res.currency",
			domain:   []any{is("name", "=", code)},
			fields:   []string{"name", "active", "decimal_places"},
			archived: true,
		})
		switch {
		case err != nil:
			return currency{}, err
		case len(found) != 1:
			return currency{}, permanent("there are %d currencies %s in Odoo", len(found), code)
		case !found[0].Active:
			return currency{}, permanent("the currency %s is not active in Odoo (activate it under Accounting, Configuration, Currencies)", code)
		}
		return found[0], nil
	})
}

// account returns the id of the account for items without a product.
func (a *Invoice) account(ctx context.Context) (int64, error) {
	return a.accounts.get(ctx, struct{}{}, func(ctx context.Context) (int64, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return 0, err
		}
		found, err := search[named](ctx, g.server, query{
			model:  "account.account",
			domain: []any{is("code", "=", a.config.Account)}, // those of the company: it is the only one that is allowed
			fields: []string{"name"},
		})
		if err != nil {
			return 0, err
		}
		one, err := the(found, "account", "account", a.config.Account)
		return one.ID, err
	})
}

// paymentTerm returns the id of the payment term that the config names.
func (a *Invoice) paymentTerm(ctx context.Context) (int64, error) {
	return a.terms.get(ctx, struct{}{}, func(ctx context.Context) (int64, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return 0, err
		}
		found, err := search[named](ctx, g.server, query{
			model:  "account.payment.term",
			domain: []any{is("name", "=", a.config.PaymentTerm)},
			fields: []string{"name"},
		})
		if err != nil {
			return 0, err
		}
		one, err := the(found, "payment term", "payment_term", a.config.PaymentTerm)
		return one.ID, err
	})
}
