package usage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"
)

// Counter is the transformer cumulative: it turns the readings of a counter
// into what was counted.
//
//   - Input: cumulative meters. A sample without a volume says nothing about
//     the counter and is passed over, but is counted as a sample. A volume
//     below 0 is an error: no counter counts down from zero.
//   - Rule: the increments between readings of the resource that follow each
//     other, whatever time lies between them, each booked to the window and
//     the tenant of the later one. A decrease is a restart from zero, so the
//     new reading counts in full. The first reading of all has none before it
//     and adds nothing: what a counter had counted before it was first seen is
//     not known to be unbilled. Readings at one instant are taken so that
//     there is at most one restart: first those that are not below the one
//     before, then the others, each part ascending.
//   - A tenant that has samples in the window has a volume, if only of 0.
//   - Unit: that of the samples. Another unit than before is an error, also
//     from one window to the next.
//   - Service: the meter's. Datacenter: that of the tenant's last sample in
//     the window.
//
// It is CumulativeRange of March 2014, cut into windows: there, too, 10, 20,
// 40, 0, 20, 30, 40 come to 70.
type Counter struct{}

var _ Transformer = Counter{}

// counterState is the last reading.
type counterState struct {
	Last *decimal.Decimal `json:"last,omitempty"`
	Unit string           `json:"unit,omitempty"`
}

func (c counterState) encode() string {
	buf := append(make([]byte, 0, 64), '{')
	if c.Last != nil {
		buf = appendJSON(appendKey(buf, "last"), c.Last.String())
	}
	return string(append(appendField(buf, "unit", c.Unit), '}'))
}

func (c *counterState) decode(data string) error {
	r := readState(data)
	if read := (counterState{r.decimal("last"), r.text("unit")}); r.done() {
		*c = read
		return nil
	}
	return decodeState(data, c)
}

// Keys implements [KeyUser]: no metadata is looked at.
func (Counter) Keys() []string { return nil }

// Transform implements [Transformer].
func (Counter) Transform(_ Span, before State, samples []Sample) ([]Volume, State, error) {
	if len(samples) == 0 {
		return nil, before, nil
	}
	var counter counterState
	if err := counter.decode(before.Data); err != nil {
		return nil, State{}, err
	}
	if err := checkCounter(counter, samples); err != nil {
		return nil, State{}, err
	}
	volumes := byTenant(samples, func(volume, _ decimal.Decimal, _ bool) decimal.Decimal { return volume })
	booked := make(map[string]*Volume, len(volumes))
	for i := range volumes {
		booked[volumes[i].Tenant] = &volumes[i]
	}
	for len(samples) > 0 {
		n := 1
		for n < len(samples) && samples[n].Time.Equal(samples[0].Time) {
			n++
		}
		for _, s := range counter.order(samples[:n]) {
			v := booked[s.Tenant]
			v.Volume = v.Volume.Add(counter.advance(s))
		}
		samples = samples[n:]
	}
	return volumes, State{Data: counter.encode()}, nil
}

// checkCounter returns an error for the first sample that cannot be a reading
// of the counter.
func checkCounter(counter counterState, samples []Sample) error {
	if counter.Last != nil {
		if err := checkUnit(&samples[0], counter.Unit); err != nil {
			return err
		}
	}
	if err := checkSamples("cumulative", samples, Cumulative); err != nil {
		return err
	}
	for i := range samples {
		if s := &samples[i]; reading(s).IsNegative() {
			return fmt.Errorf("%s: meter %q is cumulative but reads %s; correct the sample, a counter is never below 0",
				s.Origin, s.Meter, s.Volume)
		}
	}
	return nil
}

// order returns the readings of one instant in the order in which the counter
// went through them. It does not depend on how late each was recorded.
func (c *counterState) order(samples []Sample) []*Sample {
	readings := make([]*Sample, 0, len(samples))
	for i := range samples {
		if samples[i].HasVolume {
			readings = append(readings, &samples[i])
		}
	}
	slices.SortStableFunc(readings, func(a, b *Sample) int {
		return cmp.Or(compareBool(c.restarts(a), c.restarts(b)), a.Volume.Cmp(b.Volume))
	})
	return readings
}

func (c *counterState) restarts(s *Sample) bool {
	return c.Last != nil && s.Volume.LessThan(*c.Last)
}

// advance moves the counter to the reading and returns the increment.
func (c *counterState) advance(s *Sample) decimal.Decimal {
	var increment decimal.Decimal
	switch {
	case c.restarts(s):
		increment = s.Volume
	case c.Last != nil:
		increment = s.Volume.Sub(*c.Last)
	}
	last := s.Volume
	c.Last, c.Unit = &last, s.Unit
	return increment
}
