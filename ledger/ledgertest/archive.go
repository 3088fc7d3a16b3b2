package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// fill puts something of everything into a store: orders in each state,
// adjustments that are pending and carried, a void order's usage, gaps.
func fill(t *testing.T, store ledger.Store) {
	t.Helper()
	auckland := get[*time.Location](t)(time.LoadLocation("Pacific/Auckland"))
	billed(t, store, order("00", "acme", hours(-8, -4)))
	settle(t, store, recordAcme(t, store)) // aa, hours 3 to 6
	late := batch(vm, mine(3, "12"), mine(4, "7"), mine(7, "10.00000000000000000000000000000001"), mine(9, "0"))
	late.Series[0].Folds[0].Gaps = []usage.Gap{{Tenant: "acme", From: hour(3).Add(1)}}
	late.Series[0].Folds[1].Gaps = []usage.Gap{{Tenant: "acme", From: hour(3).Add(1), To: hour(4).Add(2)}}
	late.Series = append(late.Series, batch(disk, fold(disk, 4, volume("acme", "disk", "1"), volume("hooli", "disk", "1"))).Series...)
	late.Marks = []ledger.Mark{mark("acme", "object", 0, 10), mark("", "object", 0, 12), mark("Acme", "archive", -1, 3)}
	late.Meters = []ledger.MeterMark{{Source: "object", Meter: "instance", Through: hour(12), Rule: "by the hour"}, {Source: "archive", Meter: "instance", Through: hour(3)}}
	late.Bookmarks = []ledger.Bookmark{bookmark("acme", "object", "up to 10")} // which are left out
	late.Tenants = []usage.Tenant{{ID: "umbrella", Name: "Umbrella"}, {ID: "acme", Name: "Acme", Extra: map[string]string{"partner": "C-17"}}}
	late.Resources = []ledger.Resource{
		{Tenant: "acme", ID: "vm-1", Meter: "instance", Type: "Virtual Machine", Info: map[string]string{"name": "web"}, Seen: hour(9).Add(3)},
		{Tenant: "acme", ID: "disk-1", Meter: "volume.size"},
	}
	must(t, store.Record(t.Context(), late))
	bb := order("bb", "acme", usage.Span{Start: hour(7).In(auckland), End: hour(8).In(auckland)})
	bb.Date = bb.Date.In(auckland)
	billed(t, store, bb, pending(t, store, "acme")[1:]...)
	c := claimOf(t, store, order("cc", "acme", hours(8, 9)))
	c.Lease = long("first")
	held := get[ledger.Hold](t)(store.Claim(t.Context(), c)) // whose lease is left out
	must(t, store.Suspend(t.Context(), held, ledger.InDoubt, at(1002, "timed out")))
	dd := claim(t, store, order("dd", "umbrella", hours(5, 6)))
	must(t, store.Suspend(t.Context(), dd, ledger.Parked, at(1002, "no partner")))
	must(t, store.Record(t.Context(), batch(vm, fold(vm, 5, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "21")))))
	must(t, store.Park(t.Context(), parked("ee", "umbrella", hours(6, 9)), at(1003, "")))
	billed(t, store, order("ff", "umbrella", hours(30, 40)))
	void(t, store, "ff")
	void(t, store, "aa") // under bb, which carries some of it
	must(t, store.Record(t.Context(), batch(vm, mine(3, "1"))))
}

// records returns all that a store holds.
func records(t *testing.T, store ledger.Archiver) []ledger.Record {
	t.Helper()
	return collect(t, store.Dump(t.Context()))
}

// yield is a sequence of records, and of an error after them where there is one.
func yield(all []ledger.Record, err error) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(ledger.Record{}, err)
		}
	}
}

