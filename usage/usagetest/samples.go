package usagetest

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// Samples are some to fill a source with: three tenants, seven resources, five
// windows of two days, on their borders and between, with the names that users
// give and the figures that hardware gives. No two are alike, and none has an
// Origin.
func Samples() []usage.Sample {
	start := time.Date(2025, 3, 10, 22, 0, 0, 0, time.UTC)
	volumes := []string{"0", "1", "20", "0.1000000000000000055511", "12345678901234567.891", "1e-9"}
	names := []string{"web", "päckchen \U0001f4e6", `quote " back\slash`, "two\nlines", "None", " "}
	var all []usage.Sample
	add := func(s usage.Sample) {
		n := len(all)
		s.ID = fmt.Sprintf("%08x-%s", n+1, s.Meter)
		s.Volume, s.HasVolume = decimal.RequireFromString(volumes[n%len(volumes)]), true
		s.Metadata = map[string]string{"display_name": names[n%len(names)], "zone": s.Datacenter}
		if n%3 == 0 {
			s.Metadata["flavor.name"] = "m1.small"
		}
		if n%4 == 0 {
			s.Recorded = s.Time.Add(90 * time.Second)
		}
		all = append(all, s)
	}
	for window := range 5 {
		for i := range 7 {
			at := start.Add(time.Duration(window) * usage.WindowLength)
			switch i % 3 {
			case 1:
				at = at.Add(17*time.Minute + 123456*time.Microsecond)
			case 2:
				at = at.Add(usage.WindowLength - time.Microsecond)
			}
			s := usage.Sample{
				Meter: "volume.size", Kind: usage.Gauge, Unit: "GB", Time: at, Datacenter: "north",
				Tenant: fmt.Sprintf("%032x", i%3+1), Resource: fmt.Sprintf("resource-%d", i),
			}
			if i > 3 {
				s.Datacenter = "south"
			}
			if i%2 == 0 || window != 3 { // not every resource has some in every window
				add(s)
			}
			if i == 0 { // two in one window
				s.Time = s.Time.Add(30 * time.Minute)
				add(s)
			}
			if i == 5 {
				s.Meter, s.Kind, s.Unit = "network.incoming.bytes", usage.Cumulative, "B"
				add(s)
			}
		}
	}
	return all
}
