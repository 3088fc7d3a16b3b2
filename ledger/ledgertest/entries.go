package ledgertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// recordMany records two entries in each of the hours 0 to 5 for each of many
// series, not in the order of Entries, and returns all of them in that order.
// The first of the tenants has one of each two, the others share the rest.
func recordMany(t *testing.T, store ledger.Store, first string, others ...string) []usage.Entry {
	t.Helper()
	var all []usage.Entry
	var b ledger.Batch
	for i, resource := range []string{"vm-b", "vm-a", "VM-a", "vm-ä"} {
		for _, meter := range []string{"instance", "cpu"} {
			for _, source := range []string{"object", "archive"} {
				series := ledger.Series{Source: source, Meter: meter, Resource: resource}
				folds := ledger.SeriesFolds{Series: series}
				for n := 5; n >= 0; n-- {
					f := fold(series, n, volume(others[(i+n)%len(others)], []string{"c1.small", "a1.big"}[i%2], "1"), volume(first, "", fmt.Sprint(n)))
					f.Entries[0].Datacenter = []string{"wlg", "akl", "Akl"}[(n+i/2)%3]
					folds.Folds = append(folds.Folds, f)
					all = append(all, f.Entries...)
				}
				b.Series = append(b.Series, folds)
			}
		}
	}
	must(t, store.Record(t.Context(), b))
	slices.SortFunc(all, compareEntries)
	return all
}

// testEntries: entries come in their order, narrowed by tenant and span.
func (s suite) testEntries(t *testing.T) {
	store := s.open(t)
	all := recordMany(t, store, "acme", "tenant-0", "tenant-1", "tenant-2")
	store = s.reopen(t, store)
	auckland := time.FixedZone("NZDT", 13*3600)
	for _, f := range []ledger.EntryFilter{
		{},
		{Tenant: "acme"},
		{Tenant: "tenant-1"},
		{Tenant: "tenant"}, // is no prefix
		{Tenant: "Acme"},
		{Within: hours(1, 4)},
		{Within: hours(0, 6)},
		{Within: hours(-100, 100)},
		{Within: hours(2, 3), Tenant: "acme"},
		{Resource: "vm-a"},
		{Resource: "vm"},
		{Resource: "VM-a", Tenant: "tenant-1", Within: hours(0, 3)},
		{Resource: "nothing"},
		{Within: hours(6, 9)},
		{Within: hours(3, 3)},
		{Within: hours(4, 2)},
		{Within: usage.Span{Start: hour(1).Add(1), End: hour(4)}},              // hour 1 sticks out
		{Within: usage.Span{Start: hour(1), End: hour(4).Add(-1)}},             // hour 3 sticks out
		{Within: usage.Span{Start: hour(1).Add(-1), End: hour(4)}},             // hour 0 does
		{Within: usage.Span{Start: hour(1), End: hour(4).Add(1)}},              // hour 4 does
		{Within: usage.Span{Start: time.Time{}, End: hour(2)}},                 // from ever
		{Within: usage.Span{Start: hour(4), End: hour(0).AddDate(7000, 0, 0)}}, // for ever
		{Within: usage.Span{Start: hour(1).In(auckland), End: hour(4).In(auckland)}},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(e usage.Entry) bool {
			return f.Tenant != "" && e.Tenant != f.Tenant || f.Resource != "" && e.Resource != f.Resource || !f.Within.IsZero() && !f.Within.Covers(e.Window)
		})
		same(t, fmt.Sprintf("entries of %+v", f), collect(t, store.Entries(t.Context(), f)), want)
	}
}

// testEntriesLeftEarly: whoever leaves the entries before their end, or uses
// the store meanwhile, does not hold it up.
func (s suite) testEntriesLeftEarly(t *testing.T) {
	store := s.open(t)
	all := recordMany(t, store, "acme", "tenant-0", "tenant-1", "tenant-2")
	for i := range 50 {
		for e, err := range store.Entries(t.Context(), ledger.EntryFilter{}) {
			must(t, err)
			same(t, "the first entry", e, all[0])
			break
		}
		must(t, store.Record(t.Context(), batch(vm, fold(vm, i, volume("umbrella", "c1.small", "1")))))
	}
	n := 0
	for _, err := range store.Entries(t.Context(), ledger.EntryFilter{Tenant: "acme"}) {
		must(t, err)
		foldsOf(t, store, vm)
		must(t, store.Record(t.Context(), batch(vm, fold(vm, n, volume("umbrella", "c1.small", "2")))))
		n++
	}
	if n != 4*2*2*6 {
		t.Errorf("acme has %d entries, want %d", n, 4*2*2*6)
	}
	// The sequence can be gone through again.
	entries := store.Entries(t.Context(), ledger.EntryFilter{Tenant: "acme"})
	same(t, "the second time", collect(t, entries), collect(t, entries))
}

