package spool_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/usage"
)

func sample(change ...func(*usage.Sample)) usage.Sample {
	s := usage.Sample{
		ID: "i", Meter: "m", Resource: "r", Kind: usage.Gauge, Unit: "B", Tenant: "a", Datacenter: "north", Time: start, Volume: decimal.RequireFromString("1.5"), HasVolume: true,
		Metadata: map[string]string{"k": "v", "l": "w"},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func digest(t *testing.T, all ...usage.Sample) string {
	t.Helper()
	return windowsOf(t, all, spool.Options{})[0].Digest
}

func TestDigest(t *testing.T) {
	base := digest(t, sample())
	// Stores keep digests: another spelling of the same content, or another
	// release, must not give another one.
	if want := ".r2FjMnJmWgM"; base != want {
		t.Errorf("digest is %s, but was %s when stores were first written", base, want)
	}
	same := map[string]func(*usage.Sample){
		"origin": func(s *usage.Sample) { s.Origin = usage.Origin{Name: "elsewhere", Line: 3, Index: 9} },
		"volume": func(s *usage.Sample) { s.Volume = decimal.RequireFromString("1.500") },
		"zone":   func(s *usage.Sample) { s.Time = s.Time.In(time.FixedZone("", 3600)) },
	}
	for name, change := range same {
		if digest(t, sample(change)) != base {
			t.Errorf("another spelling of the %s changes the digest", name)
		}
	}
	other := map[string]func(*usage.Sample){
		"id":          func(s *usage.Sample) { s.ID = "j" },
		"tenant":      func(s *usage.Sample) { s.Tenant = "b" },
		"datacenter":  func(s *usage.Sample) { s.Datacenter = "south" },
		"assumed":     func(s *usage.Sample) { s.Assumed = true },
		"kind":        func(s *usage.Sample) { s.Kind = usage.Delta },
		"unit":        func(s *usage.Sample) { s.Unit = "GB" },
		"volume":      func(s *usage.Sample) { s.Volume = decimal.RequireFromString("1.51") },
		"large":       func(s *usage.Sample) { s.Volume = decimal.RequireFromString("12345678901234567890123") },
		"larger":      func(s *usage.Sample) { s.Volume = decimal.RequireFromString("12345678901234567890124") },
		"power":       func(s *usage.Sample) { s.Volume = decimal.RequireFromString("15") },
		"no volume":   func(s *usage.Sample) { s.Volume, s.HasVolume = decimal.Decimal{}, false },
		"0":           func(s *usage.Sample) { s.Volume = decimal.Decimal{} },
		"time":        func(s *usage.Sample) { s.Time = s.Time.Add(1) },
		"recorded":    func(s *usage.Sample) { s.Recorded = start },
		"later":       func(s *usage.Sample) { s.Recorded = start.Add(1) },
		"value":       func(s *usage.Sample) { s.Metadata = map[string]string{"k": "x", "l": "w"} },
		"key":         func(s *usage.Sample) { s.Metadata = map[string]string{"k": "v", "m": "w"} },
		"border":      func(s *usage.Sample) { s.Metadata = map[string]string{"k": "vl", "w": ""} },
		"no metadata": func(s *usage.Sample) { s.Metadata = nil },
		"no id":       func(s *usage.Sample) { s.ID = "" },
	}
	seen := map[string]string{base: "the sample itself"}
	for _, name := range slices.Sorted(maps.Keys(other)) {
		d := digest(t, sample(other[name]))
		if twin, dup := seen[d]; dup {
			t.Errorf("the digest does not tell %s from %s", name, twin)
		}
		seen[d] = name
	}
}

func TestCompareDigests(t *testing.T) {
	one := func(id, volume string) usage.Sample {
		return sample(func(s *usage.Sample) { s.ID, s.Volume = id, decimal.RequireFromString(volume) })
	}
	a, b, c, other := one("a", "1"), one("b", "1"), one("c", "1"), one("a", "2")
	nameless, nameless2 := one("", "1"), one("", "2")
	tests := []struct {
		name                 string
		before, now          []usage.Sample
		added, changed, gone int
	}{
		{"nothing", nil, nil, 0, 0, 0},
		{"the first", nil, []usage.Sample{a}, 1, 0, 0},
		{"all gone", []usage.Sample{a, b}, nil, 0, 0, 2},
		{"the same", []usage.Sample{a, b}, []usage.Sample{b, a}, 0, 0, 0},
		{"more", []usage.Sample{a}, []usage.Sample{a, b, c}, 2, 0, 0},
		{"fewer", []usage.Sample{a, b, c}, []usage.Sample{b}, 0, 0, 2},
		{"as many, others", []usage.Sample{a, b}, []usage.Sample{b, c}, 1, 0, 1},
		{"corrected", []usage.Sample{a, b}, []usage.Sample{other, b}, 0, 1, 0},
		{"corrected, and fewer", []usage.Sample{a, b}, []usage.Sample{other}, 0, 1, 1},
		{"without an id the content is all", []usage.Sample{nameless}, []usage.Sample{nameless2}, 1, 0, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now := ""
			if len(test.now) > 0 {
				now = digest(t, test.now...)
			}
			before := ""
			if len(test.before) > 0 {
				before = digest(t, test.before...)
			}
			for _, recorded := range []string{before, usage.Digest(usage.Sort(slices.Clone(test.before)))} {
				added, changed, gone, err := spool.CompareDigests(recorded, now, usage.Sort(slices.Clone(test.now)))
				if err != nil || added != test.added || changed != test.changed || gone != test.gone {
					t.Errorf("from %q: %d added, %d changed, %d gone, %v, want %d, %d, %d", recorded, added, changed, gone, err, test.added, test.changed, test.gone)
				}
			}
		})
	}
	for _, damaged := range []string{".x", ".!", ".AAAA"} {
		if _, _, _, err := spool.CompareDigests(damaged, digest(t, a), nil); err == nil {
			t.Errorf("%q passes for a digest", damaged)
		}
	}
}

// Ids that people and machines make up do not fall together.
func TestIdsAreTold(t *testing.T) {
	var all []usage.Sample
	for i := range 60_000 {
		id := []string{fmt.Sprint(i), fmt.Sprintf("%032x", i), fmt.Sprintf("%08x-0000-1000-8000-00805f9b34fb", i)}[i%3]
		all = append(all, sample(func(s *usage.Sample) { s.ID, s.Time = id, start.Add(time.Duration(i%7200)*time.Second) }))
	}
	windows := windowsOf(t, all, spool.Options{Buffer: 1 << 20})
	counted := 0
	for _, w := range windows {
		counted += len(w.Samples)
	}
	if counted != len(all) {
		t.Errorf("%d of %d were counted", counted, len(all))
	}
}
