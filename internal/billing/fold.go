package billing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A folder brings the series of one meter up to date, one after the other. It
// goes once through the windows of a series, oldest first: those that have
// samples, those that were folded before, and those that a state reaches into.
//
// A window is folded where its samples, the meter's rule, what the config makes
// the samples say, or the state before it are not those that were recorded, and
// so are the windows after it until the state is again the one that was
// recorded. These windows are a run of changes. A run that comes to a window of
// which samples are gone cannot go on, and nothing of it is kept.
//
// Of a window that was billed, only other samples make another one, or a state
// that other samples changed: what the config says now does not hold for it.
type folder struct {
	*collector
	meter   usage.Meter
	rule    string
	walker  *usage.Walker
	dresser *spool.Dresser

	id       ledger.Series
	through  time.Time     // windows from here on are not due
	known    []ledger.Fold // that were recorded, but for those before the first sample
	next     int           // of known
	end      time.Time     // of the window before
	last     *ledger.Fold  // of known, before next
	state    usage.State   // after the window before
	recorded usage.State   // what it was when it was recorded
	resumes  bool          // whether the walker is at state
	changes  []change
	run      run
	about    describer
	result   folded
	failed   error
	failedAt time.Time
}

// A run is the present run of changes, and why there is one.
type run struct {
	began   int  // where in the changes
	late    bool // other samples are among the reasons
	settled bool // samples that are as they were came after those
	another bool // another config is among the reasons
}

// A change is a window that is to be recorded.
type change struct {
	ledger.Fold
	before *ledger.Fold // what was recorded, nil for nothing
	added  int          // samples
}

// begin turns to the series of a resource. The samples begin at from.
func (f *folder) begin(ctx context.Context, resource string, from time.Time) error {
	*f = folder{collector: f.collector, meter: f.meter, rule: f.rule, walker: f.walker, dresser: f.dresser, changes: f.changes[:0]}
	f.id = ledger.Series{Source: f.source.Name, Meter: f.meter.Name, Resource: resource}
	f.through = f.report.Through
	f.about = describer{meter: f.meter, resource: resource}
	var err error
	if f.known, err = f.Store.Folds(ctx, f.id, from); err != nil {
		return err
	}
	if n := len(f.known); n > 0 {
		if end := f.known[n-1].Window.End; end.After(f.through) {
			f.through = end // a run that failed marked less than it collected
		}
		if f.known[0].Window.Start.Before(from) {
			f.keep(f.nextKnown())
		}
	}
	return nil
}

// nextKnown passes to the next recorded window.
func (f *folder) nextKnown() *ledger.Fold {
	f.last = &f.known[f.next]
	f.next++
	if n := len(f.last.Entries); n > 0 {
		f.about.tenant = f.last.Entries[n-1].Tenant
	}
	return f.last
}

// keep leaves a window as it was recorded.
func (f *folder) keep(k *ledger.Fold) {
	f.end = k.Window.End
	f.state, f.recorded = k.State, k.State
	f.resumes = false
	f.run = run{began: len(f.changes)}
}

// window brings the window of some samples up to date, and what lies before it.
func (f *folder) window(w *spool.Window) {
	if f.failed != nil || !w.Start.Before(f.through) {
		return
	}
	f.advance(w.Start)
	prepared, err := f.meter.Prepare(w.Samples)
	if err != nil {
		f.fail(w.Span, fmt.Errorf("meter %s: %w", f.meter.Name, err))
		return
	}
	f.about.add(prepared)
	f.step(w, prepared)
	if n := len(w.Samples); n > 0 {
		f.about.tenant = w.Samples[n-1].Tenant
	}
}

// fail gives the series up from a window on.
func (f *folder) fail(w usage.Span, err error) {
	if f.failed == nil {
		f.failed, f.failedAt = err, w.Start
	}
}

// advance brings the windows that begin before limit up to date: they have no
// samples.
func (f *folder) advance(limit time.Time) {
	for f.failed == nil {
		var start time.Time
		if f.next < len(f.known) {
			start = f.known[f.next].Window.Start
		}
		if f.walker.Reaches(f.state, f.end) && !f.pruned() && (start.IsZero() || f.end.Before(start)) {
			start = f.end
		}
		if start.IsZero() || !start.Before(limit) {
			return
		}
		f.step(&spool.Window{Span: usage.WindowAt(start)}, nil)
	}
}

