package report

import (
	"cmp"
	"html/template"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
)

// statuses are the states of orders as the page tells them: what counts comes
// first.
var statuses = []ledger.Status{ledger.Settled, ledger.Claimed, ledger.InDoubt, ledger.Parked, ledger.Void}

type statusView struct{ Class, Sign, Word string }

var statusLooks = map[ledger.Status]statusView{
	ledger.Settled: {"b", "✓", "settled"},
	ledger.Claimed: {"k", "…", "claimed"},
	ledger.InDoubt: {"d", "?", "in doubt"},
	ledger.Parked:  {"p", "!", "parked"},
	ledger.Void:    {"v", "–", "void"},
}

// sums are what the orders of the month come to, by state and currency.
func (r *Report) sums() []sum {
	var all []sum
	for _, o := range r.Orders {
		i := slices.IndexFunc(all, func(s sum) bool {
			return s.status == o.Status && s.Currency == o.Currency && s.Counts == o.Reserves
		})
		if i < 0 {
			i = len(all)
			all = append(all, sum{Status: statusLooks[o.Status], Currency: o.Currency, Counts: o.Reserves, status: o.Status})
		}
		all[i].Orders++
		all[i].total, all[i].digits = all[i].total.Add(o.Total), max(all[i].digits, o.Digits)
	}
	slices.SortFunc(all, func(a, b sum) int {
		return cmp.Or(slices.Index(statuses, a.status)-slices.Index(statuses, b.status), cmp.Compare(rank(b.Counts), rank(a.Counts)), strings.Compare(a.Currency, b.Currency))
	})
	for i := range all {
		all[i].Total = money(all[i].total, all[i].digits)
	}
	return all
}

// costView is what a month cost in one currency, section by section.
type costView struct {
	Currency    string
	Total       template.HTML
	Adjustments template.HTML // as much of it corrects earlier blocks, "" for none
	Datacenters []datacenterView
}

type datacenterView struct {
	Name     string
	Total    template.HTML
	Bar      barView
	Services []serviceView
}

type serviceView struct {
	Name        string
	Amount      template.HTML
	Adjustments template.HTML
	Bar         barView
}

// barView is a bar; one that is below zero is hollow.
type barView struct {
	Length   int
	Negative bool
}

func newBar(d, most decimal.Decimal) barView { return barView{bar(d, most), d.IsNegative()} }

// costs returns the costs by currency, and how many services there are beyond
// those that are shown: these count nevertheless.
func (r *Report) costs() ([]costView, int) {
	var all []costView
	shown := 0
	for currency := range chunks(r.Costs, func(c Cost) string { return c.Currency }) {
		var digits int32
		total, adjustments, greatest := decimal.Zero, decimal.Zero, decimal.Zero
		byDatacenter := map[string]decimal.Decimal{}
		for _, c := range currency {
			digits = max(digits, c.Digits)
			total, adjustments = total.Add(c.Amount), adjustments.Add(c.Adjustments)
			byDatacenter[c.Datacenter] = byDatacenter[c.Datacenter].Add(c.Amount)
			greatest = most(greatest, c.Amount, byDatacenter[c.Datacenter])
		}
		v := costView{Currency: currency[0].Currency, Total: money(total, digits)}
		if !adjustments.IsZero() {
			v.Adjustments = money(adjustments, digits)
		}
		for datacenter := range chunks(currency, func(c Cost) string { return c.Datacenter }) {
			sum := byDatacenter[datacenter[0].Datacenter]
			d := datacenterView{Name: short(datacenter[0].Datacenter), Total: money(sum, digits), Bar: newBar(sum, greatest)}
			for _, c := range datacenter[:min(len(datacenter), max(0, r.Limits.Costs-shown))] {
				s := serviceView{Name: short(c.Service), Amount: money(c.Amount, digits), Bar: newBar(c.Amount, greatest)}
				if !c.Adjustments.IsZero() {
					s.Adjustments = money(c.Adjustments, digits)
				}
				d.Services = append(d.Services, s)
			}
			shown += len(d.Services)
			v.Datacenters = append(v.Datacenters, d)
		}
		all = append(all, v)
	}
	return all, len(r.Costs) - shown
}

