package usage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
