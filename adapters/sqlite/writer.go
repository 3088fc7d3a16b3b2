package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/openstack-artifice/artifice/ledger"
)

// A kind is what the entries of many resources have in common.
type kind struct{ datacenter, service, unit string }

// A writer writes within one transaction. It keeps the statements that are
// used again and again, and the numbers that stand for names in rows.
type writer struct {
	ctx        context.Context
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	tenants    map[string]int64
	kinds      map[kind]int64
}

func newWriter(ctx context.Context, tx *sql.Tx) writer {
	return writer{ctx, tx, map[string]*sql.Stmt{}, map[string]int64{}, map[kind]int64{}}
}

// tenantID returns the number of a tenant, and gives it one where it is new.
func (w *writer) tenantID(tenant string) (int64, error) {
	return intern(w, w.tenants, tenant, `SELECT id FROM tenants WHERE tenant = ?`,
		`INSERT INTO tenants (tenant) VALUES (?)`, tenant)
}

func (w *writer) kindID(k kind) (int64, error) {
	return intern(w, w.kinds, k, `SELECT id FROM kinds WHERE datacenter = ? AND service = ? AND unit = ?`,
		`INSERT INTO kinds (datacenter, service, unit) VALUES (?, ?, ?)`, k.datacenter, k.service, k.unit)
}

// seriesID does not remember: a batch names each series once.
func (w *writer) seriesID(s ledger.Series) (int64, error) {
	return intern(w, nil, s, `SELECT id FROM series WHERE source = ? AND meter = ? AND resource = ?`,
		`INSERT INTO series (source, meter, resource) VALUES (?, ?, ?)`, s.Source, s.Meter, s.Resource)
}

func intern[K comparable](w *writer, known map[K]int64, key K, find, add string, args ...any) (int64, error) {
	if id, ok := known[key]; ok {
		return id, nil
	}
	statement, err := w.prepare(find)
	if err != nil {
		return 0, err
	}
	var id int64
	err = statement.QueryRowContext(w.ctx, args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		var result sql.Result
		if result, err = w.tx.ExecContext(w.ctx, add, args...); err == nil {
			id, err = result.LastInsertId()
		}
	}
	if err == nil && known != nil {
		known[key] = id
	}
	return id, err
}

// prepare returns a statement that is used again and again.
func (w *writer) prepare(query string) (*sql.Stmt, error) {
	if statement, ok := w.statements[query]; ok {
		return statement, nil
	}
	statement, err := w.tx.PrepareContext(w.ctx, query)
	if err == nil {
		w.statements[query] = statement
	}
	return statement, err
}

func (w *writer) exec(query string, args ...any) error {
	statement, err := w.prepare(query)
	if err != nil {
		return err
	}
	_, err = statement.ExecContext(w.ctx, args...)
	return err
}

func (w *writer) query(query string, row func(*sql.Rows) error, args ...any) error {
	statement, err := w.prepare(query)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(w.ctx, args...)
	return each(rows, err, row)
}

// each calls f for each of the rows that a query gave, and closes them.
func each(rows *sql.Rows, err error, f func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
