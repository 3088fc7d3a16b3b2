// Package report tells what a month came to: which time of each tenant is
// collected and billed, what it cost and where, what changed since the month
// before, and every invoice as an accountant reads it.
//
// [Read] gathers the [Facts] from the ledger, [Make] computes a [Report] from
// them, and [Report.Write] writes it as one HTML page that needs nothing else:
// no script, no picture, no network. [Comparison] is also what artifice draft
// --diff shows. Nothing is priced here: a report shows what orders have frozen.
//
// A page has a bounded size, whatever the number of tenants: see [Limits].
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Facts are what a report is made from, as plain values.
type Facts struct {
	Deployment string
	Sources    []string // of the deployment, by name
	Location   *time.Location
	Month      usage.Span // a calendar month in Location
	Last       usage.Span // the month before
	Now        time.Time

	Tenants []usage.Tenant // by id
	Marks   []ledger.Mark  // theirs, and those of whole sources
	// Orders are the tenants' whose block has a part of the two months, without
	// items.
	Orders []ledger.Order
	// Order returns one of them with its items. It is asked for one after the
	// other, as all items of a large month are a lot.
	Order func(key string) (ledger.Order, error)
	Gaps  []ledger.Gap
	// Holds is for how long a sample holds, by meter, where that is known.
	Holds map[string]time.Duration
	// Named says in a text what the program is called: hints are written for one
	// that is called artifice. It may be nil.
	Named func(hint string) string

	whole []ledger.Mark // of whole sources
}

// Limits bound the size of a page. What is beyond them is counted, never left
// out in silence: every sum is that of the whole ledger.
type Limits struct {
	Hours   int // tenants whose every hour is shown; the others' days are
	Tenants int // tenants whose days are shown
	Orders  int // orders that are listed
	Items   int // items, on the invoices that are shown in full
	Costs   int // services
}

// DefaultLimits keep a page of any month below ten megabytes or so, which a
// browser opens at once.
func DefaultLimits() Limits {
	return Limits{Hours: 60, Tenants: 500, Orders: 10_000, Items: 10_000, Costs: 500}
}

// A Report is what a month came to.
type Report struct {
	Facts   Facts
	Limits  Limits
	Tenants []Tenant // by name and id
	// Orders are those whose block begins within the month, so that each is in
	// the report of one month only: by the name of their tenant, block and
	// attempt. Only those that are shown in full have their items.
	Orders     []Order
	Costs      []Cost
	Changes    []Change
	Totals     []Total // of the tenants that are compared
	Uncompared int     // tenants of the month before that are not billed to the end of this one

	short billing.ShortGaps
}

// A Tenant is a tenant's month.
type Tenant struct {
	usage.Tenant
	Hours   []Hour // of every window of the month
	Counted [states]int
	Gaps    []ledger.Gap
	Silent  time.Duration // of all resources, within the month

	unbilled int // windows that should be billed by now, and are only collected
	shown    bool
}

// An Order is an order of the month.
type Order struct {
	ledger.Order
	Count int  // of its items
	Shown bool // whether it has them here
}

// Make computes a report.
func Make(f Facts, limits Limits) (*Report, error) {
	r := &Report{Facts: f, Limits: limits}
	marks, orders, gaps := map[string][]ledger.Mark{}, map[string][]ledger.Order{}, f.gaps()
	for _, m := range f.Marks {
		marks[m.Tenant] = append(marks[m.Tenant], m)
	}
	r.Facts.whole = marks[""]
	for _, o := range f.Orders {
		orders[o.Tenant.ID] = append(orders[o.Tenant.ID], o)
	}
	whole := map[string]bool{} // the tenants that are billed to the end of the month
	for _, tenant := range f.Tenants {
		t := Tenant{Tenant: tenant, Hours: r.Facts.hours(marks[tenant.ID], within(f.Month, orders[tenant.ID]), gaps[tenant.ID]), Gaps: gaps[tenant.ID]}
		for _, h := range t.Hours {
			t.Counted[h.State]++
			t.Silent += h.Silent
		}
		for _, g := range t.Gaps {
			r.short.Add(g)
		}
		whole[tenant.ID] = Reserved(f.Month, orders[tenant.ID])
		r.Tenants = append(r.Tenants, t)
	}
	if err := r.bill(whole); err != nil {
		return nil, err
	}
	r.show()
	return r, nil
}

// within are the orders whose block has a part of the span.
func within(span usage.Span, orders []ledger.Order) []ledger.Order {
	var all []ledger.Order
	for _, o := range orders {
		if o.Block.Overlaps(span) {
			all = append(all, o)
		}
	}
	return all
}

// Reserved reports whether a tenant's orders reserve all of the span: their
// blocks do not overlap.
func Reserved(span usage.Span, orders []ledger.Order) bool {
	left := span.Duration()
	for _, o := range within(span, orders) {
		if !o.Reserves {
			continue
		}
		start, end := o.Block.Start, o.Block.End
		if start.Before(span.Start) {
			start = span.Start
		}
		if end.After(span.End) {
			end = span.End
		}
		left -= end.Sub(start)
	}
	return left == 0
}

