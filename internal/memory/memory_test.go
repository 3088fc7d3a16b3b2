package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/ledger/ledgertest"
	"github.com/openstack-artifice/artifice/usage"
)

// TestStore: the contract holds, also of a copy with which one goes on.
func TestStore(t *testing.T) {
	ledgertest.Run(t, func(*testing.T) ledger.Store { return memory.New(memory.Options{}) },
		ledgertest.Reopen(func(_ *testing.T, store ledger.Store) ledger.Store { return store.(*memory.Store).Clone() }),
		ledgertest.Beside(func(_ *testing.T, store ledger.Store) ledger.Store { return store }))
}

var (
	midnight = time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	vm       = ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}
)

func hours(first, last int) usage.Span {
	return usage.Span{Start: midnight.Add(time.Duration(first) * time.Hour), End: midnight.Add(time.Duration(last) * time.Hour)}
}

func fold(n int, volume int64) ledger.Fold {
	return ledger.Fold{Window: hours(n, n+1), Digest: fmt.Sprint(n, volume), Entries: []usage.Entry{{
		Source: vm.Source, Meter: vm.Meter, Resource: vm.Resource, Window: hours(n, n+1),
		Volume: usage.Volume{Tenant: "acme", Service: "c1.small", Unit: "second", Volume: decimal.NewFromInt(volume)},
	}}}
}

func record(t *testing.T, s *memory.Store, folds ...ledger.Fold) {
	t.Helper()
	must(t, s.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: vm, Folds: folds}}}))
}

func claim(t *testing.T, s *memory.Store, key string, block usage.Span, lease ledger.Lease) ledger.Hold {
	t.Helper()
	revision, err := s.Revision(t.Context(), "acme")
	must(t, err)
	c := ledger.Claim{Order: ledger.Order{Order: invoice.Order{Key: key, Tenant: usage.Tenant{ID: "acme"}, Block: block}}, Revision: revision, Lease: lease}
	for a, err := range s.Adjustments(t.Context(), ledger.AdjustmentFilter{Tenant: "acme", Pending: true}) {
		must(t, err)
		c.Carries = append(c.Carries, a)
	}
	hold, err := s.Claim(t.Context(), c)
	must(t, err)
	return hold
}

func dump(t *testing.T, s *memory.Store) (all []ledger.Record) {
	t.Helper()
	for r, err := range s.Dump(t.Context()) {
		must(t, err)
		all = append(all, r)
	}
	return all
}

