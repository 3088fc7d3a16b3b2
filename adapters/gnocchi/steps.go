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
	// maxEstimate is what estimates are cut off at, so that none overflows.
	maxEstimate = 1_000_000_000_000
)

// steps cuts a reading into spans of time, where there is much to read: the
// first goes back as far as anything is read, and beyond what was collected
// before, and all but the last end on a window's border. Each is then read like
// a reading of its own.
func (r *reading) steps(meters map[string]meter, s *stock) []usage.Span {
	rest := usage.Span{End: r.end}
	if r.query.Reached == nil {
		return []usage.Span{rest}
	}
	n := min((r.estimate(meters, s, rest)-1)/r.stepMeasures+1, maxSteps)
	if n < 2 {
		return []usage.Span{rest}
	}
	begins := r.end // of the measures; what resources did may lie before
	for p := range r.uses(meters, s) {
		for _, part := range r.parts(p, usage.Span{End: r.end}) {
			if part.Start.Before(begins) {
				begins = part.Start
			}
		}
	}
	length := (r.end.Sub(begins)/time.Duration(n) + usage.WindowLength - 1).Truncate(usage.WindowLength)
	border := usage.WindowAt(begins).Start.Add(length)
	for _, through := range r.query.Collected {
		if !border.After(through) {
			border = usage.WindowAt(through).End
		}
	}
	var steps []usage.Span
	for ; border.Before(r.end); border = border.Add(length) {
		steps = append(steps, usage.Span{Start: rest.Start, End: border})
		rest.Start = border
	}
	return append(steps, rest)
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

// parts yields the parts of a span of which there may be measures of a policy,
// each with its granularity.
func (r *reading) parts(p *policy, span usage.Span) iter.Seq2[time.Duration, usage.Span] {
	return func(yield func(time.Duration, usage.Span) bool) {
		for granularity, part := range r.eras[p.name].within(span) {
			part.Start = later(later(part.Start, r.bulk), r.end.Add(-p.timespan(granularity)))
			if part.Start.Before(part.End) && !yield(granularity, part) {
				return
			}
		}
	}
}

// estimate is how many measures meters may have within a span. There are fewer
// where resources began or ended in it, or are nobody's that is billed.
func (r *reading) estimate(meters map[string]meter, s *stock, span usage.Span) int64 {
	sum := int64(0)
	for p, metrics := range r.uses(meters, s) {
		for granularity, part := range r.parts(p, span) {
			buckets := min(int64(part.End.Sub(part.Start)/granularity), maxEstimate/max(metrics, 1))
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
