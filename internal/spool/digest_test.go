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

// measured are changes of what was measured.
var measured = map[string]func(*usage.Sample){
	"tenant":    func(s *usage.Sample) { s.Tenant = "b" },
	"kind":      func(s *usage.Sample) { s.Kind = usage.Delta },
	"unit":      func(s *usage.Sample) { s.Unit = "GB" },
	"volume":    func(s *usage.Sample) { s.Volume = decimal.RequireFromString("1.51") },
	"large":     func(s *usage.Sample) { s.Volume = decimal.RequireFromString("12345678901234567890123") },
	"larger":    func(s *usage.Sample) { s.Volume = decimal.RequireFromString("12345678901234567890124") },
	"power":     func(s *usage.Sample) { s.Volume = decimal.RequireFromString("15") },
	"no volume": func(s *usage.Sample) { s.Volume, s.HasVolume = decimal.Decimal{}, false },
	"0":         func(s *usage.Sample) { s.Volume = decimal.Decimal{} },
	"time":      func(s *usage.Sample) { s.Time = s.Time.Add(1) },
	"recorded":  func(s *usage.Sample) { s.Recorded = start },
	"later":     func(s *usage.Sample) { s.Recorded = start.Add(1) },
}

// configured are changes of what a source is configured to say of a sample.
var configured = map[string]func(*usage.Sample){
	"datacenter":  func(s *usage.Sample) { s.Datacenter = "south" },
	"assumed":     func(s *usage.Sample) { s.Assumed = true },
	"value":       func(s *usage.Sample) { s.Metadata = map[string]string{"k": "x", "l": "w"} },
	"key":         func(s *usage.Sample) { s.Metadata = map[string]string{"k": "v", "m": "w"} },
	"border":      func(s *usage.Sample) { s.Metadata = map[string]string{"k": "vl", "w": ""} },
	"no metadata": func(s *usage.Sample) { s.Metadata = nil },
}

func nameless(s *usage.Sample) { s.ID = "" }

func TestDigest(t *testing.T) {
	base := digest(t, sample())
	// Stores keep digests: another spelling of the same content, or another
	// release, must not give another one.
	if want := "~r2FjMm-YfFM"; base != want {
		t.Errorf("digest is %s, but was %s when stores were first written", base, want)
	}
	same := map[string]func(*usage.Sample){
		"origin": func(s *usage.Sample) { s.Origin = usage.Origin{Name: "elsewhere", Line: 3, Index: 9} },
		"volume": func(s *usage.Sample) { s.Volume = decimal.RequireFromString("1.500") },
		"zone":   func(s *usage.Sample) { s.Time = s.Time.In(time.FixedZone("", 3600)) },
	}
	maps.Copy(same, configured)
	for name, change := range same {
		if digest(t, sample(change)) != base {
			t.Errorf("the %s changes the digest", name)
		}
	}
	seen := map[string]string{base: "the sample itself"}
	note := func(name, digest string) {
		t.Helper()
		if twin, dup := seen[digest]; dup {
			t.Errorf("the digest does not tell %s from %s", name, twin)
		}
		seen[digest] = name
	}
	note("id", digest(t, sample(func(s *usage.Sample) { s.ID = "j" })))
	note("no id", digest(t, sample(nameless)))
	for name, change := range measured {
		note(name, digest(t, sample(change)))
		note(name+" of no id", digest(t, sample(nameless, change)))
	}
	for _, name := range []string{"value", "key", "border", "no metadata"} {
		note(name+" of no id", digest(t, sample(nameless, configured[name])))
	}
	for _, name := range []string{"datacenter", "assumed"} {
		if digest(t, sample(nameless, configured[name])) != digest(t, sample(nameless)) {
			t.Errorf("the %s changes the digest of a sample without an id", name)
		}
	}
}

