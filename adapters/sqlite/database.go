package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/sqlledger"
)

// A database is the file of a store, as the shared ledger uses it.
type database struct{ store *Store }

var _ sqlledger.Database = database{}

// Transact implements sqlledger.Database. A transaction that may write locks
// out all others that may, so that none has to run again. One that only reads
// sees the file as it is at its first query.
func (d database) Transact(ctx context.Context, readOnly bool, f func(sqlledger.Conn) error) error {
	return d.store.explain(d.transact(ctx, readOnly, f))
}

func (d database) transact(ctx context.Context, readOnly bool, f func(sqlledger.Conn) error) error {
	p, err := d.store.open(ctx)
	if err != nil {
		return err
	}
	db := p.read
	if !readOnly {
		if p.write == nil {
			path, err := realPath(d.store.path)
			return cmp.Or(err, checkWritable(path))
		}
		db = p.write
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: readOnly})
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	if err := f(sqlledger.Conn{Tx: tx}); err != nil {
		return err
	}
	return tx.Commit()
}

// LockTenants implements sqlledger.Database: there is one writer at a time.
func (database) LockTenants(context.Context, sqlledger.Conn, []int64) error { return nil }

// Now implements sqlledger.Database.
func (d database) Now(context.Context, sqlledger.Conn) (time.Time, error) {
	if d.store.Clock != nil {
		return d.store.Clock(), nil
	}
	return time.Now(), nil
}

// Alone implements sqlledger.Database: whoever holds the lock "bill" knows
// that nobody else who bills from the file is alive.
func (d database) Alone() bool { return d.store.alone.Load() }

// Numbered implements sqlledger.Database.
func (database) Numbered() bool { return false }

// Prepares implements sqlledger.Database.
func (database) Prepares() bool { return true }

// rowsAtOnce is how many rows one statement writes: enough that beginning it
// does not count, and few enough to be read fast.
const rowsAtOnce = 50

// Insert implements sqlledger.Database.
func (database) Insert(ctx context.Context, c sqlledger.Conn, table string, columns []string, values []any) error {
	full := rowsAtOnce * len(columns)
	if len(values) >= full {
		statement, err := prepareInsert(ctx, c.Tx, table, columns, rowsAtOnce)
		if err != nil {
			return err
		}
		for ; len(values) >= full; values = values[full:] {
			if _, err := statement.ExecContext(ctx, values[:full]...); err != nil {
				return err
			}
		}
	}
	if len(values) == 0 {
		return nil
	}
	statement, err := prepareInsert(ctx, c.Tx, table, columns, len(values)/len(columns))
	if err == nil {
		_, err = statement.ExecContext(ctx, values...)
	}
	return err
}

// prepareInsert prepares a statement that is closed with its transaction.
func prepareInsert(ctx context.Context, tx *sql.Tx, table string, columns []string, rows int) (*sql.Stmt, error) {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	return tx.PrepareContext(ctx, `INSERT INTO `+table+` (`+strings.Join(columns, ", ")+`) VALUES `+
		strings.TrimSuffix(strings.Repeat(row+", ", rows), ", "))
}
