package usage

import (
	"fmt"
	"iter"
	"sort"
	"time"
)

// A Step is one window of a walk.
type Step struct {
	Window  Span
	Samples []Sample // those of the window, as they were given to Walk
	Volumes []Volume // what the transformer made of them
	Gaps    []Gap    // what it found, if it is a GapFinder
	State   State    // what a walk that resumes at Window.End must be given
}

// A Walker folds the windows of series, one at a time, oldest first. It is for
// one goroutine.
//
// A Step's State holds more than the transformer's: a Walker resolves
// datacenters too. A sample whose datacenter is Assumed is shown to the
// transformer with that of the last sample of the series for which it was
// known, and keeps its own only before the first such. So State.Data is a JSON
// object {"dc": the datacenter last known, "data": the transformer's own
// Data}, or "" where there is neither.
type Walker struct {
	transformer Transformer
	gaps        GapFinder // nil where it finds none
	own         bool      // its states need no check

	where  whereabouts
	state  State // the transformer's
	sealed State // state with where
	last   string
}

// NewWalker returns a walker that stands before the first sample of a series.
func NewWalker(t Transformer) *Walker {
	t = ready(t)
	w := &Walker{transformer: t, own: ownState(t)}
	w.gaps, _ = t.(GapFinder)
	return w
}

// ready returns a transformer of this package with its defaults, so that they
// are not made for every window. It goes by the type, not by a method: one that
// embeds another's would have that method too, and be passed over for what it
// embeds.
func ready(t Transformer) Transformer {
	switch t := t.(type) {
	case Uptime:
		return t.withDefaults()
	case UptimeSampled:
		return t.withDefaults()
	case DatabaseUptime:
		return t.sampled().withDefaults()
	case FromImage:
		return t.withDefaults()
	}
	return t
}

// ownState reports whether the states of a transformer are written here.
func ownState(t Transformer) bool {
	switch t.(type) {
	case Uptime, Integral, Counter:
		return true
	}
	return false
}

// Resume makes the walker go on where a step left off.
func (w *Walker) Resume(state State) error {
	where, before, err := unseal(state)
	if err != nil {
		return err
	}
	w.where, w.state, w.sealed, w.last = where, before, state, where.datacenter
	return nil
}

// Reaches reports whether a window that begins at start matters after the
// state even where it has no samples.
func (w *Walker) Reaches(state State, start time.Time) bool {
	return start.Before(state.Until) || w.gaps != nil && !state.Until.IsZero() && start.Equal(state.Until)
}

// Step folds the samples of a window, which are in the order of Sort. They are
// not kept. The error is the transformer's, for samples that its rule does not
// fit: resume before the walker is used again.
func (w *Walker) Step(window Span, samples []Sample) (Step, error) {
	step := Step{Window: window, Samples: samples}
	var err error
	var after State
	if shown := w.where.resolve(samples); w.gaps != nil {
		step.Volumes, step.Gaps, after, err = w.gaps.TransformGaps(window, w.state, shown)
	} else {
		step.Volumes, after, err = w.transformer.Transform(window, w.state, shown)
	}
	if err != nil {
		return Step{}, err
	}
	if after != w.state || w.where.datacenter != w.last {
		if w.sealed, err = w.where.seal(after, w.own); err != nil {
			return Step{}, err
		}
		w.state, w.last = after, w.where.datacenter
	}
	step.State = w.sealed
	return step, nil
}

// Walk folds t over the windows from one border up to another, which both lie
// between windows, and yields a step for every window that holds samples or
// that Walker.Reaches. The samples are those of one series, in the order of
// Sort; those earlier than from, and those not earlier than through, are not
// looked at. It ends at the first error, which is yielded with a zero Step.
//
// The state is the zero State where nothing was folded before, else the one
// of the step before from; how often and where a walk is cut never changes
// what it yields.
func Walk(t Transformer, from time.Time, state State, samples []Sample, through time.Time) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		if err := checkWalk(from, samples, through); err != nil {
			yield(Step{}, err)
			return
		}
		w := NewWalker(t)
		if err := w.Resume(state); err != nil {
			yield(Step{}, fmt.Errorf("resume at %s: %w", from.Format(time.RFC3339), err))
			return
		}
		rest := samples[earlier(samples, from):]
		for start := from; ; {
			if !w.Reaches(state, start) {
				if len(rest) == 0 {
					return
				}
				start = rest[0].Time
			}
			if !start.Before(through) {
				return
			}
			window := WindowAt(start)
			n := earlier(rest, window.End)
			step, err := w.Step(window, rest[:n:n])
			if !yield(step, err) || err != nil {
				return
			}
			state, start, rest = step.State, window.End, rest[n:]
		}
	}
}

// checkWalk guards against what would otherwise bill wrong in silence.
func checkWalk(from time.Time, samples []Sample, through time.Time) error {
	for _, border := range [...]time.Time{from, through} {
		if !OnBorder(border) {
			return fmt.Errorf("%s is not on the border of an hour", border.Format(time.RFC3339Nano))
		}
	}
	for i := 1; i < len(samples); i++ {
		if samples[i].Time.Before(samples[i-1].Time) {
			return fmt.Errorf("%s: out of order; sort the series first", samples[i].Origin)
		}
	}
	return nil
}

// earlier returns how many of the samples, which are sorted, are before t.
func earlier(samples []Sample, t time.Time) int {
	return sort.Search(len(samples), func(i int) bool { return !samples[i].Time.Before(t) })
}
