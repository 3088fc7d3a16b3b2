package invoicetest_test

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/invoice/invoicetest"
)

// The test of an adapter is a Setup and one call of Run.
func ExampleRun() {
	_ = func(t *testing.T) { // func TestContract(t *testing.T) {
		invoicetest.Run(t, memorySetup)
	}
}

// memorySetup tells the suite how to make the ERP, what it has prices for, and
// how to see what it holds.
var memorySetup = invoicetest.Setup{
	Once: true,
	Prices: []invoicetest.Price{
		{Datacenter: "north", Name: "m1.nano", Cost: decimal.RequireFromString("0.015")},
		{Datacenter: "north", Name: "volume.size", Cost: decimal.RequireFromString("0.00032")},
		{Datacenter: "south", Name: "m1.nano", Cost: decimal.RequireFromString("0.015")},
	},
	New: func(testing.TB) invoice.ERP {
		return &Memory{
			costs: map[string]decimal.Decimal{
				"m1.nano":     decimal.RequireFromString("0.015"),
				"volume.size": decimal.RequireFromString("0.00032"),
			},
			saved: map[string]*Invoice{},
		}
	},
	Saved: func(_ testing.TB, erp invoice.ERP) []invoicetest.Saved {
		var all []invoicetest.Saved
		for _, i := range erp.(*Memory).saved {
			all = append(all, invoicetest.Saved{Key: i.order.Key, Reference: i.reference, Sections: i.sections, Items: slices.Clone(i.items)})
		}
		return all
	},
}

func TestMemory(t *testing.T) { invoicetest.Run(t, memorySetup) }
