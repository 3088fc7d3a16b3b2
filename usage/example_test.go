package usage_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// A volume of 10 GB grows to 20 GB, and is gone an hour later. The first
// sample came twice.
func ExampleWalk() {
	day := time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC)
	sample := func(id string, after time.Duration, size int64) usage.Sample {
		return usage.Sample{
			ID: id, Meter: "volume.size", Kind: usage.Gauge, Unit: "GB", Tenant: "acme", Resource: "disk",
			Volume: decimal.NewFromInt(size), HasVolume: true, Time: day.Add(after),
		}
	}
	samples := usage.Sort([]usage.Sample{
		sample("2", 50*time.Minute, 20),
		sample("1", 10*time.Minute, 10),
		sample("3", 70*time.Minute, 20),
		sample("1", 10*time.Minute, 10),
	})
	for step, err := range usage.Walk(usage.Max{}, day, usage.State{}, samples, day.AddDate(0, 0, 1)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, v := range step.Volumes {
			fmt.Printf("%s %s %s %s, %d samples\n", step.Window.Start.Format("15:04"), v.Tenant, v.Volume, v.Unit, v.Samples)
		}
	}
	// Output:
	// 00:00 acme 20 GB hour, 2 samples
	// 01:00 acme 20 GB hour, 1 samples
}
