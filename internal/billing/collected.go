package billing

import (
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Collected tells what Collect did with one source.
type Collected struct {
	Source  string
	Read    int       // samples that the source gave for the meters of the config
	Counted int       // of them, for each meter that reads them, without repetitions, those before Through
	Series  int       // resources times meters
	Changed int       // windows written
	Entries int       // usage entries written
	Tenants []string  // tenants that are collected through, sorted
	From    time.Time // since when the source is collected
	Through time.Time // up to where the source is collected now; zero for not at all
	Late    []Late    // what came too late for its block, and became adjustments
	Pruned  []Late    // what came too late for anything
	Gone    []Gone    // what could not be computed again
	Kept    int       // windows that were collected under another rule, and whose samples are gone
	Gaps    []ledger.Gap
	// MoreGaps is how many gaps there are beyond those told.
	MoreGaps int
}

// maxGaps is how many gaps are told.
const maxGaps = 10

// Late is usage of a window that an order has billed, which changed since, as
// far as one tenant is concerned.
type Late struct {
	Tenant string
	ledger.Series
	Window  usage.Span
	Samples int    // that came late; 0 where what came before reaches into the window
	Order   string // the key of the order that billed the window, "" where it was pruned
}

// Gone is a series to which samples came late, while others that were counted
// are no longer in the source. From the late ones on it was left as it is, and
// its tenants' time does not move on.
type Gone struct {
	ledger.Series
	Late    usage.Span // the window that got more samples
	Missing usage.Span // the window that lacks some that were counted
}

// add adds what came of a series.
func (c *Collected) add(r *folded) {
	c.Series += r.meters
	c.Counted += r.counted
	c.Kept += r.kept
	c.Late = append(c.Late, r.late...)
	c.Pruned = append(c.Pruned, r.pruned...)
	c.Gone = append(c.Gone, r.gone...)
	told := min(len(r.gaps), maxGaps-len(c.Gaps))
	c.Gaps = append(c.Gaps, r.gaps[:told]...)
	c.MoreGaps += len(r.gaps) - told
	for _, s := range r.series {
		c.Changed += len(s.Folds)
		for _, fold := range s.Folds {
			c.Entries += len(fold.Entries)
		}
	}
}