// nameOf says what a record is, as far as its place among others goes.
func nameOf(r ledger.Record) string {
	switch {
	case r.Tenant != nil:
		return "tenant " + r.Tenant.ID
	case r.Mark != nil:
		return fmt.Sprintf("mark %s %s", r.Mark.Tenant, r.Mark.Source)
	case r.Meter != nil:
		return fmt.Sprintf("meter %s %s", r.Meter.Source, r.Meter.Meter)
	case r.Resource != nil:
		return fmt.Sprintf("resource %s %s %s", r.Resource.Tenant, r.Resource.ID, r.Resource.Meter)
	case r.Fold != nil:
		return fmt.Sprintf("fold %s %s %s %d", r.Fold.Source, r.Fold.Meter, r.Fold.Resource, int(r.Fold.Window.Start.Sub(midnight).Hours()))
	case r.Order != nil:
		return "order " + r.Order.Key
	case r.Adjustment != nil:
		return "adjustment " + r.Adjustment.Tenant + " " + adjustmentLine(*r.Adjustment)
	case r.Sum != nil:
		return "sum " + r.Sum.Tenant + " " + entryLine(r.Sum.Entry) + fmt.Sprintf("%s of %d in %s", r.Sum.Volume.Volume, r.Sum.Entries, r.Sum.Order)
	default:
		return "nothing"
	}
}

// testArchive: what a store holds can be carried into another, and from there,
// without a difference, and goes on to work there.
func (s suite) testArchive(t *testing.T) {
	store := s.open(t)
	archiver := able[ledger.Archiver](t, store, "Archiver")
	same(t, "records of an empty store", records(t, archiver), []ledger.Record(nil))
	must(t, archiver.Load(t.Context(), yield(nil, nil))) // and of nothing
	fill(t, store)
	wantNames := []string{
		"tenant acme", "tenant umbrella",
		"mark  object", "mark Acme archive", "mark acme object",
		"meter archive instance", "meter object instance", "resource acme disk-1 volume.size", "resource acme vm-1 instance",
		"fold object instance vm-1 0", "fold object instance vm-1 1", "fold object instance vm-1 2", "fold object instance vm-1 3",
		"fold object instance vm-1 4", "fold object instance vm-1 5", "fold object instance vm-1 6", "fold object instance vm-1 7",
		"fold object instance vm-1 8", "fold object instance vm-1 9", "fold object volume.size disk-1 4",
		"order 00", "order aa", "order dd", "order ee", "order bb", "order cc", "order ff",
		"adjustment acme 4 vm-1 c1.small -3 in bb", "adjustment acme 4 disk-1 disk +1 in bb", "adjustment umbrella 5 vm-1 c1.small +1 pending",
	}
	if pruner, ok := store.(ledger.Pruner); ok {
		pruned := get[ledger.Pruned](t)(pruner.Prune(t.Context(), hour(8)))
		same(t, "pruned", pruned, ledger.Pruned{Orders: 1, Entries: 1})
		wantNames = append(wantNames, "sum acme 7 vm-1 c1.small 10.00000000000000000000000000000001 of 1 in bb")
	}
	reaching := reaches(t, store, "object")
	dump := records(t, archiver)
	names := make([]string, len(dump))
	for i, r := range dump {
		names[i] = nameOf(r)
	}
	same(t, "records", names, wantNames)
	s.checkRecords(t, store, dump)

	// Into another, and from there into a third.
	var err error
	for range 2 {
		next := s.open(t)
		must(t, able[ledger.Archiver](t, next, "Archiver").Load(t.Context(), yield(dump, nil)))
		next = s.reopen(t, next)
		same(t, "records of the copy", records(t, able[ledger.Archiver](t, next, "Archiver")), dump)
		same(t, "what reaches on in the copy", reaches(t, next, "object"), reaching)
		wantBookmarks(t, next, "object")
		same(t, "usage of the copy", usageOf(t, next, "", usage.Span{}), usageOf(t, store, "", usage.Span{}))
		for _, tenant := range []string{"acme", "umbrella", "hooli"} {
			if revision(t, next, tenant) == 0 {
				t.Errorf("the copy knows of no usage of %s", tenant)
			}
		}
		err = able[ledger.Archiver](t, next, "Archiver").Load(t.Context(), yield(dump, nil))
		wantErr(t, "a store loaded twice", err, ledger.ErrNotEmpty)
		store = next
	}
	s.goOn(t, store)
}

