package usage_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// rules are the transformers that are offered, by the name they have in the
// expected rows, with the kinds of meters that each is applied to there.
var rules = map[string]struct {
	transformer usage.Transformer
	kinds       []usage.Kind
}{
	"uptime":         {usage.Uptime{}, []usage.Kind{usage.Gauge}},
	"uptime_sampled": {usage.UptimeSampled{}, []usage.Kind{usage.Gauge}},
	"sum":            {usage.Sum{}, []usage.Kind{usage.Gauge, usage.Delta}},
	"max":            {usage.Max{}, []usage.Kind{usage.Gauge}},
	"numbool":        {usage.NumBool{}, []usage.Kind{usage.Gauge}},
	"cumulative":     {usage.Counter{}, []usage.Kind{usage.Cumulative}},
}

// ofFlavors reports whether a rule names flavors for services; such rules are
// applied to the meter instance only.
func ofFlavors(rule string) bool { return strings.HasPrefix(rule, "uptime") }

// TestRecorded compares every volume of the samples recorded from two clouds
// with what was computed for them independently: every row, and no row more.
func TestRecorded(t *testing.T) {
	dir := sharedDir(t)
	for _, year := range []string{"2013", "2014"} {
		t.Run(year, func(t *testing.T) {
			compareRecorded(t, filepath.Join(dir, "data", "ceilometer-"+year),
				filepath.Join(dir, "data", "expected", "ceilometer-"+year+".csv"), at("2020-01-01T00:00:00"))
		})
	}
}

// TestRecordedExcerpt is TestRecorded with parts that are small enough to be
// kept here: whole series up to a border, with the metadata that is looked at.
// In 2013-again is one whose samples were recorded twice.
func TestRecordedExcerpt(t *testing.T) {
	for year, through := range map[string]string{
		"2013":       "2013-08-05T03:00:00",
		"2013-again": "2020-01-01T00:00:00",
		"2014":       "2020-01-01T00:00:00",
	} {
		t.Run(year, func(t *testing.T) {
			dir := filepath.Join("testdata", "recorded")
			compareRecorded(t, filepath.Join(dir, year), filepath.Join(dir, year+".csv"), at(through))
		})
	}
}

func sharedDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ARTIFICE_SHARED")
	if dir == "" {
		if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
			t.Fatal("set ARTIFICE_SHARED to the directory of recorded data")
		}
		t.Skip("set ARTIFICE_SHARED to the directory of recorded data")
	}
	return dir
}

func compareRecorded(t *testing.T, samplesDir, expectedFile string, through time.Time) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(samplesDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s: %v", samplesDir, err)
	}
	var got []string
	for _, file := range files {
		for _, series := range readRecorded(t, file) {
			for rule, r := range rules {
				if !slices.Contains(r.kinds, series[0].Kind) || ofFlavors(rule) && series[0].Meter != "instance" {
					continue
				}
				got = append(got, recordedRows(t, rule, r.transformer, series, through)...)
			}
		}
	}
	want := expectedRows(t, expectedFile)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%d rows, want %d (-want +got):\n%.5000s", len(got), len(want), diff)
	}
}

func recordedRows(t *testing.T, rule string, tr usage.Transformer, series []usage.Sample, through time.Time) []string {
	t.Helper()
	var rows []string
	steps, err := walk(tr, series, through)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		for _, v := range step.Volumes {
			service := v.Service
			if service == "" && !ofFlavors(rule) {
				service = series[0].Meter
			}
			rows = append(rows, strings.Join([]string{
				rule, series[0].Meter, v.Tenant, series[0].Resource, service,
				step.Window.Start.Format(layout), step.Window.End.Format(layout),
				v.Volume.String(), // without trailing zeros, as the expected rows
				v.Unit, decimal.NewFromInt(int64(v.Samples)).String(),
			}, ","))
		}
	}
	return rows
}

const layout = "2006-01-02T15:04:05"

func expectedRows(t *testing.T, file string) []string {
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
	var rows []string
	for _, record := range records[1:] {
		if _, offered := rules[record[0]]; offered {
			rows = append(rows, strings.Join(record, ","))
		}
	}
	return rows
}

// readRecorded reads a file in Ceilometer's older shape and returns its
// series, one per resource.
func readRecorded(t *testing.T, file string) map[string][]usage.Sample {
	t.Helper()
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
	series := map[string][]usage.Sample{}
	for i, r := range records {
		series[r.Resource] = append(series[r.Resource], usage.Sample{
			ID: r.ID, Meter: r.Meter, Kind: r.Kind, Unit: r.Unit, Tenant: r.Tenant, Resource: r.Resource,
			Volume: decimal.RequireFromString(r.Volume.String()), HasVolume: true,
			Time: at(r.Timestamp), Metadata: r.Metadata,
			Origin: usage.Origin{Name: file, Index: i + 1},
		})
	}
	return series
}
