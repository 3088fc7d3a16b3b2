package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// testCarried: what an order carries stays with it, and only what comes beyond
// it is pending.
func (s suite) testCarried(t *testing.T) {
	store := s.open(t)
	settle(t, store, recordAcme(t, store))
	record := func(v string) {
		t.Helper()
		must(t, store.Record(t.Context(), batch(vm, mine(4, v))))
	}
	const entry = "4 vm-1 c1.small 10"
	record("13")
	bb := claim(t, store, order("bb", "acme", hours(7, 8)), pending(t, store, "acme")...)
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small +3 in bb")
	record("13") // which is carried
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small +3 in bb")
	record("14")
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small +1 pending", "4 vm-1 c1.small +3 in bb")
	settle(t, store, bb)
	record("10") // what was billed at first: what is carried goes back
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small -3 pending", "4 vm-1 c1.small +3 in bb")
	wantTold(t, store, vm, 4, "4 acme c1.small 10")
	store = s.reopen(t, store)

	billed(t, store, order("cc", "acme", hours(8, 9)), pending(t, store, "acme")...)
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small +3 in bb", "4 vm-1 c1.small -3 in cc")
	record("10")
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small +3 in bb", "4 vm-1 c1.small -3 in cc")
	record("15.5")
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small +5.5 pending", "4 vm-1 c1.small +3 in bb", "4 vm-1 c1.small -3 in cc")
	must(t, store.Record(t.Context(), batch(vm, fold(vm, 4))))
	wantAt(t, store, "acme", 4, entry, "4 vm-1 c1.small -10 pending", "4 vm-1 c1.small +3 in bb", "4 vm-1 c1.small -3 in cc")
	wantTold(t, store, vm, 4)

	// One order carries some, and leaves others.
	must(t, store.Record(t.Context(), batch(vm, mine(3, "11"), mine(7, "12"), mine(8, "13"))))
	late := pending(t, store, "acme")
	if len(late) != 4 {
		t.Fatalf("%d adjustments are pending, want 4", len(late))
	}
	claim(t, store, order("dd", "acme", hours(9, 10)), late[3], late[0])
	store = s.reopen(t, store)
	same(t, "usage", usageOf(t, store, "acme", hours(3, 10)), []string{
		"3 vm-1 c1.small 10", "4 vm-1 c1.small 10", "5 vm-1 c1.small 10", "6 vm-1 c1.small 10",
		"7 vm-1 c1.small 10", "8 vm-1 c1.small 10", "9 vm-1 c1.small 10",
		"3 vm-1 c1.small +1 in dd",
		"4 vm-1 c1.small -10 pending", "4 vm-1 c1.small +3 in bb", "4 vm-1 c1.small -3 in cc",
		"7 vm-1 c1.small +2 pending", "8 vm-1 c1.small +3 in dd",
	})
}

// testCarriedStale: an order carries just what is pending, whole and once.
// Where it cannot, nothing is kept.
func (s suite) testCarriedStale(t *testing.T) {
	store := s.open(t)
	settle(t, store, recordAcme(t, store))
	must(t, store.Record(t.Context(), batch(vm, mine(3, "11"), mine(4, "12"))))
	late := pending(t, store, "acme")
	first, second := late[0], late[1]
	must(t, store.Park(t.Context(), parked("ab", "acme", hours(7, 8)), at(1000, "")))
	before := usageOf(t, store, "acme", usage.Span{})
	refused := func(what string, o ledger.Order, carries ...ledger.Adjustment) {
		t.Helper()
		wantErr(t, "an order that carries "+what, tryClaim(t, store, o, carries...), ledger.ErrStale)
		same(t, "usage after it", usageOf(t, store, "acme", usage.Span{}), before)
		if _, err := store.Order(t.Context(), o.Key); err == nil {
			t.Errorf("an order that carries %s is there", what)
		}
		get[ledger.Order](t)(store.Order(t.Context(), "ab")) // which made no way
	}
	bb := order("bb", "acme", hours(7, 8))
	for what, change := range map[string]func(*ledger.Adjustment){
		"more than is pending":      func(a *ledger.Adjustment) { a.Volume.Volume = number("2.0000000001") },
		"less than is pending":      func(a *ledger.Adjustment) { a.Volume.Volume = number("1") },
		"the opposite":              func(a *ledger.Adjustment) { a.Volume.Volume = number("-2") },
		"nothing":                   func(a *ledger.Adjustment) { a.Volume.Volume = number("0") },
		"one of another hour":       func(a *ledger.Adjustment) { a.Window = hours(5, 6) },
		"one of no hour":            func(a *ledger.Adjustment) { a.Window = hours(55, 56) },
		"one of another service":    func(a *ledger.Adjustment) { a.Service = "c1.large" },
		"one of another datacenter": func(a *ledger.Adjustment) { a.Datacenter = "akl" },
		"one of another unit":       func(a *ledger.Adjustment) { a.Unit = "hour" },
		"one of another source":     func(a *ledger.Adjustment) { a.Source = "archive" },
		"one of another meter":      func(a *ledger.Adjustment) { a.Meter = "vcpus" },
		"one of another resource":   func(a *ledger.Adjustment) { a.Resource = "vm-2" },
		"one of another tenant":     func(a *ledger.Adjustment) { a.Tenant = "umbrella" },
	} {
		bad := second
		change(&bad)
		refused(what, bb, bad)
		refused(what+" beside a good one", bb, first, bad)
	}
	none := second
	none.Window, none.Volume.Volume = hours(5, 6), number("0")
	refused("nothing of an hour for which nothing is pending", bb, none)
	refused("one twice", bb, first, first)
	refused("another tenant's", order("cc", "umbrella", hours(7, 8)), first)

	// One whose overlap is refused carries nothing either.
	if err := tryClaim(t, store, order("dd", "acme", hours(6, 8)), late...); err == nil {
		t.Error("a block that is reserved was claimed")
	}
	same(t, "usage", usageOf(t, store, "acme", usage.Span{}), before)

	claim(t, store, bb, late...)
	wantErr(t, "an order that carries what another does", tryClaim(t, store, order("ee", "acme", hours(8, 9)), first), ledger.ErrStale)
	must(t, store.Record(t.Context(), batch(vm, mine(3, "12"))))
	claim(t, store, order("ff", "acme", hours(8, 9)), first) // of 1 again, but another one
	wantAt(t, store, "acme", 3, "3 vm-1 c1.small 10", "3 vm-1 c1.small +1 in bb", "3 vm-1 c1.small +1 in ff")
}

