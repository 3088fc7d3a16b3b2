package ledger

import (
	"context"
	"errors"
)

// ErrLocked says that another program is at the same work on the store.
var ErrLocked = errors.New("another program is at work on the store")

// A Locker is a store that lets one program at a time do some work.
type Locker interface {
	// Lock returns ErrLocked at once where another program holds the lock of
	// this name ("collect"). The lock ends with unlock, or with the process.
	Lock(ctx context.Context, name string) (unlock func() error, err error)
}
