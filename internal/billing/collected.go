package billing

import (
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Collected tells what Collect did with one source.
type Collected struct {
	Source  string
	Read    int            // samples that the source gave for the meters of the config
	LeftOut map[string]int // samples that it left out by its own rules, by why
	Lacks   []error        // what it warned of
	Counted int            // of them, for each meter that reads them, without repetitions, those before Through
	Series  int            // resources times meters
	Changed int            // windows written
	Entries int            // usage entries written
	Tenants []string       // tenants that are collected through, sorted
	From    time.Time      // since when the source is collected
	Through time.Time      // up to where the source is collected now; zero for not at all
	Late    []Late         // what came too late for its block, and became adjustments
	Pruned  []Late         // what came too late for anything
	Gone    []Gone         // what could not be computed again
	Aside   []Aside        // what was billed before its meter, or its source, was collected
	Kept    int            // windows that were collected under another rule, and whose samples are gone
	// Clashes are how many samples were left out although they are no
	// repetitions: their id was counted before, with another content. Clash is
	// where one of them stands.
	Clashes int
	Clash   usage.Origin
	Gaps    []ledger.Gap // that are new, but for Short ones
	// MoreGaps is how many gaps there are beyond those told.
	MoreGaps int
	Short    ShortGaps // that are new

	lateAt  map[lateID]int // where among Late, or Pruned
	lasting map[gapID]int  // gaps without an end, and where they are among Gaps; -1 for those not told
}

// A lateID is what Late is told of together.
type lateID struct{ tenant, meter, order string }

// A gapID tells a gap from others, whether it has ended or not.
type gapID struct {
	ledger.Series
	tenant string
	from   int64
}

// maxGaps is how many gaps are told.
const maxGaps = 10

// Late is usage of a tenant and meter that an order has billed, and which
// changed since.
type Late struct {
	Tenant        string
	ledger.Series            // the first of those whose usage did
	Window        usage.Span // the first of its windows
	Windows       int        // of all series
	Samples       int        // that came late; 0 where only what came before reaches into the windows
	Order         string     // the key of the order that billed them, "" where they were pruned
}

// Aside is usage that is left out of what a tenant is billed: the window was
// billed by an order before the meter was collected from the source. It is
// billed where that order becomes void.
type Aside struct {
	Meter, Tenant string
	Order         string // its key
	Windows       int    // of all resources
}

// Gone is a series to which samples came late, while others that were counted
// are no longer in the source. From the late ones on it was left as it is, and
// its tenants' time does not move on.
type Gone struct {
	ledger.Series
	Late    usage.Span // the window that got more samples
	Missing usage.Span // the window that lacks some that were counted
	Tenants []string   // whose usage of the series is recorded, or read
}

// add adds what came of a series.
func (c *Collected) add(r *folded) {
	c.Series += r.meters
	c.Counted += r.counted
	c.Kept += r.kept
	c.Late = c.addLate(c.Late, r.late)
	c.Pruned = c.addLate(c.Pruned, r.pruned)
	c.Gone = append(c.Gone, r.gone...)
	for _, a := range r.aside {
		c.setAside(a)
	}
	if c.Clashes += r.clashes; r.clashes > 0 && c.Clash == (usage.Origin{}) {
		c.Clash = r.clash
	}
	for _, gap := range r.gaps {
		c.addGap(gap)
	}
	for _, s := range r.series {
		c.Changed += len(s.Folds)
		for _, fold := range s.Folds {
			c.Entries += len(fold.Entries)
		}
	}
}

// addLate adds what came late to what is known of the same tenant, meter and
// order.
func (c *Collected) addLate(known, more []Late) []Late {
	for _, l := range more {
		id := lateID{l.Tenant, l.Meter, l.Order}
		if at, there := c.lateAt[id]; there {
			known[at].Windows += l.Windows
			known[at].Samples += l.Samples
			continue
		}
		if c.lateAt == nil {
			c.lateAt = map[lateID]int{}
		}
		c.lateAt[id] = len(known)
		known = append(known, l)
	}
	return known
}

// addGap adds a gap, or the end of one that was found without.
func (c *Collected) addGap(gap ledger.Gap) {
	id := gapID{gap.Series, gap.Tenant, gap.From.UnixNano()}
	at, known := c.lasting[id]
	switch {
	case known && at >= 0:
		c.Gaps[at].To = gap.To
	case known:
	case c.Short.Add(gap):
	case len(c.Gaps) < maxGaps:
		at = len(c.Gaps)
		c.Gaps = append(c.Gaps, gap)
	default:
		at = -1
		c.MoreGaps++
	}
	if !gap.To.IsZero() {
		delete(c.lasting, id)
		return
	}
	if c.lasting == nil {
		c.lasting = map[gapID]int{}
	}
	c.lasting[id] = at
}

// maxLacks is how many warnings of the source are told.
const maxLacks = 20

// warn adds what the source warns of.
func (c *Collected) warn(warning error) {
	if len(c.Lacks) < maxLacks {
		c.Lacks = append(c.Lacks, warning)
	}
}

// maxReasons is how many reasons are told of the source to leave samples out: one
// may name a sender, of whom there may be any number.
const maxReasons = 20

// OtherReasons are those beyond as many as are told.
const OtherReasons = "other reasons"

// leaveOut counts a sample that the source leaves out.
func (c *Collected) leaveOut(why string) {
	if c.LeftOut == nil {
		c.LeftOut = map[string]int{}
	}
	if c.LeftOut[why] == 0 && len(c.LeftOut) >= maxReasons {
		why = OtherReasons
	}
	c.LeftOut[why]++
}

// setAside adds windows that are left out to those of the same meter and order.
func (c *Collected) setAside(a Aside) {
	for i := range c.Aside {
		if known := &c.Aside[i]; known.Meter == a.Meter && known.Order == a.Order {
			known.Windows += a.Windows
			return
		}
	}
	c.Aside = append(c.Aside, a)
}
