package ledgertest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	o.Attempt, o.Currency, o.Digits, o.ValueDigits, o.Rounding = 3, "JPY", 0, 9, "half-away-from-zero"
	o.Date = time.Date(2024, 5, 2, 10, 30, 0, 1, auckland)
	o.Claimed = o.Date.UTC()
	o.Changed = o.Claimed
	given := o
	given.Status, given.Reserves = ledger.Parked, false // what a claim is, the store knows
	given.Reason, given.Reference, given.Holder, given.HeldUntil = "because", "INV-0", "somebody", hour(100_000)
	hold := claim(t, store, given)
	if hold.Key != o.Key || hold.Fence == 0 {
		t.Errorf("got the hold %+v for order %s", hold, o.Key)
	}

	// To the nanosecond, with no time between, and without items.
	next := order("ff", "acme", usage.Span{Start: o.Block.End, End: o.Block.End.Add(1)})
	next.Items, next.Total, next.Tenant.Name = nil, number("0"), ""
	claim(t, store, next)
	kolkata := get[*time.Location](t)(time.LoadLocation("Asia/Kolkata"))
	india := order("ee", "acme", usage.Span{Start: next.Block.End.In(kolkata), End: next.Block.End.AddDate(0, 1, 0).In(kolkata)})
	india.Date = india.Date.In(kolkata)
	claim(t, store, india)
	next.Date = next.Date.In(auckland)

	store = s.reopen(t, store)
	for _, want := range []ledger.Order{o, next, india} {
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), want.Key)), want)
	}
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})),
		[]ledger.Order{withoutItems(o), withoutItems(next), withoutItems(india)})
	_, err := store.Order(t.Context(), "0123456789abcde")
	wantErr(t, "a key that is not there", err, ledger.ErrNoOrder)
}

// testClaimTwice: a key is claimed once, and the first claim stands.
func (s suite) testClaimTwice(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	hold := claim(t, store, o)
	again := o
	again.Items = []ledger.Item{{Item: invoice.Item{Name: "other"}}}
	again.Total = number("99")
	wantOverlap(t, tryClaim(t, store, again), again, o)
	settle(t, store, hold)
	must(t, store.Void(t.Context(), "aa", at(1002, "wrong")))
	o.Status, o.Reserves, o.Reference, o.Reason, o.Changed = ledger.Void, false, "INV-aa", "wrong", hour(1002)
	claim(t, store, order("bb", "acme", hours(100, 124)))
	for name, other := range map[string]ledger.Order{
		"a void order":                      order("aa", "acme", hours(0, 24)),
		"a void order of another block":     order("aa", "acme", hours(24, 48)),
		"a void order of another tenant":    order("aa", "umbrella", hours(0, 24)),
		"a claimed order of another block":  order("bb", "acme", hours(24, 48)),
		"a claimed order of another tenant": order("bb", "umbrella", hours(0, 24)),
		"nobody":                            order("", "acme", hours(24, 48)),
	} {
		if err := tryClaim(t, store, other); err == nil {
			t.Errorf("the key of %s was claimed", name)
		}
		if err := store.Park(t.Context(), parked(other.Key, other.Tenant.ID, other.Block), at(1003, "")); err == nil {
			t.Errorf("the key of %s was parked", name)
		}
	}
	for name, block := range map[string]usage.Span{"ends before it starts": hours(48, 47), "is of no time": hours(48, 48), "is zero": {}} {
		if err := tryClaim(t, store, order("cc", "acme", block)); err == nil {
			t.Errorf("a block that %s was claimed", name)
		}
	}
	same(t, "order", get[ledger.Order](t)(s.reopen(t, store).Order(t.Context(), "aa")), o)
}

