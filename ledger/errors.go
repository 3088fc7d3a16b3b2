package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

var (
	// ErrNoOrder says that the store has no order with the key.
	ErrNoOrder = errors.New("no such order")
	// ErrNotClaimed says that an order is not in a state that allows the step.
	ErrNotClaimed = errors.New("the order is not claimed")
	// ErrLost says that another process has taken the order since.
	ErrLost = errors.New("another process has taken the order over")
	// ErrStale says that usage has changed since it was read, so that what was
	// made from it, an order or more usage, no longer fits.
	ErrStale = errors.New("the usage has changed since it was read")
	// ErrNotEmpty says that a store which is to be filled has something in it.
	ErrNotEmpty = errors.New("the store is not empty")
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

// A HeldError says that another process is at work on an order.
type HeldError struct {
	Key    string
	Holder string
	Until  time.Time // by the store's clock
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("order %s is held by %s until %s", e.Key, e.Holder, e.Until.UTC().Format(time.RFC3339))
}

// A PrunedError says that usage was to be changed whose entries were dropped
// after they were billed.
type PrunedError struct {
	Series Series
	Window usage.Span
}

func (e *PrunedError) Error() string {
	return fmt.Sprintf("meter %s: resource %s: the usage of %v was billed and pruned, and cannot change", e.Series.Meter, e.Series.Resource, e.Window)
}
