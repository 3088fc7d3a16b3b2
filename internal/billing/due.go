package billing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A Due is a block that may be billed now, and the tenants that it may be
// billed for.
type Due struct {
	Block   usage.Span
	Tenants []string // ids, sorted
}

// Due returns what is to be billed of the tenants, of all where none are named,
// oldest block first: every calendar month that is over, and settled, in which a
// tenant used anything, as far as no order reserves it; and the blocks of orders
// that were begun and are not settled. So no usage is left out that somebody
// billed around, and none comes twice.
//
// Of a month in which a tenant used nothing there is no order, but for the last
// one where something waits for the tenant's next order. A month that is not
// collected to its end is due, so that it is missed where nothing comes any more.
func (e *Engine) Due(ctx context.Context, tenants []string) ([]Due, error) {
	known, marks, err := e.collected(ctx, tenants)
	if err != nil {
		return nil, err
	}
	collected := e.collectedFully(marks)
	var all []Due
	index := map[[2]int64]int{} // of all, by the borders of the block
	for _, t := range known {
		orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: t.ID})
		if err != nil {
			return nil, err
		}
		blocks, err := e.due(ctx, t.ID, collected[t.ID], orders)
		if err != nil {
			return nil, fmt.Errorf("tenant %s: %w", t.ID, err)
		}
		for _, block := range blocks {
			id := [2]int64{block.Start.UnixNano(), block.End.UnixNano()}
			i, ok := index[id]
			if !ok {
				i = len(all)
				index[id] = i
				all = append(all, Due{Block: block})
			}
			all[i].Tenants = append(all[i].Tenants, t.ID)
		}
	}
	slices.SortFunc(all, func(a, b Due) int { return compareSpans(a.Block, b.Block) })
	return all, nil
}

// collectedFully returns from when on each tenant is collected, from any source,
// and up to when from all that the deployment has, of which a tenant may have
// nothing.
func (e *Engine) collectedFully(marks []ledger.Mark) map[string]usage.Span {
	whole := map[string]time.Time{} // by source
	for _, m := range marks {
		if m.Tenant == "" {
			whole[m.Source] = m.Through
		}
	}
	var through time.Time
	for i, source := range e.SourceNames {
		if at := whole[source]; i == 0 || at.Before(through) {
			through = at
		}
	}
	spans := map[string]usage.Span{}
	for _, m := range marks {
		span, known := spans[m.Tenant]
		if !known {
			span = usage.Span{Start: m.From, End: through}
		}
		span.Start = earlier(span.Start, m.From)
		if slices.Contains(e.SourceNames, m.Source) {
			span.End = earlier(span.End, m.Through)
		}
		spans[m.Tenant] = span
	}
	return spans
}

// due returns the blocks of one tenant. Its orders are sorted by where their
// blocks start.
func (e *Engine) due(ctx context.Context, tenant string, collected usage.Span, orders []ledger.Order) ([]usage.Span, error) {
	var reserved, blocks []usage.Span
	for _, o := range orders {
		if !o.Reserves {
			continue
		}
		reserved = append(reserved, o.Block)
		if o.Status != ledger.Settled && e.billable(o.Block) == nil {
			blocks = append(blocks, o.Block)
		}
	}
	last, ok := e.lastMonth(e.monthAt(collected.Start).Start)
	if !ok {
		return blocks, nil
	}
	unknown := e.monthAt(collected.End).Start // from here on it is not collected
	for _, free := range uncovered(usage.Span{Start: e.notBefore(e.monthAt(collected.Start).Start), End: last.End}, reserved) {
		used, err := e.usedMonths(ctx, tenant, free)
		if err != nil {
			return nil, err
		}
		blocks = append(append(blocks, used...), e.months(usage.Span{Start: latest(free.Start, unknown), End: free.End})...)
	}
	waits, err := e.waits(ctx, tenant, orders)
	if err != nil {
		return nil, err
	}
	if waits {
		blocks = append(blocks, uncovered(last, reserved)...)
	}
	for i := range blocks {
		blocks[i] = e.local(blocks[i])
	}
	slices.SortFunc(blocks, compareSpans)
	return slices.CompactFunc(blocks, sameSpan), nil
}

// monthAt returns the month that an instant lies in.
func (e *Engine) monthAt(t time.Time) usage.Span {
	local := t.In(e.Location)
	return usage.Span{Start: monthBorder(local.Year(), local.Month(), e.Location), End: monthBorder(local.Year(), local.Month()+1, e.Location)}
}

// lastMonth returns the last month that may be billed by now, from where billing
// begins on; false where none does that ends after an instant.
func (e *Engine) lastMonth(after time.Time) (usage.Span, bool) {
	for month := e.monthAt(e.Now()); month.End.After(after); month = e.monthAt(month.Start.Add(-usage.WindowLength)) {
		if clipped := (usage.Span{Start: e.notBefore(month.Start), End: month.End}); e.billable(clipped) == nil {
			return clipped, true
		}
	}
	return usage.Span{}, false
}

// usedMonths cuts free time where months begin, and returns what has usage that
// an order would bill, or park.
func (e *Engine) usedMonths(ctx context.Context, tenant string, free usage.Span) ([]usage.Span, error) {
	meters := e.metersByName()
	var all []usage.Span
	for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant, Within: free}) {
		if err != nil {
			return nil, err
		}
		known := len(all) > 0 && entry.Window.Start.Before(all[len(all)-1].End)
		if known || !matters(entry, meters) {
			continue
		}
		month := e.monthAt(entry.Window.Start)
		all = append(all, usage.Span{Start: latest(month.Start, free.Start), End: earlier(month.End, free.End)})
	}
	return all, nil
}

// waits reports whether a tenant's next order may have items for earlier blocks:
// what came late, and what is not rounded as one order would be since another
// was void.
func (e *Engine) waits(ctx context.Context, tenant string, orders []ledger.Order) (bool, error) {
	if slices.ContainsFunc(orders, func(o ledger.Order) bool { return o.Status == ledger.Void }) {
		return true, nil
	}
	for _, err := range e.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: tenant, Pending: true}) {
		return err == nil, err
	}
	return false, nil
}

// notBefore is t, or where billing begins if that is later.
func (e *Engine) notBefore(t time.Time) time.Time {
	if t.Before(e.BillFrom) {
		return e.BillFrom.In(e.Location)
	}
	return t
}

// uncovered returns what is left of a block without these spans, which are
// sorted and do not overlap.
func uncovered(block usage.Span, spans []usage.Span) []usage.Span {
	var left []usage.Span
	for _, s := range spans {
		if !s.Overlaps(block) {
			continue
		}
		if block.Start.Before(s.Start) {
			left = append(left, usage.Span{Start: block.Start, End: s.Start.In(block.Start.Location())})
		}
		block.Start = s.End.In(block.Start.Location())
	}
	if block.Start.Before(block.End) {
		left = append(left, block)
	}
	return left
}

func compareSpans(a, b usage.Span) int {
	if c := a.Start.Compare(b.Start); c != 0 {
		return c
	}
	return a.End.Compare(b.End)
}

// BillDue bills what is due, as Bill does, and goes on to the next block
// whatever becomes of single tenants. Where a block as a whole cannot be
// billed, that and what became of earlier ones is returned.
func (e *Engine) BillDue(ctx context.Context, tenants []string) ([]Outcome, error) {
	due, err := e.Due(ctx, tenants)
	if err != nil {
		return nil, err
	}
	var all []Outcome
	for _, d := range due {
		outcomes, err := e.Bill(ctx, d.Block, d.Tenants)
		all = append(all, outcomes...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}
