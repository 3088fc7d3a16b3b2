package distil_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/distil"
	"github.com/openstack-artifice/artifice/usage"
)

// A recordedCase is one in which the collector of 2024 was run. Its mappings
// and the config of its transformers are JSON, which is YAML.
type recordedCase struct {
	Name         string
	Mappings     json.RawMessage
	Transformers json.RawMessage `json:"transformer_config"`
	Samples      map[string][]struct {
		Metadata  map[string]string
		Tenant    string `json:"project_id"`
		Resource  string `json:"resource_id"`
		Timestamp string
		Volume    json.Number
	}
	Windows  [][2]string
	Expected struct {
		OK     bool
		Writes []struct {
			Usage []struct {
				Resource string `json:"resource_id"`
				Service  string
				Start    string
				Volume   json.Number
			}
		}
	}
}

// elsewhere are the cases whose outcome is another in Artifice.
var elsewhere = map[string]string{
	"trust_exact":                         "which senders are trusted is for the source to say",
	"container_existing_resource_no_name": "a resource keeps its id",
}

// TestCases converts the mappings that the collector of 2024 was run with, and
// holds what the meters make of its samples against what it wrote.
func TestCases(t *testing.T) {
	shared := os.Getenv("ARTIFICE_SHARED")
	if shared == "" {
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal("set ARTIFICE_SHARED to the directory of recorded data")
		}
		t.Skip("set ARTIFICE_SHARED to the directory of recorded data")
	}
	data, err := os.ReadFile(filepath.Join(shared, "cases", "collector-2024.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []recordedCase
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) != 10 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var want []string
			for _, write := range c.Expected.Writes {
				for _, u := range write.Usage {
					want = append(want, fmt.Sprint(u.Start, " ", u.Resource, " ", u.Service, " ", decimal.RequireFromString(u.Volume.String())))
				}
			}
			slices.Sort(want)
			got, err := c.run(t)
			if (err == nil) != c.Expected.OK {
				t.Fatalf("the error is %v, want ok %t", err, c.Expected.OK)
			}
			diff := cmp.Diff(want, got)
			if why, other := elsewhere[c.Name]; other && diff == "" {
				t.Errorf("it agrees, though %s", why)
			} else if !other && diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// run bills the samples of a case.
func (c recordedCase) run(t *testing.T) (got []string, err error) {
	t.Helper()
	result, err := distil.Convert(distil.File{Name: "mappings", Data: c.Mappings}, distil.File{Name: "transformers", Data: c.Transformers})
	if err != nil {
		t.Fatal(err)
	}
	from, through := instant(t, c.Windows[0][0]), instant(t, c.Windows[len(c.Windows)-1][1])
	for _, m := range bind(t, result.INI) {
		if !m.Billed {
			continue
		}
		series := map[string][]usage.Sample{}
		for _, s := range c.Samples[m.Meter] {
			sample := usage.Sample{Meter: m.Meter, Kind: usage.Gauge, Tenant: s.Tenant, Resource: s.Resource, Time: instant(t, s.Timestamp), Metadata: s.Metadata}
			if s.Volume != "" {
				sample.Volume, sample.HasVolume = decimal.RequireFromString(s.Volume.String()), true
			}
			series[s.Resource] = append(series[s.Resource], sample)
		}
		for resource, samples := range series {
			prepared, err := m.Prepare(usage.Sort(samples))
			if err != nil {
				return nil, err
			}
			for step, err := range usage.Walk(m.Transformer, from, usage.State{}, prepared, through) {
				if err != nil {
					return nil, err
				}
				for _, v := range step.Volumes {
					if v.Service == "" {
						v.Service = m.Service
					}
					got = append(got, fmt.Sprint(step.Window.Start.Format("2006-01-02T15:04:05"), " ", resource, " ", v.Service, " ", v.Volume))
				}
			}
		}
	}
	slices.Sort(got)
	return got, nil
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
