package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/openstack-artifice/artifice/ledger"
)

// The work that a store may let one program at a time do.
const (
	lockBill    = "bill"    // bills, or decides about orders
	lockCollect = "collect" // collects usage
)

// lock begins work that writes, which only the deployment that the store is of
// may do. It keeps two programs from the same work at once, where the store says
// that they must not. What unlock finds, such as a lock that was lost on the
// way, it adds to the error of the work.
func (e *Engine) lock(ctx context.Context, name string) (unlock func(*error), err error) {
	release := func() error { return nil }
	if locker, ok := e.Store.(ledger.Locker); ok {
		if release, err = locker.Lock(ctx, name); err != nil {
			return nil, err
		}
	}
	if err := e.SameDeployment(ctx); err != nil {
		return nil, errors.Join(err, release())
	}
	return func(err *error) {
		if lost := release(); lost != nil {
			*err = errors.Join(*err, fmt.Errorf("%w\nwhat was written is whole, and nothing was written over what another program wrote meanwhile: run it again", lost))
		}
	}, nil
}
