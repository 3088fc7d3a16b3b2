package billing_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A stepping source yields samples by time, and tells at borders that all
// before them came.
type stepping struct {
	samples
	every  int // hours between borders
	dies   int // at which yield reading fails; 0 for none
	with   error
	yields int
}

func (s *stepping) Samples(_ context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		s.yields = 0
		next := hour(s.every)
		for _, sample := range slices.SortedStableFunc(slices.Values(s.all), func(a, b usage.Sample) int { return a.Time.Compare(b.Time) }) {
			for !sample.Time.Before(next) {
				q.Reached(next)
				next = next.Add(time.Duration(s.every) * time.Hour)
			}
			if s.yields++; s.yields == s.dies {
				if tenant := (*usage.TenantError)(nil); !yield(usage.Sample{}, s.with) || !errors.As(s.with, &tenant) {
					return
				}
			}
			if slices.Contains(q.Meters, sample.Meter) && !yield(sample, nil) {
				return
			}
		}
	}
}

// hour is so many hours after the block began.
func hour(n int) time.Time { return august.Start.Add(time.Duration(n) * time.Hour) }

// hourly are samples of two tenants' volumes in each of so many hours.
func hourly(hours int) []usage.Sample {
	var all []usage.Sample
	for n := range hours {
		for _, tenant := range []string{"a", "b"} {
			all = append(all, volume(tenant, "volume-"+tenant, hour(n).Add(10*time.Minute).Format(time.RFC3339), fmt.Sprint(n+1)))
		}
	}
	return all
}

// marked is up to which hour a tenant is collected, -1 for one that is not
// known.
func marked(t *testing.T, e *billing.Engine, tenant string) int {
	t.Helper()
	marks, err := e.Store.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range marks {
		if m.Tenant == tenant {
			return int(m.Through.Sub(august.Start) / time.Hour)
		}
	}
	return -1
}

// Wherever reading ends early, what was told to be whole is kept, and the next
// run makes of it what one run would have.
func TestReachedIsKept(t *testing.T) {
	all := hourly(12)
	once := newEngine(&samples{all: all}, nil)
	collect(t, once, hour(12))
	for _, with := range []error{errors.New("the cloud is gone"), &usage.TenantError{Tenant: "a", Err: errors.New("the metric is damaged")}} {
		for dies := 1; dies <= len(all); dies++ {
			source := &stepping{samples: samples{all: all}, every: 4, dies: dies, with: with}
			e := newEngine(source, nil)
			_, err := e.Collect(t.Context(), hour(12))
			if err == nil || !strings.Contains(err.Error(), with.Error()) {
				t.Fatalf("%v at %d: error %v", with, dies, err)
			}
			// Two samples an hour, and a step is recorded up to the hour of its last
			// one before anything else is asked for.
			kept := max(0, (dies-1)/8*4-1)
			b := kept
			if tenant := (*usage.TenantError)(nil); errors.As(with, &tenant) {
				b = 12
			}
			switch got := marked(t, e, "a"); {
			case kept == 0 && got > 0, kept > 0 && got != kept:
				t.Errorf("%v at %d: a is collected up to hour %d, want %d", with, dies, got, kept)
			}
			if got := marked(t, e, "b"); b > 0 && got != b {
				t.Errorf("%v at %d: b is collected up to hour %d, want %d", with, dies, got, b)
			}
			source.dies = 0
			collect(t, e, hour(12))
			if diff := cmp.Diff(entries(t, once), entries(t, e)); diff != "" {
				t.Fatalf("%v at %d: collected once, and in two runs (-once +two):\n%s", with, dies, diff)
			}
			if c := collect(t, e, hour(12)); c[0].Changed != 0 {
				t.Errorf("%v at %d: the same samples again: %+v", with, dies, c)
			}
		}
	}
}

