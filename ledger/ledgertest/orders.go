package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// testClaim: an order comes back as it was claimed, its times in its zone.
func (s suite) testClaim(t *testing.T) {
	store := s.open(t)
	auckland := get[*time.Location](t)(time.LoadLocation("Pacific/Auckland"))
	o := order("0123456789abcdef", "acme", usage.Span{
		// A month with a clock change: 745 hours.
		Start: time.Date(2024, 4, 1, 0, 0, 0, 0, auckland), End: time.Date(2024, 5, 1, 0, 0, 0, 0, auckland),
	})
	o.Tenant.Extra = map[string]string{"partner": "42"}
	o.Attempt, o.Currency, o.Digits = 3, "JPY", 0
	o.Date = time.Date(2024, 5, 2, 10, 30, 0, 1, auckland)
	o.Claimed = o.Date.UTC()
	o.Changed = o.Claimed
	claim := o
	claim.Status, claim.Reserves = "", false // what a claim is, the store knows
	must(t, store.Claim(t.Context(), claim))

	// To the nanosecond, with no time between, and without items.
	next := order("ff", "acme", usage.Span{Start: o.Block.End, End: o.Block.End.Add(1)})
	next.Items, next.Total, next.Tenant.Name = nil, number("0"), ""
	must(t, store.Claim(t.Context(), next))
	kolkata := get[*time.Location](t)(time.LoadLocation("Asia/Kolkata"))
	india := order("ee", "acme", usage.Span{Start: next.Block.End.In(kolkata), End: next.Block.End.AddDate(0, 1, 0).In(kolkata)})
	india.Date = india.Date.In(kolkata)
	must(t, store.Claim(t.Context(), india))
	next.Date = next.Date.In(auckland)

	store = s.reopen(t, store)
	for _, want := range []ledger.Order{o, next, india} {
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), want.Key)), want)
	}
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})),
		[]ledger.Order{withoutItems(o), withoutItems(next), withoutItems(india)})
	if _, err := store.Order(t.Context(), "0123456789abcde"); !errors.Is(err, ledger.ErrNoOrder) {
		t.Errorf("got error %v for a key that is not there, want ErrNoOrder", err)
	}
}

// testClaimTwice: a key is claimed once, and the first claim stands.
func (s suite) testClaimTwice(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	must(t, store.Claim(t.Context(), o))
	again := o
	again.Items = []invoice.Item{{Name: "other"}}
	again.Total = number("99")
	wantOverlap(t, store.Claim(t.Context(), again), again, o)
	for name, other := range map[string]ledger.Order{
		"block": order("aa", "acme", hours(24, 48)), "tenant": order("aa", "umbrella", hours(0, 24)),
	} {
		if err := store.Claim(t.Context(), other); err == nil {
			t.Errorf("a key was claimed again for another %s", name)
		}
		other.Items = nil
		if err := store.Park(t.Context(), other); err == nil {
			t.Errorf("a claimed key was parked for another %s", name)
		}
	}
	backwards := order("bb", "acme", hours(48, 47))
	if err := store.Claim(t.Context(), backwards); err == nil {
		t.Error("a block that ends before it starts was claimed")
	}
	empty := order("bb", "acme", hours(48, 48))
	if err := store.Claim(t.Context(), empty); err == nil {
		t.Error("a block of no time was claimed")
	}
	same(t, "order", get[ledger.Order](t)(s.reopen(t, store).Order(t.Context(), "aa")), o)
}

