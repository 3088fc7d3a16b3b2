package openstack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/usage"
)

// Identity says what is read of a service: where it is, and which part of it, by
// tenants.* and by what else narrows.
func (s *Service) Identity(ctx context.Context, narrows ...string) (usage.Identity, error) {
	endpoint, err := s.Endpoint(ctx)
	if err != nil {
		return usage.Identity{}, err
	}
	at := *endpoint.URL
	at.Scheme, at.Host = strings.ToLower(at.Scheme), strings.ToLower(at.Host)
	part := narrows
	switch config := s.cloud.config; {
	case config.Tenants.ignoresOnly():
		// Two that ignore others both take who is in neither list, and who was deleted.
		part = append(slices.Clip(part), "tenants = all but some")
	case config.Tenants.narrows():
		text, err := json.Marshal(config.Tenants.sorted())
		if err != nil {
			return usage.Identity{}, err
		}
		part = append(slices.Clip(part), "tenants = "+string(text))
		if config.Tenants.Own { // of whoever logs in
			part = append(part, fmt.Sprintf("login = %q", []string{config.Cloud, config.ApplicationCredentialID, config.Username, config.UserDomainName, config.ProjectName, config.ProjectID, config.ProjectDomainName}))
		}
	}
	return usage.Identity{Place: strings.TrimRight(place(&at), "/"), Part: strings.Join(part, "\n")}, nil
}

// sorted is the same filter with its lists in order.
func (f TenantFilter) sorted() TenantFilter {
	for _, list := range []*[]string{&f.Domain, &f.Name, &f.Tag, &f.Include, &f.Ignore} {
		*list = slices.Sorted(slices.Values(*list))
	}
	return f
}
