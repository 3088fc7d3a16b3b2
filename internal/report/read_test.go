package report_test

import (
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// What Read gathers: orders of both months, tenants that only orders know, and
// gaps of the month, also those that were closed long after it.
func TestRead(t *testing.T) {
	now := day(time.August, 1)
	store := memory.New(memory.Options{Now: func() time.Time { return now }, Shared: true})
	e := &billing.Engine{Deployment: "nz-prod", Store: store, SourceNames: []string{"object"}, Location: auckland, Now: func() time.Time { return now }}
	gap := func(tenant, resource string, from, to time.Time) ledger.SeriesFolds {
		// Told by the window in which the sample came that ended it.
		return ledger.SeriesFolds{Series: ledger.Series{Source: "object", Meter: "instance", Resource: resource}, Folds: []ledger.Fold{
			{Window: usage.WindowAt(to), Samples: 1, Digest: "x", Gaps: []usage.Gap{{Tenant: tenant, From: from.UTC(), To: to.UTC()}}}}}
	}
	open := gap("a", "lasts", day(time.April, 9), day(time.April, 9))
	open.Folds[0].Gaps[0].To = time.Time{}
	err := store.Record(t.Context(), ledger.Batch{
		Marks:   []ledger.Mark{{Source: "object", From: march.Start, Through: now}, {Tenant: "a", Source: "object", From: march.Start, Through: now}, {Tenant: "b", Source: "object", From: march.Start, Through: now}},
		Tenants: []usage.Tenant{{ID: "a", Name: "Kea"}},
		Series: []ledger.SeriesFolds{
			gap("a", "within", day(time.April, 3), day(time.April, 4)),
			gap("a", "long", day(time.March, 3), day(time.June, 4)),
			gap("a", "before", day(time.March, 3), day(time.March, 4)),
			gap("a", "after", day(time.May, 3), day(time.May, 4)),
			gap("b", "other", day(time.April, 3), day(time.April, 4)),
			open,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	orders := []ledger.Order{
		order(1, usage.Tenant{ID: "a"}, march, ledger.Claimed, item("north", "x", "1", "hour", "1", "1.00")),
		order(2, usage.Tenant{ID: "a"}, april, ledger.Claimed, item("north", "x", "2", "hour", "1", "2.00")),
		order(3, usage.Tenant{ID: "c"}, april, ledger.Claimed, item("north", "x", "4", "hour", "1", "4.00")),
		order(4, usage.Tenant{ID: "a"}, usage.Span{Start: april.End, End: day(time.June, 1)}, ledger.Claimed),
	}
	for _, o := range orders {
		revision, err := store.Revision(t.Context(), o.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Claim(t.Context(), ledger.Claim{Order: o, Revision: revision, Lease: ledger.Lease{Holder: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(ids ...string) (tenants, found, gaps []string, r *report.Report) {
		t.Helper()
		f, err := report.Read(t.Context(), e, april, ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, tenant := range f.Tenants {
			tenants = append(tenants, tenant.ID+tenant.Name)
		}
		for _, o := range f.Orders {
			found = append(found, o.Key)
		}
		for _, g := range f.Gaps {
			gaps = append(gaps, g.Resource)
		}
		slices.Sort(gaps)
		return tenants, found, gaps, make_(t, f, report.DefaultLimits())
	}
	tenants, found, gaps, r := read()
	if !slices.Equal(tenants, []string{"aKea", "b", "c"}) || len(found) != 3 || !slices.Equal(gaps, []string{"long", "other", "within"}) {
		t.Errorf("read %q, %q, %q", tenants, found, gaps)
	}
	// 2.00 + 4.00 = 6.00, of which c is new: 4.00, and a has grown from 1.00.
	if len(r.Costs) != 1 || r.Costs[0].Amount.StringFixed(2) != "6.00" || len(r.Changes) != 2 || r.Changes[0].Kind != report.NewTenant || r.Changes[1].Kind != report.More {
		t.Errorf("costs are %v, changes %v", r.Costs, r.Changes)
	}
	// By name, b, c, Kea. The long gap covers all of april.
	if kea := r.Tenants[2]; kea.Name != "Kea" || len(kea.Gaps) != 2 || kea.Silent != 721*time.Hour+kea.Gaps[1].To.Sub(kea.Gaps[1].From) {
		t.Errorf("tenant %s has gaps %v, silent for %v", kea.Name, kea.Gaps, kea.Silent)
	}
	tenants, found, gaps, _ = read("b")
	if !slices.Equal(tenants, []string{"b"}) || len(found) != 0 || !slices.Equal(gaps, []string{"other"}) {
		t.Errorf("read %q, %q, %q of b", tenants, found, gaps)
	}
	if _, err := report.Read(t.Context(), e, usage.Span{Start: april.Start, End: day(time.April, 8)}, nil); err == nil {
		t.Error("a week was taken for a month")
	}
}

func TestLastMonth(t *testing.T) {
	for _, zone := range []string{"UTC", "Asia/Kolkata", "Pacific/Auckland", "America/Sao_Paulo"} {
		in, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, labels := range [][2]string{{"2025-01", "2024-12"}, {"2024-03", "2024-02"}, {"2025-12", "2025-11"}} {
			this, last := month(t, labels[0], in)
			if got := billing.BlockLabel(last, in); got != labels[1] || !last.End.Equal(this.Start) {
				t.Errorf("%s: before %s is %s", zone, labels[0], got)
			}
		}
	}
}
