package usage

import "github.com/shopspring/decimal"

// Sum adds up volumes.
//
//   - Input: gauge and delta meters. A sample without a volume counts as 0.
//   - Rule: for each tenant, the sum of the volumes of its samples in the
//     window. A window without samples has no volume.
//   - Unit: that of the samples. Samples of different units are an error.
//   - Service: the meter's. Datacenter: that of the tenant's last sample in
//     the window.
//
// It is Distil's transformer sum (GaugeSum before 2016), counting each sample
// once.
type Sum struct{}

var _ Transformer = Sum{}

// Keys implements [KeyUser]: no metadata is looked at.
func (Sum) Keys() []string { return nil }

// Transform implements [Transformer].
func (Sum) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	if err := checkSamples("sum", samples, Gauge, Delta); err != nil {
		return nil, State{}, err
	}
	return byTenant(samples, func(volume, reading decimal.Decimal, _ bool) decimal.Decimal {
		return volume.Add(reading)
	}), State{}, nil
}