// What cannot be right keeps its own step from being recorded, and those after
// it; all of it is told.
func TestReachedThenWrong(t *testing.T) {
	source := &stepping{samples: samples{all: hourly(12)}, every: 4}
	source.all[10].Tenant = "" // of hour 5
	source.all[20].Tenant = "" // of hour 10
	e := newEngine(source, nil)
	_, err := e.Collect(t.Context(), hour(12))
	if err == nil || strings.Count(err.Error(), "no tenant") != 2 || !strings.Contains(err.Error(), "nothing of this source was collected from 2013-08-01T03:00:00Z on; what was collected before is kept") {
		t.Errorf("error %v", err)
	}
	if a, b := marked(t, e, "a"), marked(t, e, "b"); a != 3 || b != 3 {
		t.Errorf("a is collected up to hour %d, b up to %d, want 3", a, b)
	}
}

// What cannot be recorded ends the reading at once, and so does whoever waits no
// longer: what is recorded by then stays.
func TestReachedAndStopped(t *testing.T) {
	all := hourly(12)
	once := newEngine(&samples{all: all}, nil)
	collect(t, once, hour(12))
	for _, cancelled := range []bool{false, true} {
		source := &stepping{samples: samples{all: all}, every: 4}
		e := newEngine(source, nil)
		ctx, cancel := context.WithCancel(t.Context())
		store, want := &failing{Store: e.Store, at: 3}, errFull // the second step
		if cancelled {
			store.instead, want = cancel, context.Canceled
		}
		e.Store = store
		if _, err := e.Collect(ctx, hour(12)); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		cancel()
		if got := marked(t, e, "a"); got != 3 || source.yields > 17 {
			t.Errorf("%v: a is collected up to hour %d after %d samples, want 3 after 17 at most", want, got, source.yields)
		}
		collect(t, e, hour(12))
		if diff := cmp.Diff(entries(t, once), entries(t, e)); diff != "" {
			t.Errorf("%v: collected once, and in two runs (-once +two):\n%s", want, diff)
		}
	}
}

var errFull = errors.New("the disk is full")

// A failing store does not record one of the batches, or does something instead.
type failing struct {
	ledger.Store
	at      int // counted down; 0 for none
	instead func()
}

func (f *failing) Record(ctx context.Context, b ledger.Batch) error {
	if f.at--; f.at != 0 {
		return f.Store.Record(ctx, b)
	}
	if f.instead == nil {
		return errFull
	}
	f.instead()
	return ctx.Err()
}

// Reading ends once all was read that is asked for.
func TestReachedThrough(t *testing.T) {
	source := &stepping{samples: samples{all: hourly(12)}, every: 4}
	e := newEngine(source, nil)
	collect(t, e, hour(6))
	if a := marked(t, e, "a"); a != 6 || source.yields != 17 { // the first of hour 8
		t.Errorf("a is collected up to hour %d after %d samples, want 6 after 17", a, source.yields)
	}
}

// unruly tells what is not so.
type unruly struct {
	samples
	told []time.Time // before the second sample
}

func (u *unruly) Samples(_ context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		for i, sample := range u.all {
			for _, bound := range u.told {
				if i == 1 {
					q.Reached(bound)
				}
			}
			if !yield(sample, nil) {
				return
			}
		}
	}
}

// A source that tells too much is not believed.
func TestReachedIsHeldAgainstSamples(t *testing.T) {
	source := &unruly{samples: samples{all: hourly(6)}}
	e := newEngine(source, nil)
	collect(t, e, hour(4))
	for _, told := range [][]time.Time{{hour(4)}, {hour(3)}, {hour(5).Add(time.Minute)}, {october.Add(time.Hour)}} {
		source.told = told // not later than a mark, not on a border, not yet
		if c := collect(t, e, hour(4)); c[0].Changed != 0 {
			t.Errorf("told %v: %+v", told, c)
		}
	}
	source.told = []time.Time{hour(5)}
	if _, err := e.Collect(t.Context(), hour(6)); err == nil || !strings.Contains(err.Error(), "timestamp 2013-08-01T00:10:00Z, after the source told that all samples before 2013-08-01T05:00:00Z had come") {
		t.Errorf("error %v", err)
	}
	if a := marked(t, e, "a"); a != 4 {
		t.Errorf("a is collected up to hour %d, want 4", a)
	}
}

