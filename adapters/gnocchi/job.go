package gnocchi

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A job is what is to be read of a resource for a meter: one of its metrics.
// With the first comes what is known of the resource itself.
type job struct {
	resource *resource
	meter    string
	meterOf  meter
	metric   string // its id
	policy   *policy
	span     usage.Span // of which samples are made
	errand              // that tells of it, and may tell more
	quiet    usage.Span // of which no measures are expected
	first    bool
	silent   bool  // nothing was measured in the steps before
	again    bool  // it was read before, in this step
	news     *news // that it may have; nil for none
}

// A seriesID names the samples of a resource for a meter.
type seriesID struct{ resource, meter string }

// A part is a metric that a series is made of.
type part struct {
	metric      string // its id
	policy      *policy
	aggregation string
	place       // how far it was read
}

// news are measures of one part of a series that would be late among those of the
// others, which are then read again with it: a window has all of its samples.
type news struct {
	parts []part
	place            // of the part
	span  usage.Span // that is read again
}

// jobs returns what there is to read of a resource.
func (r *reading) jobs(res *resource, meters map[string]meter, policies map[string]*policy) ([]job, []error) {
	var (
		jobs []job
		errs []error
	)
	if !slices.ContainsFunc(res.revisions, func(v revision) bool { return r.stranger(v.project) == "" }) {
		return nil, nil
	}
	from := r.since(res)
	if !res.ended.IsZero() && res.ended.Before(from) {
		return nil, nil
	}
	if id, ok := r.named[res.name]; ok && id != res.id {
		r.shared[res.name] = true
	}
	r.named[res.name] = res.id
	read, known := r.readBefore(res)
	for _, name := range slices.Sorted(maps.Keys(meters)) {
		m := meters[name]
		var parts []part
		for _, metric := range m.metrics {
			id := res.metrics[metric]
			policy := policies[id]
			if policy == nil {
				continue
			}
			aggregation, err := policy.aggregation(m)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: meter %s: %w", r.cloud, name, err))
				continue
			}
			p := part{id, policy, aggregation, place{start: from}}
			if known {
				p.place = r.placeOf(res, id, read, from)
			}
			parts = append(parts, p)
		}
		jobs = append(jobs, r.series(job{resource: res, meter: name, meterOf: m}, parts)...)
	}
	return jobs, errs
}

// series returns the jobs of a resource for a meter. Where only that there is a
// measure matters, and some of the metrics are measured seldom, it is read from
// where the most recent one was, and the others are looked at for news: what was
// measured before cannot have changed but by them.
func (r *reading) series(j job, parts []part) []job {
	if len(parts) == 0 {
		return nil
	}
	start := func(a, b part) int { return a.start.Compare(b.start) }
	early, from := slices.MinFunc(parts, start).start, slices.MaxFunc(parts, start).start
	if !j.meterOf.presence {
		from = early
	}
	span := usage.Span{Start: later(from, r.step.Start), End: r.step.End}
	if !span.Start.Before(span.End) {
		return nil
	}
	var jobs []job
	for i, p := range parts {
		j.first, j.quiet, j.silent, j.news = i == 0, usage.Span{}, r.seen[p.metric].silent(r.step.End), nil
		ask := span
		switch {
		case j.silent:
			ask.Start = p.start
			j.quiet = usage.Span{Start: p.start, End: span.Start}
		case !p.settled.IsZero():
			j.quiet = usage.Span{Start: p.settled, End: r.bulk}
		}
		if r.step.Start.IsZero() && p.start.Before(from) { // all marks lie within the first step
			ask.Start = p.start
			if p.settled.Before(from) {
				j.news = &news{parts, p.place, usage.Span{Start: early, End: from}}
			}
		}
		jobs = append(jobs, r.within(j, p, span, ask)...)
	}
	return jobs
}

// within returns the jobs for a part of a series: with samples of a span, for which
// another one is asked.
func (r *reading) within(j job, p part, span, ask usage.Span) []job {
	var jobs []job
	j.metric, j.policy = p.metric, p.policy
	for granularity, piece := range r.eras[p.policy.name].within(ask) {
		j.span = usage.Span{Start: later(piece.Start, span.Start), End: piece.End}
		j.errand = errand{p.aggregation, granularity, piece}
		if piece.End.Equal(r.step.End) {
			j.errand.span.End = r.proof(p.policy, granularity)
		}
		jobs = append(jobs, j)
	}
	return jobs
}

// proof is up to when measures are asked for in a step: up to one that shows that
// nothing comes any more for the time of the step.
func (r *reading) proof(p *policy, granularity time.Duration) time.Time {
	end := r.step.End
	if behind := end.Sub(p.settled(end)); behind <= maxSpan {
		end = end.Add(behind + p.block() + granularity)
	}
	return earlier(end, r.end)
}

// buckets is how many measures there may be for a job within a span: whenever they
// end, Gnocchi keeps no more of them than the policy says.
func (j job) buckets(span usage.Span) int64 {
	from, end := later(span.Start, j.resource.started), span.End
	if !j.resource.ended.IsZero() && j.resource.ended.Before(end) {
		end = j.resource.ended
	}
	length := end.Sub(from)
	if !j.quiet.IsZero() {
		length -= max(0, earlier(end, j.quiet.End).Sub(later(from, j.quiet.Start)))
	}
	return int64(min(max(0, length), j.policy.timespan(j.granularity))/j.granularity) + 1
}
