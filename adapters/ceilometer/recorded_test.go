package ceilometer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// TestRecorded reads what was recorded from two clouds.
func TestRecorded(t *testing.T) {
	shared := os.Getenv("ARTIFICE_SHARED")
	if shared == "" {
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal("set ARTIFICE_SHARED to the directory of recorded data")
		}
		t.Skip("set ARTIFICE_SHARED to the directory of recorded data")
	}
	for _, test := range []struct {
		set                                       string
		samples, once, tenants, resources, meters int
		first, last                               string
	}{
		// 35,958 - 2,701 exact duplicates = 33,257
		{set: "ceilometer-2013", samples: 35_958, once: 33_257, tenants: 7, resources: 27, meters: 25,
			first: "2013-08-04T23:29:05", last: "2013-08-12T04:01:18"},
		{set: "ceilometer-2014", samples: 3230, once: 3230, tenants: 3, resources: 24, meters: 48,
			first: "2014-02-11T22:52:53", last: "2014-02-12T02:56:40"},
	} {
		t.Run(test.set, func(t *testing.T) {
			c := Config{Path: config.Path(filepath.Join(shared, "data", test.set))}
			samples := read(t, c, usage.Query{})
			ids, tenants, resources, meters := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
			first, last := samples[0].Time, samples[0].Time
			for _, s := range samples {
				ids[s.ID], tenants[s.Tenant], resources[s.Resource], meters[s.Meter] = true, true, true, true
				if s.Time.Before(first) {
					first = s.Time
				}
				if s.Time.After(last) {
					last = s.Time
				}
				if !s.HasVolume || s.Origin.Line < 2 || s.Origin.Index < 1 {
					t.Fatalf("sample %+v", s)
				}
			}
			if len(samples) != test.samples || len(ids) != test.once {
				t.Errorf("%d samples, %d once each, want %d, %d", len(samples), len(ids), test.samples, test.once)
			}
			if len(tenants) != test.tenants || len(resources) != test.resources || len(meters) != test.meters {
				t.Errorf("%d tenants, %d resources, %d meters, want %d, %d, %d", len(tenants), len(resources), len(meters), test.tenants, test.resources, test.meters)
			}
			const layout = "2006-01-02T15:04:05"
			if first.Format(layout) != test.first || last.Format(layout) != test.last {
				t.Errorf("from %v to %v, want %s to %s", first, last, test.first, test.last)
			}
		})
	}
}
