package ledgertest

import (
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// testEmpty: what was never written is empty, not an error.
func (s suite) testEmpty(t *testing.T) {
	store := s.open(t)
	must(t, store.Record(t.Context(), ledger.Batch{}))
	same(t, "folds", foldsOf(t, store, vm), []ledger.Fold(nil))
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark(nil))
	wantBookmarks(t, store, "object")
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), []usage.Entry(nil))
	same(t, "adjustments", collect(t, store.Adjustments(t.Context(), ledger.AdjustmentFilter{})), []ledger.Adjustment(nil))
	same(t, "gaps", collect(t, store.Gaps(t.Context(), ledger.EntryFilter{})), []ledger.Gap(nil))
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")), []ledger.Resource(nil))
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant(nil))
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order(nil))
	same(t, "revision", revision(t, store, "acme"), int64(0))
	_, err := store.Order(t.Context(), "aa")
	wantErr(t, "an order that is not there", err, ledger.ErrNoOrder)
	_, err = store.History(t.Context(), "aa")
	wantErr(t, "the history of an order that is not there", err, ledger.ErrNoOrder)
}

// testRecord: folds come back by window with all that they hold, each series
// for itself.
func (s suite) testRecord(t *testing.T) {
	store := s.open(t)
	// Three series, each of which agrees with the first in two of its names.
	others := []ledger.Series{
		{Source: "other", Meter: vm.Meter, Resource: vm.Resource},
		{Source: vm.Source, Meter: "other", Resource: vm.Resource},
		{Source: vm.Source, Meter: vm.Meter, Resource: "other"},
	}
	nothing := fold(vm, 3) // samples, but nothing to bill
	nothing.Samples, nothing.Digest = 7, "7 samples"
	nothing.State = usage.State{Data: " {\"at\":\t\"é\\u0000 '\"}\n", Until: hour(4).Add(time.Nanosecond)}
	forgotten := fold(vm, -474_769, volume("acme", "c1.small", "1")) // the last hour before 1970
	forgotten.State = usage.State{}
	split := fold(vm, 1, // the resource changed hands, and its flavor
		volume("acme", "c1.small", "1200"),
		volume("acme", "c1.large", "1200"),
		volume("umbrella", "c1.large", "1200"))
	split.Entries[2].Datacenter = "akl"
	inGigabytes := split.Entries[0]
	inGigabytes.Unit, inGigabytes.Volume.Volume, inGigabytes.Samples = "GB", number("5"), 1
	split.Entries = append(split.Entries, inGigabytes) // the same in another unit
	first := fold(vm, 0, volume("acme", "c1.small", "3600"))

	// Not in the order of time, and in two batches.
	must(t, store.Record(t.Context(), batch(vm, nothing, first)))
	second := batch(vm, split, forgotten)
	for _, o := range others {
		second.Series = append(second.Series, ledger.SeriesFolds{Series: o, Folds: []ledger.Fold{fold(o, 0, volume("acme", "c1.small", "1"))}})
	}
	second.Series[0].Folds[0].Pruned = true // which is the store's to say
	must(t, store.Record(t.Context(), second))
	split.Pruned = false

	store = s.reopen(t, store)
	sameFolds(t, "folds", foldsOf(t, store, vm), []ledger.Fold{forgotten, first, split, nothing})
	for _, o := range others {
		sameFolds(t, "folds of another series", foldsOf(t, store, o), []ledger.Fold{fold(o, 0, volume("acme", "c1.small", "1"))})
	}
}

// testRecordAgain: the same batch again changes nothing.
func (s suite) testRecordAgain(t *testing.T) {
	store := s.open(t)
	b := batch(vm, fold(vm, 0, volume("acme", "c1.small", "3600"), volume("acme", "c1.large", "0.5")), fold(vm, 1))
	b.Series[0].Folds[1].Gaps = []usage.Gap{{Tenant: "acme", From: hour(1).Add(time.Minute)}}
	b.Marks = []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(2)}}
	b.Resources = []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance", Info: map[string]string{"name": "web"}, Seen: hour(1)}}
	var first int64
	for i := range 3 {
		must(t, store.Record(t.Context(), b))
		sameFolds(t, "folds", foldsOf(t, store, vm), b.Series[0].Folds)
		same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), b.Marks)
		same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")), b.Resources)
		if i == 0 {
			first = revision(t, store, "acme")
		}
		same(t, "revision", revision(t, store, "acme"), first)
	}
}

