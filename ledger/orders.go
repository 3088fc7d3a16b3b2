package ledger

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

// Orders is the part of a store that remembers what was billed.
type Orders interface {
	// Claim reserves the order's tenant and block and stores its items, which
	// are what will be billed from then on, in their order. A parked order
	// that reserves nothing, and whose block overlaps, makes way. It is an
	// *OverlapError where the tenant has an order that reserves part of the
	// block.
	Claim(ctx context.Context, order Order) error

	// Settle records the reference under which the ERP holds a claimed order,
	// and forgets why it was parked or in doubt. It is ErrNotClaimed where the
	// order is in no state to be settled, ErrNoOrder where there is none.
	Settle(ctx context.Context, key, reference string, at time.Time) error

	// Suspend records that a claimed order is in doubt, or parked, and why.
	// The order goes on reserving its block. It is ErrNotClaimed where the
	// order is in no state for that, ErrNoOrder where there is none.
	Suspend(ctx context.Context, key string, status Status, reason string, at time.Time) error

	// Park stores an order, without items, that is stopped before its claim.
	// It reserves nothing; one with the same key is replaced. It is an
	// *OverlapError where the tenant has an order that reserves part of the
	// block.
	Park(ctx context.Context, order Order) error

	// Orders returns the orders that the filter lets through, by the start of
	// their block, tenant and key, without their items.
	Orders(ctx context.Context, f OrderFilter) ([]Order, error)

	// Order returns one order with its items. It is ErrNoOrder where there is
	// none.
	Order(ctx context.Context, key string) (Order, error)
}

// A Store is what an adapter of kind store implements, together with io.Closer
// where it holds something open.
type Store interface {
	Usage
	Orders
}

// A Status is the state of an order.
type Status string

// The states of an order.
const (
	Claimed Status = "claimed"  // the block is reserved; the invoice may or may not be saved
	Settled Status = "settled"  // the ERP has the invoice, or there was nothing to bill
	InDoubt Status = "in doubt" // nobody can tell whether the ERP has it; a person decides
	Parked  Status = "parked"   // a known cause must be mended first
	Void    Status = "void"     // cancelled; the block is free again
)

// An Order is an order for an invoice as the store keeps it.
type Order struct {
	invoice.Order
	Deployment string
	Attempt    int    // from 1; one more after each void
	Adapter    string // the invoice adapter that bills it, its package and type
	Status     Status
	Reserves   bool   // whether it keeps its block from being billed again
	Reason     string // why it is parked or in doubt
	Reference  string // what the ERP calls the invoice, "" where there was nothing to bill
	Total      decimal.Decimal
	Claimed    time.Time // when it was claimed or, before that, parked
	Changed    time.Time // when its status last changed
	Items      []invoice.Item
}

// An OrderFilter narrows orders. Zero fields do not narrow.
type OrderFilter struct {
	Tenant   string
	Statuses []Status
	// KeyPrefix lets orders through whose key begins with it.
	KeyPrefix string
}
