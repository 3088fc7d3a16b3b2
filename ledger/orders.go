package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// Orders is the part of a store that remembers what was billed.
//
// An order that reserves its block is worked on by one process at a time: the
// one that holds it. Claim and Take give a [Hold], and whoever took the order
// later makes it worthless. Every change of an order is kept, with its [Note].
type Orders interface {
	// Claim reserves a tenant's block for an order, stores its items, which
	// are what will be billed from then on, in their order, marks the
	// adjustments that they carry, and gives the order to the lease's holder.
	// A parked order that reserves nothing, and whose block overlaps, makes
	// way. It is an *OverlapError where the tenant has an order that reserves
	// part of the block, and otherwise ErrStale where the tenant's usage, or one
	// of the adjustments, is no longer what the order was drafted from. The key
	// of a void order is not claimed again.
	Claim(ctx context.Context, claim Claim) (Hold, error)

	// Take gives an order that reserves its block, and is neither settled nor
	// void, to the lease's holder, and returns it with its items. It is a
	// *HeldError where another holder's lease has not ended, ErrNotClaimed
	// where the order is in no state to be worked on, ErrNoOrder where there is
	// none.
	Take(ctx context.Context, key string, lease Lease, note Note) (Order, Hold, error)

	// Settle records the reference under which the ERP holds a claimed order,
	// forgets why it was parked or in doubt, and ends the lease. It may come
	// after the lease has ended, as long as nobody took the order. It is ErrLost
	// where another has taken the order, ErrNotClaimed where the order is in
	// no state to be settled, ErrNoOrder where there is none.
	Settle(ctx context.Context, hold Hold, reference string, note Note) error

	// Suspend records that an order is Claimed, InDoubt or Parked, and with the
	// note's reason why. The order goes on reserving its block, and the lease
	// goes on. The errors are those of Settle.
	Suspend(ctx context.Context, hold Hold, status Status, note Note) error

	// Release ends the lease: anybody may take the order at once. It does
	// nothing where another has taken the order, or where it is settled.
	Release(ctx context.Context, hold Hold) error

	// Park stores an order, without items, that is stopped before its claim,
	// because of its Reason. It reserves nothing; one with the same key that
	// reserves nothing either is replaced. It is an *OverlapError where the
	// tenant has an order that reserves part of the block.
	Park(ctx context.Context, order Order, note Note) error

	// Void records that the invoice of a settled order was cancelled or
	// credited, or that a parked order which reserves its block is given up.
	// The block is free again, and its usage may change; what was pending for
	// it becomes part of that usage. The adjustments that the order carries are
	// pending again, or part of the usage where their own block is free. It is
	// a *HeldError where a lease has not ended, ErrNotClaimed where the order
	// is neither, ErrNoOrder where there is none, and another error where its
	// entries were pruned: they are not there to be billed again.
	Void(ctx context.Context, key string, note Note) error

	// Orders returns the orders that the filter lets through, by the start of
	// their block, tenant, attempt and key, without their items.
	Orders(ctx context.Context, f OrderFilter) ([]Order, error)

	// Order returns one order with its items. It is ErrNoOrder where there is
	// none.
	Order(ctx context.Context, key string) (Order, error)

	// History returns every change of an order, oldest first. It is ErrNoOrder
	// where there is no such order.
	History(ctx context.Context, key string) ([]Change, error)
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
	Adapter    string // the invoice adapter that bills it, its package and type
	Status     Status
	Reserves   bool            // whether it keeps its block from being billed again
	Reason     string          // why it is parked, in doubt or void, or not yet settled
	Reference  string          // what the ERP calls the invoice, "" where there was nothing to bill
	Total      decimal.Decimal // of the items' amounts, in the order's currency; 0 before its claim
	Claimed    time.Time       // when it was claimed or, before that, parked
	Changed    time.Time       // when it was last claimed, parked, suspended, settled or made void, by the note
	// ValueDigits is to how many digits after the point values were rounded, and
	// Rounding how a tie was, there and in amounts: "half-away-from-zero" or
	// "half-even". With these, and its items, the order proves itself.
	ValueDigits int32
	Rounding    string
	Items       []Item

	// Holder is who holds the order now, HeldUntil when the lease ends, by the
	// store's clock; "" and zero where nobody does.
	Holder    string
	HeldUntil time.Time
}

// Adjusts reports whether the order has items that adjust another block: of what
// else was drafted from before it was claimed, a part may be billed by it.
func (o Order) Adjusts() bool {
	return slices.ContainsFunc(o.Items, func(i Item) bool { return !i.Adjusts.IsZero() })
}

// An Item is an item with what its value was made from.
type Item struct {
	invoice.Item
	// Volume is the exact sum of the entries, or of the adjustments, that the
	// item stands for, and Measured its unit.
	Volume   decimal.Decimal
	Measured string
	// Meters are the sections whose entries it sums, sorted; none where that
	// is not known any more. With the item's datacenter and name, Measured, its
	// resource where it has one, and the order's tenant and block (or the block
	// that it adjusts) they say which entries these are.
	Meters []string
	// Begun is the unit of which begun ones were billed whole, "" for none.
	Begun string
	// Before is, for an adjustment, the volume that was billed for its block
	// before: its value is what the two volumes come to, less what the items
	// that stood had billed for the first. Unless an order was void that is what
	// the first comes to.
	Before decimal.Decimal
}

// A Claim is an order that is to be claimed.
type Claim struct {
	Order Order // its status, reason, reference, change and holder are not looked at
	// Revision is that of the tenant's usage from which the order was drafted.
	Revision int64
	// Carries are the pending adjustments that the items carry.
	Carries []Adjustment
	Lease   Lease
	Note    Note
}

// A Lease says who holds an order, and for how long.
type Lease struct {
	// Holder names one process; a person sees it.
	Holder string
	// For is how long the lease lasts, by the store's own clock, so that the
	// clocks of machines need not agree. A lease of nothing ends at once.
	For time.Duration
}

// A Hold is the right to change an order, until somebody else takes it.
type Hold struct {
	Key   string
	Fence int64 // another number each time that the order is given to somebody, never 0
}

// A Note says when, where and why something changed.
type Note struct {
	At     time.Time
	By     string // the process: its host, and who runs it
	Reason string
}

// A Change is one entry of an order's history.
type Change struct {
	Note
	Status    Status // after the change
	Reference string // after the change
	Holder    string // who was given the order by it, "" where nobody was
}

// An OrderFilter narrows orders. Zero fields do not narrow.
type OrderFilter struct {
	Tenant   string
	Statuses []Status
	// Overlaps lets orders through whose block has a part of it.
	Overlaps usage.Span
	// KeyPrefix lets orders through whose key begins with it.
	KeyPrefix string
}
