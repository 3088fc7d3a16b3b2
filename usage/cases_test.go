package usage_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// leftOut are the cases of rules that are offered here whose outcome is not
// that of the original, and why. For all that data/README.md rules on, it wins.
// Those of the collector, which are about meters, are in TestMeterCases.
var leftOut = map[string]string{
	"artifice-2014-03-24/CumulativeRangeTransformerTests.test_close_reset":         instantAscends,
	"artifice-2014-04-08/CumulativeRangeTransformerTests.test_close_reset":         instantAscends,
	"artifice-2014-03-24/GaugeMaxTransformerTests.test_wrong_metrics_type":         noSampleToBlame,
	"artifice-2014-04-08/GaugeMaxTransformerTests.test_wrong_metrics_type":         noSampleToBlame,
	"artifice-2014-03-24/UptimeTransformerTests.test_required_metrics_not_present": noSampleToBlame,
	"artifice-2014-04-08/UptimeTransformerTests.test_required_metrics_not_present": noSampleToBlame,
	"v2-2024/TestMaxTransformer.test_none_and_other_values":                        countsTheEnd,
	"edge/GaugeMax/leadin_sample_counts":                                           "a sample before the window is of another window",
	"edge/GaugeMax/empty":                                                          emptyIsNothing,
	"edge/max/empty":                                                               emptyIsNothing,
	"edge/numbool/empty":                                                           emptyIsNothing,
	"edge/GaugeMax/two_hours":                                                      anHourWithoutSamples,
	"edge/max/two_hours":                                                           anHourWithoutSamples,
	"edge/max/fraction":                                                            anHourWithoutSamples,
	"edge/InstanceUptime/uppercase_status":                                         "states are compared without regard to case",
	"edge/uptime/seven_flavors":                                                    "a share is rounded to the nanosecond",
	"v2-2024/TestBlockStorageMaxTransformer.test_none_and_other_values":            countsTheEnd,
	"v2-2024/TestObjectStorageMaxTransformer.test_none_and_other_values":           countsTheEnd,
	"edge/networkservice/half_hour_window":                                         "an hour that was begun is not floored to nothing",
	"edge/networkservice/null":                                                     "a sample without a volume counts as 0",
	"edge/FromImage/empty":                                                         emptyIsNothing,
	"edge/FromImage/half_hour":                                                     "windows are hours, and an hour counts whole",
}

const (
	instantAscends       = "at one instant 39 and 40 ascend, which is no restart"
	noSampleToBlame      = "without samples there is nothing to bill and nothing wrong"
	countsTheEnd         = "the sample at the very end is of the next window"
	emptyIsNothing       = "a window without samples has no entry"
	anHourWithoutSamples = "windows are hours, and the second has no samples"
)

// An originalCase is one in which a version of the original was run.
type originalCase struct {
	Name        string
	Transformer string
	Service     string // of the meter
	Config      struct {
		Tracked   []string `json:"tracked_states"`
		Prefix    string
		ImageKeys []string `json:"md_keys"`
		NoImage   []string `json:"none_values"`
		SizeKeys  []string `json:"size_keys"`
	}
	Lookups    map[string]map[string]string // what other services were asked for
	Window     struct{ Start, End string }
	MeterTypes map[string]usage.Kind `json:"meter_types"`
	Meters     map[string][]originalSample
	Samples    []originalSample

	Expected         json.RawMessage
	ExpectedOriginal json.RawMessage `json:"expected_original"`
	ExpectedSane     json.RawMessage `json:"expected_sane"` // where the original was wrong
}

type originalSample struct {
	Timestamp     string
	Resource      string `json:"resource_id"`
	Volume        any
	CounterVolume any               `json:"counter_volume"`
	OldMetadata   map[string]string `json:"resource_metadata"`
	Metadata      map[string]string
}

func TestCases(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "cases")
	ran, met := 0, map[string]bool{}
	for _, file := range []string{"transformers-2014-03.json", "transformers-2024.json", "edges-2024.json", "uptime-edges.json"} {
		for _, c := range readCases(t, filepath.Join(dir, file)) {
			tr := c.transformer()
			if tr == nil {
				continue
			}
			ran++
			t.Run(c.Name, func(t *testing.T) {
				same := cmp.Diff(c.want(), c.run(t, tr))
				if why, left := leftOut[c.Name]; left {
					met[c.Name] = true
					if same == "" {
						t.Errorf("left out because %q, but it agrees", why)
					}
				} else if same != "" {
					t.Errorf("volumes by service (-want +got):\n%s", same)
				}
			})
		}
	}
	if ran != 115 || len(met) != len(leftOut) {
		t.Errorf("ran %d cases, and met %d of the %d that are left out", ran, len(met), len(leftOut))
	}
}

func readCases(t *testing.T, file string) []originalCase {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []originalCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return cases
}

