package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/openstack-artifice/artifice/rates"
	"github.com/openstack-artifice/artifice/usage"
)

// Tenants yields the tenants that the file of names has, by id. Samples name
// a tenant by its id alone.
func (s *Source) Tenants(context.Context) iter.Seq2[usage.Tenant, error] {
	return func(yield func(usage.Tenant, error) bool) {
		names, err := s.tenantNames()
		if err != nil {
			yield(usage.Tenant{}, err)
			return
		}
		for _, id := range slices.Sorted(maps.Keys(names)) {
			if !yield(usage.Tenant{ID: id, Name: names[id]}, nil) {
				return
			}
		}
	}
}

func (s *Source) tenantNames() (map[string]string, error) {
	if s.tenants == "" {
		return nil, nil
	}
	names, err := rates.ReadNames(s.tenants)
	if mistake := (*rates.Error)(nil); err != nil && (!errors.As(err, &mistake) || mistake.Line == 0) {
		return nil, fmt.Errorf("%w (name another with tenants, or leave that key out: then tenants have no names)", err)
	}
	return names, err
}
