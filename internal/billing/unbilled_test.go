package billing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// unbilled is what is not billed as a person reads it: whose, from which hour
// of August to which, how many entries, and what became of an order of it.
func unbilled(t *testing.T, e *billing.Engine) []string {
	t.Helper()
	all, err := e.Unbilled(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	told := []string{}
	for _, u := range all {
		hour := func(at time.Time) int { return int(at.Sub(august.Start) / time.Hour) }
		told = append(told, fmt.Sprint(u.Tenant, " ", hour(u.Block.Start), "-", hour(u.Block.End), ": ", u.Entries, " ", u.Order.Status))
	}
	return told
}

// What no order would ever hold is told, and billing the blocks that are named
// leaves nothing.
func TestUnbilled(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, e *billing.Engine)
		want []string
	}{
		{"nothing was billed", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"})
		}, []string{}},
		{"all is billed, or not due", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 4, "1"}, used{"b", "free", "f1", 0, "1"})
			billHours(t, e, 0, 4)
		}, []string{}},
		{"a tenant that came late", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"})
			billHours(t, e, 0, 4)
			record(t, e, used{"b", "disk", "d2", 1, "1"}, used{"b", "disk", "d2", 2, "1"}, used{"b", "disk", "d2", 3, "0"}, used{"b", "free", "d2", 3, "7"}, used{"b", "disk", "d2", 5, "1"})
		}, []string{"b 0-4: 2 "}},
		{"a tenant that came late, and was billed later", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 4, "1"})
			billHours(t, e, 0, 4)
			billHours(t, e, 4, 8)
			record(t, e, used{"b", "disk", "d2", 1, "1"}, used{"b", "disk", "d2", 9, "1"})
			billHours(t, e, 8, 12)
		}, []string{"b 0-4: 1 "}},
		{"void", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"})
			voided(t, e, billOne(t, e, 0, 4))
		}, []string{"a 0-4: 1 void"}},
		{"void between others", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 4, "1"}, used{"a", "disk", "d1", 8, "1"})
			billOne(t, e, 0, 4)
			o := billOne(t, e, 4, 8)
			billOne(t, e, 8, 12)
			voided(t, e, o)
		}, []string{"a 4-8: 1 void"}},
		{"a void block that is half billed by now", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 3, "1"})
			voided(t, e, billOne(t, e, 0, 4))
			billOne(t, e, 0, 2)
		}, []string{"a 2-4: 1 "}},
		{"two void orders of one block", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"})
			voided(t, e, billOne(t, e, 0, 4))
			voided(t, e, billOne(t, e, 0, 4))
		}, []string{"a 0-4: 1 void"}},
		{"a void block that is not as others were billed", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 4, "1"}, used{"b", "disk", "d2", 1, "1"}, used{"b", "disk", "d2", 3, "1"}, used{"b", "disk", "d2", 5, "1"})
			for _, bill := range []struct {
				from, to int
				tenant   string
			}{{0, 4, "a"}, {4, 8, "a"}, {0, 3, "b"}} {
				outcomes, err := e.Bill(t.Context(), hours(bill.from, bill.to), []string{bill.tenant})
				if err != nil || outcomes[0].Result != billing.Billed {
					t.Fatal(outcomes, err)
				}
				if bill.tenant == "b" {
					voided(t, e, outcomes[0].Order)
				}
			}
		}, []string{"b 0-3: 1 void", "b 3-4: 1 ", "b 4-8: 1 "}},
		{"parked, while others were billed", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"b", "vm", "v1", 0, "1"})
			delete(e.ERP.(*desk).costs, "vm")
			billHours(t, e, 0, 4)
			e.ERP.(*desk).costs["vm"] = "1"
		}, []string{"b 0-4: 1 parked"}},
		{"before bill_from", func(t *testing.T, e *billing.Engine) {
			e.BillFrom = hours(2, 3).Start
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 4, "1"})
			billHours(t, e, 4, 8)
			record(t, e, used{"b", "disk", "d2", 1, "1"}, used{"b", "disk", "d2", 3, "1"})
		}, []string{"b 2-4: 1 "}},
		{"others' blocks, a void one of its own, and the rest", func(t *testing.T, e *billing.Engine) {
			record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 12, "1"})
			billOne(t, e, 0, 4)
			billOne(t, e, 12, 16)
			record(t, e, used{"b", "disk", "d2", 1, "1"}, used{"b", "disk", "d2", 5, "1"}, used{"b", "disk", "d2", 8, "1"}, used{"b", "disk", "d2", 13, "1"})
			outcomes, err := e.Bill(t.Context(), hours(8, 10), []string{"b"})
			if err != nil || outcomes[0].Result != billing.Billed {
				t.Fatal(outcomes, err)
			}
			voided(t, e, outcomes[0].Order)
		}, []string{"b 0-4: 1 ", "b 4-8: 1 ", "b 8-10: 1 void", "b 12-16: 1 "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := lateEngine(newDesk(map[string]string{"disk": "2", "vm": "1"}))
			test.make(t, e)
			if diff := cmp.Diff(test.want, unbilled(t, e)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			v, err := e.Verify(t.Context(), nil)
			if err != nil || len(v.Unbilled) != len(test.want) {
				t.Errorf("verify: %v, %v", v.Unbilled, err)
			}
			all, err := e.Unbilled(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range all {
				outcomes, err := e.Bill(t.Context(), u.Block, []string{u.Tenant})
				if err != nil || outcomes[0].Result != billing.Billed {
					t.Errorf("%s: %v, %v", u.Command(time.UTC), outcomes, err)
				}
			}
			if got := unbilled(t, e); len(got) > 0 {
				t.Errorf("then %v", got)
			}
			verified(t, e)
		})
	}
}

