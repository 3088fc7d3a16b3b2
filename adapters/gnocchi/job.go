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
	errand              // that tells of it
	quiet    usage.Span // of which no measures are expected
	first    bool
	news     *news // that it looks for, making no samples; nil for none
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
			r.drop(res, policy)
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
	again, told := r.again[seriesID{j.resource.id, j.meter}]
	switch {
	case told:
		from = again
	case !j.meterOf.presence:
		from = early
	}
	jobs := r.partsWithin(j, parts, usage.Span{Start: later(from, r.step.Start), End: r.step.End})
	if told || !r.step.Start.IsZero() {
		return jobs
	}
	for _, p := range parts {
		if !p.start.Before(from) || !p.settled.Before(from) {
			continue
		}
		look := r.partsWithin(j, []part{p}, usage.Span{Start: p.start, End: from})
		for i := range look {
			look[i].news = &news{parts, p.place, usage.Span{Start: early, End: from}}
		}
		jobs = append(jobs, look...)
	}
	return jobs
}

// partsWithin returns the jobs for parts of a series within a span.
func (r *reading) partsWithin(j job, parts []part, span usage.Span) []job {
	var jobs []job
	if !span.Start.Before(span.End) {
		return nil
	}
	for i, p := range parts {
		j.metric, j.policy, j.first = p.metric, p.policy, i == 0
		silent := r.seen[p.metric].silent(r.step.End)
		switch j.quiet = (usage.Span{}); {
		case silent:
			j.quiet = usage.Span{Start: p.start, End: r.step.Start}
		case !p.settled.IsZero():
			j.quiet = usage.Span{Start: p.settled, End: r.bulk}
		}
		for granularity, within := range r.eras[p.policy.name].within(span) {
			j.span, j.errand = within, errand{p.aggregation, granularity, within}
			if within.End.Equal(r.step.End) {
				j.errand.span.End = r.proof(p.policy, granularity)
			}
			if silent {
				j.errand.span.Start = earlier(within.Start, p.start)
			}
			jobs = append(jobs, j)
		}
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

// buckets is how many measures there may be for a job within a span.
func (j job) buckets(span usage.Span) int64 {
	from, end := later(span.Start, j.resource.started), span.End
	if !j.resource.ended.IsZero() && j.resource.ended.Before(end) {
		end = j.resource.ended
	}
	length := end.Sub(from)
	if !j.quiet.IsZero() {
		length -= max(0, earlier(end, j.quiet.End).Sub(later(from, j.quiet.Start)))
	}
	return int64(max(0, length)/j.granularity) + 1
}

// isNew reports whether there is news among the measures of a job.
func (j job) isNew(list []measure) bool {
	before := slices.DeleteFunc(slices.Clone(list), func(m measure) bool { return !m.at.Before(j.news.span.End) })
	return countFrom(before, j.news.settled) != j.news.count
}
