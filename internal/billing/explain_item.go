package billing

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// An ItemExplanation says what an item of an order was made from.
type ItemExplanation struct {
	Order  ledger.Order
	Item   ledger.Item
	Shares []Share // by meter, resource and source
	// Sum is what the shares come to, exactly: the item's volume, unless the
	// order is void, or it is not known any more what it sums.
	Sum decimal.Decimal
	// Billed is what the block came to with the item, and BilledBefore without,
	// both converted and rounded: for an adjustment its value is the difference,
	// or that to what stood once an order was void.
	Billed, BilledBefore decimal.Decimal
	Pruned               bool // whether an entry is the sum of the block's, which were dropped

	index map[ledger.Series]int // of Shares
}

// A Share is what one resource adds to an item.
type Share struct {
	ledger.Series
	Volume  decimal.Decimal
	Entries []usage.Entry // by window; signed where they are adjustments
}

// ExplainItem tells what an item of an order was made from. Items count from 1.
func (e *Engine) ExplainItem(ctx context.Context, order ledger.Order, item int) (ItemExplanation, error) {
	if item < 1 || item > len(order.Items) {
		return ItemExplanation{}, fmt.Errorf("order %s has no item %d: it has %d", order.Key, item, len(order.Items))
	}
	x := ItemExplanation{Order: order, Item: order.Items[item-1], index: map[ledger.Series]int{}}
	var err error
	if x.Item.Adjusts.IsZero() {
		err = x.addEntries(ctx, e.Store)
	} else {
		err = x.addAdjustments(ctx, e.Store)
	}
	if err != nil {
		return x, err
	}
	slices.SortFunc(x.Shares, func(a, b Share) int {
		return cmp.Or(cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Source, b.Source))
	})
	rounding := HalfAwayFromZero
	if order.Rounding == HalfEven.String() {
		rounding = HalfEven
	}
	if x.Billed, err = rounding.volumeValue(x.Item.Before.Add(x.Item.Volume), x.Item, order.ValueDigits); err != nil {
		return x, err
	}
	x.BilledBefore, err = rounding.volumeValue(x.Item.Before, x.Item, order.ValueDigits)
	return x, err
}

func (x *ItemExplanation) addEntries(ctx context.Context, store ledger.Store) error {
	for entry, err := range store.Entries(ctx, ledger.EntryFilter{Tenant: x.Order.Tenant.ID, Within: x.Order.Block}) {
		if err != nil {
			return err
		}
		x.add(entry)
	}
	return nil
}

func (x *ItemExplanation) addAdjustments(ctx context.Context, store ledger.Store) error {
	for a, err := range store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: x.Order.Tenant.ID, Within: x.Item.Adjusts}) {
		if err != nil {
			return err
		}
		if a.Order == x.Order.Key {
			x.add(a.Entry)
		}
	}
	return nil
}

// add adds an entry, if it is one of the item's.
func (x *ItemExplanation) add(entry usage.Entry) {
	if !strandOf(entry, true).in(x.Item) {
		return
	}
	series := ledger.Series{Source: entry.Source, Meter: entry.Meter, Resource: entry.Resource}
	i, ok := x.index[series]
	if !ok {
		i = len(x.Shares)
		x.index[series] = i
		x.Shares = append(x.Shares, Share{Series: series})
	}
	s := &x.Shares[i]
	s.Volume = s.Volume.Add(entry.Volume.Volume)
	s.Entries = append(s.Entries, entry)
	x.Sum = x.Sum.Add(entry.Volume.Volume)
	x.Pruned = x.Pruned || !isWindow(entry.Window)
}