// testText: text is kept as it is, wherever it stands.
func (s suite) testText(t *testing.T) {
	store := s.open(t)
	var orders []ledger.Order
	for i, text := range []string{
		`'; DROP TABLE orders; --`, `"quoted" \ back\\slash`, "tab\tline\nreturn\r\x01\x7f", "%_*?[a-z]$1 ?1 :a @b",
		"Zürich 東京 🚀 \U0010ffff e\u0301 \u202e", "NULL", "1e5", "  blanks  ", strings.Repeat("é", 100_000), "{}", "<&>\u2028",
	} {
		series := ledger.Series{Source: text, Meter: text, Resource: text}
		f := fold(series, 0, usage.Volume{Tenant: text, Datacenter: text, Service: text, Volume: number("1"), Unit: text, Samples: 1})
		f.Digest, f.State.Data = text, text
		f.Gaps = []usage.Gap{{Tenant: text, From: hour(0).Add(1)}}
		b := batch(series, f)
		b.Marks = []ledger.Mark{mark(text, text, 0, 1)}
		b.Bookmarks = []ledger.Bookmark{bookmark(text, text, text)}
		b.Resources = []ledger.Resource{{Tenant: text, ID: text, Meter: text, Type: text, Info: map[string]string{text: text}, Seen: hour(0)}}
		must(t, store.Record(t.Context(), b))

		o := order(fmt.Sprintf("%02x", i), text, hours(0, 24))
		o.Tenant = invoice.Tenant{ID: text, Name: text, Extra: map[string]string{text: text}}
		o.Deployment, o.Adapter, o.Currency, o.Rounding = text, text, text, text
		o.Items = []ledger.Item{{
			Item:     invoice.Item{Datacenter: text, Name: text, Unit: text, Resource: text, Description: text},
			Measured: text, Meters: []string{text, "z" + text}, Begun: text,
		}}
		note := ledger.Note{At: hour(1000), By: text, Reason: text}
		c := claimOf(t, store, o)
		c.Lease, c.Note = ledger.Lease{Holder: text, For: 24 * time.Hour}, note
		hold := get[ledger.Hold](t)(store.Claim(t.Context(), c))
		o.Holder = text
		got := get[ledger.Order](t)(store.Order(t.Context(), o.Key))
		o.HeldUntil = got.HeldUntil
		same(t, "claimed order", got, o)
		must(t, store.Suspend(t.Context(), hold, ledger.InDoubt, note))
		o.Status, o.Reason = ledger.InDoubt, text
		history := []ledger.Change{{Note: note, Status: ledger.Claimed, Holder: text}, {Note: note, Status: ledger.InDoubt}}
		if i%2 == 0 {
			must(t, store.Settle(t.Context(), hold, text, note))
			o.Status, o.Reason, o.Reference = ledger.Settled, "", text
			history = append(history, ledger.Change{Note: note, Status: ledger.Settled, Reference: text})
		} else {
			must(t, store.Release(t.Context(), hold))
		}
		o.Holder, o.HeldUntil = "", time.Time{}
		orders = append(orders, o)
		same(t, "history", get[[]ledger.Change](t)(store.History(t.Context(), o.Key)), history)

		sameFolds(t, "folds", foldsOf(t, store, series), []ledger.Fold{f})
		same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{Tenant: text})), f.Entries)
		same(t, "gaps", collect(t, store.Gaps(t.Context(), ledger.EntryFilter{Tenant: text})), []ledger.Gap{{Series: series, Gap: f.Gaps[0]}})
		same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), text)), b.Resources)
		wantBookmarks(t, store, text, b.Bookmarks...)
	}
	store = s.reopen(t, store)
	for _, o := range orders {
		same(t, "order", get[ledger.Order](t)(store.Order(t.Context(), o.Key)), o)
		same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{Tenant: o.Tenant.ID})), []ledger.Order{withoutItems(o)})
	}
	if marks := get[[]ledger.Mark](t)(store.Marks(t.Context())); len(marks) != len(orders) {
		t.Errorf("got %d marks, want %d", len(marks), len(orders))
	}
}