// testItems: items come back in their order, to the last digit.
func (s suite) testItems(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	o.Items = nil
	for i := range 300 { // names, sections and amounts in no order, some of them twice
		o.Items = append(o.Items, invoice.Item{
			Datacenter: []string{"wlg", "akl", ""}[i%3], Name: fmt.Sprintf("service-%d", i*7%50), Value: number(fmt.Sprint(i * 31 % 100)), Unit: "hour",
			Resource: fmt.Sprintf("vm-%d", i*13%20), Description: fmt.Sprintf("item %d", i), Cost: number("1.1"), Amount: number(fmt.Sprint(i * 17 % 100)),
		})
	}
	o.Items[7] = o.Items[6]
	o.Items[8].Value, o.Items[8].Cost = number("123456789012345678901234567890.5"), number("0.000000000000000000000000000001")
	o.Items[9].Value, o.Items[9].Amount = number("-1e-30"), number("-0.01")
	o.Items[10].Adjusts = usage.Span{Start: hour(-24), End: hour(-23).Add(1)}
	o.Total = number("98765432109876543210987654321.01")
	must(t, store.Claim(t.Context(), o))
	store = s.reopen(t, store)
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
	must(t, store.Settle(t.Context(), "aa", "INV-1", hour(1001)))
	o.Status, o.Reference, o.Changed = ledger.Settled, "INV-1", hour(1001)
	same(t, "settled order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
}

// testSettle: an order is settled once, from each state that reserves.
func (s suite) testSettle(t *testing.T) {
	store := s.open(t)
	at := hour(1001).Add(1)
	for i, status := range []ledger.Status{ledger.Claimed, ledger.InDoubt, ledger.Parked} {
		o := order(fmt.Sprintf("%02x", i), "acme", hours(24*i, 24*i+24))
		must(t, store.Claim(t.Context(), o))
		if status != ledger.Claimed {
			must(t, store.Suspend(t.Context(), o.Key, status, "because", hour(1000).Add(1)))
		}
		reference := fmt.Sprintf("INV-%d", i)
		if i == 0 {
			reference = "" // nothing to bill
		}
		must(t, store.Settle(t.Context(), o.Key, reference, at))
		o.Status, o.Reference, o.Changed = ledger.Settled, reference, at
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), o.Key)), o)

		for name, err := range map[string]error{
			"settled with the same reference": store.Settle(t.Context(), o.Key, reference, hour(1002)),
			"settled with another reference":  store.Settle(t.Context(), o.Key, "INV-99", hour(1002)),
			"called in doubt":                 store.Suspend(t.Context(), o.Key, ledger.InDoubt, "because", hour(1002)),
			"parked":                          store.Suspend(t.Context(), o.Key, ledger.Parked, "because", hour(1002)),
		} {
			if !errors.Is(err, ledger.ErrNotClaimed) {
				t.Errorf("a settled order is %s: got error %v, want ErrNotClaimed", name, err)
			}
		}
		wantOverlap(t, store.Claim(t.Context(), o), o, o)
		store = s.reopen(t, store)
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), o.Key)), o)
	}
}

// testSuspend: a claimed order that is in doubt, or parked, goes on reserving.
func (s suite) testSuspend(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	must(t, store.Claim(t.Context(), o))
	for i, status := range []ledger.Status{ledger.InDoubt, ledger.InDoubt, ledger.Parked, ledger.InDoubt} {
		o.Status, o.Reason, o.Changed = status, fmt.Sprintf("reason %d", i), hour(1001+i)
		must(t, store.Suspend(t.Context(), "aa", status, o.Reason, o.Changed))
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
		other := order("bb", "acme", hours(23, 48))
		wantOverlap(t, store.Claim(t.Context(), other), other, o)
	}
	for _, status := range []ledger.Status{ledger.Settled, ledger.Void, ledger.Claimed, "", "lost"} {
		if err := store.Suspend(t.Context(), "aa", status, "because", hour(1010)); err == nil {
			t.Errorf("an order was suspended as %q", status)
		}
	}
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)

	must(t, store.Park(t.Context(), parked("cc", "umbrella", hours(0, 24))))
	for name, err := range map[string]error{
		"settled":         store.Settle(t.Context(), "cc", "INV-1", hour(1002)),
		"called in doubt": store.Suspend(t.Context(), "cc", ledger.InDoubt, "because", hour(1002)),
	} {
		if !errors.Is(err, ledger.ErrNotClaimed) {
			t.Errorf("an order parked before its claim is %s: got error %v, want ErrNotClaimed", name, err)
		}
	}
	for name, err := range map[string]error{
		"settled":   store.Settle(t.Context(), "dd", "INV-1", hour(1002)),
		"suspended": store.Suspend(t.Context(), "dd", ledger.Parked, "because", hour(1002)),
	} {
		if !errors.Is(err, ledger.ErrNoOrder) {
			t.Errorf("an order that is not there is %s: got error %v, want ErrNoOrder", name, err)
		}
	}
}

