package billing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// price makes an item of a use: its value is converted to the unit of the
// cost, then rounded once; its amount is value times cost, rounded once. per is
// the unit that the ERP's price is for, as it has it.
func (e *Engine) price(ctx context.Context, inv invoice.Invoice, u *use) (item ledger.Item, per string, err error) {
	item = ledger.Item{
		Item:   invoice.Item{Datacenter: u.datacenter, Name: u.service, Resource: u.resource, Description: u.description},
		Volume: u.volume, Measured: u.unit, Begun: u.begun, Meters: slices.Sorted(maps.Keys(u.meters)),
	}
	if item.Cost, err = inv.Cost(ctx, u.datacenter, u.service); err != nil {
		return item, "", err
	}
	if item.Cost.IsNegative() {
		return item, "", invoice.Permanent(fmt.Errorf("the cost is %s: a price cannot be negative", item.Cost))
	}
	if uniter, ok := inv.(invoice.Uniter); ok {
		if per, err = uniter.Unit(ctx, u.datacenter, u.service); err != nil {
			return item, "", err
		}
	}
	var ok bool
	if item.Unit, ok = priceUnit(u.unit, per); !ok {
		return item, per, errUnit
	}
	if _, _, ok := usage.Conversion(u.unit, u.begun); u.begun != "" && !ok {
		return item, per, invoice.Permanent(fmt.Errorf("begun = %s, which %s does not convert to (mend the meter's section)", u.begun, u.unit))
	}
	return item, per, e.figure(&item)
}

// figure computes an item's value and amount.
func (e *Engine) figure(item *ledger.Item) (err error) {
	if item.Value, err = e.Rounding.value(*item, e.ValueDigits); err != nil {
		return invoice.Permanent(fmt.Errorf("%s in %s: %s, %s: %w", item.Name, item.Datacenter, item.Measured, item.Unit, err))
	}
	item.Amount = e.Rounding.round(item.Value.Mul(item.Cost), e.Digits)
	return nil
}

// isRemark reports whether the unit of a price is none that the usage has
// anything to do with, and was not looked at.
func isRemark(item ledger.Item, per string) bool {
	return per != "" && item.Unit == item.Measured && !usage.SameUnit(per, item.Measured) && !usage.IsUnit(per)
}

// isMissing reports whether there is no price that fits, so that the tenant is
// to be parked.
func isMissing(err error) bool { return errors.Is(err, invoice.ErrNoCost) || errors.Is(err, errUnit) }
