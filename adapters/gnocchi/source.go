// Package gnocchi reads samples from Gnocchi, where Ceilometer has stored what
// it measures since 2018.
//
// A [Source] makes samples of what Gnocchi keeps: of the measures of each
// resource, with what its history says that it was at that time (its flavor, its
// project), and of the instants at which a resource began, changed and ended.
// Measures are read in bulk, many metrics and all of the time in one call.
//
// What Gnocchi does not have is not made up: where measures are missing there
// are no samples, and the transformers tell of the gap.
package gnocchi

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/datacenter"
	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// A Source yields samples of what a Gnocchi has stored. Its methods may be
// called concurrently.
type Source struct {
	cloud   *openstack.Cloud
	service *openstack.Service
	config  Config
	meters  map[string]meter
	places  *datacenter.Finder
	now     func() time.Time

	stepMeasures int64
}

var (
	_ usage.Source        = (*Source)(nil)
	_ usage.TenantLister  = (*Source)(nil)
	_ usage.Names         = (*Source)(nil)
	_ usage.HealthChecker = (*Source)(nil)
	_ usage.Identifier    = (*Source)(nil)
)

// NewSource returns a Source for the cloud of config. It asks nobody yet: a
// cloud that cannot be reached comes out of Samples and CheckHealth.
func NewSource(_ context.Context, config Config) (*Source, error) {
	return newSource(config, openstack.Options{})
}

func newSource(config Config, o openstack.Options) (*Source, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	meters, err := config.meters()
	if err != nil {
		return nil, err
	}
	places, err := config.Compile()
	if err != nil {
		return nil, err
	}
	cloud, err := config.Open(o)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Source{
		cloud: cloud, service: cloud.Service("metric", config.Endpoint), config: config, meters: meters, places: places, now: o.Now,
		stepMeasures: stepMeasures,
	}, nil
}

// Close drops the connections.
func (s *Source) Close() error { return s.cloud.Close() }

// Tenants yields the projects of the cloud that tenants.* take.
func (s *Source) Tenants(ctx context.Context) iter.Seq2[usage.Tenant, error] {
	return s.cloud.Tenants(ctx)
}

// Names yields what Nova calls flavors, and Cinder volume types.
func (s *Source) Names(ctx context.Context, of usage.NameKind) iter.Seq2[usage.Name, error] {
	return s.cloud.Names(ctx, of)
}

// Identity is where Gnocchi is, and which tenants and meters of it are read.
func (s *Source) Identity(ctx context.Context) (usage.Identity, error) {
	var meters []string
	for _, name := range slices.Sorted(maps.Keys(s.config.Meters)) {
		meters = append(meters, fmt.Sprintf("meter.%s = %s", name, s.config.Meters[name]))
	}
	return s.service.Identity(ctx, meters...)
}

// Samples yields the samples of the query's meters, resource by resource. Where
// that are many it reads in steps of time, and tells q.Reached after each, and
// q.Idle at the end where no resource lives of which there could be others. What
// cannot be read comes as an error in between, a resource or a metric; it goes on
// with the next. It ends after ctx's error, where the login is refused, where
// Gnocchi does not serve lists or measures, and after a step with an error that is
// not one tenant's.
//
// What is measured once it has begun is left to the next reading: a series that
// was read early must not lack what one read later has.
func (s *Source) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	return func(yield func(usage.Sample, error) bool) {
		r, err := s.begin(ctx, q)
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			yield(usage.Sample{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		f := &fetcher{reading: r, ctx: ctx, yield: yield}
		f.readAll()
		cancel()
		f.wait()
	}
}
