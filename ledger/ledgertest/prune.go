package ledgertest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// prune drops what was billed before an hour, and checks what that came to.
func prune(t *testing.T, store ledger.Store, before int, want ledger.Pruned) {
	t.Helper()
	pruner := able[ledger.Pruner](t, store, "Pruner")
	same(t, fmt.Sprintf("pruned before hour %d", before), get[ledger.Pruned](t)(pruner.Prune(t.Context(), hour(before))), want)
}

// testPrune: of a settled block the sums stay, and all that was not asked for
// stays as it is.
func (s suite) testPrune(t *testing.T) {
	store := s.open(t)
	able[ledger.Pruner](t, store, "Pruner")
	settle(t, store, recordAcme(t, store)) // aa, hours 3 to 6
	more := volume("acme", "c1.small", "0.25")
	more.Datacenter = "akl"
	hourly := volume("acme", "c1.small", "2")
	hourly.Unit = "hour"
	must(t, store.Record(t.Context(), batch(disk,
		fold(disk, 7, volume("acme", "disk", "1"), more, hourly), fold(disk, 8, volume("acme", "disk", "2.5"), hourly))))
	archive := ledger.Series{Source: "archive", Meter: "instance", Resource: "vm-1"}
	must(t, store.Record(t.Context(), batch(archive, fold(archive, 8, volume("acme", "c1.small", "7")))))
	bb := order("bb", "acme", hours(7, 9))
	billed(t, store, bb)
	claim(t, store, order("cc", "acme", hours(9, 10)))
	billed(t, store, order("dd", "umbrella", hours(5, 6)))
	billed(t, store, order("ee", "acme", hours(-5, -2))) // an empty block
	before := get[ledger.Order](t)(store.Order(t.Context(), "bb"))
	history := get[[]ledger.Change](t)(store.History(t.Context(), "bb"))

	prune(t, store, 6, ledger.Pruned{Orders: 1, Entries: 1}) // umbrella's: aa ends an hour later
	wantUsage(t, store, "umbrella", "5 vm-1 c1.small 20")    // the sum of one window is like the entry
	wantAt(t, store, "acme", 5, "5 vm-1 c1.small 10")
	prune(t, store, 7, ledger.Pruned{Orders: 1, Entries: 4})
	prune(t, store, 7, ledger.Pruned{})
	prune(t, store, 9, ledger.Pruned{Orders: 1, Entries: 8})
	store = s.reopen(t, store)
	prune(t, store, 1000, ledger.Pruned{}) // nor one that is not settled
	wantUsage(t, store, "acme",
		"0 vm-1 c1.small 10", "1 vm-1 c1.small 10", "2 vm-1 c1.small 10",
		"3-7 vm-1 c1.small 40",
		"7-9 disk-1 c1.small akl 0.25", "7-9 vm-1 c1.small 7", "7-9 vm-1 c1.small 20", "7-9 disk-1 c1.small hour 4", "7-9 disk-1 disk 3.5",
		"9 vm-1 c1.small 10")
	same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), "bb")), before)
	same(t, "history", get[[]ledger.Change](t)(store.History(t.Context(), "bb")), history)
	wantOverlap(t, tryClaim(t, store, order("ff", "acme", hours(8, 9))), order("ff", "acme", hours(8, 9)), before)

	if err := store.Void(t.Context(), "bb", at(1002, "too late")); err == nil {
		t.Error("an order is void whose usage is not there to be billed again")
	}
	same(t, "order after a void that was refused", get[ledger.Order](t)(store.Order(t.Context(), "bb")), before)

	// A sum lies within what its whole block lies within.
	same(t, "usage within a block", usageOf(t, store, "acme", hours(3, 7)), []string{"3-7 vm-1 c1.small 40"})
	same(t, "usage within a part of a block", usageOf(t, store, "acme", hours(3, 6)), []string(nil))
	sum := collect(t, store.Entries(t.Context(), ledger.EntryFilter{Tenant: "acme", Resource: "disk-1", Within: hours(7, 9)}))
	if len(sum) != 3 || sum[2].Samples != 4 || sum[2].Window.Start.Location().String() != "UTC" {
		t.Errorf("the sums of the disk are %+v", sum)
	}
}