func voided(t *testing.T, e *billing.Engine, o ledger.Order) {
	t.Helper()
	if err := e.Void(t.Context(), o.Key, "wrong price"); err != nil {
		t.Fatal(err)
	}
}

// Months are named as months, where the tenant was first collected within one.
func TestUnbilledMonths(t *testing.T) {
	e := lateEngine(newDesk(map[string]string{"disk": "2"}))
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	e.Location = zone
	month, err := billing.Month("2013-08", zone)
	if err != nil {
		t.Fatal(err)
	}
	record(t, e, used{"a", "disk", "d1", 0, "1"})
	if _, err := e.Bill(t.Context(), month, nil); err != nil {
		t.Fatal(err)
	}
	record(t, e, used{"b", "disk", "d2", 1, "1"})
	all, err := e.Unbilled(t.Context(), nil)
	if err != nil || len(all) != 1 || all[0].Command(zone) != "artifice bill --month 2013-08 --tenant b" {
		t.Errorf("%v, %v", all, err)
	}
	want := usage.Span{Start: month.Start, End: month.End}
	if len(all) == 1 && !all[0].Block.Start.Equal(want.Start) {
		t.Errorf("%v", all[0].Block)
	}
}

// Status tells what is not billed, and leaves to the order's row what is parked.
func TestStatusUnbilled(t *testing.T) {
	e := lateEngine(newDesk(map[string]string{"disk": "2"}))
	record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"b", "vm", "v1", 0, "1"})
	billHours(t, e, 0, 4)
	record(t, e, used{"c", "disk", "d3", 0, "1"})
	all, err := e.Status(t.Context(), nil)
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	if len(all[0].Unbilled) != 0 || len(all[1].Unbilled) != 0 || len(all[1].Open) != 1 {
		t.Errorf("%+v", all)
	}
	want := "tenant c: 1 usage entry of 2013-08-01 to 2013-08-01T04:00Z in no order"
	if u := all[2].Unbilled; len(u) != 1 || u[0].String() != want || u[0].Command(time.UTC) != "artifice bill --from 2013-08-01 --to 2013-08-01T04:00Z --tenant c" {
		t.Errorf("%v", u)
	}
}
