package openerp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

// A product is a product.product.
type product struct {
	ID       int64           `json:"id"`
	Code     rpc.Text        `json:"default_code"`
	Active   bool            `json:"active"`
	List     decimal.Decimal `json:"list_price"`
	Extra    decimal.Decimal `json:"price_extra"` // of the variant
	Unit     rpc.Many2One    `json:"uom_id"`
	Taxes    rpc.Records     `json:"taxes_id"`
	Category rpc.Many2One    `json:"categ_id"`
	Template rpc.Many2One    `json:"product_tmpl_id"`
	Currency rpc.Many2One    `json:"currency_id"`
	Company  rpc.Many2One    `json:"company_id"`
}

var productFields = []string{"default_code", "active", "list_price", "price_extra", "uom_id", "taxes_id", "categ_id", "product_tmpl_id", "currency_id", "company_id"}

// listPrice is the price of one unit, in the product's currency.
func (p *product) listPrice() decimal.Decimal {
	return withoutNoise(p.List).Add(withoutNoise(p.Extra))
}

// A catalog holds the products whose default_code may be one of the pattern's,
// by it.
type catalog struct {
	pattern  pattern
	products map[string][]*product
}

// readCatalog reads all of them at once: asking for each would take a call a
// line.
func (a *Invoice) readCatalog(ctx context.Context) (*catalog, error) {
	g, err := a.ground(ctx)
	if err != nil {
		return nil, err
	}
	found, err := search[product](ctx, g.server, query{
		model:    "product.product",
		domain:   []any{is("default_code", "=like", a.pattern.like())},
		fields:   productFields,
		archived: true,
	})
	if err != nil {
		return nil, err
	}
	c := &catalog{pattern: a.pattern, products: map[string][]*product{}}
	for i := range found {
		p := &found[i]
		if p.Company.ID == 0 || p.Company.ID == g.company.ID {
			c.products[string(p.Code)] = append(c.products[string(p.Code)], p)
		}
	}
	return c, nil
}

// product is the one that a service is billed as. The error is ErrNoCost where
// there is none.
func (c *catalog) product(datacenter, name string) (*product, error) {
	code := c.pattern.code(datacenter, name)
	var active, archived []*product
	for _, p := range c.products[code] {
		if p.Active {
			active = append(active, p)
		} else {
			archived = append(archived, p)
		}
	}
	switch {
	case len(active) == 1:
		return active[0], nil
	case len(active) > 1:
		return nil, permanent("%q in %q: %d products have the internal reference %q: %s (leave it to one of them)", name, datacenter, len(active), code, idsOf(active))
	case len(archived) > 0:
		return nil, fmt.Errorf("%w for %q in %q: the product with the internal reference %q is archived: %s (restore it, or make another)", invoice.ErrNoCost, name, datacenter, code, idsOf(archived))
	}
	return nil, fmt.Errorf("%w for %q in %q: no product has the internal reference %q", invoice.ErrNoCost, name, datacenter, code)
}

func idsOf(products []*product) string {
	names := make([]string, len(products))
	for i, p := range products {
		names[i] = fmt.Sprintf("product.product %d", p.ID)
	}
	return list(names)
}

// codes are the codes of the active products, sorted.
func (c *catalog) codes() []string {
	var all []string
	for code, same := range c.products {
		if slices.ContainsFunc(same, func(p *product) bool { return p.Active }) {
			all = append(all, code)
		}
	}
	slices.SortFunc(all, strings.Compare)
	return all
}

// unitName is the unit of measure that the price of a product is for, or ""
// where it is a unit of whatever is counted.
func (p *product) unitName() string {
	switch p.Unit.Name {
	case "Units", "Unit(s)", "Unit":
		return ""
	}
	return p.Unit.Name
}
