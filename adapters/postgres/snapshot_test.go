package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestSnapshots lets another program write usage by what it saw before a block
// was reserved, or freed: it cannot, at whichever level it is isolated, and
// neither can it where it writes first and the block is reserved meanwhile.
func TestSnapshots(t *testing.T) {
	const (
		entry   = `UPDATE entries SET volume = 1 WHERE hour = 45`
		removal = `DELETE FROM entries WHERE hour = 45`
		pending = `INSERT INTO adjustments VALUES (1, 14, 1, 1, NULL, 1, 1)`
		reserve = `'ff', 1, 45*%h, 50*%h, 'claimed', 1, 0`
		free    = `UPDATE orders SET status = 'void', reserves = 0 WHERE key = '5e'`
	)
	for _, test := range []struct {
		name, before, write string
		level               pgx.TxIsoLevel
		want                string
	}{
		{"an entry, after a claim", order(reserve), entry, pgx.RepeatableRead, "40001"},
		{"an entry, after a claim", order(reserve), entry, pgx.Serializable, "40001"},
		{"an entry, after a claim", order(reserve), entry, pgx.ReadCommitted, "ARFRZ"},
		{"a removal, after a claim", order(reserve), removal, pgx.RepeatableRead, "40001"},
		{"a removal, after a claim", order(reserve), removal, pgx.ReadCommitted, "ARFRZ"},
		{"late usage, after a void", free, pending, pgx.RepeatableRead, "40001"},
		{"late usage, after a void", free, pending, pgx.ReadCommitted, "ARPEN"},
	} {
		t.Run(test.name+", "+string(test.level), func(t *testing.T) {
			_, db := populated(t)
			writer, other := stranger(t, db), stranger(t, db)
			tx, err := writer.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: test.level})
			must(t, err)
			var n int
			must(t, tx.QueryRow(t.Context(), `SELECT count(*) FROM orders`).Scan(&n)) // takes the snapshot
			_, err = other.Exec(t.Context(), strings.ReplaceAll(test.before, "%h", h))
			must(t, err)
			_, err = tx.Exec(t.Context(), test.write)
			if got := sqlstate(err); got != test.want {
				t.Errorf("got %q (%v), want %q", got, err, test.want)
			}
			must(t, tx.Rollback(t.Context()))
		})
	}
	t.Run("a claim while usage is written", func(t *testing.T) {
		_, db := populated(t)
		writer, other := stranger(t, db), stranger(t, db)
		tx, err := writer.Begin(t.Context())
		must(t, err)
		_, err = tx.Exec(t.Context(), entry)
		must(t, err)
		_, err = other.Exec(t.Context(), `SET lock_timeout = '100ms'`)
		must(t, err)
		_, err = other.Exec(t.Context(), strings.ReplaceAll(order(reserve), "%h", h))
		if got := sqlstate(err); got != "55P03" {
			t.Errorf("got %q (%v), want that the claim waits", got, err)
		}
		must(t, tx.Commit(t.Context()))
		_, err = other.Exec(t.Context(), strings.ReplaceAll(order(reserve), "%h", h))
		must(t, err)
	})
}
