package readings

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

func TestContract(t *testing.T) {
	samples := []usage.Sample{
		{Tenant: "a", Resource: "rack 1", Time: at("2025-03-10T00:00:00Z"), Volume: decimal.RequireFromString("1041.2")},
		{Tenant: "a", Resource: "rack 1", Time: at("2025-03-10T00:30:00Z"), Volume: decimal.RequireFromString("1041.9")},
		{Tenant: "b", Resource: "rack, 2", Time: at("2025-03-10T01:00:00Z"), Volume: decimal.RequireFromString("7")},
		{Tenant: "a", Resource: "rack 1", Time: at("2025-03-11T12:00:00Z"), Volume: decimal.RequireFromString("1101.25")},
	}
	good := fill(t, samples, "")
	damaged := fill(t, samples, "yesterday,a,rack 1,1041.2\n2025-03-10T00:00:00Z,a\n2025-03-10T00:00:00Z,a,\"rack\" 1,7\n")
	usagetest.RunSource(t, usagetest.SourceSetup{New: open(good), Damaged: open(damaged), Samples: samples})
}

func open(dir string) func(testing.TB) usage.Source {
	return func(testing.TB) usage.Source { return &Source{Config{config.Path(dir), "north"}} }
}

// fill writes samples into files, a day in each, and completes them.
func fill(t *testing.T, samples []usage.Sample, more string) (dir string) {
	dir = t.TempDir()
	files := map[string]string{"2025-03-09": more}
	for i := range samples {
		s := &samples[i]
		s.Meter, s.Kind, s.Unit, s.Datacenter, s.HasVolume = meter, usage.Cumulative, "kWh", "north", true
		files[s.Time.Format(time.DateOnly)] += fmt.Sprintf("%s,%s,%q,%s\n", s.Time.In(time.FixedZone("", 3600)).Format(time.RFC3339), s.Tenant, s.Resource, s.Volume)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}
