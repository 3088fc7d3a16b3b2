package billing_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// ran is a sample of an instance that runs.
func ran(tenant, resource, clock string) usage.Sample {
	s := volume(tenant, resource, "2013-08-05T"+clock+":00Z", "1")
	s.Meter, s.Unit, s.Metadata = "instance", "instance", map[string]string{"flavor.name": "small", "status": "active"}
	return s
}

func fifth(hour int) time.Time { return time.Date(2013, 8, 5, hour, 0, 0, 0, time.UTC) }

// reaching are the series that reach on, by resource, with the hours up to which
// they are folded.
func reaching(t *testing.T, e *billing.Engine) map[string]int {
	t.Helper()
	hours := map[string]int{}
	for r, err := range e.Store.Reaching(t.Context(), "object") {
		if err != nil {
			t.Fatal(err)
		}
		hours[r.Resource] = r.Through.Hour()
	}
	return hours
}

// A resource whose samples end is billed for as long as the last of them holds,
// once, and its silence is told when it begins.
func TestTailsOfSilentResources(t *testing.T) {
	onStores(t, func(t *testing.T, e *billing.Engine) {
		source := &samples{all: []usage.Sample{ran("a", "i1", "03:30"), ran("b", "i2", "03:40")}}
		e.Sources = []billing.Source{{Name: "object", Source: source}}
		e.SourceNames = []string{"object"}
		e.Meters = []usage.Meter{{Name: "instance", Meter: "instance", Transformer: usage.Uptime{Hold: 150 * time.Minute}, Billed: true}}
		collect(t, e, fifth(4))
		if diff := cmp.Diff(map[string]int{"i1": 4, "i2": 4}, reaching(t, e)); diff != "" {
			t.Errorf("reaching (-want +got):\n%s", diff)
		}
		source.all = []usage.Sample{ran("b", "i2", "04:40")}
		c := collect(t, e, fifth(5))[0]
		if c.Changed != 2 || len(c.Gaps) > 0 {
			t.Errorf("%+v", c)
		}
		source.all = nil
		if c := collect(t, e, fifth(6))[0]; c.Changed != 2 || len(c.Gaps) > 0 {
			t.Errorf("%+v", c)
		}
		c = collect(t, e, fifth(12))[0] // i1 up to 6:00, which begins its silence, i2 up to 7:10
		if c.Changed != 3 || len(c.Gaps) != 2 || c.Series != 0 {
			t.Errorf("%+v", c)
		}
		want := []string{
			"a nz-1 i1 small 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 1800 second 1",
			"a nz-1 i1 small 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 3600 second 0",
			"a nz-1 i1 small 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 3600 second 0",
			"b nz-1 i2 small 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 1200 second 1",
			"b nz-1 i2 small 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 3600 second 1",
			"b nz-1 i2 small 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 3600 second 0",
			"b nz-1 i2 small 2013-08-05T06:00:00Z/2013-08-05T07:00:00Z 3600 second 0",
			"b nz-1 i2 small 2013-08-05T07:00:00Z/2013-08-05T08:00:00Z 600 second 0", // 4:40 and 2.5 hours
		}
		if diff := cmp.Diff(want, entries(t, e)); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		if c := collect(t, e, fifth(12))[0]; c.Changed > 0 || len(reaching(t, e)) > 0 {
			t.Errorf("collected again: %+v, and %v", c, reaching(t, e))
		}
	})
}

