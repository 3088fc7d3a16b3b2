// Package meters has a transformer of acme's own.
package meters

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// Seen bills the hours in which a resource has a sample.
type Seen struct{ config Config }

// Config is the config of Seen.
type Config struct {
	// Hours is what each such hour counts as.
	Hours decimal.Decimal `ini:"hours,default=1"`
}

// NewSeen returns the transformer. It keeps nothing from one call to the next.
func NewSeen(_ context.Context, config Config) (*Seen, error) {
	return &Seen{config}, nil
}

// Transform returns a volume for each tenant, where its last sample was.
func (s *Seen) Transform(_ usage.Span, _ usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	var volumes []usage.Volume
	for _, sample := range samples {
		at := slices.IndexFunc(volumes, func(v usage.Volume) bool { return v.Tenant == sample.Tenant })
		if at < 0 {
			at = len(volumes)
			volumes = append(volumes, usage.Volume{Tenant: sample.Tenant, Volume: s.config.Hours, Unit: "hour"})
		}
		volumes[at].Datacenter = sample.Datacenter
		volumes[at].Samples++
	}
	return volumes, usage.State{}, nil
}
