package openerp

import (
	"context"
	"sync"
)

// A memo keeps what was read from the server, each thing once for as long as
// the process lives. An error is not kept, so that what was mended is read.
type memo[K comparable, T any] struct {
	mu      sync.Mutex
	entries map[K]*entry[T]
}

type entry[T any] struct {
	turn  lock
	known bool
	value T
}

// get returns what is kept under a key, or reads it. Whoever else asks for it
// meanwhile waits.
func (m *memo[K, T]) get(ctx context.Context, key K, read func(context.Context) (T, error)) (T, error) {
	m.mu.Lock()
	e := m.entries[key]
	if e == nil {
		if m.entries == nil {
			m.entries = map[K]*entry[T]{}
		}
		e = &entry[T]{turn: newLock()}
		m.entries[key] = e
	}
	m.mu.Unlock()

	var none T
	if err := e.turn.take(ctx); err != nil {
		return none, err
	}
	defer e.turn.release()
	if e.known {
		return e.value, nil
	}
	value, err := read(ctx)
	if err != nil {
		return none, err
	}
	e.value, e.known = value, true
	return value, nil
}

// A lock is a mutex that one need not wait for longer than a context lasts.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

func (l lock) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l lock) release() { <-l }
