package ledgertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// take takes an order over, and returns the new hold.
func take(t *testing.T, store ledger.Store, key string, lease ledger.Lease) ledger.Hold {
	t.Helper()
	_, hold, err := store.Take(t.Context(), key, lease, at(1001, "taken"))
	must(t, err)
	return hold
}

// testHolds: whoever took an order last may change it, whether the lease has
// ended or not, and nobody else.
func (s suite) testHolds(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	first := claim(t, store, o) // its lease has ended
	must(t, store.Suspend(t.Context(), first, ledger.InDoubt, at(1001, "timed out")))
	o.Status, o.Reason, o.Changed = ledger.InDoubt, "timed out", hour(1001)

	got, second, err := store.Take(t.Context(), "aa", brief("second"), at(1002, "lease ended"))
	must(t, err)
	same(t, "the order that was taken", got, o) // its status, and when that changed, stay
	third := take(t, store, "aa", brief("second"))
	if first.Fence == second.Fence || second.Fence == third.Fence || first.Fence == third.Fence || third.Key != "aa" {
		t.Errorf("got the holds %+v, %+v and %+v one after the other", first, second, third)
	}
	store = s.reopen(t, store)
	lost := func(hold ledger.Hold) {
		t.Helper()
		wantErr(t, "settled by a hold that was lost", store.Settle(t.Context(), hold, "INV-1", at(1003, "")), ledger.ErrLost)
		wantErr(t, "suspended by a hold that was lost", store.Suspend(t.Context(), hold, ledger.Parked, at(1003, "")), ledger.ErrLost)
		must(t, store.Release(t.Context(), hold)) // does nothing
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
	}
	lost(first)
	lost(second)
	lost(ledger.Hold{Key: "aa"})
	lost(ledger.Hold{Key: "aa", Fence: third.Fence + 1})

	must(t, store.Suspend(t.Context(), third, ledger.Claimed, at(1004, "looked it up")))
	o.Status, o.Reason, o.Changed = ledger.Claimed, "looked it up", hour(1004)
	lost(second) // a change does not renew what was lost
	must(t, store.Release(t.Context(), third))
	must(t, store.Settle(t.Context(), third, "INV-1", at(1005, ""))) // nobody has taken it since
	o.Status, o.Reason, o.Reference, o.Changed = ledger.Settled, "", "INV-1", hour(1005)
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
	for what, err := range map[string]error{
		"settled":   store.Settle(t.Context(), second, "INV-2", at(1006, "")),
		"suspended": store.Suspend(t.Context(), second, ledger.Parked, at(1006, "")),
	} {
		if !errors.Is(err, ledger.ErrLost) && !errors.Is(err, ledger.ErrNotClaimed) {
			t.Errorf("an order that another settled was %s: got error %v, want ErrLost or ErrNotClaimed", what, err)
		}
	}
	must(t, store.Release(t.Context(), third))
	store = s.reopen(t, store)
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)

	// What is in no state to be worked on cannot be taken.
	must(t, store.Park(t.Context(), parked("bb", "acme", hours(24, 48)), at(1000, "")))
	billed(t, store, order("cc", "umbrella", hours(0, 24)))
	must(t, store.Void(t.Context(), "cc", at(1002, "")))
	for _, key := range []string{"aa", "bb", "cc"} {
		_, _, err := store.Take(t.Context(), key, brief("third"), at(1003, ""))
		wantErr(t, "order "+key+" was taken", err, ledger.ErrNotClaimed)
	}
	_, _, err = store.Take(t.Context(), "dd", brief("third"), at(1003, ""))
	wantErr(t, "an order that is not there was taken", err, ledger.ErrNoOrder)
}