// What no section of the config is for stays as it is, and goes on once there is
// one again.
func TestTailOfARemovedMeter(t *testing.T) {
	source := &samples{all: []usage.Sample{ran("a", "i1", "03:30"), volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	e := newEngine(source, nil)
	meters := e.Meters
	collect(t, e, fifth(4))
	source.all = nil
	e.Meters = slices.DeleteFunc(slices.Clone(meters), func(m usage.Meter) bool { return m.Name == "instance" })
	if c := collect(t, e, fifth(5))[0]; c.Changed > 0 {
		t.Errorf("without the meter: %+v", c)
	}
	e.Meters = meters
	if c := collect(t, e, fifth(5))[0]; c.Changed != 1 {
		t.Errorf("with the meter: %+v", c)
	}
	want := "a nz-1 i1 small 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 1800 second 0" // an hour from 3:30 on
	if got := entries(t, e); !slices.Contains(got, want) {
		t.Errorf("entries %v", got)
	}
}

// A series whose samples do not fit the rule, or whose tenant could not be read,
// does not go on as if it had none.
func TestTailOfWhatCannotBeRead(t *testing.T) {
	source := &samples{all: []usage.Sample{ran("a", "i1", "03:30"), ran("b", "i2", "03:40")}}
	e := newEngine(source, nil)
	collect(t, e, fifth(4))
	source.all, source.errs = nil, []error{&usage.TenantError{Tenant: "a", Err: errors.New("no access")}}
	if _, err := e.Collect(t.Context(), fifth(6)); err == nil {
		t.Error("collected")
	}
	if diff := cmp.Diff(map[string]int{"i1": 4}, reaching(t, e)); diff != "" { // the other ended
		t.Errorf("reaching (-want +got):\n%s", diff)
	}
	source.all, source.errs = []usage.Sample{ran("a", "i1", "04:10")}, nil
	meters := e.Meters
	e.Meters = slices.Clone(meters)
	for i := range e.Meters {
		if m := &e.Meters[i]; m.Name == "instance" {
			m.Transformer = usage.Counter{} // no counter is a gauge
		}
	}
	if _, err := e.Collect(t.Context(), fifth(6)); err == nil {
		t.Error("collected")
	}
	if diff := cmp.Diff(map[string]int{"i1": 4}, reaching(t, e)); diff != "" {
		t.Errorf("reaching (-want +got):\n%s", diff)
	}
	e.Meters = meters
	collect(t, e, fifth(6))
	if got := reaching(t, e); len(got) > 0 {
		t.Errorf("reaching %v", got)
	}
	want := []string{
		"a nz-1 i1 small 2013-08-05T03:00:00Z/2013-08-05T04:00:00Z 1800 second 1",
		"a nz-1 i1 small 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 3600 second 1",
		"a nz-1 i1 small 2013-08-05T05:00:00Z/2013-08-05T06:00:00Z 600 second 0",
	}
	got := slices.DeleteFunc(entries(t, e), func(line string) bool { return line[0] != 'a' })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// passOver marks a source as collected, as releases before the first did it:
// they left out what series without samples reach into.
func passOver(t *testing.T, e *billing.Engine, through time.Time) {
	t.Helper()
	marks, err := e.Store.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	meters, err := e.Store.Meters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range marks {
		marks[i].Through = through
	}
	for i := range meters {
		meters[i].Through = through
	}
	if err := e.Store.Record(t.Context(), ledger.Batch{Marks: marks, Meters: meters}); err != nil {
		t.Fatal(err)
	}
}

// What a state reaches into, and a block was billed without, is late usage, with
// the samples that it is of or without them.
func TestPassedOver(t *testing.T) {
	for name, again := range map[string]bool{"files that are back": true, "files that are gone": false} {
		t.Run(name, func(t *testing.T) {
			ran := ran("a", "i1", "03:30")
			source := &samples{all: []usage.Sample{ran, volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
			e := newEngine(source, newDesk(map[string]string{"volume.size": "1", "small": "1"}))
			collect(t, e, time.Date(2013, 8, 5, 4, 0, 0, 0, time.UTC))
			passOver(t, e, august.End)
			bill(t, e)
			if source.all = source.all[1:]; again {
				source.all = append(source.all, ran)
			}
			c := collect(t, e, august.End)[0]
			want := []string{"a nz-1 i1 small 2013-08-05T04:00:00Z/2013-08-05T05:00:00Z 1800 second 0"} // an hour from 3:30 on
			if diff := cmp.Diff(want, adjustments(t, e)); diff != "" || len(c.Late) != 1 || c.Late[0].Tenant != "a" {
				t.Errorf("late %v, adjustments (-want +got):\n%s", c.Late, diff)
			}
		})
	}
}

// Files that were gone when what they reach into was collected, and are back,
// bring nothing new: it was billed.
func TestFilesThatComeBackAfterTheBlock(t *testing.T) {
	ran := ran("a", "i1", "03:30")
	source := &samples{all: []usage.Sample{ran, volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1", "small": "1"}))
	collect(t, e, time.Date(2013, 8, 5, 4, 0, 0, 0, time.UTC))
	source.all = source.all[1:]
	collect(t, e, august.End)
	bill(t, e)
	if o := orderOf(t, e, august); o.Total.String() != "3602" { // an hour from 3:30 on, and 2 GB hours
		t.Errorf("August came to %s", o.Total)
	}
	source.all = append(source.all, ran)
	if c := collect(t, e, august.End)[0]; c.Changed > 0 || len(adjustments(t, e)) > 0 {
		t.Errorf("collected again: %+v", c)
	}
}
