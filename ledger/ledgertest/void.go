package ledgertest

import (
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// void cancels an order.
func void(t *testing.T, store ledger.Store, key string) {
	t.Helper()
	must(t, store.Void(t.Context(), key, at(1005, "wrong")))
}

// testVoid: a void order stays as it was, but reserves nothing, and its block
// can be billed again.
func (s suite) testVoid(t *testing.T) {
	store := s.open(t)
	first := order("aa", "acme", hours(0, 24))
	billed(t, store, first)
	first.Status, first.Reserves, first.Reference, first.Reason, first.Changed = ledger.Void, false, "INV-aa", "wrong", hour(1005)
	void(t, store, "aa")
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), first)

	second := order("bb", "acme", hours(12, 36)) // not the same block, even
	second.Attempt = 2
	hold := claim(t, store, second)
	must(t, store.Suspend(t.Context(), hold, ledger.Parked, at(1002, "no partner")))
	store = s.reopen(t, store)
	must(t, store.Void(t.Context(), "bb", at(1006, ""))) // given up: claimed, but never settled
	second.Status, second.Reserves, second.Changed = ledger.Void, false, hour(1006)
	third := order("cc", "acme", hours(0, 24))
	third.Attempt = 3
	claim(t, store, third)
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})),
		[]ledger.Order{withoutItems(first), withoutItems(third), withoutItems(second)})
	same(t, "void orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{Statuses: []ledger.Status{ledger.Void}})),
		[]ledger.Order{withoutItems(first), withoutItems(second)})
	same(t, "order", get[ledger.Order](t)(s.reopen(t, store).Order(t.Context(), "bb")), second)
}

// testVoidRefused: nothing but a settled order, and a parked one that reserves
// its block, becomes void, and that once.
func (s suite) testVoidRefused(t *testing.T) {
	store := s.open(t)
	must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
	refuse := func(key string, want error) {
		t.Helper()
		before := get[ledger.Order](t)(store.Order(t.Context(), key))
		wantErr(t, "order "+key+" made void", store.Void(t.Context(), key, at(1005, "wrong")), want)
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), key)), before)
	}
	hold := claim(t, store, order("aa", "acme", hours(0, 24)))
	refuse("aa", ledger.ErrNotClaimed)
	must(t, store.Suspend(t.Context(), hold, ledger.InDoubt, at(1001, "")))
	refuse("aa", ledger.ErrNotClaimed)
	must(t, store.Park(t.Context(), parked("bb", "acme", hours(24, 48)), at(1000, "")))
	refuse("bb", ledger.ErrNotClaimed)
	must(t, store.Record(t.Context(), batch(vm, mine(4, "11"))))
	wantUsage(t, store, "acme", "4 vm-1 c1.small 10", "4 vm-1 c1.small +1 pending")
	settle(t, store, hold)
	void(t, store, "aa")
	refuse("aa", ledger.ErrNotClaimed)
	wantErr(t, "an order that is not there made void", store.Void(t.Context(), "cc", at(1005, "")), ledger.ErrNoOrder)

	// Whoever held it has lost it.
	for what, err := range map[string]error{
		"settled":   store.Settle(t.Context(), hold, "INV-2", at(1006, "")),
		"suspended": store.Suspend(t.Context(), hold, ledger.Claimed, at(1006, "")),
	} {
		wantErr(t, "a void order was "+what, err, ledger.ErrNotClaimed)
	}
	must(t, store.Release(t.Context(), hold))
}

