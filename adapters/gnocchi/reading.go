package gnocchi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// A reading is what one call of Samples reads.
type reading struct {
	*Source
	query      usage.Query
	from       time.Time  // nothing earlier is read of what was never collected
	lived      time.Time  // what was over earlier is not searched
	end        time.Time  // nothing from here on: what comes while it is read is left to the next
	step       usage.Span // what is read now; a zero Start is as far back as anything is read
	datacenter string
	tenants    *openstack.Selection
	keys       map[string]bool    // of metadata; nil for all
	resources  map[string]bool    // nil for all
	eras       map[string]eras    // by archive policy
	dropped    map[string]dropped // by archive policy
}

// begin finds out what a query means at this time.
func (s *Source) begin(ctx context.Context, q usage.Query) (*reading, error) {
	r := &reading{Source: s, query: q, from: s.start(len(q.Collected) > 0), end: s.now().UTC(), keys: set(q.Metadata), resources: set(q.Resources), dropped: map[string]dropped{}}
	if !q.Before.IsZero() && q.Before.Before(r.end) {
		r.end = q.Before.UTC()
	}
	r.step.End = r.end
	if through := q.Collected[""]; !through.IsZero() { // who is new may have samples from there on
		r.from = r.reach([]time.Time{through}, true)
	}
	r.lived = r.reach(slices.Collect(maps.Values(q.Collected)), true)
	if r.datacenter = s.config.Datacenter; r.datacenter == "" {
		endpoint, err := s.service.Endpoint(ctx)
		if err != nil {
			return nil, err
		}
		if r.datacenter = endpoint.Region; r.datacenter == "" {
			return nil, fmt.Errorf("%s: nothing tells the region of Gnocchi (set datacenter, or region)", s.cloud)
		}
	}
	var err error
	if r.tenants, err = s.cloud.Select(ctx, q.Collected); err != nil {
		return nil, err
	}
	return r, nil
}

// start is from when on anything is read that was never collected. The first
// reading of all goes back to when billing begins, however long ago that is.
func (s *Source) start(collected bool) time.Time {
	from := s.now().UTC().Add(-s.config.Lookback).Truncate(usage.WindowLength)
	if from.Before(s.config.Since) || !collected && !s.config.Since.IsZero() {
		return s.config.Since.UTC()
	}
	return from
}

// since is from when on a resource is read: where all of its projects were
// collected before, what is older cannot have changed since.
func (r *reading) since(res *resource) time.Time {
	marks := make([]time.Time, 0, len(res.revisions))
	for _, v := range res.revisions {
		marks = append(marks, r.query.Collected[v.project]) // zero where it was not
	}
	return r.reach(marks, r.config.Late == 0)
}

// reach is from when on something is read that was collected up to several
// marks; if all, what is late for as long as lookback. What came after a mark was
// never read, however long ago that is.
func (r *reading) reach(marks []time.Time, all bool) time.Time {
	var earliest time.Time
	for _, through := range marks {
		switch {
		case through.IsZero() || through.After(r.now()):
			all = true
		case earliest.IsZero() || through.Before(earliest):
			earliest = through
		}
	}
	if earliest.IsZero() {
		return r.from
	}
	from := earliest.UTC().Add(-max(r.config.Late, minLookback)).Truncate(usage.WindowLength)
	switch {
	case all && from.After(r.from):
		return r.from
	case from.Before(r.config.Since):
		return r.config.Since.UTC()
	}
	return from
}

func set(list []string) map[string]bool {
	if list == nil {
		return nil
	}
	all := make(map[string]bool, len(list))
	for _, text := range list {
		all[text] = true
	}
	return all
}

// asked returns the meters that are asked for, by name.
func (r *reading) asked() map[string]meter {
	if r.query.Meters == nil {
		return r.meters
	}
	asked := map[string]meter{}
	for _, name := range r.query.Meters {
		if m, ok := r.meters[name]; ok {
			asked[name] = m
		}
	}
	return asked
}

// byType returns meters by the type of their resources.
func byType(meters map[string]meter) map[string]map[string]meter {
	types := map[string]map[string]meter{}
	for name, m := range meters {
		if types[m.resource] == nil {
			types[m.resource] = map[string]meter{}
		}
		types[m.resource][name] = m
	}
	return types
}

// metricsOf names the metrics that meters may be made of, each once.
func metricsOf(meters map[string]meter) []string {
	names := map[string]bool{}
	for _, m := range meters {
		for _, name := range m.metrics {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// A job is what is to be read of a resource for a meter: one of its metrics.
// With the first comes what is known of the resource itself.
type job struct {
	resource *resource
	meter    string
	meterOf  meter
	metric   string // its id
	errand
	first bool
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
	span := usage.Span{Start: later(from, r.step.Start), End: r.step.End}
	for _, name := range slices.Sorted(maps.Keys(meters)) {
		m, first := meters[name], true
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
			for granularity, part := range r.eras[policy.name].within(span) {
				jobs = append(jobs, job{resource: res, meter: name, meterOf: m, metric: id, errand: errand{aggregation, granularity, part}, first: first})
			}
			first = false
		}
	}
	return jobs, errs
}

// buckets is how many measures there may be for a job.
func (j job) buckets() int64 {
	from, end := later(j.span.Start, j.resource.started), j.span.End
	if !j.resource.ended.IsZero() && j.resource.ended.Before(end) {
		end = j.resource.ended
	}
	return int64(max(0, end.Sub(from))/j.granularity) + 1
}
