package gnocchi

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// carried is what an archive policy has to keep: the longest month, and the day
// after which it is billed at the earliest.
const carried = 32 * 24 * time.Hour

// CheckHealth tells whether the login works, what the cloud's own checks tell,
// and whether the archive policies of what is billed keep measures until they
// are.
func (s *Source) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		failed := false
		for name, err := range s.cloud.CheckHealth(ctx, s.service) {
			failed = failed || err != nil
			if !yield(name, err) {
				return
			}
		}
		if failed {
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
	}
}

// check reports a policy that loses measures before they are billed.
func (p *policy) check() error {
	if longest := p.longest(); longest < carried {
		return fmt.Errorf("it keeps measures for %d hours, and a month's first are %d hours old when it is billed: what is not collected in time is lost (collect every day, or let it keep more: gnocchi archive-policy update %s -d granularity:%v,timespan:%dh)",
			longest/time.Hour, carried/time.Hour, p.name, p.best(carried).granularity, carried/time.Hour)
	}
	return nil
}
