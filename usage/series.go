package usage

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Sort puts the samples of one series in order and counts each once. It works
// in place and returns the part of the slice that holds what is left.
//
// The order is time, then Recorded, then volume, then id. Samples that are
// alike in all of these follow one another by the rest of their content, so
// that the result is the same whatever order they came in.
//
// A sample counts once by its id: where one id comes with different contents,
// the first in order stays. A sample without an id counts once by all of its
// content. The Origin is no content.
func Sort(samples []Sample) []Sample {
	slices.SortFunc(samples, func(a, b Sample) int { return compare(&a, &b) })
	seen := make(map[string]struct{}, len(samples))
	kept := 0
	for i := range samples {
		s := &samples[i]
		if s.ID == "" {
			// Sorted by all of their content, identical samples are neighbours.
			if kept > 0 && compare(&samples[kept-1], s) == 0 {
				continue
			}
		} else {
			if _, again := seen[s.ID]; again {
				continue
			}
			seen[s.ID] = struct{}{}
		}
		if kept != i {
			samples[kept] = *s
		}
		kept++
	}
	clear(samples[kept:])
	return samples[:kept]
}

// compare orders two samples of a series. It is 0 only where they are
// identical but for their Origin.
func compare(a, b *Sample) int {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c
	}
	if c := a.Recorded.Compare(b.Recorded); c != 0 {
		return c
	}
	if c := reading(a).Cmp(reading(b)); c != 0 {
		return c
	}
	if c := strings.Compare(a.ID, b.ID); c != 0 {
		return c
	}
	return cmp.Or(
		strings.Compare(a.Tenant, b.Tenant),
		strings.Compare(a.Datacenter, b.Datacenter),
		compareBool(a.Assumed, b.Assumed),
		compareBool(a.HasVolume, b.HasVolume),
		strings.Compare(string(a.Kind), string(b.Kind)),
		strings.Compare(a.Unit, b.Unit),
		strings.Compare(a.Meter, b.Meter),
		strings.Compare(a.Resource, b.Resource),
		compareMetadata(a.Metadata, b.Metadata),
	)
}

// reading is the volume of a sample, 0 where it came without one.
func reading(s *Sample) decimal.Decimal {
	if !s.HasVolume {
		return decimal.Decimal{}
	}
	return s.Volume
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

func compareMetadata(a, b map[string]string) int {
	if maps.Equal(a, b) {
		return 0
	}
	return slices.Compare(pairs(a), pairs(b))
}

// pairs lists keys and values in turn, by key.
func pairs(metadata map[string]string) []string {
	list := make([]string, 0, 2*len(metadata))
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		list = append(list, key, metadata[key])
	}
	return list
}