// checkRecords compares records with what the store says otherwise.
func (s suite) checkRecords(t *testing.T, store ledger.Store, dump []ledger.Record) {
	t.Helper()
	var entries []usage.Entry
	for _, r := range dump {
		switch {
		case r.Fold != nil:
			if !slices.IsSortedFunc(r.Fold.Entries, compareEntries) {
				t.Errorf("the entries of %s are not sorted", nameOf(r))
			}
			entries = append(entries, r.Fold.Entries...)
			told := get[[]ledger.Fold](t)(store.Folds(t.Context(), r.Fold.Series, r.Fold.Window.End))
			rest := r.Fold.Fold
			rest.Entries, told[0].Entries = nil, nil // those of the store, and those that were recorded
			same(t, nameOf(r), rest, told[0])
		case r.Sum != nil:
			entries = append(entries, r.Sum.Entry)
		case r.Order != nil:
			want := get[ledger.Order](t)(store.Order(t.Context(), r.Order.Key))
			want.Holder, want.HeldUntil = "", time.Time{}
			same(t, nameOf(r), r.Order.Order, want)
			wantHistory(t, store, r.Order.Key, r.Order.History...)
		}
	}
	slices.SortFunc(entries, compareEntries)
	same(t, "entries of the folds", entries, collect(t, store.Entries(t.Context(), ledger.EntryFilter{})))
}

// goOn takes up work on a store that was loaded.
func (s suite) goOn(t *testing.T, store ledger.Store) {
	t.Helper()
	must(t, store.Record(t.Context(), batch(vm, mine(8, "11"))))
	wantAt(t, store, "acme", 8, "8 vm-1 c1.small 10", "8 vm-1 c1.small +1 pending")
	wantErr(t, "an order settled without a hold", store.Settle(t.Context(), ledger.Hold{Key: "cc"}, "INV-1", at(1006, "")), ledger.ErrLost)
	before := get[[]ledger.Change](t)(store.History(t.Context(), "cc"))
	hold := take(t, store, "cc", brief("second"))
	settle(t, store, hold)
	wantHistory(t, store, "cc", append(before,
		ledger.Change{Note: at(1001, "taken"), Status: ledger.InDoubt, Holder: "second"},
		ledger.Change{Note: at(1001, ""), Status: ledger.Settled, Reference: "INV-cc"})...)
	claim(t, store, order("a2", "acme", hours(3, 7)), pending(t, store, "acme")...)
	wantAt(t, store, "acme", 8, "8 vm-1 c1.small 10", "8 vm-1 c1.small +1 in a2")
	must(t, store.Void(t.Context(), "dd", at(1006, "")))
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 21")
}

