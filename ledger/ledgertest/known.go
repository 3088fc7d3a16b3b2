package ledgertest

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// mark is how far a tenant is collected.
func mark(tenant, source string, from, through int) ledger.Mark {
	return ledger.Mark{Tenant: tenant, Source: source, From: hour(from), Through: hour(through)}
}

// testMarks: a mark keeps the earliest From and the latest Through; marks come
// by tenant and source.
func (s suite) testMarks(t *testing.T) {
	store := s.open(t)
	for _, marks := range [][]ledger.Mark{
		{mark("umbrella", "object", 0, 5), mark("acme", "object", 0, 5), mark("Acme", "object", 0, 1), mark("", "object", -3, 9)},
		{mark("acme", "archive", 2, 2), mark("acme", "object", 1, 4)},                                        // lies within; is of no time
		{mark("umbrella", "object", 5, 6), mark("acme", "object", 0, 5)},                                     // meets; is the same
		{mark("umbrella", "object", -8, 0), mark("acme", "archive", 2, 3)},                                   // is met
		{mark("initech", "object", 0, 3), mark("initech", "object", 3, 7), mark("initech", "object", -5, 5)}, // one after the other
		{mark("Acme", "object", -1, 2), mark("", "object", 0, 1)},                                            // contains
	} {
		must(t, store.Record(t.Context(), ledger.Batch{Marks: marks}))
	}
	elsewhere := mark("hooli", "object", 1, 2)
	elsewhere.From, elsewhere.Through = elsewhere.From.In(time.FixedZone("NZDT", 13*3600)), elsewhere.Through.In(time.FixedZone("NZDT", 13*3600))
	must(t, store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{elsewhere}}))
	store = s.reopen(t, store)
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark{
		mark("", "object", -3, 9), mark("Acme", "object", -1, 2), mark("acme", "archive", 2, 3), mark("acme", "object", 0, 5),
		mark("hooli", "object", 1, 2), mark("initech", "object", -5, 7), mark("umbrella", "object", -8, 6),
	})
}

// testMarksHole: a mark that would leave a hole is refused, as is one that is
// none, and so is all of its batch.
func (s suite) testMarksHole(t *testing.T) {
	store := s.open(t)
	first := []ledger.Mark{mark("acme", "object", 0, 5), mark("umbrella", "object", 0, 5)}
	must(t, store.Record(t.Context(), ledger.Batch{Marks: first}))
	off := mark("acme", "object", 0, 6)
	off.Through = off.Through.Add(time.Nanosecond)
	offFrom := mark("acme", "object", -1, 5)
	offFrom.From = offFrom.From.Add(time.Minute)
	for name, bad := range map[string]ledger.Mark{
		"one that begins after an hour more": mark("acme", "object", 6, 9),
		"one that ends an hour before":       mark("acme", "object", -9, -1),
		"one that ends before its start":     mark("acme", "object", 4, 3),
		"one that ends off a border":         off,
		"one that begins off a border":       offFrom,
		"one without times":                  {Tenant: "acme", Source: "object"},
		"one without a start":                {Tenant: "acme", Source: "object", Through: hour(5)},
		"one of a new tenant, backwards":     mark("hooli", "object", 4, 3),
	} {
		b := batch(vm, mine(0, "1"))
		b.Marks = []ledger.Mark{mark("umbrella", "object", 0, 9), bad}
		if err := store.Record(t.Context(), b); err == nil {
			t.Errorf("a mark was recorded, %s", name)
		}
	}
	// Two of one batch that only a third would join.
	if err := store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{mark("hooli", "object", 0, 1), mark("hooli", "object", 2, 3)}}); err == nil {
		t.Error("two marks with a hole between them were recorded")
	}
	// One of another tenant or source joins nothing.
	must(t, store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{mark("initech", "object", 20, 21), mark("acme", "archive", 30, 31)}}))
	store = s.reopen(t, store)
	same(t, "marks", get[[]ledger.Mark](t)(store.Marks(t.Context())), []ledger.Mark{
		mark("acme", "archive", 30, 31), first[0], mark("initech", "object", 20, 21), first[1],
	})
	same(t, "folds", foldsOf(t, store, vm), []ledger.Fold(nil))
}

