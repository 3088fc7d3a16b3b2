package openstack

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/openstack-artifice/artifice/internal/web"
)

// follow is the URL of a request: a path below the endpoint, or a link to the
// endpoint's own host.
func follow(endpoint *url.URL, path string, query url.Values) (*url.URL, error) {
	link, err := url.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("%q is neither a path nor a link", path)
	}
	u := *endpoint
	switch {
	case link.IsAbs() || link.Host != "":
		if err := sameHost(endpoint, link); err != nil {
			return nil, err
		}
		u.Path, u.RawPath = link.Path, link.RawPath
	case link.Opaque != "" || link.User != nil:
		return nil, fmt.Errorf("%q is neither a path nor a link", path)
	default:
		if u.Path == "" {
			u.Path = "/" // or JoinPath makes a path that begins with none
		}
		u = *u.JoinPath(link.EscapedPath())
		if below := strings.TrimSuffix(endpoint.EscapedPath(), "/"); !strings.HasPrefix(u.EscapedPath()+"/", below+"/") {
			return nil, fmt.Errorf("%q leads out of the endpoint", path)
		}
	}
	values := link.Query()
	maps.Copy(values, query)
	u.RawQuery = values.Encode()
	return &u, nil
}

// sameHost reports why the token must not go where a link points. A service
// behind a proxy that ends TLS may write http:// into its links; they are
// followed as the endpoint is, encrypted.
func sameHost(endpoint, link *url.URL) error {
	proxied := endpoint.Scheme == "https" && link.Scheme == "http" && link.Port() == "" && strings.EqualFold(link.Hostname(), endpoint.Hostname())
	switch {
	case link.Scheme != "http" && link.Scheme != "https" && link.Scheme != "":
		return fmt.Errorf("a link begins with %q, not with https://", oneLine(link.Scheme))
	case link.User != nil:
		return errors.New("a link holds a user; it is not followed")
	case !web.SameHost(link, endpoint) && !proxied:
		return fmt.Errorf("a link to %s would carry the token away from %s; it is not followed (correct the service's idea of its own URL, or the endpoint)",
			oneLine(link.Host), endpoint.Host)
	}
	return nil
}
