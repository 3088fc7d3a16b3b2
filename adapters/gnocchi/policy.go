package gnocchi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
)

// A policy is an archive policy: what Gnocchi keeps of a metric.
type policy struct {
	name         string
	aggregations []string
	kept         []kept
	backWindow   *int64 // in blocks; nil where it is not told
}

// A kept is one of a policy's definitions.
type kept struct {
	granularity time.Duration // the length of a bucket
	timespan    time.Duration // for how long buckets are kept
}

// UnmarshalJSON reads a policy as Gnocchi shows it with a metric.
func (p *policy) UnmarshalJSON(text []byte) error {
	var shown struct {
		Name         string   `json:"name"`
		Aggregations []string `json:"aggregation_methods"`
		BackWindow   *int64   `json:"back_window"`
		Definition   []struct {
			Granularity string `json:"granularity"`
			Timespan    string `json:"timespan"`
		} `json:"definition"`
	}
	if err := json.Unmarshal(text, &shown); err != nil {
		return err
	}
	*p = policy{name: shown.Name, aggregations: shown.Aggregations, backWindow: shown.BackWindow}
	for _, d := range shown.Definition {
		var k kept
		var err error
		if k.granularity, err = parseSpan(d.Granularity); err == nil {
			k.timespan, err = parseSpan(d.Timespan)
		}
		if err != nil {
			return fmt.Errorf("archive policy %s: %w", quote(p.name), err)
		}
		p.kept = append(p.kept, k)
	}
	if len(p.kept) == 0 {
		return fmt.Errorf("archive policy %s keeps nothing", quote(p.name))
	}
	return nil
}

// aggregation is the best for a meter of those that are kept.
func (p *policy) aggregation(m meter) (string, error) {
	for _, aggregation := range m.aggregations() {
		if slices.Contains(p.aggregations, aggregation) {
			return aggregation, nil
		}
	}
	return "", fmt.Errorf("archive policy %s keeps none of %s, as a %s needs (let it keep one, or write meter.NAME = none)",
		quote(p.name), strings.Join(m.aggregations(), ", "), m.kind)
}

// best is the finest granularity that is kept for so long, or else the one that
// is kept longest.
func (p *policy) best(lookback time.Duration) kept {
	best := p.kept[0]
	for _, k := range p.kept[1:] {
		covers, bestCovers := k.timespan >= lookback, best.timespan >= lookback
		switch {
		case covers && bestCovers:
			if k.granularity < best.granularity {
				best = k
			}
		case covers || !bestCovers && k.timespan > best.timespan:
			best = k
		}
	}
	return best
}

// timespan is for how long a granularity is kept, 0 for one that is not.
func (p *policy) timespan(granularity time.Duration) time.Duration {
	for _, k := range p.kept {
		if k.granularity == granularity {
			return k.timespan
		}
	}
	return 0
}

// settled is the instant before which Gnocchi takes nothing any more for a metric
// that has a measure in a bucket: what is older than the block of the last
// measure, and back_window blocks before it, is dropped (BoundTimeSerie in its
// carbonara.py; one block more with rates, by its storage). It is zero where that
// cannot be told.
func (p *policy) settled(bucket time.Time) time.Time {
	if p.backWindow == nil || *p.backWindow < 0 || bucket.Unix() < 0 {
		return time.Time{}
	}
	block, blocks := p.block(), *p.backWindow
	if slices.ContainsFunc(p.aggregations, func(a string) bool { return strings.HasPrefix(a, "rate:") }) {
		blocks++
	}
	if blocks > int64(maxSpan/block) {
		return time.Time{}
	}
	first := beginOf(bucket, block).Add(-time.Duration(blocks) * block)
	settled := first
	for _, k := range p.kept { // a bucket may have begun before its block
		settled = earlier(settled, beginOf(first, k.granularity))
	}
	return settled
}

// beginOf is when the bucket of a length begins that has an instant: they are
// counted from 1970 on.
func beginOf(t time.Time, length time.Duration) time.Time {
	return t.Add(-(time.Duration(t.UnixNano()) % length))
}

// block is the length of a policy's blocks: that of its longest buckets.
func (p *policy) block() time.Duration {
	block := time.Duration(0)
	for _, k := range p.kept {
		block = max(block, k.granularity)
	}
	return block
}

// longest is for how long the policy keeps anything.
func (p *policy) longest() time.Duration {
	longest := time.Duration(0)
	for _, k := range p.kept {
		longest = max(longest, k.timespan)
	}
	return longest
}

// A stock is what there is of the metrics with some names.
type stock struct {
	policies map[string]*policy           // by the id of a metric
	named    map[string]map[*policy]int64 // how many there are, by name
}

// has reports whether there is a metric that one of the meters is made of.
func (s *stock) has(meters map[string]meter) bool {
	return slices.ContainsFunc(metricsOf(meters), func(name string) bool { return s.named[name] != nil })
}

// A listed is a metric of a list.
type listed struct {
	ID     string
	Policy *policy
}

var errNoMetric = errors.New("it lists a metric without an id or an archive policy (does something else answer there? correct the endpoint, or what stands before Gnocchi)")

// UnmarshalJSON reads a metric as Gnocchi shows it.
func (l *listed) UnmarshalJSON(text []byte) error {
	var shown struct {
		ID     string  `json:"id"`
		Policy *policy `json:"archive_policy"`
	}
	if err := json.Unmarshal(text, &shown); err != nil {
		return err
	}
	if shown.ID == "" || shown.Policy == nil { // all of them have both
		return errNoMetric
	}
	*l = listed(shown)
	return nil
}

// stock returns the archive policies of all metrics with one of the names.
func (s *Source) stock(ctx context.Context, names []string) (*stock, error) {
	all, known := &stock{policies: map[string]*policy{}, named: map[string]map[*policy]int64{}}, map[string]*policy{}
	for _, name := range names {
		first := openstack.Request{Path: "v1/metric", Query: url.Values{"name": {name}, "limit": {pageLimit}, "sort": {"id:asc"}}}
		for answer, err := range s.pages(ctx, first) {
			if err != nil {
				return nil, err
			}
			var metrics []listed
			if err := answer.Decode(&metrics); err != nil {
				return nil, err
			}
			for _, m := range metrics {
				if m.Policy == nil { // it is null
					return nil, fmt.Errorf("%s: %s: %w", s.cloud, answer.Place(), errNoMetric)
				}
				if known[m.Policy.name] == nil {
					known[m.Policy.name] = m.Policy
				}
				p := known[m.Policy.name]
				if all.named[name] == nil {
					all.named[name] = map[*policy]int64{}
				}
				all.named[name][p]++
				all.policies[m.ID] = p
			}
		}
	}
	return all, nil
}