// testMeters: a meter keeps the latest time of its marks, and the last rule;
// they come by source and meter, that of no meter among them, and one that is none is refused with all of
// its batch.
func (s suite) testMeters(t *testing.T) {
	store := s.open(t)
	same(t, "meters", get[[]ledger.MeterMark](t)(store.Meters(t.Context())), []ledger.MeterMark(nil))
	meter := func(source, meter string, through int) ledger.MeterMark {
		return ledger.MeterMark{Source: source, Meter: meter, Through: hour(through)}
	}
	by := func(rule string, m ledger.MeterMark) ledger.MeterMark {
		m.Rule = rule
		return m
	}
	there := meter("object", "volume", 3)
	there.Through = there.Through.In(time.FixedZone("NZDT", 13*3600))
	for _, meters := range [][]ledger.MeterMark{
		{meter("object", "volume", -2), meter("object", "instance", 7), meter("archive", "volume", 1), meter("object", "Volume", 2)},
		{there, meter("object", "instance", 5)}, // later; earlier
		{meter("archive", "volume", 4), by("a", meter("archive", "volume", 9)), by("b", meter("archive", "volume", 6))},
		{by("c", meter("object", "Volume", 2)), by("x", meter("object", "instance", 7))}, // the rule alone
		{by("y", meter("object", "instance", 6))},                                        // earlier, by another
		{by("finely", meter("object", "", 1)), by("coarsely", meter("object", "", 1))},   // the source's own
	} {
		must(t, store.Record(t.Context(), ledger.Batch{Meters: meters}))
	}
	off := meter("object", "volume", 9)
	off.Through = off.Through.Add(time.Second)
	for name, bad := range map[string]ledger.MeterMark{"off a border": off, "without a time": {Source: "object", Meter: "new"}} {
		b := batch(vm, mine(0, "1"))
		b.Meters = []ledger.MeterMark{meter("object", "volume", 20), bad}
		if err := store.Record(t.Context(), b); err == nil {
			t.Errorf("a mark of a meter was recorded, %s", name)
		}
	}
	store = s.reopen(t, store)
	same(t, "meters", get[[]ledger.MeterMark](t)(store.Meters(t.Context())), []ledger.MeterMark{
		by("b", meter("archive", "volume", 9)), by("coarsely", meter("object", "", 1)), by("c", meter("object", "Volume", 2)), by("y", meter("object", "instance", 7)), meter("object", "volume", 3),
	})
	same(t, "folds", foldsOf(t, store, vm), []ledger.Fold(nil))
}