// transformer is ours for that of the case, nil where it is of another rule.
func (c originalCase) transformer() usage.Transformer {
	switch c.Transformer {
	case "Uptime":
		return usage.Uptime{Tracked: c.Config.Tracked}
	case "InstanceUptime":
		return usage.Uptime{Tracked: c.Config.Tracked, FlavorKeys: []string{"flavor.id"}}
	case "GaugeMax", "max":
		return usage.Max{}
	case "GaugeSum", "sum":
		return usage.Sum{}
	case "numbool":
		return usage.NumBool{}
	case "CumulativeRange":
		return usage.Counter{}
	case "uptime":
		return usage.UptimeSampled{Tracked: c.Config.Tracked}
	case "databasemanagementuptime":
		return usage.DatabaseUptime{Tracked: c.Config.Tracked, Prefix: c.Config.Prefix, Names: c.Lookups["flavor_name"]}
	case "databasevolumemax":
		return usage.DatabaseVolumeMax{Names: c.Lookups["volume_type_for_volume"]}
	case "StorageMax", "blockstoragemax":
		return usage.StorageMax{Names: c.Lookups["volume_type_name"]}
	case "objectstoragemax":
		return usage.ObjectStorageMax{Names: c.Lookups["container_policy"]}
	case "GaugeNetworkService", "networkservice":
		return usage.NetworkService{}
	case "FromImage", "fromimage":
		return usage.FromImage{ImageKeys: c.Config.ImageKeys, NoImage: c.Config.NoImage, SizeKeys: c.Config.SizeKeys}
	default:
		return nil
	}
}

// namesServices reports whether volumes have services of their own, where they
// are not of the meter's.
func (c originalCase) namesServices() bool {
	switch c.Transformer {
	case "Uptime", "InstanceUptime", "uptime", "databasemanagementuptime", "databasevolumemax",
		"StorageMax", "blockstoragemax", "objectstoragemax":
		return true
	default:
		return false
	}
}

// want is the volume of each service; a text is what the original failed with.
func (c originalCase) want() map[string]string {
	raw := c.Expected
	if raw == nil {
		raw = c.ExpectedOriginal
	}
	if c.ExpectedSane != nil {
		raw = c.ExpectedSane
	}
	var volumes map[string]any
	if err := json.Unmarshal(raw, &volumes); err != nil {
		panic(err)
	}
	want := map[string]string{}
	for service, volume := range volumes {
		if number, ok := volume.(float64); ok && service != "error" {
			if !c.namesServices() || service == c.Service {
				service = ""
			}
			want[service] = decimalOf(number).String()
		} else {
			want["error"] = "1"
		}
	}
	return want
}

// decimalOf reads a number of a case: none has more digits than a float holds.
func decimalOf(number any) decimal.Decimal {
	text, err := json.Marshal(number)
	if err != nil {
		panic(err)
	}
	return decimal.RequireFromString(string(text))
}

// run adds up what the case comes to by service.
func (c originalCase) run(t *testing.T, tr usage.Transformer) map[string]string {
	t.Helper()
	start, end := at(c.Window.Start), border(at(c.Window.End))
	samples := c.samples()
	if c.Transformer == "CumulativeRange" {
		// The range of 2014-03 holds its end; here that is the next window.
		end = end.Add(time.Hour)
	}
	steps, err := walk(tr, samples, end, start)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]decimal.Decimal{}
	for _, step := range steps {
		for _, v := range step.Volumes {
			if !step.Window.Start.Before(start) {
				sums[v.Service] = sums[v.Service].Add(v.Volume)
			}
		}
	}
	got := map[string]string{}
	for service, sum := range sums {
		got[service] = sum.String()
	}
	return got
}

func (c originalCase) samples() []usage.Sample {
	var samples []usage.Sample
	for _, s := range c.Samples {
		sample := usage.Sample{Kind: usage.Gauge, Resource: s.Resource, Time: at(s.Timestamp), Metadata: s.OldMetadata}
		if s.Metadata != nil {
			sample.Metadata = s.Metadata
		}
		volume := s.Volume
		if volume == nil {
			volume = s.CounterVolume
		}
		if volume != nil {
			sample.Volume, sample.HasVolume = decimalOf(volume), true
		}
		samples = append(samples, sample)
	}
	for meter, list := range c.Meters {
		for _, s := range list {
			samples = append(samples, meterSample(meter, c.MeterTypes[meter], s))
		}
	}
	return samples
}

// meterSample reads a sample of March 2014, when uptime took two meters: the
// code of a state and the name of a flavor.
func meterSample(meter string, kind usage.Kind, s originalSample) usage.Sample {
	sample := usage.Sample{Kind: kind, Time: at(s.Timestamp)}
	switch meter {
	case "state":
		states := map[float64]string{1: "active", 2: "building", 3: "paused", 5: "stopped"}
		sample.Metadata = map[string]string{"state": states[s.CounterVolume.(float64)]}
	case "flavor":
		sample.Metadata = map[string]string{"flavor.name": s.CounterVolume.(string)}
	default:
		sample.Volume, sample.HasVolume = decimalOf(s.CounterVolume), true
	}
	return sample
}
