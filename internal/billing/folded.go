package billing

import (
	"errors"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// billed reports whether a tenant of the window was billed for it: one that
// has samples or usage there or, where there are neither, to whom the resource
// belonged last. What was recorded of it is k, nil for nothing.
func (f *folder) billed(w *spool.Window, k *ledger.Fold) bool {
	if len(f.reserved) == 0 {
		return false
	}
	if f.sampledFor(w, f.reserves) {
		return true
	}
	var entries []usage.Entry
	if k != nil {
		entries = k.Entries
	}
	for i := range entries {
		if f.reserves(entries[i].Tenant, w.Span) {
			return true
		}
	}
	return len(w.Samples)+len(entries) == 0 && f.reserves(f.about.tenant, w.Span)
}

// leavesOut reports whether a tenant was billed for a window of which nothing is
// recorded, and not because its samples are late: when it was billed the window
// was not collected, or it has usage now only because the config is another. The
// tenant is one that has samples there, or whose usage reaches into it.
func (f *folder) leavesOut(w *spool.Window) bool {
	if len(f.reserved) == 0 {
		return false
	}
	reconfigured := f.reconfigured(w.Start)
	without := func(tenant string, w usage.Span) bool {
		return f.reserves(tenant, w) && (reconfigured || f.uncollected(tenant, w.Start))
	}
	return f.sampledFor(w, without) || f.walker.Reaches(f.state, w.Start) && without(f.about.tenant, w.Span)
}

// sampledFor reports whether something holds of a tenant that has samples in a
// window.
func (f *folder) sampledFor(w *spool.Window, holds func(tenant string, w usage.Span) bool) bool {
	for i := range w.Samples {
		if holds(w.Samples[i].Tenant, w.Span) {
			return true
		}
	}
	return false
}

// reserves reports whether an order has reserved a window.
func (f *folder) reserves(tenant string, w usage.Span) bool {
	_, ok := f.order(tenant, w)
	return ok
}

// order returns the order that has reserved a window.
func (f *folder) order(tenant string, w usage.Span) (ledger.Order, bool) {
	for _, order := range f.reserved[tenant] {
		if order.Block.Overlaps(w) {
			return order, true
		}
	}
	return ledger.Order{}, false
}

// uncollected reports whether a window was never collected from the source
// before, with the meter, as far as it is of a tenant. Where the tenant is billed
// for it all the same, the config had no such meter, or no such source, then: a
// block is billed once all is collected.
func (f *folder) uncollected(tenant string, start time.Time) bool {
	marked, known := f.marked[tenant]
	return !start.Before(f.metered[f.meter.Name]) || known && !start.Before(marked)
}

// reconfigured reports whether a window that has no samples, and of which
// nothing was recorded when it was collected, has usage now only because the
// config is another.
func (f *folder) reconfigured(start time.Time) bool {
	return f.run.another && !f.run.late && start.Before(f.marked[""])
}

// setAside leaves out the usage of those tenants that were billed for the
// window, and notes how often.
func (f *folder) setAside(fold *ledger.Fold) {
	fold.Entries = slices.DeleteFunc(fold.Entries, func(e usage.Entry) bool {
		order, ok := f.order(e.Tenant, fold.Window)
		if ok {
			f.result.aside = append(f.result.aside, Aside{Meter: f.meter.Name, Tenant: e.Tenant, Order: order.Key, Windows: 1})
		}
		return ok
	})
}

// finish brings what lies after the last sample up to date, and tells what came
// of the series.
func (f *folder) finish(r *folded) {
	f.advance(f.through)
	if f.failed != nil {
		// What was changed before is not kept either.
		from := f.failedAt
		if len(f.changes) > 0 && f.changes[0].Window.Start.Before(from) {
			from = f.changes[0].Window.Start
		}
		f.hold(r, r.tenants, from)
		r.stuck = append(r.stuck, f.id)
		if !errors.Is(f.failed, errUnread) {
			r.mistakes = append(r.mistakes, f.failed)
		}
		return
	}
	r.kept += f.result.kept
	r.aside = append(r.aside, f.result.aside...)
	r.pruned = append(r.pruned, f.result.pruned...)
	r.gone = append(r.gone, f.result.gone...)
	f.holdBack(r)
	if len(f.changes) == 0 {
		return
	}
	folds := make([]ledger.Fold, len(f.changes))
	for i := range f.changes {
		c := &f.changes[i]
		folds[i] = c.Fold
		f.tellLate(r, c)
	}
	f.tellGaps(r)
	r.series = append(r.series, ledger.SeriesFolds{Series: f.id, Folds: folds})
	r.resources = append(r.resources, f.about.resources...)
}

// holdBack names the tenants of a series that cannot be brought up to date.
func (f *folder) holdBack(r *folded) {
	if len(f.result.gone) == 0 {
		return
	}
	from := f.result.gone[0].Late.Start
	for _, gone := range f.result.gone[1:] {
		if gone.Late.Start.Before(from) {
			from = gone.Late.Start
		}
	}
	f.hold(r, f.about.tenants, from)
}

// hold holds back tenants from a window on, and all whose usage of the series
// is recorded.
func (f *folder) hold(r *folded, tenants []string, from time.Time) {
	tenants = slices.Clone(tenants)
	for i := range f.known {
		for _, entry := range f.known[i].Entries {
			if !slices.Contains(tenants, entry.Tenant) {
				tenants = append(tenants, entry.Tenant)
			}
		}
	}
	for _, tenant := range tenants {
		r.held = append(r.held, heldBack{tenant, from})
	}
}

// tellLate tells what of a change is too late for an order.
func (f *folder) tellLate(r *folded, c *change) {
	if len(f.reserved) == 0 {
		return
	}
	var before []usage.Entry
	if c.before != nil {
		before = c.before.Entries
	}
	var tenants []string
	for _, e := range slices.Concat(before, c.Entries) {
		if !slices.Contains(tenants, e.Tenant) {
			tenants = append(tenants, e.Tenant)
		}
	}
	slices.Sort(tenants)
	for _, tenant := range tenants {
		others := func(e usage.Entry) bool { return e.Tenant != tenant }
		was := slices.DeleteFunc(slices.Clone(before), others)
		is := slices.DeleteFunc(slices.Clone(c.Entries), others)
		if len(was) == len(is) && contains(was, is) {
			continue
		}
		if order, ok := f.order(tenant, c.Window); ok {
			r.late = append(r.late, Late{Tenant: tenant, Series: f.id, Window: c.Window, Samples: c.added, Order: order.Key})
		}
	}
}

// tellGaps tells the gaps that were found, or ended, each once.
func (f *folder) tellGaps(r *folded) {
	type id struct {
		tenant string
		from   int64
	}
	told := map[id]int{}
	for i := range f.changes {
		c := &f.changes[i]
		if len(c.Gaps) == 0 {
			continue
		}
		var known []usage.Gap
		if c.before != nil {
			known = c.before.Gaps
		}
		for _, g := range newGaps(known, c.Gaps) {
			at, again := told[id{g.Tenant, g.From.UnixNano()}]
			if again {
				r.gaps[at].To = g.To
				continue
			}
			told[id{g.Tenant, g.From.UnixNano()}] = len(r.gaps)
			r.gaps = append(r.gaps, ledger.Gap{Series: f.id, Gap: g})
		}
	}
}

// A describer gathers what samples tell of a resource, for each of its tenants.
type describer struct {
	meter     usage.Meter
	resource  string
	resources []ledger.Resource
	metadata  []map[string]string // of the last sample, by resource
	tenants   []string            // of all samples
	tenant    string              // of the last sample
}

// add adds samples, in their order.
func (d *describer) add(samples []usage.Sample) {
	at := 0
	for i := range samples {
		s := &samples[i]
		if at >= len(d.resources) || d.resources[at].Tenant != s.Tenant {
			at = slices.IndexFunc(d.resources, func(r ledger.Resource) bool { return r.Tenant == s.Tenant })
		}
		if at < 0 {
			at = len(d.resources)
			d.resources = append(d.resources, ledger.Resource{Tenant: s.Tenant, ID: d.resource, Meter: d.meter.Name, Type: d.meter.Type, Info: map[string]string{}})
			d.metadata = append(d.metadata, nil)
			d.tenants = append(d.tenants, s.Tenant)
		}
		d.resources[at].Seen = s.Time
		if !spool.Same(d.metadata[at], s.Metadata) {
			d.meter.Describe(d.resources[at].Info, s)
			d.metadata[at] = s.Metadata
		}
	}
}
