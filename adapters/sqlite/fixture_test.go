package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/sqlledger"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

var (
	vm1 = ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}
	vm2 = ledger.Series{Source: "object", Meter: "instance", Resource: "vm-2"}
)

// populated is a store in a new file with some of everything.
func populated(t testing.TB) *Store {
	t.Helper()
	s := newStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	populate(t, s)
	return s
}

// populate fills a store. The orders 1 to 5 are acme's, and their blocks the
// hours 0-10, 10-20 and so on: c1 is claimed, and 5e settled; 1d is in doubt,
// and carries what came late for hour 15; 9a is parked before its claim; b0 is
// void. Order 6, d0, is umbrella's, and settled; what it billed in the hours
// 0-10 is pruned. For acme's hour 5, and for hour 15 once more, something late
// is pending.
func populate(t testing.TB, s *Store) {
	t.Helper()
	ctx := t.Context()
	s.Clock = func() time.Time { return hour(50) }
	populateAsBefore(t, s)
	late := func(n int, volume string) {
		t.Helper()
		must(t, s.Record(ctx, ledger.Batch{Series: []ledger.SeriesFolds{{Series: vm1, Folds: []ledger.Fold{entryFold(vm1, n, "acme", volume)}}}}))
	}
	late(15, "3700")
	must(t, claim(ctx, s, newOrder("1d", "acme", hours(20, 30), 0), pending(t, s)...))
	hold := ledger.Hold{Key: "1d", Fence: 1}
	must(t, s.Suspend(ctx, hold, ledger.InDoubt, note(50, "no answer")))
	must(t, s.Park(ctx, newOrder("9a", "acme", hours(30, 40), 0), note(50, "")))
	must(t, claim(ctx, s, newOrder("b0", "acme", hours(40, 45), 1)))
	must(t, s.Settle(ctx, ledger.Hold{Key: "b0", Fence: 1}, "INV-2", note(50, "")))
	must(t, s.Void(ctx, "b0", note(51, "credited")))
	late(5, "4000")
	late(15, "3650")

	folds := ledger.SeriesFolds{Series: vm2}
	for n := range 11 {
		fold := entryFold(vm2, n, "umbrella", "60")
		fold.Gaps = []usage.Gap{{Tenant: "umbrella", From: hour(n), To: hour(n).Add(1)}}
		folds.Folds = append(folds.Folds, fold)
	}
	must(t, s.Record(ctx, ledger.Batch{Series: []ledger.SeriesFolds{folds}, Tenants: []usage.Tenant{{ID: "umbrella", Name: "Umbrella"}},
		Bookmarks: []ledger.Bookmark{{Tenant: "umbrella", Source: "object", Text: "read up to hour 11"}}}))
	must(t, claim(ctx, s, newOrder("d0", "umbrella", hours(0, 10), 1)))
	must(t, s.Settle(ctx, ledger.Hold{Key: "d0", Fence: 1}, "INV-3", note(50, "")))
	pruned, err := s.Prune(ctx, hour(10))
	must(t, err)
	if want := (ledger.Pruned{Orders: 1, Entries: 10}); pruned != want {
		t.Fatalf("pruned %+v, want %+v", pruned, want)
	}
}

// populateAsBefore writes what there could be in version 1.
func populateAsBefore(t testing.TB, s *Store) {
	t.Helper()
	ctx := t.Context()
	folds := ledger.SeriesFolds{Series: vm1}
	for n := range 50 {
		folds.Folds = append(folds.Folds, entryFold(vm1, n, "acme", "3600"))
	}
	b := ledger.Batch{Series: []ledger.SeriesFolds{folds}, Marks: []ledger.Mark{{Tenant: "acme", Source: "object", From: hour(0), Through: hour(50)}},
		Meters:    []ledger.MeterMark{{Source: "object", Meter: "instance", Through: hour(50)}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance", Info: map[string]string{"name": "web"}, Seen: hour(49)}}}
	must(t, s.Record(ctx, b))
	must(t, claim(ctx, s, newOrder("c1", "acme", hours(0, 10), 2)))
	must(t, claim(ctx, s, newOrder("5e", "acme", hours(10, 20), 2)))
	must(t, s.Settle(ctx, ledger.Hold{Key: "5e", Fence: 1}, "INV-1", note(50, "")))
}

func note(n int, reason string) ledger.Note {
	return ledger.Note{At: hour(n), By: "host", Reason: reason}
}

// claim claims an order as it would be drafted now, under a lease that has
// ended.
func claim(ctx context.Context, s *Store, o ledger.Order, carries ...ledger.Adjustment) error {
	revision, err := s.Revision(ctx, o.Tenant.ID)
	if err != nil {
		return err
	}
	_, err = s.Claim(ctx, ledger.Claim{Order: o, Revision: revision, Carries: carries, Lease: ledger.Lease{Holder: "host"}, Note: note(49, "")})
	return err
}

// pending is the late usage that no order carries.
func pending(t testing.TB, s *Store) []ledger.Adjustment {
	t.Helper()
	var all []ledger.Adjustment
	for a, err := range s.Adjustments(t.Context(), ledger.AdjustmentFilter{Pending: true}) {
		must(t, err)
		all = append(all, a)
	}
	return all
}

// contents is all that the tables of a store hold.
func contents(t *testing.T, s *Store) string {
	t.Helper()
	p, err := s.open(t.Context())
	must(t, err)
	return dump(t, p.read)
}

// dump is what the tables hold, but for the tables of SQLite and goose.
func dump(t testing.TB, db *sql.DB) string {
	t.Helper()
	var b strings.Builder
	for _, table := range column(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`) {
		columns := column(t, db, `SELECT name FROM pragma_table_info('`+table+`')`)
		b.WriteString(table + "\n")
		for _, row := range column(t, db, `SELECT quote(`+strings.Join(columns, `)||' '||quote(`)+`) FROM `+table+` ORDER BY 1`) {
			b.WriteString(row + "\n")
		}
	}
	return b.String()
}

// column returns the texts that a query gives.
func column(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	must(t, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		must(t, rows.Scan(&text))
		all = append(all, text)
	}
	must(t, rows.Err())
	return all
}

// write runs a statement in a transaction of the store's, as its own code
// does.
func write(t *testing.T, s *Store, statement string) error {
	t.Helper()
	return database{s}.Transact(t.Context(), false, func(c sqlledger.Conn) error {
		_, err := c.Tx.ExecContext(t.Context(), statement)
		return err
	})
}
