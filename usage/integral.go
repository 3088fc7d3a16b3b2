package usage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Integral weighs the volumes of a gauge by time. The zero Integral has the
// rules that are described here.
//
//   - Input: gauge meters. A sample without a volume leaves the value as it
//     was; before the first volume the value is 0. One whose status, or else
//     state, is deleted ends it: nothing holds until the resource's next.
//   - Rule: value, tenant and datacenter hold until the next sample of the
//     resource, whichever tenant's it is, and Hold at most; also past the last
//     sample, and into windows that have none. The volume is the sum of the
//     values, each times how long it held within the window, one for each
//     tenant and datacenter. Where nothing held for any time there is no
//     volume; where 0 did, there is one of 0.
//   - Unit: "<unit> second", as in "GB second", where <unit> is that of the
//     samples: it is exact, while a second is no finite part of an hour.
//     Another unit than before is an error, also from one window to the next.
//   - Service: the meter's.
//   - Samples: how many the tenant has in the window; 0 for what is held from
//     the window before.
//
// Being an integral over time, it adds up however time is cut. Max bills the
// same meters by the begun hour. The original had no such rule.
type Integral struct {
	Hold time.Duration // how long a sample holds at most; 0 for DefaultHold
}

var (
	_ GapFinder = Integral{}
	_ KeyUser   = Integral{}
)

// Validate returns an error where the options cannot be meant.
func (n Integral) Validate() error { return checkHold(n.Hold) }

// integralKeys are where samples say whether the resource is gone.
var integralKeys = []string{"status", "state"}

// Keys implements [KeyUser].
func (Integral) Keys() []string { return slices.Clone(integralKeys) }

// integralState is what holds from Since on. Before the first sample Since is
// nil and nothing holds; nor does anything of what is gone.
type integralState struct {
	Since      *time.Time      `json:"since,omitempty"`
	Value      decimal.Decimal `json:"value"`
	Unit       string          `json:"unit,omitempty"`
	Tenant     string          `json:"tenant,omitempty"`
	Datacenter string          `json:"datacenter,omitempty"`
	Gone       bool            `json:"gone,omitempty"`
}

func (held integralState) encode() string {
	buf := appendInstant(append(make([]byte, 0, 160), '{'), "since", held.Since)
	buf = appendJSON(appendKey(buf, "value"), held.Value.String())
	buf = appendField(buf, "unit", held.Unit)
	buf = appendField(buf, "tenant", held.Tenant)
	buf = appendField(buf, "datacenter", held.Datacenter)
	if held.Gone {
		buf = append(appendKey(buf, "gone"), "true"...)
	}
	return string(append(buf, '}'))
}

// Transform implements [Transformer].
func (n Integral) Transform(w Span, before State, samples []Sample) ([]Volume, State, error) {
	volumes, _, after, err := n.TransformGaps(w, before, samples)
	return volumes, after, err
}

// TransformGaps implements [GapFinder].
func (n Integral) TransformGaps(w Span, before State, samples []Sample) ([]Volume, []Gap, State, error) {
	if err := n.Validate(); err != nil {
		return nil, nil, State{}, err
	}
	if n.Hold == 0 {
		n.Hold = DefaultHold
	}
	var held integralState
	if err := decodeState(before.Data, &held); err != nil {
		return nil, nil, State{}, err
	}
	if held.Since != nil && len(samples) > 0 {
		if err := checkUnit(&samples[0], held.Unit); err != nil {
			return nil, nil, State{}, err
		}
	}
	if err := checkSamples("integral", samples, Gauge); err != nil {
		return nil, nil, State{}, err
	}
	areas := map[place]Volume{}
	var gaps []Gap
	for i := range samples {
		s := &samples[i]
		n.charge(areas, w, held, s.Time)
		gaps = endGap(gaps, held.Tenant, n.until(held), s.Time)
		held = held.read(s)
	}
	n.charge(areas, w, held, w.End)
	gaps = beginGap(gaps, held.Tenant, n.until(held), w)
	volumes := make([]Volume, 0, len(areas))
	for _, v := range areas {
		v.Samples = samplesOf(v.Tenant, samples)
		volumes = append(volumes, v)
	}
	sortVolumes(volumes)
	if len(samples) == 0 {
		return volumes, gaps, before, nil
	}
	return volumes, gaps, State{Data: held.encode(), Until: n.until(held)}, nil
}

// until returns when held stops to hold if no sample follows: the zero time
// where nothing holds.
func (n Integral) until(held integralState) time.Time {
	if held.Since == nil || held.Gone {
		return time.Time{}
	}
	return held.Since.Add(n.Hold)
}

// A place is whose a resource is, and where.
type place struct {
	tenant, datacenter string
}

// charge adds what held comes to up to t.
func (n Integral) charge(areas map[place]Volume, w Span, held integralState, t time.Time) {
	if held.Since == nil {
		return
	}
	d := heldWithin(w, *held.Since, n.until(held), t)
	if d == 0 {
		return
	}
	at := place{held.Tenant, held.Datacenter}
	v, known := areas[at]
	if !known {
		v = Volume{Tenant: held.Tenant, Datacenter: held.Datacenter, Unit: strings.TrimSpace(held.Unit + " second")}
	}
	v.Volume = v.Volume.Add(held.Value.Mul(seconds(d)))
	areas[at] = v
}

// read returns what holds from s on.
func (held integralState) read(s *Sample) integralState {
	since := s.Time.UTC()
	held.Since, held.Unit, held.Tenant, held.Datacenter = &since, s.Unit, s.Tenant, s.Datacenter
	held.Gone = strings.EqualFold(firstValue(s.Metadata, integralKeys), "deleted")
	if s.HasVolume {
		held.Value = s.Volume
	}
	return held
}

// heldWithin is how long, within the window, something held from since up to
// t, or to until where that is earlier.
func heldWithin(w Span, since, until, t time.Time) time.Duration {
	start, end := w.Start, t
	if since.After(start) {
		start = since
	}
	if until.Before(end) {
		end = until
	}
	return max(0, end.Sub(start))
}

// checkHold returns an error where a hold cannot be meant.
func checkHold(hold time.Duration) error {
	if hold < 0 {
		return fmt.Errorf("hold is %s; give a duration above 0, such as 1h", hold)
	}
	return nil
}