// testArchiveRefuses: of records that cannot be, nothing is kept.
func (s suite) testArchiveRefuses(t *testing.T) {
	store := s.open(t)
	archiver := able[ledger.Archiver](t, store, "Archiver")
	full := s.open(t)
	fill(t, full)
	if pruner, ok := full.(ledger.Pruner); ok {
		get[ledger.Pruned](t)(pruner.Prune(t.Context(), hour(8)))
	}
	good := records(t, able[ledger.Archiver](t, full, "Archiver"))
	find := func(name string) int {
		t.Helper()
		i := slices.IndexFunc(good, func(r ledger.Record) bool { return nameOf(r) == name })
		if i < 0 {
			t.Fatalf("there is no record of %s", name)
		}
		return i
	}
	fold, claimed, adjustment := find("fold object instance vm-1 4"), find("order cc"), find("adjustment acme 4 disk-1 disk +1 in bb")
	with := func(i int, change func(*ledger.Record)) []ledger.Record {
		all := slices.Clone(good)
		r := all[i]
		switch {
		case r.Fold != nil:
			f := *r.Fold
			f.Entries = slices.Clone(f.Entries)
			r.Fold = &f
		case r.Order != nil:
			o := *r.Order
			r.Order = &o
		case r.Adjustment != nil:
			a := *r.Adjustment
			r.Adjustment = &a
		}
		change(&r)
		all[i] = r
		return all
	}
	cases := map[string][]ledger.Record{
		"a record of nothing": append(slices.Clone(good), ledger.Record{}),
		"a record of two things": with(0, func(r *ledger.Record) {
			r.Mark = &ledger.Mark{Tenant: "hooli", Source: "object", From: hour(0), Through: hour(1)}
		}),
		"a kind of record too late":       append(slices.Clone(good), ledger.Record{Tenant: &usage.Tenant{ID: "hooli"}}),
		"a window that is no hour":        with(fold, func(r *ledger.Record) { r.Fold.Window.End = r.Fold.Window.End.Add(1) }),
		"an entry of another window":      with(fold, func(r *ledger.Record) { r.Fold.Entries[0].Window = hours(7, 8) }),
		"a block that ends before":        with(claimed, func(r *ledger.Record) { r.Order.Block = hours(9, 8) }),
		"blocks that overlap":             with(claimed, func(r *ledger.Record) { r.Order.Block = hours(7, 9) }),
		"a status that is none":           with(claimed, func(r *ledger.Record) { r.Order.Status = "lost" }),
		"a claim that reserves nothing":   with(claimed, func(r *ledger.Record) { r.Order.Reserves = false }),
		"an unknown order that carries":   with(adjustment, func(r *ledger.Record) { r.Adjustment.Order = "99" }),
		"a void order that carries":       with(adjustment, func(r *ledger.Record) { r.Adjustment.Order = "aa" }),
		"another's order that carries":    with(adjustment, func(r *ledger.Record) { r.Adjustment.Order = "dd" }),
		"pending usage of a free block":   with(adjustment, func(r *ledger.Record) { r.Adjustment.Order = "" }),
		"an adjustment of an hour unseen": with(adjustment, func(r *ledger.Record) { r.Adjustment.Window = hours(70, 71) }),
		"a sum of an unknown order": append(slices.Clone(good), ledger.Record{Sum: &ledger.Sum{
			Entry: usage.Entry{Source: "object", Meter: "instance", Resource: "vm-1", Window: hours(3, 7), Volume: volume("acme", "c1.small", "1")}, Order: "99", Entries: 1,
		}}),
	}
	for i, r := range good {
		cases["twice "+nameOf(r)] = slices.Insert(slices.Clone(good), i, r)
	}
	for name, bad := range cases {
		if err := archiver.Load(t.Context(), yield(bad, nil)); err == nil {
			t.Fatalf("%s was loaded", name) // and the store is full
		}
	}
	broken := errors.New("the disk is gone")
	wantErr(t, "a broken sequence", archiver.Load(t.Context(), yield(good[:len(good)-1], broken)), broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, "a load that was cancelled", archiver.Load(ctx, yield(good, nil)), context.Canceled)
	store = s.reopen(t, store)
	archiver = able[ledger.Archiver](t, store, "Archiver")
	same(t, "records", records(t, archiver), []ledger.Record(nil))
	must(t, archiver.Load(t.Context(), yield(good, nil)))

	// Whatever is there is in the way.
	for name, put := range map[string]func(ledger.Store) error{
		"a tenant": func(store ledger.Store) error {
			return store.Record(t.Context(), ledger.Batch{Tenants: []usage.Tenant{{ID: "acme"}}})
		},
		"a mark": func(store ledger.Store) error {
			return store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{mark("acme", "object", 0, 1)}})
		},
		"a mark of a meter": func(store ledger.Store) error {
			return store.Record(t.Context(), ledger.Batch{Meters: []ledger.MeterMark{{Source: "object", Meter: "instance", Through: hour(1)}}})
		},
		"a bookmark": func(store ledger.Store) error {
			return store.Record(t.Context(), ledger.Batch{Bookmarks: []ledger.Bookmark{bookmark("acme", "object", "up to 1")}})
		},
		"a resource": func(store ledger.Store) error {
			return store.Record(t.Context(), ledger.Batch{Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1"}}})
		},
		"a fold": func(store ledger.Store) error {
			return store.Record(t.Context(), batch(vm, ledger.Fold{Window: hours(4, 5)}))
		},
		"an order": func(store ledger.Store) error {
			return store.Park(t.Context(), parked("aa", "acme", hours(0, 1)), ledger.Note{})
		},
	} {
		other := s.open(t)
		must(t, put(other))
		before := records(t, able[ledger.Archiver](t, other, "Archiver"))
		for _, load := range [][]ledger.Record{good, nil} {
			wantErr(t, "a load beside "+name, able[ledger.Archiver](t, other, "Archiver").Load(t.Context(), yield(load, nil)), ledger.ErrNotEmpty)
		}
		same(t, "records beside "+name, records(t, able[ledger.Archiver](t, other, "Archiver")), before)
	}
}