// testPruneKeeps: a block for which something is pending, or carried by an
// order that is not settled, stays as it is.
func (s suite) testPruneKeeps(t *testing.T) {
	store := s.open(t)
	able[ledger.Pruner](t, store, "Pruner")
	settle(t, store, recordAcme(t, store))
	billed(t, store, order("ab", "acme", hours(0, 3)))
	billed(t, store, order("dd", "umbrella", hours(5, 10)))
	must(t, store.Record(t.Context(), batch(vm, mine(4, "12"))))
	prune(t, store, 9, ledger.Pruned{Orders: 1, Entries: 3, Kept: 1})
	wantAt(t, store, "acme", 4, "4 vm-1 c1.small 10", "4 vm-1 c1.small +2 pending")
	bb := claim(t, store, order("bb", "acme", hours(7, 8)), pending(t, store, "acme")...)
	prune(t, store, 7, ledger.Pruned{Kept: 1})
	must(t, store.Suspend(t.Context(), bb, ledger.Parked, at(1001, "")))
	prune(t, store, 7, ledger.Pruned{Kept: 1})
	settle(t, store, bb)
	must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
	prune(t, store, 7, ledger.Pruned{Kept: 1}) // -2 is pending
	billed(t, store, order("cc", "acme", hours(8, 9)), pending(t, store, "acme")...)
	prune(t, store, 7, ledger.Pruned{Orders: 1, Entries: 4})
	store = s.reopen(t, store)
	same(t, "usage", usageOf(t, store, "acme", hours(0, 7)), []string{
		"0-3 vm-1 c1.small 30", "3-7 vm-1 c1.small 40", "4 vm-1 c1.small +2 in bb", "4 vm-1 c1.small -2 in cc",
	})
}

// testPruneShared: a block stays as it is while one of its windows is shared
// with another tenant, of whom nothing settled has it: what comes late for that
// tenant still counts.
func (s suite) testPruneShared(t *testing.T) {
	store := s.open(t)
	able[ledger.Pruner](t, store, "Pruner")
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 4, volume("acme", "disk", "1")))))
	settle(t, store, recordAcme(t, store)) // aa, hours 3 to 6, of which umbrella shares hour 5
	billed(t, store, order("ab", "acme", hours(0, 3)))
	billed(t, store, order("ac", "umbrella", hours(6, 7))) // another hour
	void := order("ad", "umbrella", hours(5, 6))
	billed(t, store, void)
	must(t, store.Void(t.Context(), void.Key, at(1002, "wrong")))
	prune(t, store, 7, ledger.Pruned{Orders: 1, Entries: 3, Kept: 1})
	late := func(series ledger.Series, n int, volumes ...usage.Volume) {
		t.Helper()
		f := fold(series, n, volumes...)
		f.Digest = "one more sample"
		must(t, store.Record(t.Context(), batch(series, f)))
	}
	late(vm, 5, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "21"))
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 21")
	wantAt(t, store, "acme", 5, "5 vm-1 c1.small 10")

	must(t, store.Park(t.Context(), parked("ae", "umbrella", hours(5, 6)), at(1000, "")))
	prune(t, store, 7, ledger.Pruned{Kept: 1})
	five := claim(t, store, order("af", "umbrella", hours(5, 6)))
	prune(t, store, 7, ledger.Pruned{Kept: 1})
	must(t, store.Suspend(t.Context(), five, ledger.Parked, at(1001, "")))
	prune(t, store, 7, ledger.Pruned{Kept: 1})

	// Umbrella has an adjustment of hour 4, and no entry.
	four := claim(t, store, order("ag", "umbrella", hours(4, 5)))
	late(disk, 4, volume("acme", "disk", "1"), volume("umbrella", "disk", "2"))
	settle(t, store, five)
	prune(t, store, 7, ledger.Pruned{Orders: 1, Entries: 1, Kept: 1}) // umbrella's: all of hour 5 is settled
	settle(t, store, four)
	prune(t, store, 7, ledger.Pruned{Orders: 1, Entries: 5})
	prune(t, store, 7, ledger.Pruned{})
	store = s.reopen(t, store)
	same(t, "usage", usageOf(t, store, "acme", hours(0, 7)), []string{
		"0-3 vm-1 c1.small 30", "3-7 vm-1 c1.small 40", "3-7 disk-1 disk 1",
	})
	same(t, "usage of umbrella", usageOf(t, store, "umbrella", hours(0, 7)), []string{
		"5 vm-1 c1.small 21", "4 disk-1 disk +2 pending",
	})
}

