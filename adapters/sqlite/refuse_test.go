package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// hour is the instant n hours after the beginning of 1970.
func hour(n int) time.Time { return time.Unix(int64(n)*3600, 0).UTC() }

func hours(first, last int) usage.Span { return usage.Span{Start: hour(first), End: hour(last)} }

// entryFold is a fold of one entry.
func entryFold(s ledger.Series, n int, tenant, volume string) ledger.Fold {
	w := hours(n, n+1)
	return ledger.Fold{Window: w, Samples: 6, Digest: strings.Repeat("0f", 32), State: usage.State{Data: `{"state":"active"}`, Until: w.End},
		Entries: []usage.Entry{{Source: s.Source, Meter: s.Meter, Resource: s.Resource, Window: w, Volume: usage.Volume{
			Tenant: tenant, Datacenter: "wlg", Service: "c1.small", Volume: decimal.RequireFromString(volume), Unit: "second", Samples: 6}}}}
}

func newOrder(key, tenant string, block usage.Span, items int) ledger.Order {
	o := ledger.Order{Order: invoice.Order{Key: key, Tenant: invoice.Tenant{ID: tenant}, Block: block, Currency: "NZD", Digits: 2}, Attempt: 1}
	for range items {
		o.Items = append(o.Items, invoice.Item{Datacenter: "wlg", Name: "c1.small", Value: decimal.NewFromInt(1), Unit: "hour"})
	}
	return o
}

// populated is a store in a new file, with usage and orders of each state.
// Order 1 (id 1) is claimed, 2 is settled, 3 in doubt; 4 is parked before its
// claim. They are acme's, and their blocks the hours 0-10, 10-20, 20-30 and 30-40.
func populated(t testing.TB) *Store {
	t.Helper()
	s := newStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	populate(t, s)
	return s
}

func populate(t testing.TB, s *Store) {
	t.Helper()
	vm := ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}
	folds := ledger.SeriesFolds{Series: vm}
	for n := range 50 {
		folds.Folds = append(folds.Folds, entryFold(vm, n, "acme", "3600"))
	}
	b := ledger.Batch{Series: []ledger.SeriesFolds{folds}, Marks: []ledger.Mark{{Tenant: "acme", Source: "object", Through: hour(50)}},
		Resources: []ledger.Resource{{Tenant: "acme", ID: "vm-1", Meter: "instance", Info: map[string]string{"name": "web"}, Seen: hour(49)}}}
	must(t, s.Record(t.Context(), b))
	must(t, s.Claim(t.Context(), newOrder("c1", "acme", hours(0, 10), 2)))
	must(t, s.Claim(t.Context(), newOrder("5e", "acme", hours(10, 20), 2)))
	must(t, s.Claim(t.Context(), newOrder("1d", "acme", hours(20, 30), 0)))
	must(t, s.Park(t.Context(), newOrder("9a", "acme", hours(30, 40), 0)))
	must(t, s.Settle(t.Context(), "5e", "INV-1", hour(50)))
	must(t, s.Suspend(t.Context(), "1d", ledger.InDoubt, "no answer", hour(50)))
}

