package billing_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
)

// A cancelled invoice is billed again under another key, without what later
// orders carry; what it carried itself is billed again.
func TestVoid(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"a", "disk", "d1", 4, "3"})
	first := billOne(t, e, 0, 4)
	record(t, e, used{"a", "disk", "d1", 1, "1"})
	second := billOne(t, e, 4, 8) // 3 of its own, and 1 of the first block
	record(t, e, used{"a", "disk", "d1", 2, "7"})

	void := func(o ledger.Order) {
		t.Helper()
		if err := e.Void(t.Context(), o.Key, "wrong price"); err != nil {
			t.Fatal(err)
		}
	}
	void(first)
	d.costs["disk"] = "3"
	again := billOne(t, e, 0, 4)
	want := []string{"disk: 12 after 0 GB hour = 12 GB hour at 3 is 36"} // 5 + 7; the 1 stays with the second order
	if diff := cmp.Diff(want, lines(again.Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if again.Attempt != 2 || again.Key != billing.Key("test", "a", hours(0, 4), 2) || again.Key == first.Key {
		t.Errorf("attempt %d, key %s", again.Attempt, again.Key)
	}
	void(second)
	third := billOne(t, e, 4, 8)
	want = []string{
		"disk: 3 after 0 GB hour = 3 GB hour at 3 is 9",
		"00h: disk: 1 after 12 GB hour = 1 GB hour at 3 is 3", // at the price of its block as it is billed now
	}
	if diff := cmp.Diff(want, lines(third.Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	void(again)
	if last := billOne(t, e, 0, 4); last.Attempt != 3 || last.Total.String() != "36" {
		t.Errorf("attempt %d, total %s", last.Attempt, last.Total)
	}
	verified(t, e)
	// All is kept, and what was void stays void.
	old, err := e.Store.Order(t.Context(), first.Key)
	if err != nil || old.Status != ledger.Void || old.Reason != "wrong price" || old.Reference != first.Reference || len(old.Items) != 1 {
		t.Errorf("%v: %+v", err, old)
	}
	for _, o := range []ledger.Order{first, second, again} {
		if err := e.Void(t.Context(), o.Key, "once more"); err == nil || !strings.Contains(err.Error(), "is void already") {
			t.Errorf("%v", err)
		}
	}
}

// What may be void, and what may not.
func TestVoidOnlyWhatIsDone(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	for _, test := range []struct {
		name  string
		err   error
		erp   invoice.ERP
		costs bool
		want  string
	}{
		{"settled", nil, searchable{d}, true, ""},
		{"parked with its items", invoice.Permanent(errors.New("no partner")), searchable{d}, true, ""},
		{"parked before its claim", nil, searchable{d}, false, "reserves nothing"},
		{"claimed", invoice.UnknownOutcome(errors.New("lost")), searchable{d}, true, "is claimed, and the ERP may have its invoice"},
		{"in doubt", invoice.UnknownOutcome(errors.New("lost")), d, true, "is in doubt, and the ERP may have its invoice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.saved, d.costs = map[string][]invoice.Item{}, map[string]string{}
			if test.costs {
				d.costs["disk"] = "2"
			}
			d.commit = func() (bool, error) { return test.err == nil, test.err }
			e := lateEngine(test.erp)
			record(t, e, used{"a", "disk", "d1", 0, "5"})
			o := billHours(t, e, 0, 4)[0]
			err := e.Void(t.Context(), o.Order.Key, "why")
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%s: %v, want %q", o.Result, err, test.want)
			}
			d.commit = nil
			if again := billHours(t, e, 0, 4)[0]; test.want == "" && (again.Result != billing.Billed || again.Order.Attempt != 2) {
				t.Errorf("again: %s, attempt %d", again.Result, again.Order.Attempt)
			}
		})
	}
	if err := lateEngine(d).Void(t.Context(), "ffff", "why"); !errors.Is(err, ledger.ErrNoOrder) {
		t.Errorf("%v", err)
	}
}

// Later orders billed more for a block than was used in the end: its total
// would be below zero, and a person is told how to mend that.
func TestBelowZeroAfterVoid(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(d)
	record(t, e, used{"a", "disk", "d1", 0, "5"})
	first := billOne(t, e, 0, 4)
	record(t, e, used{"a", "disk", "d1", 1, "10"})
	second := billOne(t, e, 4, 8)
	if err := e.Void(t.Context(), first.Key, "why"); err != nil {
		t.Fatal(err)
	}
	record(t, e, used{"a", "disk", "d1", 0, "0"}, used{"a", "disk", "d1", 1, "2"}) // 2 in all, and 10 are billed
	got := billHours(t, e, 0, 4)[0]
	if got.Result != billing.Parked || !strings.Contains(got.Order.Reason, "the total is -16.00: more was billed for this block, by adjustments of order "+second.Key) {
		t.Fatalf("%s: %s", got.Result, got.Order.Reason)
	}
	// One that takes credit notes sends one.
	e.ERP = crediter{d}
	draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, hours(0, 4))
	if err != nil || len(draft.Reasons()) != 0 || draft.Order.Total.String() != "-16" {
		t.Errorf("%v: %v, total %s", err, draft.Reasons(), draft.Order.Total)
	}
	e.ERP = d
	// The remedy works.
	if err := e.Void(t.Context(), second.Key, "why"); err != nil {
		t.Fatal(err)
	}
	if o := billOne(t, e, 0, 4); o.Total.String() != "4" {
		t.Errorf("total %s", o.Total)
	}
	if o := billOne(t, e, 4, 8); len(o.Items) != 0 {
		t.Errorf("%v", lines(o.Items))
	}
	verified(t, e)
}