// testLeases: while a lease lasts nobody but its holder takes the order.
func (s suite) testLeases(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	c := claimOf(t, store, o)
	c.Lease = long("first")
	first := get[ledger.Hold](t)(store.Claim(t.Context(), c))
	isHeld := func(holder string) {
		t.Helper()
		got := get[ledger.Order](t)(store.Order(t.Context(), "aa"))
		listed := get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{}))
		same(t, "listed order", listed, []ledger.Order{withoutItems(got)})
		if got.Holder != holder || got.HeldUntil.IsZero() == (holder != "") {
			t.Errorf("the order is held by %q until %s, want %q", got.Holder, got.HeldUntil, holder)
		}
		_, _, err := store.Take(t.Context(), "aa", brief("second"), at(1001, ""))
		wantHeld(t, "a held order was taken", err, "aa", holder)
	}
	isHeld("first")
	store = s.reopen(t, store)
	isHeld("first")
	if until := get[ledger.Order](t)(store.Order(t.Context(), "aa")).HeldUntil; until.Location() != time.UTC {
		t.Errorf("the lease ends at %s, which is not in UTC", until)
	}

	// Its own holder may, and another may not park or void it meanwhile.
	again := take(t, store, "aa", long("first"))
	wantErr(t, "settled by the holder's own earlier hold", store.Settle(t.Context(), first, "INV-1", at(1001, "")), ledger.ErrLost)
	must(t, store.Release(t.Context(), first))
	isHeld("first") // for what was lost releases nothing
	must(t, store.Suspend(t.Context(), again, ledger.Parked, at(1002, "no partner")))
	isHeld("first") // the lease goes on
	wantHeld(t, "a held order was voided", store.Void(t.Context(), "aa", at(1003, "")), "aa", "first")
	o.Status, o.Reason, o.Changed = ledger.Parked, "no partner", hour(1002)

	other := order("bb", "acme", hours(23, 48))
	overlap, ok := errors.AsType[*ledger.OverlapError](tryClaim(t, store, other))
	if !ok || overlap.By.Holder != "first" || overlap.By.HeldUntil.IsZero() {
		t.Errorf("the error of a block that another holds is %+v", overlap)
	}

	// Released, it is anybody's; with no time, it ends at once.
	must(t, store.Release(t.Context(), again))
	must(t, store.Release(t.Context(), again))
	same(t, "released order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
	second := take(t, store, "aa", long("second"))
	if holder := get[ledger.Order](t)(store.Order(t.Context(), "aa")).Holder; holder != "second" {
		t.Errorf("the order is held by %q, want second", holder)
	}
	must(t, store.Settle(t.Context(), second, "INV-1", at(1004, ""))) // ends the lease
	o.Status, o.Reason, o.Reference, o.Changed = ledger.Settled, "", "INV-1", hour(1004)
	same(t, "settled order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
	must(t, store.Void(t.Context(), "aa", at(1005, "wrong")))

	// A lease of less than nothing has ended too.
	c = claimOf(t, store, order("cc", "acme", hours(0, 24)))
	c.Lease = ledger.Lease{Holder: "first", For: -time.Hour}
	get[ledger.Hold](t)(store.Claim(t.Context(), c))
	take(t, store, "cc", brief("second"))
}

// testSettle: an order is settled once, from each state that reserves.
func (s suite) testSettle(t *testing.T) {
	store := s.open(t)
	note := ledger.Note{At: hour(1001).Add(1), By: "host-1", Reason: "saved"}
	for i, status := range []ledger.Status{ledger.Claimed, ledger.InDoubt, ledger.Parked} {
		o := order(fmt.Sprintf("%02x", i), "acme", hours(24*i, 24*i+24))
		hold := claim(t, store, o)
		if status != ledger.Claimed {
			must(t, store.Suspend(t.Context(), hold, status, at(1000, "because")))
		}
		reference := fmt.Sprintf("INV-%d", i)
		if i == 0 {
			reference = "" // nothing to bill
		}
		must(t, store.Settle(t.Context(), hold, reference, note))
		o.Status, o.Reference, o.Changed = ledger.Settled, reference, note.At
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), o.Key)), o)

		for name, err := range map[string]error{
			"settled with the same reference": store.Settle(t.Context(), hold, reference, at(1002, "")),
			"settled with another reference":  store.Settle(t.Context(), hold, "INV-99", at(1002, "")),
			"claimed again":                   store.Suspend(t.Context(), hold, ledger.Claimed, at(1002, "because")),
			"called in doubt":                 store.Suspend(t.Context(), hold, ledger.InDoubt, at(1002, "because")),
			"parked":                          store.Suspend(t.Context(), hold, ledger.Parked, at(1002, "because")),
		} {
			wantErr(t, "a settled order was "+name, err, ledger.ErrNotClaimed)
		}
		wantOverlap(t, tryClaim(t, store, o), o, o)
		store = s.reopen(t, store)
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), o.Key)), o)
	}
}

// testSuspend: an order that is claimed, in doubt or parked goes on reserving.
func (s suite) testSuspend(t *testing.T) {
	store := s.open(t)
	o := order("aa", "acme", hours(0, 24))
	hold := claim(t, store, o)
	for i, status := range []ledger.Status{ledger.InDoubt, ledger.InDoubt, ledger.Parked, ledger.Claimed, ledger.InDoubt} {
		o.Status, o.Reason, o.Changed = status, fmt.Sprintf("reason %d", i), hour(1001+i)
		must(t, store.Suspend(t.Context(), hold, status, at(1001+i, o.Reason)))
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)
		other := order("bb", "acme", hours(23, 48))
		wantOverlap(t, tryClaim(t, store, other), other, o)
	}
	for _, status := range []ledger.Status{ledger.Settled, ledger.Void, "", "lost"} {
		if err := store.Suspend(t.Context(), hold, status, at(1010, "because")); err == nil {
			t.Errorf("an order was suspended as %q", status)
		}
	}
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "aa")), o)

	must(t, store.Park(t.Context(), parked("cc", "umbrella", hours(0, 24)), at(1000, "")))
	for name, err := range map[string]error{
		"settled":         store.Settle(t.Context(), ledger.Hold{Key: "cc"}, "INV-1", at(1002, "")),
		"called in doubt": store.Suspend(t.Context(), ledger.Hold{Key: "cc"}, ledger.InDoubt, at(1002, "because")),
	} {
		if !errors.Is(err, ledger.ErrNotClaimed) && !errors.Is(err, ledger.ErrLost) { // nobody ever held it
			t.Errorf("an order parked before its claim was %s: got error %v, want ErrNotClaimed", name, err)
		}
	}
	nobody := ledger.Hold{Key: "dd", Fence: 1}
	for name, err := range map[string]error{
		"settled":   store.Settle(t.Context(), nobody, "INV-1", at(1002, "")),
		"suspended": store.Suspend(t.Context(), nobody, ledger.Parked, at(1002, "because")),
	} {
		wantErr(t, "an order that is not there was "+name, err, ledger.ErrNoOrder)
	}
}
