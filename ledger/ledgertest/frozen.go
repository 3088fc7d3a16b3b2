package ledgertest

import (
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// testFrozen: entries of a tenant within a block that is reserved do not
// change. All else goes on.
func (s suite) testFrozen(t *testing.T) {
	disk := ledger.Series{Source: "object", Meter: "volume.size", Resource: "disk-1"}
	otherDigest := mine(4, "10")
	otherDigest.Digest, otherDigest.Samples, otherDigest.State = "late samples", 99, usage.State{Data: "late"}
	otherSamples := mine(4, "10")
	otherSamples.Entries[0].Samples++
	otherUnit := mine(4, "10")
	otherUnit.Entries[0].Unit = "hour"
	for _, test := range []struct {
		name   string
		series ledger.Series
		fold   ledger.Fold
		frozen string // whose usage, "" where the fold is recorded
	}{
		{"the same", vm, mine(4, "10"), ""},
		{"the same volume, written in another way", vm, mine(4, "10.00"), ""},
		{"the same entries of other samples", vm, otherDigest, ""},
		{"another volume", vm, mine(4, "11"), "acme"},
		{"another volume in the block's first hour", vm, mine(3, "11"), "acme"},
		{"another volume in the block's last hour", vm, mine(6, "11"), "acme"},
		{"a volume that differs in its 30th digit", vm, mine(4, "10.0000000000000000000000000001"), "acme"},
		{"another number of samples", vm, otherSamples, "acme"},
		{"another unit", vm, otherUnit, "acme"},
		{"another service", vm, fold(vm, 4, volume("acme", "c1.large", "10")), "acme"},
		{"one more service", vm, fold(vm, 4, volume("acme", "c1.small", "10"), volume("acme", "c1.large", "1")), "acme"},
		{"no entry any more", vm, fold(vm, 4), "acme"},
		{"another tenant takes over", vm, fold(vm, 4, volume("umbrella", "c1.small", "10")), "acme"},
		{"another series", disk, fold(disk, 4, volume("acme", "disk", "1")), "acme"},
		{"another series, nothing to bill", disk, fold(disk, 4), ""},
		{"another series, a volume of zero", disk, fold(disk, 4, volume("acme", "disk", "0")), "acme"},
		{"the hour before", vm, mine(2, "11"), ""},
		{"the hour after", vm, mine(7, "11"), ""},
		{"an hour without usage before", vm, mine(-1, "11"), ""},
		{"the other tenant's part", vm, fold(vm, 5, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "21")), ""},
		{"the other tenant's part goes", vm, fold(vm, 5, volume("acme", "c1.small", "10")), ""},
		{"another tenant's series", disk, fold(disk, 4, volume("umbrella", "disk", "1")), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := s.open(t)
			recordAcme(t, store)
			before := foldAt(t, store, test.series, test.fold.Window)
			err := store.Record(t.Context(), batch(test.series, test.fold))
			if test.frozen != "" {
				wantFrozen(t, err, test.frozen, test.fold.Window)
				sameFolds(t, "the fold", foldAt(t, store, test.series, test.fold.Window), before)
				return
			}
			must(t, err)
			sameFolds(t, "the fold", foldAt(t, store, test.series, test.fold.Window), []ledger.Fold{test.fold})
		})
	}
	for _, status := range []ledger.Status{ledger.Settled, ledger.InDoubt, ledger.Parked} {
		t.Run("an order that is "+string(status), func(t *testing.T) {
			store := s.open(t)
			recordAcme(t, store)
			if status == ledger.Settled {
				must(t, store.Settle(t.Context(), "aa", "INV-1", hour(1001)))
			} else {
				must(t, store.Suspend(t.Context(), "aa", status, "because", hour(1001)))
			}
			wantFrozen(t, store.Record(t.Context(), batch(vm, mine(4, "11"))), "acme", hours(4, 5))
			must(t, store.Record(t.Context(), batch(vm, mine(4, "10"), mine(7, "11"))))
		})
	}
	t.Run("an order that reserves nothing", func(t *testing.T) {
		store := s.open(t)
		must(t, store.Park(t.Context(), parked("aa", "acme", hours(3, 7))))
		must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
		must(t, store.Record(t.Context(), batch(vm, mine(4, "11"))))
		sameFolds(t, "the fold", foldAt(t, store, vm, hours(4, 5)), []ledger.Fold{mine(4, "11")})
	})
}

// mine is what acme used of the vm in the hour from n.
func mine(n int, v string) ledger.Fold { return fold(vm, n, volume("acme", "c1.small", v)) }

// recordAcme records that acme used the vm in the hours 0 to 9, and umbrella
// too in hour 5, and claims acme's hours 3 to 6.
func recordAcme(t *testing.T, store ledger.Store) {
	t.Helper()
	b := batch(vm, fold(vm, 5, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "20")))
	for _, n := range []int{0, 1, 2, 3, 4, 6, 7, 8, 9} {
		b.Series[0].Folds = append(b.Series[0].Folds, mine(n, "10"))
	}
	must(t, store.Record(t.Context(), b))
	must(t, store.Claim(t.Context(), order("aa", "acme", hours(3, 7))))
}

// foldAt returns what a store has of one window of a series, at most one fold.
func foldAt(t *testing.T, store ledger.Store, series ledger.Series, window usage.Span) []ledger.Fold {
	t.Helper()
	var found []ledger.Fold
	for _, f := range get[[]ledger.Fold](t)(store.Folds(t.Context(), series)) {
		if f.Window.Start.Equal(window.Start) {
			found = append(found, f)
		}
	}
	return found
}

// testFrozenAtomic: of a batch that touches billed usage nothing is kept.
func (s suite) testFrozenAtomic(t *testing.T) {
	store := s.open(t)
	must(t, store.Claim(t.Context(), order("aa", "acme", hours(3, 7))))
	disk := ledger.Series{Source: "object", Meter: "volume.size", Resource: "disk-1"}
	b := ledger.Batch{
		Series: []ledger.SeriesFolds{
			{Series: vm, Folds: []ledger.Fold{fold(vm, 0, volume("acme", "c1.small", "1")), fold(vm, 8)}},
			{Series: disk, Folds: []ledger.Fold{fold(disk, 1, volume("umbrella", "disk", "1")), fold(disk, 6, volume("acme", "disk", "1")), fold(disk, 7)}},
		},
		Marks:     []ledger.Mark{{Tenant: "acme", Source: "object", Through: hour(9)}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance"}},
	}
	wantFrozen(t, store.Record(t.Context(), b), "acme", hours(6, 7))
	store = s.reopen(t, store)
	same(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold(nil))
	same(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), disk)), []ledger.Fold(nil))
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), []usage.Entry(nil))
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark(nil))
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")), []ledger.Resource(nil))
}