// testGaps: a gap comes once, closed where a later window closes it, narrowed
// by tenant, resource and window.
func (s suite) testGaps(t *testing.T) {
	store := s.open(t)
	minutes := func(n, m int) time.Time { return hour(n).Add(time.Duration(m)*time.Minute + 1) }
	with := func(f ledger.Fold, gaps ...usage.Gap) ledger.Fold {
		f.Gaps = gaps
		return f
	}
	must(t, store.Record(t.Context(), batch(vm,
		with(mine(1, "1"), usage.Gap{Tenant: "acme", From: minutes(1, 10), To: minutes(1, 20)}, usage.Gap{Tenant: "acme", From: minutes(1, 40)}),
		with(fold(vm, 6), usage.Gap{Tenant: "acme", From: minutes(1, 40), To: minutes(6, 5)}), // ends what began in hour 1
		with(fold(vm, 8), usage.Gap{Tenant: "acme", From: minutes(8, 0)}),                     // lasts
		with(fold(vm, 9), usage.Gap{Tenant: "umbrella", From: minutes(9, 0)}),
	)))
	must(t, store.Record(t.Context(), batch(disk, with(fold(disk, 0), usage.Gap{Tenant: "acme", From: minutes(0, 5), To: minutes(0, 6)}))))
	other := ledger.Series{Source: "archive", Meter: "instance", Resource: "vm-1"}
	must(t, store.Record(t.Context(), batch(other, with(fold(other, 8), usage.Gap{Tenant: "acme", From: minutes(8, 0), To: minutes(8, 30)}))))
	store = s.reopen(t, store)

	gap := func(s ledger.Series, tenant string, from, to time.Time) ledger.Gap {
		return ledger.Gap{Series: s, Gap: usage.Gap{Tenant: tenant, From: from, To: to}}
	}
	all := []ledger.Gap{
		gap(other, "acme", minutes(8, 0), minutes(8, 30)),
		gap(vm, "acme", minutes(1, 10), minutes(1, 20)),
		gap(vm, "acme", minutes(1, 40), minutes(6, 5)),
		gap(vm, "acme", minutes(8, 0), time.Time{}),
		gap(disk, "acme", minutes(0, 5), minutes(0, 6)),
		gap(vm, "umbrella", minutes(9, 0), time.Time{}),
	}
	for _, test := range []struct {
		what string
		f    ledger.EntryFilter
		want []ledger.Gap
	}{
		{"all gaps", ledger.EntryFilter{}, all},
		{"gaps of acme", ledger.EntryFilter{Tenant: "acme"}, all[:5]},
		{"gaps of nobody", ledger.EntryFilter{Tenant: "acm"}, nil},
		{"gaps of a disk", ledger.EntryFilter{Resource: "disk-1"}, all[4:5]},
		{"gaps of umbrella's vm", ledger.EntryFilter{Tenant: "umbrella", Resource: "vm-1"}, all[5:]},
		{"gaps that began in hour 1", ledger.EntryFilter{Within: hours(1, 2)}, all[1:3]}, // closed, though a later hour closes it
		{"gaps that ended in hour 6", ledger.EntryFilter{Within: hours(6, 7)}, all[2:3]},
		{"gaps of hours in which they only last", ledger.EntryFilter{Within: hours(2, 6)}, nil},
		{"gaps of a part of an hour", ledger.EntryFilter{Within: usage.Span{Start: minutes(1, 0), End: hour(2)}}, nil},
	} {
		same(t, test.what, collect(t, store.Gaps(t.Context(), test.f)), test.want)
	}
}

// testGapsTold: what a fold tells of gaps replaces what it told before, billed
// or not.
func (s suite) testGapsTold(t *testing.T) {
	store := s.open(t)
	record := func(n int, gaps ...usage.Gap) {
		t.Helper()
		f := mine(n, "1")
		f.Gaps = gaps
		must(t, store.Record(t.Context(), batch(vm, f)))
	}
	want := func(gaps ...usage.Gap) {
		t.Helper()
		var all []ledger.Gap
		for _, g := range gaps {
			all = append(all, ledger.Gap{Series: vm, Gap: g})
		}
		same(t, "gaps", collect(t, store.Gaps(t.Context(), ledger.EntryFilter{})), all)
	}
	open := usage.Gap{Tenant: "acme", From: hour(1).Add(7)}
	closed := usage.Gap{Tenant: "acme", From: open.From, To: hour(5).Add(8)}
	record(1, open)
	want(open)
	record(5, closed)
	want(closed)
	billed(t, store, order("aa", "acme", hours(0, 9)))
	record(5) // a late sample before it ended the silence elsewhere
	want(open)
	record(5, closed)
	record(1)
	want(closed)
	record(5)
	want()
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
		Marks:   []ledger.Mark{mark("hooli", "object", 0, 1)},
	}))
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant{acme, umbrella})
	renamed := usage.Tenant{ID: "acme", Name: "ACME Ltd"}
	must(t, store.Record(t.Context(), ledger.Batch{Tenants: []usage.Tenant{renamed}}))
	store = s.reopen(t, store)
	same(t, "tenants", get[[]usage.Tenant](t)(store.Tenants(t.Context())), []usage.Tenant{renamed, umbrella})
}
