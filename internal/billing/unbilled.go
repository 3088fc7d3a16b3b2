package billing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Unbilled is collected usage of a tenant that no order reserves, of time that
// ends before what was billed last of anybody: unless somebody bills it, nobody
// will be.
type Unbilled struct {
	Tenant  string
	Block   usage.Span // that bills it, and overlaps no order of the tenant
	Entries int        // of billed meters, that are not 0
	// Order is the order of just this block that is void, or parked before its
	// claim; the zero Order where there is none.
	Order ledger.Order
}

// Command is what bills it.
func (u Unbilled) Command(in *time.Location) string {
	return "artifice bill " + blockArgs(u.Block, in) + " --tenant " + u.Tenant
}

// String says what is not billed, and why as far as that is known.
func (u Unbilled) String() string {
	why := ""
	switch u.Order.Status {
	case ledger.Void:
		why = fmt.Sprintf(", since order %s is void", u.Order.Key)
	case ledger.Parked:
		why = ": it is parked, " + u.Order.Reason
	}
	entries := "1 usage entry"
	if u.Entries != 1 {
		entries = fmt.Sprintf("%d usage entries", u.Entries)
	}
	return fmt.Sprintf("tenant %s: %s of %s in no order%s", u.Tenant, entries, BlockLabel(u.Block, u.Block.Start.Location()), why)
}

// blockArgs are the flags that name a block to a command.
func blockArgs(block usage.Span, in *time.Location) string {
	if label := BlockLabel(block, in); !strings.Contains(label, " to ") {
		return "--month " + label
	}
	at := func(border time.Time) string {
		label := borderLabel(border, in)
		if read, err := ParseTime(label, in); err != nil || !read.Equal(border) {
			return border.UTC().Format(time.RFC3339) // midnight was twice
		}
		return label
	}
	return "--from " + at(block.Start) + " --to " + at(block.End)
}