// testRecordReplaces: a fold replaces all that was stored of its window, and
// of no other.
func (s suite) testRecordReplaces(t *testing.T) {
	store := s.open(t)
	before, after := fold(vm, 0, volume("acme", "c1.small", "1")), fold(vm, 2, volume("acme", "c1.small", "3"))
	must(t, store.Record(t.Context(), batch(vm, before, after,
		fold(vm, 1, volume("acme", "c1.small", "2"), volume("acme", "c1.large", "2"), volume("umbrella", "c1.small", "2")))))
	late := fold(vm, 1, volume("acme", "c1.small", "2"), volume("acme", "c1.large", "1.5"), volume("initech", "c1.small", "2"))
	late.Samples, late.Digest, late.State = 9, "9 samples", usage.State{Data: "{}", Until: hour(9)}
	late.Entries[0].Samples = 5 // the volume stays, the samples do not
	must(t, store.Record(t.Context(), batch(vm, late)))
	store = s.reopen(t, store)
	sameFolds(t, "folds", foldsOf(t, store, vm), []ledger.Fold{before, late, after})

	// Each part of a fold is replaced where it alone differs.
	for part, change := range map[string]func(){
		"samples": func() { late.Samples++ },
		"digest":  func() { late.Digest = "another digest" },
		"data":    func() { late.State.Data = `{"n": 1}` },
		"until":   func() { late.State.Until = time.Time{} },
		"volume":  func() { late.Entries[0].Volume.Volume = number("9") },
		"gaps":    func() { late.Gaps = []usage.Gap{{Tenant: "acme", From: hour(1).Add(1)}} },
	} {
		change()
		must(t, store.Record(t.Context(), batch(vm, late)))
		sameFolds(t, "folds after another "+part, foldsOf(t, store, vm), []ledger.Fold{before, late, after})
	}

	gone := fold(vm, 1)
	gone.State = usage.State{}
	must(t, store.Record(t.Context(), batch(vm, gone)))
	sameFolds(t, "folds", foldsOf(t, store, vm), []ledger.Fold{before, gone, after})
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), slices.Concat(before.Entries, after.Entries))

	// Twice within a batch: the later one stands.
	must(t, store.Record(t.Context(), batch(vm, fold(vm, 1, volume("acme", "c1.large", "7")), late)))
	sameFolds(t, "folds", foldsOf(t, store, vm), []ledger.Fold{before, late, after})
}

// testRecordRefuses: a window is one whole hour of UTC, its entries are of its
// series and window, each once, and nothing of a batch with another is kept.
func (s suite) testRecordRefuses(t *testing.T) {
	store := s.open(t)
	bad := map[string]ledger.Fold{}
	for name, window := range map[string]usage.Span{
		"no time":          {Start: hour(1), End: hour(1)},
		"ends before":      {Start: hour(2), End: hour(1)},
		"off the hour":     {Start: hour(1).Add(time.Minute), End: hour(2).Add(time.Minute)},
		"a nanosecond off": {Start: hour(1).Add(time.Nanosecond), End: hour(2).Add(time.Nanosecond)},
		"zero":             {},
		"two hours":        hours(1, 3),
	} {
		f := mine(1, "1")
		f.Window, f.Entries[0].Window = window, window
		bad["a window: "+name] = f
	}
	for name, change := range map[string]func(*usage.Entry){
		"source":   func(e *usage.Entry) { e.Source = "other" },
		"meter":    func(e *usage.Entry) { e.Meter = "other" },
		"resource": func(e *usage.Entry) { e.Resource = "other" },
		"window":   func(e *usage.Entry) { e.Window = hours(2, 3) },
	} {
		f := mine(1, "1")
		change(&f.Entries[0])
		bad["an entry of another "+name] = f
	}
	bad["an entry twice"] = fold(vm, 1, volume("acme", "c1.small", "1"), volume("acme", "c1.small", "2"))
	for name, f := range bad {
		if err := store.Record(t.Context(), batch(vm, mine(0, "1"), f)); err == nil {
			t.Errorf("%s was recorded", name)
		}
	}
	same(t, "folds", foldsOf(t, store, vm), []ledger.Fold(nil))
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), []usage.Entry(nil))
	same(t, "revision", revision(t, store, "acme"), int64(0))
}

