package gnocchi

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

func noCloud(t *testing.T) *reading {
	t.Helper()
	f := newFake(t)
	return &reading{Source: f.source(t, nil), from: day, datacenter: "north", step: usage.Span{End: day.Add(24 * time.Hour)}}
}

// meanOfDay asks for the means of a day.
var wholeDay = usage.Span{Start: day, End: day.Add(24 * time.Hour)}

func meanOfDay(granularity time.Duration) errand { return errand{"mean", granularity, wholeDay} }

func at(text string) measure { return measure{at: clock(text), value: decimal.New(10, 0)} }

// TestLife says when a resource began, changed and ended.
func TestLife(t *testing.T) {
	r := noCloud(t)
	size := meter{kind: usage.Gauge, unit: "GB"}
	presence := meter{kind: usage.Gauge, presence: true}
	counter := meter{kind: usage.Cumulative}
	old := []revision{{start: day.Add(-time.Hour), project: "acme"}}
	for _, test := range []struct {
		name     string
		meter    meter
		res      resource
		measures []measure
		want     []string
	}{
		{"before the time that is read", size, resource{started: day.Add(-time.Hour), revisions: old}, []measure{{at: day.Add(-1)}, at("00:00:00")},
			[]string{"vm acme 10 at 01T00:00:00"}},
		{"it begins within a bucket", size, resource{started: clock("10:02:30"), revisions: old}, []measure{at("10:00:00"), at("10:05:00")},
			[]string{"vm acme 10 at 01T10:02:30", "vm acme 10 at 01T10:05:00", "vm acme - at 01T10:02:30"}},
		{"it begins before a bucket", presence, resource{started: clock("10:02:30"), revisions: old}, []measure{at("10:05:00")},
			[]string{"vm acme 1 at 01T10:05:00", "vm acme 1 at 01T10:02:30"}},
		{"what was measured was there", size, resource{started: clock("10:02:30"), revisions: old}, []measure{at("09:00:00"), at("10:00:00")},
			[]string{"vm acme 10 at 01T09:00:00", "vm acme 10 at 01T10:02:30", "vm acme - at 01T10:02:30"}},
		{"it ends", size, resource{started: day.Add(-1), ended: clock("10:07:00"), revisions: old}, []measure{at("10:05:00"), at("10:10:00")},
			[]string{"vm acme 10 at 01T10:05:00", "vm acme 0 at 01T10:10:00", "vm acme 0 at 01T10:07:00"}},
		{"a counter ends", counter, resource{started: day.Add(-1), ended: clock("10:07:00"), revisions: old}, []measure{at("10:05:00")},
			[]string{"vm acme 10 at 01T10:05:00", "vm acme - at 01T10:07:00"}},
		{"it never lived", presence, resource{started: clock("10:00:00"), ended: clock("10:00:00"), revisions: old}, nil,
			[]string{"vm acme 0 at 01T10:00:00"}},
		{"it changes hands", size, resource{started: day.Add(-1), revisions: append(slices.Clone(old), revision{start: clock("10:02:00"), project: "b"})}, []measure{at("10:00:00"), at("10:05:00")},
			[]string{"vm acme 10 at 01T10:00:00", "vm b 10 at 01T10:05:00", "vm b - at 01T10:02:00"}},
		{"nothing changes", size, resource{started: day.Add(-1), revisions: append(slices.Clone(old), revision{start: clock("10:02:00"), project: "acme"})}, nil, nil},
		{"it is heard of late", size, resource{started: day.Add(-1), revisions: []revision{{start: clock("12:00:00"), project: "acme"}}}, []measure{at("10:00:00")},
			[]string{"vm acme 10 at 01T10:00:00"}},
		{"it changed before it began", size, resource{started: clock("10:00:00"), revisions: append(slices.Clone(old), revision{start: clock("09:00:00"), project: "b"})}, nil,
			[]string{"vm b - at 01T10:00:00"}},
		{"it changes once it has ended", size, resource{started: day.Add(-1), ended: clock("10:00:00"), revisions: append(slices.Clone(old), revision{start: clock("10:02:00"), project: "b"})}, nil,
			[]string{"vm acme 0 at 01T10:00:00"}},
	} {
		test.res.name = "vm"
		j := job{resource: &test.res, meter: "m", meterOf: test.meter, metric: "x", errand: meanOfDay(5 * time.Minute), span: wholeDay, first: true}
		samples := slices.Collect(r.samples(j, test.measures))
		if diff := cmp.Diff(test.want, texts(samples)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
		for _, s := range samples {
			if !s.HasVolume && !s.Volume.IsZero() {
				t.Errorf("%s: at %v there is no volume, of %s", test.name, s.Time, s.Volume)
			}
			if over := !test.res.ended.IsZero() && !s.Time.Before(test.res.ended); over != (s.Metadata["status"] == "deleted") {
				t.Errorf("%s: at %v the state is %q", test.name, s.Time, s.Metadata["status"])
			}
		}
	}
}

func TestStrangers(t *testing.T) {
	f := newFake(t)
	f.fillContract()
	var err error
	r := noCloud(t)
	if r.tenants, err = f.source(t, func(c *Config) { c.Tenants.Include = []string{"acme"} }).cloud.Select(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var told []string
	r.query.LeftOut = func(s usage.Sample, why string) { told = append(told, texts([]usage.Sample{s})[0]+": "+why) }
	res := &resource{name: "vm", started: day.Add(-1), revisions: []revision{{project: "acme"}, {start: clock("10:02:00"), project: "x"}}}
	j := job{resource: res, meterOf: meter{kind: usage.Gauge}, errand: meanOfDay(5 * time.Minute), span: wholeDay, first: true}
	if got := texts(slices.Collect(r.samples(j, []measure{at("10:00:00")}))); !slices.Equal(got, []string{"vm acme 10 at 01T10:00:00"}) {
		t.Errorf("samples are %q", got)
	}
	if want := []string{`vm x - at 01T10:02:00: tenants.* do not take its project "x" (was it deleted in Keystone? see tenants.deleted and tenants.include)`}; !slices.Equal(told, want) {
		t.Errorf("left out are %q", told)
	}
	res.revisions = res.revisions[1:]
	meters := map[string]meter{"m": {metrics: []string{"m"}, kind: usage.Gauge}}
	res.metrics = map[string]string{"m": "1"}
	r.eras = map[string]eras{"": {{Granularity: time.Minute}}}
	policies := map[string]*policy{"1": {aggregations: []string{"mean"}, kept: []kept{{time.Minute, time.Hour}}}}
	if jobs, errs := r.jobs(res, meters, policies); len(jobs)+len(errs) > 0 {
		t.Errorf("the measures of a stranger are asked for: %v, %v", jobs, errs)
	}
}

// TestDatacenters follows a resource from host to host.
func TestDatacenters(t *testing.T) {
	f := newFake(t)
	s := f.source(t, func(c *Config) {
		c.Datacenter, c.DatacenterKey = "nz", []string{"availability_zone"}
		c.DatacenterHost = map[string]string{"nz-por": "p-*", "nz-hlz": "h-*"}
	})
	r := &reading{Source: s, from: day, datacenter: s.config.Datacenter, step: usage.Span{End: day.Add(24 * time.Hour)}}
	at := func(hour int, attributes ...string) revision {
		v := revision{start: day.Add(time.Duration(hour) * time.Hour), project: "acme", attributes: map[string]string{}}
		for pair := range slices.Chunk(attributes, 2) {
			v.attributes[pair[0]] = pair[1]
		}
		return v
	}
	res := &resource{name: "vm", started: day, revisions: []revision{at(0, "host", "p-1"), at(1, "host", "h-1"), at(2, "host", "x"), at(3, "availability_zone", "az", "host", "p-1")}}
	j := job{resource: res, meterOf: meter{kind: usage.Gauge, presence: true}, errand: meanOfDay(time.Hour), span: wholeDay, first: true}
	var got []string
	for s := range r.samples(j, nil) {
		got = append(got, fmt.Sprint(s.Datacenter, " ", s.Assumed))
	}
	if diff := cmp.Diff([]string{"nz-por false", "nz-hlz false", "nz true", "az false"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAllTime bills every second of a resource to the project and flavor that it
// had then, whatever happened to it: the oracle looks at each second alone.
func TestAllTime(t *testing.T) {
	r := noCloud(t)
	rapid.Check(t, func(t *rapid.T) {
		second := rapid.IntRange(0, 6*3600)
		began, ended := second.Draw(t, "began"), second.Draw(t, "ended")
		if ended < began {
			began, ended = ended, began
		}
		res := &resource{id: "r", name: "vm", started: day.Add(time.Duration(began) * time.Second), ended: day.Add(time.Duration(ended) * time.Second)}
		starts := rapid.SliceOfNDistinct(second, 0, 4, rapid.ID).Draw(t, "changes")
		slices.Sort(starts)
		for i, start := range append([]int{began}, slices.DeleteFunc(starts, func(s int) bool { return s <= began })...) {
			res.revisions = append(res.revisions, revision{start: day.Add(time.Duration(start) * time.Second),
				project: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "project"), attributes: map[string]string{"flavor.name": string(rune('p' + i))}})
		}
		var measures []measure
		for s := began / 300 * 300; s < ended; s += 300 {
			measures = append(measures, measure{at: day.Add(time.Duration(s) * time.Second)})
		}
		j := job{resource: res, meter: "instance", meterOf: meter{kind: usage.Gauge, presence: true}, metric: "x", errand: meanOfDay(5 * time.Minute), span: wholeDay, first: true}
		want, got := map[string]string{}, map[string]decimal.Decimal{}
		seconds := map[string]int64{}
		for s := began; s < ended; s++ {
			now := day.Add(time.Duration(s) * time.Second)
			held := res.revisions[0]
			for _, v := range res.revisions {
				if !v.start.After(now) {
					held = v
				}
			}
			seconds[held.project+" "+held.attributes["flavor.name"]]++
		}
		for key, n := range seconds {
			want[key] = decimal.New(n, 0).String()
		}
		samples := usage.Sort(slices.Collect(r.samples(j, measures)))
		for step, err := range usage.Walk(usage.Uptime{}, day, usage.State{}, samples, day.Add(24*time.Hour)) {
			if err != nil {
				t.Fatal(err)
			}
			if len(step.Gaps) > 0 {
				t.Fatalf("gaps %v", step.Gaps)
			}
			for _, v := range step.Volumes {
				got[v.Tenant+" "+v.Service] = got[v.Tenant+" "+v.Service].Add(v.Volume)
			}
		}
		shown := map[string]string{}
		for key, v := range got {
			shown[key] = v.String()
		}
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

// TestRetention drops old measures: what is left gives the samples that it gave.
func TestRetention(t *testing.T) {
	r := noCloud(t)
	res := &resource{id: "r", name: "vm", started: clock("10:02:30"), ended: clock("11:31:00"),
		revisions: []revision{{project: "a"}, {start: clock("10:40:00"), project: "b"}}}
	j := job{resource: res, meter: "volume.size", meterOf: meter{kind: usage.Gauge}, metric: "x", errand: meanOfDay(5 * time.Minute), span: wholeDay, first: true}
	var measures []measure
	for at := clock("09:50:00"); at.Before(clock("11:40:00")); at = at.Add(5 * time.Minute) {
		measures = append(measures, measure{at: at, value: decimal.New(10, 0)})
	}
	all := map[string]usage.Sample{}
	for s := range r.samples(j, measures) {
		s.Origin = usage.Origin{}
		all[s.ID] = s
	}
	if len(all) != len(measures)+3 {
		t.Fatalf("%d samples of %d measures", len(all), len(measures))
	}
	for _, id := range []string{"x/20261001T095000/300", "r/volume.size/begun", "r/volume.size/20261001T104000", "r/volume.size/ended"} {
		if _, ok := all[id]; !ok {
			t.Errorf("no sample has the id %s", id)
		}
	}
	for dropped := range measures {
		n := 0
		for s := range r.samples(j, measures[dropped:]) {
			s.Origin = usage.Origin{}
			if diff := cmp.Diff(all[s.ID], s); diff != "" {
				t.Fatalf("without %d measures a sample is another: -before +after:\n%s", dropped, diff)
			}
			n++
		}
		if n != len(all)-dropped {
			t.Fatalf("%d samples without %d measures", n, dropped)
		}
	}
}
