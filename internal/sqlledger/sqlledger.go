// Package sqlledger is the ledger in an SQL database: all that the stores in
// SQLite and PostgreSQL share, over database/sql.
//
// Both databases have the same tables and columns (see the stores'
// migrations), so that the text of the queries is the same; what differs is a
// [Database]. An adapter embeds the [Ledger] that [New] returns and has every
// method of ledger.Store, ledger.Archiver and ledger.Pruner by that.
//
// Instants are kept as nanoseconds since 1970, windows as their number since
// then, decimals as text or NUMERIC, which are given and read as text and never
// computed with in SQL. The code looks before it writes, so that its errors can
// name what is in the way; the databases refuse the same once more, whichever
// program writes.
package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// ErrAgain says that a transaction met what another one has just written, and
// must run again.
var ErrAgain = errors.New("another transaction was faster")

// A Database is what differs between the databases.
type Database interface {
	// Transact runs f in a transaction, which sees one snapshot, and keeps what
	// it wrote unless f fails. Where the transaction cannot be serialized
	// beside another, or f returns ErrAgain, f runs again in a new one. What
	// only reads lets others write meanwhile, and is never run again. Errors
	// come as a person is to read them, and what constraints and triggers
	// refused as errors of the contract.
	Transact(ctx context.Context, readOnly bool, f func(Conn) error) error

	// LockTenants makes other transactions that lock one of the tenants wait,
	// or run again, until this one is done, and this one run again where what
	// it sees of them is no longer so. The ids are sorted, each once.
	LockTenants(ctx context.Context, c Conn, ids []int64) error

	// Insert writes rows: of the values, each an int64, a string, a []byte or
	// nil, as many as there are columns make a row. Decimals are strings.
	Insert(ctx context.Context, c Conn, table string, columns []string, values []any) error

	// Now is the time by the store's clock, by which leases end.
	Now(ctx context.Context, c Conn) (time.Time, error)

	// Alone reports whether no other process can be at work on orders, so that
	// the leases of others have ended, whatever they say.
	Alone() bool

	// Numbered reports whether placeholders are $1, $2 and so on, not ?.
	Numbered() bool

	// Prepares reports whether it pays to prepare a statement that one
	// transaction uses several times.
	Prepares() bool
}

// A Conn is a transaction, and the connection that it is on.
type Conn struct {
	Tx   *sql.Tx
	Conn *sql.Conn
}

// A Ledger is a store in an SQL database. It is used by several goroutines at
// once.
type Ledger struct{ db Database }

var (
	_ ledger.Store    = (*Ledger)(nil)
	_ ledger.Archiver = (*Ledger)(nil)
	_ ledger.Pruner   = (*Ledger)(nil)
)

// New returns the ledger in a database.
func New(db Database) *Ledger { return &Ledger{db} }

// update runs f in a transaction that may write.
func (l *Ledger) update(ctx context.Context, f func(*tx) error) error {
	return l.transact(ctx, false, f)
}

// view runs f in a transaction that only reads.
func (l *Ledger) view(ctx context.Context, f func(*tx) error) error {
	return l.transact(ctx, true, f)
}

func (l *Ledger) transact(ctx context.Context, readOnly bool, f func(*tx) error) error {
	err := l.db.Transact(ctx, readOnly, func(c Conn) error {
		return f(&tx{Conn: c, ctx: ctx, db: l.db, statements: map[string]*sql.Stmt{}})
	})
	// Package sql closes what is at work when its context ends, and then may say
	// only that it is closed.
	if cause := ctx.Err(); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// A tx is a transaction, with the statements that were prepared in it.
type tx struct {
	Conn
	ctx        context.Context
	db         Database
	statements map[string]*sql.Stmt
}

// prepare returns the statement of a query, nil where it is to be sent as
// text, which is returned as the database wants it.
func (t *tx) prepare(query string) (*sql.Stmt, string, error) {
	if !t.db.Prepares() {
		if t.db.Numbered() {
			query = number(query)
		}
		return nil, query, nil
	}
	if statement, ok := t.statements[query]; ok {
		return statement, "", nil
	}
	text := query
	if t.db.Numbered() {
		text = number(query)
	}
	statement, err := t.Tx.PrepareContext(t.ctx, text)
	if err == nil {
		t.statements[query] = statement
	}
	return statement, "", err
}

// number replaces each ? by $1, $2 and so on. No query has one in a text.
func number(query string) string {
	var b strings.Builder
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

func (t *tx) exec(query string, args ...any) error {
	statement, text, err := t.prepare(query)
	if err != nil {
		return err
	}
	if statement != nil {
		_, err = statement.ExecContext(t.ctx, args...)
	} else {
		_, err = t.Tx.ExecContext(t.ctx, text, args...)
	}
	return err
}

// query calls row for each row of the result.
func (t *tx) query(query string, args []any, row func(scanner) error) error {
	statement, text, err := t.prepare(query)
	if err != nil {
		return err
	}
	var rows *sql.Rows
	if statement != nil {
		rows, err = statement.QueryContext(t.ctx, args...)
	} else {
		rows, err = t.Tx.QueryContext(t.ctx, text, args...)
	}
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// errStopped ends a query whose further rows nobody wants.
var errStopped = errors.New("stopped")

// first reads the first row of a result; there is false for an empty one.
func (t *tx) first(query string, args []any, into ...any) (there bool, err error) {
	err = t.query(query, args, func(row scanner) error {
		if err := row.Scan(into...); err != nil {
			return err
		}
		there = true
		return errStopped
	})
	if errors.Is(err, errStopped) {
		err = nil
	}
	return there, err
}

// A scanner is a row.
type scanner interface{ Scan(into ...any) error }
