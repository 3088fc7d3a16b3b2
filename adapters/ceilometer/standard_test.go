//go:build unix

package ceilometer

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

var standardSamples = flag.Int("samples", 200_000, "how many samples BenchmarkStandard reads")

// BenchmarkStandard reads the standard workload, and does with it, in turn, what
// others do at the least: tokenize it, and decode it into structs. It reports
// the CPU seconds of each, and how many times theirs the source takes.
//
//	go test -run '^$' -bench Standard ./adapters/ceilometer -args -samples 1000000
func BenchmarkStandard(b *testing.B) {
	dir := b.TempDir()
	generate(b, dir)
	source, err := NewSource(b.Context(), Config{Path: config.Path(dir)})
	if err != nil {
		b.Fatal(err)
	}
	ways := []struct {
		name string
		read func(testing.TB) int
		cpu  time.Duration
	}{
		{name: "source", read: func(tb testing.TB) int { return readSource(tb, source) }},
		{name: "skipvalue", read: func(tb testing.TB) int { return eachFile(tb, dir, skipSamples) }},
		{name: "jsonv2", read: func(tb testing.TB) int { return eachFile(tb, dir, decodeV2) }},
		{name: "encoding/json", read: func(tb testing.TB) int { return eachFile(tb, dir, decodeV1) }},
	}
	for b.Loop() {
		for i := range ways {
			runtime.GC() // nobody pays for what another left behind
			before := cpuTime(b)
			if got := ways[i].read(b); got != *standardSamples {
				b.Fatalf("%s finds %d samples, want %d", ways[i].name, got, *standardSamples)
			}
			ways[i].cpu += cpuTime(b) - before
		}
	}
	for _, way := range ways {
		b.ReportMetric(way.cpu.Seconds()/float64(b.N), way.name+"-cpu-s")
		if way.name != "source" {
			b.ReportMetric(ways[0].cpu.Seconds()/way.cpu.Seconds(), "x-"+way.name)
		}
	}
}

func generate(b *testing.B, dir string) {
	shared := os.Getenv("ARTIFICE_SHARED")
	if shared == "" {
		b.Skip("set ARTIFICE_SHARED to the directory of recorded data")
	}
	command := exec.Command("python3", filepath.Join(shared, "bench", "gen_samples.py"), dir, "--seed", "42", "--n", strconv.Itoa(*standardSamples))
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", command, err, out)
	}
}

// cpuTime is what the process used of all processors so far.
func cpuTime(tb testing.TB) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func readSource(tb testing.TB, source *Source) int {
	count := 0
	for _, err := range source.Samples(tb.Context(), usage.Query{
		Meters: []string{"instance", "volume.size", "ip.floating", "traffic.outbound.international"},
		Metadata: []string{"display_name", "name", "host", "status", "state", "flavor.name", "instance_type", "image_ref",
			"image_meta.base_image_ref", "root_gb", "volume_type", "floating_ip_address"},
	}) {
		if err != nil {
			tb.Fatal(err)
		}
		count++
	}
	return count
}

// eachFile opens the files of a directory and adds up what is found in them.
func eachFile(tb testing.TB, dir string, read func(testing.TB, *bufio.Reader) int) int {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		tb.Fatal(err)
	}
	count := 0
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			tb.Fatal(err)
		}
		count += read(tb, bufio.NewReaderSize(file, readBuffer))
		if err := file.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return count
}

func skipSamples(tb testing.TB, r *bufio.Reader) int {
	d := listOf(tb, r)
	count := 0
	for ; d.PeekKind() == jsontext.KindBeginObject; count++ {
		if err := d.SkipValue(); err != nil {
			tb.Fatal(err)
		}
	}
	return count
}

// A rawSample leaves its metadata as it is written.
type rawSample struct {
	ID       string  `json:"id"`
	Meter    string  `json:"meter"`
	Type     string  `json:"type"`
	Unit     string  `json:"unit"`
	Volume   float64 `json:"volume"`
	Project  string  `json:"project_id"`
	Resource string  `json:"resource_id"`
	User     string  `json:"user_id"`
	Source   string  `json:"source"`
	Time     string  `json:"timestamp"`
	Recorded string  `json:"recorded_at"`
}

func decodeV2(tb testing.TB, r *bufio.Reader) int {
	d := listOf(tb, r)
	count := 0
	for ; d.PeekKind() == jsontext.KindBeginObject; count++ {
		var s struct {
			rawSample
			Metadata jsontext.Value `json:"metadata"`
		}
		if err := jsonv2.UnmarshalDecode(d, &s); err != nil {
			tb.Fatal(err)
		}
	}
	return count
}

func decodeV1(tb testing.TB, r *bufio.Reader) int {
	d := json.NewDecoder(r)
	if _, err := d.Token(); err != nil {
		tb.Fatal(err)
	}
	count := 0
	for ; d.More(); count++ {
		var s struct {
			rawSample
			Metadata map[string]string `json:"metadata"`
		}
		if err := d.Decode(&s); err != nil {
			tb.Fatal(err)
		}
	}
	return count
}

// listOf begins to read a list.
func listOf(tb testing.TB, r *bufio.Reader) *jsontext.Decoder {
	d := jsontext.NewDecoder(r)
	if _, err := d.ReadToken(); err != nil {
		tb.Fatal(err)
	}
	return d
}
