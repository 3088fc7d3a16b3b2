package billing

import (
	"errors"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// errUnit says that a volume does not convert to the unit that it is to have.
var errUnit = errors.New("the units do not convert")

// volumeValue is what a volume of an item comes to, as a value: converted from
// what it is measured in to the item's unit, begun units counted whole where
// the item says so, and rounded once.
func (r Rounding) volumeValue(volume decimal.Decimal, item ledger.Item, digits int32) (decimal.Decimal, error) {
	measured := item.Measured
	if item.Begun != "" {
		num, den, ok := usage.Conversion(measured, item.Begun)
		if !ok {
			return decimal.Zero, errUnit
		}
		volume, measured = ceiling(volume, num, den), item.Begun
	}
	num, den, ok := usage.Conversion(measured, item.Unit)
	if !ok {
		return decimal.Zero, errUnit
	}
	return r.quotient(volume, num, den, digits), nil
}

// value is the value of an item: for an adjustment, by how much what its block
// comes to changes.
func (r Rounding) value(item ledger.Item, digits int32) (decimal.Decimal, error) {
	if item.Adjusts.IsZero() {
		return r.volumeValue(item.Volume, item, digits)
	}
	before, err := r.volumeValue(item.Before, item, digits)
	if err != nil {
		return decimal.Zero, err
	}
	return r.lacking(item, before, digits)
}

// lacking is the value of an adjustment of a block for which so much was billed:
// what its block comes to with it, less that. Once an order was void, what was
// billed need not be what the volume before comes to.
func (r Rounding) lacking(item ledger.Item, billed decimal.Decimal, digits int32) (decimal.Decimal, error) {
	after, err := r.volumeValue(item.Before.Add(item.Volume), item, digits)
	return after.Sub(billed), err
}

// convert returns a volume in another unit, rounded once.
func (r Rounding) convert(volume decimal.Decimal, from, to string, digits int32) (decimal.Decimal, bool) {
	if usage.SameUnit(from, to) {
		return volume, true
	}
	num, den, ok := usage.Conversion(from, to)
	if !ok {
		return decimal.Zero, false
	}
	return r.quotient(volume, num, den, digits), true
}

// priceUnit turns the unit that a price is for into one that a volume converts
// to. Price lists are brief: a price per gigabyte of what is kept for hours is
// per gigabyte and hour, as the original's were, and one per day of what is
// counted in "ip hour" is per ip and day. Text that is no unit is a remark, and
// the price is for one unit of whatever the usage is measured in.
func priceUnit(measured, price string) (unit string, ok bool) {
	if price == "" {
		return measured, true
	}
	thing, _, _ := strings.Cut(measured, " ")
	for _, unit := range []string{price, price + " hour", thing + " " + price} {
		if _, _, ok := usage.Conversion(measured, unit); ok {
			return unit, true
		}
	}
	return measured, !usage.IsUnit(price)
}
