package billing_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// TestRecorded collects the samples that were recorded from two clouds, in
// several runs and small buffers, and compares every entry with what was
// computed independently.
func TestRecorded(t *testing.T) {
	shared := os.Getenv("ARTIFICE_SHARED")
	if shared == "" {
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal("set ARTIFICE_SHARED to the directory of recorded data")
		}
		t.Skip("set ARTIFICE_SHARED to the directory of recorded data")
	}
	for _, year := range []string{"2013", "2014"} {
		for _, workers := range []int{1, 3} {
			t.Run(fmt.Sprint(year, " with ", workers), func(t *testing.T) {
				all := recordedSamples(t, filepath.Join(shared, "data", "ceilometer-"+year))
				source := &samples{}
				e := newEngine(source, nil)
				e.Now = func() time.Time { return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) }
				e.Workers, e.Buffer = workers, 64<<10
				e.Meters = recordedMeters(all)
				slices.SortFunc(all, func(a, b usage.Sample) int { return a.Time.Compare(b.Time) })
				source.all = all[:len(all)/2]
				if _, err := e.Collect(t.Context(), time.Time{}); err != nil {
					t.Fatal(err)
				}
				source.all = all
				collect(t, e, e.Now())
				want := expectedEntries(t, filepath.Join(shared, "data", "expected", "ceilometer-"+year+".csv"))
				var got []string
				for entry, err := range e.Store.Entries(t.Context(), ledger.EntryFilter{}) {
					if err != nil {
						t.Fatal(err)
					}
					rule, meter, _ := strings.Cut(entry.Meter, " ")
					service := entry.Service
					if strings.HasPrefix(rule, "uptime") && service == entry.Meter {
						service = "" // no flavor
					}
					const layout = "2006-01-02T15:04:05"
					got = append(got, strings.Join([]string{rule, meter, entry.Tenant, entry.Resource, service, entry.Window.Start.Format(layout), entry.Window.End.Format(layout),
						entry.Volume.Volume.String(), entry.Unit, fmt.Sprint(entry.Samples)}, ","))
				}
				slices.Sort(got)
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%d entries, want %d (-want +got):\n%.5000s", len(got), len(want), diff)
				}
			})
		}
	}
}

// recordedRules are transformers, by the name they have in the expected rows.
var recordedRules = []struct {
	name        string
	transformer usage.Transformer
	kinds       []usage.Kind
}{
	{"uptime", usage.Uptime{}, []usage.Kind{usage.Gauge}},
	{"uptime_sampled", usage.UptimeSampled{}, []usage.Kind{usage.Gauge}},
	{"sum", usage.Sum{}, []usage.Kind{usage.Gauge, usage.Delta}},
	{"max", usage.Max{}, []usage.Kind{usage.Gauge}},
	{"numbool", usage.NumBool{}, []usage.Kind{usage.Gauge}},
	{"cumulative", usage.Counter{}, []usage.Kind{usage.Cumulative}},
}

// recordedMeters has a meter for each rule that a meter of the samples is
// expected under.
func recordedMeters(all []usage.Sample) []usage.Meter {
	kinds := map[string]usage.Kind{}
	for _, s := range all {
		kinds[s.Meter] = s.Kind
	}
	var meters []usage.Meter
	for name, kind := range kinds {
		for _, r := range recordedRules {
			flavors := strings.HasPrefix(r.name, "uptime")
			if !slices.Contains(r.kinds, kind) || flavors && name != "instance" {
				continue
			}
			m := usage.Meter{Name: r.name + " " + name, Meter: name, Service: name, Transformer: r.transformer}
			if flavors {
				m.Service = m.Name
			}
			meters = append(meters, m)
		}
	}
	return meters
}

func expectedEntries(t *testing.T, file string) (rows []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		for _, r := range recordedRules {
			if r.name == record[0] {
				rows = append(rows, strings.Join(record, ","))
			}
		}
	}
	return rows
}

// recordedSamples reads files in Ceilometer's older shape.
func recordedSamples(t *testing.T, dir string) (all []usage.Sample) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s: %v", dir, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var records []struct {
			ID        string            `json:"message_id"`
			Meter     string            `json:"counter_name"`
			Kind      usage.Kind        `json:"counter_type"`
			Unit      string            `json:"counter_unit"`
			Volume    json.Number       `json:"counter_volume"`
			Tenant    string            `json:"project_id"`
			Resource  string            `json:"resource_id"`
			Timestamp string            `json:"timestamp"`
			Metadata  map[string]string `json:"resource_metadata"`
		}
		if err := json.Unmarshal(data, &records); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for i, r := range records {
			at, err := time.Parse("2006-01-02T15:04:05.999999999", r.Timestamp)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, usage.Sample{
				ID: r.ID, Meter: r.Meter, Kind: r.Kind, Unit: r.Unit, Tenant: r.Tenant, Resource: r.Resource,
				Volume: decimal.RequireFromString(r.Volume.String()), HasVolume: true, Time: at, Metadata: r.Metadata,
				Origin: usage.Origin{Name: file, Index: i + 1},
			})
		}
	}
	return all
}