// testPruneBeside: where one of the tenants who share a window was pruned, the
// order of the other goes on as if nothing had been: it may be void, and what is
// billed again is what it was, with what was pending. Only what comes later for
// the window is refused, whoever's it is, and first usage too.
func (s suite) testPruneBeside(t *testing.T) {
	store := s.open(t)
	able[ledger.Pruner](t, store, "Pruner")
	settle(t, store, recordAcme(t, store)) // aa, hours 3 to 6, of which umbrella shares hour 5
	dd := order("dd", "umbrella", hours(5, 10))
	billed(t, store, dd)
	both := func(acme, umbrella string) ledger.Fold {
		f := fold(vm, 5, volume("acme", "c1.small", acme), volume("umbrella", "c1.small", umbrella))
		f.Digest += umbrella
		return f
	}
	must(t, store.Record(t.Context(), batch(vm, both("10", "22"))))
	carrier := order("ee", "umbrella", hours(10, 11))
	billed(t, store, carrier, pending(t, store, "umbrella")...)
	must(t, store.Record(t.Context(), batch(vm, both("10", "25"))))
	prune(t, store, 7, ledger.Pruned{Orders: 1, Entries: 4})
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 20", "5 vm-1 c1.small +3 pending", "5 vm-1 c1.small +2 in ee")

	refused := func(what string, folds ...ledger.Fold) {
		t.Helper()
		before := usageOf(t, store, "umbrella", hours(0, 20))
		if _, ok := errors.AsType[*ledger.PrunedError](store.Record(t.Context(), batch(vm, folds...))); !ok {
			t.Errorf("%s is taken, though its window was pruned", what)
		}
		same(t, "usage after "+what, usageOf(t, store, "umbrella", hours(0, 20)), before)
	}
	first := fold(vm, 4, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "1"))
	first.Digest = "first of umbrella"
	refused("first usage of umbrella", first)
	refused("late usage of umbrella", both("10", "26"))

	must(t, store.Void(t.Context(), carrier.Key, at(1002, "credited")))
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 20", "5 vm-1 c1.small +5 pending")
	must(t, store.Void(t.Context(), dd.Key, at(1003, "credited")))
	store = s.reopen(t, store)
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 25")
	refused("late usage of what is free", both("10", "26"))
	must(t, store.Record(t.Context(), batch(vm, both("10", "25")))) // what is known
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 25")
	prune(t, store, 99, ledger.Pruned{}) // nothing of umbrella's is settled

	again := dd
	again.Key, again.Attempt = "d2", 2
	five := claim(t, store, again)
	prune(t, store, 99, ledger.Pruned{})
	refused("late usage of what is claimed", both("10", "26"))
	settle(t, store, five)
	prune(t, store, 99, ledger.Pruned{Orders: 1, Entries: 1})
	same(t, "usage of umbrella", usageOf(t, store, "umbrella", hours(0, 20)), []string{"5-10 vm-1 c1.small 25"})
	same(t, "usage of acme", usageOf(t, store, "acme", hours(3, 7)), []string{"3-7 vm-1 c1.small 40"})
	if err := store.Void(t.Context(), again.Key, at(1004, "too late")); err == nil {
		t.Error("an order is void whose usage is not there to be billed again")
	}
}