// pruned reports whether the state that was recorded last was dropped, with
// the entries of its window, so that nothing can be folded from it.
func (f *folder) pruned() bool {
	return f.last != nil && f.last.Pruned && f.next < len(f.known) && f.known[f.next].Pruned
}

// step brings one window up to date.
func (f *folder) step(w *spool.Window, prepared []usage.Sample) {
	now := digest{rule: f.rule, dress: f.dresser.Dress(w.Samples), dressed: true, samples: w.Digest}
	if f.next == len(f.known) || !f.known[f.next].Window.Start.Equal(w.Start) {
		if f.pruned() {
			f.tooLate(w, "", len(w.Samples))
			return
		}
		if len(w.Samples) > 0 {
			f.run.late, f.run.settled = true, false
		}
		f.fold(w, prepared, nil, now, len(w.Samples))
		return
	}
	diverged := !sameState(f.state, f.recorded)
	k := f.nextKnown()
	before := parseDigest(k.Digest)
	if before == now && !diverged {
		f.keep(k)
		return
	}
	added, changed, gone, err := spool.CompareDigests(before.samples, k.Samples, w)
	if err != nil {
		f.fail(w.Span, fmt.Errorf("meter %s: resource %s: %v: %w", f.meter.Name, f.id.Resource, w.Span, err))
		return
	}
	others := added+changed > 0
	rule, wasAside := strings.CutPrefix(before.rule, aside)
	if !others && gone == 0 && rule == f.rule && before.dressed && before.dress.Metadata != now.dress.Metadata {
		others = true // the same rule looks at the same keys: a sample says something else
	}
	billed := f.billed(w, k)
	if billed && wasAside {
		now.rule = aside + now.rule
	}
	configured := !billed && (before.rule != now.rule || !before.dressed || before.dress != now.dress)
	diverged = diverged && (f.run.late || others || !billed)
	if billed && !others && rule != f.rule && f.run.settled {
		diverged = false // what came late reaches no further, and the rest is the rule's
	}
	switch {
	case k.Pruned:
		if others || diverged {
			f.tooLate(w, before.samples, added+changed)
		}
		f.keep(k)
	case gone > 0 && (others || diverged):
		f.lose(w.Span)
		f.keep(k)
	case gone > 0:
		if !billed && before.rule != now.rule {
			f.result.kept++
		}
		f.keep(k)
	case others || diverged || configured:
		f.run.late, f.run.another = f.run.late || others, f.run.another || configured
		if others {
			f.run.settled = false
		} else if len(w.Samples) > 0 {
			f.run.settled = f.run.late
		}
		f.fold(w, prepared, k, now, added)
	default:
		f.keep(k)
	}
}

// fold folds a window anew. What was recorded of it is known, or nothing is.
func (f *folder) fold(w *spool.Window, prepared []usage.Sample, known *ledger.Fold, now digest, added int) {
	fold := ledger.Fold{Window: w.Span, Samples: len(w.Samples), State: f.state}
	// Without this, a filter left out its samples, or a late sample ended the
	// state that reached into it.
	if len(prepared) > 0 || f.walker.Reaches(f.state, w.Start) {
		step, err := f.take(w.Span, prepared)
		if err != nil {
			f.fail(w.Span, fmt.Errorf("meter %s: resource %s: %w", f.meter.Name, f.id.Resource, err))
			return
		}
		fold.State, fold.Gaps, fold.Entries = step.State, step.Gaps, f.entries(step)
	}
	var left []Aside
	if len(f.reserved) > 0 {
		leftOut := f.leftOut(w.Span, known)
		if now.rule == f.rule && f.anybody(w, fold.Entries, leftOut) {
			now.rule = aside + now.rule
		}
		left = f.setAside(&fold, leftOut)
	}
	fold.Digest = now.String()
	f.end, f.state = w.End, fold.State
	if known != nil {
		f.recorded = known.State
	}
	if known == nil || !sameFold(known, &fold) {
		f.changes = append(f.changes, change{Fold: fold, before: known, added: added})
		f.result.aside = append(f.result.aside, left...)
	}
	if sameState(f.state, f.recorded) {
		f.run = run{began: len(f.changes)}
	}
}

