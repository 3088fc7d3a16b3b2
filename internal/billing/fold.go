package billing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A writer brings series up to date and writes what changed, in batches.
type writer struct {
	engine   *Engine
	source   string
	reserved map[string][]ledger.Order // by tenant
	report   *Collected
	held     map[string]time.Time // tenants whose usage could not be brought up to date, and from when on
	batch    ledger.Batch
	folds    int // in batch
}

// A mistake is a reason why a series cannot be folded: the samples, or the
// rule, are wrong.
type mistake struct{ error }

func (m *mistake) Unwrap() error { return m.error }

// fold brings one series up to date. The samples are all that the source has
// of it, sorted.
func (w *writer) fold(ctx context.Context, m usage.Meter, resource string, samples []usage.Sample) error {
	samples = before(samples, w.report.Through)
	w.report.Series++
	w.report.Counted += len(samples)
	prepared, err := m.Prepare(samples)
	if err != nil {
		return &mistake{fmt.Errorf("meter %s: %w", m.Name, err)}
	}
	id := ledger.Series{Source: w.source, Meter: m.Name, Resource: resource}
	known, err := w.engine.Store.Folds(ctx, id)
	if err != nil {
		return err
	}
	s := &series{writer: w, id: id, meter: m, rule: ruleDigest(m), samples: samples, prepared: prepared, known: known}
	if err := s.update(); err != nil {
		return &mistake{fmt.Errorf("meter %s: resource %s: %w", m.Name, resource, err)}
	}
	if len(s.changes) == 0 {
		return nil
	}
	w.batch.Series = append(w.batch.Series, ledger.SeriesFolds{Series: id, Folds: s.changes})
	w.batch.Resources = append(w.batch.Resources, resources(m, resource, prepared)...)
	for _, fold := range s.changes {
		w.report.Entries += len(fold.Entries)
	}
	w.report.Changed += len(s.changes)
	if w.folds += len(s.changes); w.folds >= batchFolds {
		return w.flush(ctx)
	}
	return nil
}

func (w *writer) flush(ctx context.Context) error {
	batch := w.batch
	w.batch, w.folds = ledger.Batch{}, 0
	return w.engine.Store.Record(ctx, batch)
}

