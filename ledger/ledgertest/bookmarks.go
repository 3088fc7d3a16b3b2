package ledgertest

import (
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// bookmark is what a source wants to be told of a tenant.
func bookmark(tenant, source, text string) ledger.Bookmark {
	return ledger.Bookmark{Tenant: tenant, Source: source, Text: text}
}

// wantBookmarks compares what a store keeps for a source.
func wantBookmarks(t *testing.T, store ledger.Store, source string, want ...ledger.Bookmark) {
	t.Helper()
	same(t, "bookmarks of "+source, get[[]ledger.Bookmark](t)(store.Bookmarks(t.Context(), source)), want)
}

// testBookmarks: a bookmark is replaced, and removed by one without a text, for
// one tenant and source; those of a source come by tenant.
func (s suite) testBookmarks(t *testing.T) {
	store := s.open(t)
	wantBookmarks(t, store, "object")
	long := strings.Repeat("a line,\tand \\another\n", 200_000) // some 4 MB
	for _, bookmarks := range [][]ledger.Bookmark{
		{bookmark("umbrella", "object", "u1"), bookmark("acme", "object", "b1"), bookmark("Acme", "object", "A1"), bookmark("", "object", "all"), bookmark("gone", "object", "g1")},
		{bookmark("acme", "archive", "in the archive"), bookmark("", "", "of no name")},
		{bookmark("acme", "object", "a2"), bookmark("umbrella", "object", "u1")}, // another; the same
		{bookmark("gone", "object", ""), bookmark("never", "object", ""), bookmark("umbrella", "archive", ""), bookmark("", "", "")},
		{bookmark("Acme", "object", "A3"), bookmark("Acme", "object", ""), bookmark("Acme", "object", "A2")},                 // the last wins,
		{bookmark("hooli", "object", "h1"), bookmark("hooli", "object", ""), bookmark("initech", "object", "i1")},            // also where it says nothing,
		{bookmark("initech", "object", ""), bookmark("initech", "object", long), bookmark("umbrella", "object", "u")},        // or where it did before
		{bookmark("initech", "archive", "x"), bookmark("umbrella", "object", "u2"), bookmark("acme", "Object", "elsewhere")}, // of other sources
		{},
	} {
		must(t, store.Record(t.Context(), ledger.Batch{Bookmarks: bookmarks}))
	}
	check := func() {
		t.Helper()
		wantBookmarks(t, store, "object", bookmark("", "object", "all"), bookmark("Acme", "object", "A2"), bookmark("acme", "object", "a2"),
			bookmark("initech", "object", long), bookmark("umbrella", "object", "u2"))
		wantBookmarks(t, store, "archive", bookmark("acme", "archive", "in the archive"), bookmark("initech", "archive", "x"))
		wantBookmarks(t, store, "Object", bookmark("acme", "Object", "elsewhere"))
		wantBookmarks(t, store, "")
		wantBookmarks(t, store, "nowhere")
	}
	check()
	store = s.reopen(t, store)
	check()
	// No tenant, mark or usage comes of it.
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant(nil))
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark(nil))
	same(t, "revision", revision(t, store, "acme"), int64(0))
}

// testBookmarksKept: a bookmark comes and goes with its batch, and with nothing
// else.
func (s suite) testBookmarksKept(t *testing.T) {
	store := s.open(t)
	b := batch(vm, mine(0, "10"), mine(5, "10"))
	b.Marks = []ledger.Mark{mark("acme", "object", 0, 6)}
	b.Bookmarks = []ledger.Bookmark{bookmark("acme", "object", "up to 6"), bookmark("", "object", "all up to 6")}
	must(t, store.Record(t.Context(), b))
	acme, collecting := revision(t, store, "acme"), revision(t, store, "")
	check := func(what string, want ...ledger.Bookmark) {
		t.Helper()
		same(t, "bookmarks after "+what, get[[]ledger.Bookmark](t)(store.Bookmarks(t.Context(), "object")), want)
	}
	check("the first batch", b.Bookmarks[1], b.Bookmarks[0])

	next := batch(vm, mine(6, "10"))
	next.Bookmarks = []ledger.Bookmark{bookmark("acme", "object", "up to 9"), bookmark("", "object", ""), bookmark("umbrella", "object", "new")}
	next.Marks = []ledger.Mark{mark("acme", "object", 8, 9)}
	if err := store.Record(t.Context(), fenced(collecting, next)); err == nil {
		t.Error("a mark that leaves a hole was recorded")
	}
	check("a mark that leaves a hole", b.Bookmarks[1], b.Bookmarks[0])
	next.Marks = nil
	wantErr(t, "a stale batch", store.Record(t.Context(), fenced(collecting-1, next)), ledger.ErrStale)
	check("a stale batch", b.Bookmarks[1], b.Bookmarks[0])
	next.Meters = []ledger.MeterMark{{Source: "object", Meter: "instance"}}
	if err := store.Record(t.Context(), next); err == nil {
		t.Error("a mark of a meter without a time was recorded")
	}
	check("a mark of a meter without a time", b.Bookmarks[1], b.Bookmarks[0])
	store = s.reopen(t, store)
	check("all that was refused", b.Bookmarks[1], b.Bookmarks[0])

	must(t, store.Record(t.Context(), ledger.Batch{Bookmarks: []ledger.Bookmark{bookmark("acme", "object", "up to 7")}}))
	same(t, "revision of acme", revision(t, store, "acme"), acme)
	same(t, "revision of collecting", revision(t, store, ""), collecting+1)
	want := []ledger.Bookmark{b.Bookmarks[1], bookmark("acme", "object", "up to 7")}
	check("one that says more", want...)
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 1, volume("acme", "disk", "1")))))
	check("a batch without any", want...)
	billed(t, store, order("aa", "acme", hours(0, 2)))
	billed(t, store, order("bb", "acme", hours(2, 9)))
	void(t, store, "bb")
	if pruner, ok := store.(ledger.Pruner); ok {
		same(t, "pruned", get[ledger.Pruned](t)(pruner.Prune(t.Context(), hour(9))), ledger.Pruned{Orders: 1, Entries: 2})
		refused := batch(vm, fold(vm, 0))
		refused.Series[0].Folds[0].Digest = "late"
		refused.Bookmarks = []ledger.Bookmark{bookmark("acme", "object", "up to 10")}
		if err := store.Record(t.Context(), refused); err == nil {
			t.Error("usage that was pruned was changed")
		}
	}
	store = s.reopen(t, store)
	check("orders", want...)
}
