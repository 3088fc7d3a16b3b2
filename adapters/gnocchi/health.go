package gnocchi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// carried is what an archive policy has to keep: the longest month, and the day
// after which it is billed at the earliest.
const carried = 32 * 24 * time.Hour

// CheckHealth tells whether the login works, what the cloud's own checks tell,
// whether a datacenter is known, whether the archive policies of what is billed
// keep measures until they are, whether resources and measures can be read, and
// whether Gnocchi has what the config's meters are made of.
func (s *Source) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return s.cloud.CheckHealth(ctx, s.service, func(yield func(string, error) bool) {
		if _, err := s.datacenter(ctx); err != nil && !yield("datacenter", err) {
			return
		}
		stock, err := s.stock(ctx, metricsOf(s.meters))
		if err != nil {
			yield("archive policies", err)
			return
		}
		used := map[string]*policy{}
		for _, p := range stock.policies {
			used[p.name] = p
		}
		if len(used) == 0 {
			yield("archive policies", fmt.Errorf("%s: Gnocchi has none of the metrics that are read (does Ceilometer publish to it?)", s.cloud))
			return
		}
		for _, name := range slices.Sorted(maps.Keys(used)) {
			if !yield("archive policy "+name, used[name].check()) {
				return
			}
		}
		if !yield("resources and measures", s.checkReading(ctx, stock)) {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(s.config.Meters)) {
			if m, ok := s.meters[name]; ok && !yield("meter."+name, s.checkMeter(ctx, name, m, stock)) {
				return
			}
		}
	})
}

// checkReading asks for resources and measures, as collect does.
func (s *Source) checkReading(ctx context.Context, stock *stock) error {
	r := &reading{Source: s, lived: s.start(true)}
	var errs []error
	for kind, meters := range byType(s.meters) {
		if !stock.has(meters) {
			continue
		}
		for res, err := range r.search(ctx, kind) {
			if res == nil {
				errs = append(errs, err)
			}
			break // one shows that they are listed
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	now := s.now().UTC()
	_, err := r.measures(ctx, errand{"mean", 5 * time.Minute, usage.Span{Start: now.Add(-time.Hour), End: now}}, []job{{metric: unknownMetric}})
	return errors.Join(append(errs, err)...)
}

// checkMeter warns of a meter of the config that finds nothing: a typing error
// bills nobody, and nobody misses that.
func (s *Source) checkMeter(ctx context.Context, name string, m meter, stock *stock) error {
	missing := "metric " + strings.Join(m.metrics, ", nor ")
	if stock.has(map[string]meter{name: m}) {
		answer, err := s.service.Do(ctx, openstack.Request{Path: "v1/resource_type/" + url.PathEscape(m.resource), Accept: []int{http.StatusNotFound}})
		if err != nil || answer.Status != http.StatusNotFound {
			return err
		}
		missing = "type of resources " + m.resource
	}
	return &usage.Warning{Err: fmt.Errorf("%s: Gnocchi has no %s (look how it is written; collect bills nothing of it, and does not say so)", s.config.Meters[name], missing)}
}

// check warns of a policy that loses measures before they are billed, unless they
// are collected in time: so do Ceilometer's own.
func (p *policy) check() error {
	longest := p.longest()
	if longest >= carried {
		return nil
	}
	enough := p.best(carried)
	enough.timespan = carried
	update := "gnocchi archive-policy update " + p.name
	for _, k := range p.kept { // Gnocchi takes all of them, or none
		if k.granularity == enough.granularity {
			k = enough
		}
		update += fmt.Sprintf(" -d granularity:%v,timespan:%v", k.granularity, k.timespan)
	}
	return &usage.Warning{Err: fmt.Errorf("it keeps measures for %s, and a month's first are %s old when it is billed: what is not collected in time is lost (collect every day, or let it keep more: %s)",
		inDays(longest), inDays(carried), update)}
}

// inDays writes a span in days, where it is some.
func inDays(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day || d%day != 0 {
		return d.String()
	}
	return fmt.Sprintf("%d days", d/day)
}