// A dress tells what a config makes of samples, as far as a meter looks, in
// whatever order they come; what was measured is for the digest to tell.
func TestDress(t *testing.T) {
	one, two := sample(), sample(func(s *usage.Sample) { s.Time, s.Metadata = s.Time.Add(time.Minute), map[string]string{"k": "z"} })
	all, k, none := spool.NewDresser(nil), spool.NewDresser([]string{"k", "k"}), spool.NewDresser([]string{})
	for name, change := range configured {
		c := sample(change)
		base, other := all.Dress([]usage.Sample{one, two}), all.Dress([]usage.Sample{c, two})
		metadata := name != "datacenter" && name != "assumed"
		if (base.Metadata != other.Metadata) != metadata || (base.Datacenters != other.Datacenters) == metadata {
			t.Errorf("%s: %v and %v", name, base, other)
		}
		if swapped := all.Dress([]usage.Sample{two, c}); swapped != other {
			t.Errorf("%s, in another order: %v and %v", name, other, swapped)
		}
		looked := name == "value" || name == "border" || name == "no metadata" // k changes
		if a, b := k.Dress([]usage.Sample{one}), k.Dress([]usage.Sample{c}); (a.Metadata != b.Metadata) != looked {
			t.Errorf("%s, to one that looks at k: %v and %v", name, a, b)
		}
		if a, b := none.Dress([]usage.Sample{one}), none.Dress([]usage.Sample{c}); a.Metadata != b.Metadata {
			t.Errorf("%s, to one that looks at nothing: %v and %v", name, a, b)
		}
	}
	if moved := sample(func(s *usage.Sample) { s.Time = two.Time }); all.Dress([]usage.Sample{one}) == all.Dress([]usage.Sample{moved}) {
		t.Error("it does not tell which sample says it")
	}
	if bare := sample(configured["no metadata"]); all.Dress([]usage.Sample{bare, one, bare}) != spool.NewDresser(nil).Dress([]usage.Sample{bare, bare, one}) {
		t.Error("it depends on what was dressed before")
	}
	if got := all.Dress(nil); got != (spool.Dress{}) {
		t.Errorf("nothing has the dress %v", got)
	}
}

func TestCompareDigests(t *testing.T) {
	one := func(id, volume string) usage.Sample {
		return sample(func(s *usage.Sample) { s.ID, s.Volume = id, decimal.RequireFromString(volume) })
	}
	a, b, c, other := one("a", "1"), one("b", "1"), one("c", "1"), one("a", "2")
	first, second := one("", "1"), one("", "2")
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
		{"without an id the content is all", []usage.Sample{first}, []usage.Sample{second}, 1, 0, 1},
	}
	window := func(all []usage.Sample) *spool.Window {
		if len(all) == 0 {
			return &spool.Window{}
		}
		return &windowsOf(t, all, spool.Options{})[0]
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before, now := window(test.before), window(test.now)
			added, changed, gone, err := spool.CompareDigests(before.Digest, len(before.Samples), now)
			if err != nil || added != test.added || changed != test.changed || gone != test.gone {
				t.Errorf("%d added, %d changed, %d gone, %v, want %d, %d, %d", added, changed, gone, err, test.added, test.changed, test.gone)
			}
			late, err := spool.Added(before.Digest, now)
			known := func(s usage.Sample) bool {
				return slices.ContainsFunc(before.Samples, func(b usage.Sample) bool { return b.ID == s.ID && b.Volume.Equal(s.Volume) })
			}
			if err != nil || len(late) != added+changed || slices.ContainsFunc(late, known) {
				t.Errorf("added are %v, %v", late, err)
			}
			// Of an earlier release's digest only the number of samples is known.
			if len(before.Samples) == 0 {
				return
			}
			more := len(now.Samples) - len(before.Samples)
			for _, earlier := range []string{".r2FjMnJmWgM", "3n0bchoe9fIXl2RJ"} {
				added, changed, gone, err := spool.CompareDigests(earlier, len(before.Samples), now)
				if err != nil || added != max(0, more) || changed != 0 || gone != max(0, -more) {
					t.Errorf("from %s: %d added, %d changed, %d gone, %v", earlier, added, changed, gone, err)
				}
				if late, err := spool.Added(earlier, now); err != nil || len(late) != 0 {
					t.Errorf("from %s: added are %v, %v", earlier, late, err)
				}
			}
		})
	}
	for _, damaged := range []string{"~x", "~!", "~AAAA"} {
		if _, _, _, err := spool.CompareDigests(damaged, 1, window([]usage.Sample{a})); err == nil {
			t.Errorf("%q passes for a digest", damaged)
		}
		if _, err := spool.Added(damaged, window([]usage.Sample{a})); err == nil {
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
