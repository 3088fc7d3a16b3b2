package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/openstack-artifice/artifice/internal/sqlledger"
)

const (
	// attempts bounds how often a transaction is run that meets others. Of
	// those that meet at one tenant one is through each time.
	attempts = 100
	// addAttempts bounds how often one is run that adds what is there already:
	// another may have added it since the transaction began, or it is a
	// mistake.
	addAttempts = 5
	// pause is the most that is waited before the second attempt, and a tenth
	// of the most before any.
	pause = 5 * time.Millisecond
	// commitTimeout bounds how long a commit is waited for. It is not cut
	// short when the caller's context ends, for nobody could tell then
	// whether it was done.
	commitTimeout = time.Minute
)

// Transact implements sqlledger.Database.
func (d *database) Transact(ctx context.Context, readOnly bool, f func(sqlledger.Conn) error) error {
	for attempt := 1; ; attempt++ {
		err := d.transact(ctx, readOnly, f)
		if err == nil {
			return nil
		}
		most := mayRun(err)
		if readOnly || attempt >= most {
			if attempt == attempts {
				err = fmt.Errorf("others wrote the same at each of %d attempts: run it again: %w", attempts, err)
			}
			return d.explain(err)
		}
		if err := wait(ctx, attempt); err != nil {
			return err
		}
	}
}

// transact runs f in one transaction.
func (d *database) transact(ctx context.Context, readOnly bool, f func(sqlledger.Conn) error) error {
	pool, err := d.open(ctx)
	if err != nil {
		return &serverError{"", err}
	}
	kept, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	conn, tx, err := d.begin(ctx, kept, pool, readOnly)
	if err != nil {
		return &serverError{"", err}
	}
	defer conn.Close()
	defer tx.Rollback() // does nothing after a commit
	if err := f(sqlledger.Conn{Tx: tx, Conn: conn}); err != nil {
		if ctx.Err() == nil && isBroken(conn) {
			return &serverError{lost, err}
		}
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	defer time.AfterFunc(commitTimeout, end).Stop()
	err = tx.Commit()
	if err == nil || readOnly {
		return err
	}
	if _, told := errors.AsType[*pgconn.PgError](err); told && !ended(err) {
		return err // the server says that it is undone
	}
	return &serverError{unknown, err}
}

// isBroken reports whether a connection is of no use any more.
func isBroken(conn *sql.Conn) bool {
	broken := false
	err := conn.Raw(func(c any) error {
		broken = c.(*stdlib.Conn).Conn().IsClosed()
		return nil
	})
	return broken || err != nil
}

// begin begins a transaction. Connections of the pool that broke while they
// were idle are passed over, for nothing was done on them.
func (d *database) begin(ctx, kept context.Context, pool *sql.DB, readOnly bool) (*sql.Conn, *sql.Tx, error) {
	for broken := 0; ; broken++ {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return nil, nil, err
		}
		tx, err := conn.BeginTx(kept, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: readOnly})
		if err == nil {
			return conn, tx, nil
		}
		if err = errors.Join(err, conn.Close()); broken == d.server.pool || ctx.Err() != nil {
			return nil, nil, err
		}
	}
}

// mayRun returns how often a transaction that failed may be run: once, unless
// it met others, and nothing of it was kept.
func mayRun(err error) int {
	if errors.Is(err, sqlledger.ErrAgain) {
		return attempts
	}
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch failure.Code {
		case "40001", "40P01": // serialization failure, deadlock
			return attempts
		case "23505", "23P01": // unique and exclusion constraints
			return addAttempts
		}
	}
	return 1
}

// ended reports whether the server ended the connection.
func ended(err error) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(failure.Code, "57P")
}

// wait lets the others go on, for a while that grows and that chance makes
// another for each.
func wait(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(pause * time.Duration(min(attempt, 10))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LockTenants implements sqlledger.Database. That the rows are written, and
// not just locked, is what ends a transaction that saw them before.
func (d *database) LockTenants(ctx context.Context, c sqlledger.Conn, ids []int64) error {
	_, err := c.Tx.ExecContext(ctx, `UPDATE tenants SET revision = revision
		WHERE id IN (SELECT id FROM tenants WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)`, ids)
	return err
}

// Now implements sqlledger.Database: it is the server's time.
func (d *database) Now(ctx context.Context, c sqlledger.Conn) (now time.Time, err error) {
	err = c.Tx.QueryRowContext(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, err
}

// Alone implements sqlledger.Database: other processes bill at the same time.
func (d *database) Alone() bool { return false }

// Numbered implements sqlledger.Database.
func (d *database) Numbered() bool { return true }

// Prepares implements sqlledger.Database: the driver does so by itself, and
// keeps the statements for as long as the connection.
func (d *database) Prepares() bool { return false }