// testVoidFrees: the usage of a block that is void may change, and what was
// pending for it is part of it.
func (s suite) testVoidFrees(t *testing.T) {
	store := s.open(t)
	settle(t, store, recordAcme(t, store))
	billed(t, store, order("bb", "acme", hours(7, 9)))
	billed(t, store, order("uu", "umbrella", hours(3, 7)))
	late := batch(vm, mine(3, "12"), mine(4, "3"),
		fold(vm, 5, volume("acme", "c1.large", "10"), volume("umbrella", "c1.small", "22")),
		fold(vm, 6), mine(7, "11"), mine(9, "13"))
	late.Series = append(late.Series, ledger.SeriesFolds{Series: disk, Folds: []ledger.Fold{fold(disk, 4, volume("acme", "disk", "1"))}})
	must(t, store.Record(t.Context(), late))
	void(t, store, "aa")
	want := []string{
		"0 vm-1 c1.small 10", "1 vm-1 c1.small 10", "2 vm-1 c1.small 10",
		"3 vm-1 c1.small 12",
		"4 vm-1 c1.small 3", "4 disk-1 disk 1",
		"5 vm-1 c1.large 10",
		"7 vm-1 c1.small 10", "8 vm-1 c1.small 10", "9 vm-1 c1.small 13",
		"7 vm-1 c1.small +1 pending", // of a block that is reserved still
	}
	umbrellas := []string{"5 vm-1 c1.small 20", "5 vm-1 c1.small +2 pending"}
	store = s.reopen(t, store)
	wantUsage(t, store, "acme", want...)
	wantUsage(t, store, "umbrella", umbrellas...)
	must(t, store.Record(t.Context(), late)) // what it comes to already
	wantUsage(t, store, "acme", want...)
	wantUsage(t, store, "umbrella", umbrellas...)
	wantTold(t, store, vm, 5, "5 acme c1.large 10", "5 umbrella c1.small 22")

	// It changes as usage does, until it is billed again.
	must(t, store.Record(t.Context(), batch(vm, mine(3, "15"), mine(6, "1"))))
	wantAt(t, store, "acme", 3, "3 vm-1 c1.small 15")
	wantAt(t, store, "acme", 6, "6 vm-1 c1.small 1")
	claim(t, store, order("a2", "acme", hours(3, 7)))
	must(t, store.Record(t.Context(), batch(vm, mine(3, "12"), mine(6, "2"))))
	wantAt(t, store, "acme", 3, "3 vm-1 c1.small 15", "3 vm-1 c1.small -3 pending")
	wantAt(t, store, "acme", 6, "6 vm-1 c1.small 1", "6 vm-1 c1.small +1 pending")

	// An order that was drafted before a block was void is stale.
	stale := claimOf(t, store, order("cc", "acme", hours(9, 12)))
	void(t, store, "bb")
	_, err := store.Claim(t.Context(), stale)
	wantErr(t, "a claim from before a void", err, ledger.ErrStale)
	wantAt(t, store, "acme", 7, "7 vm-1 c1.small 11")
}

// testVoidCarrier: what a void order carried is pending again, beside what is
// pending already.
func (s suite) testVoidCarrier(t *testing.T) {
	store := s.open(t)
	settle(t, store, recordAcme(t, store))
	must(t, store.Record(t.Context(), batch(vm, mine(3, "11"), mine(4, "12"), mine(5, "13"), mine(6, "9"))))
	billed(t, store, order("bb", "acme", hours(7, 8)), pending(t, store, "acme")...)
	must(t, store.Record(t.Context(), batch(vm, mine(3, "14"), mine(4, "10"), mine(5, "9"))))
	// Hour 5 is -4 beyond what bb carries; another order carries that of hour 3.
	billed(t, store, order("cc", "acme", hours(8, 9)), pending(t, store, "acme")[0])
	wantBlock := func(want ...string) {
		t.Helper()
		same(t, "usage of the block", usageOf(t, store, "acme", hours(3, 7))[4:], want)
		wantTold(t, store, vm, 3, "3 acme c1.small 14")
		wantTold(t, store, vm, 5, "5 acme c1.small 9")
	}
	wantBlock(
		"3 vm-1 c1.small +1 in bb", "3 vm-1 c1.small +3 in cc",
		"4 vm-1 c1.small -2 pending", "4 vm-1 c1.small +2 in bb",
		"5 vm-1 c1.small -4 pending", "5 vm-1 c1.small +3 in bb",
		"6 vm-1 c1.small -1 in bb")
	void(t, store, "bb")
	store = s.reopen(t, store)
	wantBlock(
		"3 vm-1 c1.small +1 pending", "3 vm-1 c1.small +3 in cc", // of another order: stays
		"5 vm-1 c1.small -1 pending", // -4 + 3; in hour 4 -2 + 2 is nothing
		"6 vm-1 c1.small -1 pending")
	wantAt(t, store, "acme", 7, "7 vm-1 c1.small 10")
	// The next order carries them, and bills its own block, which bb had.
	billed(t, store, order("b2", "acme", hours(7, 8)), pending(t, store, "acme")...)
	wantBlock(
		"3 vm-1 c1.small +1 in b2", "3 vm-1 c1.small +3 in cc",
		"5 vm-1 c1.small -1 in b2", "6 vm-1 c1.small -1 in b2")

	// A parked order that is given up lets go as a settled one does.
	must(t, store.Record(t.Context(), batch(vm, mine(6, "8"))))
	hold := claim(t, store, order("dd", "acme", hours(9, 10)), pending(t, store, "acme")...)
	must(t, store.Suspend(t.Context(), hold, ledger.Parked, at(1002, "")))
	void(t, store, "dd")
	wantAt(t, store, "acme", 6, "6 vm-1 c1.small 10", "6 vm-1 c1.small -1 pending", "6 vm-1 c1.small -1 in b2")
}

