package openstack

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
)

// keysOf are the keys that an error of Validate points at, sorted.
func keysOf(err error) []string {
	var keys []string
	var walk func(error)
	walk = func(err error) {
		var key *config.KeyError
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range many.Unwrap() {
				walk(one)
			}
		} else if errors.As(err, &key) {
			keys = append(keys, key.Key)
		}
	}
	walk(err)
	slices.Sort(keys)
	return keys
}

func TestValidate(t *testing.T) {
	s := secret(t, canary)
	password := func(c *Config) { c.Username, c.Password, c.ProjectName = "u", s, "p" }
	for _, test := range []struct {
		name   string
		url    string
		change func(*Config)
		want   string // keys
	}{
		{"nothing: OS_* say it", "", func(*Config) {}, ""},
		{"a cloud", "", func(c *Config) {
			c.Cloud, c.CloudsFile, c.Region, c.Interface, c.CAFile = "north", "/x", "r", "admin", "/y"
		}, ""},
		{"a cloud and a login", "", func(c *Config) { c.Cloud = "north"; password(c) }, "password project_name username"},
		{"a password", "https://k:5000/v3", password, ""},
		{"an application credential", "http://k/identity", func(c *Config) { c.ApplicationCredentialID, c.ApplicationCredentialSecret = "i", s }, ""},
		{"both", "https://k", func(c *Config) { password(c); c.ApplicationCredentialID, c.ApplicationCredentialSecret = "i", s }, "application_credential_id"},
		{"neither", "https://k", func(c *Config) {}, "auth_url"},
		{"a password without a user", "https://k", func(c *Config) { c.Password, c.ProjectID = s, "p" }, "password"},
		{"a user without a password", "https://k", func(c *Config) { c.Username, c.ProjectID = "u", "p" }, "username"},
		{"no project", "https://k", func(c *Config) { c.Username, c.Password = "u", s }, "username"},
		{"two projects", "https://k", func(c *Config) { password(c); c.ProjectID = "p" }, "project_id"},
		{"an application credential without a secret", "https://k", func(c *Config) { c.ApplicationCredentialID = "i" }, "application_credential_id"},
		{"a secret without an application credential", "https://k", func(c *Config) { c.ApplicationCredentialSecret = s }, "application_credential_secret"},
		{"an application credential with a project", "https://k", func(c *Config) {
			c.ApplicationCredentialID, c.ApplicationCredentialSecret, c.ProjectID = "i", s, "p"
		}, "application_credential_id"},
		{"a login that goes nowhere", "", password, "password project_name username"},
		{"version 2", "https://k:5000/v2.0/", password, "auth_url"},
		{"no http", "ftp://k", password, "auth_url"},
		{"no host", "https:///v3", password, "auth_url"},
		{"a user in the URL", "https://u:" + "p@k/v3", password, "auth_url"},
		{"a query", "https://k/v3?x=1", password, "auth_url"},
		{"two ways", "https://k/v3", func(c *Config) { password(c); c.CloudsFile = "/x" }, "clouds_file"},
		{"numbers", "", func(c *Config) {
			c.Interface, c.Concurrency, c.Timeout, c.RetryFor, c.MaxAnswer = "private", 65, 0, -time.Second, 2<<30
		}, "concurrency interface max_answer retry_for timeout"},
		{"no concurrency", "", func(c *Config) { c.Concurrency = 0 }, "concurrency"},
		{"tenants", "", func(c *Config) {
			c.Tenants = TenantFilter{Name: []string{"ok*", "[a"}, Tag: []string{"a/b"}, Include: []string{"x", "y"}, Ignore: []string{"y"}}
		}, "tenants.ignore tenants.name tenants.tag"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := plainConfig()
			if test.url != "" {
				c.AuthURL = mustURL(t, test.url)
			}
			test.change(&c)
			err := c.Validate()
			if diff := cmp.Diff(test.want, strings.Join(keysOf(err), " ")); diff != "" {
				t.Errorf("keys (-want +got):\n%s%v", diff, err)
			}
			if err != nil {
				wantError(t, err)
			}
		})
	}
}
