package gnocchi

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// An era is time of which the measures of an archive policy are read with one
// granularity. Those of another are other samples: time that was read with one is
// read with the same ever after, whatever is picked since.
type era struct {
	Granularity time.Duration `json:"nanoseconds"`
	Until       time.Time     `json:"until,omitzero"` // zero for the last
}

// eras are those of a policy, oldest first.
type eras []era

// recall finds out how the measures of the policies in stock are read, by what
// is remembered of the readings before, and lets it be remembered.
func (r *reading) recall(s *stock) error {
	r.eras = map[string]eras{}
	if text := r.query.Remembered; text != "" {
		if err := json.Unmarshal([]byte(text), &r.eras); err != nil {
			return fmt.Errorf("%s: what is remembered of earlier readings is damaged: %w", r.cloud, err)
		}
	}
	now, recorded := r.now().UTC(), r.recorded()
	for _, used := range s.named {
		for p := range used {
			r.eras[p.name] = r.eras[p.name].next(p, r.config.Lookback, now, recorded)
		}
	}
	if r.query.Remember != nil {
		text, _ := json.Marshal(r.eras) // texts, numbers and times of four digits' years: it cannot fail
		r.query.Remember(string(text))
	}
	return nil
}

// recorded is up to where anything was recorded before, or else from where it is
// read now.
func (r *reading) recorded() time.Time {
	last := time.Time{}
	for _, through := range r.query.Collected {
		last = later(last, through)
	}
	if last.IsZero() {
		return r.from
	}
	return last.UTC()
}

// next returns the eras of a policy. Where another granularity is picked than
// before, the new era begins now: a run that died may have recorded more than is
// known, but nothing later. Where what the last one reads is no longer kept since
// something was recorded, it begins there. The first reads what is kept since
// then, where that is longer ago than lookback.
func (all eras) next(p *policy, lookback time.Duration, now, recorded time.Time) eras {
	n := len(all)
	if n == 0 || !all.kept(p) { // a policy that lost one is another, and so are its metrics
		return eras{{Granularity: p.best(max(lookback, now.Sub(recorded))).granularity}}
	}
	picked, last := p.best(lookback).granularity, all[n-1].Granularity
	if last == picked {
		return all
	}
	border := now
	if now.Add(-p.timespan(last)).After(recorded) {
		border = recorded
	}
	if n > 1 && !all[n-2].Until.Before(border) { // of the last nothing was recorded
		return append(slices.Clone(all[:n-2]), era{Granularity: all[n-2].Granularity}).next(p, lookback, now, recorded)
	}
	until, ok := commonBorder(border, last, picked, usage.WindowLength)
	if !ok {
		return all
	}
	return append(slices.Clone(all[:n-1]), era{last, until}, era{Granularity: picked})
}

func (all eras) kept(p *policy) bool {
	return !slices.ContainsFunc(all, func(e era) bool { return p.timespan(e.Granularity) == 0 })
}

// at is the granularity with which an instant is read.
func (all eras) at(t time.Time) time.Duration {
	i := slices.IndexFunc(all, func(e era) bool { return e.Until.IsZero() || t.Before(e.Until) })
	return all[i].Granularity // the last one has no end
}

// within yields the parts of a span, each with its granularity.
func (all eras) within(span usage.Span) iter.Seq2[time.Duration, usage.Span] {
	return func(yield func(time.Duration, usage.Span) bool) {
		rest := span
		for _, e := range all {
			part := rest
			if !e.Until.IsZero() && e.Until.Before(part.End) {
				part.End = e.Until
			}
			if !part.Start.Before(part.End) {
				continue
			}
			if !yield(e.Granularity, part) {
				return
			}
			rest.Start = part.End
		}
	}
}

// commonBorder is the first instant, not before t, at which buckets of all
// lengths begin, which Gnocchi counts from 1970 on. It is not ok where they meet
// too rarely.
func commonBorder(t time.Time, lengths ...time.Duration) (border time.Time, ok bool) {
	all := time.Duration(1)
	for _, length := range lengths {
		times := length / gcd(all, length)
		if all > maxSpan/times {
			return t, false
		}
		all *= times
	}
	over := time.Duration(t.UnixNano()) % all
	if over > 0 {
		t = t.Add(all - over)
	}
	return t, true
}

func gcd(a, b time.Duration) time.Duration {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
