package usage_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// TestSort names samples by their Origin: which of them stay, in which order.
func TestSort(t *testing.T) {
	noon := clock("12:00:00")
	for _, test := range []struct {
		name    string
		samples []usage.Sample
		want    []int // places, from 1
	}{
		{"nothing", nil, []int{}},
		{"by time, with and without a fraction of a second", []usage.Sample{
			gauge(noon.Add(time.Second), "1"),
			gauge(noon.Add(time.Nanosecond), "1"),
			gauge(noon, "1"),
		}, []int{3, 2, 1}},
		{"by when they were recorded, unknown first", []usage.Sample{
			gauge(noon, "1", recorded(noon.Add(2))),
			gauge(noon, "2", recorded(noon.Add(1))),
			gauge(noon, "3"),
		}, []int{3, 2, 1}},
		{"by volume, as a number, none as 0", []usage.Sample{
			gauge(noon, "10"),
			gauge(noon, "9"),
			gauge(noon, "0", noVolume),
			gauge(noon, "-1"),
		}, []int{4, 3, 2, 1}},
		{"by id", []usage.Sample{
			gauge(noon, "1", id("c")),
			gauge(noon, "1", id("b")),
			gauge(noon, "1"),
		}, []int{3, 2, 1}},
		{"one id counts once, the first in order", []usage.Sample{
			gauge(noon.Add(time.Hour), "1", id("x")),
			gauge(noon, "2", id("x")),
			gauge(noon, "1", id("y")),
			gauge(noon, "1", id("x")),
		}, []int{4, 3}},
		{"identical without an id count once", []usage.Sample{
			gauge(noon, "1.0", metadata("k", "v"), metadata("l", "w")),
			gauge(noon.In(time.FixedZone("", 3600)), "1", metadata("l", "w"), metadata("k", "v")),
			gauge(noon, "1", metadata("k", "v")),
		}, []int{3, 1}},
		{"whatever differs makes another sample", []usage.Sample{
			gauge(noon, "0"),
			gauge(noon, "0", noVolume),
			gauge(noon, "0", tenant("b")),
			gauge(noon, "0", in("south")),
			gauge(noon, "0", assumed("north")),
			gauge(noon, "0", unit("GB")),
			reading(usage.Delta, noon, "0"),
			gauge(noon, "0", metadata("", "")),
			gauge(noon, "0", recorded(noon)),
		}, []int{2, 7, 1, 8, 6, 5, 4, 3, 9}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := usage.Sort(numbered(test.samples))
			places := []int{}
			for _, s := range got {
				places = append(places, s.Origin.Index)
			}
			if diff := cmp.Diff(test.want, places); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSortWorksInPlace(t *testing.T) {
	noon := clock("12:00:00")
	samples := []usage.Sample{gauge(noon, "2"), gauge(noon, "1"), gauge(noon, "2")}
	got := usage.Sort(samples)
	if len(got) != 2 || &got[0] != &samples[0] {
		t.Fatalf("got %d samples, want the first 2 of the same array", len(got))
	}
	if samples[2].Meter != "" {
		t.Error("what was dropped is kept alive behind the slice")
	}
}

func TestDigest(t *testing.T) {
	noon := clock("12:00:00")
	sample := func(options ...option) []usage.Sample {
		return []usage.Sample{gauge(noon, "1.5", append([]option{id("i"), metadata("k", "v"), metadata("l", "w")}, options...)...)}
	}
	base := usage.Digest(sample())
	// Stores keep digests: another spelling of the same content, or another
	// release, must not give another one.
	if want := "3n0bchoe9fIXl2RJ"; base != want {
		t.Errorf("digest is %s, but was %s when stores were first written", base, want)
	}
	same := map[string]option{
		"origin": func(s *usage.Sample) { s.Origin = usage.Origin{Name: "elsewhere", Line: 3, Index: 9} },
		"volume": func(s *usage.Sample) { s.Volume = decimal.RequireFromString("1.500") },
		"zone":   func(s *usage.Sample) { s.Time = s.Time.In(time.FixedZone("", 3600)) },
	}
	for name, o := range same {
		if got := usage.Digest(sample(o)); got != base {
			t.Errorf("another spelling of the %s changes the digest", name)
		}
	}
	other := map[string]option{
		"id":          id("j"),
		"tenant":      tenant("b"),
		"datacenter":  in("south"),
		"assumed":     assumed("north"),
		"kind":        func(s *usage.Sample) { s.Kind = usage.Delta },
		"unit":        unit("GB"),
		"volume":      func(s *usage.Sample) { s.Volume = decimal.RequireFromString("1.51") },
		"no volume":   noVolume,
		"time":        func(s *usage.Sample) { s.Time = s.Time.Add(1) },
		"recorded":    recorded(noon),
		"value":       metadata("k", "x"),
		"key":         metadata("m", "v"),
		"border":      func(s *usage.Sample) { s.Metadata = map[string]string{"k": "vl", "w": ""} },
		"no metadata": func(s *usage.Sample) { s.Metadata = nil },
	}
	seen := map[string]string{base: "the sample itself"}
	for _, name := range slices.Sorted(maps.Keys(other)) {
		digest := usage.Digest(sample(other[name]))
		if twin, dup := seen[digest]; dup {
			t.Errorf("the digest does not tell %s from %s", name, twin)
		}
		seen[digest] = name
	}
	if usage.Digest(nil) == base || usage.Digest(append(sample(), sample()...)) == base {
		t.Error("the digest does not tell how many samples there are")
	}
}

func TestCompareDigests(t *testing.T) {
	sample := func(id, volume string) usage.Sample {
		return usage.Sample{ID: id, Meter: "m", Resource: "r", Volume: decimal.RequireFromString(volume), HasVolume: true}
	}
	a, b, c, other := sample("a", "1"), sample("b", "1"), sample("c", "1"), sample("a", "2")
	nameless, nameless2 := sample("", "1"), sample("", "2")
	tests := []struct {
		name                 string
		before, now          []usage.Sample
		added, changed, gone int
	}{
		{"nothing", nil, nil, 0, 0, 0},
		{"the same", []usage.Sample{a, b}, []usage.Sample{a, b}, 0, 0, 0},
		{"in another order", []usage.Sample{a, b}, []usage.Sample{b, a}, 0, 0, 0},
		{"more", []usage.Sample{a}, []usage.Sample{a, b, c}, 2, 0, 0},
		{"fewer", []usage.Sample{a, b, c}, []usage.Sample{b}, 0, 0, 2},
		{"as many, others", []usage.Sample{a, b}, []usage.Sample{b, c}, 1, 0, 1},
		{"corrected", []usage.Sample{a, b}, []usage.Sample{other, b}, 0, 1, 0},
		{"without an id the content is all", []usage.Sample{nameless}, []usage.Sample{nameless2}, 1, 0, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			added, changed, gone := usage.CompareDigests(usage.Digest(test.before), usage.Digest(test.now))
			if added != test.added || changed != test.changed || gone != test.gone {
				t.Errorf("%d added, %d changed, %d gone, want %d, %d, %d", added, changed, gone, test.added, test.changed, test.gone)
			}
		})
	}
}
