//go:build unix

package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/openstack-artifice/artifice/ledger"
)

// Lock takes the lock file of the name beside the database. The kernel lets it
// go when the process ends, however it ends; the file itself stays. While a
// store holds "bill", the leases of others do not bind it: whoever had them is
// dead, or has let go. It implements ledger.Locker.
func (s *Store) Lock(ctx context.Context, name string) (unlock func() error, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := realPath(s.path)
	if err != nil {
		return nil, s.explain(err)
	}
	f, err := os.OpenFile(path+"."+name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		err = cmp.Or(checkFile(path), err) // which says what is not there
	}
	if err != nil {
		return nil, s.explain(err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w on %s (%s): wait for it to end", ledger.ErrLocked, s.path, name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if name != billLock {
		return f.Close, nil
	}
	s.alone.Store(true)
	return func() error {
		s.alone.Store(false)
		return f.Close()
	}, nil
}

// billLock is the name of the lock under which is billed.
const billLock = "bill"
