package csv

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

// BenchmarkInvoice makes, fills and saves an invoice: time and allocations of
// each, and how much more memory the process has at most while it does so.
func BenchmarkInvoice(b *testing.B) {
	for _, style := range []struct {
		name   string
		change func(*Config)
	}{
		{"sections", func(*Config) {}},
		{"flat.gz", func(c *Config) { c.Layout, c.OutputFile = "flat", c.OutputFile+".gz" }},
	} {
		for _, lines := range []int{10, 1000, 100_000} {
			b.Run(fmt.Sprintf("%s/lines=%d", style.name, lines), func(b *testing.B) { benchmarkInvoice(b, style.change, lines) })
		}
	}
}

func benchmarkInvoice(b *testing.B, change func(*Config), lines int) {
	items := make([]invoice.Item, lines)
	for i := range items {
		cents := decimal.New(int64(i), -2)
		items[i] = item("north", "m1.nano", cents.String(), "hour", "1", cents.String())
	}
	c := defaults(b.TempDir())
	change(&c)
	var size int64
	save := func() {
		path := commit(b, c, august(), items...)
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		if size = info.Size(); os.Remove(path) != nil {
			b.Fatalf("%s stays", filepath.Base(path))
		}
	}
	save() // so that the rates file, and the directory, are not new
	b.ReportAllocs()
	for b.Loop() {
		save()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
	b.ReportMetric(float64(size)/float64(lines), "file-B/line")
	if more, ok := peak(save); ok {
		b.ReportMetric(float64(more)/1024, "peak-MiB")
	}
}

// peak returns how much more memory, in KiB, the process has resident at most
// while f runs. Only Linux tells.
func peak(f func()) (more int, ok bool) {
	debug.FreeOSMemory()
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil { // forgets the peak so far
		return 0, false
	}
	before, ok := status("VmRSS:")
	if !ok {
		return 0, false
	}
	f()
	after, ok := status("VmHWM:")
	return after - before, ok
}

// status is a line of what Linux says of the process, in KiB.
func status(name string) (kib int, ok bool) {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) == 3 && string(fields[0]) == name {
			kib, err = strconv.Atoi(string(fields[1]))
			return kib, err == nil
		}
	}
	return 0, false
}
