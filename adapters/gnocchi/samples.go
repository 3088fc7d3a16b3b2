package gnocchi

import (
	"fmt"
	"iter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// stateGone is the state of what has ended, under both names that samples of
// Ceilometer have for it.
const stateGone = "deleted"

// instantID is how an instant is written in the ids of samples.
const instantID = "20060102T150405.999999999"

// A series makes samples of what is known of a resource.
type series struct {
	*reading
	job
	about  map[int]map[string]string // metadata by revision
	ending map[int]map[string]string // the same, of what has ended
	origin usage.Origin
}

// samples yields those of a job, for its measures and, with the first, for the
// instants at which the resource began, changed and ended. None of them depends
// on another: what was counted must not change when Gnocchi drops old measures.
func (r *reading) samples(j job, measures []measure) iter.Seq[usage.Sample] {
	return func(yield func(usage.Sample) bool) {
		s := &series{reading: r, job: j, about: map[int]map[string]string{}, ending: map[int]map[string]string{}}
		s.origin.Name = fmt.Sprintf("%s: %s %s, metric %s", s.cloud, j.resource.kind, j.resource.id, j.metric)
		emit := func(sample usage.Sample, ok bool) bool { return !ok || yield(sample) }
		for _, m := range measures {
			if !emit(s.measured(m)) {
				return
			}
		}
		if !j.first || !emit(s.begun()) {
			return
		}
		for i := range j.resource.revisions {
			if !emit(s.changed(i)) {
				return
			}
		}
		emit(s.ended())
	}
}

// measured is the sample of a measure. The time of a bucket is when it begins.
// Where the resource began within it, what was measured was measured later. What
// was measured after the resource ended counts as nothing.
func (s *series) measured(m measure) (usage.Sample, bool) {
	at := m.at
	if at.Before(s.resource.started) && s.resource.started.Before(at.Add(s.granularity)) {
		at = s.resource.started
	}
	sample, ok := s.sample(at, s.metric+"/"+m.at.Format(instantID)+"/"+secondsOf(s.granularity))
	sample.Volume, sample.HasVolume = m.value, true
	s.setPresent(&sample)
	if s.over(at) && s.meterOf.kind == usage.Gauge {
		sample.Volume = decimal.Zero
	}
	return sample, ok
}

// over reports whether the resource has ended by an instant.
func (s *series) over(at time.Time) bool {
	return !s.resource.ended.IsZero() && !at.Before(s.resource.ended)
}

// begun is the sample of the instant at which the resource began.
func (s *series) begun() (usage.Sample, bool) {
	sample, ok := s.sample(s.resource.started, s.resource.id+"/"+s.meter+"/begun")
	s.setPresent(&sample)
	return sample, ok && !s.over(s.resource.started)
}

// changed is the sample of the instant at which a revision began. It has no
// volume, but for presence: what was measured last still holds.
func (s *series) changed(i int) (usage.Sample, bool) {
	if i == 0 || !s.resource.revisions[i].differs(s.resource.revisions[i-1]) {
		return usage.Sample{}, false
	}
	at := s.resource.revisions[i].start
	if !at.After(s.resource.started) || s.over(at) {
		return usage.Sample{}, false
	}
	sample, ok := s.sample(at, s.resource.id+"/"+s.meter+"/"+at.Format(instantID))
	s.setPresent(&sample)
	return sample, ok
}

// setPresent gives a sample the volume of a resource that is there, where that
// is what the meter measures.
func (s *series) setPresent(sample *usage.Sample) {
	if s.meterOf.presence {
		sample.Volume, sample.HasVolume = decimal.New(1, 0), true
	}
}

// ended is the sample of the instant at which the resource ended.
func (s *series) ended() (usage.Sample, bool) {
	if s.resource.ended.IsZero() {
		return usage.Sample{}, false
	}
	sample, ok := s.sample(s.resource.ended, s.resource.id+"/"+s.meter+"/ended")
	sample.HasVolume = s.meterOf.kind == usage.Gauge // of nothing
	return sample, ok
}

// sample is one without a volume. It is not ok where it is not asked for.
func (s *series) sample(at time.Time, id string) (usage.Sample, bool) {
	i := s.resource.at(at)
	tenant := s.resource.revisions[i].project
	s.origin.Index++
	sample := usage.Sample{
		ID:       id,
		Meter:    s.meter,
		Kind:     s.meterOf.kind,
		Unit:     s.meterOf.unit,
		Tenant:   tenant,
		Resource: s.resource.name,
		Time:     at,
		Metadata: s.metadata(i, s.over(at)),
		Origin:   s.origin,
	}
	if sample.Datacenter = s.places.Find(s.resource.revisions[i].attributes); sample.Datacenter == "" {
		sample.Datacenter, sample.Assumed = s.datacenter, len(s.places.Keys()) > 0
	}
	if at.Before(s.span.Start) || !at.Before(s.span.End) {
		return sample, false
	}
	if why := s.stranger(tenant); why != "" {
		if s.query.LeftOut != nil {
			s.query.LeftOut(sample, why)
		}
		return sample, false
	}
	return sample, true
}

// metadata is that of a revision, as far as it is asked for. Samples share it.
func (s *series) metadata(i int, over bool) map[string]string {
	cache := s.about
	if over {
		cache = s.ending
	}
	if known, ok := cache[i]; ok {
		return known
	}
	made := map[string]string{}
	put := func(key, value string) {
		if s.keys == nil || s.keys[key] {
			made[key] = value
		}
	}
	for key, value := range s.resource.revisions[i].attributes {
		put(key, value)
	}
	if over {
		put("status", stateGone)
		put("state", stateGone)
	}
	cache[i] = made
	return made
}
