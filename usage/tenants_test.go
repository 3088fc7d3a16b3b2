package usage_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// TestPerTenant is the table of Sum, Max and NumBool, which take a window by
// itself.
func TestPerTenant(t *testing.T) {
	for _, test := range []struct {
		name           string
		samples        []usage.Sample
		sum, max, bool []string
	}{
		{
			"windows are half open, those without samples have no entry",
			[]usage.Sample{
				gauge(clock("00:00:00"), "1.25"), gauge(clock("00:59:59.999999999"), "2"),
				gauge(clock("01:00:00"), "0.1"),
				gauge(clock("03:00:00"), "4"),
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 13/4 B of 2", // 1.25 + 2 = 3.25
				"2014-01-01T01 tenant=a service= dc=north: 1/10 B of 1",
				"2014-01-01T03 tenant=a service= dc=north: 4 B of 1",
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 2 B hour of 2",
				"2014-01-01T01 tenant=a service= dc=north: 1/10 B hour of 1",
				"2014-01-01T03 tenant=a service= dc=north: 4 B hour of 1",
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 1 B of 2",
				"2014-01-01T01 tenant=a service= dc=north: 1 B of 1",
				"2014-01-01T03 tenant=a service= dc=north: 1 B of 1",
			},
		},
		{
			"what comes to 0 has an entry, and no volume counts as 0",
			[]usage.Sample{gauge(clock("00:00:00"), "0"), gauge(clock("01:00:00"), "0", noVolume), gauge(clock("01:01:00"), "-3")},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 0 B of 1",
				"2014-01-01T01 tenant=a service= dc=north: -3 B of 2", // 0 - 3
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 0 B hour of 1",
				"2014-01-01T01 tenant=a service= dc=north: 0 B hour of 2",
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 0 B of 1",
				"2014-01-01T01 tenant=a service= dc=north: 0 B of 2",
			},
		},
		{
			"all below 0",
			[]usage.Sample{gauge(clock("00:00:00"), "-2"), gauge(clock("00:10:00"), "-1")},
			[]string{"2014-01-01T00 tenant=a service= dc=north: -3 B of 2"},
			[]string{"2014-01-01T00 tenant=a service= dc=north: -1 B hour of 2"},
			[]string{"2014-01-01T00 tenant=a service= dc=north: 0 B of 2"},
		},
		{
			"each tenant its own, in the datacenter of its last sample there",
			[]usage.Sample{
				gauge(clock("00:10:00"), "5", tenant("b"), in("west")),
				gauge(clock("00:20:00"), "7", in("north")),
				gauge(clock("00:30:00"), "6", in("south")),
				gauge(clock("00:40:00"), "0", tenant("b"), in("east")),
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=south: 13 B of 2", // 7 + 6
				"2014-01-01T00 tenant=b service= dc=east: 5 B of 2",
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=south: 7 B hour of 2",
				"2014-01-01T00 tenant=b service= dc=east: 5 B hour of 2",
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=south: 1 B of 2",
				"2014-01-01T00 tenant=b service= dc=east: 1 B of 2",
			},
		},
		{
			"units that are spelled differently, and none",
			[]usage.Sample{
				gauge(clock("00:10:00"), "5", unit("gigabyte")), gauge(clock("00:20:00"), "1", unit("GB")),
				gauge(clock("01:00:00"), "1", unit("")),
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 6 gigabyte of 2",
				"2014-01-01T01 tenant=a service= dc=north: 1  of 1",
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 5 gigabyte hour of 2",
				"2014-01-01T01 tenant=a service= dc=north: 1 hour of 1",
			},
			[]string{
				"2014-01-01T00 tenant=a service= dc=north: 1 gigabyte of 2",
				"2014-01-01T01 tenant=a service= dc=north: 1  of 1",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []struct {
				transformer usage.Transformer
				want        []string
			}{{usage.Sum{}, test.sum}, {usage.Max{}, test.max}, {usage.NumBool{}, test.bool}} {
				if diff := cmp.Diff(r.want, lines(mustWalk(t, r.transformer, test.samples))); diff != "" {
					t.Errorf("%T (-want +got):\n%s", r.transformer, diff)
				}
			}
		})
	}
}

