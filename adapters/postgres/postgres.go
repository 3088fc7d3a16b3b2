// Package postgres keeps Artifice's ledger in a PostgreSQL database: the store
// for a deployment that bills from several processes, or machines, at once.
//
// [NewStore] contacts nobody. When the store is first used it connects, makes
// its schema where there is none, and brings one of an older version up to
// date; processes that do so at the same time take turns.
//
// What must never happen to billed time is refused by the database itself (see
// migrations/), whichever program writes. The code that both SQL stores share,
// package sqlledger, looks first, within the same transaction, so that its
// errors can name what is in the way.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/openstack-artifice/artifice/internal/sqlledger"
	"github.com/openstack-artifice/artifice/ledger"
)

// A Store is a ledger in a PostgreSQL database. It is used by several
// goroutines at once.
type Store struct {
	*sqlledger.Ledger
	db *database
}

var (
	_ ledger.Store         = (*Store)(nil)
	_ ledger.Archiver      = (*Store)(nil)
	_ ledger.Pruner        = (*Store)(nil)
	_ ledger.HealthChecker = (*Store)(nil)
	_ ledger.Prober        = (*Store)(nil)
	_ ledger.Locker        = (*Store)(nil)
)

// NewStore returns the store in the database that the config names. Nothing is
// contacted before the store is used, but certificates are read.
func NewStore(_ context.Context, config Config) (*Store, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	server, err := newServer(config)
	if err != nil {
		return nil, err
	}
	d := &database{server: server}
	return &Store{sqlledger.New(d), d}, nil
}

// Close closes the connections. The store cannot be used afterwards.
func (s *Store) Close() error { return s.db.close() }

// A database is the database of a store.
type database struct {
	server server

	mu     sync.Mutex
	pool   *sql.DB // nil before the first use
	closed bool
}

var _ sqlledger.Database = (*database)(nil)

func (d *database) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.pool == nil {
		return nil
	}
	pool := d.pool
	d.pool = nil
	return d.server.at(pool.Close())
}

// errClosed says that a store is used after Close.
var errClosed = errors.New("the store is closed")

// open returns the connections. Where this is their first use it brings the
// schema up to date. A failure is not remembered: its cause may be mended.
func (d *database) open(ctx context.Context) (*sql.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errClosed
	}
	if d.pool == nil {
		pool := d.server.open()
		if err := migrate(ctx, pool, d.server.schema, schema()); err != nil {
			return nil, errors.Join(err, pool.Close())
		}
		d.pool = pool
	}
	return d.pool, nil
}
