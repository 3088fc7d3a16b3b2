package gnocchi

import (
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

// A seen is how far a reading came with a metric.
type seen struct {
	place
	policy   *policy
	resource string    // the name of the one that it is of
	projects []string  // that it belongs to, or did
	step     time.Time // the end of the one in which it was seen last
	glances  []glance  // of that step, by meter
	final    bool      // what later steps show does not matter
}

// A glance is what was seen of a metric for one meter, at one time.
type glance struct {
	meter string
	place
	last time.Time // bucket; zero for none
}

// allSeen are the metrics of a reading, by id.
type allSeen map[string]*seen

// silent reports whether no measure was seen in the steps before the one that
// ends at end: then any may come yet.
func (s *seen) silent(end time.Time) bool {
	return s != nil && !s.step.Equal(end) && s.settled.IsZero() && !s.final
}

// see notes a job's measures in a step. What comes up of the steps before was not
// read.
func (all allSeen) see(j job, list []measure, step usage.Span) {
	s := all[j.metric]
	if s == nil {
		s = &seen{policy: j.policy, resource: j.resource.name, step: step.End}
		for _, v := range j.resource.revisions {
			if !slices.Contains(s.projects, v.project) {
				s.projects = append(s.projects, v.project)
			}
		}
		all[j.metric] = s
	}
	if j.silent && slices.ContainsFunc(list, func(m measure) bool { return m.at.Before(step.Start) }) {
		s.final = true
	}
	if s.final {
		return
	}
	if !s.step.Equal(step.End) {
		s.step, s.glances = step.End, s.glances[:0]
	}
	i := slices.IndexFunc(s.glances, func(g glance) bool { return g.meter == j.meter })
	if i < 0 {
		i = len(s.glances)
		s.glances = append(s.glances, glance{meter: j.meter})
	}
	s.glances[i].see(j, list)
}

func (g *glance) see(j job, list []measure) {
	last := time.Time{}
	for _, m := range list {
		if m.at.Before(j.errand.span.End) { // or it was not asked for
			last = later(last, m.at)
		}
	}
	if last.After(g.last) {
		g.last, g.place = last, place{settled: j.policy.settled(last).Truncate(usage.WindowLength)}
	}
	if !g.last.IsZero() {
		g.count += countFrom(list, g.settled)
	}
}

// countFrom counts the measures from an instant on.
func countFrom(list []measure, from time.Time) uint32 {
	n := uint32(0)
	for _, m := range list {
		if !m.at.Before(from) {
			n++
		}
	}
	return n
}

// endStep ends a step. Of what Gnocchi may take something yet for the time of it,
// the next reading goes on from there: the steps that follow this one do not see
// it.
func (all allSeen) endStep(end time.Time) {
	for _, s := range all {
		if s.final || !s.step.Equal(end) {
			continue
		}
		// Meters are read one after the other: what one saw may have come after
		// another had looked.
		first := slices.MinFunc(s.glances, func(a, b glance) int {
			if c := a.settled.Compare(b.settled); c != 0 {
				return c
			}
			return int(a.count) - int(b.count)
		})
		switch {
		case first.last.IsZero() && s.settled.IsZero(): // it is silent
		case first.last.IsZero():
			s.final = true
		default:
			s.place = first.place
			s.final = s.settled.Before(end)
		}
	}
}