// testVoidUnder: where an order is void whose block others carry usage for,
// that is left out of the usage, and comes back with the others.
func (s suite) testVoidUnder(t *testing.T) {
	store := s.open(t)
	settle(t, store, recordAcme(t, store))
	record := func(n int, v string) {
		t.Helper()
		must(t, store.Record(t.Context(), batch(vm, mine(n, v))))
	}
	record(3, "13")
	record(4, "14")
	record(6, "12")
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 4, volume("acme", "disk", "5")))))
	billed(t, store, order("bb", "acme", hours(7, 8)), pending(t, store, "acme")...)
	record(4, "20")
	record(6, "10") // back: -2 is pending
	void(t, store, "aa")
	store = s.reopen(t, store)
	block := func() []string { return usageOf(t, store, "acme", hours(3, 7)) }
	carried := []string{"3 vm-1 c1.small +3 in bb", "4 vm-1 c1.small +4 in bb", "4 disk-1 disk +5 in bb", "6 vm-1 c1.small +2 in bb"}
	with := func(lines ...string) []string { return append(lines, carried...) }
	same(t, "usage", block(), with("3 vm-1 c1.small 10", "4 vm-1 c1.small 16", "5 vm-1 c1.small 10", "6 vm-1 c1.small 8"))
	record(4, "20")
	same(t, "usage again", block(), with("3 vm-1 c1.small 10", "4 vm-1 c1.small 16", "5 vm-1 c1.small 10", "6 vm-1 c1.small 8"))

	// Usage changes; less than is carried is less than nothing.
	record(3, "1")
	record(4, "4") // as much as is carried
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 4))))
	same(t, "changed usage", block(), with("3 vm-1 c1.small -2", "4 disk-1 disk -5", "5 vm-1 c1.small 10", "6 vm-1 c1.small 8"))
	wantTold(t, store, vm, 3, "3 acme c1.small 1")
	wantTold(t, store, disk, 4)
	wantTold(t, store, vm, 4, "4 acme c1.small 4")

	// Billed again, the rest is frozen, and late usage counts what is carried.
	billed(t, store, order("a2", "acme", hours(3, 7)))
	record(3, "4")
	same(t, "usage billed again", usageOf(t, store, "acme", hours(3, 4)), []string{"3 vm-1 c1.small -2", "3 vm-1 c1.small +3 pending", carried[0]})

	// Void again, and then the carrier: all of it is usage.
	void(t, store, "a2")
	same(t, "usage", usageOf(t, store, "acme", hours(3, 4)), []string{"3 vm-1 c1.small 1", carried[0]})
	void(t, store, "bb")
	store = s.reopen(t, store)
	same(t, "usage that nobody carries", usageOf(t, store, "acme", usage.Span{}), []string{
		"0 vm-1 c1.small 10", "1 vm-1 c1.small 10", "2 vm-1 c1.small 10",
		"3 vm-1 c1.small 4", "4 vm-1 c1.small 4", "5 vm-1 c1.small 10", "6 vm-1 c1.small 10",
		"7 vm-1 c1.small 10", "8 vm-1 c1.small 10", "9 vm-1 c1.small 10",
	})
}
