package ledgertest

import (
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// testEmpty: what was never written is empty, not an error.
func (s suite) testEmpty(t *testing.T) {
	store := s.open(t)
	same(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold(nil))
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark(nil))
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), []usage.Entry(nil))
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")), []ledger.Resource(nil))
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant(nil))
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order(nil))
	must(t, store.Record(t.Context(), ledger.Batch{}))
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
	forgotten := fold(vm, -5, volume("acme", "c1.small", "1"))
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
	must(t, store.Record(t.Context(), second))

	store = s.reopen(t, store)
	sameFolds(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold{forgotten, first, split, nothing})
	for _, o := range others {
		sameFolds(t, "folds of another series", get[[]ledger.Fold](t)(store.Folds(t.Context(), o)),
			[]ledger.Fold{fold(o, 0, volume("acme", "c1.small", "1"))})
	}
}

// testRecordAgain: the same batch again changes nothing.
func (s suite) testRecordAgain(t *testing.T) {
	store := s.open(t)
	b := batch(vm, fold(vm, 0, volume("acme", "c1.small", "3600"), volume("acme", "c1.large", "0.5")), fold(vm, 1))
	b.Marks = []ledger.Mark{{Tenant: "acme", Source: "object", Through: hour(2)}}
	b.Resources = []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance", Info: map[string]string{"name": "web"}, Seen: hour(1)}}
	for range 3 {
		must(t, store.Record(t.Context(), b))
		sameFolds(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), b.Series[0].Folds)
		same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), b.Marks)
		same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")), b.Resources)
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
	sameFolds(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold{before, late, after})

	// Each part of a fold is replaced where it alone differs.
	for part, change := range map[string]func(){
		"samples": func() { late.Samples++ },
		"digest":  func() { late.Digest = "another digest" },
		"data":    func() { late.State.Data = `{"n": 1}` },
		"until":   func() { late.State.Until = time.Time{} },
		"volume":  func() { late.Entries[0].Volume.Volume = number("9") },
	} {
		change()
		must(t, store.Record(t.Context(), batch(vm, late)))
		sameFolds(t, "folds after another "+part, get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold{before, late, after})
	}

	gone := fold(vm, 1)
	gone.State = usage.State{}
	must(t, store.Record(t.Context(), batch(vm, gone)))
	sameFolds(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold{before, gone, after})
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), slices.Concat(before.Entries, after.Entries))

	// Twice within a batch: the later one stands.
	must(t, store.Record(t.Context(), batch(vm, fold(vm, 1, volume("acme", "c1.large", "7")), late)))
	sameFolds(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold{before, late, after})
}

// testRecordRefuses: a window is one whole hour of UTC, and nothing of a batch
// with another one is kept.
func (s suite) testRecordRefuses(t *testing.T) {
	store := s.open(t)
	for name, window := range map[string]usage.Span{
		"no time":          {Start: hour(1), End: hour(1)},
		"ends before":      {Start: hour(2), End: hour(1)},
		"off the hour":     {Start: hour(1).Add(time.Minute), End: hour(2).Add(time.Minute)},
		"a nanosecond off": {Start: hour(1).Add(time.Nanosecond), End: hour(2).Add(time.Nanosecond)},
		"zero":             {},
		"two hours":        hours(1, 3),
	} {
		bad := fold(vm, 1, volume("acme", "c1.small", "1"))
		bad.Window, bad.Entries[0].Window = window, window
		if err := store.Record(t.Context(), batch(vm, fold(vm, 0, volume("acme", "c1.small", "1")), bad)); err == nil {
			t.Errorf("%s: a window of %v was recorded", name, window)
		}
	}
	same(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), []ledger.Fold(nil))
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), []usage.Entry(nil))
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
		folds = append(folds, fold(vm, i, volume("acme", "c1.small", text)))
	}
	must(t, store.Record(t.Context(), batch(vm, folds...)))
	store = s.reopen(t, store)
	sameFolds(t, "folds", get[[]ledger.Fold](t)(store.Folds(t.Context(), vm)), folds)
	for i, e := range collect(t, store.Entries(t.Context(), ledger.EntryFilter{Tenant: "acme"})) {
		if want := number(texts[i]); !e.Volume.Volume.Equal(want) {
			t.Errorf("volume %s came back as %s", want, e.Volume.Volume)
		}
	}
}

