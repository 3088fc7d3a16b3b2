package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// TestWaiting: a writer that waits for another process gives up when its
// context does, and readers do not wait.
func TestWaiting(t *testing.T) {
	s := populated(t)
	other, err := sql.Open("sqlite", dsn(s.path, "_txlock=immediate"))
	must(t, err)
	defer other.Close()
	tx, err := other.Begin()
	must(t, err)
	orders, err := newStore(t, s.path).Orders(t.Context(), ledger.OrderFilter{})
	must(t, err)
	if len(orders) != 6 {
		t.Errorf("got %d orders beside a writer, want 6", len(orders))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	hold := ledger.Hold{Key: "c1", Fence: 1}
	if err := s.Settle(ctx, hold, "INV", note(60, "")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want context.DeadlineExceeded", err)
	}
	must(t, tx.Rollback())
	must(t, s.Settle(t.Context(), hold, "INV", note(60, "")))
}

// TestItemsLost: an order that has lost an item is never given out.
func TestItemsLost(t *testing.T) {
	s := populated(t)
	db, err := sql.Open("sqlite", filepath.ToSlash(s.path))
	must(t, err)
	_, err = db.Exec(`DROP TRIGGER items_delete; DELETE FROM items WHERE order_id = 1 AND position = 0`)
	must(t, errors.Join(err, db.Close()))
	_, err = s.Order(t.Context(), "c1")
	if err == nil || !strings.Contains(err.Error(), "order c1 has 1 of its 2 items: restore the store from a backup") {
		t.Errorf("got error %v", err)
	}
}

// TestNothingDangles: all that rows refer to is there, also what is no foreign
// key because there are so many.
func TestNothingDangles(t *testing.T) {
	s := populated(t)
	p, err := s.open(t.Context())
	must(t, err)
	for what, query := range map[string]string{
		"foreign keys": `SELECT "table" FROM pragma_foreign_key_check`,
		"folds":        `SELECT hour FROM entries e WHERE NOT EXISTS (SELECT 1 FROM folds f WHERE f.series_id = e.series_id AND f.hour = e.hour)`,
		"kinds":        `SELECT kind_id FROM entries WHERE kind_id NOT IN (SELECT id FROM kinds)`,
	} {
		if rows := column(t, p.read, query); len(rows) > 0 {
			t.Errorf("%s: %v", what, rows)
		}
	}
}

// TestVoidPruned: a pruned order stays as it is, and so does what is left of
// its usage; what comes late is pending as ever.
func TestVoidPruned(t *testing.T) {
	s := populated(t)
	vm3 := ledger.Series{Source: "object", Meter: "instance", Resource: "vm-3"}
	must(t, s.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: vm3, Folds: []ledger.Fold{entryFold(vm3, 3, "umbrella", "7")}}}}))
	changed := entryFold(vm2, 3, "umbrella", "61")
	changed.Digest = "others"
	err := s.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: vm2, Folds: []ledger.Fold{changed}}}})
	if pruned, ok := errors.AsType[*ledger.PrunedError](err); !ok || pruned.Series != vm2 || pruned.Window != hours(3, 4) {
		t.Errorf("other samples of a pruned window: got error %v, want a *PrunedError", err)
	}
	before := contents(t, s)
	err = s.Void(t.Context(), "d0", note(60, "credited"))
	if want := s.path + ": order d0 was pruned: its usage is no longer there to be billed again"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if contents(t, s) != before {
		t.Error("the store was changed")
	}
	sum := decimal.Zero
	for e, err := range s.Entries(t.Context(), ledger.EntryFilter{Tenant: "umbrella", Within: hours(0, 10)}) {
		must(t, err)
		sum = sum.Add(e.Volume.Volume)
	}
	if sum.String() != "600" { // 10 * 60, and the 7 are pending
		t.Errorf("umbrella's block comes to %s, want 600", sum)
	}
}

// TestStopped: whenever a read is stopped, its error is the context's.
func TestStopped(t *testing.T) {
	s := newStore(t, filepath.Join(t.TempDir(), "a.db"))
	series := ledger.SeriesFolds{Series: ledger.Series{Source: "object", Meter: "instance", Resource: "r"}}
	for h := range 2000 {
		start := time.Date(2025, 6, 1, h, 0, 0, 0, time.UTC)
		w := usage.Span{Start: start, End: start.Add(usage.WindowLength)}
		series.Folds = append(series.Folds, ledger.Fold{Window: w, Samples: 1, Digest: "d", Entries: []usage.Entry{{
			Source: "object", Meter: "instance", Resource: "r", Window: w,
			Volume: usage.Volume{Tenant: "t", Datacenter: "wlg", Service: "c1", Volume: decimal.NewFromInt(3600), Unit: "second", Samples: 1},
		}}})
	}
	must(t, s.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{series}}))
	whole := 0
	for i := 0; whole < 3 && i < 2000; i++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		folds, err := s.Folds(ctx, series.Series, time.Time{})
		cancel()
		switch {
		case err == nil && len(folds) == len(series.Folds):
			whole++
		case !errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("%d folds, error %v, want context.DeadlineExceeded", len(folds), err)
		}
	}
}