// testPark: an order parked before its claim reserves nothing, and makes way.
func (s suite) testPark(t *testing.T) {
	store := s.open(t)
	first := parked("aa", "acme", hours(0, 24))
	must(t, store.Park(t.Context(), first))
	first.Reason, first.Total, first.Claimed, first.Changed = "no partner", number("1"), hour(1001), hour(1001)
	must(t, store.Park(t.Context(), first)) // again: replaced
	withItems := parked("bb", "acme", hours(12, 36))
	withItems.Items = []invoice.Item{{Name: "frozen"}}
	withItems.Status, withItems.Reserves = ledger.Claimed, true // what parked is, the store knows
	must(t, store.Park(t.Context(), withItems))                 // parked orders may overlap
	second := parked("bb", "acme", hours(12, 36))
	third := parked("cc", "acme", hours(24, 48))
	other := parked("dd", "umbrella", hours(0, 24))
	must(t, store.Park(t.Context(), third))
	must(t, store.Park(t.Context(), other))
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order{first, other, second, third})

	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "bb")), second)

	// The claim of the first takes it and the second away, and no other.
	claimed := order("aa", "acme", hours(0, 24))
	must(t, store.Claim(t.Context(), claimed))
	store = s.reopen(t, store)
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order{withoutItems(claimed), other, third})
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), claimed)

	// What is reserved is not parked any more, whoever reserves it.
	wantOverlap(t, store.Park(t.Context(), first), first, claimed)
	wantOverlap(t, store.Park(t.Context(), second), second, claimed)
	must(t, store.Suspend(t.Context(), "aa", ledger.Parked, "because", hour(1002)))
	claimed.Status, claimed.Reason, claimed.Changed = ledger.Parked, "because", hour(1002)
	wantOverlap(t, store.Park(t.Context(), first), first, claimed)
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), claimed)

	// A parked order of another key makes way too.
	must(t, store.Claim(t.Context(), order("ee", "acme", hours(47, 50))))
	if _, err := store.Order(t.Context(), "cc"); !errors.Is(err, ledger.ErrNoOrder) {
		t.Errorf("a parked order did not make way: got error %v, want ErrNoOrder", err)
	}
}

// testOrders: orders come by block, tenant and key, narrowed by the filter.
func (s suite) testOrders(t *testing.T) {
	store := s.open(t)
	var all []ledger.Order
	for i, key := range []string{"ab12", "ab", "abc", "b%", "b_", "bx", "ff", "f0"} {
		o := order(key, []string{"acme", "umbrella", "Acme"}[i%3], hours(100-i/3*10, 110-i/3*10))
		must(t, store.Claim(t.Context(), o))
		switch i % 4 {
		case 1:
			must(t, store.Settle(t.Context(), key, "INV-"+key, hour(1001)))
			o.Status, o.Reference, o.Changed = ledger.Settled, "INV-"+key, hour(1001)
		case 2:
			must(t, store.Suspend(t.Context(), key, ledger.InDoubt, "because", hour(1001)))
			o.Status, o.Reason, o.Changed = ledger.InDoubt, "because", hour(1001)
		}
		all = append(all, withoutItems(o))
	}
	for _, key := range []string{"0b", "0a"} { // of one tenant and block: by key
		o := parked(key, "acme", hours(0, 1))
		must(t, store.Park(t.Context(), o))
		all = append(all, o)
	}
	slices.SortFunc(all, compareOrders)
	store = s.reopen(t, store)
	for _, f := range []ledger.OrderFilter{
		{},
		{Tenant: "acme"},
		{Tenant: "acm"},
		{Statuses: []ledger.Status{ledger.Settled}},
		{Statuses: []ledger.Status{ledger.InDoubt, ledger.Parked}},
		{Statuses: []ledger.Status{ledger.Void}},
		{Statuses: []ledger.Status{}},
		{KeyPrefix: "a"}, {KeyPrefix: "ab"}, {KeyPrefix: "abc"}, {KeyPrefix: "abcd"}, {KeyPrefix: "b"}, // not only hexadecimal ones:
		{KeyPrefix: "%"}, {KeyPrefix: "_"}, {KeyPrefix: "b%"}, {KeyPrefix: "b_"}, {KeyPrefix: "*"}, {KeyPrefix: "A"}, // no wildcards, no folding of case
		{Tenant: "umbrella", Statuses: []ledger.Status{ledger.Settled, ledger.Claimed}, KeyPrefix: "ab"},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(o ledger.Order) bool { return !lets(f, o) })
		same(t, fmt.Sprintf("orders of %+v", f), get[[]ledger.Order](t)(store.Orders(t.Context(), f)), want)
	}
}
