package usagetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

func allIsRead(b *sourceBench) {
	b.want(b.all(), b.read(b.all()).samples, every)
	// The same with everything of the query said.
	q := b.all()
	q.Meters, q.Before = b.meters(), b.end()
	b.want(q, b.read(q).samples, every)
}

func readTwice(b *sourceBench) {
	first, second := b.read(b.all()).samples, b.read(b.all()).samples
	b.wantSame("a second reading", first, second)
}

// wantSame reports where two readings of the same differ, in whatever order.
func (b *sourceBench) wantSame(what string, first, second []usage.Sample) {
	b.Helper()
	count := map[content]int{}
	for i := range first {
		count[contentOf(&first[i], nil)]++
	}
	for i := range second {
		count[contentOf(&second[i], nil)]--
	}
	var other []string
	for c, n := range count {
		if n != 0 {
			other = append(other, string(c))
		}
	}
	slices.Sort(other)
	b.tell("%d samples are not as often in "+what+":", other)
}

func wellFormed(b *sourceBench) {
	type place struct { // one measure may be samples of two meters
		usage.Origin
		meter string
	}
	origins := map[place]content{}
	for _, s := range b.read(b.all()).samples {
		var wrong []string
		is := func(bad bool, text string) {
			if bad {
				wrong = append(wrong, text)
			}
		}
		is(s.Origin.Name == "", "its Origin names no place")
		is(s.Origin.Index < 1, "its Origin has no Index, which counts from 1")
		is(s.Meter == "", "it has no meter")
		is(s.Resource == "", "it has no resource: that is an error")
		is(s.Datacenter == "" && !s.Assumed, "it has no datacenter")
		is(!slices.Contains([]usage.Kind{usage.Gauge, usage.Delta, usage.Cumulative}, s.Kind), fmt.Sprintf("it is of kind %q", s.Kind))
		is(s.Time.IsZero(), "it has no time")
		is(s.Time.Location() != time.UTC, "its time is not in UTC")
		is(!s.Recorded.IsZero() && s.Recorded.Location() != time.UTC, "its Recorded is not in UTC")
		is(!s.HasVolume && !s.Volume.IsZero(), "it has a volume, and HasVolume is not set")
		c, at := contentOf(&s, nil), place{s.Origin, s.Meter}
		other, taken := origins[at]
		is(taken && other != c, "another sample has its Origin")
		origins[at] = c
		if len(wrong) > 0 {
			b.Errorf("%s: %s: %s", s.Origin, c, strings.Join(wrong, "; "))
			return
		}
	}
}

// idsAreUnique: a sample counts once by its id, within the series of a resource
// and a meter.
func idsAreUnique(b *sourceBench) {
	type place struct{ meter, resource, id string }
	known := map[place]usage.Sample{}
	for _, s := range b.read(b.all()).samples {
		at := place{s.Meter, s.Resource, s.ID}
		first, again := known[at]
		if s.ID != "" && again && contentOf(&first, nil) != contentOf(&s, nil) {
			b.Errorf("%s and %s have the id %q, and are not the same: a sample counts once by its id", first.Origin, s.Origin, s.ID)
			return
		}
		known[at] = s
	}
}

func metersNarrow(b *sourceBench) {
	meters := b.meters()
	b.needs(2, meters, "meters")
	for _, asked := range append(slices.Collect(slices.Chunk(meters, 1)), meters[:2], []string{meters[1], meters[0], meters[1]}) {
		q := usage.Query{Meters: asked}
		b.want(q, b.read(q).samples, every)
	}
	q := usage.Query{Meters: []string{"no.such.meter"}}
	b.want(q, b.read(q).samples, every)
	q = usage.Query{Meters: []string{meters[0], "no.such.meter"}}
	b.want(q, b.read(q).samples, every)
}

func beforeNarrows(b *sourceBench) {
	times := b.times()
	if len(times) > 24 { // some of them will do
		times = slices.Concat(times[:8], times[len(times)/2-4:len(times)/2+4], times[len(times)-8:])
	}
	for _, at := range times {
		for _, before := range []time.Time{at, at.Add(time.Nanosecond)} {
			q := b.all()
			// The same instant, whatever its zone.
			q.Before = before.In(time.FixedZone("NZST", 12*60*60))
			b.want(q, b.read(q).samples, every)
		}
	}
}

