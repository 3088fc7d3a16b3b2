package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
)

// A Cost is what all tenants together pay for one service in one datacenter.
type Cost struct {
	Currency            string // ISO 4217
	Digits              int32  // of its minor unit
	Datacenter, Service string
	Amount              decimal.Decimal
	Adjustments         decimal.Decimal // as much of it corrects earlier blocks
}

type costKey struct{ currency, datacenter, service string }

// costs are gathered order by order.
type costs map[costKey]*Cost

func (c costs) add(o ledger.Order) {
	for _, item := range o.Items {
		key := costKey{o.Currency, item.Datacenter, item.Name}
		cost, ok := c[key]
		if !ok {
			cost = &Cost{Currency: o.Currency, Datacenter: item.Datacenter, Service: item.Name}
			c[key] = cost
		}
		cost.Digits = max(cost.Digits, o.Digits)
		cost.Amount = cost.Amount.Add(item.Amount)
		if !item.Adjusts.IsZero() {
			cost.Adjustments = cost.Adjustments.Add(item.Amount)
		}
	}
}

// list returns the costs by currency and datacenter, the greatest first.
func (c costs) list() []Cost {
	var all []Cost
	for _, cost := range c {
		all = append(all, *cost)
	}
	slices.SortFunc(all, func(a, b Cost) int {
		return cmp.Or(strings.Compare(a.Currency, b.Currency), strings.Compare(a.Datacenter, b.Datacenter), b.Amount.Cmp(a.Amount), strings.Compare(a.Service, b.Service))
	})
	return all
}
