package billing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

const (
	// shortGap is how long a gap is at most that a somewhat longer hold would
	// cover: a quarter of the usual one.
	shortGap = usage.DefaultHold / 4
	// manyGaps is how many short gaps of a meter are no accident.
	manyGaps = 5
)

// ShortGaps gathers the gaps that are over soon: where they are many, samples of
// a meter do not come as often as its config has it, and there is one thing to
// say of all. The zero ShortGaps is ready to use.
type ShortGaps struct {
	meters map[string]*RepeatedGaps
	count  int
}

// RepeatedGaps are short gaps of a meter.
type RepeatedGaps struct {
	Meter             string
	Count             int
	Shortest, Longest time.Duration
	Total             time.Duration // of all resources
	tenants           map[string]bool
	first             []ledger.Gap // as long as they are not many
}

// Tenants is how many tenants have such gaps.
func (r *RepeatedGaps) Tenants() int { return len(r.tenants) }

// Add takes a gap in where it is short. One that lasts is not.
func (s *ShortGaps) Add(gap ledger.Gap) bool {
	length := gap.To.Sub(gap.From)
	if gap.To.IsZero() || length > shortGap {
		return false
	}
	if s.meters == nil {
		s.meters = map[string]*RepeatedGaps{}
	}
	r := s.meters[gap.Meter]
	if r == nil {
		r = &RepeatedGaps{Meter: gap.Meter, Shortest: length, tenants: map[string]bool{}}
		s.meters[gap.Meter] = r
	}
	s.count++
	r.Count++
	r.Shortest, r.Longest, r.Total = min(r.Shortest, length), max(r.Longest, length), r.Total+length
	r.tenants[gap.Tenant] = true
	if r.Count < manyGaps {
		r.first = append(r.first, gap)
	}
	return true
}

// Count is how many gaps were short.
func (s *ShortGaps) Count() int { return s.count }

// Repeated returns the meters that have many short gaps, by name.
func (s *ShortGaps) Repeated() []*RepeatedGaps {
	all := slices.Collect(maps.Values(s.meters))
	all = slices.DeleteFunc(all, func(r *RepeatedGaps) bool { return r.Count < manyGaps })
	slices.SortFunc(all, func(a, b *RepeatedGaps) int { return strings.Compare(a.Meter, b.Meter) })
	return all
}

// Few returns the short gaps of meters that have not many, to be told one by
// one.
func (s *ShortGaps) Few() []ledger.Gap {
	var all []ledger.Gap
	for _, r := range s.meters {
		if r.Count < manyGaps {
			all = append(all, r.first...)
		}
	}
	slices.SortFunc(all, func(a, b ledger.Gap) int {
		return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Meter, b.Meter), strings.Compare(a.Resource, b.Resource), a.From.Compare(b.From))
	})
	return all
}

// String says how many there are, and how long.
func (r *RepeatedGaps) String() string {
	length := "of " + DurationText(r.Longest)
	if r.Shortest != r.Longest {
		length += " at most"
	}
	return fmt.Sprintf("%d short gaps %s, %s in all", r.Count, length, DurationText(r.Total))
}

// Hint is what would have covered the gaps, given how long samples of meters
// hold.
func (r *RepeatedGaps) Hint(holds map[string]time.Duration) string {
	hold, known := holds[r.Meter]
	if !known {
		return fmt.Sprintf("let a sample of meter %s hold %s longer: that would have covered them", r.Meter, DurationText(roundUp(r.Longest, time.Second)))
	}
	return fmt.Sprintf("raise hold of [meter:%s] from %s to %s: that would have covered them", r.Meter, holdText(hold), holdText(coveringHold(hold, r.Longest)))
}

// coveringHold is a hold, in whole minutes, under which a sample of another one
// would have held for so much longer.
func coveringHold(hold, gap time.Duration) time.Duration {
	return roundUp(hold+gap, time.Minute)
}

func roundUp(d, unit time.Duration) time.Duration {
	if rest := d % unit; rest > 0 {
		d += unit - rest
	}
	return d
}

// holdText is a hold as the config has it: 61m.
func holdText(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// Holds is for how long a sample holds, by meter, where that can be told.
func (e *Engine) Holds() map[string]time.Duration {
	holds := map[string]time.Duration{}
	for _, m := range e.Meters {
		switch t := m.Transformer.(type) {
		case usage.Uptime:
			holds[m.Name] = cmp.Or(t.Hold, usage.DefaultHold)
		case usage.Integral:
			holds[m.Name] = cmp.Or(t.Hold, usage.DefaultHold)
		}
	}
	return holds
}

// DurationText is a length of time for a person, exact to the second, of which
// a begun one counts: 3 h 25 min 40 s.
func DurationText(d time.Duration) string {
	d = roundUp(d, time.Second)
	var parts []string
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.length; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
			d -= n * unit.length
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}
