package billing_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A reader is a source that gives only what is new, and remembers how it was asked.
type reader struct {
	giver
	collected map[string]time.Time
	names     map[string]string // of flavors
}

func (a *reader) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	a.collected = q.Collected
	return a.giver.Samples(ctx, q)
}

func (a *reader) Names(_ context.Context, kind usage.NameKind) iter.Seq2[usage.Name, error] {
	return func(yield func(usage.Name, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(a.names)) {
			if kind == usage.FlavorNames && !yield(usage.Name{ID: id, Name: a.names[id]}, nil) {
				return
			}
		}
	}
}

// held lets a sample of an instance hold for some time.
func held(e *billing.Engine, hold time.Duration) {
	e.Meters = []usage.Meter{{Name: "instance", Meter: "instance", Service: "instance", Transformer: usage.Uptime{Hold: hold}, Rule: "hold = " + hold.String(), Billed: true}}
}

func newAsked(all ...usage.Sample) (*billing.Engine, *reader) {
	source := &reader{giver: giver{samples: samples{all: all}, sparing: true}}
	e := newEngine(source, nil)
	held(e, time.Hour)
	return e, source
}

// wantAsked wants the tenants to have been asked for from these hours on, 0 for
// all.
func (a *reader) wantAsked(t *testing.T, what string, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for tenant, through := range a.collected {
		if got[tenant] = 0; !through.IsZero() {
			got[tenant] = through.Hour()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is asked (-want +got):\n%s", what, diff)
	}
}

// All that is not billed is measured by the rule of now, also of a source that
// gives only what is new; and what is billed by that of then.
func TestAnotherRuleReadsAllAgain(t *testing.T) {
	e, source := newAsked(ran("a", "i1", "03:30"), ran("a", "i1", "07:30"))
	e.ERP = newDesk(map[string]string{"small": "1"})
	collect(t, e, fifth(9))
	if _, err := e.Bill(t.Context(), usage.Span{Start: fifth(3), End: fifth(6)}, nil); err != nil {
		t.Fatal(err)
	}
	collect(t, e, fifth(9))
	source.wantAsked(t, "a second run", map[string]int{"": 9, "a": 9})

	held(e, 80*time.Minute)
	collect(t, e, fifth(9))
	source.wantAsked(t, "one by another rule", map[string]int{"": 0, "a": 0})
	want := []string{
		"a nz-1 i1 small 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 1800 second 1", // billed,
		"a nz-1 i1 small 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 1800 second 0", // an hour from 3:30 on
		"a nz-1 i1 small 2013-08-05T07:00:00Z/2013-08-05T08:00:00Z 1800 second 1",
		"a nz-1 i1 small 2013-08-05T08:00:00Z/2013-08-05T09:00:00Z 3000 second 0", // 80 minutes from 7:30 on
	}
	if diff := cmp.Diff(want, entries(t, e)); diff != "" || len(adjustments(t, e)) > 0 {
		t.Errorf("adjustments %v, entries (-want +got):\n%s", adjustments(t, e), diff)
	}
	if c := collect(t, e, fifth(9))[0]; c.Changed > 0 || c.Read > 0 {
		t.Errorf("collected again: %+v", c)
	}
	source.wantAsked(t, "the next run", map[string]int{"": 9, "a": 9})
}

// Names that a source knows are part of a rule.
func TestOtherNamesReadAllAgain(t *testing.T) {
	e, source := newAsked(ran("a", "i1", "03:30"))
	collect(t, e, fifth(5))
	source.names = map[string]string{"small": "m1.small"}
	collect(t, e, fifth(5))
	source.wantAsked(t, "one with other names", map[string]int{"": 0, "a": 0})
	for _, line := range entries(t, e) {
		if !strings.Contains(line, " m1.small ") {
			t.Error(line)
		}
	}
	collect(t, e, fifth(5))
	source.wantAsked(t, "the next run", map[string]int{"": 5, "a": 5})
}

// By which rule a store of an earlier release was filled nobody knows.
func TestUnknownRuleReadsAllAgain(t *testing.T) {
	e, source := newAsked(ran("a", "i1", "03:30"))
	collect(t, e, fifth(5))
	if err := e.Store.Record(t.Context(), ledger.Batch{Meters: []ledger.MeterMark{{Source: "object", Meter: "instance", Through: fifth(5)}}}); err != nil {
		t.Fatal(err)
	}
	if c := collect(t, e, fifth(5))[0]; c.Changed > 0 || c.Read != 1 {
		t.Errorf("collected again: %+v", c)
	}
	collect(t, e, fifth(5))
	source.wantAsked(t, "the next run", map[string]int{"": 5, "a": 5})
}

// A tenant who cannot be read keeps the rule from being taken for that of all,
// and is not asked for anew before it is where the others are: what lies between
// may be older than a source looks back.
func TestAnotherRuleWhileATenantLags(t *testing.T) {
	e, source := newAsked(ran("a", "i1", "03:30"), ran("b", "i2", "03:30"))
	collect(t, e, fifth(5))
	held(e, 80*time.Minute)
	source.errs = []error{&usage.TenantError{Tenant: "b", Err: errors.New("no access")}}
	for _, what := range []string{"one by another rule", "the next run"} {
		source.all = append(source.all, ran("b", "i2", "05:10"))
		if _, err := e.Collect(t.Context(), fifth(7)); err == nil {
			t.Fatal("collected")
		}
		if what == "the next run" {
			source.wantAsked(t, what, map[string]int{"": 0, "a": 0, "b": 5})
		} else {
			source.wantAsked(t, what, map[string]int{"": 0, "a": 0, "b": 0})
		}
	}
	source.errs = nil
	collect(t, e, fifth(7))
	source.wantAsked(t, "the one that reads it", map[string]int{"": 0, "a": 0, "b": 5})
	collect(t, e, fifth(7))
	source.wantAsked(t, "the next one", map[string]int{"": 0, "a": 0, "b": 0})
	want := "b nz-1 i2 small 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 3000 second 0" // 80 minutes from 3:30 on
	if got := entries(t, e); !slices.Contains(got, want) {
		t.Errorf("entries %v", got)
	}
	collect(t, e, fifth(7))
	source.wantAsked(t, "the one after that", map[string]int{"": 7, "a": 7, "b": 7})

	// By the same rule who lags is nothing to the others.
	source.errs = []error{&usage.TenantError{Tenant: "b", Err: errors.New("no access")}}
	for range 2 {
		if _, err := e.Collect(t.Context(), fifth(8)); err == nil {
			t.Fatal("collected")
		}
	}
	source.wantAsked(t, "one by the same rule", map[string]int{"": 8, "a": 8, "b": 7})
}

// A tenant who catches up while a meter is not in the config has not caught up
// with that meter: once it is back, all of it is asked for.
func TestCaughtUpWithoutAMeter(t *testing.T) {
	disk := volume("b", "v1", "2013-08-05T05:10:00Z", "7")
	e, source := newAsked(ran("a", "i1", "03:30"), ran("b", "i2", "03:30"))
	both := append(slices.Clone(e.Meters), usage.Meter{Name: "disk", Meter: "volume.size", Service: "disk", Transformer: usage.Max{}, Billed: true})
	without := e.Meters
	e.Meters = both
	collect(t, e, fifth(5))
	source.all = append(source.all, disk)
	source.errs = []error{&usage.TenantError{Tenant: "b", Err: errors.New("no access")}}
	if _, err := e.Collect(t.Context(), fifth(7)); err == nil {
		t.Fatal("collected")
	}
	source.errs = nil
	e.Meters = without
	collect(t, e, fifth(7))
	e.Meters = both
	collect(t, e, fifth(7))
	source.wantAsked(t, "the run with the meter", map[string]int{"": 0, "a": 0, "b": 0})
	want := "b nz-1 v1 disk 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 7 GB hour 1"
	if got := entries(t, e); !slices.Contains(got, want) {
		t.Errorf("entries %v", got)
	}
	collect(t, e, fifth(7))
	source.wantAsked(t, "the next run", map[string]int{"": 7, "a": 7, "b": 7})
}

// What comes late while a meter is not in the config is bookmarked for the others
// that read the same, also within an hour, in which no mark moves.
func TestAMeterIsGoneForARun(t *testing.T) {
	e, source := newAsked(ran("a", "i1", "03:30"), ran("a", "i2", "04:30"))
	both := append(slices.Clone(e.Meters), usage.Meter{Name: "seen", Meter: "instance", Service: "seen", Transformer: usage.Max{}, Billed: true})
	e.Meters = both
	collect(t, e, fifth(5))
	source.all = append(source.all, ran("a", "i1", "01:10"))
	e.Meters = both[:1]
	collect(t, e, fifth(5))
	e.Meters = both
	collect(t, e, fifth(5))
	source.wantAsked(t, "the run in which it is back", map[string]int{"": 0, "a": 0})
	want := "a nz-1 i1 seen 2013-08-05T01:00:00Z/2013-08-05T02:00:00Z 1 instance hour 1"
	if got := entries(t, e); !slices.Contains(got, want) {
		t.Errorf("entries %v", got)
	}
	collect(t, e, fifth(5))
	source.wantAsked(t, "the next run", map[string]int{"": 5, "a": 5})
}

// However often rules change, meters come and go, and whatever a source leaves
// out or cannot read, at the end all is recorded as the last rule says.
func TestAnotherRuleIsWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &run{T: t, source: &giver{sparing: true}, ctx: context.Background()}
		r.engine = newEngine(r.source, nil)
		arrival := rapid.SliceOfN(rapid.Custom(drawSample), 1, 30).Draw(t, "samples")
		if rapid.Bool().Draw(t, "arrive in time") {
			slices.SortStableFunc(arrival, func(a, b usage.Sample) int { return a.Time.Compare(b.Time) })
		}
		r.source.every = rapid.IntRange(0, 4).Draw(t, "hours between steps")
		end := august.Start.Add(16 * time.Hour)
		var meters []usage.Meter // of the config, but for one that it lacks at times
		for arrived := 0; arrived < len(arrival); {
			arrived += rapid.IntRange(1, len(arrival)-arrived).Draw(t, "arrive")
			r.source.all = rapid.Permutation(arrival[:arrived]).Draw(t, "order")
			hold := rapid.SampledFrom([]time.Duration{20 * time.Minute, 90 * time.Minute, 4 * time.Hour})
			ran, was := hold.Draw(t, "hold"), hold.Draw(t, "hold")
			meters = []usage.Meter{
				{Name: "instance", Meter: "instance", Service: "instance", Transformer: usage.Uptime{Hold: ran}, Rule: ran.String(), Billed: true},
				{Name: "disk", Meter: "volume.size", Service: "disk", Transformer: usage.Integral{Hold: was}, Rule: was.String(), Billed: true},
				{Name: "traffic", Meter: "network.incoming.bytes", Service: "traffic", Transformer: usage.Counter{}, Billed: true},
			}
			lacks := rapid.SampledFrom([]string{"", "", "instance", "disk", "traffic"}).Draw(t, "lacks")
			r.engine.Meters = slices.DeleteFunc(slices.Clone(meters), func(m usage.Meter) bool { return m.Name == lacks })
			r.source.hides = rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "cannot read")
			r.source.hidden = rapid.IntRange(0, 20).Draw(t, "after")
			r.collect(august.Start.Add(time.Duration(rapid.IntRange(0, 14).Draw(t, "through")) * time.Hour))
		}
		r.engine.Meters, r.source.hides = meters, ""
		r.collect(end)
		r.collect(end) // who lagged first catches up
		truth := naive(t, r.engine.Meters, arrival, end)
		r.compareFolds(truth)
		r.compareSums(truth)
	})
}