// A gap that begins in one step and ends in another is told once.
func TestReachedWithinGap(t *testing.T) {
	machine := func(at time.Time) usage.Sample {
		return usage.Sample{ID: at.String(), Meter: "instance", Kind: usage.Gauge, Unit: "instance", Tenant: "a", Resource: "vm", Datacenter: "nz-1", HasVolume: true, Time: at,
			Metadata: map[string]string{"state": "active", "flavor.name": "small"}}
	}
	all := append(hourly(12), machine(hour(1)), machine(hour(9)), machine(hour(10)))
	source := &stepping{samples: samples{all: all}, every: 4}
	e := newEngine(source, nil)
	e.Meters = append(e.Meters, usage.Meter{Name: "sampled", Meter: "instance", Service: "sampled", Transformer: usage.Uptime{Hold: 30 * time.Minute}, Billed: true})
	c := collect(t, e, hour(12))[0]
	var got []string
	for _, gap := range c.Gaps {
		if gap.Meter == "sampled" {
			got = append(got, fmt.Sprintf("%s %s", gap.From.Format("15:04"), gap.To.Format("15:04")))
		}
	}
	if want := []string{"01:30 09:00", "09:30 10:00", "10:30 00:00"}; !slices.Equal(got, want) || c.MoreGaps != 0 {
		t.Errorf("gaps %q and %d more, want %q", got, c.MoreGaps, want)
	}
}

// A source that has another name now is new. What it says of a block that was
// billed before is left out, also where reading it took two runs.
func TestReachedOfABilledBlock(t *testing.T) {
	all := hourly(12)
	e := newEngine(&samples{all: all}, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, august.End)
	bill(t, e)
	before := entries(t, e)

	source := &stepping{samples: samples{all: all}, every: 4, dies: 12, with: errors.New("the cloud is gone")}
	e.Sources = []billing.Source{{Name: "renamed", Source: source}}
	e.SourceNames = []string{"renamed"}
	if _, err := e.Collect(t.Context(), august.End); err == nil {
		t.Fatal("the source died, and collecting did not")
	}
	source.dies = 0
	c := collect(t, e, august.End)[0]
	if got := adjustments(t, e); len(got) > 0 {
		t.Errorf("billed twice: %q", got)
	}
	windows := 0
	for _, aside := range c.Aside {
		windows += aside.Windows
	}
	if windows != 18 { // two tenants', of the hours 3 to 11
		t.Errorf("%d windows were left out, want 18: %+v", windows, c.Aside)
	}
	if diff := cmp.Diff(before, entries(t, e)); diff != "" {
		t.Errorf("what was billed is not what it was:\n%s", diff)
	}
}

// What a source leaves out is counted by why, however many reasons there are.
func TestLeftOutIsCounted(t *testing.T) {
	source := &mistrustful{}
	want := map[string]int{billing.OtherReasons: 10}
	for n := range 30 {
		why := fmt.Sprintf("sender %02d is not trusted", n)
		source.why = append(source.why, why)
		if n < 20 {
			want[why] = 1
		}
	}
	source.why = append(source.why, source.why[0])
	want[source.why[0]]++
	c := collect(t, newEngine(source, nil), hour(1))
	if diff := cmp.Diff(want, c[0].LeftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
}

// A mistrustful source leaves all out, each sample for a reason of its own.
type mistrustful struct {
	samples
	why []string
}

func (m *mistrustful) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	for _, why := range m.why {
		q.LeftOut(usage.Sample{}, why)
	}
	return m.samples.Samples(ctx, q)
}