// testMarks: a mark never moves back; marks come by tenant and source.
func (s suite) testMarks(t *testing.T) {
	store := s.open(t)
	mark := func(tenant, source string, n int) ledger.Mark {
		return ledger.Mark{Tenant: tenant, Source: source, Through: hour(n)}
	}
	for _, marks := range [][]ledger.Mark{
		{mark("umbrella", "object", 5), mark("acme", "object", 5), mark("Acme", "object", 1)},
		{mark("acme", "archive", 2), mark("acme", "object", 4)}, // back: stays at 5
		{mark("umbrella", "object", 6), mark("acme", "object", 5)},
		{mark("umbrella", "object", -8)},
		{mark("initech", "object", 3), mark("initech", "object", 7), mark("initech", "object", 5)},
	} {
		must(t, store.Record(t.Context(), ledger.Batch{Marks: marks}))
	}
	store = s.reopen(t, store)
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark{
		mark("Acme", "object", 1), mark("acme", "archive", 2), mark("acme", "object", 5), mark("initech", "object", 7), mark("umbrella", "object", 6),
	})
}

// testResources: what is known of a resource is replaced as a whole, for one
// tenant and meter.
func (s suite) testResources(t *testing.T) {
	store := s.open(t)
	resource := func(tenant, id, meter, name string) ledger.Resource {
		return ledger.Resource{Tenant: tenant, ID: id, Meter: meter, Type: "Virtual Machine",
			Info: map[string]string{"name": name, "host": "h1"}, Seen: hour(1).Add(123456789)}
	}
	must(t, store.Record(t.Context(), ledger.Batch{Resources: []ledger.Resource{
		resource("acme", "vm-2", "instance", "db"), resource("acme", "vm-1", "vcpus", "web"),
		resource("acme", "vm-1", "instance", "web"), resource("umbrella", "vm-1", "instance", "theirs"),
	}}))
	renamed := ledger.Resource{Tenant: "acme", ID: "vm-1", Meter: "instance", Type: "VM", Info: map[string]string{"name": "www"}, Seen: hour(2)}
	bare := ledger.Resource{Tenant: "acme", ID: "vm-2", Meter: "instance"}
	must(t, store.Record(t.Context(), ledger.Batch{Resources: []ledger.Resource{renamed, bare}}))
	store = s.reopen(t, store)
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "acme")),
		[]ledger.Resource{renamed, resource("acme", "vm-1", "vcpus", "web"), bare})
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "umbrella")),
		[]ledger.Resource{resource("umbrella", "vm-1", "instance", "theirs")})
	same(t, "resources", get[[]ledger.Resource](t)(store.Resources(t.Context(), "nobody")), []ledger.Resource(nil))
}

// testTenants: what a batch tells of a tenant replaces what was known of it,
// and of no other. A tenant of which nothing was told is none.
func (s suite) testTenants(t *testing.T) {
	store := s.open(t)
	acme := usage.Tenant{ID: "acme", Name: "Acme", Extra: map[string]string{"partner": "C-17"}}
	umbrella := usage.Tenant{ID: "umbrella", Name: "Umbrella"}
	must(t, store.Record(t.Context(), ledger.Batch{
		Tenants: []usage.Tenant{umbrella, acme},
		Marks:   []ledger.Mark{{Tenant: "hooli", Source: "object", Through: hour(1)}},
	}))
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant{acme, umbrella})
	renamed := usage.Tenant{ID: "acme", Name: "ACME Ltd"}
	must(t, store.Record(t.Context(), ledger.Batch{Tenants: []usage.Tenant{renamed}}))
	store = s.reopen(t, store)
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant{renamed, umbrella})
}
