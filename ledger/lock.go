package ledger

import (
	"context"
	"errors"
)

// ErrLocked says that another program is at work on the store.
var ErrLocked = errors.New("another program is collecting or billing")

// A Locker is a store that lets one program at a time collect or bill.
type Locker interface {
	// Lock returns ErrLocked at once where another program holds the lock. The
	// lock ends with unlock, or with the process.
	Lock(ctx context.Context) (unlock func() error, err error)
}
