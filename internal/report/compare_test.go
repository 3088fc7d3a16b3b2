package report_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func TestChanges(t *testing.T) {
	a, b, c, d := usage.Tenant{ID: "a"}, usage.Tenant{ID: "b"}, usage.Tenant{ID: "c"}, usage.Tenant{ID: "d"}
	comparison := report.NewComparison()
	for _, o := range []ledger.Order{
		order(1, a, march, ledger.Settled,
			item("n", "up", "10", "hour", "1", "10.00"),
			item("n", "down", "10", "hour", "1", "10.00"),
			item("n", "dear", "10", "hour", "1", "10.00"),
			item("n", "same", "10", "hour", "1", "10.00"),
			item("n", "gone", "10", "hour", "1", "10.00"),
			item("n", "unit", "7200", "second", "0.001", "7.20"),
			adjusting(march, item("n", "same", "1", "hour", "1", "1.00"))),
		order(2, b, march, ledger.Settled, item("n", "x", "3", "hour", "1", "3.00"), item("s", "x", "4", "hour", "1", "4.00")),
	} {
		comparison.Before(o)
	}
	for _, o := range []ledger.Order{
		order(3, a, april, ledger.Settled,
			item("n", "up", "12", "hour", "1", "12.00"), item("n", "up", "5", "hour", "1", "5.00"), // 17 - 10 = +7
			item("n", "down", "4", "hour", "1", "4.00"),      //                                            4 - 10 = -6
			item("n", "dear", "10", "hours", "1.5", "15.00"), //                                      15 - 10 = +5
			item("n", "same", "10", "hour", "1", "10.00"),
			item("n", "unit", "2", "hour", "4", "8.00"),                      // 8.00 - 7.20 = +0.80
			item("n", "free", "2", "hour", "0", "0.00"),                      // new, and costs nothing
			adjusting(march, item("n", "up", "-2.5", "hour", "1", "-2.50"))), // apart from the month's own: -2.50
		order(4, b, april, ledger.Settled),
		order(5, c, april, ledger.Settled, item("n", "x", "2", "hour", "1", "2.00")),
		order(6, d, april, ledger.Settled),
	} {
		comparison.After(o)
	}
	var got []string
	for _, c := range comparison.Changes() {
		adjusts := ""
		if c.Adjusts {
			adjusts = " adjusts"
		}
		got = append(got, fmt.Sprintf("%s %s %s%s: %s %s", c.Tenant.ID, c.Datacenter, c.Service, adjusts, c.Kind, c.Difference().StringFixed(2)))
	}
	want := []string{
		"a n gone: item gone -10.00",
		"a n up: more 7.00",
		"a n down: less -6.00",
		"a n dear: price 5.00",
		"b s x: tenant gone -4.00",
		"b n x: tenant gone -3.00",
		"a n up adjusts: new item -2.50",
		"c n x: new tenant 2.00",
		"a n same adjusts: item gone -1.00",
		"a n unit: more 0.80",
		"a n free: new item 0.00",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// 10 x 5 + 7.20 + 1 + 7 = 65.20; 17 + 4 + 15 + 10 + 8 + 0 - 2.50 + 2 = 53.50
	if totals := comparison.Totals(); len(totals) != 1 || totals[0].Before.StringFixed(2) != "65.20" || totals[0].After.StringFixed(2) != "53.50" {
		t.Errorf("totals are %v", totals)
	}
}

// What has no cost is no fall in price: it comes first, and what the month comes
// to is not known.
func TestChangesWithoutCost(t *testing.T) {
	a, b := usage.Tenant{ID: "a"}, usage.Tenant{ID: "b"}
	comparison := report.NewComparison()
	comparison.Before(order(1, a, march, ledger.Settled, item("n", "small", "659", "hour", "0.05", "32.95"), item("n", "large", "1", "hour", "2", "2.00")))
	draft := order(2, a, april, ledger.Claimed, item("n", "small", "13", "hour", "0.05", "0.65"))
	comparison.After(draft)
	comparison.NoCost(draft, []billing.Missing{
		{Datacenter: "n", Service: "large", Unit: "hour", Volume: dec("90")},
		{Datacenter: "n", Service: "large", Unit: "hour", Volume: dec("3"), Adjusts: "2025-02"},
	})
	comparison.NoCost(order(3, b, april, ledger.Claimed), []billing.Missing{{Datacenter: "n", Service: "small", Unit: "hour", Volume: dec("7")}})
	var got []string
	for _, c := range comparison.Changes() {
		got = append(got, fmt.Sprintf("%s %s %t: %s %s to %s %s, from %s", c.Tenant.ID, c.Service, c.Adjusts, c.Kind, c.Before.Quantity, c.After.Quantity, c.After.Unit, c.Before.Amount.StringFixed(2)))
	}
	want := []string{
		"a large false: no cost 1 to 90 hour, from 2.00",
		"a large true: no cost 0 to 3 hour, from 0.00",
		"b small false: no cost 0 to 7 hour, from 0.00",
		"a small false: less 659 to 13 hour, from 32.95",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// 32.95 + 2.00 = 34.95
	if totals := comparison.Totals(); len(totals) != 1 || !totals[0].Incomplete || totals[0].Before.StringFixed(2) != "34.95" || totals[0].After.StringFixed(2) != "0.65" {
		t.Errorf("totals are %v", totals)
	}
}

// What is billed in another currency is not held against what was.
func TestChangesOfCurrency(t *testing.T) {
	a := usage.Tenant{ID: "a"}
	before := order(1, a, march, ledger.Settled, item("n", "x", "1", "hour", "100", "100.00"))
	before.Currency = "JPY"
	comparison := report.NewComparison()
	comparison.Before(before)
	comparison.After(order(2, a, april, ledger.Settled, item("n", "x", "1", "hour", "1", "1.00")))
	got := comparison.Changes()
	if len(got) != 2 || got[0].Currency != "JPY" || got[0].Kind != report.GoneItem || got[1].Currency != "NZD" || got[1].Kind != report.NewItem {
		t.Errorf("changes are %v", got)
	}
	if totals := comparison.Totals(); len(totals) != 2 {
		t.Errorf("totals are %v", totals)
	}
}
