package billing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A correction is an item for late usage of an earlier block, and the pending
// adjustments that it is made from.
type correction struct {
	item    ledger.Item
	carries []ledger.Adjustment
}

// corrections makes items of what is pending for the tenant's earlier blocks,
// oldest block first. What cannot be priced, or must wait, is said in the
// draft.
func (e *Engine) corrections(ctx context.Context, d *Draft, orders []ledger.Order, perResource bool) ([]correction, error) {
	pending := map[string]bool{} // by the key of the order that reserves the block
	for a, err := range e.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: d.Order.Tenant.ID, Pending: true}) {
		if err != nil {
			return nil, err
		}
		if o, ok := reserving(orders, a.Window); ok {
			pending[o.Key] = true
		}
	}
	adjusters, err := e.adjusters(ctx, orders)
	if err != nil {
		return nil, err
	}
	var all []correction
	for _, o := range slices.SortedFunc(slices.Values(orders), byBlock) {
		settled := o.Status == ledger.Settled && o.Currency == e.Currency
		switch {
		case !pending[o.Key] && !(settled && len(adjusters[o.Key]) > 0):
			continue
		case o.Status != ledger.Settled:
			d.Postponed = append(d.Postponed, Postponed{o, fmt.Sprintf("order %s is %s", o.Key, o.Status)})
			continue
		case o.Currency != e.Currency:
			d.Postponed = append(d.Postponed, Postponed{o, fmt.Sprintf("order %s is in %s, and this deployment bills in %s", o.Key, o.Currency, e.Currency)})
			continue
		}
		p, err := e.past(ctx, o, perResource, adjusters[o.Key])
		if err != nil {
			return nil, err
		}
		p.late = pending[o.Key]
		if err := p.gather(ctx); err != nil {
			return nil, err
		}
		corrections, err := p.corrections(d)
		if err != nil {
			return nil, err
		}
		all = append(all, corrections...)
	}
	return all, nil
}

// adjusters are, once an order was void, the orders that stand and adjust a
// block that it billed or adjusted, by the key of the order that reserves the
// block. What they billed need not be what the block lacks any more, even if
// nothing is pending for it.
func (e *Engine) adjusters(ctx context.Context, orders []ledger.Order) (map[string][]string, error) {
	if !slices.ContainsFunc(orders, func(o ledger.Order) bool { return o.Status == ledger.Void }) {
		return nil, nil
	}
	var freed []usage.Span // by what was void
	adjusted := map[string][]usage.Span{}
	for _, o := range orders {
		if o.Status != ledger.Void && !o.Reserves {
			continue
		}
		full, err := e.Store.Order(ctx, o.Key)
		if err != nil {
			return nil, err
		}
		for _, item := range full.Items {
			switch {
			case item.Adjusts.IsZero():
			case o.Status == ledger.Void:
				freed = append(freed, item.Adjusts)
			case !slices.ContainsFunc(adjusted[o.Key], func(s usage.Span) bool { return sameSpan(s, item.Adjusts) }):
				adjusted[o.Key] = append(adjusted[o.Key], item.Adjusts)
			}
		}
		if o.Status == ledger.Void {
			freed = append(freed, o.Block)
		}
	}
	adjusters := map[string][]string{}
	for _, o := range orders {
		if !o.Reserves || !slices.ContainsFunc(freed, o.Block.Overlaps) {
			continue
		}
		for key, spans := range adjusted {
			if slices.ContainsFunc(spans, o.Block.Overlaps) {
				adjusters[o.Key] = append(adjusters[o.Key], key)
			}
		}
	}
	return adjusters, nil
}

// reserving returns the order that reserves a window.
func reserving(orders []ledger.Order, window usage.Span) (ledger.Order, bool) {
	i := slices.IndexFunc(orders, func(o ledger.Order) bool { return o.Reserves && o.Block.Covers(window) })
	if i < 0 {
		return ledger.Order{}, false
	}
	return orders[i], true
}

func byBlock(a, b ledger.Order) int {
	return cmp.Or(a.Block.Start.Compare(b.Block.Start), cmp.Compare(a.Key, b.Key))
}

// carry adds corrections to the draft: those that are owed to the ERP's owner,
// and those that come to nothing, all; and those that are owed to the tenant,
// oldest block first, as long as the total stays above zero. The rest waits,
// but where the ERP takes credit notes.
func (e *Engine) carry(d *Draft, corrections []correction) {
	credits := e.credits()
	take := make([]bool, len(corrections))
	total := d.Order.Total
	for i, c := range corrections {
		if take[i] = credits || !c.item.Amount.IsNegative(); take[i] {
			total = total.Add(c.item.Amount)
		}
	}
	for i, c := range corrections {
		if after := total.Add(c.item.Amount); !take[i] && !after.IsNegative() {
			take[i], total = true, after
		}
	}
	for i, c := range corrections {
		if !take[i] {
			d.Left = append(d.Left, c.item)
			continue
		}
		d.add(c.item)
		d.Carries = append(d.Carries, c.carries...)
	}
}

// credits reports whether the ERP takes credit notes.
func (e *Engine) credits() bool {
	crediter, ok := e.ERP.(invoice.Crediter)
	return ok && crediter.Credits()
}

// checkTotal refuses a draft whose own items come to less than nothing. That
// may be where it was void: later orders carry what came late for it, and less
// was used in the end.
func (e *Engine) checkTotal(ctx context.Context, d *Draft) error {
	if !d.Order.Total.IsNegative() || e.credits() {
		return nil
	}
	carriers := map[string]bool{}
	for a, err := range e.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: d.Order.Tenant.ID, Within: d.Order.Block}) {
		if err != nil {
			return err
		}
		if a.Order != "" {
			carriers[a.Order] = true
		}
	}
	keys := strings.Join(slices.Sorted(maps.Keys(carriers)), ", ")
	d.negative = fmt.Sprintf("the total is %s: more was billed for this block, by adjustments of order %s, than was used (cancel that invoice in the ERP and say artifice void ORDER, then bill both blocks again)",
		d.Order.Total.StringFixed(d.Order.Digits), cmp.Or(keys, "none"))
	return nil
}
