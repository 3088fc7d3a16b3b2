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
	// window of the series; the same batch again changes nothing. It is a
	// *FrozenError, and nothing is written, where entries would change within
	// a block that is claimed.
	Record(ctx context.Context, batch Batch) error

	// Folds returns what was recorded of a series, by window, oldest first,
	// each with its entries.
	Folds(ctx context.Context, series Series) ([]Fold, error)

	// Marks returns how far each tenant is collected from each source, by
	// tenant and source.
	Marks(ctx context.Context) ([]Mark, error)

	// Tenants returns what is known of tenants beside their ids, by id: those
	// that a batch told of.
	Tenants(ctx context.Context) ([]usage.Tenant, error)

	// Entries yields the usage entries that the filter lets through, by
	// tenant, window, datacenter, service, meter, resource, source and unit.
	Entries(ctx context.Context, f EntryFilter) iter.Seq2[usage.Entry, error]

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
}

// A Batch is what one transaction of collecting writes.
type Batch struct {
	Series    []SeriesFolds
	Resources []Resource     // replace what was known of the tenant's resource
	Tenants   []usage.Tenant // replace what was known of the tenant
	Marks     []Mark         // a mark never moves back
}

// SeriesFolds are windows of one series.
type SeriesFolds struct {
	Series
	Folds []Fold
}

// A Mark says up to when a tenant's usage is collected from a source; with
// Tenant "", the source as a whole.
type Mark struct {
	Tenant, Source string
	Through        time.Time // on a window border
}

// A Resource is what is known of a resource beside its usage.
type Resource struct {
	Tenant, ID, Meter string
	Type              string            // the meter's type: "Virtual Machine"
	Info              map[string]string // the meter's metadata, from the last sample
	Seen              time.Time         // when the last sample was taken
}

// An EntryFilter narrows entries. Zero fields do not narrow.
type EntryFilter struct {
	Tenant string
	// Within lets windows through that lie wholly within it.
	Within usage.Span
}
