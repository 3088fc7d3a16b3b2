package usage

// Max bills the largest volume of each hour for the whole hour.
//
//   - Input: gauge meters. A sample without a volume counts as 0.
//   - Rule: for each tenant, the largest volume of its samples in the window,
//     times one hour. A window without samples has no volume, whatever the
//     window before held.
//   - Unit: "<unit> hour", as in "GB hour", where <unit> is that of the
//     samples. Samples of different units are an error.
//   - Service: the meter's. Datacenter: that of the tenant's last sample in
//     the window.
//
// It is Distil's transformer max (GaugeMax before 2016), without the lead-in
// that billed a resource for an hour after it was gone.
type Max struct{}

var _ Transformer = Max{}

// Keys implements [KeyUser]: no metadata is looked at.
func (Max) Keys() []string { return nil }

// Transform implements [Transformer].
func (Max) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	if err := checkSamples("max", samples, Gauge); err != nil {
		return nil, State{}, err
	}
	return largestHours(samples), State{}, nil
}
