package billing

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// errUnit says that a price is for a unit that the usage does not convert to.
var errUnit = errors.New("the price is for another unit")

// price makes an item of a use: its value is converted to the unit of the
// cost, then rounded once; its amount is value times cost, rounded once.
func (e *Engine) price(ctx context.Context, inv invoice.Invoice, u *use) (item invoice.Item, priceUnit string, err error) {
	cost, err := inv.Cost(ctx, u.datacenter, u.service)
	if err != nil {
		return invoice.Item{}, "", err
	}
	if cost.IsNegative() {
		return invoice.Item{}, "", invoice.Permanent(fmt.Errorf("the cost is %s: a price cannot be negative", cost))
	}
	item = invoice.Item{Datacenter: u.datacenter, Name: u.service, Unit: u.unit, Resource: u.resource, Description: u.description, Cost: cost}
	if uniter, ok := inv.(invoice.Uniter); ok {
		if priceUnit, err = uniter.Unit(ctx, u.datacenter, u.service); err != nil {
			return invoice.Item{}, "", err
		}
	}
	switch unit, num, den, ok := conversion(u.unit, priceUnit); {
	case ok:
		item.Unit = unit
		item.Value = e.Rounding.quotient(u.volume, num, den, e.ValueDigits)
	case usage.IsUnit(priceUnit):
		return invoice.Item{}, priceUnit, errUnit
	default:
		item.Value = e.Rounding.round(u.volume, e.ValueDigits)
	}
	item.Amount = e.Rounding.round(item.Value.Mul(cost), e.Digits)
	return item, priceUnit, nil
}

// conversion turns a volume into the unit that a price is for. Price lists are
// brief: a price per gigabyte of what is kept for hours is per gigabyte and
// hour, as the original's were, and one per day of what is counted in "ip
// hour" is per ip and day. Text that is no unit is a remark, and the price is
// for one unit of whatever the usage is measured in.
func conversion(from, to string) (unit string, num, den *big.Int, ok bool) {
	if to == "" {
		return "", nil, nil, false
	}
	thing, _, _ := strings.Cut(from, " ")
	for _, unit := range []string{to, to + " hour", thing + " " + to} {
		if num, den, ok := usage.Conversion(from, unit); ok {
			if usage.SameUnit(from, unit) {
				unit = from
			}
			return unit, num, den, true
		}
	}
	return "", nil, nil, false
}
