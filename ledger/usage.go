package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// Usage is the part of a store that remembers what tenants used.
type Usage interface {
	// Record writes a batch. A Fold replaces what the store had for that
	// window of the series; the same batch again changes nothing.
	//
	// The entries of a window that an order reserves stay as they were billed.
	// What a fold comes to beyond them, and beyond what orders carry for them
	// already, is kept as pending adjustments, signed, in place of those that
	// were pending. In a window that no order reserves, what a void order left
	// behind counts likewise: the entries are what the fold comes to, less what
	// orders carry for them.
	//
	// It is ErrStale where the batch has a revision, and another batch was
	// recorded since; a *PrunedError where a fold differs in a window whose
	// entries were pruned; and an error where a mark does not join what was
	// collected. Then nothing is written.
	Record(ctx context.Context, batch Batch) error

	// Folds returns what was recorded of a series, by window, oldest first:
	// the last fold whose window begins before from, where there is one, and all
	// later ones. They come as they were recorded, also where their window is
	// billed; but that an entry of 0 may be missing there, and that samples of
	// entries may be counted as they were billed.
	Folds(ctx context.Context, series Series, from time.Time) ([]Fold, error)

	// Reaching yields the series of a source that are not at their end: the state
	// after the last fold that was recorded of them, pruned or not, lasts to the
	// end of its window or longer, so that windows after it may have usage though
	// no sample of the series follows. They come by meter and resource.
	Reaching(ctx context.Context, source string) iter.Seq2[Reach, error]

	// Marks returns how far each tenant is collected from each source, by
	// tenant and source.
	Marks(ctx context.Context) ([]Mark, error)

	// Meters returns up to when, and by which rule, each meter is collected from
	// each source, by source and meter.
	Meters(ctx context.Context) ([]MeterMark, error)

	// Bookmarks returns what a source wants to be told with its next query, by
	// tenant; none of them is without a text.
	Bookmarks(ctx context.Context, source string) ([]Bookmark, error)

	// Tenants returns what is known of tenants beside their ids, by id: those
	// that a batch told of.
	Tenants(ctx context.Context) ([]usage.Tenant, error)

	// Entries yields the usage entries that the filter lets through, by
	// tenant, window, datacenter, service, meter, resource, source and unit.
	// Of a block that was pruned it yields one entry for each meter, resource,
	// service, unit, datacenter and source, whose window is the block. Entries
	// of a reserved block are those that were billed.
	Entries(ctx context.Context, f EntryFilter) iter.Seq2[usage.Entry, error]

	// Adjustments yields the usage that came too late for its block and that
	// the filter lets through, in the order of Entries and then by order.
	Adjustments(ctx context.Context, f AdjustmentFilter) iter.Seq2[Adjustment, error]

	// Gaps yields the gaps of windows that the filter lets through, by tenant,
	// source, meter, resource and start. One that is closed by a later window,
	// whether the filter lets that through or not, comes once, closed.
	Gaps(ctx context.Context, f EntryFilter) iter.Seq2[Gap, error]

	// Revision returns a number that is another whenever entries or
	// adjustments of the tenant have changed, or an order was claimed that
	// adjusts a block, and the same where what was done left them as they were.
	// It is 0 for a tenant that never had any.
	//
	// For the tenant "" it is that of collecting: 1 for a store in which no batch
	// was recorded, and one more with each that was, whatever it changed.
	Revision(ctx context.Context, tenant string) (int64, error)

	// Resources returns what is known of a tenant's resources, by id and meter.
	Resources(ctx context.Context, tenant string) ([]Resource, error)
}

// A Series names the samples of one resource for one meter from one source.
type Series struct {
	Source   string // the name of the source in the config
	Meter    string // the name of the meter's section
	Resource string
}

// A Fold is what a transformer made of one window of a series. Its entries
// carry the names of the series, and the window.
type Fold struct {
	Window  usage.Span
	Samples int    // how many samples were counted, of all tenants
	Digest  string // of these samples; another digest means other samples
	State   usage.State
	Entries []usage.Entry
	Gaps    []usage.Gap // silence that began, or ended, within the window
	// Pruned says that the entries were dropped after they were billed. It is
	// the store's to say: Record does not look at it.
	Pruned bool
}

// A Reach is how far a series was folded, and how far it reaches.
type Reach struct {
	Series
	Through time.Time // the end of the last window that was recorded
	Until   time.Time // of the state after that window; not before Through
}

// A Batch is what one transaction of collecting writes.
type Batch struct {
	Series    []SeriesFolds
	Resources []Resource     // replace what was known of the tenant's resource
	Tenants   []usage.Tenant // replace what was known of the tenant
	Marks     []Mark         // each joins, or lies within, what was collected
	Meters    []MeterMark    // replace what was known of the meter, but its Through if that is later
	Bookmarks []Bookmark     // replace what the source's bookmark of the tenant was; Text "" removes it
	// Revision is that of collecting, Usage.Revision of the tenant "", from
	// before anything was read that the batch is made from: it fences off a
	// collector that lost its lock to another. 0 is not compared.
	Revision int64
}

// SeriesFolds are windows of one series.
type SeriesFolds struct {
	Series
	Folds []Fold
}

// A Mark says from when and up to when a tenant's usage is collected from a
// source, without a hole; with Tenant "", that of the source as a whole. Both
// lie on window borders. A store keeps the earliest From and the latest
// Through, and refuses a mark that would leave a hole between the two.
type Mark struct {
	Tenant, Source string
	From, Through  time.Time
}

// A MeterMark says up to when a source was collected last with the meter in the
// config. What lies between that and the source's Mark was collected without
// it. The mark of the meter "" is the source's own: its Rule is what the source
// asked to be remembered, and no window after its Through was ever recorded, also
// where a run died before it could mark what it recorded.
type MeterMark struct {
	Source, Meter string
	Through       time.Time // on a window border; a store keeps the latest
	// Rule stands for the rule by which all of the meter's usage is measured
	// that is not billed; "" where that is not known. A store keeps the one that
	// was recorded last.
	Rule string
}

// A Bookmark is what a source wants to be told of a tenant with the next query:
// how far it has read what may still change. With Tenant "" it is of the source
// as a whole. The text is the source's own, up to some megabytes of it; a store
// does not look into it. It is no figure: without it a source reads more, and
// what comes out is the same.
type Bookmark struct{ Tenant, Source, Text string }

// A Resource is what is known of a resource beside its usage.
type Resource struct {
	Tenant, ID, Meter string
	Type              string            // the meter's type: "Virtual Machine"
	Info              map[string]string // the meter's metadata, from the last sample
	Seen              time.Time         // when the last sample was taken
}

// An Adjustment is usage of a reserved block that came, or went, after it was
// reserved: its volume is signed, and what the entries of the block lack. It is
// never 0 while it is pending. Its number of samples is a difference as well.
type Adjustment struct {
	usage.Entry
	// Order is the key of the order that carries it, "" while it is pending.
	Order string
}

// A Gap is silence of a series.
type Gap struct {
	Series
	usage.Gap
}

// An EntryFilter narrows entries. Zero fields do not narrow.
type EntryFilter struct {
	Tenant   string
	Resource string
	// Within lets windows through that lie wholly within it.
	Within usage.Span
}

// An AdjustmentFilter narrows adjustments. Zero fields do not narrow.
type AdjustmentFilter struct {
	Tenant string
	// Within lets windows through that lie wholly within it.
	Within usage.Span
	// Pending lets only those through that no order carries.
	Pending bool
}
