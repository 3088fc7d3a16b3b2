package usage

import "github.com/shopspring/decimal"

// NetworkService bills a network service, such as a load balancer or a VPN,
// for the hours in which it was active.
//
//   - Input: gauge meters whose volume is the state of a service: 0 inactive,
//     1 active, 2 and above pending or failed.
//   - Rule: for each tenant, the largest volume below 2 of its samples in the
//     window, times one hour; 0 where there is none, or all are below 0. A
//     sample without a volume counts as 0. The hour counts whole. A window
//     without samples has no volume.
//   - Unit: "<unit> hour", where <unit> is that of the samples. Samples of
//     different units are an error.
//   - Service: the meter's. Datacenter: that of the tenant's last sample in
//     the window.
//
// It is Distil's networkservice (GaugeNetworkService before 2016). There,
// hours were floored, so that half an hour was free, and a sample without a
// volume was an error.
type NetworkService struct{}

var _ Transformer = NetworkService{}

// Keys implements [KeyUser]: no metadata is looked at.
func (NetworkService) Keys() []string { return nil }

// Transform implements [Transformer].
func (NetworkService) Transform(_ Span, _ State, samples []Sample) ([]Volume, State, error) {
	if err := checkSamples("network_service", samples, Gauge); err != nil {
		return nil, State{}, err
	}
	pending := decimal.New(2, 0)
	volumes := byTenant(samples, func(volume, reading decimal.Decimal, _ bool) decimal.Decimal {
		if reading.LessThan(pending) && reading.GreaterThan(volume) {
			return reading
		}
		return volume
	})
	inHours(volumes)
	return volumes, State{}, nil
}