// TestDatabaseRefuses writes as another program would, one that knows nothing
// of the ledger and does not even ask SQLite to enforce foreign keys.
func TestDatabaseRefuses(t *testing.T) {
	s := populated(t)
	db, err := sql.Open("sqlite", "file:"+s.path+"?_foreign_keys=0")
	must(t, err)
	defer db.Close()
	before := dump(t, db)
	const newOrder = ` INTO orders (id, key, deployment, attempt, adapter, tenant_id, tenant_name, tenant_extra, start, end, zone,
		currency, digits, total, items, status, reserves, reason, reference) SELECT `
	const h = "3600000000000"
	for _, test := range []struct{ name, want, query string }{
		{"overlap", "artifice: overlap", `INSERT` + newOrder + `9, 'ff', '', 1, '', 1, '', '{}', 9*` + h + `, 11*` + h + `, 'UTC', '', 2, '0', 0, 'claimed', 1, '', ''`},
		{"overlap by a nanosecond", "artifice: overlap", `INSERT` + newOrder + `9, 'ff', '', 1, '', 1, '', '{}', 30*` + h + `-1, 31*` + h + `, 'UTC', '', 2, '0', 0, 'settled', 1, '', ''`},
		{"overlap, from around", "artifice: overlap", `INSERT` + newOrder + `9, 'ff', '', 1, '', 1, '', '{}', -1*` + h + `, 99*` + h + `, 'UTC', '', 2, '0', 0, 'in doubt', 1, '', ''`},
		{"overlap, or ignore", "artifice: overlap", `INSERT OR IGNORE` + newOrder + `9, 'ff', '', 1, '', 1, '', '{}', 0, 1, 'UTC', '', 2, '0', 0, 'claimed', 1, '', ''`},
		{"a parked order comes to reserve", "artifice: order", `UPDATE orders SET reserves = 1 WHERE key = '9a'`},
		{"a block becomes longer", "artifice: order", `UPDATE orders SET end = 11*` + h + ` WHERE key = 'c1'`},
		{"a block changes hands", "artifice: order", `UPDATE orders SET tenant_id = 2 WHERE key = 'c1'`},
		{"a block becomes free", "artifice: order", `UPDATE orders SET status = 'void', reserves = 0 WHERE key = 'c1'`},
		{"a claimed order becomes parked and free", "artifice: order", `UPDATE orders SET status = 'parked', reserves = 0 WHERE key = '1d'`},
		{"a claimed order reserves nothing", "CHECK", `INSERT` + newOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 0, 'claimed', 0, '', ''`},
		{"a block without time", "CHECK", `INSERT` + newOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 90*` + h + `, 'UTC', '', 2, '0', 0, 'claimed', 1, '', ''`},
		{"a state that is none", "CHECK", `UPDATE orders SET status = 'lost' WHERE key = 'c1'`},
		{"a total changes", "artifice: order", `UPDATE orders SET total = '1' WHERE key = 'c1'`},
		{"a key changes", "artifice: order", `UPDATE OR REPLACE orders SET key = '5e' WHERE key = 'c1'`},
		{"a number changes", "artifice: order", `UPDATE OR REPLACE orders SET id = 2 WHERE key = 'c1'`},
		{"a claimed order goes", "artifice: order", `DELETE FROM orders WHERE key = 'c1'`},
		{"all orders go", "artifice: order", `DELETE FROM orders`},
		{"a claimed order is replaced", "artifice: order", `INSERT OR REPLACE` + newOrder + `9, 'c1', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 0, 'claimed', 1, '', ''`},
		{"a claimed order is replaced by number", "artifice: order", `INSERT OR REPLACE` + newOrder + `1, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 0, 'claimed', 1, '', ''`},
		{"a second settlement", "artifice: settled", `UPDATE orders SET status = 'settled', reference = 'INV-2' WHERE key = '5e'`},
		{"the same settlement again", "artifice: settled", `UPDATE orders SET status = 'settled' WHERE key = '5e'`},
		{"a settled order is claimed again", "artifice: settled", `UPDATE orders SET status = 'claimed' WHERE key = '5e'`},
		{"a settled order's total", "artifice: settled", `UPDATE orders SET total = '1' WHERE key = '5e'`},
		{"a settled order's block", "artifice: settled", `UPDATE orders SET end = end + 1 WHERE key = '5e'`},
		{"a parked order is settled", "artifice: settled", `UPDATE orders SET status = 'settled' WHERE key = '9a'`},
		{"an item changes", "artifice: items", `UPDATE items SET amount = '0' WHERE order_id = 1 AND position = 0`},
		{"an item of a settled order changes", "artifice: items", `UPDATE items SET description = 'x' WHERE order_id = 2`},
		{"an item goes", "artifice: items", `DELETE FROM items WHERE order_id = 1`},
		{"one more item", "artifice: items", `INSERT INTO items SELECT order_id, 2, datacenter, name, value, unit, resource, description, cost, amount, NULL, NULL FROM items WHERE order_id = 1 AND position = 0`},
		{"one more item, before", "artifice: items", `INSERT INTO items SELECT order_id, -1, datacenter, name, value, unit, resource, description, cost, amount, NULL, NULL FROM items WHERE order_id = 2 AND position = 0`},
		{"an item is replaced", "artifice: items", `INSERT OR REPLACE INTO items SELECT order_id, 1, datacenter, name, value, unit, resource, description, cost, '9', NULL, NULL FROM items WHERE order_id = 2 AND position = 0`},
		{"an item of no order", "artifice: items", `INSERT INTO items SELECT 77, 0, datacenter, name, value, unit, resource, description, cost, amount, NULL, NULL FROM items LIMIT 1`},
		{"an entry is added", "artifice: frozen", `INSERT INTO entries VALUES (1, 5, 1, 99, '1', 1)`},
		{"an entry is added in the first hour", "artifice: frozen", `INSERT INTO entries VALUES (1, 0, 1, 99, '1', 1)`},
		{"an entry is added in the last hour", "artifice: frozen", `INSERT INTO entries VALUES (1, 29, 1, 99, '1', 1)`},
		{"an entry changes", "artifice: frozen", `UPDATE entries SET volume = '1' WHERE tenant_id = 1 AND hour = 15`},
		{"an entry is replaced", "artifice: frozen", `INSERT OR REPLACE INTO entries VALUES (1, 5, 1, 1, '1', 1)`},
		{"an entry goes", "artifice: frozen", `DELETE FROM entries WHERE hour = 9`},
		{"an entry of a settled block goes", "artifice: frozen", `DELETE FROM entries WHERE hour = 15`},
		{"an entry of the last block goes", "artifice: frozen", `DELETE FROM entries WHERE hour = 29`},
		{"an entry moves out", "artifice: frozen", `UPDATE entries SET hour = 99 WHERE hour = 5`},
		{"an entry moves in", "artifice: frozen", `UPDATE entries SET hour = 5, kind_id = 99 WHERE hour = 45`},
		{"an entry changes hands", "artifice: frozen", `UPDATE entries SET tenant_id = 2 WHERE hour = 5`},
		{"an entry off the hour", "cannot store REAL", `INSERT INTO entries VALUES (1, 60.5, 1, 1, '1', 1)`},
		{"an entry at no time", "NOT NULL", `INSERT INTO entries VALUES (1, NULL, 1, 1, '1', 1)`},
		{"an entry twice", "UNIQUE", `INSERT INTO entries VALUES (1, 45, 1, 1, '1', 1)`},
		{"an entry's volume is no number", "CHECK", `INSERT INTO entries VALUES (1, 60, 1, 1, 'many', 1)`},
		{"an entry's volume has an exponent", "CHECK", `INSERT INTO entries VALUES (1, 60, 1, 1, '1e5', 1)`},
		{"an entry's volume is empty", "CHECK", `INSERT INTO entries VALUES (1, 60, 1, 1, '', 1)`},
		{"a window beyond all clocks", "CHECK", `INSERT INTO folds VALUES (1, 2562047, 1, '', '', NULL)`},
		{"a mark off the hour", "CHECK", `UPDATE marks SET through = through + 1`},
		{"a tenant is renamed", "artifice: name", `UPDATE tenants SET tenant = 'umbrella'`},
		{"a tenant is replaced", "artifice: name", `INSERT OR REPLACE INTO tenants VALUES (1, 'umbrella')`},
		{"a tenant goes", "artifice: name", `DELETE FROM tenants`},
		{"a series is renamed", "artifice: name", `UPDATE series SET meter = 'cpu'`},
		{"a series is replaced", "artifice: name", `INSERT OR REPLACE INTO series VALUES (9, 'object', 'instance', 'vm-1')`},
		{"a series goes", "artifice: name", `DELETE FROM series`},
		{"a kind is renamed", "artifice: name", `UPDATE kinds SET unit = 'hour'`},
		{"a kind is replaced", "artifice: name", `INSERT OR REPLACE INTO kinds VALUES (1, 'akl', 'c1.small', 'second')`},
		{"a kind goes", "artifice: name", `DELETE FROM kinds`},
	} {
		_, err := db.ExecContext(t.Context(), test.query)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", test.name, err, test.want)
		}
		if after := dump(t, db); after != before {
			t.Fatalf("%s: the database changed from\n%s\nto\n%s", test.name, before, after)
		}
	}
	// What may be written is written by the same means.
	for _, query := range []string{
		`INSERT` + newOrder + `9, 'ff', '', 1, '', 1, '', '{}', 30*` + h + `, 40*` + h + `, 'UTC', '', 2, '0', 0, 'claimed', 1, '', ''`,
		`UPDATE orders SET status = 'settled', reference = 'INV-3' WHERE key = '1d'`,
		`UPDATE orders SET status = 'parked', reason = 'x' WHERE key = 'c1'`,
		`DELETE FROM orders WHERE key = '9a'`,
		`UPDATE entries SET volume = '1.5' WHERE hour = 40`,
		`DELETE FROM entries WHERE hour = 41`,
	} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// dump is what the tables hold, but for the tables of SQLite and goose.