// Unbilled returns what the tenants, all where none are named, used before the
// end of what was billed last, and what no order reserves: usage that first came
// when its block had been billed for others, and that of orders which are void.
// What lies before BillFrom, or is not collected, is left out. It is in the
// order of the tenants' ids, and then of time.
func (e *Engine) Unbilled(ctx context.Context, ids []string) ([]Unbilled, error) {
	tenants, marks, err := e.collected(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := make([]string, len(tenants))
	for i, t := range tenants {
		known[i] = t.ID
	}
	return e.unbilledOf(ctx, known, marks)
}

func (e *Engine) unbilledOf(ctx context.Context, tenants []string, marks []ledger.Mark) ([]Unbilled, error) {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
	if err != nil {
		return nil, err
	}
	finder := unbilledFinder{Engine: e, orders: map[string][]ledger.Order{}, collected: e.collectedSpans(marks)}
	for _, o := range orders {
		finder.orders[o.Tenant.ID] = append(finder.orders[o.Tenant.ID], o)
		if o.Reserves || o.Status == ledger.Void {
			finder.blocks = append(finder.blocks, o.Block)
			if o.Block.End.After(finder.last) {
				finder.last = o.Block.End
			}
		}
	}
	slices.SortFunc(finder.blocks, func(a, b usage.Span) int { return cmp.Or(a.Start.Compare(b.Start), b.End.Compare(a.End)) })
	finder.blocks = slices.CompactFunc(finder.blocks, sameSpan)
	progress := e.begin(Step{Name: "look", Of: "for what is not billed", Unit: "tenants", Total: int64(len(tenants)), Whole: true})
	defer progress.End()
	var all []Unbilled
	for _, t := range tenants {
		found, err := finder.find(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("tenant %s: %w", t, err)
		}
		all = append(all, found...)
		progress.Add(1)
	}
	return all, nil
}

// collectedSpans returns from when and up to when tenants are collected: from any
// source, and from all that the deployment has.
func (e *Engine) collectedSpans(marks []ledger.Mark) map[string]usage.Span {
	spans := map[string]usage.Span{}
	present := map[string]bool{} // tenants of sources that the deployment has
	for _, m := range marks {
		span, known := spans[m.Tenant]
		if !known || m.From.Before(span.Start) {
			span.Start = m.From
		}
		here := slices.Contains(e.SourceNames, m.Source)
		switch first := here && !present[m.Tenant]; {
		case first, here && m.Through.Before(span.End), !here && !present[m.Tenant] && m.Through.After(span.End):
			span.End = m.Through
		}
		present[m.Tenant] = present[m.Tenant] || here
		spans[m.Tenant] = span
	}
	return spans
}

// An unbilledFinder finds what is not billed, tenant by tenant.
type unbilledFinder struct {
	*Engine
	orders    map[string][]ledger.Order // by tenant
	collected map[string]usage.Span     // by tenant
	blocks    []usage.Span              // that were ever billed, of anybody: by their start, the longest first
	last      time.Time                 // when the last of them ends
}

func (f *unbilledFinder) find(ctx context.Context, tenant string) ([]Unbilled, error) {
	var all []Unbilled
	for _, free := range f.free(f.due(tenant), f.orders[tenant]) {
		// Most of what is free was never used.
		if n, err := f.count(ctx, tenant, free); err != nil || n == 0 {
			if err != nil {
				return nil, err
			}
			continue
		}
		for _, block := range f.cut(free, f.orders[tenant]) {
			entries, err := f.count(ctx, tenant, block)
			if err != nil {
				return nil, err
			}
			if entries > 0 {
				all = append(all, Unbilled{Tenant: tenant, Block: f.local(block), Entries: entries, Order: standIn(f.orders[tenant], block)})
			}
		}
	}
	return all, nil
}

// due returns the time in which a tenant's usage should be billed by now. It
// begins where the block does in which the tenant was first collected.
func (f *unbilledFinder) due(tenant string) usage.Span {
	due, known := f.collected[tenant]
	if !known {
		return usage.Span{}
	}
	first := due.Start.In(f.Location)
	begins := earlier(monthBorder(first.Year(), first.Month(), f.Location), due.Start)
	for _, block := range f.blocks {
		if block.Contains(due.Start) {
			begins = earlier(begins, block.Start)
		}
	}
	due.Start, due.End = begins, earlier(due.End, f.last)
	if due.Start.Before(f.BillFrom) {
		due.Start = f.BillFrom
	}
	return due
}

func (e *Engine) local(span usage.Span) usage.Span {
	return usage.Span{Start: span.Start.In(e.Location), End: span.End.In(e.Location)}
}

// free returns what no order reserves of a span.
func (f *unbilledFinder) free(due usage.Span, orders []ledger.Order) []usage.Span {
	var all []usage.Span
	at := due.Start
	for _, o := range slices.SortedFunc(slices.Values(orders), byBlock) {
		if !o.Reserves {
			continue
		}
		if end := earlier(o.Block.Start, due.End); at.Before(end) {
			all = append(all, usage.Span{Start: at, End: end})
		}
		if o.Block.End.After(at) {
			at = o.Block.End
		}
	}
	if at.Before(due.End) {
		all = append(all, usage.Span{Start: at, End: due.End})
	}
	return all
}

// cut cuts free time into blocks that bill it: those of the tenant's orders that
// are void or parked, then those that others were billed for, and months of what
// is left.
func (f *unbilledFinder) cut(free usage.Span, orders []ledger.Order) []usage.Span {
	var own []usage.Span
	for _, o := range slices.SortedFunc(slices.Values(orders), byBlock) {
		if !o.Reserves && f.billable(o.Block) == nil {
			own = append(own, o.Block)
		}
	}
	var all []usage.Span
	rest := free
	for rest.Start.Before(rest.End) {
		block, ok := first(own, rest)
		if other, found := first(f.blocks, rest); found && (!ok || other.Start.Before(block.Start)) && !clash(other, own, rest) {
			block, ok = other, true
		}
		if !ok {
			block = usage.Span{Start: rest.End, End: rest.End}
		}
		all = append(all, f.months(usage.Span{Start: rest.Start, End: block.Start})...)
		if ok {
			all = append(all, block)
		}
		rest.Start = block.End
	}
	return all
}

// first returns the first block that lies within a span.
func first(blocks []usage.Span, within usage.Span) (usage.Span, bool) {
	i := slices.IndexFunc(blocks, func(b usage.Span) bool { return within.Covers(b) })
	if i < 0 {
		return usage.Span{}, false
	}
	return blocks[i], true
}

// clash reports whether a block overlaps one of others within a span.
func clash(block usage.Span, others []usage.Span, within usage.Span) bool {
	return slices.ContainsFunc(others, func(o usage.Span) bool { return within.Covers(o) && o.Overlaps(block) && !sameSpan(o, block) })
}

// months cuts a span where months begin.
func (e *Engine) months(span usage.Span) []usage.Span {
	var all []usage.Span
	for at := span.Start; at.Before(span.End); {
		next := e.monthAt(at).End
		all = append(all, usage.Span{Start: at, End: earlier(next, span.End)})
		at = next
	}
	return all
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// count counts the entries within a block that an order would bill, or park.
func (f *unbilledFinder) count(ctx context.Context, tenant string, block usage.Span) (int, error) {
	meters := f.metersByName()
	n := 0
	for entry, err := range f.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant, Within: block}) {
		if err != nil {
			return 0, err
		}
		if matters(entry, meters) {
			n++
		}
	}
	return n, nil
}

// matters reports whether an order would bill an entry, or be parked for it.
func matters(entry usage.Entry, meters map[string]usage.Meter) bool {
	m, known := meters[entry.Meter]
	return !entry.Volume.Volume.IsZero() && (m.Billed || !known)
}

// standIn returns the last order of just this block that reserves nothing: a
// parked one before those that are void.
func standIn(orders []ledger.Order, block usage.Span) ledger.Order {
	var best ledger.Order
	for _, o := range orders {
		if !o.Reserves && sameSpan(o.Block, block) && (best.Key == "" || o.Status == ledger.Parked || best.Status != ledger.Parked && o.Attempt > best.Attempt) {
			best = o
		}
	}
	return best
}
