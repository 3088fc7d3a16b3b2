package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// fenced is a batch that is written only where nothing was recorded since.
func fenced(revision int64, b ledger.Batch) ledger.Batch {
	b.Revision = revision
	return b
}

// testRecordFenced: what was made from usage to which another batch was added
// since is not written. Whatever a batch changes, it counts; what else happens
// does not.
func (s suite) testRecordFenced(t *testing.T) {
	store := s.open(t)
	same(t, "the revision of collecting", revision(t, store, ""), int64(1))
	both := batch(vm, fold(vm, 4, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "20")))
	must(t, store.Record(t.Context(), fenced(1, both)))
	same(t, "revision after a batch", revision(t, store, ""), int64(2))
	must(t, store.Record(t.Context(), fenced(2, both)))
	same(t, "revision after the same again", revision(t, store, ""), int64(3))
	must(t, store.Record(t.Context(), fenced(3, ledger.Batch{})))
	same(t, "revision after nothing", revision(t, store, ""), int64(4))
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 4, volume("acme", "disk", "1")))))
	must(t, store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{mark("", "object", 0, 5)}}))
	same(t, "revision after what is not fenced", revision(t, store, ""), int64(6))

	// All that is refused leaves no trace.
	acme := revision(t, store, "acme")
	stale := batch(vm, mine(4, "11"), mine(5, "11"))
	stale.Marks = []ledger.Mark{mark("", "object", 5, 9)}
	stale.Tenants = []usage.Tenant{{ID: "acme", Name: "stale"}}
	stale.Resources = []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance", Type: "stale"}}
	for _, r := range []int64{1, 5, 7, -1} {
		wantErr(t, fmt.Sprintf("a batch of revision %d", r), store.Record(t.Context(), fenced(r, stale)), ledger.ErrStale)
	}
	hole := ledger.Batch{Marks: []ledger.Mark{mark("", "object", 7, 9)}}
	if err := store.Record(t.Context(), fenced(6, hole)); err == nil || errors.Is(err, ledger.ErrStale) {
		t.Errorf("a mark that leaves a hole: got error %v", err)
	}
	store = s.reopen(t, store)
	same(t, "revision after what was refused", revision(t, store, ""), int64(6))
	same(t, "revision of acme", revision(t, store, "acme"), acme)
	same(t, "usage", usageOf(t, store, "acme", hours(0, 9)), []string{"4 vm-1 c1.small 10", "4 disk-1 disk 1"})
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark{mark("", "object", 0, 5)})
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant(nil))
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")), []ledger.Resource(nil))

	// What becomes of orders changes no fold.
	aa := order("aa", "acme", hours(4, 5))
	billed(t, store, aa)
	must(t, store.Record(t.Context(), fenced(6, batch(vm, mine(5, "12")))))
	must(t, store.Void(t.Context(), aa.Key, at(1002, "wrong")))
	if pruner, ok := store.(ledger.Pruner); ok {
		get[ledger.Pruned](t)(pruner.Prune(t.Context(), hour(9)))
	}
	same(t, "revision after orders", revision(t, store, ""), int64(7))
	must(t, store.Record(t.Context(), fenced(7, batch(vm, mine(5, "13")))))
}

// testConcurrentFenced: of collectors that read the same and write at once, one
// wins, and its batch is there as a whole.
func (s suite) testConcurrentFenced(t *testing.T) {
	store := s.open(t)
	two := s.twice(t, store)
	for round := range 10 {
		now := revision(t, store, "")
		made := func(i int) ledger.Batch { // but for the bookmark, nothing that two of them share
			series := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("vm-%d-%d", round, i)}
			b := fenced(now, batch(series, fold(series, round, volume(fmt.Sprintf("tenant-%d-%d", round, i), "c1.small", "1"))))
			b.Bookmarks = []ledger.Bookmark{bookmark("", "object", series.Resource)}
			return b
		}
		errs := atOnce(6, func(i int) error { return two[i%2].Record(t.Context(), made(i)) })
		if slices.Index(errs, nil) < 0 {
			t.Fatalf("nobody won: %v", errors.Join(errs...))
		}
		won := 0
		for i, err := range errs {
			used := len(usageOf(t, store, fmt.Sprintf("tenant-%d-%d", round, i), hours(0, 99)))
			switch {
			case err == nil && used == 1:
				won++
				wantBookmarks(t, store, "object", made(i).Bookmarks...)
			case err == nil || used != 0:
				t.Errorf("collector %d: got error %v, and it has %d entries", i, err, used)
			default:
				wantErr(t, fmt.Sprint("the batch of collector ", i), err, ledger.ErrStale)
			}
		}
		if won != 1 {
			t.Errorf("%d collectors wrote what they made from one revision, want 1", won)
		}
		same(t, "revision", revision(t, store, ""), now+1)
	}
}
