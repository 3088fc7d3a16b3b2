package ledgertest

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// wantHistory compares all that became of an order.
func wantHistory(t *testing.T, store ledger.Store, key string, want ...ledger.Change) {
	t.Helper()
	same(t, "history of "+key, get[[]ledger.Change](t)(store.History(t.Context(), key)), want)
}

// testHistory: each change is kept, with its note, in the order in which they
// were made, and nothing that was refused.
func (s suite) testHistory(t *testing.T) {
	store := s.open(t)
	var want []ledger.Change
	clock := 2000
	// Clocks of machines differ: the notes' instants go back and forth.
	note := func(by, reason string) ledger.Note {
		clock += 7 - len(want)*3
		return ledger.Note{At: hour(clock).Add(time.Duration(len(want) + 1)), By: by, Reason: reason}
	}
	told := func(err error, note ledger.Note, status ledger.Status, reference, holder string) {
		t.Helper()
		must(t, err)
		want = append(want, ledger.Change{Note: note, Status: status, Reference: reference, Holder: holder})
		wantHistory(t, store, "aa", want...)
	}
	c := claimOf(t, store, order("aa", "acme", hours(0, 24)))
	c.Note, c.Lease = note("host-1", "a new month"), brief("host-1/17")
	hold, err := store.Claim(t.Context(), c)
	told(err, c.Note, ledger.Claimed, "", "host-1/17")
	n := note("host-1", "timed out")
	told(store.Suspend(t.Context(), hold, ledger.InDoubt, n), n, ledger.InDoubt, "", "")
	n = note("host-2", "")
	_, taken, err := store.Take(t.Context(), "aa", long("host-2/4"), n)
	told(err, n, ledger.InDoubt, "", "host-2/4")

	// What is refused, and a release, leave no trace.
	for _, refused := range []error{
		store.Settle(t.Context(), hold, "INV-0", at(3000, "lost")),
		store.Suspend(t.Context(), hold, ledger.Parked, at(3000, "lost")),
		store.Suspend(t.Context(), taken, ledger.Void, at(3000, "not a state to suspend as")),
		store.Void(t.Context(), "aa", at(3000, "not settled")),
		store.Park(t.Context(), parked("aa", "acme", hours(0, 24)), at(3000, "claimed")),
		tryClaim(t, store, order("aa", "acme", hours(0, 24))),
	} {
		if refused == nil {
			t.Error("what should be refused was not")
		}
	}
	if _, _, err := store.Take(t.Context(), "aa", brief("host-3/1"), at(3000, "held")); err == nil {
		t.Error("a held order was taken")
	}
	must(t, store.Release(t.Context(), taken))
	wantHistory(t, store, "aa", want...)

	n = note("host-2", "no partner")
	told(store.Suspend(t.Context(), taken, ledger.Parked, n), n, ledger.Parked, "", "")
	n = note("host-2", "the same again")
	told(store.Suspend(t.Context(), taken, ledger.Parked, n), n, ledger.Parked, "", "")
	store = s.reopen(t, store)
	n = note("host-2", "saved")
	told(store.Settle(t.Context(), taken, "INV-1", n), n, ledger.Settled, "INV-1", "")
	n = ledger.Note{At: hour(1).In(time.FixedZone("NZDT", 13*3600)), By: "a person", Reason: "credited as CN-1"}
	err = store.Void(t.Context(), "aa", n)
	n.At = n.At.UTC()
	told(err, n, ledger.Void, "INV-1", "")

	// Of another order, and of another attempt, each has its own.
	second := order("bb", "acme", hours(0, 24))
	second.Attempt = 2
	claim(t, store, second)
	store = s.reopen(t, store)
	wantHistory(t, store, "aa", want...)
	wantHistory(t, store, "bb", ledger.Change{Note: ledger.Note{At: hour(1000), By: "host-1", Reason: "claimed"}, Status: ledger.Claimed, Holder: "first"})
	if _, err := store.History(t.Context(), "a"); err == nil {
		t.Error("there is a history of an order that is not there")
	}
}

// testHistoryParked: the history of an order that was parked before its claim
// goes on under its key, and goes with it where another takes its place.
func (s suite) testHistoryParked(t *testing.T) {
	store := s.open(t)
	park := func(key string, n int) ledger.Change {
		t.Helper()
		note := at(n, "no cost")
		must(t, store.Park(t.Context(), parked(key, "acme", hours(0, 24)), note))
		return ledger.Change{Note: note, Status: ledger.Parked}
	}
	first, again, other := park("aa", 1000), park("aa", 1001), park("bb", 1002)
	wantHistory(t, store, "aa", first, again)
	wantHistory(t, store, "bb", other)
	store = s.reopen(t, store)
	hold := claim(t, store, order("aa", "acme", hours(0, 24)))
	claimed := ledger.Change{Note: ledger.Note{At: hour(1000), By: "host-1", Reason: "claimed"}, Status: ledger.Claimed, Holder: "first"}
	wantHistory(t, store, "aa", first, again, claimed)
	_, err := store.History(t.Context(), "bb")
	wantErr(t, "the history of an order that made way", err, ledger.ErrNoOrder)

	settle(t, store, hold)
	settled := ledger.Change{Note: at(1001, ""), Status: ledger.Settled, Reference: "INV-aa"}
	must(t, store.Void(t.Context(), "aa", at(1005, "wrong")))
	void := ledger.Change{Note: at(1005, "wrong"), Status: ledger.Void, Reference: "INV-aa"}
	anew := park("bb", 1006)
	store = s.reopen(t, store)
	wantHistory(t, store, "aa", first, again, claimed, settled, void)
	wantHistory(t, store, "bb", anew)
}