// chunks cuts a list where the key changes.
func chunks[T any](list []T, key func(T) string) func(func([]T) bool) {
	return func(yield func([]T) bool) {
		for len(list) > 0 {
			n := 1
			for n < len(list) && key(list[n]) == key(list[0]) {
				n++
			}
			if !yield(list[:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// changesView is what changed most since the month before.
type changesView struct {
	First      bool // whether nothing was billed before
	Totals     []totalView
	Rows       []changeView
	More       int
	Gone, New  int // tenants
	Uncompared int
}

type totalView struct {
	Currency                  string
	Before, After, Difference template.HTML
}

type changeView struct {
	Who                       who
	Datacenter, Service       string
	Adjusts                   bool
	Kind                      Kind
	Quantity                  string // before and after, where that can be said
	Before, After, Difference template.HTML
	Currency                  string
	BeforeBar, AfterBar       barView
}

// biggest is how many changes are shown.
const biggest = 10

func (r *Report) changes() changesView {
	v := changesView{Uncompared: r.Uncompared, More: max(0, len(r.Changes)-biggest)}
	for _, t := range r.Totals {
		v.Totals = append(v.Totals, totalView{t.Currency, money(t.Before, t.Digits), money(t.After, t.Digits), signed(t.After.Sub(t.Before), t.Digits)})
	}
	v.First = len(r.Changes) > 0 && r.Uncompared == 0 && !slices.ContainsFunc(r.Changes, func(c Change) bool { return c.Kind != NewTenant })
	tenants := map[string]bool{}
	for _, c := range r.Changes {
		switch {
		case tenants[c.Tenant.ID]:
		case c.Kind == NewTenant:
			v.New++
		case c.Kind == GoneTenant:
			v.Gone++
		}
		tenants[c.Tenant.ID] = true
	}
	shown := r.Changes[:len(r.Changes)-v.More]
	greatest := decimal.Zero
	for _, c := range shown {
		greatest = most(greatest, c.Before.Amount, c.After.Amount)
	}
	for _, c := range shown {
		v.Rows = append(v.Rows, changeView{
			Who: whoIs(c.Tenant), Datacenter: short(c.Datacenter), Service: short(c.Service), Adjusts: c.Adjusts, Kind: c.Kind, Quantity: quantities(c),
			Before: money(c.Before.Amount, c.Digits), After: money(c.After.Amount, c.Digits), Difference: signed(c.Difference(), c.Digits), Currency: c.Currency,
			BeforeBar: newBar(c.Before.Amount, greatest), AfterBar: newBar(c.After.Amount, greatest),
		})
	}
	return v
}

// signed is an amount with its sign, also where that is a plus.
func signed(d decimal.Decimal, digits int32) template.HTML {
	if d.IsPositive() {
		return "+" + money(d, digits)
	}
	return money(d, digits)
}

// quantities tells a quantity, and its price where that is another, before and
// after.
func quantities(c Change) string {
	of := func(f Figure) string {
		if f.Several {
			return "several units"
		}
		return strings.TrimSpace(f.Quantity.String() + " " + f.Unit)
	}
	before, after := of(c.Before), of(c.After)
	switch {
	case c.Before.Items == 0:
		return short(after)
	case c.After.Items == 0:
		return short(before)
	case !c.Before.comparable(c.After):
		return short(before + " → " + after)
	case !c.Before.Quantity.Equal(c.After.Quantity):
		after = c.Before.Quantity.String() + " → " + after
	}
	if !c.Before.Prices && !c.After.Prices && !c.Before.Cost.Equal(c.After.Cost) {
		after += " at " + c.Before.Cost.String() + " → " + c.After.Cost.String()
	}
	return short(after)
}