func dump(t testing.TB, db *sql.DB) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"tenants", "series", "kinds", "folds", "entries", "resources", "marks", "orders", "items"} {
		var text sql.NullString
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+table+` LIMIT 0`)
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		must(t, rows.Close())
		must(t, db.QueryRowContext(t.Context(), `SELECT group_concat(quote(`+strings.Join(columns, `)||' '||quote(`)+`), char(10)) FROM `+table).Scan(&text))
		b.WriteString(table + "\n" + text.String + "\n")
	}
	return b.String()
}

// TestLastDefence sees what the triggers say become the contract's errors,
// where the code did not look first.
func TestLastDefence(t *testing.T) {
	s := populated(t)
	write := func(query string) error {
		return s.update(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), query)
			return err
		})
	}
	err := s.update(t.Context(), func(tx *sql.Tx) error {
		w := newWriter(t.Context(), tx)
		o := newOrder("ff", "acme", hours(9, 11), 0)
		o.Status, o.Reserves = ledger.Claimed, true
		return insertOrder(&w, 1, o)
	})
	if _, ok := errors.AsType[*ledger.OverlapError](err); !ok {
		t.Errorf("got error %v, want an *OverlapError", err)
	}
	err = write(`DELETE FROM entries WHERE hour = 5`)
	if _, ok := errors.AsType[*ledger.FrozenError](err); !ok {
		t.Errorf("got error %v, want a *FrozenError", err)
	}
	err = write(`UPDATE orders SET reference = 'x' WHERE key = '5e'`)
	if !errors.Is(err, ledger.ErrNotClaimed) {
		t.Errorf("got error %v, want ErrNotClaimed", err)
	}
}
