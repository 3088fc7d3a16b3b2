package openstack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// An Endpoint is where a service is.
type Endpoint struct {
	URL       *url.URL
	Region    string // the login's where the catalog was not asked, which may be ""
	Interface string // public, internal or admin; "" where the catalog was not asked
}

// choose finds the endpoint of a service in the catalog. Its errors say what the
// catalog has instead.
func (c *Cloud) choose(catalog []tokens.CatalogEntry, kind string) (*Endpoint, error) {
	var (
		found   []tokens.Endpoint
		regions []string
	)
	for _, entry := range catalog {
		if entry.Type != kind {
			continue
		}
		for _, e := range entry.Endpoints {
			if e.Interface != c.login.face || c.login.region != "" && regionOf(e) != c.login.region {
				continue
			}
			found = append(found, e)
			if !slices.Contains(regions, regionOf(e)) {
				regions = append(regions, regionOf(e))
			}
		}
	}
	switch {
	case len(found) == 0:
		wanted := fmt.Sprintf("%s endpoint of a service %q", c.login.face, kind)
		if c.login.region != "" {
			wanted += fmt.Sprintf(" in region %q", c.login.region)
		}
		return nil, fmt.Errorf("%s: the catalog has no %s; it has %s (set region or interface)", c, wanted, listCatalog(catalog, kind))
	case len(regions) > 1:
		slices.Sort(regions)
		return nil, fmt.Errorf("%s: the service %q is in the regions %s (set region to one of them)", c, kind, strings.Join(regions, ", "))
	}
	u, err := url.Parse(found[0].URL)
	if err == nil {
		err = CheckEndpoint(u)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: the catalog's %s endpoint of %q in region %q is no URL that can be asked (correct the catalog)", c, c.login.face, kind, regionOf(found[0]))
	}
	return &Endpoint{URL: u, Region: regionOf(found[0]), Interface: found[0].Interface}, nil
}

// offers reports whether the catalog has a service, in the login's region if it
// is for one.
func (c *Cloud) offers(catalog []tokens.CatalogEntry, kind string) bool {
	return slices.ContainsFunc(catalog, func(entry tokens.CatalogEntry) bool {
		return entry.Type == kind && slices.ContainsFunc(entry.Endpoints, func(e tokens.Endpoint) bool {
			return c.login.region == "" || regionOf(e) == c.login.region
		})
	})
}

// CheckEndpoint reports why a service cannot be at u. What it says does not have
// the URL, which may have a password.
func CheckEndpoint(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("is no URL of a service: want http:// or https://, a host and a path, without a login or a query")
	}
	return nil
}

// regionOf is an endpoint's region; old catalogs have only its name.
func regionOf(e tokens.Endpoint) string {
	if e.RegionID != "" {
		return e.RegionID
	}
	return e.Region
}

// listCatalog says what a catalog has: the endpoints of one kind of service, or
// else the services.
func listCatalog(catalog []tokens.CatalogEntry, kind string) string {
	const most = 20
	has := map[string]bool{}
	for _, entry := range catalog {
		if entry.Type != kind {
			continue
		}
		for _, e := range entry.Endpoints {
			has[fmt.Sprintf("%s in %q", e.Interface, regionOf(e))] = true
		}
	}
	if len(has) == 0 {
		for _, entry := range catalog {
			has[fmt.Sprintf("%q", entry.Type)] = true
		}
	}
	if len(has) == 0 {
		return "nothing at all: is the login for a project?"
	}
	all := slices.Sorted(maps.Keys(has))
	if len(all) > most {
		all = append(all[:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	return oneLine(strings.Join(all, ", "))
}

// Endpoint is where the service is: where it was said to be, or else what the
// catalog has for the login's region and interface.
func (s *Service) Endpoint(ctx context.Context) (*Endpoint, error) {
	if s.at != nil {
		return &Endpoint{URL: s.at, Region: s.cloud.login.region}, nil
	}
	t, err := s.cloud.token(ctx, "")
	if err != nil {
		return nil, err
	}
	return s.cloud.choose(t.catalog, s.kind)
}
