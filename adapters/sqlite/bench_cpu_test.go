//go:build unix

package sqlite

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// BenchmarkRecordFresh records a day of 7,000 resources in a new file, in
// transactions of 5,000 windows: 168,000 folds with digests and states as real
// ones have them, of which every eighth has two entries. It tells the time of
// all processors, not that of the clock.
func BenchmarkRecordFresh(b *testing.B) {
	const resources, atOnce = 7000, 5000 / 24
	var batches []ledger.Batch
	entries := 0
	for r := range resources {
		if r%atOnce == 0 {
			batches = append(batches, ledger.Batch{})
		}
		batch := &batches[len(batches)-1]
		series := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("%08x-0000-4000-8000-%012x", r, r)}
		folds := ledger.SeriesFolds{Series: series}
		for h := range 24 {
			fold := entryFold(series, 480_000+h, fmt.Sprintf("%032x", r%100), fmt.Sprint(3600-r%7))
			content := fmt.Appendf(nil, "%072d", r*24+h) // 6 samples
			fold.Digest = "AAAAAAAA:" + base64.RawURLEncoding.EncodeToString(content)
			fold.State = usage.State{Until: fold.Window.End.Add(59 * time.Minute), Data: fmt.Sprintf(
				`{"dc":"wlg","data":{"since":%q,"state":"active","flavor":"c1.small","tenant":"%032x","datacenter":"wlg"}}`, fold.Window.End.Add(-time.Minute).Format(time.RFC3339Nano), r%100)}
			if h%8 == 0 {
				fold.Entries = append(fold.Entries, fold.Entries[0])
				fold.Entries[1].Service = "c1.large"
			}
			entries += len(fold.Entries)
			folds.Folds = append(folds.Folds, fold)
		}
		batch.Series = append(batch.Series, folds)
	}
	var spent time.Duration
	for b.Loop() {
		s := newStore(b, filepath.Join(b.TempDir(), "ledger.db"))
		before := processorTime(b)
		for _, batch := range batches {
			must(b, s.Record(b.Context(), batch))
		}
		must(b, s.Close())
		spent += processorTime(b) - before
	}
	b.ReportMetric(spent.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(entries), "entries")
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
