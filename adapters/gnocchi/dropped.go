package gnocchi

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A dropped is what Gnocchi may have of metrics of one archive policy, whose
// resources began before billing does and are read for the first time, and which
// keeps less than what is read: of what is dropped no sample tells that it is
// missing.
type dropped struct {
	kept
	metrics map[string]*extent // by id
}

// An extent is from when to when a metric has measures.
type extent struct {
	resource    string // its id
	first, last time.Time
}

// mayLack reports whether measures of a job may have been dropped, of which no
// sample before them tells.
func (r *reading) mayLack(j job) bool {
	since := r.config.Since.UTC()
	if since.IsZero() || !j.resource.started.Before(since) || slices.ContainsFunc(j.resource.revisions, r.read) {
		return false
	}
	return r.end.Add(-j.policy.timespan(r.eras[j.policy.name].at(since))).After(since)
}

// read reports whether the project of a revision was read before.
func (r *reading) read(v revision) bool {
	_, known := r.query.Collected[v.project]
	return known
}

// drop notes which measures came of a job.
func (r *reading) drop(j job, list []measure) {
	if len(list) == 0 || !r.mayLack(j) {
		return
	}
	d := r.dropped[j.policy.name]
	if d == nil {
		granularity := r.eras[j.policy.name].at(r.config.Since)
		d = &dropped{kept{granularity, j.policy.timespan(granularity)}, map[string]*extent{}}
		r.dropped[j.policy.name] = d
	}
	e := d.metrics[j.metric]
	if e == nil {
		e = &extent{resource: j.resource.id}
		d.metrics[j.metric] = e
	}
	for _, m := range list {
		e.first, e.last = earlier(e.first, m.at), later(e.last, m.at)
	}
}

// warnings tell what was dropped, by archive policy. Gnocchi drops what is older
// than the last measure of a metric by the timespan, so of one that ended early
// there may be all.
func (r *reading) warnings() []error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(r.dropped)) {
		d := r.dropped[name]
		of, least, most := map[string]bool{}, time.Time{}, time.Time{}
		for _, e := range d.metrics {
			if e.first.After(r.config.Since) && e.last.Sub(e.first) >= d.timespan-d.granularity {
				of[e.resource] = true
				least, most = earlier(least, e.first), later(most, e.first)
			}
		}
		if len(of) == 0 {
			continue
		}
		resources, until := "1 resource", least.Format(time.RFC3339)
		if len(of) != 1 {
			resources = fmt.Sprintf("%d resources", len(of))
		}
		if !least.Equal(most) {
			until += ", of some up to " + most.Format(time.RFC3339)
		}
		all = append(all, &usage.Warning{Err: fmt.Errorf("%s: archive policy %s keeps measures for %s: of what began before since = %s (%s) nothing is known up to %s, and it is billed to nobody (artifice check tells how to let it keep more)",
			r.cloud, quote(name), inDays(d.timespan), r.config.Since.UTC().Format(time.RFC3339), resources, until)})
	}
	return all
}
