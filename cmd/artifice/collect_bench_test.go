//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	gojson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	benchSamples = flag.Int("samples", 50_000, "how many samples BenchmarkCollect reads; the standard workload has 1000000")
	benchOnly    = flag.String("child", "", "what a process that BenchmarkCollect started does")
)

// BenchmarkCollect runs the whole of artifice collect on the standard workload,
// into SQLite, and beside it what only decodes the same files, each in a
// process of its own. It tells CPU seconds, user and system, peak memory, and
// how many times as much CPU collect took as each of the others.
//
//	go test ./cmd/artifice -run '^$' -bench Collect -benchtime 1x -samples 1000000
func BenchmarkCollect(b *testing.B) {
	shared := os.Getenv("ARTIFICE_SHARED")
	if shared == "" {
		b.Skip("set ARTIFICE_SHARED to the directory of recorded data, which has bench/gen_samples.py")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		b.Skip("gen_samples.py needs python3 (apt-get install python3)")
	}
	dir := b.TempDir()
	data := filepath.Join(dir, "samples")
	generate := exec.Command(python, filepath.Join(shared, "bench", "gen_samples.py"), data, "--n", strconv.Itoa(*benchSamples), "--seed", "42")
	if out, err := generate.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "artifice.ini"), []byte(fmt.Sprintf(benchConfig, data)), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rates.csv"), nil, 0o600); err != nil {
		b.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cpu, peak := map[string]float64{}, map[string]float64{}
	for range b.N {
		if err := os.RemoveAll(filepath.Join(dir, "artifice.db")); err != nil {
			b.Fatal(err)
		}
		collect := exec.Command(exe, "collect", "--through", "2026-01-08T00:00Z")
		collect.Env = append(os.Environ(), asArtifice+"=1")
		measure(b, dir, collect, "collect", cpu, peak)
		for name := range baselines {
			child := exec.Command(exe, "-test.run", "^TestBaseline$", "-child", name)
			measure(b, data, child, name, cpu, peak)
		}
	}
	for name, seconds := range cpu {
		b.ReportMetric(seconds/float64(b.N), name+"-cpu-s")
		b.ReportMetric(peak[name], name+"-peak-MiB")
		if name != "collect" {
			b.ReportMetric(cpu["collect"]/seconds, "x-"+name)
		}
	}
	b.ReportMetric(0, "ns/op") // wall time says nothing here
}

const benchConfig = `[main]
deployment     = "bench"
currency       = NZD
invoice:object = "adapters.csv:Invoice"
source:object  = "adapters.ceilometer:Source"
store:object   = "adapters.sqlite:Store"
[invoice:object]
csv_directory = "invoices"
rates.file    = "rates.csv"
[source:object]
path = "%s"
[store:object]
path = "artifice.db"
[meter:root_disk]
meter       = instance
transformer = from_image
[meter:traffic.outbound.international]
transformer = sum
`

// measure runs a process and adds what it took.
func measure(b *testing.B, dir string, cmd *exec.Cmd, name string, cpu, peak map[string]float64) {
	b.Helper()
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	cpu[name] += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak[name] = max(peak[name], float64(usage.Maxrss)/1024)
	}
}

// TestBaseline is a process of BenchmarkCollect.
func TestBaseline(t *testing.T) {
	decode, ok := baselines[*benchOnly]
	if !ok {
		t.Skip("BenchmarkCollect runs it")
	}
	files, err := filepath.Glob("*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no samples", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := decode(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// baselines decode a list of samples, and do nothing with them.
var baselines = map[string]func(io.Reader) error{
	"encoding-json": func(r io.Reader) error {
		d := json.NewDecoder(r)
		_, err := d.Token()
		for err == nil && d.More() {
			var s struct {
				ID        string            `json:"id"`
				Meter     string            `json:"meter"`
				Type      string            `json:"type"`
				Unit      string            `json:"unit"`
				Volume    json.Number       `json:"volume"`
				Project   string            `json:"project_id"`
				Resource  string            `json:"resource_id"`
				Timestamp string            `json:"timestamp"`
				Recorded  string            `json:"recorded_at"`
				Metadata  map[string]string `json:"metadata"`
			}
			err = d.Decode(&s)
		}
		return err
	},
	"go-json": func(r io.Reader) error {
		d := jsontext.NewDecoder(r)
		_, err := d.ReadToken()
		for err == nil && d.PeekKind() == '{' {
			var s struct {
				ID        string         `json:"id"`
				Meter     string         `json:"meter"`
				Type      string         `json:"type"`
				Unit      string         `json:"unit"`
				Volume    jsontext.Value `json:"volume"`
				Project   string         `json:"project_id"`
				Resource  string         `json:"resource_id"`
				Timestamp string         `json:"timestamp"`
				Recorded  string         `json:"recorded_at"`
				Metadata  jsontext.Value `json:"metadata"`
			}
			err = gojson.UnmarshalDecode(d, &s)
		}
		return err
	},
	"skip": func(r io.Reader) error {
		d := jsontext.NewDecoder(r)
		for {
			if err := d.SkipValue(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	},
}
