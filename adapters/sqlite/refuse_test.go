package sqlite

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
)

const (
	insertOrder = ` INTO orders (id, key, deployment, attempt, adapter, tenant_id, tenant_name, tenant_extra, begins, ends, zone,
		currency, digits, total, value_digits, rounding, items, status, reserves, reason, reference, fence, holder) SELECT `
	copyItem = ` INTO items (position, value, cost, amount, volume, earlier, adjusts_begins, adjusts_ends, meters, order_id, datacenter, name, unit, resource, description, measured, begun)
		SELECT `
	fromItem   = `, order_id, datacenter, name, unit, resource, description, measured, begun FROM items WHERE order_id = 2 AND position = 0`
	addHistory = ` INTO history (order_id, position, who, why, status, reference, holder) VALUES `
	h          = "3600000000000"
)

// refused are writes as another program would make them, one that knows
// nothing of the ledger, and what the database says to each.
var refused = []struct{ name, want, query string }{
	{"overlap", "artifice: overlap", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 9*` + h + `, 11*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"overlap by a nanosecond", "artifice: overlap", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 30*` + h + `-1, 31*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'settled', 1, '', '', 1, ''`},
	{"overlap, from around", "artifice: overlap", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', -1*` + h + `, 99*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'in doubt', 1, '', '', 1, ''`},
	{"overlap, or ignore", "artifice: overlap", `INSERT OR IGNORE` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 0, 1, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"a parked order comes to reserve", "artifice: order", `UPDATE orders SET reserves = 1 WHERE key = '9a'`},
	{"a block becomes longer", "artifice: order", `UPDATE orders SET ends = 11*` + h + ` WHERE key = 'c1'`},
	{"a block changes hands", "artifice: order", `UPDATE orders SET tenant_id = 2 WHERE key = 'c1'`},
	{"a claimed order's block becomes free", "artifice: order", `UPDATE orders SET status = 'void', reserves = 0 WHERE key = 'c1'`},
	{"a block in doubt becomes free", "artifice: order", `UPDATE orders SET status = 'void', reserves = 0 WHERE key = '1d'`},
	{"a parked order becomes void", "artifice: order", `UPDATE orders SET status = 'void' WHERE key = '9a'`},
	{"a void order reserves", "CHECK", `UPDATE orders SET status = 'void' WHERE key = '5e'`},
	{"a claimed order becomes parked and free", "artifice: order", `UPDATE orders SET status = 'parked', reserves = 0 WHERE key = '1d'`},
	{"a void order is claimed again", "artifice: order", `UPDATE orders SET status = 'claimed', reserves = 1 WHERE key = 'b0'`},
	{"a void order gets another reason", "artifice: order", `UPDATE orders SET reason = 'x' WHERE key = 'b0'`},
	{"a void order is parked", "artifice: order", `UPDATE orders SET status = 'parked' WHERE key = '1d'; UPDATE orders SET status = 'void', reserves = 0 WHERE key = '1d';
		UPDATE orders SET status = 'parked' WHERE key = '1d'`},
	{"a void order goes", "artifice: order", `DELETE FROM orders WHERE key = 'b0'`},
	{"a claimed order reserves nothing", "CHECK", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 0, '', '', 1, ''`},
	{"a parked order with items", "CHECK", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 1, 'parked', 0, '', '', 1, ''`},
	{"less than no items", "CHECK", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', -1, 'claimed', 1, '', '', 1, ''`},
	{"a block without time", "CHECK", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 90*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"an order without a key", "CHECK", `INSERT` + insertOrder + `9, '', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"a tenant that is described in a list", "CHECK", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '[]', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"a total that is no number", "CHECK", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, 'much', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"a state that is none", "CHECK", `UPDATE orders SET status = 'lost' WHERE key = 'c1'`},
	{"half a reservation", "CHECK", `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'parked', 2, '', '', 1, ''`},
	{"a total changes", "artifice: order", `UPDATE orders SET total = '1' WHERE key = 'c1'`},
	{"a rounding changes", "artifice: order", `UPDATE orders SET rounding = 'half-even' WHERE key = 'c1'`},
	{"a key changes", "artifice: order", `UPDATE OR REPLACE orders SET key = '5e' WHERE key = 'c1'`},
	{"a number changes", "artifice: order", `UPDATE OR REPLACE orders SET id = 2 WHERE key = 'c1'`},
	{"a claimed order goes", "artifice: order", `DELETE FROM orders WHERE key = 'c1'`},
	{"all orders go", "artifice: order", `DELETE FROM orders`},
	{"a claimed order is replaced", "artifice: order", `INSERT OR REPLACE` + insertOrder + `9, 'c1', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"a claimed order is replaced by number", "artifice: order", `INSERT OR REPLACE` + insertOrder + `1, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`},
	{"a second settlement", "artifice: settled", `UPDATE orders SET status = 'settled', reference = 'INV-2' WHERE key = '5e'`},
	{"the same settlement again", "artifice: settled", `UPDATE orders SET status = 'settled' WHERE key = '5e'`},
	{"a settled order is claimed again", "artifice: settled", `UPDATE orders SET status = 'claimed' WHERE key = '5e'`},
	{"a settled order's total", "artifice: settled", `UPDATE orders SET total = '1' WHERE key = '5e'`},
	{"a settled order's block", "artifice: settled", `UPDATE orders SET ends = ends + 1 WHERE key = '5e'`},
	{"a void order forgets its reference", "artifice: settled", `UPDATE orders SET status = 'void', reserves = 0, reference = '' WHERE key = '5e'`},
	{"a void order forgets its total", "artifice: order", `UPDATE orders SET status = 'void', reserves = 0, total = '1' WHERE key = '5e'`},
	{"a parked order is settled", "CHECK", `UPDATE orders SET status = 'settled' WHERE key = '9a'`},
	{"a settlement with an old fence", "artifice: fence", `UPDATE orders SET fence = 2 WHERE key = 'c1'; UPDATE orders SET status = 'settled', fence = 1 WHERE key = 'c1'`},
	{"an item changes", "artifice: items", `UPDATE items SET amount = '0' WHERE order_id = 1 AND position = 0`},
	{"an item of a settled order changes", "artifice: items", `UPDATE items SET description = 'x' WHERE order_id = 2`},
	{"an item goes", "artifice: items", `DELETE FROM items WHERE order_id = 1`},
	{"one more item", "artifice: items", `INSERT` + copyItem + `2, '1', '0', '0', '1', '0', NULL, NULL, '[]'` + fromItem},
	{"one more item, before", "artifice: items", `INSERT` + copyItem + `-1, '1', '0', '0', '1', '0', NULL, NULL, '[]'` + fromItem},
	{"an item is replaced", "artifice: items", `INSERT OR REPLACE` + copyItem + `1, '1', '0', '9', '1', '0', NULL, NULL, '[]'` + fromItem},
	{"an item of no order", "artifice: items", `INSERT` + copyItem + `0, '1', '0', '0', '1', '0', NULL, NULL, '[]', 77, datacenter, name, unit, resource, description, measured, begun FROM items WHERE order_id = 2 AND position = 0`},
	{"a value that is no number", "CHECK", newItem(`'x', '0', '0', '1', '0', NULL, NULL, '[]'`)},
	{"a cost that is no number", "CHECK", newItem(`'1', '', '0', '1', '0', NULL, NULL, '[]'`)},
	{"an amount that is no number", "CHECK", newItem(`'1', '0', '1e5', '1', '0', NULL, NULL, '[]'`)},
	{"an item's volume that is no number", "CHECK", newItem(`'1', '0', '0', 'x', '0', NULL, NULL, '[]'`)},
	{"an earlier volume that is no number", "CHECK", newItem(`'1', '0', '0', '1', 'x', NULL, NULL, '[]'`)},
	{"half an adjusted block", "CHECK", newItem(`'1', '0', '0', '1', '0', 1, NULL, '[]'`)},
	{"an adjusted block without time", "CHECK", newItem(`'1', '0', '0', '1', '0', 1, 1, '[]'`)},
	{"meters that are no list", "CHECK", newItem(`'1', '0', '0', '1', '0', NULL, NULL, '{}'`)},
	{"a change of history", "artifice: history", `UPDATE history SET who = 'nobody' WHERE order_id = 2`},
	{"history goes", "artifice: history", `DELETE FROM history WHERE order_id = 2`},
	{"history of a parked order goes", "artifice: history", `DELETE FROM history WHERE order_id = 4`},
	{"history is written again", "artifice: history", `INSERT OR REPLACE` + addHistory + `(2, 0, '', '', 'claimed', '', '')`},
	{"history is left out", "artifice: history", `INSERT` + addHistory + `(2, 3, '', '', 'claimed', '', '')`},
	{"history of no order", "artifice: history", `INSERT` + addHistory + `(77, 0, '', '', 'claimed', '', '')`},
	{"history of no state", "CHECK", `INSERT` + addHistory + `(2, 2, '', '', 'lost', '', '')`},
	{"an entry is added", "artifice: frozen", `INSERT INTO entries VALUES (1, 5, 1, 99, '1', 1)`},
	{"an entry is added in the first hour", "artifice: frozen", `INSERT INTO entries VALUES (1, 0, 1, 99, '1', 1)`},
	{"an entry is added in the last hour", "artifice: frozen", `INSERT INTO entries VALUES (1, 29, 1, 99, '1', 1)`},
	{"an entry is added to what is pruned", "artifice: frozen", `INSERT INTO entries VALUES (3, 5, 2, 1, '1', 1)`},
	{"an entry changes", "artifice: frozen", `UPDATE entries SET volume = '1' WHERE tenant_id = 1 AND hour = 15`},
	{"an entry is replaced", "artifice: frozen", `INSERT OR REPLACE INTO entries VALUES (1, 5, 1, 1, '1', 1)`},
	{"an entry goes", "artifice: frozen", `DELETE FROM entries WHERE tenant_id = 1 AND hour = 9`},
	{"an entry of a settled block goes", "artifice: frozen", `DELETE FROM entries WHERE tenant_id = 1 AND hour = 15`},
	{"an entry of the last block goes", "artifice: frozen", `DELETE FROM entries WHERE hour = 29`},
	{"an entry goes with a sum of another kind", "artifice: frozen", `INSERT INTO sums VALUES (2, 1, 9, '0', 0, 0); DELETE FROM entries WHERE tenant_id = 1 AND hour = 15`},
	{"an entry goes with a sum of another block", "artifice: frozen", `INSERT INTO sums VALUES (2, 1, 1, '0', 0, 0); DELETE FROM entries WHERE tenant_id = 1 AND hour = 5`},
	{"an entry moves out", "artifice: frozen", `UPDATE entries SET hour = 99 WHERE tenant_id = 1 AND hour = 5`},
	{"an entry moves in", "artifice: frozen", `UPDATE entries SET hour = 5, kind_id = 99 WHERE hour = 45`},
	{"an entry changes hands", "artifice: frozen", `UPDATE entries SET tenant_id = 2 WHERE tenant_id = 1 AND hour = 5`},
	{"an entry off the hour", "cannot store REAL", `INSERT INTO entries VALUES (1, 60.5, 1, 1, '1', 1)`},
	{"an entry at no time", "NOT NULL", `INSERT INTO entries VALUES (1, NULL, 1, 1, '1', 1)`},
	{"an entry twice", "UNIQUE", `INSERT INTO entries VALUES (1, 45, 1, 1, '1', 1)`},
	{"an entry's volume is no number", "CHECK", `INSERT INTO entries VALUES (1, 60, 1, 1, 'many', 1)`},
	{"an entry's volume has an exponent", "CHECK", `INSERT INTO entries VALUES (1, 60, 1, 1, '1e5', 1)`},
	{"an entry's volume is empty", "CHECK", `INSERT INTO entries VALUES (1, 60, 1, 1, '', 1)`},
	{"a carried adjustment changes", "artifice: carried", `UPDATE adjustments SET volume = '1' WHERE order_id = 3`},
	{"a carried adjustment is pending again", "artifice: carried", `UPDATE adjustments SET order_id = NULL WHERE order_id = 3`},
	{"a carried adjustment changes its carrier", "artifice: carried", `UPDATE adjustments SET order_id = 1 WHERE order_id = 3`},
	{"a carried adjustment goes", "artifice: carried", `DELETE FROM adjustments WHERE order_id = 3`},
	{"all adjustments go", "artifice: carried", `DELETE FROM adjustments`},
	{"a carried adjustment is replaced", "artifice: carried", `INSERT OR REPLACE INTO adjustments VALUES (1, 15, 1, 1, 3, '1', 1)`},
	{"a pending adjustment is replaced", "artifice: carried", `INSERT OR REPLACE INTO adjustments VALUES (1, 5, 1, 1, NULL, '1', 1)`},
	{"an adjustment is replaced by number", "artifice: carried", `INSERT OR REPLACE INTO adjustments (rowid, tenant_id, hour, series_id, kind_id, order_id, volume, samples) VALUES (1, 1, 7, 1, 1, NULL, '1', 1)`},
	{"an adjustment moves", "artifice: carried", `UPDATE adjustments SET hour = 6 WHERE order_id IS NULL AND hour = 5`},
	{"an adjustment is carried by nobody", "artifice: carried", `UPDATE adjustments SET order_id = 77 WHERE order_id IS NULL AND hour = 5`},
	{"an adjustment is carried by a parked order", "artifice: carried", `UPDATE adjustments SET order_id = 4 WHERE order_id IS NULL AND hour = 5`},
	{"an adjustment is carried by a void order", "artifice: carried", `INSERT INTO adjustments VALUES (1, 6, 1, 1, 5, '1', 1)`},
	{"an adjustment is carried by another's order", "artifice: carried", `UPDATE adjustments SET order_id = 6 WHERE order_id IS NULL AND hour = 5`},
	{"an adjustment changes as it is carried", "artifice: carried", `UPDATE adjustments SET order_id = 1, volume = '1' WHERE order_id IS NULL AND hour = 5`},
	{"an adjustment is written as another's order carries it", "artifice: carried", `INSERT INTO adjustments VALUES (1, 6, 1, 1, 6, '1', 1)`},
	{"an adjustment of what is not billed", "artifice: pending", `INSERT INTO adjustments VALUES (1, 45, 1, 1, NULL, '1', 1)`},
	{"an adjustment of what is billed to another", "artifice: pending", `INSERT INTO adjustments VALUES (2, 25, 1, 1, NULL, '1', 1)`},
	{"an adjustment is pending in what is free", "artifice: pending", `UPDATE orders SET status = 'parked' WHERE key = 'c1'; UPDATE orders SET status = 'void', reserves = 0 WHERE key = 'c1';
		UPDATE adjustments SET volume = '7' WHERE order_id IS NULL AND hour = 5`},
	{"an adjustment off the hour", "cannot store REAL", `INSERT INTO adjustments VALUES (1, 5.5, 1, 1, NULL, '1', 1)`},
	{"an adjustment of nothing", "CHECK", `INSERT INTO adjustments VALUES (1, 6, 1, 1, NULL, '0.0', 1)`},
	{"an adjustment that is no number", "CHECK", `INSERT INTO adjustments VALUES (1, 6, 1, 1, NULL, '1e5', 1)`},
	{"two adjustments are pending for one entry", "UNIQUE", `UPDATE orders SET status = 'parked' WHERE key = '1d'; UPDATE orders SET status = 'void', reserves = 0 WHERE key = '1d';
		UPDATE adjustments SET order_id = NULL WHERE order_id = 3`},
	{"an order carries two adjustments of one entry", "UNIQUE", `UPDATE adjustments SET order_id = 3 WHERE order_id IS NULL AND hour = 15`},
	{"a sum of what is not settled", "artifice: sums", `INSERT INTO sums VALUES (1, 1, 1, '1', 1, 1)`},
	{"a sum of what is void", "artifice: sums", `INSERT INTO sums VALUES (5, 1, 1, '1', 1, 1)`},
	{"a pruned order becomes void", "artifice: order", `UPDATE orders SET status = 'void', reserves = 0 WHERE key = 'd0'`},
	{"a sum of no order", "artifice: sums", `INSERT INTO sums VALUES (77, 1, 1, '1', 1, 1)`},
	{"a sum is replaced", "artifice: sums", `INSERT OR REPLACE INTO sums VALUES (6, 2, 1, '1', 1, 1)`},
	{"a sum changes", "artifice: sums", `UPDATE sums SET volume = '1'`},
	{"a sum goes", "artifice: sums", `DELETE FROM sums`},
	{"a sum that is no number", "CHECK", `INSERT INTO sums VALUES (2, 1, 1, 'x', 1, 1)`},
	{"a pruned window is as if it were not", "artifice: pruned", `UPDATE folds SET pruned = 0 WHERE series_id = 2`},
	{"a pruned window gets another digest", "artifice: pruned", `UPDATE folds SET digest = x'00' WHERE series_id = 2`},
	{"a window moves", "artifice: pruned", `UPDATE folds SET hour = 99 WHERE series_id = 1 AND hour = 49`},
	{"a window goes", "artifice: pruned", `DELETE FROM folds WHERE series_id = 1 AND hour = 49`},
	{"a window beyond all clocks", "CHECK", `INSERT INTO folds VALUES (1, 2562047, 1, x'00', '', NULL, 0)`},
	{"a window that is half pruned", "CHECK", `INSERT INTO folds VALUES (1, 99, 1, x'00', '', NULL, 2)`},
	{"a gap that ends before it begins", "CHECK", `INSERT INTO gaps VALUES (1, 1, 1, 2, 1)`},
	{"a mark of a meter off the hour", "CHECK", `UPDATE meters SET through = through + 1`},
	{"a mark off the hour", "CHECK", `UPDATE marks SET through = through + 1`},
	{"a mark from off the hour", "CHECK", `UPDATE marks SET since = since + 1`},
	{"a mark that ends before it begins", "CHECK", `UPDATE marks SET since = through + ` + h},
	{"a bookmark that says nothing", "CHECK", `UPDATE bookmarks SET text = ''`},
	{"a tenant is renamed", "artifice: name", `UPDATE tenants SET tenant = 'initech' WHERE id = 1`},
	{"a tenant's revision goes back", "artifice: name", `UPDATE tenants SET revision = 0 WHERE id = 1`},
	{"a tenant is replaced", "artifice: name", `INSERT OR REPLACE INTO tenants VALUES (1, 'initech', 9)`},
	{"a tenant goes", "artifice: name", `DELETE FROM tenants`},
	{"a tenant who is described in a list", "CHECK", `UPDATE tenant_texts SET extra = '[]'`},
	{"a resource that is described in a list", "CHECK", `UPDATE resources SET info = '[]'`},
	{"a series is renamed", "artifice: name", `UPDATE series SET meter = 'cpu'`},
	{"a series is replaced", "artifice: name", `INSERT OR REPLACE INTO series VALUES (9, 'object', 'instance', 'vm-1')`},
	{"a series is replaced by number", "artifice: name", `INSERT OR REPLACE INTO series VALUES (1, 'object', 'instance', 'vm-9')`},
	{"a series goes", "artifice: name", `DELETE FROM series`},
	{"a kind is renamed", "artifice: name", `UPDATE kinds SET unit = 'hour'`},
	{"a kind is replaced", "artifice: name", `INSERT OR REPLACE INTO kinds VALUES (1, 'akl', 'c1.small', 'second')`},
	{"a kind goes", "artifice: name", `DELETE FROM kinds`},
	{"an owner changes", "artifice: name", `UPDATE owners SET tenant_id = 9`},
	{"an owner goes", "artifice: name", `DELETE FROM owners`},
}

// newItem is the claim of an order of one item, which begins with these.
func newItem(values string) string {
	return `INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 90*` + h + `, 91*` + h + `, 'UTC', '', 2, '0', 6, '', 1, 'claimed', 1, '', '', 1, '';
		INSERT` + copyItem + `0, ` + values + `, 9, datacenter, name, unit, resource, description, measured, begun FROM items WHERE order_id = 2 AND position = 0`
}

// TestDatabaseRefuses writes past the program, and does not even ask SQLite to
// enforce foreign keys.
func TestDatabaseRefuses(t *testing.T) {
	s := populated(t)
	db, err := sql.Open("sqlite", "file:"+s.path+"?_foreign_keys=0")
	must(t, err)
	defer db.Close()
	before := dump(t, db)
	for _, test := range refused {
		err := attempt(t, db, test.query)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", test.name, err, test.want)
		}
	}
	if after := dump(t, db); after != before {
		t.Fatalf("the database changed from\n%s\nto\n%s", before, after)
	}
	// What may be written is written by the same means.
	for _, query := range []string{
		`INSERT` + insertOrder + `9, 'ff', '', 1, '', 1, '', '{}', 30*` + h + `, 40*` + h + `, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`,
		`UPDATE orders SET status = 'settled', reference = 'INV-3' WHERE key = '1d'`,
		`UPDATE orders SET status = 'parked', reason = 'x', fence = 2 WHERE key = 'c1'`,
		`UPDATE orders SET status = 'void', reserves = 0 WHERE key IN ('c1', '5e')`,
		`DELETE FROM orders WHERE key = '9a'; DELETE FROM history WHERE order_id = 4`,
		`INSERT` + addHistory + `(2, 2, '', '', 'void', '', '')`,
		`UPDATE entries SET volume = '1.5' WHERE tenant_id = 1 AND hour = 45`,
		`DELETE FROM entries WHERE tenant_id = 1 AND hour = 41`,
		`DELETE FROM adjustments WHERE order_id IS NULL`,
	} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// attempt writes, and takes it back.
func attempt(t *testing.T, db *sql.DB, query string) error {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	_, err = tx.ExecContext(t.Context(), query)
	must(t, tx.Rollback())
	return err
}

// TestLastDefence sees what the triggers say become the contract's errors,
// where the code did not look first.
func TestLastDefence(t *testing.T) {
	s := populated(t)
	err := write(t, s, `INSERT`+insertOrder+`9, 'ff', '', 1, '', 1, '', '{}', 9*`+h+`, 11*`+h+`, 'UTC', '', 2, '0', 6, '', 0, 'claimed', 1, '', '', 1, ''`)
	if _, ok := errors.AsType[*ledger.OverlapError](err); !ok {
		t.Errorf("got error %v, want an *OverlapError", err)
	}
	for want, statement := range map[error]string{
		ledger.ErrStale:      `DELETE FROM entries WHERE hour = 5`,
		ledger.ErrNotClaimed: `UPDATE orders SET reference = 'x' WHERE key = '5e'`,
		ledger.ErrLost:       `UPDATE orders SET fence = 0 WHERE key = 'c1'`,
	} {
		if err := write(t, s, statement); !errors.Is(err, want) {
			t.Errorf("%s: got error %v, want %v", statement, err, want)
		}
	}
}
