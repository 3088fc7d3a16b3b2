package gnocchi

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A dropped is what an archive policy no longer keeps of resources that began
// before billing does, and are read for the first time: of them no sample tells
// that they are silent from there on.
type dropped struct {
	timespan  time.Duration
	until     time.Time
	resources int
	last      *resource // that was counted
}

// drop counts a resource that is read, where its measures are dropped by now.
func (r *reading) drop(res *resource, p *policy) {
	since := r.config.Since.UTC()
	if since.IsZero() || !res.started.Before(since) || !r.step.Start.IsZero() || slices.ContainsFunc(res.revisions, r.read) {
		return
	}
	timespan := p.timespan(r.eras[p.name].at(since))
	until := r.end.Add(-timespan).Truncate(usage.WindowLength)
	if !until.After(since) {
		return
	}
	d := r.dropped[p.name]
	if d.last != res {
		d.resources++
	}
	d.timespan, d.until, d.last = timespan, until, res
	r.dropped[p.name] = d
}

// read reports whether the project of a revision was read before.
func (r *reading) read(v revision) bool {
	_, known := r.query.Collected[v.project]
	return known
}

// warnings tell what was dropped, by archive policy.
func (r *reading) warnings() []error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(r.dropped)) {
		d := r.dropped[name]
		resources := "1 resource"
		if d.resources != 1 {
			resources = fmt.Sprintf("%d resources", d.resources)
		}
		all = append(all, &usage.Warning{Err: fmt.Errorf("%s: archive policy %s keeps measures for %s: of what began before since = %s (%s) nothing is known up to %s, and it is billed to nobody (artifice check tells how to let it keep more)",
			r.cloud, quote(name), inDays(d.timespan), r.config.Since.UTC().Format(time.RFC3339), resources, d.until.Format(time.RFC3339))})
	}
	return all
}
