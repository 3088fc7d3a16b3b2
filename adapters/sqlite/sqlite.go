// Package sqlite keeps Artifice's ledger in one SQLite file: the store for a
// deployment that bills from one machine.
//
// [NewStore] only remembers the path. The file is opened when the store is
// first used; one that is not there is made, readable by its owner alone, and
// one of an older version is brought up to date. Several processes may use the
// file at once; writers take turns. A file that may not be written can be read.
//
// What must never happen to billed time is refused by triggers in the file
// itself (see migrations/), whichever program writes. The code looks first,
// within the same transaction, so that its errors can name the order that is in
// the way. It is shared with the store in PostgreSQL (internal/sqlledger).
package sqlite

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/sqlledger"
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
	*shared // what a ledger is, given the database

	// Clock tells the time by which leases end: time.Now, where another is not
	// set before the store is used. The processes on a machine have one clock.
	Clock func() time.Time

	path  string
	alone atomic.Bool // whether this store holds the lock "bill"

	mu     sync.Mutex
	pools  *pools // nil before the first use
	closed bool
}

// shared is the ledger in an SQL database.
type shared = sqlledger.Ledger

var (
	_ ledger.Store         = (*Store)(nil)
	_ ledger.Archiver      = (*Store)(nil)
	_ ledger.Pruner        = (*Store)(nil)
	_ ledger.HealthChecker = (*Store)(nil)
	_ ledger.Prober        = (*Store)(nil)
	_ ledger.Locker        = (*Store)(nil)
)

// NewStore returns the store in the file that the config names. Nothing is
// opened or made before the store is used.
func NewStore(_ context.Context, config Config) (*Store, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Store{path: string(config.Path)}
	s.shared = sqlledger.New(database{s})
	return s, nil
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