// times are when the samples are from, in order.
func (b *sourceBench) times() []time.Time {
	var times []time.Time
	for _, s := range b.setup.Samples {
		times = append(times, s.Time)
	}
	slices.SortFunc(times, time.Time.Compare)
	return slices.CompactFunc(times, time.Time.Equal)
}

// end is a border after all samples.
func (b *sourceBench) end() time.Time {
	times := b.times()
	return usage.WindowAt(times[len(times)-1]).End
}

func metadataNarrows(b *sourceBench) {
	all := distinctKeys(b.setup.Samples)
	if len(all) == 0 {
		b.Skip("needs Samples with metadata")
	}
	for _, asked := range append(slices.Collect(slices.Chunk(all, 1)), all, append(slices.Clone(all), "no such key"), []string{}) {
		q := b.all()
		q.Metadata = asked
		b.want(q, b.read(q).samples, every)
	}
}

func resourcesNarrow(b *sourceBench) {
	resources := b.resources()
	b.needs(2, resources, "resources")
	for _, asked := range [][]string{resources[:1], resources[1:], {resources[0], "no such resource"}, {"no such resource"}} {
		q := b.all()
		q.Resources = asked
		b.want(q, b.read(q).samples, func(s *usage.Sample) bool { return slices.Contains(asked, s.Resource) })
	}
}

// borders are marks to try: those before, among and after the samples.
func (b *sourceBench) borders() []time.Time {
	var all []time.Time
	for _, at := range b.times() {
		all = append(all, usage.WindowAt(at).Start)
	}
	all = append(all, b.end(), b.end().Add(usage.WindowLength))
	all = slices.CompactFunc(all, time.Time.Equal)
	step := max(1, len(all)/12)
	var some []time.Time
	for i := 0; i < len(all); i += step {
		some = append(some, all[i])
	}
	return append(some, all[len(all)-1])
}

// marks are those of a source that was collected through an instant.
func (b *sourceBench) marks(through time.Time) map[string]time.Time {
	marks := map[string]time.Time{"": through}
	for _, tenant := range b.tenants() {
		marks[tenant] = through
	}
	return marks
}

// afterMarks reports whether a sample must be yielded for the marks.
func afterMarks(marks map[string]time.Time) func(s *usage.Sample) bool {
	return func(s *usage.Sample) bool {
		mark, ok := marks[s.Tenant]
		if !ok {
			mark = marks[""]
		}
		return !s.Time.Before(mark)
	}
}

// wantWhole reports a window of a series of which a part only was yielded.
func (b *sourceBench) wantWhole(r *reading) {
	b.Helper()
	type window struct {
		meter, resource, tenant string
		start                   time.Time
	}
	of := func(s *usage.Sample) window {
		return window{s.Meter, s.Resource, s.Tenant, usage.WindowAt(s.Time).Start}
	}
	yielded, some := map[content]bool{}, map[window]bool{}
	for i := range r.samples {
		yielded[contentOf(&r.samples[i], nil)], some[of(&r.samples[i])] = true, true
	}
	var missing []string
	for i := range b.setup.Samples {
		s := &b.setup.Samples[i]
		if c := contentOf(s, nil); wanted(r.query, s) && some[of(s)] && !yielded[c] {
			missing = append(missing, string(c))
		}
	}
	slices.Sort(missing)
	b.tell("%d samples are left out of windows of which others are yielded:", missing)
}

func collectedWhole(b *sourceBench) {
	for _, through := range b.borders() {
		q := b.all()
		q.Collected = b.marks(through)
		r := b.read(q)
		b.want(q, r.samples, afterMarks(q.Collected))
		b.wantWhole(r)
	}
}

// collectedByTenant lets one tenant lag behind the others.
func collectedByTenant(b *sourceBench) {
	tenants, borders := b.tenants(), b.borders()
	b.needs(2, tenants, "tenants")
	for _, tenant := range tenants[:2] {
		for _, lag := range []time.Time{{}, borders[0], borders[len(borders)/2]} {
			q := b.all()
			q.Collected = b.marks(borders[len(borders)-1])
			q.Collected[tenant] = lag
			r := b.read(q)
			b.want(q, r.samples, afterMarks(q.Collected))
			b.wantWhole(r)
		}
	}
}

func collectedNothing(b *sourceBench) {
	for _, marks := range []map[string]time.Time{{}, {"": {}}, b.marks(time.Time{})} {
		q := b.all()
		q.Collected = marks
		b.want(q, b.read(q).samples, every)
	}
}
