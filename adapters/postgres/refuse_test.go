package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/internal/sqlledger"
	"github.com/openstack-artifice/artifice/ledger"
)

// stranger is a connection of another program, and of a superuser.
func stranger(t testing.TB, db pgtest.Database) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.Admin)
	must(t, err)
	t.Cleanup(func() { must(t, conn.Close(context.Background())) })
	_, err = conn.Exec(t.Context(), `SET search_path = artifice`)
	must(t, err)
	return conn
}

// sqlstate is the code of what the server refused, "" where it did not.
func sqlstate(err error) string {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failure.Code
	}
	return ""
}

// The columns of an order that the tests do not care about come last.
const addOrder = ` INSERT INTO orders (key, tenant_id, begins, ends, status, reserves, items, deployment, attempt, adapter, tenant_name, tenant_extra,
	zone, currency, digits, total, value_digits, rounding, reason, reference, fence, holder)
	SELECT %s, '', 1, '', '', '{}', 'UTC', '', 2, 0, 6, '', '', '', 1, ''`

// h is the length of a window.
const h = "3600000000000::bigint"

// SQLSTATEs.
const (
	overlaps   = "23P01"
	checked    = "23514"
	unique     = "23505"
	reference  = "23503"
	notNull    = "23502"
	notANumber = "22P02"
)

