package usage_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

var (
	gauges    = []usage.Kind{usage.Gauge}
	states    = map[string][]string{"state": {"", "active", "ACTIVE", "building", "stopped", "deleted"}, "status": {"", "", "paused"}}
	databases = map[string][]string{"status": {"", "ACTIVE", "upgrade", "SHUTDOWN"}}
	flavors   = map[string][]string{"flavor.name": {"", "x", "y"}, "instance_type": {"", "84", "y"}}
	types     = map[string][]string{"volume_type": {"", "fast", "1", "None"}}
	hour      = decimal.New(3600, 0)
	sumAll    = func(_ usage.Span, samples []usage.Sample) decimal.Decimal { return summed(samples) }
	oneHour   = func(usage.Span, []usage.Sample) decimal.Decimal { return hour }
	oneCount  = func(_ usage.Span, samples []usage.Sample) decimal.Decimal { return decimal.New(int64(len(samples)), 0) }
	// A resource that changes hands may bill the hour to both.
	hourEach = func(w usage.Span, samples []usage.Sample) decimal.Decimal { return oneCount(w, samples).Mul(hour) }
)

// summed is what all samples come to together.
func summed(samples []usage.Sample) (sum decimal.Decimal) {
	for _, s := range samples {
		sum = sum.Add(s.Volume)
	}
	return sum
}

// merged is metadata of several kinds.
func merged(all ...map[string][]string) map[string][]string {
	one := map[string][]string{}
	for _, some := range all {
		for key, texts := range some {
			one[key] = texts
		}
	}
	return one
}

// Every transformer here keeps the contract.
func TestContract(t *testing.T) {
	for name, setup := range map[string]usagetest.TransformerSetup{
		"sum":                  {New: made(usage.Sum{}), Kinds: []usage.Kind{usage.Gauge, usage.Delta}, Most: sumAll},
		"max":                  {New: made(usage.Max{}), Kinds: gauges, Most: sumAll},
		"numbool":              {New: made(usage.NumBool{}), Kinds: gauges, Most: oneCount},
		"cumulative":           {New: made(usage.Counter{}), Kinds: []usage.Kind{usage.Cumulative}, Most: sumAll},
		"uptime":               {New: made(usage.Uptime{}), Metadata: merged(states, flavors), Most: oneHour},
		"uptime, tracked":      {New: made(usage.Uptime{Tracked: []string{"active"}, Names: names}), Metadata: merged(states, flavors), Most: oneHour},
		"uptime_sampled":       {New: made(usage.UptimeSampled{}), Kinds: []usage.Kind{usage.Gauge, usage.Delta}, Metadata: merged(states, flavors), Most: hourEach},
		"database_uptime":      {New: made(usage.DatabaseUptime{Prefix: "db."}), Kinds: gauges, Metadata: merged(databases, flavors), Most: hourEach},
		"database_volume_max":  {New: made(usage.DatabaseVolumeMax{}), Kinds: gauges, Metadata: map[string][]string{"volume_id": {"v", "w"}, "volume.size": {"", "7", "25.5"}}},
		"storage_max":          {New: made(usage.StorageMax{}), Kinds: gauges, Metadata: types, Most: sumAll},
		"object_storage_max":   {New: made(usage.ObjectStorageMax{}), Kinds: gauges, Metadata: types, Most: sumAll},
		"network_service":      {New: made(usage.NetworkService{}), Kinds: gauges, Most: sumAll},
		"from_image":           {New: made(usage.FromImage{}), Kinds: gauges, Metadata: map[string][]string{"image_ref": {"", "an image"}, "root_gb": {"20", "2.5e1"}}},
		"integral":             {New: made(usage.Integral{}), Kinds: gauges},
		"uptime, of long ago":  {New: made(usage.Uptime{Hold: 150 * 60e9}), Metadata: merged(states, flavors), Most: oneHour},
		"integral, of seconds": {New: made(usage.Integral{Hold: 1e9}), Kinds: gauges},
	} {
		t.Run(name, func(t *testing.T) { usagetest.RunTransformer(t, setup) })
	}
}

func made(tr usage.Transformer) func(testing.TB) usage.Transformer {
	return func(testing.TB) usage.Transformer { return tr }
}