// testClaimStale: an order is claimed only from the usage that it was drafted
// from. Where it is not, nothing is kept.
func (s suite) testClaimStale(t *testing.T) {
	store := s.open(t)
	must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
	waiting := parked("ab", "acme", hours(3, 5))
	must(t, store.Park(t.Context(), waiting, at(1000, "")))
	stale := claimOf(t, store, order("aa", "acme", hours(3, 7)))
	must(t, store.Record(t.Context(), batch(vm, mine(20, "1")))) // outside of the block, too
	refused := func(what string, c ledger.Claim) {
		t.Helper()
		_, err := store.Claim(t.Context(), c)
		wantErr(t, what, err, ledger.ErrStale)
		same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order{waiting})
	}
	refused("a claim by earlier usage", stale)
	ahead := claimOf(t, store, stale.Order)
	ahead.Revision++
	refused("a claim by usage that is not there yet", ahead)
	none := claimOf(t, store, stale.Order)
	none.Revision = 0
	refused("a claim by no usage", none)
	theirs := claimOf(t, store, order("dd", "umbrella", hours(3, 7)))
	theirs.Revision = revision(t, store, "acme")
	refused("a claim by the usage of another tenant", theirs)

	// The overlap is told first: it stays, whatever is drafted anew.
	billed(t, store, order("bb", "acme", hours(6, 9)))
	by := get[ledger.Order](t)(store.Order(t.Context(), "bb"))
	_, err := store.Claim(t.Context(), stale)
	wantOverlap(t, err, stale.Order, by)

	// Usage of others changes nothing, and that which is the same does not.
	good := claimOf(t, store, order("cc", "acme", hours(3, 6)))
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 4, volume("umbrella", "disk", "1")))))
	must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
	get[ledger.Hold](t)(store.Claim(t.Context(), good))
}