// bookmarks are not in a dump.
func bookmarks(t *testing.T, s *memory.Store) []ledger.Bookmark {
	t.Helper()
	all, err := s.Bookmarks(t.Context(), "object")
	must(t, err)
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestClone: a copy has all that the store has, leases and fences included,
// and neither sees what becomes of the other. A backup is put back by Restore.
func TestClone(t *testing.T) {
	s := memory.New(memory.Options{})
	record(t, s, fold(0, 1), fold(1, 1))
	must(t, s.Record(t.Context(), ledger.Batch{
		Tenants:   []usage.Tenant{{ID: "acme", Name: "Acme"}},
		Marks:     []ledger.Mark{{Tenant: "acme", Source: "object", From: midnight, Through: midnight.Add(2 * time.Hour)}},
		Bookmarks: []ledger.Bookmark{{Tenant: "acme", Source: "object", Text: "up to 2"}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance"}},
	}))
	hold := claim(t, s, "aa", hours(0, 1), ledger.Lease{Holder: "first", For: time.Hour})
	before, bookmark := dump(t, s), bookmarks(t, s)
	backup := s.Clone()

	work := func(s *memory.Store) {
		t.Helper()
		must(t, s.Settle(t.Context(), hold, "INV-1", ledger.Note{}))
		record(t, s, fold(0, 2), fold(1, 3), fold(5, 1))
		claim(t, s, "bb", hours(1, 2), ledger.Lease{})
		must(t, s.Void(t.Context(), "aa", ledger.Note{}))
		must(t, s.Record(t.Context(), ledger.Batch{
			Tenants:   []usage.Tenant{{ID: "acme", Name: "ACME"}},
			Marks:     []ledger.Mark{{Tenant: "acme", Source: "object", From: midnight, Through: midnight.Add(9 * time.Hour)}},
			Bookmarks: []ledger.Bookmark{{Tenant: "acme", Source: "object", Text: "up to 9"}},
			Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance", Type: "VM"}},
		}))
		_, err := s.Prune(t.Context(), midnight.AddDate(1, 0, 0))
		must(t, err)
	}
	work(s)
	after := dump(t, s)
	same(t, "the backup", dump(t, backup), before)
	same(t, "the backup's bookmarks", bookmarks(t, backup), bookmark)
	if o, err := backup.Order(t.Context(), "aa"); err != nil || o.Holder != "first" {
		t.Errorf("the backup's order is held by %q, error %v", o.Holder, err)
	}
	s.Restore(backup)
	same(t, "the restored store", dump(t, s), before)
	same(t, "the restored store's bookmarks", bookmarks(t, s), bookmark)
	work(s) // by the hold from before
	same(t, "the restored store, worked on again", dump(t, s), after)
	same(t, "the backup", dump(t, backup), before)
}

// TestNothingIsShared: what a caller gave or was given is the caller's.
func TestNothingIsShared(t *testing.T) {
	s := memory.New(memory.Options{})
	f := fold(0, 1)
	f.Gaps = []usage.Gap{{Tenant: "acme", From: midnight}}
	b := ledger.Batch{
		Series:    []ledger.SeriesFolds{{Series: vm, Folds: []ledger.Fold{f}}},
		Tenants:   []usage.Tenant{{ID: "acme", Extra: map[string]string{"partner": "1"}}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Info: map[string]string{"name": "web"}}},
	}
	must(t, s.Record(t.Context(), b))
	o := ledger.Order{
		Order: invoice.Order{Key: "aa", Tenant: usage.Tenant{ID: "acme", Extra: map[string]string{"partner": "1"}}, Block: hours(0, 1)},
		Items: []ledger.Item{{Meters: []string{"instance"}}},
	}
	revision, err := s.Revision(t.Context(), "acme")
	must(t, err)
	_, err = s.Claim(t.Context(), ledger.Claim{Order: o, Revision: revision})
	must(t, err)
	want := dump(t, s.Clone())

	f.Entries[0].Tenant, f.Gaps[0].Tenant = "other", "other"
	b.Tenants[0].Extra["partner"], b.Resources[0].Info["name"] = "2", "db"
	o.Tenant.Extra["partner"], o.Items[0].Name, o.Items[0].Meters[0] = "2", "other", "other"
	got, err := s.Order(t.Context(), "aa")
	must(t, err)
	got.Tenant.Extra["partner"], got.Items[0].Name, got.Items[0].Meters[0] = "2", "other", "other"
	folds, err := s.Folds(t.Context(), vm, time.Time{})
	must(t, err)
	folds[0].Entries[0].Tenant, folds[0].Gaps[0].Tenant = "other", "other"
	tenants, err := s.Tenants(t.Context())
	must(t, err)
	tenants[0].Extra["partner"] = "2"
	resources, err := s.Resources(t.Context(), "acme")
	must(t, err)
	resources[0].Info["name"] = "db"
	history, err := s.History(t.Context(), "aa")
	must(t, err)
	history[0].Reason = "other"
	for _, r := range dump(t, s) {
		switch {
		case r.Fold != nil:
			r.Fold.Entries[0].Tenant, r.Fold.Gaps[0].Tenant = "other", "other"
		case r.Order != nil:
			r.Order.Items[0].Name, r.Order.History[0].Reason = "other", "other"
		}
	}
	same(t, "the store", dump(t, s), want)
}

// TestClock: a lease ends by the store's clock.
func TestClock(t *testing.T) {
	now := midnight
	s := memory.New(memory.Options{Now: func() time.Time { return now }})
	claim(t, s, "aa", hours(0, 1), ledger.Lease{Holder: "first", For: time.Minute})
	take := func() error {
		_, _, err := s.Take(t.Context(), "aa", ledger.Lease{Holder: "second", For: time.Minute}, ledger.Note{})
		return err
	}
	same(t, "the error", take(), error(&ledger.HeldError{Key: "aa", Holder: "first", Until: midnight.Add(time.Minute)}))
	now = midnight.Add(time.Minute - 1)
	if take() == nil {
		t.Error("the order was taken a nanosecond before the lease ended")
	}
	if o, _ := s.Order(t.Context(), "aa"); o.Holder != "first" || !o.HeldUntil.Equal(midnight.Add(time.Minute)) {
		t.Errorf("the order is held by %q until %s", o.Holder, o.HeldUntil)
	}
	now = midnight.Add(time.Minute)
	if o, _ := s.Order(t.Context(), "aa"); o.Holder != "" || !o.HeldUntil.IsZero() {
		t.Errorf("the order is held by %q until %s after its lease", o.Holder, o.HeldUntil)
	}
	must(t, take())
}

// TestLocks: a lock ends with its process, and where the store is shared many
// may bill.
func TestLocks(t *testing.T) {
	s := memory.New(memory.Options{})
	old, err := s.Lock(t.Context(), "bill")
	must(t, err)
	s.Unlock() // the process died
	unlock, err := s.Lock(t.Context(), "bill")
	must(t, err)
	must(t, old()) // comes too late to end another's
	if _, err := s.Lock(t.Context(), "bill"); err == nil {
		t.Error("the lock of a dead process ended that of another")
	}
	if _, err := s.Clone().Lock(t.Context(), "bill"); err != nil {
		t.Errorf("a copy is locked: %v", err)
	}
	must(t, unlock())

	shared := memory.New(memory.Options{Shared: true})
	for _, name := range []string{"bill", "collect", "bill"} {
		_, err := shared.Lock(t.Context(), name)
		must(t, err)
	}
	if _, err := shared.Lock(t.Context(), "collect"); err == nil {
		t.Error("two collect at once")
	}
	for name, err := range s.CheckHealth(t.Context()) {
		if name == "" || err != nil {
			t.Errorf("check %q: %v", name, err)
		}
	}
}

// BenchmarkBill claims, settles and reads a small bill in a store that has
// 1,000 others.
func BenchmarkBill(b *testing.B) {
	s := memory.New(memory.Options{})
	for i := 0; b.Loop(); i++ {
		tenant := fmt.Sprint("tenant-", i%1000)
		f := fold(i/1000, 1)
		f.Entries[0].Tenant, f.Entries[0].Resource = tenant, tenant
		series := ledger.Series{Source: vm.Source, Meter: vm.Meter, Resource: tenant}
		if err := s.Record(b.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: series, Folds: []ledger.Fold{f}}}}); err != nil {
			b.Fatal(err)
		}
		revision, err := s.Revision(b.Context(), tenant)
		if err != nil {
			b.Fatal(err)
		}
		for range s.Entries(b.Context(), ledger.EntryFilter{Tenant: tenant, Within: f.Window}) {
		}
		o := ledger.Order{Order: invoice.Order{Key: fmt.Sprint(i), Tenant: usage.Tenant{ID: tenant}, Block: f.Window}}
		hold, err := s.Claim(b.Context(), ledger.Claim{Order: o, Revision: revision})
		if err == nil {
			err = s.Settle(b.Context(), hold, "INV", ledger.Note{})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
