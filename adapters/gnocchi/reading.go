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
	began      time.Time
	from       time.Time     // nothing earlier is read of what was never collected
	lived      time.Time     // what was over earlier is not searched
	bulk       time.Time     // most of what is read was measured from here on
	end        time.Time     // nothing from here on: what comes while it is read is left to the next
	step       usage.Span    // what is read now; a zero Start is as far back as anything is read
	fresh      time.Time     // policies keep what was measured from here on
	stale      time.Duration // how long a step is, at least, of what is older
	datacenter string
	tenants    *openstack.Selection
	keys       map[string]bool      // of metadata; nil for all
	resources  map[string]bool      // nil for all
	eras       map[string]eras      // by archive policy
	dropped    map[string]*dropped  // by archive policy
	bookmarks  map[string]*bookmark // by tenant
	seen       allSeen
	named      map[string]string // resources, by name
	shared     map[string]bool   // names of several, whose samples are one series
	again      map[seriesID]bool // series that are read again, as there is news of them
}

// begin finds out what a query means at this time.
func (s *Source) begin(ctx context.Context, q usage.Query) (*reading, error) {
	now := s.now().UTC()
	r := &reading{Source: s, query: q, began: now, from: s.start(len(q.Collected) > 0), end: now, keys: set(q.Metadata), resources: set(q.Resources), dropped: map[string]*dropped{}, again: map[seriesID]bool{}, named: map[string]string{}, shared: map[string]bool{}}
	if !q.Before.IsZero() && q.Before.Before(r.end) {
		r.end = q.Before.UTC()
	}
	r.step.End = r.end
	if through := q.Collected[""]; !through.IsZero() { // who is new may have samples from there on
		r.from = r.reach([]time.Time{through})
	}
	r.lived = r.reach(slices.Collect(maps.Values(q.Collected)))
	var err error
	if r.datacenter, err = s.datacenter(ctx); err != nil {
		return nil, err
	}
	if r.tenants, err = s.cloud.Select(ctx, q.Collected); err != nil {
		return nil, err
	}
	r.open()
	return r, nil
}

// datacenter is that of what nothing else tells the datacenter of.
func (s *Source) datacenter(ctx context.Context) (string, error) {
	if s.config.Datacenter != "" {
		return s.config.Datacenter, nil
	}
	endpoint, err := s.service.Endpoint(ctx)
	if err == nil && endpoint.Region == "" {
		err = fmt.Errorf("%s: nothing tells the region of Gnocchi (set datacenter, or region)", s.cloud)
	}
	if err != nil {
		return "", err
	}
	return endpoint.Region, nil
}

// open reads the bookmarks of tenants, and finds out from where on most is read.
func (r *reading) open() {
	r.bookmarks = map[string]*bookmark{}
	form := r.form()
	for tenant, text := range r.query.Bookmarks {
		if b := parseBookmark(text, form); b != nil && !b.Read.After(r.began) { // or the clock is not what it was
			r.bookmarks[tenant] = b
			r.bulk = earlier(r.bulk, r.query.Collected[tenant])
		}
	}
	if !r.bulk.IsZero() {
		r.bulk = r.bulk.UTC().Add(-r.overlap())
	}
	r.bulk = later(r.bulk, r.lived)
}

// overlap is how much of what was collected is read again in any case.
func (r *reading) overlap() time.Duration { return max(r.config.Late, minLookback) }

// start is from when on anything is read that was never collected. The first
// reading of all goes back to when billing begins, however long ago that is.
func (s *Source) start(collected bool) time.Time {
	from := s.now().UTC().Add(-s.config.Lookback).Truncate(usage.WindowLength)
	if from.Before(s.config.Since) || !collected && !s.config.Since.IsZero() {
		return s.config.Since.UTC()
	}
	return from
}

// since is from when on a resource is read of which nothing is known to be
// settled.
func (r *reading) since(res *resource) time.Time {
	marks := make([]time.Time, 0, len(res.revisions))
	for _, v := range res.revisions {
		marks = append(marks, r.query.Collected[v.project]) // zero where it was not
	}
	return r.reach(marks)
}

// reach is from when on something is read that was collected up to several
// marks: what is late for as long as lookback. What came after a mark was never
// read, however long ago that is.
func (r *reading) reach(marks []time.Time) time.Time {
	var earliest time.Time
	for _, through := range marks {
		if !through.After(r.now()) { // or the clock is not what it was
			earliest = earlier(earliest, through)
		}
	}
	if earliest.IsZero() {
		return r.from
	}
	from := earliest.UTC().Add(-r.overlap()).Truncate(usage.WindowLength)
	switch {
	case from.After(r.from):
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
