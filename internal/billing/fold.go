package billing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A writer folds series and writes what changed, in batches.
type writer struct {
	engine *Engine
	source string
	frozen map[string][]ledger.Order
	report *Collected
	batch  ledger.Batch
	folds  int // in batch
}

// fold brings one series up to date. The samples are all that the source has
// of it, sorted.
func (w *writer) fold(ctx context.Context, m usage.Meter, resource string, samples []usage.Sample) error {
	samples = before(samples, w.report.Through)
	w.report.Series++
	w.report.Counted += len(samples)
	if m.Unit != "" {
		renamed, err := rename(samples, m)
		if err != nil {
			return err
		}
		samples = renamed
	}
	id := ledger.Series{Source: w.source, Meter: m.Name, Resource: resource}
	old, err := w.engine.Store.Folds(ctx, id)
	if err != nil {
		return err
	}
	from, state, changed := resume(old, samples, w.report.Through)
	if !changed {
		return nil
	}
	if missing, ok := gone(old, samples, from); ok {
		w.report.Gone = append(w.report.Gone, Gone{Series: id, Late: usage.WindowAt(from), Missing: missing})
		return nil
	}
	known := make(map[int64]ledger.Fold, len(old))
	for _, f := range old {
		known[f.Window.Start.UnixNano()] = f
	}
	folds := ledger.SeriesFolds{Series: id}
	for step, err := range usage.Walk(m.Transformer, from, state, samples, w.report.Through) {
		if err != nil {
			return fmt.Errorf("meter %s: resource %s: %w", m.Name, resource, err)
		}
		fold := newFold(id, m, step)
		at := fold.Window.Start.UnixNano()
		w.add(&folds, known[at], fold)
		delete(known, at)
		state = step.State
	}
	// A window that an earlier state reached into is empty now that a late
	// sample ended that state.
	for _, was := range old {
		if _, left := known[was.Window.Start.UnixNano()]; left && !was.Window.Start.Before(from) {
			w.add(&folds, was, ledger.Fold{Window: was.Window, Digest: usage.Digest(nil), State: state})
		}
	}
	if len(folds.Folds) == 0 {
		return nil
	}
	w.batch.Series = append(w.batch.Series, folds)
	w.batch.Resources = append(w.batch.Resources, resources(m, resource, samples)...)
	if w.folds += len(folds.Folds); w.folds >= batchFolds {
		return w.flush(ctx)
	}
	return nil
}

// add takes a fold into the batch, unless it is known, or would change what
// was billed.
func (w *writer) add(folds *ledger.SeriesFolds, was, is ledger.Fold) {
	if was.Digest == is.Digest && sameState(was.State, is.State) && sameEntries(was.Entries, is.Entries) {
		return
	}
	if late, ok := w.late(folds.Series, was, is); ok {
		w.report.Late = append(w.report.Late, late)
		return
	}
	folds.Folds = append(folds.Folds, is)
	w.report.Changed++
	w.report.Entries += len(is.Entries)
}

// late reports whether a fold would change entries within a block that is
// claimed.
func (w *writer) late(id ledger.Series, was, is ledger.Fold) (Late, bool) {
	if sameEntries(was.Entries, is.Entries) {
		return Late{}, false
	}
	for _, entry := range slices.Concat(is.Entries, was.Entries) {
		for _, o := range w.frozen[entry.Tenant] {
			if !o.Block.Covers(is.Window) || sameEntries(ofTenant(was.Entries, entry.Tenant), ofTenant(is.Entries, entry.Tenant)) {
				continue
			}
			return Late{Tenant: entry.Tenant, Series: id, Window: is.Window, Order: o.Key}, true
		}
	}
	return Late{}, false
}

func (w *writer) flush(ctx context.Context) error {
	batch := w.batch
	w.batch, w.folds = ledger.Batch{}, 0
	return w.engine.Store.Record(ctx, batch)
}

