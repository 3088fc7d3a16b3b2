package usage_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// otherMeterCases are those of the collector whose outcome is another here.
var otherMeterCases = map[string]string{
	"trust_exact":                         "which senders are trusted is for the source to say",
	"container_existing_resource_no_name": "a resource keeps its id, however long",
}

// A meterCase is one in which the collector of 2024 was run.
type meterCase struct {
	Name     string
	Mappings []struct {
		Meter, Service, Transformer, Type, Unit string
		Filters                                 []string
		Volume                                  any
	}
	Samples  map[string][]collectedSample
	Windows  [][2]string
	Expected struct {
		OK     bool
		Writes []struct {
			Usage []struct {
				Resource string `json:"resource_id"`
				Tenant   string `json:"tenant_id"`
				Service  string
				Start    string
				Volume   json.Number
				Unit     string
			}
		}
	}
}

type collectedSample struct {
	Metadata  map[string]string
	Tenant    string `json:"project_id"`
	Resource  string `json:"resource_id"`
	Timestamp string
	Volume    any
}

// TestMeterCases compares what meters make of samples with what the collector
// of 2024 wrote for them.
func TestMeterCases(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedDir(t), "cases", "collector-2024.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []meterCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			got, err := c.run(t)
			if (err == nil) != c.Expected.OK {
				t.Fatalf("error is %v, want ok %t", err, c.Expected.OK)
			}
			if err != nil {
				return
			}
			same := cmp.Diff(c.want(), got)
			if why, other := otherMeterCases[c.Name]; other {
				if same == "" {
					t.Errorf("another outcome because %q, but it agrees", why)
				}
			} else if same != "" {
				t.Errorf("usage (-want +got):\n%s", same)
			}
		})
	}
	if len(cases) != 10 {
		t.Errorf("%d cases", len(cases))
	}
}

func (c meterCase) want() []string {
	var want []string
	for _, write := range c.Expected.Writes {
		for _, u := range write.Usage {
			want = append(want, fmt.Sprint(u.Start, u.Tenant, u.Resource, u.Service, decimalOf(u.Volume), u.Unit))
		}
	}
	slices.Sort(want)
	return want
}

func (c meterCase) run(t *testing.T) ([]string, error) {
	t.Helper()
	through := at(c.Windows[len(c.Windows)-1][1])
	var got []string
	for _, mapping := range c.Mappings {
		meter := usage.Meter{Meter: mapping.Meter, Service: mapping.Service, Unit: mapping.Unit, Transformer: usage.Max{}}
		if mapping.Transformer == "uptime" {
			meter.Transformer, meter.Unit = usage.UptimeSampled{}, ""
		}
		for _, filter := range mapping.Filters {
			meter.Filters = append(meter.Filters, expression(t, filter))
		}
		switch volume := mapping.Volume.(type) {
		case float64:
			meter.FixedVolume = decimalOf(volume)
		case map[string]any:
			if source, ok := volume["source"].(string); ok {
				meter.VolumeFrom = expression(t, source)
			}
		}
		series := map[string][]usage.Sample{}
		for _, s := range c.Samples[mapping.Meter] {
			series[s.Resource] = append(series[s.Resource], usage.Sample{
				Kind: usage.Gauge, Tenant: s.Tenant, Resource: s.Resource, Time: at(s.Timestamp), Metadata: s.Metadata,
				Volume: decimalOf(s.Volume), HasVolume: true,
			})
		}
		for resource, samples := range series {
			prepared, err := meter.Prepare(samples)
			if err != nil {
				return nil, err
			}
			steps, err := walk(meter.Transformer, prepared, through)
			if err != nil {
				return nil, err
			}
			for _, step := range steps {
				for _, v := range step.Volumes {
					if v.Service == "" {
						v.Service = meter.Service
					}
					// The original named the unit of the meter, without the hour.
					unit := mapping.Unit
					got = append(got, fmt.Sprint(step.Window.Start.Format(time.RFC3339)[:19], v.Tenant, resource, v.Service, v.Volume, unit))
				}
			}
		}
	}
	slices.Sort(got)
	return got, nil
}