// bill sums what was billed, this month and the one before.
func (r *Report) bill(whole map[string]bool) error {
	comparison, costs, uncompared := NewComparison(), costs{}, map[string]bool{}
	inMonth := func(o ledger.Order) bool { return r.Facts.Month.Contains(o.Block.Start) }
	headers := slices.Clone(r.Facts.Orders)
	// Whose costs are new is known once all of the month before is.
	slices.SortFunc(headers, func(a, b ledger.Order) int {
		return cmp.Or(cmp.Compare(rank(inMonth(a)), rank(inMonth(b))), byNeed(a, b))
	})
	left := r.Limits.Items
	for _, header := range headers {
		this := inMonth(header)
		if !this && !(r.Facts.Last.Contains(header.Block.Start) && header.Reserves) {
			continue
		}
		o, err := r.Facts.Order(header.Key)
		if err != nil {
			return err
		}
		if err := check(o); err != nil {
			return err
		}
		switch tenant := o.Tenant.ID; {
		case this:
			if o.Reserves {
				costs.add(o)
				// What is billed in part is compared with nothing but nothing.
				if !uncompared[tenant] {
					comparison.After(o)
				}
			}
			order := Order{Order: o, Count: len(o.Items)}
			if order.Shown = order.Count <= left; order.Shown {
				left -= order.Count
			} else {
				order.Items = nil
			}
			r.Orders = append(r.Orders, order)
		case whole[tenant]:
			comparison.Before(o)
		case len(o.Items) > 0:
			uncompared[tenant] = true
		}
	}
	slices.SortFunc(r.Orders, func(a, b Order) int {
		return cmp.Or(byName(a.Tenant, b.Tenant), a.Block.Start.Compare(b.Block.Start), cmp.Compare(a.Attempt, b.Attempt), strings.Compare(a.Key, b.Key))
	})
	r.Costs, r.Changes, r.Totals, r.Uncompared = costs.list(), comparison.Changes(), comparison.Totals(), len(uncompared)
	return nil
}

// check refuses an order whose items do not come to its total.
func check(o ledger.Order) error {
	total := decimal.Zero
	for _, item := range o.Items {
		total = total.Add(item.Amount)
	}
	if !total.Equal(o.Total) && o.Reserves {
		return fmt.Errorf("order %s of tenant %s: the total is %s, and its items come to %s (artifice verify names all mistakes)", o.Key, o.Tenant.ID, o.Total, total)
	}
	return nil
}

// needs says in which order states are looked at: what a person must do
// something about comes first.
var needs = map[ledger.Status]int{ledger.InDoubt: 0, ledger.Parked: 1, ledger.Claimed: 2, ledger.Settled: 3, ledger.Void: 4}

// byNeed is the order in which orders are shown in full, as far as there is
// room: then by total, greatest first.
func byNeed(a, b ledger.Order) int {
	return cmp.Or(cmp.Compare(needs[a.Status], needs[b.Status]), b.Total.Cmp(a.Total), strings.Compare(a.Key, b.Key))
}

// byName sorts tenants as people look for them.
func byName(a, b usage.Tenant) int {
	first, second := cmp.Or(a.Name, a.ID), cmp.Or(b.Name, b.ID)
	return cmp.Or(strings.Compare(strings.ToLower(first), strings.ToLower(second)), strings.Compare(first, second), strings.Compare(a.ID, b.ID))
}

// show chooses the tenants whose time is shown, where there are too many: those
// about which most is to be said.
func (r *Report) show() {
	over := r.Facts.index(r.Facts.over())
	for i := range r.Tenants {
		t := &r.Tenants[i]
		for _, h := range t.Hours[:over] {
			if h.State == Collected {
				t.unbilled++
			}
		}
	}
	slices.SortStableFunc(r.Tenants, func(a, b Tenant) int {
		return cmp.Or(cmp.Compare(b.open(), a.open()), cmp.Compare(b.unbilled, a.unbilled), cmp.Compare(b.Silent, a.Silent))
	})
	for i := range r.Tenants {
		r.Tenants[i].shown = i < r.Limits.Tenants
	}
	slices.SortFunc(r.Tenants, func(a, b Tenant) int { return byName(a.Tenant, b.Tenant) })
}

// open counts the windows about which a person may have to do something.
func (t Tenant) open() int {
	return t.Counted[InDoubt] + t.Counted[Parked] + t.Counted[Claimed] + t.Counted[Missing]
}

// over is up to when what is not billed was forgotten: the end of the month, and
// while that is running the end of what was billed last of anybody.
func (f *Facts) over() time.Time {
	if !f.Now.Before(f.Month.End) {
		return f.Month.End
	}
	var end time.Time
	for _, o := range f.Orders {
		if o.Reserves {
			end = later(end, o.Block.End)
		}
	}
	return end
}