// resume finds the first window that must be folded: one whose samples are not
// the ones that were counted, or one that the last state reaches into and that
// was not yet due when it was kept. It returns the state to go on from. A
// window of which the source has fewer samples than were counted is left
// alone: files are rotated away.
func resume(old []ledger.Fold, samples []usage.Sample, through time.Time) (from time.Time, state usage.State, changed bool) {
	if len(old) > 0 {
		last := old[len(old)-1]
		if last.Window.End.Before(through) && last.State.Until.After(last.Window.End) {
			from, changed = last.Window.End, true
		}
	}
	next := 0 // the first fold that is not before the window
	for len(samples) > 0 {
		window := usage.WindowAt(samples[0].Time)
		if changed && !window.Start.Before(from) {
			break
		}
		for next < len(old) && old[next].Window.Start.Before(window.Start) {
			next++
		}
		n := len(before(samples, window.End))
		known := next < len(old) && old[next].Window.Start.Equal(window.Start)
		if !known || n >= old[next].Samples && old[next].Digest != usage.Digest(samples[:n]) {
			from, changed = window.Start, true
			break
		}
		samples = samples[n:]
	}
	return from, stateBefore(old, from), changed
}

// stateBefore is the state after the last fold before t.
func stateBefore(old []ledger.Fold, t time.Time) usage.State {
	var state usage.State
	for _, f := range old {
		if !f.Window.Start.Before(t) {
			break
		}
		state = f.State
	}
	return state
}

// gone returns the first window from there on of which the source has fewer
// samples than were counted.
func gone(old []ledger.Fold, samples []usage.Sample, from time.Time) (usage.Span, bool) {
	for _, f := range old {
		if f.Window.Start.Before(from) {
			continue
		}
		if n := len(before(samples, f.Window.End)) - len(before(samples, f.Window.Start)); n < f.Samples {
			return f.Window, true
		}
	}
	return usage.Span{}, false
}

// before returns the samples, which are sorted, that are earlier than t.
func before(samples []usage.Sample, t time.Time) []usage.Sample {
	n, _ := slices.BinarySearchFunc(samples, t, func(s usage.Sample, t time.Time) int {
		return cmp.Or(s.Time.Compare(t), 1)
	})
	return samples[:n]
}

// rename gives the samples the unit that the config has for the meter.
func rename(samples []usage.Sample, m usage.Meter) ([]usage.Sample, error) {
	renamed := slices.Clone(samples)
	for i := range renamed {
		s := &renamed[i]
		_, _, converts := usage.Conversion(s.Unit, m.Unit)
		if converts && !usage.SameUnit(s.Unit, m.Unit) {
			return nil, fmt.Errorf("%v: meter %s comes in %s, not in %s (write unit = %s: what one unit of a cost is belongs to the rates)", s.Origin, s.Meter, s.Unit, m.Unit, s.Unit)
		}
		s.Unit = m.Unit
	}
	return renamed, nil
}

func newFold(id ledger.Series, m usage.Meter, step usage.Step) ledger.Fold {
	fold := ledger.Fold{Window: step.Window, Samples: len(step.Samples), Digest: usage.Digest(step.Samples), State: step.State}
	for _, v := range step.Volumes {
		if v.Service == "" {
			v.Service = m.Service
		}
		fold.Entries = append(fold.Entries, usage.Entry{Source: id.Source, Meter: id.Meter, Resource: id.Resource, Window: step.Window, Volume: v})
	}
	return fold
}

// resources is what the samples tell of a resource, for each of its tenants.
func resources(m usage.Meter, resource string, samples []usage.Sample) []ledger.Resource {
	var all []ledger.Resource
	index := map[string]int{}
	for _, s := range samples {
		i, ok := index[s.Tenant]
		if !ok {
			i = len(all)
			index[s.Tenant] = i
			all = append(all, ledger.Resource{Tenant: s.Tenant, ID: resource, Meter: m.Name, Type: m.Type, Info: map[string]string{}})
		}
		all[i].Seen = s.Time
		for field, keys := range m.Metadata {
			for _, key := range keys {
				if value := s.Metadata[key]; value != "" && value != "None" {
					all[i].Info[field] = value
					break
				}
			}
		}
	}
	return all
}

func sameState(a, b usage.State) bool { return a.Data == b.Data && a.Until.Equal(b.Until) }

func ofTenant(entries []usage.Entry, tenant string) []usage.Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e usage.Entry) bool { return e.Tenant != tenant })
}

// sameEntries reports whether two folds of a window come to the same usage.
func sameEntries(a, b []usage.Entry) bool {
	if len(a) != len(b) {
		return false
	}
	byService := func(a, b usage.Entry) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Datacenter, b.Datacenter), cmp.Compare(a.Unit, b.Unit))
	}
	a, b = slices.SortedFunc(slices.Values(a), byService), slices.SortedFunc(slices.Values(b), byService)
	return slices.EqualFunc(a, b, func(a, b usage.Entry) bool {
		return byService(a, b) == 0 && a.Volume.Volume.Equal(b.Volume.Volume)
	})
}
