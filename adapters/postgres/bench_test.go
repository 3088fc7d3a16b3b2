package postgres

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"

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

// size is how many bytes the tables and indexes of a ledger take.
func size(b *testing.B, s *Store) (bytes int64) {
	b.Helper()
	pool, err := s.db.open(b.Context())
	must(b, err)
	must(b, pool.QueryRow(`SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relnamespace = 'artifice'::regnamespace AND relkind = 'r'`).Scan(&bytes))
	return bytes
}

// BenchmarkRecord records new usage, a day of 400 resources in a transaction.
func BenchmarkRecord(b *testing.B) {
	s := newStore(b)
	before := size(b, s)
	const resources = 400
	day := 0
	for b.Loop() {
		must(b, s.Record(b.Context(), benchBatch(day, resources)))
		day++
	}
	entries := day * resources * 24
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(size(b, s)-before)/float64(entries), "bytes/entry")
}

// BenchmarkRecordAgain records what is there already.
func BenchmarkRecordAgain(b *testing.B) {
	s := newStore(b)
	batch := benchBatch(0, 400)
	for b.Loop() {
		must(b, s.Record(b.Context(), batch))
	}
	b.ReportMetric(float64(b.N)*400*24/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkEntries reads a day of one tenant among ten days of ten tenants.
func BenchmarkEntries(b *testing.B) {
	s := newStore(b)
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

// BenchmarkBill claims and settles orders of ten items, each of another tenant,
// by so many workers at once.
func BenchmarkBill(b *testing.B) {
	for _, workers := range []int{1, 4, 16} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
			s := newStore(b)
			_, err := s.Marks(b.Context())
			must(b, err)
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range workers {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						hold, err := claim(b.Context(), s, newOrder(fmt.Sprintf("%08x", n), fmt.Sprintf("%032x", n), hours(0, 24), 10), lease)
						if err == nil {
							err = s.Settle(b.Context(), hold, "INV", note)
						}
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}

// BenchmarkRecordChanged records a day again, with other samples each time.
func BenchmarkRecordChanged(b *testing.B) {
	s := newStore(b)
	n := 0
	for b.Loop() {
		batch := benchBatch(0, 400)
		for i := range batch.Series {
			for j := range batch.Series[i].Folds {
				f := &batch.Series[i].Folds[j]
				f.Digest = fmt.Sprintf("%064x", n)
				f.Entries[0].Volume.Volume = f.Entries[0].Volume.Volume.Add(decimal.NewFromInt(int64(n)))
			}
		}
		must(b, s.Record(b.Context(), batch))
		n++
	}
	b.ReportMetric(float64(n)*400*24/b.Elapsed().Seconds(), "entries/s")
}