// testPruneLate: a late sample is noticed where entries were pruned, and
// refused, with all of its batch. Where none were, usage comes as it does.
func (s suite) testPruneLate(t *testing.T) {
	store := s.open(t)
	able[ledger.Pruner](t, store, "Pruner")
	settle(t, store, recordAcme(t, store))
	billed(t, store, order("dd", "umbrella", hours(5, 10)))
	prune(t, store, 7, ledger.Pruned{Orders: 1, Entries: 4})
	store = s.reopen(t, store)
	folds := foldsOf(t, store, vm)
	if got := folds[5]; !got.Pruned || got.Samples != 4 || got.Digest != mine(5, "10").Digest {
		t.Errorf("the fold of hour 5 is %+v", got)
	}
	wantTold(t, store, vm, 5, "5 umbrella c1.small 20") // of a tenant whose usage was not pruned
	if folds[2].Pruned || folds[7].Pruned {
		t.Error("folds before and after the block are pruned")
	}
	acme := revision(t, store, "acme")

	// The same samples: nothing is done, whatever the state was.
	same5 := fold(vm, 5, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "20"))
	must(t, store.Record(t.Context(), batch(vm, mine(4, "10"), same5)))
	after := foldsOf(t, store, vm)
	sameFolds(t, "folds", after, folds)
	same(t, "revision", revision(t, store, "acme"), acme)

	late := mine(4, "11")
	late.Digest = "one more sample"
	b := batch(disk, fold(disk, 1, volume("acme", "disk", "1")))
	b.Series = append(b.Series, batch(vm, mine(8, "11"), late).Series...)
	b.Marks = []ledger.Mark{mark("acme", "object", 0, 9)}
	refused, ok := errors.AsType[*ledger.PrunedError](store.Record(t.Context(), b))
	if !ok {
		t.Fatal("usage that was pruned was changed")
	}
	same(t, "the error", *refused, ledger.PrunedError{Series: vm, Window: hours(4, 5)})
	sameFolds(t, "folds", foldsOf(t, store, vm), folds)
	same(t, "folds of the disk", foldsOf(t, store, disk), []ledger.Fold(nil))
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark(nil))

	// A series that nothing was billed of.
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 4, volume("acme", "disk", "1")))))
	must(t, store.Record(t.Context(), batch(vm, mine(8, "11"))))
	same(t, "usage", usageOf(t, store, "acme", hours(3, 9)), []string{
		"3-7 vm-1 c1.small 40", "7 vm-1 c1.small 10", "8 vm-1 c1.small 11", "4 disk-1 disk +1 pending",
	})
}

// testPruneStates: of a series that was pruned those states stay from which
// folding may go on.
func (s suite) testPruneStates(t *testing.T) {
	store := s.open(t)
	able[ledger.Pruner](t, store, "Pruner")
	must(t, store.Record(t.Context(), batch(vm, mine(0, "1"), mine(1, "1"), mine(2, "1"), mine(4, "1"), mine(5, "1"), mine(6, "1"))))
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 2, volume("acme", "disk", "1")), fold(disk, 4, volume("acme", "disk", "1")))))
	billed(t, store, order("aa", "acme", hours(1, 5)))
	check := func(series ledger.Series, want string) {
		t.Helper()
		got := ""
		for _, f := range foldsOf(t, store, series) {
			switch {
			case !f.Pruned:
				got += "o"
			case f.State == usage.State{}:
				got += "-"
			case f.State.Data == mine(int(f.Window.Start.Sub(midnight)/usage.WindowLength), "1").State.Data:
				got += "S"
			default:
				got += "?"
			}
		}
		if got != want {
			t.Errorf("the folds of %v are %s (o: not pruned, S: with its state, -: without), want %s", series, got, want)
		}
	}
	prune(t, store, 5, ledger.Pruned{Orders: 1, Entries: 5})
	store = s.reopen(t, store)
	check(vm, "o--Soo") // hour 5 goes on from hour 4
	check(disk, "-S")   // so does whatever comes after the newest
	sameFolds(t, "folds from hour 5", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm, hour(5)))[1:], []ledger.Fold{mine(5, "1"), mine(6, "1")})

	// Now the newest is not pruned any more, and then all are.
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 6, volume("acme", "disk", "1")))))
	check(disk, "-So")
	billed(t, store, order("bb", "acme", hours(0, 1)))
	billed(t, store, order("cc", "acme", hours(5, 7)))
	prune(t, store, 7, ledger.Pruned{Orders: 2, Entries: 4})
	check(vm, "-----S")
	check(disk, "--S")
}
