package billing

import (
	"context"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Pruned returns the orders that have billed a part of a span, for the tenants,
// or for all where none are named, and whose entries were dropped since: only
// the sums of their whole blocks are kept. They come without items.
func (e *Engine) Pruned(ctx context.Context, span usage.Span, tenants []string) ([]ledger.Order, error) {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Overlaps: span, Statuses: []ledger.Status{ledger.Settled}})
	if err != nil {
		return nil, err
	}
	var all []ledger.Order
	for _, o := range orders {
		if len(tenants) > 0 && !slices.Contains(tenants, o.Tenant.ID) {
			continue
		}
		first, err := e.firstEntry(ctx, o)
		if err != nil {
			return nil, err
		}
		if !first.IsZero() && !isWindow(first) {
			all = append(all, o)
		}
	}
	return all, nil
}

// Prunable reports whether any settled order that ends no later than a time has
// usage entries that were not dropped yet. A store may keep these all the same.
func (e *Engine) Prunable(ctx context.Context, before time.Time) (bool, error) {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Statuses: []ledger.Status{ledger.Settled}})
	if err != nil {
		return false, err
	}
	// The last ones are the last to be pruned.
	for _, o := range slices.Backward(slices.SortedFunc(slices.Values(orders), byBlock)) {
		if o.Block.End.After(before) {
			continue
		}
		if first, err := e.firstEntry(ctx, o); err != nil || isWindow(first) {
			return err == nil, err
		}
	}
	return false, nil
}

// firstEntry returns the span of the first usage entry in an order's block, which
// tells of all: they are pruned together. It is zero where there is none.
func (e *Engine) firstEntry(ctx context.Context, o ledger.Order) (usage.Span, error) {
	for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Tenant: o.Tenant.ID, Within: o.Block}) {
		return entry.Window, err
	}
	return usage.Span{}, nil
}
