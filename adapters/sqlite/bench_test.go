package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
)

// benchBatch is a day of many resources, of ten tenants.
func benchBatch(day, resources int) ledger.Batch {
	var b ledger.Batch
	for r := range resources {
		series := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("%08x-0000-4000-8000-%012x", r, r)}
		folds := ledger.SeriesFolds{Series: series}
		for h := range 24 {
			folds.Folds = append(folds.Folds, entryFold(series, 480_000+day*24+h, fmt.Sprintf("%032x", r%10), fmt.Sprint(3600-r%7)))
		}
		b.Series = append(b.Series, folds)
	}
	return b
}

// BenchmarkRecord records new usage, a day of 400 resources in a transaction.
func BenchmarkRecord(b *testing.B) {
	s := newStore(b, filepath.Join(b.TempDir(), "ledger.db"))
	const resources = 400
	day := 0
	for b.Loop() {
		must(b, s.Record(b.Context(), benchBatch(day, resources)))
		day++
	}
	entries := day * resources * 24
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
	must(b, s.Close())
	info, err := os.Stat(s.path)
	must(b, err)
	b.ReportMetric(float64(info.Size())/float64(entries), "bytes/entry")
}

// BenchmarkRecordAgain records what is there already.
func BenchmarkRecordAgain(b *testing.B) {
	s := newStore(b, filepath.Join(b.TempDir(), "ledger.db"))
	batch := benchBatch(0, 400)
	for b.Loop() {
		must(b, s.Record(b.Context(), batch))
	}
	b.ReportMetric(float64(b.N)*400*24/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkEntries reads a day of one tenant among ten days of ten tenants.
func BenchmarkEntries(b *testing.B) {
	s := newStore(b, filepath.Join(b.TempDir(), "ledger.db"))
	for day := range 10 {
		must(b, s.Record(b.Context(), benchBatch(day, 400)))
	}
	n := 0
	for b.Loop() {
		n = 0
		for _, err := range s.Entries(b.Context(), ledger.EntryFilter{Tenant: fmt.Sprintf("%032x", 3), Within: hours(480_024, 480_048)}) {
			must(b, err)
			n++
		}
	}
	if n != 40*24 {
		b.Fatalf("got %d entries, want %d", n, 40*24)
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkReaching asks for the 400 series that reach on, of 42,000 with a
// million folds.
func BenchmarkReaching(b *testing.B) {
	s := newStore(b, filepath.Join(b.TempDir(), "ledger.db"))
	const generations = 105
	for g := range generations {
		batch := benchBatch(0, 400)
		for i := range batch.Series {
			series := &batch.Series[i]
			series.Resource = fmt.Sprintf("%d-%s", g, series.Resource)
			for j := range series.Folds {
				fold := &series.Folds[j]
				fold.Entries = nil
				if g < generations-1 {
					fold.State.Until = fold.Window.Start
				}
			}
		}
		must(b, s.Record(b.Context(), batch))
	}
	n := 0
	for b.Loop() {
		n = 0
		for _, err := range s.Reaching(b.Context(), "object") {
			must(b, err)
			n++
		}
	}
	if n != 400 {
		b.Fatalf("got %d series, want 400", n)
	}
}
