package openerp

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/pricing"
	"github.com/openstack-artifice/artifice/rates"
	"github.com/openstack-artifice/artifice/usage"
)

// Cost is the price of one unit of the product that a service is billed as, by
// the pricelist in force at the block's start, or its list price, or that of
// the rates file. It is a permanent error where it changes within the block, or
// where Odoo would round it and the config allows no rescaling.
func (d *draft) Cost(ctx context.Context, datacenter, name string) (decimal.Decimal, error) {
	t, err := d.ready(ctx)
	if err == nil {
		err = t.locked
	}
	if err != nil {
		return decimal.Decimal{}, err
	}
	p, err := d.erp.cost(ctx, t.list, d.order.Block, d.order.Currency, datacenter, name)
	if err != nil {
		return decimal.Decimal{}, err
	}
	if err := d.erp.checkPrice(t.ground, p); err != nil {
		return decimal.Decimal{}, fmt.Errorf("%q in %q: %w", name, datacenter, err)
	}
	return p.cost, nil
}

// Unit is the product's unit of measure, or what the rates file says.
func (d *draft) Unit(ctx context.Context, datacenter, name string) (string, error) {
	if d.erp.config.Rates.File != "" {
		rates, err := d.erp.ratesAt(ctx, d.order.Block, d.order.Currency)
		if err != nil {
			return "", err
		}
		return rates.Unit(datacenter, name)
	}
	p, err := d.erp.product(ctx, datacenter, name)
	if err != nil {
		return "", err
	}
	return p.unitName(), nil
}

func (a *Invoice) product(ctx context.Context, datacenter, name string) (*product, error) {
	c, err := a.catalogs.get(ctx, struct{}{}, a.readCatalog)
	if err != nil {
		return nil, err
	}
	return c.product(datacenter, name)
}

// cost prices a service for a block by a pricelist, 0 for list prices.
func (a *Invoice) cost(ctx context.Context, list int64, block usage.Span, currency, datacenter, name string) (price, error) {
	if a.config.Rates.File != "" {
		return a.rate(ctx, block, currency, datacenter, name)
	}
	p, err := a.product(ctx, datacenter, name)
	if err != nil {
		return price{}, err
	}
	found := price{p.listPrice(), p.Currency.Name, "the product's list price"}
	if list != 0 {
		t, err := a.tariff(ctx, list)
		if err != nil {
			return price{}, err
		}
		if found, err = t.block(list, p, block); err != nil {
			return price{}, permanent("%q in %q: %w", name, datacenter, err)
		}
	}
	if found.currency != currency {
		return price{}, permanent("%q in %q costs %s %s by %s, and invoices are in %s (price it in %s: Artifice converts no currency)",
			name, datacenter, found.cost, found.currency, found.why, currency, currency)
	}
	return found, nil
}

// rate prices a service by the rates file.
func (a *Invoice) rate(ctx context.Context, block usage.Span, currency, datacenter, name string) (price, error) {
	rates, err := a.ratesAt(ctx, block, currency)
	if err != nil {
		return price{}, err
	}
	cost, err := rates.Cost(datacenter, name)
	return price{cost, currency, "the rates file"}, err
}

// ratesAt is what the rates file says for a block.
func (a *Invoice) ratesAt(ctx context.Context, block usage.Span, currency string) (pricing.Prices, error) {
	list, err := a.rates.get(ctx, struct{}{}, func(context.Context) (*rates.List, error) { return rates.Read(a.config.Rates) })
	if err != nil {
		return pricing.Prices{}, err
	}
	return pricing.Prices{Prices: list.At(block, currency)}, nil
}

// checkPrice reports a price that Odoo would round, however it is rescaled.
func (a *Invoice) checkPrice(g *ground, p price) error {
	for _, factor := range a.factors() {
		if keeps(p.cost.Mul(decimal.NewFromInt(factor)), g.price) {
			return nil
		}
	}
	_, after := shape(p.cost)
	return permanent("its price %s, by %s, has %d digits after the point and Odoo keeps %d (set \"Product Price\" to %d under %s; or write rescale = %d)",
		p.cost, p.why, after, g.price, after, precisionWhere, powerFor(after-g.price))
}

// factors are those by which a line may be rescaled, 1 first.
func (a *Invoice) factors() []int64 { return append([]int64{1}, a.config.Rescale...) }

// powerFor is the power of ten that moves a figure by so many digits.
func powerFor(digits int32) int64 {
	power := int64(1)
	for range min(digits, 18) {
		power *= 10
	}
	return power
}

// errUnused says that a product is the price of nothing that was used.
var errUnused = errors.New("nothing that was used has its price")

// CheckPrices prices what was used, and yields what has no price, by its name
// and datacenter; then the products whose internal reference fits the pattern,
// and which were the price of nothing. Where prices are by each partner's own
// pricelist, it looks at the products only.
func (a *Invoice) CheckPrices(ctx context.Context, block usage.Span, currency string, used iter.Seq2[string, string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if a.config.Rates.File != "" {
			a.checkRates(ctx, block, currency, used, yield)
			return
		}
		list, err := a.list(ctx, nil)
		byPartner := errors.Is(err, errPartnerList)
		if err != nil && !byPartner {
			yield("pricelist", err)
			return
		}
		g, err := a.ground(ctx)
		if err != nil {
			yield("server", err)
			return
		}
		codes := map[string]bool{}
		for datacenter, name := range used {
			codes[a.pattern.code(datacenter, name)] = true
			var err error
			if byPartner {
				_, err = a.product(ctx, datacenter, name)
			} else {
				var p price
				if p, err = a.cost(ctx, list, block, currency, datacenter, name); err == nil {
					err = a.checkPrice(g, p)
				}
			}
			if err != nil && !yield(fmt.Sprintf("%q in %q", name, datacenter), err) {
				return
			}
		}
		c, err := a.catalogs.get(ctx, struct{}{}, a.readCatalog)
		if err != nil {
			yield("products", err)
			return
		}
		for _, code := range slices.DeleteFunc(c.codes(), func(code string) bool { return codes[code] }) {
			if !yield(fmt.Sprintf("product %q", code), errUnused) {
				return
			}
		}
	}
}

func (a *Invoice) checkRates(ctx context.Context, block usage.Span, currency string, used iter.Seq2[string, string], yield func(string, error) bool) {
	rates, err := a.ratesAt(ctx, block, currency)
	if err != nil {
		yield("rates file", err)
		return
	}
	for what, err := range rates.Review(used) {
		if !yield(what, err) {
			return
		}
	}
}
