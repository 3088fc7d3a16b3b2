package billing_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
)

// A late is a block of four hours that was billed, what came after that, and
// the order of the next four hours.
type late struct {
	name   string
	before []used // of the first block
	after  []used // late, and of the second block
	costs  map[string]string
	erp    func(*desk) invoice.ERP
	want   []string // the second order's items
	total  string
	left   int // items that wait
}

func lateCases() []late {
	plain := map[string]string{"disk": "2", "vm": "3"}
	dear := map[string]string{"disk": "2", "vm": "3", "disk 01T04": "20", "vm 01T04": "30"} // in the second block
	return []late{{
		name: "more, at the cost of its own block", costs: dear,
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "disk", "d1", 1, "2.5"}, {"a", "disk", "d1", 4, "1"}},
		want: []string{
			"disk: 1 after 0 GB hour = 1 GB hour at 20 is 20",
			"00h: disk: 2.5 after 5 GB hour = 2.5 GB hour at 2 is 5", // 2.5 x 2
		}, total: "25",
	}, {
		name: "less, as far as the total goes", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}, {"a", "vm", "v1", 0, "3600"}},
		after:  []used{{"a", "disk", "d1", 0, "3"}, {"a", "disk", "d1", 4, "2"}},
		want: []string{
			"disk: 2 after 0 GB hour = 2 GB hour at 2 is 4",
			"00h: disk: -2 after 5 GB hour = -2 GB hour at 2 is -4", // 3 - 5
		}, total: "0",
	}, {
		name: "less than the total bears", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}, {"a", "vm", "v1", 0, "3600"}},
		after:  []used{{"a", "disk", "d1", 0, "1"}, {"a", "vm", "v1", 0, "0"}, {"a", "disk", "d1", 4, "2"}},
		want: []string{
			"disk: 2 after 0 GB hour = 2 GB hour at 2 is 4",
			"00h: vm: -3600 after 3600 second = -3600 second at 0.001 is -3.6",
		}, total: "0.4", left: 1, // -4 GB hour at 2 is -8
	}, {
		name: "less than the total bears, as a credit note", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "disk", "d1", 0, "1"}},
		erp:    func(d *desk) invoice.ERP { return crediter{d} },
		want:   []string{"00h: disk: -4 after 5 GB hour = -4 GB hour at 2 is -8"}, total: "-8",
	}, {
		name: "what is more makes room for what is less", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "disk", "d1", 0, "3"}, {"a", "vm", "v1", 1, "7200"}},
		want: []string{
			"00h: disk: -2 after 5 GB hour = -2 GB hour at 2 is -4",
			"00h: vm: 7200 after 0 second = 7200 second at 0.001 is 7.2",
		}, total: "3.2", // nothing was used but this
	}, {
		name: "only less: there is nothing to bill", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "disk", "d1", 0, "3"}},
		want:   []string{}, total: "0", left: 1,
	}, {
		name: "hours that change nothing altogether", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "disk", "d1", 0, "3"}, {"a", "disk", "d1", 1, "2"}},
		want:   []string{"00h: disk: 0 after 5 GB hour = 0 GB hour at 2 is 0"}, total: "0",
	}, {
		name: "within the begun hour", costs: plain,
		before: []used{{"a", "vm", "v1", 0, "3000"}}, // begun: 1 hour
		after:  []used{{"a", "vm", "v1", 1, "600"}},  // 3600 s: still 1
		want:   []string{"00h: vm: 600 after 3000 second = 0 second at 0.001 is 0"}, total: "0",
	}, {
		name: "another begun hour", costs: plain,
		before: []used{{"a", "vm", "v1", 0, "3000"}},
		after:  []used{{"a", "vm", "v1", 1, "601"}},
		want:   []string{"00h: vm: 601 after 3000 second = 3600 second at 0.001 is 3.6"}, total: "3.6",
	}, {
		name: "a service that the block had not", costs: map[string]string{"disk": "2", "vm": "0.001", "vm 01T04": "9"},
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "vm", "v1", 1, "7200"}},
		want:   []string{"00h: vm: 7200 after 0 second = 7200 second at 0.001 is 7.2"}, total: "7.2",
	}, {
		name: "two meters, one service", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "backup", "b1", 1, "1"}, {"a", "disk", "d1", 1, "1"}},
		want:   []string{"00h: disk: 2 after 5 GB hour = 2 GB hour at 2 is 4"}, total: "4",
	}, {
		name: "a meter that is not billed", costs: plain,
		before: []used{{"a", "free", "f1", 0, "5"}, {"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "free", "f1", 0, "1"}, {"a", "disk", "d1", 0, "6"}},
		want: []string{
			"00h: disk: -4 after 0 GB hour = -4 GB hour at 0 is 0",
			"00h: disk: 1 after 5 GB hour = 1 GB hour at 2 is 2",
		}, total: "2",
	}, {
		name: "a meter that is not billed, and that the block had not", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}},
		after:  []used{{"a", "free", "f1", 0, "3"}},
		want:   []string{"00h: disk: 3 after 0 GB hour = 3 GB hour at 0 is 0"}, total: "0",
	}, {
		name: "item for item", costs: plain,
		before: []used{{"a", "disk", "d1", 0, "5"}, {"a", "disk", "d2", 0, "7"}},
		after:  []used{{"a", "disk", "d2", 0, "8"}, {"a", "disk", "d3", 0, "1"}},
		erp:    func(d *desk) invoice.ERP { return itemized{d} },
		want: []string{
			"00h: disk of d2: 1 after 7 GB hour = 1 GB hour at 2 is 2",
			"00h: disk of d3: 1 after 0 GB hour = 1 GB hour at 2 is 2",
		}, total: "4",
	}}
}