var refused = []struct{ name, want, query string }{
	{"overlap", overlaps, order(`'ff', 1, 9*%h, 11*%h, 'claimed', 1, 0`)},
	{"overlap by a nanosecond", overlaps, order(`'ff', 1, 30*%h-1, 31*%h, 'settled', 1, 0`)},
	{"overlap, from around", overlaps, order(`'ff', 1, -1*%h, 99*%h, 'in doubt', 1, 0`)},
	{"a parked order comes to reserve", "ARORD", `UPDATE orders SET reserves = 1 WHERE key = '9a'`},
	{"a block becomes longer", "ARORD", `UPDATE orders SET ends = ends + 1 WHERE key = '1d'`},
	{"a block changes hands", "ARORD", `UPDATE orders SET tenant_id = 2 WHERE key = 'c1'`},
	{"a claimed order becomes void", "ARORD", `UPDATE orders SET status = 'void', reserves = 0 WHERE key = 'c1'`},
	{"an order in doubt becomes void", "ARORD", `UPDATE orders SET status = 'void', reserves = 0 WHERE key = '1d'`},
	{"a parked order that reserves nothing becomes void", "ARORD", `UPDATE orders SET status = 'void' WHERE key = '9a'`},
	{"a claimed order becomes parked and free", "ARORD", `UPDATE orders SET status = 'parked', reserves = 0 WHERE key = '1d'`},
	{"a void order reserves", checked, order(`'ff', 1, 90*%h, 91*%h, 'void', 1, 0`)},
	{"a void order changes", "ARORD", `UPDATE orders SET reason = 'x' WHERE key = '0d'`},
	{"a void order is settled", "ARORD", `UPDATE orders SET status = 'settled', reserves = 1 WHERE key = '0d'`},
	{"a void order goes", "ARORD", `DELETE FROM orders WHERE key = '0d'`},
	{"a claimed order reserves nothing", checked, order(`'ff', 1, 90*%h, 91*%h, 'claimed', 0, 0`)},
	{"a parked order has items", checked, order(`'ff', 1, 90*%h, 91*%h, 'parked', 0, 1`)},
	{"a block without time", checked, order(`'ff', 1, 90*%h, 90*%h, 'claimed', 1, 0`)},
	{"a block that ends before it begins", checked, order(`'ff', 1, 91*%h, 90*%h, 'claimed', 1, 0`)},
	{"a state that is none", checked, `UPDATE orders SET status = 'lost' WHERE key = 'c1'`},
	{"no key", checked, order(`'', 1, 90*%h, 91*%h, 'claimed', 1, 0`)},
	{"no such tenant", reference, order(`'ff', 77, 90*%h, 91*%h, 'claimed', 1, 0`)},
	{"a total changes", "ARORD", `UPDATE orders SET total = 1 WHERE key = 'c1'`},
	{"a rounding changes", "ARORD", `UPDATE orders SET value_digits = 2 WHERE key = 'c1'`},
	{"a key changes", "ARORD", `UPDATE orders SET key = 'c2' WHERE key = 'c1'`},
	{"a number changes", "ARORD", `UPDATE orders SET id = 99 WHERE key = 'c1'`},
	{"a claimed order goes", "ARORD", `DELETE FROM orders WHERE key = 'c1'`},
	{"all orders go", "ARORD", `DELETE FROM orders`},
	{"all orders go at once", "ARORD", `TRUNCATE orders CASCADE`},
	{"a claimed order is there twice", unique, order(`'c1', 1, 90*%h, 91*%h, 'claimed', 1, 0`)},
	{"a second settlement", "ARSET", `UPDATE orders SET status = 'settled', reference = 'INV-2' WHERE key = '5e'`},
	{"the same settlement again", "ARSET", `UPDATE orders SET status = 'settled' WHERE key = '5e'`},
	{"a settled order is claimed again", "ARSET", `UPDATE orders SET status = 'claimed' WHERE key = '5e'`},
	{"a settled order's total", "ARSET", `UPDATE orders SET total = 1 WHERE key = '5e'`},
	{"a settled order becomes void with another reference", "ARSET", `UPDATE orders SET status = 'void', reserves = 0, reference = 'x' WHERE key = '5e'`},
	{"a settled order becomes void with another total", "ARORD", `UPDATE orders SET status = 'void', reserves = 0, total = 1 WHERE key = '5e'`},
	{"a settled order becomes void and reserves", checked, `UPDATE orders SET status = 'void' WHERE key = '5e'`},
	{"a parked order is settled", "ARSET", `UPDATE orders SET status = 'settled', reserves = 1 WHERE key = '9a'`},
	{"an old fence", "ARFEN", `UPDATE orders SET status = 'settled', fence = fence - 1 WHERE key = 'c1'`},

	{"an item changes", "ARITM", `UPDATE items SET amount = 0 WHERE order_id = 1 AND position = 0`},
	{"an item of a settled order changes", "ARITM", `UPDATE items SET description = 'x' WHERE order_id = 2`},
	{"an item goes", "ARITM", `DELETE FROM items WHERE order_id = 1`},
	{"all items go", "ARITM", `TRUNCATE items`},
	{"one more item", "ARITM", item(`1, 2`)},
	{"one more item, before", "ARITM", item(`2, -1`)},
	{"an item twice", unique, item(`2, 1`)},
	{"an item of no order", reference, item(`77, 0`)},
	{"half a span", checked, `INSERT INTO items (order_id, position, datacenter, name, value, unit, resource, description, cost, amount, volume, measured, meters, begun, earlier, adjusts_begins)
		SELECT 1, 7, datacenter, name, value, unit, resource, description, cost, amount, volume, measured, meters, begun, earlier, 1 FROM items LIMIT 1`},

	{"what happened changes", "ARHIS", `UPDATE history SET why = 'x' WHERE order_id = 1`},
	{"what happened goes", "ARHIS", `DELETE FROM history WHERE order_id = 4`},
	{"all that happened goes", "ARHIS", `TRUNCATE history`},
	{"what happened is left out", "ARHIS", `INSERT INTO history SELECT order_id, 9, at, who, why, status, reference, holder FROM history WHERE order_id = 1 LIMIT 1`},
	{"what happened is there twice", unique, `INSERT INTO history SELECT * FROM history WHERE order_id = 1 LIMIT 1`},

	{"an entry is added", "ARFRZ", `INSERT INTO kinds VALUES (99, '', '', ''); INSERT INTO entries VALUES (1, 5, 1, 99, 1, 1)`},
	{"an entry is added in the first hour", "ARFRZ", `INSERT INTO kinds VALUES (99, '', '', ''); INSERT INTO entries VALUES (1, 0, 1, 99, 1, 1)`},
	{"an entry is added in the last hour", "ARFRZ", `INSERT INTO kinds VALUES (99, '', '', ''); INSERT INTO entries VALUES (1, 49, 1, 99, 1, 1), (1, 29, 1, 99, 1, 1)`},
	{"an entry changes", "ARFRZ", `UPDATE entries SET volume = 1 WHERE hour = 15`},
	{"entries change, one of them billed", "ARFRZ", `UPDATE entries SET volume = 1 WHERE hour IN (29, 45)`},
	{"an entry goes", "ARFRZ", `DELETE FROM entries WHERE hour = 9`},
	{"an entry of a settled block goes", "ARFRZ", `DELETE FROM entries WHERE hour = 15`},
	{"an entry of a settled block goes, another's sum is kept", "ARFRZ",
		`INSERT INTO kinds VALUES (99, '', '', ''); INSERT INTO sums VALUES (2, 1, 99, 1, 1, 1); DELETE FROM entries WHERE hour = 15`},
	{"an entry of a settled block changes, its sum is kept", "ARFRZ",
		`INSERT INTO sums VALUES (2, 1, 1, 1, 1, 1); UPDATE entries SET volume = 1 WHERE hour = 15`},
	{"an entry of the last block goes", "ARFRZ", `DELETE FROM entries WHERE hour = 29`},
	{"all entries go", "ARFRZ", `TRUNCATE entries`},
	{"an entry moves out", "ARFRZ", `INSERT INTO folds SELECT 1, 99, 1, '', '' ; UPDATE entries SET hour = 99 WHERE hour = 5`},
	{"an entry moves in", "ARFRZ", `INSERT INTO kinds VALUES (99, '', '', ''); UPDATE entries SET hour = 5, kind_id = 99 WHERE hour = 45`},
	{"an entry changes hands", "ARFRZ", `INSERT INTO tenants VALUES (99, 'umbrella'); INSERT INTO owners VALUES (1, 99); UPDATE entries SET tenant_id = 99 WHERE hour = 5`},
	{"an entry off the hour", notANumber, `INSERT INTO entries VALUES (1, '60.5', 1, 1, 1, 1)`},
	{"an entry at no time", notNull, `INSERT INTO entries VALUES (1, NULL, 1, 1, 1, 1)`},
	{"an entry twice", unique, `INSERT INTO entries VALUES (1, 45, 1, 1, 1, 1)`},
	{"an entry's volume is no number", notANumber, `INSERT INTO entries VALUES (1, 45, 1, 2, 1, 'many')`},
	{"an entry's volume is NaN", checked, `UPDATE entries SET volume = 'NaN' WHERE hour = 45`},
	{"an entry's volume is infinite", checked, `UPDATE entries SET volume = 'Infinity' WHERE hour = 45`},
	{"an entry of no window", reference, `INSERT INTO entries VALUES (1, 60, 1, 1, 1, 1)`},
	{"an entry of no kind", reference, `INSERT INTO entries VALUES (1, 45, 1, 77, 1, 1)`},
	{"an entry of no tenant", reference, `INSERT INTO entries VALUES (77, 45, 1, 1, 1, 1)`},
	{"an entry of no series", reference, `INSERT INTO entries VALUES (1, 45, 77, 1, 1, 1)`},
	{"an entry comes to another series", reference, `UPDATE entries SET series_id = 77 WHERE hour = 45`},

	{"what an order carries changes", "ARCAR", `UPDATE adjustments SET volume = 1 WHERE order_id = 3`},
	{"what an order carries is pending again", "ARCAR", `UPDATE adjustments SET order_id = NULL WHERE order_id = 3`},
	{"what an order carries goes", "ARCAR", `DELETE FROM adjustments WHERE order_id = 3`},
	{"another order carries it", "ARCAR", `UPDATE adjustments SET order_id = 1 WHERE order_id = 3`},
	{"all adjustments go", "ARCAR", `TRUNCATE adjustments`},
	{"an order that reserves nothing carries", "ARCAR", `UPDATE adjustments SET order_id = 4 WHERE order_id IS NULL`},
	{"a void order carries", "ARCAR", `UPDATE adjustments SET order_id = 5 WHERE order_id IS NULL`},
	{"another tenant's order carries", "ARCAR", `INSERT INTO tenants VALUES (99, 'umbrella'); INSERT INTO owners VALUES (1, 99);
		INSERT INTO adjustments VALUES (99, 13, 1, 1, 2, 1, 1)`},
	{"usage that nobody reserves is pending", "ARPEN", `INSERT INTO adjustments VALUES (1, 45, 1, 1, NULL, 1, 1)`},
	{"usage comes to where nobody reserves it", "ARPEN", `UPDATE adjustments SET hour = 45 WHERE order_id IS NULL`},
	{"late usage of nothing", checked, `UPDATE adjustments SET volume = 0 WHERE order_id IS NULL`},
	{"late usage is pending twice", unique, `INSERT INTO adjustments VALUES (1, 13, 1, 1, NULL, 1, 1)`},
	{"late usage is carried twice", unique, `INSERT INTO adjustments VALUES (1, 12, 1, 1, 3, 1, 1)`},
	{"late usage of no window", reference, `INSERT INTO adjustments VALUES (1, 12, 77, 1, NULL, 1, 1)`},

	{"a sum of what is not settled", "ARSUM", `INSERT INTO sums VALUES (1, 1, 1, 1, 1, 1)`},
	{"a sum of nothing", checked, `INSERT INTO sums VALUES (2, 1, 1, 1, 1, 0)`},
	{"a sum changes", "ARSUM", `INSERT INTO sums VALUES (2, 1, 1, 1, 1, 1); UPDATE sums SET volume = 2`},
	{"a sum goes", "ARSUM", `INSERT INTO sums VALUES (2, 1, 1, 1, 1, 1); DELETE FROM sums`},
	{"all sums go", "ARSUM", `TRUNCATE sums`},

	{"a window beyond all clocks", checked, `INSERT INTO folds VALUES (1, 2562047, 1, '', '', NULL)`},
	{"a window of no series", reference, `INSERT INTO folds VALUES (77, 5, 1, '', '', NULL)`},
	{"a window goes", "ARNAM", `DELETE FROM folds WHERE hour = 45`},
	{"a window moves", "ARNAM", `UPDATE folds SET hour = 99 WHERE hour = 45`},
	{"all windows go", "ARNAM", `TRUNCATE folds CASCADE`},
	{"a pruned window comes back", "ARPRU", `UPDATE folds SET pruned = 1 WHERE hour = 15; UPDATE folds SET pruned = 0 WHERE hour = 15`},
	{"a pruned window changes", "ARPRU", `UPDATE folds SET pruned = 1 WHERE hour = 15; UPDATE folds SET digest = 'x' WHERE hour = 15`},
	{"a gap of no window", reference, `INSERT INTO gaps VALUES (1, 99, 1, 1, NULL)`},
	{"a gap that ends before it begins", checked, `UPDATE gaps SET until = since`},
	{"what is no series reaches on", reference, `INSERT INTO reaching VALUES (99)`},
	{"a mark of a meter off the hour", checked, `UPDATE meters SET through = through + 1`},
	{"a mark of a meter twice", overlaps, `INSERT INTO meters SELECT * FROM meters`},
	{"a mark off the hour", checked, `UPDATE marks SET through = through + 1`},
	{"a mark from off the hour", checked, `UPDATE marks SET since = since + 1`},
	{"a mark that ends before it begins", checked, `UPDATE marks SET since = through + %h`},
	{"a mark twice", overlaps, `INSERT INTO marks SELECT * FROM marks`},
	{"a bookmark twice", overlaps, `INSERT INTO bookmarks SELECT * FROM bookmarks`},
	{"a bookmark that says nothing", checked, `UPDATE bookmarks SET text = ''`},
	{"a resource twice", overlaps, `INSERT INTO resources SELECT * FROM resources`},
	{"a resource's metadata is no object", checked, `UPDATE resources SET info = '[]'`},
	{"a resource's metadata is no JSON", notANumber, `UPDATE resources SET info = 'x'`},
	{"a tenant is renamed", "ARNAM", `UPDATE tenants SET tenant = 'umbrella'`},
	{"a tenant's revision shrinks", "ARNAM", `UPDATE tenants SET revision = revision - 1`},
	{"a tenant twice", overlaps, `INSERT INTO tenants (id, tenant) VALUES (99, 'acme')`},
	{"a tenant goes", "ARNAM", `DELETE FROM tenants`},
	{"all tenants go", "ARNAM", `TRUNCATE tenants CASCADE`},
	{"an owner goes", "ARNAM", `DELETE FROM owners`},
	{"an owner changes", "ARNAM", `UPDATE owners SET tenant_id = 99`},
	{"all owners go", "ARNAM", `TRUNCATE owners CASCADE`},
	{"a series is renamed", "ARNAM", `UPDATE series SET meter = 'cpu'`},
	{"a series twice", overlaps, `INSERT INTO series VALUES (99, 'object', 'instance', 'vm-1')`},
	{"a series goes", "ARNAM", `DELETE FROM series`},
	{"all series go", "ARNAM", `TRUNCATE series CASCADE`},
	{"a kind is renamed", "ARNAM", `UPDATE kinds SET unit = 'hour'`},
	{"a kind twice", overlaps, `INSERT INTO kinds SELECT 99, datacenter, service, unit FROM kinds`},
	{"a kind goes", "ARNAM", `DELETE FROM kinds`},
	{"all kinds go", "ARNAM", `TRUNCATE kinds CASCADE`},

	{"metadata of an order's tenant is no object", checked, strings.Replace(order(`'ff', 1, 90*%h, 91*%h, 'claimed', 1, 0`), "'{}'", "'[]'", 1)},
	{"a total that is none", checked, strings.Replace(order(`'ff', 1, 90*%h, 91*%h, 'claimed', 1, 0`), "2, 0, 6", "2, 'NaN', 6", 1)},
	{"fewer items than none", checked, order(`'ff', 1, 90*%h, 91*%h, 'claimed', 1, -1`)},
	{"an order half reserves", checked, order(`'ff', 1, 90*%h, 91*%h, 'parked', 2, 0`)},
	{"history of no order", reference, `INSERT INTO history SELECT 77, 0, at, who, why, status, reference, holder FROM history LIMIT 1`},
	{"history of no state", checked, `INSERT INTO history SELECT order_id, 1, at, who, why, 'lost', reference, holder FROM history WHERE order_id = 4`},
	{"an item's value is none", checked, newItem("value", "'NaN'")},
	{"an item's cost is none", checked, newItem("cost", "'NaN'")},
	{"an item's amount is none", checked, newItem("amount", "'NaN'")},
	{"an item's volume is none", checked, newItem("volume", "'NaN'")},
	{"an item's earlier volume is none", checked, newItem("earlier", "'NaN'")},
	{"an item's meters are no list", checked, newItem("meters", "'{}'")},
	{"an item adjusts a span without time", checked, newItem("adjusts_begins, adjusts_ends", "1, 1")},
	{"an entry of no volume", notNull, `INSERT INTO entries VALUES (1, 46, 1, 1, 1, NULL)`},
	{"late usage of no number", checked, `UPDATE adjustments SET volume = 'NaN' WHERE order_id IS NULL`},
	{"late usage of no kind", reference, `INSERT INTO adjustments VALUES (1, 14, 1, 77, NULL, 1, 1)`},
	{"late usage of no owner", reference, `INSERT INTO series VALUES (99, '', '', ''); INSERT INTO folds VALUES (99, 14, 1, '', '', NULL);
		INSERT INTO adjustments VALUES (1, 14, 99, 1, NULL, 1, 1)`},
	{"late usage of a series without the window", reference, `INSERT INTO series VALUES (99, '', '', ''); INSERT INTO owners VALUES (99, 1);
		INSERT INTO adjustments VALUES (1, 14, 99, 1, NULL, 1, 1)`},
	{"a sum of no order", reference, `INSERT INTO sums VALUES (77, 1, 1, 1, 1, 1)`},
	{"a sum of no series", reference, `INSERT INTO sums VALUES (2, 77, 1, 1, 1, 1)`},
	{"a sum of no kind", reference, `INSERT INTO sums VALUES (2, 1, 77, 1, 1, 1)`},
	{"a sum of no volume", checked, `INSERT INTO sums VALUES (2, 1, 1, 'NaN', 1, 1)`},
	{"a sum twice", unique, `INSERT INTO sums VALUES (2, 1, 1, 1, 1, 1), (2, 1, 1, 2, 1, 1)`},
	{"a window half pruned", checked, `UPDATE folds SET pruned = 2 WHERE hour = 45`},
	{"a window twice", unique, `INSERT INTO folds SELECT * FROM folds WHERE hour = 45`},
	{"a gap twice", unique, `INSERT INTO gaps SELECT * FROM gaps`},
	{"a gap of no tenant", reference, `INSERT INTO gaps VALUES (1, 45, 77, 1, NULL)`},
	{"a mark of no tenant", reference, `INSERT INTO marks SELECT 77, source, since, through FROM marks`},
	{"a bookmark of no tenant", reference, `INSERT INTO bookmarks SELECT 77, source, text FROM bookmarks`},
	{"a resource of no tenant", reference, `INSERT INTO resources SELECT 77, resource, meter, type, info, seen FROM resources`},
	{"an owner twice", unique, `INSERT INTO owners SELECT * FROM owners`},
	{"an owner of no series", reference, `INSERT INTO owners VALUES (77, 1)`},
	{"an owner that is no tenant", reference, `INSERT INTO owners VALUES (1, 77)`},
	{"a tenant is called two things", unique, `INSERT INTO tenant_texts VALUES (1, 'x', '{}')`},
	{"a tenant's metadata is no object", checked, `UPDATE tenant_texts SET extra = '[]'`},
	{"a text of no tenant", reference, `INSERT INTO tenant_texts VALUES (77, 'x', '{}')`},
}

