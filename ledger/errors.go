package ledger

import (
	"errors"
	"fmt"

	"github.com/openstack-artifice/artifice/usage"
)

var (
	// ErrNoOrder says that the store has no order with the key.
	ErrNoOrder = errors.New("no such order")
	// ErrNotClaimed says that an order is not in a state that allows the step.
	ErrNotClaimed = errors.New("the order is not claimed")
)

// An OverlapError says that a block, or a part of it, is reserved by another
// order.
type OverlapError struct {
	Tenant string
	Block  usage.Span // what was to be claimed
	By     Order      // the order that reserves it, without items
}

func (e *OverlapError) Error() string {
	return fmt.Sprintf("tenant %s: block %v overlaps %v of order %s (%s)", e.Tenant, e.Block, e.By.Block, e.By.Key, e.By.Status)
}

// A FrozenError says that usage within a claimed block was to be changed.
type FrozenError struct {
	Tenant string     // "" where the store cannot tell
	Window usage.Span // the zero Span where the store cannot tell
}

func (e *FrozenError) Error() string {
	return fmt.Sprintf("usage of tenant %s in %v is billed and cannot change", e.Tenant, e.Window)
}