// ruleDigest stands for the rule of a meter in a fold's digest.
func ruleDigest(m usage.Meter) string {
	sum := sha256.Sum256([]byte(m.Rule))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// A series is one that is being brought up to date.
type series struct {
	*writer
	id       ledger.Series
	meter    usage.Meter
	rule     string
	samples  []usage.Sample // as the source has them
	prepared []usage.Sample // as the transformer is to see them
	known    []ledger.Fold  // by window: what is stored, and what will be
	changes  []ledger.Fold
}

// update folds what must be folded, from the first window to the last. Windows
// that are billed are passed over, and the state after them is the one that
// they were billed with: a sample that came too late for a billed window
// changes nothing after it either.
func (s *series) update() error {
	var cursor time.Time
	for {
		from, ok := s.next(cursor)
		if !ok {
			return nil
		}
		end := s.barrier(from)
		if missing, ok := s.gone(from, end); ok {
			s.reportGone(from, missing)
			cursor = end
			continue
		}
		var err error
		if cursor, err = s.walk(from, end); err != nil {
			return err
		}
	}
}

// next finds the first window from the cursor on that must be folded: one
// whose samples, or whose rule, are not those that were counted, or one that
// the last state reaches into and that was not yet due when it was kept. A
// window of which samples are gone stays as it is, as long as none came to it:
// files are rotated away.
func (s *series) next(cursor time.Time) (from time.Time, ok bool) {
	if n := len(s.known); n > 0 {
		last := s.known[n-1]
		end := last.Window.End
		_, billed := s.billed(last.Window.Next())
		ok = !end.Before(cursor) && end.Before(s.report.Through) && last.State.Until.After(end) && !billed
		from = end
	}
	for rest := s.samples[len(before(s.samples, cursor)):]; len(rest) > 0; {
		window := usage.WindowAt(rest[0].Time)
		if ok && !window.Start.Before(from) {
			break
		}
		here := before(rest, window.End)
		rest = rest[len(here):]
		fold, known := s.find(window)
		rule, digest, _ := strings.Cut(fold.Digest, ":")
		added, changed, gone := usage.CompareDigests(digest, usage.Digest(here))
		if order, billed := s.billed(window); billed {
			if added > 0 {
				s.report.Late = append(s.report.Late, Late{Series: s.id, Window: window, Samples: added, Order: order.Key, Tenant: order.Tenant.ID})
			}
			continue
		}
		if known && rule != s.rule && added+changed == 0 && gone > 0 {
			s.report.Kept++
			continue
		}
		if !known || added+changed > 0 || rule != s.rule {
			return window.Start, true
		}
	}
	return from, ok
}

// billed returns the order that has billed the window for a tenant of the
// series: one that has samples or usage there or, where there are neither, to
// whom the resource belonged last.
func (s *series) billed(window usage.Span) (ledger.Order, bool) {
	tenants := map[string]bool{}
	earlier := before(s.samples, window.Start)
	for _, sample := range before(s.samples, window.End)[len(earlier):] {
		tenants[sample.Tenant] = true
	}
	fold, _ := s.find(window)
	for _, entry := range fold.Entries {
		tenants[entry.Tenant] = true
	}
	if len(tenants) == 0 && len(earlier) > 0 {
		tenants[earlier[len(earlier)-1].Tenant] = true
	}
	for _, tenant := range slices.Sorted(maps.Keys(tenants)) {
		for _, order := range s.reserved[tenant] {
			if order.Block.Covers(window) {
				return order, true
			}
		}
	}
	return ledger.Order{}, false
}

// barrier is where folding from there must stop: at the first window that is
// billed.
func (s *series) barrier(from time.Time) time.Time {
	for _, window := range s.windows(from, s.report.Through) {
		if _, billed := s.billed(window); billed {
			return window.Start
		}
	}
	return s.report.Through
}

// windows lists those that have samples, or were folded, in their order.
func (s *series) windows(from, end time.Time) []usage.Span {
	starts := map[int64]usage.Span{}
	for _, sample := range before(s.samples, end)[len(before(s.samples, from)):] {
		window := usage.WindowAt(sample.Time)
		starts[window.Start.UnixNano()] = window
	}
	for _, fold := range s.known {
		if !fold.Window.Start.Before(from) && fold.Window.Start.Before(end) {
			starts[fold.Window.Start.UnixNano()] = fold.Window
		}
	}
	return slices.SortedFunc(maps.Values(starts), func(a, b usage.Span) int { return a.Start.Compare(b.Start) })
}

// gone returns the first window of which samples that were counted are no
// longer there: it cannot be folded again.
func (s *series) gone(from, end time.Time) (usage.Span, bool) {
	for _, fold := range s.known {
		if fold.Window.Start.Before(from) || !fold.Window.Start.Before(end) {
			continue
		}
		_, digest, _ := strings.Cut(fold.Digest, ":")
		if _, _, gone := usage.CompareDigests(digest, usage.Digest(s.in(fold.Window))); gone > 0 {
			return fold.Window, true
		}
	}
	return usage.Span{}, false
}

// reportGone holds back the tenants of a series that cannot be brought up to
// date.
func (s *series) reportGone(from time.Time, missing usage.Span) {
	from = usage.WindowAt(from).Start
	s.report.Gone = append(s.report.Gone, Gone{Series: s.id, Late: usage.WindowAt(from), Missing: missing})
	hold := func(tenant string) {
		if at, held := s.held[tenant]; !held || from.Before(at) {
			s.held[tenant] = from
		}
	}
	for _, sample := range s.samples {
		hold(sample.Tenant)
	}
	for _, fold := range s.known {
		for _, entry := range fold.Entries {
			hold(entry.Tenant)
		}
	}
}

// walk folds the windows within [from, end) anew, and returns where it
// stopped.
func (s *series) walk(from, end time.Time) (time.Time, error) {
	state := s.stateBefore(from)
	steps := map[int64]usage.Step{}
	for step, err := range usage.Walk(s.meter.Transformer, from, state, s.prepared, end) {
		if err != nil {
			return time.Time{}, err
		}
		if order, billed := s.billed(step.Window); billed {
			// Only a state that reaches into a billed block comes here.
			end = step.Window.Start
			if len(step.Volumes) > 0 {
				s.report.Late = append(s.report.Late, Late{Series: s.id, Window: step.Window, Order: order.Key, Tenant: order.Tenant.ID})
			}
			break
		}
		steps[step.Window.Start.UnixNano()] = step
		if _, known := s.find(step.Window); !known && len(s.in(step.Window)) == 0 {
			s.put(ledger.Fold{Window: step.Window})
		}
	}
	// Also windows without a step: a filter left out their samples, or a late
	// sample ended the state that reached into them.
	for _, window := range s.windows(from, end) {
		here := s.in(window)
		fold := ledger.Fold{Window: window, Samples: len(here), Digest: s.rule + ":" + usage.Digest(here), State: state}
		if step, ok := steps[window.Start.UnixNano()]; ok {
			fold.State, fold.Entries = step.State, s.entries(step)
		}
		state = fold.State
		if known, ok := s.find(window); ok && known.Digest == fold.Digest && sameState(known.State, fold.State) && sameEntries(known.Entries, fold.Entries) {
			continue
		}
		s.put(fold)
		s.changes = append(s.changes, fold)
	}
	return end.Add(usage.WindowLength), nil
}

func (s *series) entries(step usage.Step) []usage.Entry {
	var entries []usage.Entry
	for _, v := range step.Volumes {
		v.Service = cmp.Or(v.Service, s.meter.Service)
		entries = append(entries, usage.Entry{Source: s.id.Source, Meter: s.id.Meter, Resource: s.id.Resource, Window: step.Window, Volume: v})
	}
	return entries
}

// in returns the samples of a window.
func (s *series) in(window usage.Span) []usage.Sample {
	return before(s.samples, window.End)[len(before(s.samples, window.Start)):]
}

// stateBefore is the state after the last fold before t.
func (s *series) stateBefore(t time.Time) usage.State {
	i, _ := s.search(t)
	if i == 0 {
		return usage.State{}
	}
	return s.known[i-1].State
}

func (s *series) find(window usage.Span) (ledger.Fold, bool) {
	i, ok := s.search(window.Start)
	if !ok {
		return ledger.Fold{}, false
	}
	return s.known[i], true
}

func (s *series) put(fold ledger.Fold) {
	i, ok := s.search(fold.Window.Start)
	if ok {
		s.known[i] = fold
		return
	}
	s.known = slices.Insert(s.known, i, fold)
}

func (s *series) search(start time.Time) (int, bool) {
	return slices.BinarySearchFunc(s.known, start, func(f ledger.Fold, t time.Time) int { return f.Window.Start.Compare(t) })
}

// before returns the samples, which are sorted, that are earlier than t.
func before(samples []usage.Sample, t time.Time) []usage.Sample {
	n, _ := slices.BinarySearchFunc(samples, t, func(s usage.Sample, t time.Time) int {
		return cmp.Or(s.Time.Compare(t), 1)
	})
	return samples[:n]
}

func sameState(a, b usage.State) bool { return a.Data == b.Data && a.Until.Equal(b.Until) }

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
		m.Describe(all[i].Info, &s)
	}
	return all
}
