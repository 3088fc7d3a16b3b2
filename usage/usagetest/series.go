package usagetest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// Series begin at seriesBegin, have samples of four hours, and are folded up to
// seriesEnd.
var (
	seriesBegin = time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC)
	seriesEnd   = seriesBegin.Add(10 * usage.WindowLength)
)

// draw makes a series, sorted, in which instants, borders and volumes often
// fall together, and a resource may change hands and places.
func (b *transformerBench) draw(t *rapid.T) []usage.Sample {
	kind := rapid.SampledFrom(b.setup.Kinds).Draw(t, "kind")
	one := rapid.Custom(func(t *rapid.T) usage.Sample {
		at := seriesBegin.Add(time.Duration(rapid.IntRange(0, 24).Draw(t, "tens of minutes")) * 10 * time.Minute)
		if rapid.Bool().Draw(t, "off") {
			at = at.Add(rapid.SampledFrom([]time.Duration{1, 500_000_000, 61_000_000_007}).Draw(t, "nanoseconds"))
		}
		s := usage.Sample{
			Meter: "m", Kind: kind, Unit: b.setup.Unit, Resource: "r", Time: at, HasVolume: rapid.IntRange(0, 9).Draw(t, "has a volume") > 0,
			ID:         fmt.Sprint(rapid.IntRange(0, 90).Draw(t, "id")),
			Tenant:     rapid.SampledFrom([]string{"a", "a", "b"}).Draw(t, "tenant"),
			Datacenter: rapid.SampledFrom([]string{"north", "south"}).Draw(t, "datacenter"),
			Metadata:   map[string]string{},
		}
		if s.HasVolume {
			s.Volume = decimal.New(int64(rapid.IntRange(0, 12).Draw(t, "volume")), -int32(rapid.IntRange(0, 1).Draw(t, "digits")))
		}
		if seconds := rapid.IntRange(0, 2).Draw(t, "recorded"); seconds > 0 {
			s.Recorded = at.Add(time.Duration(seconds) * time.Second)
		}
		for _, key := range sortedKeys(b.setup.Metadata) {
			if text := rapid.SampledFrom(b.setup.Metadata[key]).Draw(t, key); text != "" {
				s.Metadata[key] = text
			}
		}
		s.Metadata["no key of anybody"] = rapid.SampledFrom([]string{"1", "2", "None"}).Draw(t, "no key of anybody")
		return s
	})
	return placed("drawn", usage.Sort(rapid.SliceOfN(one, 0, 25).Draw(t, "samples")))
}

// placed says where samples are from.
func placed(name string, samples []usage.Sample) []usage.Sample {
	for i := range samples {
		samples[i].Origin = usage.Origin{Name: name, Line: i + 1, Index: i + 1}
	}
	return samples
}

// drawCuts draws borders to cut a walk at.
func drawCuts(t *rapid.T) []time.Time {
	hours := rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 1, 9, rapid.ID).Draw(t, "cuts")
	slices.Sort(hours)
	var cuts []time.Time
	for _, hour := range hours {
		cuts = append(cuts, seriesBegin.Add(time.Duration(hour)*usage.WindowLength))
	}
	return cuts
}

// again is a series that was read from elsewhere, in another order, and many of
// its samples more than once.
func again(t *rapid.T, samples []usage.Sample) []usage.Sample {
	var more []usage.Sample
	for _, s := range samples {
		for range rapid.IntRange(1, 2).Draw(t, "times") {
			s.Metadata = maps.Clone(s.Metadata)
			more = append(more, s)
		}
	}
	if len(more) > 1 {
		more = rapid.Permutation(more).Draw(t, "order")
	}
	more = placed("elsewhere", more)
	for i := range more {
		more[i].Origin.Line += 100 * i
	}
	return usage.Sort(more)
}

// contents are those of samples, in their order.
func contents(samples []usage.Sample) []content {
	all := make([]content, len(samples))
	for i := range samples {
		all[i] = contentOf(&samples[i], nil) + content(samples[i].Origin.String())
	}
	return all
}
