package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openstack-artifice/artifice/ledger"
)

// unlockTimeout bounds how long the server is waited for when a lock is given
// back.
const unlockTimeout = 10 * time.Second

// Lock implements ledger.Locker. The lock is held by a connection of its own:
// it ends with the process, and with the connection, which unlock then
// reports. "bill" keeps nobody out: several processes bill at the same time.
func (s *Store) Lock(ctx context.Context, name string) (unlock func() error, err error) {
	if _, err := s.db.open(ctx); err != nil {
		return nil, s.db.explain(&serverError{"", err})
	}
	if name == "bill" {
		return func() error { return nil }, nil
	}
	conn, err := s.db.server.connect(ctx)
	if err != nil {
		return nil, s.db.explain(&serverError{"", err})
	}
	var locked bool
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, lockNumber(s.db.server.schema, name)).Scan(&locked)
	if err == nil && !locked {
		err = fmt.Errorf("%s: %w", name, ledger.ErrLocked)
	}
	if err != nil {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
		defer cancel()
		return nil, errors.Join(s.db.explain(err), conn.Close(within))
	}
	return sync.OnceValue(func() error { return s.db.unlock(conn, name) }), nil
}

// unlock gives a lock back. It is an error where it was lost before.
func (d *database) unlock(conn *pgx.Conn, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), unlockTimeout)
	defer cancel()
	var held bool
	err := conn.QueryRow(ctx, `SELECT pg_advisory_unlock($1)`, lockNumber(d.server.schema, name)).Scan(&held)
	if err == nil && !held {
		err = errors.New("the connection is another one")
	}
	if err != nil {
		return errors.Join(d.server.at(fmt.Errorf("the lock %q was lost with its connection, and another program may have been at the same work: %w", name, err)), conn.Close(ctx))
	}
	return d.server.at(conn.Close(ctx))
}

// lockNumber is what a name is to PostgreSQL, whose advisory locks are numbers
// that all programs of a database share.
func lockNumber(schema, name string) int64 {
	h := fnv.New64a()
	for _, part := range []string{"artifice", schema, name} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return int64(h.Sum64())
}
