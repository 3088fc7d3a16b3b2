package billing_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// However often a source is renamed, cannot be read, or dies: what
// is billed of an hour, with what waits to be, is what was used in it, once, or
// nothing where it was billed without that.
func TestRenamedIsBilledOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(drawSample), 1, 40).Draw(t, "samples")
		r := &run{T: t, source: &giver{}, ctx: context.Background()}
		r.engine = newEngine(r.source, nil)
		r.engine.Meters = drawnMeters(t)
		for hours := 0; hours < 14; {
			hours += rapid.IntRange(1, 5).Draw(t, "hours")
			now := august.Start.Add(time.Duration(hours) * time.Hour)
			name := rapid.SampledFrom([]string{"object", "object", "other"}).Draw(t, "name")
			rename(r.engine, name)
			r.source.all = slices.DeleteFunc(slices.Clone(all), func(s usage.Sample) bool { return !s.Time.Before(now) })
			r.source.every = rapid.IntRange(0, 3).Draw(t, "steps of")
			r.source.dies = max(0, rapid.IntRange(-40, 20).Draw(t, "dies after"))
			r.source.hides = rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "cannot read")
			r.source.hidden = rapid.IntRange(0, 20).Draw(t, "after")
			r.collect(august.Start.Add(time.Duration(rapid.IntRange(0, hours).Draw(t, "through")) * time.Hour))
			if rapid.Bool().Draw(t, "bills") && !r.unbilledOf(name) {
				r.claim()
			}
		}
		end := august.Start.Add(16 * time.Hour)
		r.source.all, r.source.hides, r.source.dies = all, "", 0
		for _, last := range []string{"object", "other", "object"} {
			rename(r.engine, last)
			r.collect(end)
		}
		want := map[string]decimal.Decimal{}
		for series, steps := range naive(t, r.engine.Meters, all, end) {
			for _, step := range steps {
				for _, v := range step.Volumes {
					want[hourOf(usage.Entry{Meter: series.Meter, Resource: series.Resource, Window: step.Window, Volume: v})] = v.Volume
				}
			}
		}
		for hour, billed := range r.billedByHour() {
			if !billed.IsZero() && !billed.Equal(want[hour]) {
				t.Fatalf("%s: billed %s, want %s", hour, billed, want[hour])
			}
		}
	})
}

// hourOf says what an entry is of, whatever the source is called.
func hourOf(e usage.Entry) string {
	return fmt.Sprintf("%s %s %s %s %s %s %s", e.Tenant, e.Window, e.Meter, e.Resource, e.Service, e.Datacenter, e.Unit)
}

// unbilledOf reports whether there is unbilled usage of a source that is called
// otherwise: it would park an order.
func (r *run) unbilledOf(name string) bool {
	for e, err := range r.engine.Store.Entries(r.ctx, ledger.EntryFilter{}) {
		if err != nil {
			r.Fatal(err)
		}
		if e.Source != name && !r.isBilled(e) {
			return true
		}
	}
	return false
}

// isBilled reports whether an order reserves the window of an entry.
func (r *run) isBilled(e usage.Entry) bool {
	orders, err := r.engine.Store.Orders(r.ctx, ledger.OrderFilter{Tenant: e.Tenant, Overlaps: e.Window})
	if err != nil {
		r.Fatal(err)
	}
	return len(orders) > 0
}

// billedByHour sums what is billed, and what is pending for it.
func (r *run) billedByHour() map[string]decimal.Decimal {
	sums := map[string]decimal.Decimal{}
	add := func(e usage.Entry) {
		if r.isBilled(e) {
			sums[hourOf(e)] = sums[hourOf(e)].Add(e.Volume.Volume)
		}
	}
	for e, err := range r.engine.Store.Entries(r.ctx, ledger.EntryFilter{}) {
		if err != nil {
			r.Fatal(err)
		}
		add(e)
	}
	for a, err := range r.engine.Store.Adjustments(r.ctx, ledger.AdjustmentFilter{}) {
		if err != nil {
			r.Fatal(err)
		}
		add(a.Entry)
	}
	return sums
}
