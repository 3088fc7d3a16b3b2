package billing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A teller folds the samples of one meter up to the window that is explained,
// from what is recorded before it.
type teller struct {
	*explainer
	meter     usage.Meter
	walker    *usage.Walker
	state     usage.State
	end       time.Time // of the window before
	x         Explanation
	last      *Reading // before the window
	next      *Reading // after it
	explained bool
	err       error
}

func (x *explainer) teller(ctx context.Context, m usage.Meter) (*teller, error) {
	t := &teller{explainer: x, meter: m, walker: usage.NewWalker(m.Transformer)}
	t.x = Explanation{Source: x.source.Name, Meter: m.Name, Resource: x.resource, Rule: m.Rule, Window: x.window}
	folds, err := x.Store.Folds(ctx, ledger.Series{Source: x.source.Name, Meter: m.Name, Resource: x.resource}, x.window.Start)
	if err != nil {
		return nil, err
	}
	for i := range folds {
		switch f := &folds[i]; {
		case f.Window.Start.Before(x.window.Start):
			t.state, t.end = f.State, f.Window.End
			if f.Pruned && f.State.Data == "" {
				t.differ("what was remembered of the time before was dropped with the entries that were pruned")
			}
			t.fail(t.walker.Resume(f.State))
		case f.Window.Start.Equal(x.window.Start):
			t.x.Recorded = f
		}
	}
	return t, nil
}

func (t *teller) fail(err error) {
	if t.err == nil && err != nil {
		t.err = fmt.Errorf("meter %s: resource %s: %w", t.meter.Name, t.resource, err)
	}
}

func (t *teller) differ(format string, args ...any) {
	t.x.Differences = append(t.x.Differences, fmt.Sprintf(format, args...))
}

// see passes a window of samples.
func (t *teller) see(w *spool.Window) {
	switch {
	case w.Start.Before(t.window.Start):
		if n := len(w.Samples); n > 0 {
			t.last = &Reading{Sample: w.Samples[n-1], Why: "before the window: what it said is remembered"}
		}
		if w.Start.Before(t.end) {
			return // it is in what is recorded
		}
		t.reach(w.Start)
		prepared, err := t.meter.Prepare(w.Samples)
		t.fail(err)
		if len(prepared) > 0 || t.walker.Reaches(t.state, w.Start) {
			t.step(w.Span, prepared)
		}
	case w.Start.Equal(t.window.Start):
		t.explain(w)
	case t.next == nil && len(w.Samples) > 0:
		t.next = &Reading{Sample: w.Samples[0], Why: "after the window"}
	}
}

// reach folds the windows without samples up to limit that the state reaches
// into.
func (t *teller) reach(limit time.Time) {
	for t.err == nil && t.end.Before(limit) && t.walker.Reaches(t.state, t.end) {
		t.step(usage.WindowAt(t.end), nil)
	}
}

func (t *teller) step(w usage.Span, prepared []usage.Sample) usage.Step {
	step, err := t.walker.Step(w, prepared)
	t.fail(err)
	t.state, t.end = step.State, w.End
	return step
}

// explain folds the window, and compares it with what is recorded.
func (t *teller) explain(w *spool.Window) {
	t.explained = true
	t.reach(w.Start)
	t.x.Before, t.x.After = t.state, t.state
	var prepared []usage.Sample
	for _, s := range w.Samples {
		r := Reading{Sample: s, Counted: true}
		counts, err := t.meter.Prepare([]usage.Sample{s})
		switch {
		case err != nil:
			t.fail(err)
			r = Reading{Sample: s, Why: err.Error()}
		case len(counts) == 0:
			r = Reading{Sample: s, Why: "a filter of the meter leaves it out"}
		}
		prepared = append(prepared, counts...)
		t.x.Readings = append(t.x.Readings, r)
	}
	for _, s := range w.Repeated {
		t.x.Readings = append(t.x.Readings, Reading{Sample: s, Why: repeated(s, w.Samples)})
	}
	for _, r := range t.left {
		if r.Meter == t.meter.Meter {
			t.x.Readings = append(t.x.Readings, r)
		}
	}
	slices.SortStableFunc(t.x.Readings, func(a, b Reading) int { return a.Time.Compare(b.Time) })
	if len(prepared) > 0 || t.walker.Reaches(t.state, w.Start) {
		step := t.step(w.Span, prepared)
		t.x.After, t.x.Gaps = step.State, step.Gaps
		f := folder{meter: t.meter, id: ledger.Series{Source: t.x.Source, Meter: t.x.Meter, Resource: t.resource}}
		t.x.Volumes = f.entries(step)
	}
	t.compare(w)
}

// repeated says how a sample is one that was counted.
func repeated(s usage.Sample, counted []usage.Sample) string {
	for _, c := range counted {
		same := c.Time.Equal(s.Time) && c.Tenant == s.Tenant && c.HasVolume == s.HasVolume && c.Volume.Equal(s.Volume) && c.Unit == s.Unit && maps.Equal(c.Metadata, s.Metadata)
		if s.ID != "" && c.ID == s.ID && !same {
			return fmt.Sprintf("repeated with another content: the one of this id that is counted is %v", c.Origin)
		}
	}
	return "repeated: it was counted before"
}

// compare says why the recorded window is another one.
func (t *teller) compare(w *spool.Window) {
	k := t.x.Recorded
	if k == nil {
		if len(w.Samples)+len(t.x.Volumes) > 0 {
			t.differ("the window is not collected yet")
		}
		return
	}
	recorded := parseDigest(k.Digest)
	rule, left := strings.CutPrefix(recorded.rule, aside)
	if rule != ruleDigest(t.meter) {
		t.differ("it was collected under another config of the meter")
	}
	if left {
		t.differ("it was billed before the meter was collected from this source: its usage is left out")
	}
	added, changed, gone, err := spool.CompareDigests(recorded.samples, k.Samples, w)
	t.fail(err)
	for _, d := range []struct {
		n    int
		what string
	}{{added, "came since it was collected"}, {changed, "changed since it was collected"}, {gone, "that were counted are no longer in the source"}} {
		if d.n > 0 {
			t.differ("%d of its samples %s", d.n, d.what)
		}
	}
	if k.Pruned {
		t.differ("its entries were pruned after they were billed")
	} else if len(k.Entries) != len(t.x.Volumes) || !contains(k.Entries, t.x.Volumes) {
		t.differ("the usage that is recorded is not what the samples come to")
	}
}

// told returns the explanation.
func (t *teller) told() (Explanation, error) {
	if !t.explained {
		t.explain(&spool.Window{Span: t.window})
	}
	if t.last != nil {
		t.x.Readings = slices.Insert(t.x.Readings, 0, *t.last)
	}
	if t.next != nil {
		t.x.Readings = append(t.x.Readings, *t.next)
	}
	return t.x, t.err
}