// testItems: items come back in their order, to the last digit, with all that
// their values were made from.
func (s suite) testItems(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	o.Items = nil
	for i := range 300 { // names, sections and amounts in no order, some of them twice
		o.Items = append(o.Items, ledger.Item{
			Item: invoice.Item{
				Datacenter: []string{"wlg", "akl", ""}[i%3], Name: fmt.Sprintf("service-%d", i*7%50), Value: number(fmt.Sprint(i * 31 % 100)), Unit: "hour",
				Resource: fmt.Sprintf("vm-%d", i*13%20), Description: fmt.Sprintf("item %d", i), Cost: number("1.1"), Amount: number(fmt.Sprint(i * 17 % 100)),
			},
			Volume: number(fmt.Sprint(i * 3600)), Measured: "second", Meters: []string{"cpu", "instance", "vcpus"}[:i%4%3+1],
		})
	}
	o.Items[7] = o.Items[6]
	o.Items[8].Value, o.Items[8].Cost = number("123456789012345678901234567890.5"), number("0.000000000000000000000000000001")
	o.Items[9].Value, o.Items[9].Amount = number("-1e-30"), number("-0.01")
	o.Items[10].Adjusts, o.Items[10].Before = usage.Span{Start: hour(-24), End: hour(-23).Add(1)}, number("7200.000000000000000000000000000001")
	o.Items[11].Volume, o.Items[11].Begun, o.Items[11].Meters = number("-98765432109876543210.01234567890123456789"), "hour", nil
	o.Total = number("98765432109876543210987654321.01")
	hold := claim(t, store, o)
	store = s.reopen(t, store)
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
	must(t, store.Settle(t.Context(), hold, "INV-1", at(1001, "")))
	o.Status, o.Reference, o.Changed = ledger.Settled, "INV-1", hour(1001)
	same(t, "settled order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
	must(t, store.Void(t.Context(), "aa", at(1002, "wrong")))
	o.Status, o.Reserves, o.Reason, o.Changed = ledger.Void, false, "wrong", hour(1002)
	same(t, "void order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
}

// testOverlap: each of the ways in which two spans can lie to one another.
func (s suite) testOverlap(t *testing.T) {
	store := s.open(t)
	reserved := hours(10, 20)
	nanosecond := func(span usage.Span, start, end int) usage.Span {
		return usage.Span{Start: span.Start.Add(time.Duration(start)), End: span.End.Add(time.Duration(end))}
	}
	for i, test := range []struct {
		name     string
		block    usage.Span
		overlaps bool
	}{
		{"before", hours(0, 9), false},
		{"meets", hours(0, 10), false},
		{"overlaps", hours(0, 11), true},
		{"is finished by", hours(0, 20), true},
		{"contains", hours(0, 30), true},
		{"starts", hours(10, 11), true},
		{"equals", hours(10, 20), true},
		{"is started by", hours(10, 30), true},
		{"during", hours(12, 13), true},
		{"finishes", hours(19, 20), true},
		{"is overlapped by", hours(19, 30), true},
		{"is met by", hours(20, 30), false},
		{"after", hours(21, 30), false},
		{"meets, a nanosecond too late", nanosecond(hours(0, 10), 0, 1), true},
		{"meets, a nanosecond too early", nanosecond(hours(0, 10), 0, -1), false},
		{"is met by, a nanosecond too early", nanosecond(hours(20, 30), -1, 0), true},
		{"is met by, a nanosecond too late", nanosecond(hours(20, 30), 1, 0), false},
	} {
		// Each for a tenant of its own. Neighbours on both sides, whom nobody
		// overlaps, are not taken for the one that is overlapped.
		tenant := fmt.Sprintf("tenant-%02d", i)
		by := order(tenant+"-by", tenant, reserved)
		claim(t, store, order(tenant+"-before", tenant, hours(-20, -10)))
		claim(t, store, by)
		claim(t, store, order(tenant+"-after", tenant, hours(40, 50)))
		o := order(tenant+"-claim", tenant, test.block)
		park := func() error { return store.Park(t.Context(), withoutItems(o), at(1000, "")) }
		if test.overlaps {
			wantOverlap(t, tryClaim(t, store, o), o, by)
			wantOverlap(t, park(), o, by)
			_, err := store.Order(t.Context(), o.Key)
			wantErr(t, test.name+": a refused order", err, ledger.ErrNoOrder)
			continue
		}
		if err := park(); err != nil {
			t.Errorf("%s: park: %v", test.name, err)
		}
		if err := tryClaim(t, store, o); err != nil {
			t.Errorf("%s: claim: %v", test.name, err)
		}
	}
}

// testPark: an order parked before its claim reserves nothing, and makes way.
func (s suite) testPark(t *testing.T) {
	store := s.open(t)
	park := func(o ledger.Order, n int) error { return store.Park(t.Context(), o, at(n, "as its order says")) }
	first := parked("aa", "acme", hours(0, 24))
	must(t, park(first, 1000))
	first.Reason, first.Total, first.Claimed, first.Changed = "no partner", number("1"), hour(1001), hour(1001)
	must(t, park(first, 1001)) // again: replaced
	given := parked("bb", "acme", hours(12, 36))
	given.Items = []ledger.Item{{Item: invoice.Item{Name: "frozen"}}}
	given.Status, given.Reserves, given.Reference = ledger.Claimed, true, "INV-0" // what parked is, the store knows
	given.Holder, given.HeldUntil = "somebody", hour(100_000)
	must(t, park(given, 1000)) // parked orders may overlap
	second := parked("bb", "acme", hours(12, 36))
	third := parked("cc", "acme", hours(24, 48))
	other := parked("dd", "umbrella", hours(0, 24))
	must(t, park(third, 1000))
	must(t, park(other, 1000))
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order{first, other, second, third})
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "bb")), second)

	// It freezes nothing.
	must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
	must(t, store.Record(t.Context(), batch(vm, mine(4, "11"))))
	wantUsage(t, store, "acme", "4 vm-1 c1.small 11")

	// The claim of the first takes it and the second away, and no other.
	claimed := order("aa", "acme", hours(0, 24))
	hold := claim(t, store, claimed)
	store = s.reopen(t, store)
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order{withoutItems(claimed), other, third})
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), claimed)

	// What is reserved is not parked any more, whoever reserves it.
	wantOverlap(t, park(first, 1002), first, claimed)
	wantOverlap(t, park(second, 1002), second, claimed)
	must(t, store.Suspend(t.Context(), hold, ledger.Parked, at(1002, "because")))
	claimed.Status, claimed.Reason, claimed.Changed = ledger.Parked, "because", hour(1002)
	wantOverlap(t, park(first, 1003), first, claimed)
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), claimed)

	// A parked order of another key makes way too, whether the claim covers
	// it or not; one that was claimed before does not, and neither does a void
	// one.
	claim(t, store, order("ee", "acme", hours(47, 50)))
	_, err := store.Order(t.Context(), "cc")
	wantErr(t, "a parked order that makes way", err, ledger.ErrNoOrder)
	must(t, store.Void(t.Context(), "aa", at(1004, "given up")))
	must(t, park(parked("ff", "acme", hours(0, 24)), 1005))
	claim(t, store, order("99", "acme", hours(0, 24)))
	var keys []string
	for _, o := range get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{Tenant: "acme"})) {
		keys = append(keys, o.Key)
	}
	same(t, "keys", keys, []string{"99", "aa", "ee"})
}