// newItem is the item of a new order, with columns that are said.
func newItem(columns, values string) string {
	all := []string{"value", "cost", "amount", "volume", "earlier", "meters"}
	texts := map[string]string{"meters": "'[]'"}
	names, rest := columns, values
	for _, column := range all {
		if column != columns {
			names += ", " + column
			rest += ", " + cmp.Or(texts[column], "0")
		}
	}
	return order(`'ff', 1, 90*%h, 91*%h, 'claimed', 1, 1`) + `; INSERT INTO items (order_id, position, datacenter, name, unit, resource, description, measured, begun, ` + names + `)
		SELECT id, 0, '', '', '', '', '', '', '', ` + rest + ` FROM orders WHERE key = 'ff'`
}

func order(values string) string { return fmt.Sprintf(addOrder, values) }

func item(at string) string {
	return `INSERT INTO items SELECT ` + at + `, datacenter, name, value, unit, resource, description, cost, amount, NULL, NULL, volume, measured, meters, begun, earlier FROM items LIMIT 1`
}

// TestDatabaseRefuses writes as another program would, one that knows nothing
// of the ledger, in a transaction for each query.
func TestDatabaseRefuses(t *testing.T) {
	_, db := populated(t)
	conn := stranger(t, db)
	before := dump(t, conn)
	for _, test := range refused {
		_, err := conn.Exec(t.Context(), "BEGIN; "+strings.ReplaceAll(test.query, "%h", h)+"; COMMIT")
		if got := sqlstate(err); got != test.want {
			t.Errorf("%s: got %q (%v), want %q", test.name, got, err, test.want)
		}
		_, err = conn.Exec(t.Context(), "ROLLBACK")
		must(t, err)
		if after := dump(t, conn); after != before {
			t.Fatalf("%s: the database changed from\n%s\nto\n%s", test.name, before, after)
		}
	}
	// Neither does it help to look for the tables elsewhere.
	_, err := conn.Exec(t.Context(), `SET search_path = pg_catalog; CREATE TEMP TABLE orders AS SELECT * FROM artifice.orders LIMIT 0; DELETE FROM artifice.entries WHERE hour = 5`)
	if sqlstate(err) != "ARFRZ" {
		t.Errorf("with another search path: got error %v, want ARFRZ", err)
	}
	// What may be written is written by the same means.
	for _, query := range []string{
		`SET search_path = artifice`,
		order(`'ff', 1, 30*%h, 40*%h, 'claimed', 1, 0`),
		`UPDATE orders SET status = 'settled', reference = 'INV-3' WHERE key = '1d'`,
		`UPDATE orders SET status = 'parked', reason = 'x' WHERE key = 'c1'`,
		`UPDATE orders SET status = 'void', reserves = 0 WHERE key = 'c1'`,
		`BEGIN; DELETE FROM orders WHERE key = '9a'; DELETE FROM history WHERE order_id = 4; COMMIT`,
		`UPDATE entries SET volume = 1.5 WHERE hour IN (5, 45)`,
		`DELETE FROM entries WHERE hour IN (6, 46)`,
		`UPDATE tenants SET revision = revision`,
		`INSERT INTO sums VALUES (2, 1, 1, 1, 1, 1); DELETE FROM entries WHERE hour = 15`,
		`UPDATE orders SET status = 'void', reserves = 0 WHERE key = '1d'; UPDATE adjustments SET order_id = NULL WHERE order_id = 3`,
	} {
		if _, err := conn.Exec(t.Context(), strings.ReplaceAll(query, "%h", h)); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// dump is what the tables of a ledger hold, but for some columns.
func dump(t testing.TB, conn *pgx.Conn, without ...string) string {
	t.Helper()
	if without == nil {
		without = []string{} // NULL would be all of them
	}
	var b strings.Builder
	for _, table := range tables(t) {
		var text string
		must(t, conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(x, E'\n' ORDER BY x COLLATE "C"), '')
			FROM artifice.`+table+` t, LATERAL (SELECT (to_jsonb(t) - $1::text[])::text) AS texts (x)`, without).Scan(&text))
		b.WriteString(table + "\n" + text + "\n")
	}
	return b.String()
}

// tables are the tables that the migrations make, as they make them.
func tables(t testing.TB) []string {
	t.Helper()
	files, err := migrations.ReadDir("migrations")
	must(t, err)
	var names []string
	for _, file := range files {
		text, err := migrations.ReadFile("migrations/" + file.Name())
		must(t, err)
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "CREATE TABLE "); ok {
				names = append(names, strings.TrimSuffix(name, " (\n"))
			}
		}
	}
	return names
}

// TestLastDefence sees what the database refuses become the contract's errors,
// where the code did not look first.
func TestLastDefence(t *testing.T) {
	s, _ := populated(t)
	write := func(query string) error {
		return s.db.Transact(t.Context(), false, func(c sqlledger.Conn) error {
			_, err := c.Tx.ExecContext(t.Context(), strings.ReplaceAll(query, "%h", h))
			return err
		})
	}
	err := write(order(`'ff', 1, 9*%h, 11*%h, 'claimed', 1, 0`))
	if _, ok := errors.AsType[*ledger.OverlapError](err); !ok {
		t.Errorf("got error %v, want an *OverlapError", err)
	}
	if err := write(`UPDATE orders SET reference = 'x' WHERE key = '5e'`); !errors.Is(err, ledger.ErrNotClaimed) {
		t.Errorf("got error %v, want ErrNotClaimed", err)
	}
	if err := write(`UPDATE orders SET fence = 0 WHERE key = 'c1'`); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("got error %v, want ErrLost", err)
	}
}
