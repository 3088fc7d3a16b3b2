// Package billing is the engine: it collects usage from sources into the
// store, drafts what a tenant owes for a block, and bills it through an ERP
// adapter, once.
//
// Billing goes in three steps, between any two of which the process may die.
// Claim: the store reserves the block and freezes the priced items. Commit:
// the adapter saves the invoice under the order's key. Settle: the store
// records the reference. The next run takes a claimed order over, once nobody
// holds it, and looks it up by its key before it sends anything again.
//
// Usage that comes after its block was claimed is billed, or given back, by
// items of a later order, at the cost that its own block was billed at.
package billing

import (
	"log/slog"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// An Engine bills for one deployment.
type Engine struct {
	Deployment string // its name, part of every order's key
	Adapter    string // the invoice adapter: its package and type

	Store       ledger.Store
	ERP         invoice.ERP // may be nil where nothing is priced
	SourceNames []string    // of all sources of the deployment
	Sources     []Source    // may be none where nothing is collected
	Meters      []usage.Meter

	Currency    string         // ISO 4217
	Digits      int32          // of the currency's minor unit
	Rounding    Rounding       // of amounts and values
	ValueDigits int32          // digits after the point of an item's value
	Location    *time.Location // where months begin and end
	SettleAfter time.Duration  // how long after its end a block may be billed
	BillFrom    time.Time      // no block that begins earlier is billed; zero for any

	Holder  string        // names this process, and no other, to the store; a person sees it
	By      string        // whom the history of orders names: who runs this process, and where
	Lease   time.Duration // for how long an order is held; 0 for DefaultLease
	Workers int           // how many tenants are billed, or series folded, at the same time; one where it is below
	Buffer  int           // bytes of memory for samples that are being sorted; 0 for spool.DefaultBuffer

	Now func() time.Time // the clock

	// Watch is told of each step that begins, and what it returns of how far
	// that is. It may be nil, as Log may, which has a line for each tenant and
	// step.
	Watch func(Step) Progress
	Log   *slog.Logger
}

// DefaultLease is how long an order is held where nothing else is said: longer
// than any ERP takes to save an invoice.
const DefaultLease = 10 * time.Minute

// A Source is a source of samples and its name in the config.
type Source struct {
	Name string
	usage.Source
}