// testRecordAtomic: of a batch with a part that is refused nothing is kept,
// wherever the part stands.
func (s suite) testRecordAtomic(t *testing.T) {
	store := s.open(t)
	must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
	must(t, store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(5)}}}))
	claim(t, store, order("aa", "acme", hours(3, 7)))
	b := ledger.Batch{
		Series: []ledger.SeriesFolds{
			{Series: vm, Folds: []ledger.Fold{mine(0, "1"), mine(4, "11"), fold(vm, 8)}},
			{Series: disk, Folds: []ledger.Fold{fold(disk, 1, volume("umbrella", "disk", "1")), fold(disk, 6, volume("acme", "disk", "1"))}},
		},
		Marks: []ledger.Mark{
			{Tenant: "umbrella", Source: "object", From: hour(0), Through: hour(9)},
			{Tenant: "acme", Source: "object", From: hour(6), Through: hour(9)}, // leaves the hour 5 out
		},
		Bookmarks: []ledger.Bookmark{bookmark("acme", "object", "up to 9")},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance"}},
		Tenants:   []usage.Tenant{{ID: "acme", Name: "Acme"}},
	}
	b.Series[0].Folds[0].Gaps = []usage.Gap{{Tenant: "acme", From: hour(0).Add(1)}}
	before := revision(t, store, "acme")
	if err := store.Record(t.Context(), b); err == nil {
		t.Fatal("a mark that leaves a hole was recorded")
	}
	store = s.reopen(t, store)
	sameFolds(t, "folds", foldsOf(t, store, vm), []ledger.Fold{mine(4, "10")})
	same(t, "folds", foldsOf(t, store, disk), []ledger.Fold(nil))
	wantUsage(t, store, "", "4 vm-1 c1.small 10")
	same(t, "gaps", collect(t, store.Gaps(t.Context(), ledger.EntryFilter{})), []ledger.Gap(nil))
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(5)}})
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")), []ledger.Resource(nil))
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant(nil))
	wantBookmarks(t, store, "object")
	same(t, "revision", revision(t, store, "acme"), before)
}

// testVolumes: volumes are kept to the last digit.
func (s suite) testVolumes(t *testing.T) {
	store := s.open(t)
	texts := []string{
		"0", "1", "-1", "0.1", "1.50", "123456789012345678901234567890", "0.123456789012345678901234567891",
		"-98765432109876543210.01234567890123456789", "1e30", "1e-30", "9007199254740993", "9223372036854775808",
		"0.30000000000000004", "1000000000000000000000000000000.000000000000000000000000000001",
	}
	var folds []ledger.Fold
	for i, text := range texts {
		folds = append(folds, mine(i, text))
	}
	must(t, store.Record(t.Context(), batch(vm, folds...)))
	store = s.reopen(t, store)
	sameFolds(t, "folds", foldsOf(t, store, vm), folds)
	for i, e := range collect(t, store.Entries(t.Context(), ledger.EntryFilter{Tenant: "acme"})) {
		if want := number(texts[i]); !e.Volume.Volume.Equal(want) {
			t.Errorf("volume %s came back as %s", want, e.Volume.Volume)
		}
	}
}

// testFoldsFrom: whoever asks for the folds from an instant is given the last
// one before it, from whose state folding goes on, too.
func (s suite) testFoldsFrom(t *testing.T) {
	store := s.open(t)
	all := []ledger.Fold{mine(0, "1"), fold(vm, 3), mine(4, "2"), mine(9, "3")}
	must(t, store.Record(t.Context(), batch(vm, all...)))
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 2, volume("acme", "disk", "1")))))
	store = s.reopen(t, store)
	for _, test := range []struct {
		from  time.Time
		first int // of all
	}{
		{time.Time{}, 0},
		{hour(-5), 0},
		{hour(0), 0},
		{hour(0).Add(1), 0}, // the first begins before it
		{hour(1), 0},
		{hour(3), 0},
		{hour(3).Add(1), 1},
		{hour(4), 1},
		{hour(5), 2},
		{hour(9), 2},
		{hour(10), 3},
		{hour(1000), 3},
		{hour(4).In(time.FixedZone("NZDT", 13*3600)), 1},
	} {
		sameFolds(t, "folds from "+test.from.Format(time.RFC3339Nano), get[[]ledger.Fold](t)(store.Folds(t.Context(), vm, test.from)), all[test.first:])
	}
}