// An hour that was begun, and whose order was void, is billed by the next one,
// though a later order went beyond it at no cost: what is billed for a block in
// all is what all of its usage comes to.
func TestBegunHourAfterVoid(t *testing.T) {
	d := newDesk(map[string]string{"vm": "2"})
	d.units = map[string]string{"vm": "hour"}
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "vm", "v1", 0, "0"})
	billOne(t, e, 0, 4) // nothing
	record(t, e, used{"a", "vm", "v1", 0, "1"})
	first := billOne(t, e, 4, 8)
	record(t, e, used{"a", "vm", "v1", 1, "1.5"})
	second := billOne(t, e, 8, 12)
	voided(t, e, first)
	third := billOne(t, e, 4, 8)
	got := lines(slices.Concat(first.Items, second.Items, third.Items))
	want := []string{
		"00h: vm: 1 after 0 second = 1 hour at 2 is 2",
		"00h: vm: 1.5 after 1 second = 0 hour at 2 is 0",
		"00h: vm: 1 after 1.5 second = 1 hour at 2 is 2", // 2.5 s are 1 begun hour, and the second order billed 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
	// And the other way: what is billed for the hour stands, and is not billed again.
	voided(t, e, second)
	want = []string{"00h: vm: 1.5 after 1 second = 0 hour at 2 is 0"}
	if diff := cmp.Diff(want, lines(billOne(t, e, 8, 12).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
}

// What an order carries counts as billed before, though the block's own order
// was void, and is billed at another cost.
func TestVoidAtAnotherCost(t *testing.T) {
	d := newDesk(map[string]string{"vm": "2"})
	d.units = map[string]string{"vm": "hour"}
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "vm", "v1", 0, "1800"})
	first := billOne(t, e, 0, 4)
	record(t, e, used{"a", "vm", "v1", 1, "3600"})
	billOne(t, e, 4, 8) // 5400 s, 1 hour more
	voided(t, e, first)
	d.costs["vm"] = "3"
	billOne(t, e, 0, 4)
	record(t, e, used{"a", "vm", "v1", 2, "3600"})
	want := []string{"00h: vm: 3600 after 5400 second = 1 hour at 3 is 3"}
	if diff := cmp.Diff(want, lines(billOne(t, e, 8, 12).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
}

// What an order that is void leaves billed too little of a begun hour, or twice,
// the next order puts right, even if nothing is pending.
func TestNothingPendingAfterVoid(t *testing.T) {
	for _, test := range []struct {
		name          string
		before        string // seconds in the first hour
		more, changed used   // before and after the first order is void
		again, next   []string
	}{{
		name: "less is used in the end", before: "1", // 1 hour
		more:    used{"a", "vm", "v1", 1, "1.5"}, // 0 hours, in the second order
		changed: used{"a", "vm", "v1", 0, "0"},
		next:    []string{"00h: vm: 0 after 1.5 second = 1 hour at 2 is 2"},
	}, {
		name: "the hour is carried", before: "0",
		more:    used{"a", "vm", "v1", 0, "1"}, // 1 hour, in the second order
		changed: used{"a", "vm", "v1", 1, "1.5"},
		again:   []string{"vm: 1.5 after 0 second = 1 hour at 2 is 2"},
		next:    []string{"00h: vm: 0 after 2.5 second = -1 hour at 2 is -2"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(map[string]string{"vm": "2"})
			d.units = map[string]string{"vm": "hour"}
			e := lateEngine(searchable{d})
			record(t, e, used{"a", "vm", "v1", 0, test.before})
			first := billOne(t, e, 0, 4)
			record(t, e, test.more)
			billOne(t, e, 4, 8)
			voided(t, e, first)
			record(t, e, test.changed, used{"a", "vm", "v1", 8, "7200"})
			own := "vm: 7200 after 0 second = 2 hour at 2 is 4"
			if diff := cmp.Diff(test.again, lines(billOne(t, e, 0, 4).Items), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("again (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{own}, test.next...), lines(billOne(t, e, 8, 12).Items)); diff != "" {
				t.Errorf("next (-want +got):\n%s", diff)
			}
			if last := billOne(t, e, 12, 16); len(last.Items) != 0 {
				t.Errorf("and once more: %v", lines(last.Items))
			}
			verified(t, e)
		})
	}
}
