package ceilometer

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// BenchmarkSource reads 20,000 samples of 20 instances, and, in the same
// loop, only tokenizes them: "x-skip" is how many times as long as jsontext's
// SkipValue the source takes. "other meter" reads none of the samples.
func BenchmarkSource(b *testing.B) {
	const count = 20_000
	name := filepath.Join(b.TempDir(), "instance.json")
	size := writeInstances(b, name, count)
	for _, bench := range []struct {
		name  string
		query usage.Query
		want  int
	}{
		{"five keys", usage.Query{Meters: []string{"instance"}, Metadata: []string{"status", "state", "flavor.name", "instance_type", "display_name"}}, count},
		{"all metadata", usage.Query{}, count},
		{"other meter", usage.Query{Meters: []string{"volume.size"}}, 0},
	} {
		b.Run(bench.name, func(b *testing.B) {
			source, err := NewSource(b.Context(), Config{Path: config.Path(name)})
			if err != nil {
				b.Fatal(err)
			}
			var skip, read time.Duration
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				skipValues(b, name)
				middle := time.Now()
				got := 0
				for _, err := range source.Samples(b.Context(), bench.query) {
					if err != nil {
						b.Fatal(err)
					}
					got++
				}
				if got != bench.want {
					b.Fatalf("%d samples, want %d", got, bench.want)
				}
				skip += middle.Sub(start)
				read += time.Since(middle)
			}
			b.ReportMetric(float64(size)*float64(b.N)/1e6/read.Seconds(), "MB/s")
			b.ReportMetric(read.Seconds()/skip.Seconds(), "x-skip")
		})
	}
}

func skipValues(b *testing.B, name string) {
	file, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := jsontext.NewDecoder(bufio.NewReaderSize(file, readBuffer)).SkipValue(); err != nil {
		b.Fatal(err)
	}
}

// writeInstances writes a list of samples, the same every time, and returns
// its size in bytes.
func writeInstances(tb testing.TB, name string, count int) int64 {
	random := rand.New(rand.NewPCG(1, 2))
	file, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(file)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range count {
		at := start.Add(time.Duration(i) * 30 * time.Second).Format("2006-01-02T15:04:05")
		vm, comma := i%20, ",\n"
		if i == 0 {
			comma = "["
		}
		fmt.Fprintf(w, `%s{"id":"%016x%016x","metadata":{"display_name":"vm-%d","instance_type":"c1.c1r%d","flavor.id":"%d","status":"active",`+
			`"host":"compute-%d","vcpus":"2","memory_mb":"2048","root_gb":"10","image_ref":"None","image_ref_url":"http://glance/images/None","OS-EXT-AZ:availability_zone":"az1"},`+
			`"meter":"instance","project_id":"%032x","recorded_at":"%s","resource_id":"%032x","source":"openstack","timestamp":"%s","type":"gauge","unit":"instance","user_id":"%032x","volume":1.0}`,
			comma, random.Uint64(), random.Uint64(), vm, vm%4, vm%4, vm%17, vm%3+1, at, vm+1, at, vm%3+1)
	}
	fmt.Fprintln(w, "]")
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	if err := file.Close(); err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}
