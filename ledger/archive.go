package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// An Archiver is a store whose whole content can be carried into another.
type Archiver interface {
	// Dump yields all that the store holds, as of one instant: tenants, marks,
	// marks of meters, resources, folds, orders with their items and history, adjustments, and
	// sums, in this order: each kind as the store lists it, folds by source,
	// meter, resource and window, sums as entries and then by order. Leases are
	// left out, and so are bookmarks: the first reading after a Load looks back
	// as the first of all does. Two stores with the same content yield the same
	// records.
	Dump(ctx context.Context) iter.Seq2[Record, error]

	// Load fills an empty store with records in the order of Dump, in one
	// transaction. It is ErrNotEmpty where the store holds anything, a bookmark
	// included, and an error, with nothing kept, where records yields one or a
	// record contradicts another.
	Load(ctx context.Context, records iter.Seq2[Record, error]) error
}

// A Record is one of the things that a store holds: just one field is set.
type Record struct {
	Tenant     *usage.Tenant
	Mark       *Mark
	Meter      *MeterMark
	Resource   *Resource
	Fold       *SeriesFold // its entries are those of the store: as billed where its window is
	Order      *OrderRecord
	Adjustment *Adjustment
	Sum        *Sum
}

// A SeriesFold is one window of a series.
type SeriesFold struct {
	Series
	Fold
}

// An OrderRecord is an order, with its items, and all that became of it.
type OrderRecord struct {
	Order
	History []Change
}

// A Sum is what is left of entries that were pruned: its window is the block.
type Sum struct {
	usage.Entry
	Order   string // the key of the order that billed them
	Entries int    // how many there were
}

// A Pruner is a store that can drop the entries of settled blocks.
type Pruner interface {
	// Prune drops the entries, and the states of transformers that nothing
	// resumes from any more, of settled blocks that end no later than before,
	// and keeps their sums, by which the orders can still be proved, and the
	// digests of their windows, by which a late sample is still noticed. From
	// the last fold of a series, and from one that is followed by a fold which
	// is not pruned, folding may go on, so these keep their states. A
	// block that has pending adjustments, and one with an unsettled order that
	// carries some for it, is left as it is. So is one of whose entries any is
	// of a window of a series in which another tenant has entries or adjustments
	// too, and no settled order of that tenant has the window: late samples are
	// refused for all that share it.
	Prune(ctx context.Context, before time.Time) (Pruned, error)
}

// Pruned is what pruning came to.
type Pruned struct {
	Orders  int // whose entries were dropped
	Entries int // that were dropped
	Kept    int // orders that were left as they are, for adjustments or for other tenants
}
