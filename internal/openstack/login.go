package openstack

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"go.yaml.in/yaml/v3"
)

// A login is how to get a token, and what to take from the catalog.
type login struct {
	cloud  string // for messages: what it logs in to
	remedy string // for messages: where the login is said
	base   *url.URL
	auth   func() (gophercloud.AuthOptions, error)
	tls    *tls.Config
	// endpoints
	region, face string
}

// login finds out how to log in. It reads files, and asks nobody.
func (c Config) login(getenv func(string) string) (*login, error) {
	switch {
	case c.Cloud != "":
		return c.fromClouds(c.Cloud, getenv, "", "")
	case c.AuthURL != nil:
		return c.fromSection()
	case getenv("OS_CLOUD") != "":
		return c.fromClouds(getenv("OS_CLOUD"), getenv, getenv("OS_REGION_NAME"), endpointType(getenv))
	case getenv("OS_AUTH_URL") != "":
		return c.fromVariables(getenv)
	}
	return nil, errors.New("nothing says how to log in to OpenStack: set cloud to a name in clouds.yaml, or auth_url with application_credential_id and application_credential_secret, or OS_CLOUD or the other OS_* variables")
}

// fromSection is the login that the section describes. Secrets are read for
// every token anew, so that one may change while the process lives.
func (c Config) fromSection() (*login, error) {
	entry := func() (clouds.Cloud, error) {
		auth := &clouds.AuthInfo{
			AuthURL:                 c.AuthURL.String(),
			Username:                c.Username,
			UserDomainName:          c.UserDomainName,
			ProjectName:             c.ProjectName,
			ProjectID:               c.ProjectID,
			ProjectDomainName:       c.ProjectDomainName,
			ApplicationCredentialID: c.ApplicationCredentialID,
		}
		var err error
		if c.ApplicationCredentialID != "" {
			if auth.ApplicationCredentialSecret, err = c.ApplicationCredentialSecret.Reveal(); err != nil {
				return clouds.Cloud{}, fmt.Errorf("application_credential_secret: %w", err)
			}
		} else if auth.Password, err = c.Password.Reveal(); err != nil {
			return clouds.Cloud{}, fmt.Errorf("password: %w", err)
		}
		return clouds.Cloud{AuthInfo: auth}, nil
	}
	l := &login{cloud: "the cloud at " + c.AuthURL.Host, remedy: "the source's section"}
	l.auth = func() (gophercloud.AuthOptions, error) {
		cloud, err := entry()
		if err != nil {
			return gophercloud.AuthOptions{}, err
		}
		auth, _, _, err := parseEntry(cloud)
		return auth, err
	}
	// What needs no secret is known now.
	_, endpoints, tlsConfig, err := parseEntry(clouds.Cloud{AuthInfo: &clouds.AuthInfo{}}, c.options("", "")...)
	if err != nil {
		return nil, err
	}
	return l.complete(c.AuthURL.String(), endpoints, tlsConfig)
}

// fromVariables is the login that OS_* describe.
func (c Config) fromVariables(getenv func(string) string) (*login, error) {
	auth, endpoints, tlsConfig, err := parseEntry(variables(getenv), c.options(getenv("OS_REGION_NAME"), endpointType(getenv))...)
	if err != nil {
		return nil, fmt.Errorf("the OS_* variables: %w", err)
	}
	l := &login{cloud: "the cloud of OS_AUTH_URL", remedy: "the OS_* variables"}
	l.auth = func() (gophercloud.AuthOptions, error) { return auth, nil }
	return l.complete(auth.IdentityEndpoint, endpoints, tlsConfig)
}

// options are what the section says beside the login; region and face are used
// where it does not.
func (c Config) options(region, face string) []clouds.ParseOption {
	if c.Region != "" {
		region = c.Region
	}
	if c.Interface != "" {
		face = c.Interface
	}
	options := []clouds.ParseOption{clouds.WithRegion(region), clouds.WithEndpointType(face)}
	if c.CAFile != "" {
		options = append(options, clouds.WithCACertPath(string(c.CAFile)))
	}
	return options
}

