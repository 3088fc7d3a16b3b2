package usage

import "github.com/shopspring/decimal"

// NumBool tells the hours in which there was something from those in which
// there was not.
//
//   - Input: gauge meters. A sample without a volume counts as 0.
//   - Rule: for each tenant, 1 if any volume of its samples in the window is
//     above 0, else 0. A window without samples has no volume.
//   - Unit: that of the samples. Samples of different units are an error.
//   - Service: the meter's. Datacenter: that of the tenant's last sample in
//     the window.
//
// It is Distil's transformer numbool. Like there, and unlike with Max, the
// result is not in hours.
type NumBool struct{}

var _ Transformer = NumBool{}

// Keys implements [KeyUser]: no metadata is looked at.
func (NumBool) Keys() []string { return nil }

// Transform implements [Transformer].
func (NumBool) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	if err := checkSamples("numbool", samples, Gauge); err != nil {
		return nil, State{}, err
	}
	one := decimal.New(1, 0)
	return byTenant(samples, func(volume, reading decimal.Decimal, _ bool) decimal.Decimal {
		if reading.IsPositive() {
			return one
		}
		return volume
	}), State{}, nil
}