func TestLateUsage(t *testing.T) {
	for _, test := range lateCases() {
		t.Run(test.name, func(t *testing.T) { test.run(t, nil) })
	}
}

// run runs the case on a store, in memory where it is nil.
func (l late) run(t *testing.T, store ledger.Store) {
	if l.costs["vm"] == "3" {
		l.costs["vm"] = "0.001" // a second
	}
	d := newDesk(l.costs)
	var erp invoice.ERP = d
	if l.erp != nil {
		erp = l.erp(d)
	}
	e := lateEngine(erp)
	if store != nil {
		e.Store = store
	}
	record(t, e, l.before...)
	billOne(t, e, 0, 4)
	record(t, e, l.after...)
	draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, hours(4, 8))
	if err != nil {
		t.Fatal(err)
	}
	if len(draft.Left) != l.left {
		t.Errorf("left are %v, want %d", lines(draft.Left), l.left)
	}
	order := billOne(t, e, 4, 8)
	if diff := cmp.Diff(l.want, lines(order.Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if order.Total.String() != l.total {
		t.Errorf("total %s, want %s", order.Total, l.total)
	}
	if items, sent := d.saved[order.Key], order.Reference != ""; sent != (len(items) > 0) {
		t.Errorf("reference %q, and the ERP has %d items", order.Reference, len(items))
	}
	verified(t, e)
	// Whatever was carried is not billed again.
	if again := billOne(t, e, 8, 12); len(again.Items) != 0 {
		t.Errorf("again: %v", lines(again.Items))
	}
	pending := 0
	for a, err := range e.Store.Adjustments(t.Context(), ledger.AdjustmentFilter{Pending: true}) {
		if pending++; err != nil {
			t.Fatal(err)
		}
		_ = a
	}
	if (pending > 0) != (l.left > 0) {
		t.Errorf("%d adjustments are pending", pending)
	}
}

// The price that a block was billed at is its price, whatever the ERP says of it
// by now.
func TestPriceThatHasChanged(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(d)
	record(t, e, used{"a", "disk", "d1", 0, "5"})
	billOne(t, e, 0, 4)
	d.costs["disk"], d.units = "9", map[string]string{"disk": "GB day"}
	record(t, e, used{"a", "disk", "d1", 1, "1"}, used{"a", "disk", "d1", 4, "48"})
	want := []string{
		"disk: 48 after 0 GB hour = 2 GB day at 9 is 18",
		"00h: disk: 1 after 5 GB hour = 1 GB hour at 2 is 2",
	}
	if diff := cmp.Diff(want, lines(billOne(t, e, 4, 8).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
}

// What waits is billed by the first order that it fits into.
func TestLeftForLater(t *testing.T) {
	e := lateEngine(newDesk(map[string]string{"disk": "2"}))
	record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"a", "disk", "d1", 4, "5"})
	billOne(t, e, 0, 4)
	billOne(t, e, 4, 8)
	// 5 - 1 = 4 less for the first block, 5 - 3 = 2 for the second
	record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "disk", "d1", 4, "3"}, used{"a", "disk", "d1", 8, "2"}, used{"a", "disk", "d1", 12, "9"})
	want := []string{
		"disk: 2 after 0 GB hour = 2 GB hour at 2 is 4",
		"04h: disk: -2 after 5 GB hour = -2 GB hour at 2 is -4", // the older one is too large
	}
	if diff := cmp.Diff(want, lines(billOne(t, e, 8, 12).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	want = []string{
		"disk: 9 after 0 GB hour = 9 GB hour at 2 is 18",
		"00h: disk: -4 after 5 GB hour = -4 GB hour at 2 is -8",
	}
	if diff := cmp.Diff(want, lines(billOne(t, e, 12, 16).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
}

// A second correction of a block begins where the first one ended.
func TestCorrectedTwice(t *testing.T) {
	e := lateEngine(newDesk(map[string]string{"vm": "0.001"}))
	record(t, e, used{"a", "vm", "v1", 0, "3000"})
	billOne(t, e, 0, 4)
	record(t, e, used{"a", "vm", "v1", 1, "601"})
	billOne(t, e, 4, 8)
	record(t, e, used{"a", "vm", "v1", 1, "700"}, used{"a", "vm", "v1", 2, "3600"})
	want := []string{"00h: vm: 3699 after 3601 second = 3600 second at 0.001 is 3.6"} // 7300 s are 3 begun hours, 3601 s are 2
	if diff := cmp.Diff(want, lines(billOne(t, e, 8, 12).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
}

// Late usage that has no cost parks the tenant, as any usage does.
func TestLateUsageWithoutACost(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(d)
	record(t, e, used{"a", "disk", "d1", 0, "5"})
	billOne(t, e, 0, 4)
	record(t, e, used{"a", "vm", "v1", 0, "10"}, used{"a", "vm", "v1", 1, "20"})
	got := billHours(t, e, 4, 8)[0]
	const reason = "no cost for vm in nz-1 for late usage of 2013-08-01 to 2013-08-01T04:00Z"
	if got.Result != billing.Parked || got.Order.Reason != reason || len(got.Missing) != 1 || got.Missing[0].Volume.String() != "30" {
		t.Errorf("%s: %s, %+v", got.Result, got.Order.Reason, got.Missing)
	}
	// A price of the second block alone does not help: it is asked for the first.
	d.costs["vm 01T04"] = "1"
	if got := billHours(t, e, 4, 8)[0]; got.Result != billing.Parked {
		t.Errorf("%s: %v", got.Result, lines(got.Order.Items))
	}
	d.costs["vm 01T00"] = "0.5"
	want := []string{"00h: vm: 30 after 0 second = 3600 second at 0.5 is 1800"}
	if diff := cmp.Diff(want, lines(billOne(t, e, 4, 8).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
}

// A meter that is gone from the config is still corrected where its block
// billed it; where it did not, nobody knows whether it is to be billed.
func TestLateUsageOfAMeterThatIsGone(t *testing.T) {
	e := lateEngine(newDesk(map[string]string{"disk": "2", "vm": "1"}))
	record(t, e, used{"a", "disk", "d1", 0, "5"})
	billOne(t, e, 0, 4)
	record(t, e, used{"a", "disk", "d1", 0, "6"})
	e.Meters = e.Meters[1:2]
	want := []string{"00h: disk: 1 after 5 GB hour = 1 GB hour at 2 is 2"}
	if diff := cmp.Diff(want, lines(billOne(t, e, 4, 8).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	e.Meters = nil
	record(t, e, used{"a", "vm", "v1", 0, "6"})
	if got := billHours(t, e, 8, 12)[0]; got.Result != billing.Parked || !strings.Contains(got.Order.Reason, "put [meter:vm] back") {
		t.Errorf("%s: %s", got.Result, got.Order.Reason)
	}
	verified(t, e)
}

// A meter that is billed from now on does not bill late usage of a block in
// which it was not.
func TestMeterThatWasNotBilled(t *testing.T) {
	e := lateEngine(newDesk(map[string]string{"disk": "2"}))
	record(t, e, used{"a", "free", "f1", 0, "5"})
	billOne(t, e, 0, 4)
	e.Meters[2].Billed = true
	record(t, e, used{"a", "free", "f1", 0, "1"}, used{"a", "free", "f1", 4, "3"})
	want := []string{
		"disk: 3 after 0 GB hour = 3 GB hour at 2 is 6",
		"00h: disk: -4 after 0 GB hour = -4 GB hour at 0 is 0",
	}
	if diff := cmp.Diff(want, lines(billOne(t, e, 4, 8).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
}

// What came late for a block whose own order is not settled waits, and so does
// what was billed in another currency.
func TestLateUsageThatMustWait(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "disk", "d1", 0, "5"})
	d.commit = func() (bool, error) { return d.sent > 1, map[bool]error{true: errors.New("lost")}[d.sent == 1] }
	if got := billHours(t, e, 0, 4)[0]; got.Result != billing.NotBilled {
		t.Fatalf("%s", got.Result)
	}
	record(t, e, used{"a", "disk", "d1", 0, "6"})
	draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, hours(4, 8))
	if err != nil || len(draft.Order.Items) != 0 || len(draft.Postponed) != 1 || !strings.Contains(draft.Postponed[0].Reason, "is claimed") {
		t.Errorf("%v: %+v", err, draft)
	}
	if order := billOne(t, e, 4, 8); len(order.Items) != 0 {
		t.Errorf("%v", lines(order.Items))
	}
	billOne(t, e, 0, 4)
	e.Currency = "EUR"
	if order := billOne(t, e, 8, 12); len(order.Items) != 0 {
		t.Errorf("%v", lines(order.Items))
	}
	e.Currency = "NZD"
	if order := billOne(t, e, 12, 16); len(order.Items) != 1 {
		t.Errorf("%v", lines(order.Items))
	}
	verified(t, e)
}

// What is owed to a tenant, and no order bears, is told by each run, and given
// back by billing its block again.
func TestCreditThatNoOrderBears(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "disk", "d1", 0, "50"}, used{"a", "disk", "d1", 4, "1"}, used{"a", "disk", "d1", 8, "1"})
	first := billOne(t, e, 0, 4)
	record(t, e, used{"a", "disk", "d1", 0, "10"})
	for _, hour := range []int{4, 8} {
		o := billHours(t, e, hour, hour+4)[0]
		if o.Result != billing.Billed || o.Order.Total.String() != "2" || len(o.Left) != 1 || o.Left[0].Amount.String() != "-80" { // (10 - 50) x 2
			t.Errorf("%s, %s, left %v", o.Result, o.Order.Total, o.Left)
		}
	}
	voided(t, e, first)
	if again := billOne(t, e, 0, 4); again.Total.String() != "20" {
		t.Errorf("again: %s", again.Total)
	}
	status, err := e.Status(t.Context(), nil)
	if err != nil || len(status[0].Pending) != 0 {
		t.Errorf("%v, %v", status, err)
	}
	verified(t, e)
}

// An order that takes the place of parked ones tells what became of them.
func TestHistoryOfWhatMadeWay(t *testing.T) {
	onStores(t, func(t *testing.T, e *billing.Engine) {
		costs := e.ERP.(searchable).costs
		delete(costs, "disk")
		record(t, e, used{"a", "disk", "d1", 0, "5"})
		for _, to := range []int{4, 4, 6} { // twice the same, and once another block
			if o := billHours(t, e, 0, to)[0]; o.Result != billing.Parked {
				t.Fatalf("%s", o.Result)
			}
		}
		costs["disk"] = "2"
		o := billOne(t, e, 0, 6)
		history, err := e.Store.History(t.Context(), o.Key)
		if err != nil || len(history) != 3 || history[0].Status != ledger.Parked {
			t.Fatalf("%v, %v", history, err)
		}
		parked := "in place of order " + billing.Key("test", "a", hours(0, 4), 1) + " (2013-08-01 to 2013-08-01T04:00Z), parked 2013-10-01T00:00:00Z by tester: no cost for disk in nz-1"
		if want := parked + "; " + parked; history[1].Reason != want {
			t.Errorf("%s\nwant %s", history[1].Reason, want)
		}
	})
}