// testAdjustments: adjustments come in the order of entries and then by order,
// narrowed by the filter, with all that entries have.
func (s suite) testAdjustments(t *testing.T) {
	store := s.open(t)
	for i, tenant := range []string{"acme", "umbrella", "Acme"} {
		billed(t, store, order(fmt.Sprintf("%02x", i), tenant, hours(0, 6)))
	}
	all := recordMany(t, store, "acme", "umbrella", "Acme")
	must(t, store.Record(t.Context(), batch(vm, mine(8, "1")))) // is billed by nobody
	store = s.reopen(t, store)
	pendingOf := func(entries []usage.Entry) (list []ledger.Adjustment) {
		for _, e := range entries {
			if !e.Volume.Volume.IsZero() {
				list = append(list, ledger.Adjustment{Entry: e})
			}
		}
		return list
	}
	want := pendingOf(all)
	check := func(f ledger.AdjustmentFilter) {
		t.Helper()
		got := collect(t, store.Adjustments(t.Context(), f))
		for i := range got {
			got[i].Samples = 2 // is not compared
		}
		same(t, fmt.Sprintf("adjustments of %+v", f), got, slices.DeleteFunc(slices.Clone(want), func(a ledger.Adjustment) bool {
			return f.Tenant != "" && a.Tenant != f.Tenant || !f.Within.IsZero() && !f.Within.Covers(a.Window) || f.Pending && a.Order != ""
		}))
	}
	filters := []ledger.AdjustmentFilter{
		{}, {Tenant: "acme"}, {Tenant: "acm"}, {Within: hours(1, 4)}, {Within: hours(2, 3), Tenant: "umbrella"}, {Pending: true},
		{Pending: true, Tenant: "acme", Within: hours(0, 2)}, {Within: usage.Span{Start: hour(1).Add(1), End: hour(4)}},
		{Within: usage.Span{Start: hour(1), End: hour(4).Add(-1)}}, {Within: hours(6, 9)}, {Within: hours(4, 2)}, {Within: usage.Span{Start: time.Time{}, End: hour(2)}},
	}
	for _, f := range filters {
		check(f)
	}
	// An order of a lower key, and one of a higher, carry every third.
	for i, key := range []string{"a0", "a1"} {
		var carries []ledger.Adjustment
		for j := range want {
			if want[j].Tenant == "acme" && j%3 == i {
				carries = append(carries, want[j])
				want[j].Order = key
			}
		}
		claim(t, store, order(key, "acme", hours(20+i, 21+i)), carries...)
	}
	store = s.reopen(t, store)
	for _, f := range filters {
		check(f)
	}
	// It can be left early, and gone through again.
	for range store.Adjustments(t.Context(), ledger.AdjustmentFilter{}) {
		break
	}
	must(t, store.Record(t.Context(), batch(vm, mine(9, "1"))))
}
