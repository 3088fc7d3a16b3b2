package billing

import (
	"context"
	"slices"

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
		for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Tenant: o.Tenant.ID, Within: o.Block}) {
			if err != nil {
				return nil, err
			}
			// All of a block is pruned, or nothing: the first tells.
			if !isWindow(entry.Window) {
				all = append(all, o)
			}
			break
		}
	}
	return all, nil
}
