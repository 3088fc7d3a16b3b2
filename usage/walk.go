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
	State   State    // what a walk that resumes at Window.End must be given
}

// Walk folds t over the windows from one border up to another, which both lie
// between windows, and yields a step for every window that holds samples or
// that begins before the state's Until. The samples are those of one series,
// in the order of Sort; those earlier than from, and those not earlier than
// through, are not looked at. It ends at the first error, which is yielded
// with a zero Step.
//
// The state is the zero State where nothing was folded before, else the one
// of the step before from; how often and where a walk is cut never changes
// what it yields. A Step's State holds more than the transformer's: Walk
// resolves datacenters too. A sample whose datacenter is Assumed is shown to
// the transformer with that of the last sample of the series for which it was
// known, and keeps its own only before the first such. So State.Data is a JSON
// object {"dc": the datacenter last known, "data": the transformer's own
// Data}, or "" where there is neither.
func Walk(t Transformer, from time.Time, state State, samples []Sample, through time.Time) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		if err := checkWalk(from, samples, through); err != nil {
			yield(Step{}, err)
			return
		}
		where, before, err := unseal(state)
		if err != nil {
			yield(Step{}, fmt.Errorf("resume at %s: %w", from.Format(time.RFC3339), err))
			return
		}
		rest := samples[earlier(samples, from):]
		for start := from; ; {
			if !start.Before(before.Until) {
				if len(rest) == 0 {
					return
				}
				start = rest[0].Time
			}
			if !start.Before(through) {
				return
			}
			w := WindowAt(start)
			n := earlier(rest, w.End)
			step := Step{Window: w, Samples: rest[:n:n]}
			step.Volumes, before, err = t.Transform(w, before, where.resolve(step.Samples))
			if err == nil {
				step.State, err = where.seal(before)
			}
			if err != nil {
				yield(Step{}, err)
				return
			}
			if !yield(step, nil) {
				return
			}
			start, rest = w.End, rest[n:]
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
