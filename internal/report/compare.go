package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A Kind is what became of one service of a tenant from one month to the next.
type Kind string

// The kinds of changes.
const (
	NewTenant  Kind = "new tenant"  // nothing was billed to the tenant before
	GoneTenant Kind = "tenant gone" // nothing is billed to the tenant now
	NewItem    Kind = "new item"
	GoneItem   Kind = "item gone"
	More       Kind = "more"  // costs more
	Less       Kind = "less"  // costs less
	Price      Kind = "price" // the same quantity at another price
	// NoCost is usage that the ERP has no cost for: nobody knows the difference.
	NoCost Kind = "no cost"
)

// A Change is how what a tenant pays for one service in one datacenter differs
// between two months. Corrections of earlier months are apart from the month's
// own usage.
type Change struct {
	Tenant              usage.Tenant
	Datacenter, Service string
	Adjusts             bool   // whether it is about corrections of earlier months
	Currency            string // ISO 4217
	Digits              int32  // of the currency's minor unit
	Kind                Kind
	Before, After       Figure

	noCost bool
	size   decimal.Decimal // of the difference, to sort by
}

// Difference is by how much the amount has grown. It says nothing of what has
// NoCost.
func (c Change) Difference() decimal.Decimal { return c.After.Amount.Sub(c.Before.Amount) }

// A Figure is what the items of one service come to in one month.
type Figure struct {
	Items  int
	Amount decimal.Decimal
	// Quantity is the sum of their values in Unit. It says nothing where the
	// items have Several units.
	Quantity decimal.Decimal
	Unit     string
	Several  bool
	// Cost is the price of one unit. It says nothing where the items have
	// several Prices.
	Cost   decimal.Decimal
	Prices bool
}

func (f *Figure) add(item ledger.Item) {
	switch {
	case f.Items == 0:
		f.Unit, f.Cost = item.Unit, item.Cost
	case !usage.SameUnit(f.Unit, item.Unit):
		f.Several = true
	}
	f.Prices = f.Prices || !f.Cost.Equal(item.Cost)
	f.Items++
	f.Amount = f.Amount.Add(item.Amount)
	f.Quantity = f.Quantity.Add(item.Value)
}

// A Total is what two months come to in one currency.
type Total struct {
	Currency      string
	Digits        int32
	Before, After decimal.Decimal
	// Incomplete says that After lacks usage that has no cost.
	Incomplete bool
}

// A Comparison holds what is billed for a month against what was billed for the
// one before.
type Comparison struct {
	changes       map[changeKey]*Change
	before, after map[string]bool // the tenants that have items
	totals        map[string]*Total
}

type changeKey struct {
	tenant, datacenter, service, currency string
	adjusts                               bool
}

// NewComparison is a comparison of nothing with nothing.
func NewComparison() *Comparison {
	return &Comparison{changes: map[changeKey]*Change{}, before: map[string]bool{}, after: map[string]bool{}, totals: map[string]*Total{}}
}

// Before adds an order of the month before.
func (c *Comparison) Before(o ledger.Order) {
	for _, item := range o.Items {
		change, total := c.at(o, item)
		change.Before.add(item)
		total.Before = total.Before.Add(item.Amount)
		c.before[o.Tenant.ID] = true
	}
}

// After adds an order of the month itself. Its name of the tenant is the one
// that is shown.
func (c *Comparison) After(o ledger.Order) {
	for _, item := range o.Items {
		change, total := c.at(o, item)
		change.Tenant = o.Tenant
		change.After.add(item)
		total.After = total.After.Add(item.Amount)
		c.after[o.Tenant.ID] = true
	}
}

// NoCost adds usage of the tenant of a draft of the month itself that has no
// cost, though it is on no order.
func (c *Comparison) NoCost(o ledger.Order, missing []billing.Missing) {
	for _, m := range missing {
		item := ledger.Item{Item: invoice.Item{Datacenter: m.Datacenter, Name: m.Service, Value: m.Volume, Unit: m.Unit}}
		change, total := c.of(o, item, m.Adjusts != "")
		change.Tenant, change.noCost, total.Incomplete = o.Tenant, true, true
		change.After.add(item)
		c.after[o.Tenant.ID] = true
	}
}

func (c *Comparison) at(o ledger.Order, item ledger.Item) (*Change, *Total) {
	return c.of(o, item, !item.Adjusts.IsZero())
}

func (c *Comparison) of(o ledger.Order, item ledger.Item, adjusts bool) (*Change, *Total) {
	key := changeKey{o.Tenant.ID, item.Datacenter, item.Name, o.Currency, adjusts}
	change, ok := c.changes[key]
	if !ok {
		change = &Change{Tenant: o.Tenant, Datacenter: item.Datacenter, Service: item.Name, Adjusts: key.adjusts, Currency: o.Currency}
		c.changes[key] = change
	}
	total, ok := c.totals[o.Currency]
	if !ok {
		total = &Total{Currency: o.Currency}
		c.totals[o.Currency] = total
	}
	change.Digits, total.Digits = max(change.Digits, o.Digits), max(total.Digits, o.Digits)
	return change, total
}

// Changes returns what changed: what has no cost, then by the size of the
// difference, greatest first, what costs something else than before, and what
// is new or gone.
func (c *Comparison) Changes() []Change {
	var all []Change
	for _, change := range c.changes {
		if change.Kind = c.kind(change); change.Kind != "" {
			change.size = change.Difference().Abs()
			all = append(all, *change)
		}
	}
	slices.SortFunc(all, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(b.noCost), rank(a.noCost)), b.size.Cmp(a.size),
			strings.Compare(a.Tenant.ID, b.Tenant.ID), strings.Compare(a.Datacenter, b.Datacenter), strings.Compare(a.Service, b.Service),
			strings.Compare(a.Currency, b.Currency), cmp.Compare(rank(a.Adjusts), rank(b.Adjusts)))
	})
	return all
}

// kind is what became of a service, "" for nothing.
func (c *Comparison) kind(change *Change) Kind {
	tenant := change.Tenant.ID
	switch {
	case change.noCost:
		return NoCost
	case !c.before[tenant]:
		return NewTenant
	case !c.after[tenant]:
		return GoneTenant
	case change.Before.Items == 0:
		return NewItem
	case change.After.Items == 0:
		return GoneItem
	case change.Before.Amount.Equal(change.After.Amount):
		return ""
	case change.Before.comparable(change.After) && change.Before.Quantity.Equal(change.After.Quantity):
		return Price
	case change.Difference().IsPositive():
		return More
	}
	return Less
}

// comparable reports whether the quantities of two figures are in one unit.
func (f Figure) comparable(other Figure) bool {
	return !f.Several && !other.Several && usage.SameUnit(f.Unit, other.Unit)
}

// Totals returns what the two months come to, by currency.
func (c *Comparison) Totals() []Total {
	var all []Total
	for _, currency := range slices.Sorted(maps.Keys(c.totals)) {
		all = append(all, *c.totals[currency])
	}
	return all
}

// rank sorts what is false first.
func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