// TestStateless has a meter go from uptime to a transformer that remembers
// nothing: the state must not live on.
func TestStateless(t *testing.T) {
	before := usage.State{Data: `{"state":"active"}`, Until: clock("23:00:00")}
	for _, tr := range []usage.Transformer{usage.Sum{}, usage.Max{}, usage.NumBool{}} {
		volumes, after, err := tr.Transform(usage.WindowAt(clock("00:00:00")), before, nil)
		if len(volumes) != 0 || after != (usage.State{}) || err != nil {
			t.Errorf("%T gives %v, %+v, %v without samples", tr, volumes, after, err)
		}
		if keys := tr.(usage.KeyUser).Keys(); len(keys) != 0 {
			t.Errorf("%T does not look at %q", tr, keys)
		}
	}
}

func TestRefusedSamples(t *testing.T) {
	noon := clock("12:00:00")
	of := func(kinds ...usage.Kind) []usage.Sample {
		var samples []usage.Sample
		for i, kind := range kinds {
			samples = append(samples, reading(kind, noon.Add(time.Duration(i)), "1"))
		}
		return samples
	}
	units := []usage.Sample{gauge(noon, "1", unit("GB")), gauge(noon.Add(1), "1", unit("MB"))}
	for _, test := range []struct {
		name        string
		transformer usage.Transformer
		samples     []usage.Sample
		want        string
	}{
		{"sum of a counter", usage.Sum{}, of(usage.Delta, usage.Gauge, usage.Cumulative),
			`samples.json: sample 3: meter "m" is of kind "cumulative", which transformer sum does not take; use transformer cumulative for it`},
		{"max of a delta", usage.Max{}, of(usage.Gauge, usage.Delta),
			`samples.json: sample 2: meter "m" is of kind "delta", which transformer max does not take; use transformer sum for it`},
		{"max of a counter", usage.Max{}, of(usage.Cumulative),
			`samples.json: sample 1: meter "m" is of kind "cumulative", which transformer max does not take; use transformer cumulative for it`},
		{"numbool of a delta", usage.NumBool{}, of(usage.Delta),
			`samples.json: sample 1: meter "m" is of kind "delta", which transformer numbool does not take; use transformer sum for it`},
		{"cumulative of a gauge", usage.Counter{}, of(usage.Cumulative, usage.Gauge),
			`samples.json: sample 2: meter "m" is of kind "gauge", which transformer cumulative does not take; use transformer max or sum for it`},
		{"a kind that there is not", usage.Sum{}, of("rate"),
			`samples.json: sample 1: meter "m" is of kind "rate", which transformer sum does not take; the kinds are gauge, delta and cumulative`},
		{"sum of two units", usage.Sum{}, units,
			`samples.json: sample 2: meter "m" is in "MB" here, but in "GB" before; correct the samples, a series has one unit`},
		{"max of two units", usage.Max{}, units, `meter "m" is in "MB" here`},
		{"numbool of two units", usage.NumBool{}, units, `meter "m" is in "MB" here`},
		{"a counter of two units", usage.Counter{}, []usage.Sample{
			reading(usage.Cumulative, noon, "1"), reading(usage.Cumulative, noon.Add(1), "1", unit("KB"))},
			`samples.json: sample 2: meter "m" is in "KB" here, but in "B" before; correct the samples, a series has one unit`},
		{"a counter of another unit than an hour ago", usage.Counter{}, []usage.Sample{
			reading(usage.Cumulative, noon, "1"), reading(usage.Cumulative, noon.Add(usage.WindowLength), "1", unit("KB"))},
			`samples.json: sample 2: meter "m" is in "KB" here, but in "B" before`},
		{"a counter below 0", usage.Counter{}, []usage.Sample{
			reading(usage.Cumulative, noon, "1"), reading(usage.Cumulative, noon.Add(1), "-0.5")},
			`samples.json: sample 2: meter "m" is cumulative but reads -0.5; correct the sample, a counter is never below 0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := walk(test.transformer, numbered(test.samples), clock("23:00:00"))
			if err == nil || !contains(err, test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
