package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Prune implements ledger.Pruner.
func (s *Store) Prune(ctx context.Context, before time.Time) (ledger.Pruned, error) {
	var pruned ledger.Pruned
	if err := s.begin(ctx); err != nil {
		return pruned, err
	}
	defer s.mu.Unlock()
	change := s.change()
	for _, o := range s.orders {
		if o.Status != ledger.Settled || o.Block.End.After(before) {
			continue
		}
		windows := s.billed(o.Order)
		switch {
		case len(windows) == 0:
		case s.unsettled(o.Order) || s.othersUnsettled(o.Order, windows):
			pruned.Kept++
		default:
			pruned.Orders++
			pruned.Entries += s.sum(change, o.Order, windows)
		}
	}
	change.apply()
	s.forgetStates(change)
	return pruned, nil
}

// billed returns the windows whose entries the order bills.
func (c *content) billed(o ledger.Order) (keys []windowKey) {
	for key, w := range c.windowsOf(o.Tenant.ID) {
		if o.Block.Overlaps(w.fold.Window) && len(w.entriesOf(o.Tenant.ID)) > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// unsettled reports whether anything of the order's block is pending, or
// carried by an order that is not settled.
func (c *content) unsettled(o ledger.Order) bool {
	for _, w := range c.windowsOf(o.Tenant.ID) {
		if o.Block.Overlaps(w.fold.Window) && slices.ContainsFunc(w.lateOf(o.Tenant.ID), func(a ledger.Adjustment) bool {
			return a.Order == "" || c.orders[a.Order].Status != ledger.Settled
		}) {
			return true
		}
	}
	return false
}

// othersUnsettled reports whether another tenant has anything in one of an order's
// windows, and no settled order for it.
func (c *content) othersUnsettled(o ledger.Order, windows []windowKey) bool {
	for _, key := range windows {
		w := c.windows[key]
		for _, tenant := range tenantsOf(w) {
			if tenant != o.Tenant.ID && !c.settled(tenant, w.fold.Window) {
				return true
			}
		}
	}
	return false
}

// settled reports whether a settled order of the tenant has time of the span.
func (c *content) settled(tenant string, span usage.Span) bool {
	for o := range c.ordersOf(tenant) {
		if o.Status == ledger.Settled && o.Block.Overlaps(span) {
			return true
		}
	}
	return false
}

// sum drops the entries of an order, keeps their sums, and returns how many
// there were.
func (c *content) sum(change *change, o ledger.Order, windows []windowKey) (dropped int) {
	type sumKey struct {
		ledger.Series
		kind
	}
	sums := map[sumKey]ledger.Sum{}
	for _, key := range windows {
		w := *change.window(key)
		for _, e := range w.entriesOf(o.Tenant.ID) {
			at := sumKey{key.Series, kindOf(e)}
			sum, known := sums[at]
			if !known {
				sum = ledger.Sum{Entry: nothing(e), Order: o.Key}
				sum.Window = utcSpan(o.Block)
			}
			sum.Entry = add(sum.Entry, e)
			sum.Entries++
			sums[at] = sum
			dropped++
		}
		w.entries = slices.DeleteFunc(slices.Clone(w.entries), func(e usage.Entry) bool { return e.Tenant == o.Tenant.ID })
		w.fold.Pruned = true
		change.windows[key] = &w
	}
	a := c.account(o.Tenant.ID)
	a.sums = slices.Concat(a.sums, slices.Collect(maps.Values(sums)))
	return dropped
}

// forgetStates drops the states of pruned windows from which nothing resumes:
// those that are followed by another pruned window.
func (c *content) forgetStates(pruned *change) {
	series := map[ledger.Series]bool{}
	for key := range pruned.windows {
		series[key.Series] = true
	}
	for s := range series {
		hours := slices.Sorted(maps.Keys(c.hours[s]))
		for i, hour := range hours[:len(hours)-1] {
			key := windowKey{s, hour}
			if w := *c.windows[key]; w.fold.Pruned && c.windows[windowKey{s, hours[i+1]}].fold.Pruned {
				w.fold.State = usage.State{}
				c.windows[key] = &w
			}
		}
	}
}
