package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A need is something that a person, or the next run, has to do.
type need struct {
	Class, Sign string
	What        string
	Who         []who  // the first of them
	More        int    // how many more there are
	Block       string // of an order, where that is not the month
	Why, Next   string
}

// maxNeeds is how many orders are told, one by one; maxWho how many tenants
// where one thing is to be said of all.
const (
	maxNeeds = 50
	maxWho   = 5
)

// needs lists what is not done: orders that are open, the gravest first, and
// then time that is missing or not billed.
func (r *Report) needs() (all []need, more int) {
	open := slices.Clone(r.Orders)
	open = slices.DeleteFunc(open, func(o Order) bool { return o.Status == ledger.Settled || o.Status == ledger.Void })
	slices.SortStableFunc(open, func(a, b Order) int { return cmp.Compare(needs[a.Status], needs[b.Status]) })
	more = max(0, len(open)-maxNeeds)
	for _, o := range open[:len(open)-more] {
		look := statusLooks[o.Status]
		n := need{Class: look.Class, Sign: look.Sign, What: look.Word, Who: []who{whoIs(o.Tenant)}, Why: short(r.hint(o.Reason)), Next: r.hint(billing.Next(o.Order))}
		if !r.wholeMonth(o.Block) {
			n.Block = r.label(o.Block)
		}
		all = append(all, n)
	}
	month := r.label(r.Facts.Month)
	hours := func(state State) func(Tenant) time.Duration {
		return func(t Tenant) time.Duration { return time.Duration(t.Counted[state]) * time.Hour }
	}
	for _, kind := range []struct {
		class, sign string
		what        string
		of          func(Tenant) time.Duration
		next        string
	}{
		{looks[Missing].class, looks[Missing].sign, "missing", hours(Missing), "artifice collect; artifice status says how far each source is"},
		{gapClass, gapSign, "gaps", func(t Tenant) time.Duration { return t.Silent }, "artifice usage --gaps --month " + month + " names the resources"},
		{looks[Collected].class, looks[Collected].sign, "not billed", hours(Collected), r.bills() + ", once the month is over"},
	} {
		n := need{Class: kind.class, Sign: kind.sign, What: kind.what, Next: r.hint(kind.next)}
		var length time.Duration
		tenants, gaps := 0, 0
		for _, t := range r.Tenants {
			if kind.of(t) == 0 {
				continue
			}
			length += kind.of(t)
			gaps += len(t.Gaps)
			if tenants++; tenants <= maxWho {
				n.Who = append(n.Who, whoIs(t.Tenant))
			}
		}
		if tenants == 0 {
			continue
		}
		n.More = max(0, tenants-maxWho)
		n.Why = fmt.Sprintf("%s of %s", billing.DurationText(length), plural(tenants, "tenant"))
		if kind.sign == gapSign {
			n.Why = fmt.Sprintf("resources of %s were silent %s, for %s in all", plural(tenants, "tenant"), plural(gaps, "time"), billing.DurationText(length))
		}
		all = append(all, n)
		if kind.sign == gapSign {
			all = append(all, r.shortGaps()...)
		}
	}
	return all, more
}

// bills is the command that bills what is left of the month. One that names the
// month is refused where an order has a part of it.
func (r *Report) bills() string {
	for _, o := range within(r.Facts.Month, r.Facts.Orders) {
		if o.Reserves && !r.wholeMonth(o.Block) {
			return "artifice bill --due"
		}
	}
	return "artifice bill --month " + r.label(r.Facts.Month)
}

// wholeMonth reports whether a block is the month.
func (r *Report) wholeMonth(block usage.Span) bool {
	return block.Start.Equal(r.Facts.Month.Start) && block.End.Equal(r.Facts.Month.End)
}

// shortGaps says of meters that have many short gaps what would have covered
// them.
func (r *Report) shortGaps() (all []need) {
	for _, g := range r.short.Repeated() {
		all = append(all, need{Class: gapClass, Sign: gapSign, What: "short gaps",
			Why: fmt.Sprintf("meter %s: %v, of %s", short(g.Meter), g, plural(g.Tenants(), "tenant")), Next: short(g.Hint(r.Facts.Holds))})
	}
	return all
}