// testRevision: the revision of a tenant is another whenever its entries or
// adjustments have changed, or an order that adjusts was claimed, and only then.
func (s suite) testRevision(t *testing.T) {
	store := s.open(t)
	seen := map[int64]string{0: "empty"}
	last := map[string]int64{}
	step := func(what string, tenants []string, err error) {
		t.Helper()
		must(t, err)
		for _, tenant := range []string{"acme", "umbrella"} {
			now := revision(t, store, tenant)
			before, known := seen[now], false
			if tenant == "acme" {
				known = before != ""
			}
			switch changed := slices.Contains(tenants, tenant); {
			case changed && now == last[tenant]:
				t.Errorf("%s: the revision of %s is still %d", what, tenant, now)
			case changed && known:
				t.Errorf("%s: the revision of %s is %d, as after %s", what, tenant, now, before)
			case !changed && now != last[tenant]:
				t.Errorf("%s: the revision of %s went from %d to %d", what, tenant, last[tenant], now)
			}
			last[tenant] = now
			if tenant == "acme" {
				seen[now] = what
			}
		}
	}
	record := func(what string, tenants []string, folds ...ledger.Fold) {
		t.Helper()
		step(what, tenants, store.Record(t.Context(), batch(vm, folds...)))
	}
	acme, umbrella, both, neither := []string{"acme"}, []string{"umbrella"}, []string{"acme", "umbrella"}, []string(nil)

	record("a fold without entries", neither, fold(vm, 4))
	record("an entry", acme, mine(4, "10"))
	record("the same again", neither, mine(4, "10"))
	record("the same volume in another way", neither, mine(4, "10.0"))
	record("another volume", acme, mine(4, "11"))
	record("the first volume again", acme, mine(4, "10"))
	more := mine(4, "10")
	more.Entries[0].Samples++
	record("more samples", acme, more)
	more.Digest, more.Samples, more.State = "another", 9, usage.State{Data: "1"}
	more.Gaps = []usage.Gap{{Tenant: "acme", From: hour(4).Add(1)}}
	record("another digest, state and gap", neither, more)
	record("one of another tenant", umbrella, fold(vm, 5, volume("umbrella", "c1.small", "1")))
	record("one that changes hands", both, fold(vm, 5, volume("acme", "c1.small", "1")))
	record("none any more", acme, fold(vm, 5))
	step("what is known of the tenant", neither, store.Record(t.Context(), ledger.Batch{
		Tenants:   []usage.Tenant{{ID: "acme", Name: "Acme"}},
		Marks:     []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(9)}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance"}},
	}))

	step("parked", neither, store.Park(t.Context(), parked("aa", "acme", hours(3, 7)), at(1000, "")))
	aa := claim(t, store, order("aa", "acme", hours(3, 7)))
	step("claimed", neither, nil)
	record("the same under a claim", neither, more)
	record("late usage", acme, mine(4, "12"))
	record("late usage again", neither, mine(4, "12"))
	record("more late usage", acme, mine(4, "13"))
	step("suspended", neither, store.Suspend(t.Context(), aa, ledger.InDoubt, at(1001, "")))
	_, aa, err := store.Take(t.Context(), "aa", brief("second"), at(1002, ""))
	step("taken", neither, err)
	step("released", neither, store.Release(t.Context(), aa))
	step("settled", neither, store.Settle(t.Context(), aa, "INV-1", at(1003, "")))
	bb := claim(t, store, order("bb", "acme", hours(7, 9)), pending(t, store, "acme")...)
	step("carried", acme, nil)
	record("what is carried already", neither, mine(4, "13"))
	record("less than is carried", acme, mine(4, "12"))
	record("just what is carried", acme, mine(4, "13"))
	step("settled", neither, store.Settle(t.Context(), bb, "INV-2", at(1003, "")))
	// An order may adjust a block, and carry nothing.
	adjusting := order("cc", "acme", hours(9, 11))
	adjusting.Items = []ledger.Item{{Item: invoice.Item{Name: "vm", Adjusts: hours(3, 7)}}}
	cc := claim(t, store, adjusting)
	step("claimed, and adjusts", acme, nil)
	step("settled", neither, store.Settle(t.Context(), cc, "INV-3", at(1003, "")))
	step("void with what it carried", acme, store.Void(t.Context(), "bb", at(1004, "")))
	step("void with what is pending", acme, store.Void(t.Context(), "aa", at(1005, "")))
}
