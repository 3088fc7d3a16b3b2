package ledgertest

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// until is a fold without entries, whose state lasts until an instant.
func until(s ledger.Series, n int, t time.Time) ledger.Fold {
	f := fold(s, n)
	f.State.Until = t
	return f
}

// reaches are the series of a source that reach on.
func reaches(t *testing.T, store ledger.Store, source string) []ledger.Reach {
	t.Helper()
	return collect(t, store.Reaching(t.Context(), source))
}

func reach(s ledger.Series, through int, until time.Time) ledger.Reach {
	return ledger.Reach{Series: s, Through: hour(through), Until: until}
}

// testReaching: those series of a source come that are not at their end, by the
// last of their folds alone, whenever that was recorded.
func (s suite) testReaching(t *testing.T) {
	store := s.open(t)
	same(t, "what reaches on in an empty store", reaches(t, store, "object"), []ledger.Reach(nil))
	series := func(source, meter, resource string) ledger.Series {
		return ledger.Series{Source: source, Meter: meter, Resource: resource}
	}
	half := func(n int) time.Time { return hour(n).Add(30*time.Minute + 1) }
	elsewhere, capital := series("archive", "instance", "vm-1"), series("object", "Instance", "vm-9")
	ended, never, border := series("object", "instance", "vm-2"), series("object", "instance", "vm-3"), series("object", "instance", "vm-4")
	far := series("object", "instance", "vm-5")
	must(t, store.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{
		batch(vm, until(vm, 1, half(9)), until(vm, 3, half(4))).Series[0],
		batch(disk, until(disk, 3, half(5))).Series[0],
		batch(capital, until(capital, 3, half(6).In(time.FixedZone("NZDT", 13*3600)))).Series[0],
		batch(elsewhere, until(elsewhere, 2, half(7))).Series[0],
		batch(ended, until(ended, 1, half(9)), until(ended, 3, half(3))).Series[0], // within its window
		batch(never, until(never, 3, time.Time{})).Series[0],
		batch(border, until(border, 3, hour(4))).Series[0], // at its end
		batch(far, until(far, 3, hour(100000))).Series[0],
	}}))
	store = s.reopen(t, store)
	want := []ledger.Reach{
		reach(capital, 4, half(6)), reach(vm, 4, half(4)), reach(border, 4, hour(4)), reach(far, 4, hour(100000)), reach(disk, 4, half(5)),
	}
	same(t, "what reaches on", reaches(t, store, "object"), want)
	same(t, "what reaches on elsewhere", reaches(t, store, "archive"), []ledger.Reach{reach(elsewhere, 3, half(7))})
	same(t, "what reaches on nowhere", reaches(t, store, "objec"), []ledger.Reach(nil))

	// Whoever reads may write meanwhile, and stop.
	n := 0
	for _, err := range store.Reaching(t.Context(), "object") {
		must(t, err)
		if n++; n == 2 {
			break
		}
		must(t, store.Record(t.Context(), batch(disk, until(disk, 3, half(5)))))
	}

	for _, step := range []struct {
		what   string
		series ledger.Series
		fold   ledger.Fold
		want   []ledger.Reach // of the series
	}{
		{"a window before the last", vm, until(vm, 2, half(9)), want[1:2]},
		{"one before the last, that ends", vm, until(vm, 2, half(2)), want[1:2]},
		{"the last once more, and longer", vm, until(vm, 3, half(6)), []ledger.Reach{reach(vm, 4, half(6))}},
		{"one after the last", vm, until(vm, 4, half(6)), []ledger.Reach{reach(vm, 5, half(6))}},
		{"one that ends", vm, until(vm, 6, half(6)), nil},
		{"one before that", vm, until(vm, 5, half(6)), nil},
		{"the last once more, that goes on", vm, until(vm, 6, half(7)), []ledger.Reach{reach(vm, 7, half(7))}},
		{"and that never reached on", vm, until(vm, 6, time.Time{}), nil},
		{"one that begins anew", vm, until(vm, 9, half(10)), []ledger.Reach{reach(vm, 10, half(10))}},
	} {
		must(t, store.Record(t.Context(), batch(step.series, step.fold)))
		var got []ledger.Reach
		for _, r := range reaches(t, store, "object") {
			if r.Series == step.series {
				got = append(got, r)
			}
		}
		same(t, "after "+step.what, got, step.want)
	}
	// What is refused changes nothing.
	if err := store.Record(t.Context(), ledger.Batch{Series: batch(disk, until(disk, 9, half(10))).Series, Revision: 1}); err == nil {
		t.Error("a stale batch was recorded")
	}
	same(t, "what reaches on", reaches(t, s.reopen(t, store), "object")[4:], want[4:])
}

// testReachingPruned: what was billed and pruned reaches on as it did, and so
// does what an archive brings.
func (s suite) testReachingPruned(t *testing.T) {
	store := s.open(t)
	able[ledger.Pruner](t, store, "Pruner")
	last := mine(2, "1")
	last.State.Until = hour(4).Add(5)
	before := mine(1, "1")
	before.State.Until = hour(9)
	must(t, store.Record(t.Context(), batch(vm, before, last)))
	billed(t, store, order("aa", "acme", hours(0, 3)))
	prune(t, store, 3, ledger.Pruned{Orders: 1, Entries: 2})
	want := []ledger.Reach{reach(vm, 3, hour(4).Add(5))}
	same(t, "what reaches on", reaches(t, store, "object"), want)
	must(t, store.Record(t.Context(), batch(vm, until(vm, 3, hour(4).Add(5)))))
	same(t, "what reaches on", reaches(t, store, "object"), []ledger.Reach{reach(vm, 4, hour(4).Add(5))})
}