// A tenant that was never collected, and cannot be, keeps late samples of the
// others from nothing.
func TestLateBesideANewTenantThatIsHeld(t *testing.T) {
	bad := volume("a", "v1", "2013-08-05T03:10:00Z", "2")
	bad.Kind = usage.Cumulative
	source := &samples{all: []usage.Sample{bad, volume("b", "v2", "2013-08-05T03:10:00Z", "2"), meterSample("b", "ip.floating", "ip1", "2013-08-05T03:10:00Z")}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1", "ip.floating": "1"}))
	with := e.Meters
	e.Meters = slices.DeleteFunc(slices.Clone(with), func(m usage.Meter) bool { return m.Name == "volume.size" })
	collect(t, e, august.End)
	e.Meters = with
	if _, err := e.Collect(t.Context(), august.End); err == nil {
		t.Fatal("a counter was taken for a gauge")
	}
	bill(t, e)
	source.all = append(source.all, volume("b", "v2", "2013-08-07T03:10:00Z", "5"))
	if _, err := e.Collect(t.Context(), august.End); err == nil {
		t.Fatal("a counter was taken for a gauge")
	}
	if got, want := adjustments(t, e), []string{"b nz-1 v2 volume.size 2013-08-07T03:00:00Z/2013-08-07T04:00:00Z 5 GB hour 1"}; !slices.Equal(got, want) {
		t.Errorf("adjustments %q, want %q", got, want)
	}
}

// A source of which nothing is left is collected up to where it says so, and
// nobody waits for it.
func TestIdle(t *testing.T) {
	idle := func(source usage.Source, through time.Time) usage.Source {
		return ending{source, func(q usage.Query) { q.Idle(through) }}
	}
	for name, all := range map[string][]usage.Sample{"without a sample": nil, "after its last": hourly(2)} {
		source := &stepping{samples: samples{all: all}, every: 4}
		e := newEngine(source, nil)
		e.Sources[0].Source = idle(source, hour(12))
		if got := collect(t, e, time.Time{})[0].Through; !got.Equal(hour(12)) {
			t.Errorf("%s: collected through %v", name, got)
		}
		if lags, err := e.Behind(t.Context(), usage.Span{Start: hour(0), End: hour(12)}, nil); err != nil || len(lags) > 0 {
			t.Errorf("%s: behind are %v (%v)", name, lags, err)
		}
		for tenant := range map[string]bool{"a": true, "b": true} {
			if want := 12; all != nil && marked(t, e, tenant) != want {
				t.Errorf("%s: %s is collected through %d", name, tenant, marked(t, e, tenant))
			}
		}
		// What came late is taken in all the same.
		source.all = append(source.all, volume("a", "late", hour(9).Format(time.RFC3339), "5"))
		e.Sources[0].Source = idle(source, hour(13))
		if c := collect(t, e, time.Time{})[0]; c.Entries != 1 || !c.Through.Equal(hour(13)) {
			t.Errorf("%s: of what came late %+v", name, c)
		}
		// The future is nobody's to tell.
		e.Sources[0].Source = idle(source, e.Now().Add(time.Hour).Truncate(time.Hour))
		if c := collect(t, e, time.Time{})[0]; !c.Through.Equal(hour(13)) {
			t.Errorf("%s: told of the future, it is collected through %v", name, c.Through)
		}
	}
}

// That all came up to an instant says nothing of whether an agent died.
func TestReachedIsNotIdle(t *testing.T) {
	source := &stepping{samples: samples{all: hourly(3)}, every: 1}
	e := newEngine(ending{source, func(q usage.Query) { q.Reached(hour(12)) }}, nil)
	if got := collect(t, e, time.Time{})[0].Through; !got.Equal(hour(2)) {
		t.Errorf("collected through %v", got)
	}
}

// An ending source tells something once it has given all samples.
type ending struct {
	usage.Source
	tell func(usage.Query)
}

func (s ending) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		for sample, err := range s.Source.Samples(ctx, q) {
			if !yield(sample, err) {
				return
			}
		}
		s.tell(q)
	}
}
