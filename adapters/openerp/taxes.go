package openerp

import (
	"context"
	"fmt"
	"slices"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
)

// A tax is an account.tax.
type tax struct {
	ID       int64    `json:"id"`
	Name     rpc.Text `json:"name"`
	Active   bool     `json:"active"`
	Included bool     `json:"price_include"`
}

// A mapping is an account.fiscal.position.tax: To in place of From, or nothing.
type mapping struct {
	From rpc.Many2One `json:"tax_src_id"`
	To   rpc.Many2One `json:"tax_dest_id"`
}

// saleTaxes returns the company's taxes on sales, archived ones too, by id.
func (a *Invoice) saleTaxes(ctx context.Context) (map[int64]tax, error) {
	return a.taxes.get(ctx, struct{}{}, func(ctx context.Context) (map[int64]tax, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return nil, err
		}
		found, err := search[tax](ctx, g.server, query{
			model:    "account.tax",
			domain:   []any{is("type_tax_use", "=", "sale"), is("company_id", "=", g.company.ID)},
			fields:   []string{"name", "active", "price_include"},
			archived: true,
		})
		if err != nil {
			return nil, err
		}
		taxes := map[int64]tax{}
		for _, t := range found {
			taxes[t.ID] = t
		}
		return taxes, nil
	})
}

// mappings returns how a fiscal position maps taxes; none for no position.
func (a *Invoice) mappings(ctx context.Context, position int64) ([]mapping, error) {
	if position == 0 {
		return nil, nil
	}
	return a.positions.get(ctx, position, func(ctx context.Context) ([]mapping, error) {
		g, err := a.ground(ctx)
		if err != nil {
			return nil, err
		}
		has, err := g.server.hasFields(ctx, "account.tax", "fiscal_position_ids", "original_tax_ids")
		if err != nil {
			return nil, err
		}
		if len(has) == 2 {
			return g.server.replacements(ctx, position)
		}
		return search[mapping](ctx, g.server, query{
			model:  "account.fiscal.position.tax",
			domain: []any{is("position_id", "=", position)},
			fields: []string{"tax_src_id", "tax_dest_id"},
		})
	})
}

// replacements are the mappings of a server where they are the taxes' own, as
// from Odoo 19 on: a tax of a position stands for its original taxes there.
func (s server) replacements(ctx context.Context, position int64) ([]mapping, error) {
	found, err := search[struct {
		ID        int64       `json:"id"`
		Originals rpc.Records `json:"original_tax_ids"`
	}](ctx, s, query{model: "account.tax", domain: []any{is("fiscal_position_ids", "in", ids(position))}, fields: []string{"original_tax_ids"}, archived: true})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, permanent("taxes: the fiscal position %d has no taxes, and what such a one does differs between versions of Odoo (give it taxes, or write names of taxes)", position)
	}
	var all []mapping
	for _, t := range found {
		for _, original := range t.Originals {
			all = append(all, mapping{rpc.Many2One{ID: original}, rpc.Many2One{ID: t.ID}})
		}
	}
	return all, nil
}

// A taxer says which taxes a line has.
type taxer struct {
	fixed    []int64 // of every line; nil where the product says it
	byItem   bool
	taxes    map[int64]tax
	mappings []mapping
}

// taxer returns what the config says of taxes, for a partner; nil where it
// does not matter whose they are.
func (a *Invoice) taxer(ctx context.Context, p *partner) (*taxer, error) {
	if a.config.Taxes[0] == "none" {
		return &taxer{}, nil
	}
	taxes, err := a.saleTaxes(ctx)
	if err != nil {
		return nil, err
	}
	t := &taxer{taxes: taxes}
	if a.config.Taxes[0] == "product" {
		t.byItem = true
		if p != nil {
			t.mappings, err = a.mappings(ctx, p.Position.ID)
		}
		return t, err
	}
	var errs []error
	for _, name := range a.config.Taxes {
		var found []tax
		for _, each := range taxes {
			if each.Active && string(each.Name) == name {
				found = append(found, each)
			}
		}
		one, err := the(found, "tax on sales", "taxes", name)
		if err == nil {
			err = one.check()
		}
		errs = append(errs, err)
		t.fixed = append(t.fixed, one.ID)
	}
	return t, all(errs...)
}

// names are what taxes are called, for a message.
func (t *taxer) names(ids []int64) string {
	if len(ids) == 0 {
		return "no tax"
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fmt.Sprintf("the tax %d", id)
		if known, ok := t.taxes[id]; ok {
			names[i] = fmt.Sprintf("the tax %q", known.Name)
		}
	}
	return list(names)
}

// check reports a tax that would make the untaxed total another one.
func (t tax) check() error {
	if t.Included {
		return permanent("the tax %q is included in prices, so that Odoo would take it out of them (use one that is not)", t.Name)
	}
	return nil
}

// of returns the ids of a line's taxes, sorted. p is its product, or nil.
func (t *taxer) of(p *product) ([]int64, error) {
	if !t.byItem {
		return t.fixed, nil
	}
	if p == nil {
		return nil, nil
	}
	var ids []int64
	for _, from := range p.Taxes {
		if _, ours := t.taxes[from]; !ours {
			continue // another company's, or on purchases
		}
		mapped := false
		for _, m := range t.mappings {
			if m.From.ID == from {
				mapped = true
				if m.To.ID != 0 {
					ids = append(ids, m.To.ID)
				}
			}
		}
		if !mapped {
			ids = append(ids, from)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for _, id := range ids {
		tax, ok := t.taxes[id]
		switch {
		case !ok || !tax.Active:
			return nil, permanent("the product %q: its tax %d is archived, or none on sales", p.Code, id)
		case tax.Included:
			return nil, fmt.Errorf("the product %q: %w", p.Code, tax.check())
		}
	}
	return ids, nil
}
