package gnocchi

import (
	"iter"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

const (
	// stepMeasures is about how many measures are read in one step: in three
	// seconds, which is what a run that dies has to do again. In steps of fewer
	// it would begin to count that each lists all resources.
	stepMeasures = 300_000
	// maxSteps is into how many steps a reading is cut at most: the larger a
	// cloud is, the longer is the list.
	maxSteps = 50
	// staleSteps is into how many more the time is that policies no longer keep.
	staleSteps = 4
	// maxEstimate is what estimates are cut off at, so that none overflows.
	maxEstimate = 1_000_000_000_000
)

// cut returns the first step of a reading of about so many measures: it goes back
// as far as anything is read, and beyond what was collected before.
func (r *reading) cut(meters map[string]meter, s *stock, measures int64) usage.Span {
	if r.query.Reached == nil || measures <= r.stepMeasures {
		return usage.Span{End: r.end}
	}
	begins := r.end // of the measures; what resources did may lie before
	r.fresh = r.end
	for p := range r.uses(meters, s) {
		for granularity, part := range r.parts(p) {
			if part.Start.Before(begins) {
				begins = part.Start
			}
			if kept := later(part.Start, r.end.Add(-p.timespan(granularity))); kept.Before(r.fresh) {
				r.fresh = kept
			}
		}
	}
	begins = usage.WindowAt(begins).Start
	r.stale = max(0, r.fresh.Sub(begins)) / staleSteps
	border := r.border(begins, measures)
	for _, through := range r.query.Collected {
		if !border.After(through) {
			border = usage.WindowAt(through).End
		}
	}
	return usage.Span{End: earlier(border, r.end)}
}

// after returns the step that begins at an instant after which about so many
// measures are left. All but the last end on a window's border. Each is then read
// like a reading of its own.
func (r *reading) after(start time.Time, measures int64) usage.Span {
	return usage.Span{Start: start, End: earlier(r.border(start, measures), r.end)}
}

// border is where a step ends. Of time that is older than what is kept of a metric
// that goes on there are only measures of those that ended: it has few steps.
func (r *reading) border(start time.Time, measures int64) time.Time {
	if measures <= r.stepMeasures {
		return r.end
	}
	steps := (measures-1)/r.stepMeasures + 1
	end := start.Add(r.end.Sub(later(start, r.fresh)) / time.Duration(steps))
	least := start.Add(r.end.Sub(r.fresh) / maxSteps)
	if start.Before(r.fresh) {
		least = earlier(start.Add(r.stale), r.fresh)
	}
	return later(end, least).Add(usage.WindowLength - 1).Truncate(usage.WindowLength)
}

// uses yields the policies of metrics that meters are made of, and how many
// metrics, whosever they are.
func (r *reading) uses(meters map[string]meter, s *stock) iter.Seq2[*policy, int64] {
	return func(yield func(*policy, int64) bool) {
		for _, m := range meters {
			for _, name := range m.metrics {
				for p, n := range s.named[name] {
					if _, err := p.aggregation(m); err == nil && !yield(p, n) {
						return
					}
				}
			}
		}
	}
}

// parts yields the parts of time of which there may be measures of a policy, each
// with its granularity.
func (r *reading) parts(p *policy) iter.Seq2[time.Duration, usage.Span] {
	return func(yield func(time.Duration, usage.Span) bool) {
		for granularity, part := range r.eras[p.name].within(usage.Span{End: r.end}) {
			part.Start = later(part.Start, r.bulk)
			if part.Start.Before(part.End) && !yield(granularity, part) {
				return
			}
		}
	}
}

// estimate is how many measures meters may have. There are fewer where resources
// began or ended, or are nobody's that is billed: the first step tells.
func (r *reading) estimate(meters map[string]meter, s *stock) int64 {
	sum := int64(0)
	for p, metrics := range r.uses(meters, s) {
		for granularity, part := range r.parts(p) {
			buckets := min(int64(min(part.End.Sub(part.Start), p.timespan(granularity))/granularity), maxEstimate/max(metrics, 1))
			sum = min(sum+buckets*metrics, maxEstimate)
		}
	}
	return sum
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
