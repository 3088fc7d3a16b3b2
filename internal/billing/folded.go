package billing

import (
	"errors"
	"slices"
	"strings"
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
	var entries []usage.Entry
	if k != nil {
		entries = k.Entries
	}
	return f.anybody(w, entries, f.reserves) || len(w.Samples)+len(entries) == 0 && f.reserves(f.about.tenant, w.Span)
}

// leftOut returns whose usage of a window is left out: those who were billed for
// it before it was collected, or who have usage there now only because the config
// is another. What was recorded of it is k, nil for nothing; who has usage there
// is billed for that.
func (f *folder) leftOut(w usage.Span, k *ledger.Fold) func(tenant string, w usage.Span) bool {
	others := k == nil && f.reconfigured(w.Start)
	var recorded []usage.Entry
	if k != nil {
		others, recorded = strings.HasPrefix(parseDigest(k.Digest).rule, aside), k.Entries
	}
	return func(tenant string, w usage.Span) bool {
		return f.reserves(tenant, w) && (others || f.uncollected(tenant, w.Start)) &&
			!slices.ContainsFunc(recorded, func(e usage.Entry) bool { return e.Tenant == tenant })
	}
}

// anybody reports whether something holds of a tenant that has samples, or one of
// the entries, in a window.
func (f *folder) anybody(w *spool.Window, entries []usage.Entry, holds func(tenant string, w usage.Span) bool) bool {
	return slices.ContainsFunc(w.Samples, func(s usage.Sample) bool { return holds(s.Tenant, w.Span) }) ||
		slices.ContainsFunc(entries, func(e usage.Entry) bool { return holds(e.Tenant, w.Span) })
}

// reserves reports whether an order of a tenant has reserved a window.
func (f *folder) reserves(tenant string, w usage.Span) bool {
	_, ok := f.order(tenant, w)
	return ok
}

// order returns the order of a tenant that has reserved a window.
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
	mark, known := f.marked[tenant]
	return !start.Before(f.metered[f.meter.Name].Through) || known && (!start.Before(mark.Through) || !mark.From.Before(mark.Through))
}

// reconfigured reports whether a window that has no samples, and of which
// nothing was recorded when it was collected, has usage now only because the
// config is another.
func (f *folder) reconfigured(start time.Time) bool {
	return f.run.another && !f.run.late && start.Before(f.marked[""].Through)
}

// setAside leaves out usage of a window, and returns how often whose.
func (f *folder) setAside(fold *ledger.Fold, left func(tenant string, w usage.Span) bool) (all []Aside) {
	fold.Entries = slices.DeleteFunc(fold.Entries, func(e usage.Entry) bool {
		if !left(e.Tenant, fold.Window) {
			return false
		}
		order, _ := f.order(e.Tenant, fold.Window)
		all = append(all, Aside{Meter: f.meter.Name, Tenant: e.Tenant, Order: order.Key, Windows: 1})
		return true
	})
	return all
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
	f.holdBack(r)
	r.gone = append(r.gone, f.result.gone...)
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
	tenants := f.hold(r, f.about.tenants, from)
	for i := range f.result.gone {
		f.result.gone[i].Tenants = tenants
	}
}

// hold holds back tenants from a window on, and all whose usage of the series
// is recorded, and returns them.
func (f *folder) hold(r *folded, tenants []string, from time.Time) []string {
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
	return tenants
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
			r.late = append(r.late, Late{Tenant: tenant, Series: f.id, Window: c.Window, Windows: 1, Samples: c.added, Order: order.Key})
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
