package billing

import (
	"context"

	"github.com/openstack-artifice/artifice/ledger"
)

// The work that a store may let one program at a time do.
const (
	lockBill    = "bill"    // bills, or decides about orders
	lockCollect = "collect" // collects usage
)

// lock keeps two programs from the same work at once, where the store says
// that they must not.
func (e *Engine) lock(ctx context.Context, name string) (unlock func(), err error) {
	locker, ok := e.Store.(ledger.Locker)
	if !ok {
		return func() {}, nil
	}
	release, err := locker.Lock(ctx, name)
	if err != nil {
		return nil, err
	}
	return func() {
		// The lock ends with the process at the latest.
		_ = release()
	}, nil
}
