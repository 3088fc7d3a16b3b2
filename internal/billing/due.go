package billing

import (
	"context"
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
// oldest block first: every calendar month since a tenant was first collected
// that is over, and settled, as far as no order reserves it; and the blocks of
// orders that were begun and are not settled. So no time is left out that
// somebody billed around, and none comes twice.
func (e *Engine) Due(ctx context.Context, tenants []string) ([]Due, error) {
	known, err := e.Tenants(ctx, tenants)
	if err != nil {
		return nil, err
	}
	marks, err := e.Store.Marks(ctx)
	if err != nil {
		return nil, err
	}
	began := map[string]time.Time{}
	for _, m := range marks {
		if first, ok := began[m.Tenant]; !ok || m.From.Before(first) {
			began[m.Tenant] = m.From
		}
	}
	var all []Due
	for _, t := range known {
		orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: t.ID})
		if err != nil {
			return nil, err
		}
		blocks, err := e.due(began[t.ID], orders)
		if err != nil {
			return nil, err
		}
		for _, block := range blocks {
			i := slices.IndexFunc(all, func(d Due) bool { return sameSpan(d.Block, block) })
			if i < 0 {
				i = len(all)
				all = append(all, Due{Block: block})
			}
			all[i].Tenants = append(all[i].Tenants, t.ID)
		}
	}
	slices.SortFunc(all, func(a, b Due) int { return compareSpans(a.Block, b.Block) })
	return all, nil
}

// due returns the blocks of one tenant, which was first collected at began. Its
// orders are sorted by where their blocks start.
func (e *Engine) due(began time.Time, orders []ledger.Order) ([]usage.Span, error) {
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
	if began.Before(e.BillFrom) {
		began = e.BillFrom
	}
	for label := began.In(e.Location).Format("2006-01"); ; {
		month, err := Month(label, e.Location)
		if err != nil {
			return nil, err
		}
		if e.billable(usage.Span{Start: e.notBefore(month.Start), End: month.End}) != nil {
			// This month is not over, and no later one is.
			return blocks, nil
		}
		month.Start = e.notBefore(month.Start)
		blocks = append(blocks, uncovered(month, reserved)...)
		label = month.End.In(e.Location).Format("2006-01")
	}
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
