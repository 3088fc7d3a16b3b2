package openstack

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/config"
)

// Config is what a source's section says of the cloud. Sources embed it.
//
// Cloud names an entry of a clouds.yaml; or AuthURL and what follows say how to
// log in; or neither is set, and the OS_* variables do, as they do for the
// openstack command: OS_CLOUD, or else OS_AUTH_URL and its like.
type Config struct {
	Cloud string `ini:"cloud"`
	// CloudsFile is the clouds.yaml. Without one it is what OS_CLIENT_CONFIG_FILE
	// names, or the first in the working directory, in openstack/ below the
	// user's directory for configs, and in /etc/openstack. A secure.yaml beside it
	// is read as well.
	CloudsFile config.Path `ini:"clouds_file"`

	// AuthURL is where Keystone is, with or without /v3 at its end.
	AuthURL *url.URL `ini:"auth_url"`
	// ApplicationCredentialID and its secret are the login that suits a program:
	// it can be limited to what is needed, and withdrawn alone.
	ApplicationCredentialID     string        `ini:"application_credential_id"`
	ApplicationCredentialSecret config.Secret `ini:"application_credential_secret"`
	// Username and Password are those of a user in the domain UserDomainName.
	Username       string        `ini:"username"`
	Password       config.Secret `ini:"password"`
	UserDomainName string        `ini:"user_domain_name"`
	// ProjectName, of the domain ProjectDomainName, or ProjectID is the project
	// to work in. An application credential has its own.
	ProjectName       string `ini:"project_name"`
	ProjectID         string `ini:"project_id"`
	ProjectDomainName string `ini:"project_domain_name"`

	// Region and Interface (public, internal or admin) choose endpoints from
	// the catalog. Region may be left out where there is one only.
	Region    string `ini:"region"`
	Interface string `ini:"interface"`
	// CAFile is a file of certificates, PEM. Where it is set, no others are trusted.
	CAFile config.Path `ini:"ca_file"`

	// Concurrency is how many requests a service is sent at a time.
	Concurrency uint8 `ini:"concurrency,default=4"`
	// Timeout bounds one request, from the connection to the end of the answer.
	Timeout time.Duration `ini:"timeout,default=1m"`
	// RetryFor is how long a service that does not serve is asked again.
	RetryFor time.Duration `ini:"retry_for,default=5m"`
	// MaxAnswer is how many bytes an answer may have.
	MaxAnswer config.Size `ini:"max_answer,default=64MiB"`

	// Names says whether Nova and Cinder are asked what flavors and volume types
	// are called, for samples that tell ids. Where they cannot be asked, nothing is
	// collected: what has a name must not be billed by its id.
	Names bool `ini:"names,default=true"`

	// Tenants says which of the cloud's projects are tenants.
	Tenants TenantFilter `ini:"tenants"`
}

const (
	maxConcurrency = 64
	maxMaxAnswer   = 1 << 30 // answers are read into memory
)

var interfaces = []string{"public", "internal", "admin"}

// Validate reports what no key can tell alone, as config.KeyErrors.
func (c Config) Validate() error {
	var wrong mistakes
	switch keys := c.loginKeys(); {
	case c.Cloud != "":
		for _, key := range keys {
			wrong.add(key, "cloud %q says how to log in (remove one of both)", c.Cloud)
		}
	case c.AuthURL != nil:
		c.validateLogin(&wrong)
	default:
		for _, key := range keys {
			wrong.add(key, "needs auth_url as well")
		}
	}
	if c.AuthURL != nil && c.CloudsFile != "" {
		wrong.add("clouds_file", "is not read where auth_url is set (remove one of both)")
	}
	if c.Interface != "" && !slices.Contains(interfaces, c.Interface) {
		wrong.add("interface", "%q is none of %s", c.Interface, strings.Join(interfaces, ", "))
	}
	if c.Concurrency == 0 || c.Concurrency > maxConcurrency {
		wrong.add("concurrency", "%d is not between 1 and %d (write 4)", c.Concurrency, maxConcurrency)
	}
	if c.Timeout <= 0 {
		wrong.add("timeout", "%v is no time to wait (write 1m)", c.Timeout)
	}
	if c.RetryFor < 0 {
		wrong.add("retry_for", "%v is negative (write 0s to try once)", c.RetryFor)
	}
	if c.MaxAnswer <= 0 || c.MaxAnswer > maxMaxAnswer {
		wrong.add("max_answer", "is not between 1 byte and 1GiB (write 64MiB)")
	}
	c.Tenants.validate(&wrong)
	return errors.Join(wrong...)
}

// validateLogin checks the login that the section itself describes.
func (c Config) validateLogin(wrong *mistakes) {
	if err := checkAuthURL(c.AuthURL); err != nil {
		wrong.add("auth_url", "%w", err)
	}
	credential := c.ApplicationCredentialID != "" || !c.ApplicationCredentialSecret.IsZero()
	user := c.Username != "" || !c.Password.IsZero()
	switch {
	case credential && user:
		wrong.add("application_credential_id", "there is a user and a password, too (remove one of both)")
	case credential && c.ApplicationCredentialID == "":
		wrong.add("application_credential_secret", "needs application_credential_id as well")
	case credential && c.ApplicationCredentialSecret.IsZero():
		wrong.add("application_credential_id", "needs application_credential_secret as well")
	case credential && (c.ProjectName != "" || c.ProjectID != ""):
		wrong.add("application_credential_id", "it belongs to a project (remove project_name and project_id)")
	case credential:
	case !user:
		wrong.add("auth_url", "needs application_credential_id and application_credential_secret, or username and password")
	case c.Username == "":
		wrong.add("password", "needs username as well")
	case c.Password.IsZero():
		wrong.add("username", "needs password as well")
	case c.ProjectName != "" && c.ProjectID != "":
		wrong.add("project_id", "there is project_name, too (remove one of both)")
	case c.ProjectName == "" && c.ProjectID == "":
		wrong.add("username", "needs project_name or project_id as well: without a project there is no catalog")
	}
}

// loginKeys are the keys that are set of those that say how to log in.
func (c Config) loginKeys() []string {
	var set []string
	for _, k := range []struct {
		name string
		set  bool
	}{
		{"auth_url", c.AuthURL != nil},
		{"application_credential_id", c.ApplicationCredentialID != ""},
		{"application_credential_secret", !c.ApplicationCredentialSecret.IsZero()},
		{"username", c.Username != ""},
		{"password", !c.Password.IsZero()},
		{"user_domain_name", c.UserDomainName != ""},
		{"project_name", c.ProjectName != ""},
		{"project_id", c.ProjectID != ""},
		{"project_domain_name", c.ProjectDomainName != ""},
	} {
		if k.set {
			set = append(set, k.name)
		}
	}
	return set
}

// mistakes are KeyErrors.
type mistakes []error

func (m *mistakes) add(key, format string, args ...any) {
	*m = append(*m, &config.KeyError{Key: key, Err: fmt.Errorf(format, args...)})
}

// checkAuthURL reports why Keystone cannot be at u. It does not print u, which
// may hold what should not be there.
func checkAuthURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("begins with neither https:// nor http://")
	case u.Hostname() == "":
		return errors.New("names no host (write https://host:5000/v3)")
	case u.User != nil:
		return errors.New("holds a user (use username and password)")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("has more than a path (write https://host:5000/v3)")
	case strings.HasPrefix(lastSegment(u.Path), "v2"):
		return errors.New("is of Keystone's version 2, which is gone (write https://host:5000/v3)")
	}
	return nil
}

func lastSegment(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}
