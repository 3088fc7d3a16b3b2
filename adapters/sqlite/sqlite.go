// Package sqlite keeps Artifice's ledger in one SQLite file: the store for a
// deployment that bills from one machine.
//
// [NewStore] only remembers the path. The file is opened when the store is
// first used; one that is not there is made, readable by its owner alone, and
// one of an older version is brought up to date. Several processes may use the
// file at once; writers take turns.
//
// What must never happen to billed time is refused by triggers in the file
// itself (see migrations/), whichever program writes. The code of this package
// looks first, within the same transaction, so that its errors can name the
// order that is in the way.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
)

// Config is the section of a store in the deployment's config.
type Config struct {
	// Path is the database file. Its directory must be there.
	Path config.Path `ini:"path,alias=database,alias=file,default=artifice.db"`
}

// Validate reports a path that names no file.
func (c Config) Validate() error {
	if c.Path == "" {
		return &config.KeyError{Key: "path", Err: errors.New("is empty: name the database file, such as artifice.db")}
	}
	return nil
}

// A Store is a ledger in an SQLite file. It is used by several goroutines at
// once.
type Store struct {
	path string

	mu     sync.Mutex
	pools  *pools // nil before the first use
	closed bool
}

var (
	_ ledger.Store         = (*Store)(nil)
	_ ledger.HealthChecker = (*Store)(nil)
	_ ledger.Locker        = (*Store)(nil)
)

// NewStore returns the store in the file that the config names. Nothing is
// opened or made before the store is used.
func NewStore(_ context.Context, config Config) (*Store, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Store{path: string(config.Path)}, nil
}

// Close closes the file. The store cannot be used afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.pools == nil {
		return nil
	}
	p := s.pools
	s.pools = nil
	return s.explain(p.close())
}

// open returns the connections to the file, and opens it where this is its
// first use. A failure is not remembered: its cause may be mended.
func (s *Store) open(ctx context.Context) (*pools, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the store is closed")
	}
	if s.pools == nil {
		p, err := openFile(ctx, s.path)
		if err != nil {
			return nil, err
		}
		s.pools = p
	}
	return s.pools, nil
}

// update runs f in a transaction that nobody else writes beside, and keeps
// what f wrote unless it fails.
func (s *Store) update(ctx context.Context, f func(*sql.Tx) error) error {
	return s.transact(ctx, false, f)
}

// view runs f in a transaction that sees the file as it is at its first query.
func (s *Store) view(ctx context.Context, f func(*sql.Tx) error) error {
	return s.transact(ctx, true, f)
}

func (s *Store) transact(ctx context.Context, readOnly bool, f func(*sql.Tx) error) error {
	p, err := s.open(ctx)
	if err != nil {
		return s.explain(err)
	}
	db := p.write
	if readOnly {
		db = p.read
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: readOnly})
	if err != nil {
		return s.explain(err)
	}
	defer tx.Rollback() // does nothing after a commit
	if err := f(tx); err != nil {
		return s.explain(err)
	}
	return s.explain(tx.Commit())
}