func (f *folder) take(w usage.Span, prepared []usage.Sample) (usage.Step, error) {
	if !f.resumes {
		if err := f.walker.Resume(f.state); err != nil {
			return usage.Step{}, err
		}
		f.resumes = true
	}
	return f.walker.Step(w, prepared)
}

// entries are the volumes of a step as the store keeps them. Volumes that only
// the transformer tells apart, by a service that is the meter's own, are one.
func (f *folder) entries(step usage.Step) []usage.Entry {
	if len(step.Volumes) == 0 {
		return nil
	}
	entries := make([]usage.Entry, 0, len(step.Volumes))
next:
	for _, v := range step.Volumes {
		v.Service = cmp.Or(v.Service, f.meter.Service)
		for i := range entries {
			if e := &entries[i]; sameKind(e.Volume, v) {
				e.Volume.Volume = e.Volume.Volume.Add(v.Volume)
				continue next
			}
		}
		entries = append(entries, usage.Entry{Source: f.id.Source, Meter: f.id.Meter, Resource: f.id.Resource, Window: step.Window, Volume: v})
	}
	return entries
}

// lose gives up the run of changes, which cannot go on past the window: samples
// of it that were counted are no longer there.
func (f *folder) lose(missing usage.Span) {
	late := missing
	if f.run.began < len(f.changes) {
		late = f.changes[f.run.began].Window
	}
	f.changes = f.changes[:f.run.began]
	f.result.gone = append(f.result.gone, Gone{Series: f.id, Late: late, Missing: missing})
}

// tooLate tells of samples that came after the entries of their window were
// dropped, to each of their tenants, or of a change that would reach into such
// a window.
func (f *folder) tooLate(w *spool.Window, recorded string, n int) {
	added, err := spool.Added(recorded, w)
	if err != nil {
		f.fail(w.Span, fmt.Errorf("meter %s: resource %s: %v: %w", f.meter.Name, f.id.Resource, w.Span, err))
		return
	}
	late := Late{Tenant: f.about.tenant, Series: f.id, Window: w.Span, Windows: 1, Samples: n}
	if len(added) == 0 {
		if last := len(w.Samples) - 1; last >= 0 {
			late.Tenant = w.Samples[last].Tenant
		}
		f.result.pruned = append(f.result.pruned, late)
		return
	}
	samples := map[string]int{}
	for i := range added {
		samples[added[i].Tenant]++
	}
	for _, late.Tenant = range slices.Sorted(maps.Keys(samples)) {
		late.Samples = samples[late.Tenant]
		f.result.pruned = append(f.result.pruned, late)
	}
}

func sameState(a, b usage.State) bool { return a.Data == b.Data && a.Until.Equal(b.Until) }

func sameKind(a, b usage.Volume) bool {
	return a.Tenant == b.Tenant && a.Service == b.Service && a.Datacenter == b.Datacenter && a.Unit == b.Unit
}

// sameFold reports whether two folds of a window are alike.
func sameFold(a, b *ledger.Fold) bool {
	return a.Digest == b.Digest && sameState(a.State, b.State) && len(a.Entries) == len(b.Entries) && len(a.Gaps) == len(b.Gaps) &&
		len(newGaps(a.Gaps, b.Gaps)) == 0 && contains(a.Entries, b.Entries)
}

// contains reports whether all of some entries are among others.
func contains(all, some []usage.Entry) bool {
	for i := range some {
		volume, ok := volumeOf(all, some[i].Volume)
		if !ok || !volume.Equal(some[i].Volume.Volume) {
			return false
		}
	}
	return true
}

// volumeOf returns the volume of the entry of the same kind, if there is one.
func volumeOf(entries []usage.Entry, kind usage.Volume) (decimal.Decimal, bool) {
	for i := range entries {
		if sameKind(entries[i].Volume, kind) {
			return entries[i].Volume.Volume, true
		}
	}
	return decimal.Decimal{}, false
}

// newGaps returns the gaps that are not among those known.
func newGaps(known, gaps []usage.Gap) []usage.Gap {
	var found []usage.Gap
next:
	for _, g := range gaps {
		for _, k := range known {
			if k.Tenant == g.Tenant && k.From.Equal(g.From) && k.To.Equal(g.To) {
				continue next
			}
		}
		found = append(found, g)
	}
	return found
}
