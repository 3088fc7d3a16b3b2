// Package pricing is package rates as adapters of invoices have it: what it
// says of a rate becomes what the contract of package invoice calls it.
package pricing

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
)

// Prices are a price list's for a block. Where it has no rate the error is
// invoice.ErrNoCost; one that somebody must mend is permanent.
type Prices struct{ *rates.Prices }

// Cost is the price of one unit of a service; see [rates.Prices.Cost].
func (p Prices) Cost(datacenter, service string) (decimal.Decimal, error) {
	cost, err := p.Prices.Cost(datacenter, service)
	return cost, sorted(err)
}

// Unit is what one unit of a cost is; see [rates.Prices.Unit].
func (p Prices) Unit(datacenter, service string) (string, error) {
	unit, err := p.Prices.Unit(datacenter, service)
	return unit, sorted(err)
}

// Review yields what is wrong with the prices of what was used, by name; see
// [rates.Prices.Review].
func (p Prices) Review(used iter.Seq2[string, string]) iter.Seq2[string, error] {
	return each(p.Prices.Review(used), sorted)
}

// Check reads the files of a price list and yields what is wrong, by name; see
// [rates.Config.Check].
func Check(ctx context.Context, c rates.Config) iter.Seq2[string, error] {
	return each(c.Check(), func(err error) error {
		if errors.Is(err, rates.ErrNoRate) {
			err = &noRates{err}
		}
		return errors.Join(ctx.Err(), err)
	})
}

// noRates says of a whole file what invoice.ErrNoCost says of a service.
type noRates struct{ error }

func (n *noRates) Is(target error) bool { return target == invoice.ErrNoCost }

func each(all iter.Seq2[string, error], change func(error) error) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for name, err := range all {
			if !yield(name, change(err)) {
				return
			}
		}
	}
}

// sorted makes of a missing rate, and of one that somebody must mend, what the
// contract calls it.
func sorted(err error) error {
	switch {
	case errors.Is(err, rates.ErrNoRate):
		return fmt.Errorf("%w: %w", invoice.ErrNoCost, err)
	case errors.Is(err, rates.ErrChanges), errors.Is(err, rates.ErrCurrency):
		return invoice.Permanent(err)
	}
	return err
}