// compareOrders is the order in which a store gives orders.
func compareOrders(a, b ledger.Order) int {
	return cmp.Or(a.Block.Start.Compare(b.Block.Start), strings.Compare(a.Tenant.ID, b.Tenant.ID), cmp.Compare(a.Attempt, b.Attempt), strings.Compare(a.Key, b.Key))
}

// lets reports whether a filter lets an order through.
func lets(f ledger.OrderFilter, o ledger.Order) bool {
	return (f.Tenant == "" || f.Tenant == o.Tenant.ID) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, o.Status)) &&
		(f.Overlaps.IsZero() || f.Overlaps.Overlaps(o.Block)) &&
		strings.HasPrefix(o.Key, f.KeyPrefix)
}

// testOrders: orders come by block, tenant, attempt and key, narrowed by the
// filter.
func (s suite) testOrders(t *testing.T) {
	store := s.open(t)
	var all []ledger.Order
	for i, key := range []string{"ab12", "ab", "abc", "b%", "b_", "bx", "ff", "f0"} {
		o := order(key, []string{"acme", "umbrella", "Acme"}[i%3], hours(100-i/3*10, 110-i/3*10))
		hold := claim(t, store, o)
		switch i % 4 {
		case 1:
			must(t, store.Settle(t.Context(), hold, "INV-"+key, at(1001, "")))
			o.Status, o.Reference, o.Changed = ledger.Settled, "INV-"+key, hour(1001)
		case 2:
			must(t, store.Suspend(t.Context(), hold, ledger.InDoubt, at(1001, "because")))
			o.Status, o.Reason, o.Changed = ledger.InDoubt, "because", hour(1001)
		}
		all = append(all, withoutItems(o))
	}
	for i, key := range []string{"0d", "0a", "0c", "0b"} { // of one tenant and block: by attempt, then by key
		o := parked(key, "acme", hours(0, 1))
		o.Attempt = []int{1, 10, 2, 2}[i]
		must(t, store.Park(t.Context(), o, at(1000, "")))
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
		{Overlaps: hours(90, 100)}, {Overlaps: hours(0, 80)}, {Overlaps: hours(99, 101)}, {Overlaps: hours(105, 106)}, {Overlaps: hours(110, 200)},
		{Overlaps: usage.Span{Start: hour(0), End: hour(80).Add(1)}}, {Overlaps: usage.Span{Start: hour(110).Add(-1), End: hour(200)}},
		{Overlaps: usage.Span{Start: hour(90).In(time.FixedZone("NZDT", 13*3600)), End: hour(91)}, Tenant: "acme"},
		{Tenant: "umbrella", Statuses: []ledger.Status{ledger.Settled, ledger.Claimed}, KeyPrefix: "ab"},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(o ledger.Order) bool { return !lets(f, o) })
		same(t, fmt.Sprintf("orders of %+v", f), get[[]ledger.Order](t)(store.Orders(t.Context(), f)), want)
	}
	_, err := store.Order(t.Context(), "AB")
	if !errors.Is(err, ledger.ErrNoOrder) {
		t.Errorf("a key in capitals: got error %v, want ErrNoOrder", err)
	}
}
