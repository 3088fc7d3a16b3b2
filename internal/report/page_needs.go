package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

// A need is something that a person, or the next run, has to do.
type need struct {
	Class, Sign string
	What        string
	Who         []who // the first of them
	More        int   // how many more there are
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
		all = append(all, need{look.Class, look.Sign, look.Word, []who{whoIs(o.Tenant)}, 0, short(r.hint(o.Reason)), r.hint(billing.Next(o.Order))})
	}
	month := r.label(r.Facts.Month)
	for _, kind := range []struct {
		hour Hour
		what string
		of   func(Tenant) int
		next string
	}{
		{Hour{State: Missing}, "missing", func(t Tenant) int { return t.Counted[Missing] }, "artifice collect; artifice status says how far each source is"},
		{Hour{State: Billed, Gap: true}, "with a gap", func(t Tenant) int { return t.Gaps }, "artifice usage --gaps --month " + month + " names the resources"},
		{Hour{State: Collected}, "not billed", func(t Tenant) int { return t.Counted[Collected] }, "artifice bill --month " + month + ", once the month is over"},
	} {
		n := need{Class: looks[kind.hour.State].class, Sign: looks[kind.hour.State].sign, What: kind.what, Next: r.hint(kind.next)}
		if kind.hour.Gap {
			n.Class, n.Sign = n.Class+" g", "g"
		}
		hours, tenants := 0, 0
		for _, t := range r.Tenants {
			if kind.of(t) == 0 {
				continue
			}
			hours += kind.of(t)
			if tenants++; tenants <= maxWho {
				n.Who = append(n.Who, whoIs(t.Tenant))
			}
		}
		if tenants > 0 {
			n.More = max(0, tenants-maxWho)
			n.Why = fmt.Sprintf("%s of %s", hoursText(hours), plural(tenants, "tenant"))
			all = append(all, n)
		}
	}
	return all, more
}