// complete checks where Keystone is, and fills in what does not depend on where
// the login comes from.
func (l *login) complete(authURL string, endpoints gophercloud.EndpointOpts, tlsConfig *tls.Config) (*login, error) {
	u, err := url.Parse(authURL)
	if authURL == "" {
		err = errors.New("is missing")
	} else if err != nil {
		err = errors.New("is no URL (write https://host:5000/v3)")
	} else {
		err = checkAuthURL(u)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: auth_url %w", l.remedy, err)
	}
	if lastSegment(u.Path) != "v3" {
		u = u.JoinPath("v3")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	tlsConfig.MinVersion = tls.VersionTLS12
	l.base, l.tls = u, tlsConfig
	l.region, l.face = endpoints.Region, string(endpoints.Availability)
	return l, nil
}

// parseEntry reads an entry as if it stood in a clouds.yaml.
func parseEntry(entry clouds.Cloud, options ...clouds.ParseOption) (gophercloud.AuthOptions, gophercloud.EndpointOpts, *tls.Config, error) {
	text, err := yaml.Marshal(clouds.Clouds{Clouds: map[string]clouds.Cloud{"it": entry}})
	if err != nil {
		return gophercloud.AuthOptions{}, gophercloud.EndpointOpts{}, nil, errors.New("a value cannot be written as YAML")
	}
	none := strings.NewReader("{}")
	options = append([]clouds.ParseOption{clouds.WithRegion(""), clouds.WithEndpointType("")}, options...)
	return parse(append(options, clouds.WithCloudName("it"), clouds.WithCloudsYAML(bytes.NewReader(text)), clouds.WithSecureYAML(none))...)
}

// excerpt is text that gophercloud's YAML decoder quotes from a file, which may
// be a secret.
var excerpt = regexp.MustCompile("(?s)`.*`")

// parse is clouds.Parse, with what no login here can do without, and errors
// that hold nothing of the files.
func parse(options ...clouds.ParseOption) (gophercloud.AuthOptions, gophercloud.EndpointOpts, *tls.Config, error) {
	auth, endpoints, tlsConfig, err := clouds.Parse(options...)
	if err != nil {
		if missing := (*os.PathError)(nil); errors.As(err, &missing) {
			return auth, endpoints, nil, missing
		}
		return auth, endpoints, nil, errors.New(excerpt.ReplaceAllString(err.Error(), "..."))
	}
	return settle(auth), endpoints, tlsConfig, nil
}

// settle chooses one login where an entry has parts of several, as the openstack
// command does: an application credential before a password, ids before names,
// the domain "default" where none is named.
func settle(auth gophercloud.AuthOptions) gophercloud.AuthOptions {
	const domain = "default"
	if auth.ApplicationCredentialID != "" || auth.ApplicationCredentialName != "" {
		auth.Password, auth.Scope, auth.TenantID, auth.TenantName = "", nil, "", ""
	}
	switch {
	case auth.UserID != "":
		auth.Username, auth.DomainID, auth.DomainName = "", "", ""
	case auth.DomainID != "":
		auth.DomainName = ""
	case auth.DomainName == "":
		auth.DomainID = domain
	}
	if s := auth.Scope; s != nil && s.ProjectName != "" && s.DomainID == "" && s.DomainName == "" {
		s.DomainID = domain
	}
	return auth
}

// checkAuth reports what a login lacks.
func checkAuth(auth gophercloud.AuthOptions) error {
	switch {
	case auth.ApplicationCredentialID != "" || auth.ApplicationCredentialName != "":
		if auth.ApplicationCredentialSecret == "" {
			return errors.New("the application credential's secret is missing")
		}
	case auth.Password != "":
		if auth.Username == "" && auth.UserID == "" {
			return errors.New("the password's user is missing")
		}
	case auth.TokenID != "":
		return errors.New("a token cannot be renewed; log in with an application credential, or with a password")
	default:
		return errors.New("there is neither an application credential nor a password")
	}
	return nil
}
