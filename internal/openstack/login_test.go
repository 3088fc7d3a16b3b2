package openstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asked opens the config, has it log in at the fake, and returns what was asked
// for, as JSON, with * for the canary.
func asked(t *testing.T, f *fake, c Config, o Options) string {
	t.Helper()
	var said string
	f.keystone = func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Auth json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		said = strings.ReplaceAll(string(body.Auth), canary, "*")
		f.login(w)
	}
	cloud := mustOpen(t, c, o)
	if _, err := cloud.token(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	return said
}

const (
	asPassword   = `{"identity":{"methods":["password"],"password":{"user":{"domain":{%s},"name":"u","password":"*"}}},"scope":{"project":%s}}`
	asCredential = `{"identity":{"application_credential":{"id":"i","secret":"*"},"methods":["application_credential"]}}`
)

func TestClouds(t *testing.T) {
	for _, test := range []struct {
		name, clouds, secure, want string
	}{
		{"a password", `
auth: {auth_url: URL, username: u, password: SECRET, project_name: p, user_domain_name: D, project_domain_name: E}`, "",
			fmt.Sprintf(asPassword, `"name":"D"`, `{"domain":{"name":"E"},"name":"p"}`)},
		{"an application credential", `
auth_type: v3applicationcredential
auth: {auth_url: URL/v3/, application_credential_id: i, application_credential_secret: SECRET}`, "", asCredential},
		{"an application credential comes before a password", `
auth: {auth_url: URL/v3, username: u, password: x, project_id: q, application_credential_id: i, application_credential_secret: SECRET}`, "", asCredential},
		{"a project by its id, the default domain", `
auth: {auth_url: URL, username: u, password: SECRET, project_id: q}`, "",
			fmt.Sprintf(asPassword, `"id":"default"`, `{"id":"q"}`)},
		{"a domain for both, a password that is quoted", `
auth: {auth_url: URL, username: u, password: "SECRET", project_name: p, domain_id: d}`, "",
			fmt.Sprintf(asPassword, `"id":"d"`, `{"domain":{"id":"d"},"name":"p"}`)},
		{"the secret in secure.yaml", `
auth: {auth_url: URL, username: u, project_id: q}`, `
auth: {password: SECRET}`, fmt.Sprintf(asPassword, `"id":"default"`, `{"id":"q"}`)},
		{"all in secure.yaml", `
region_name: north`, `
auth: {auth_url: URL, username: u, password: SECRET, project_id: q}`, fmt.Sprintf(asPassword, `"id":"default"`, `{"id":"q"}`)},
		{"nothing in secure.yaml", `
auth: {auth_url: URL, username: u, password: SECRET, project_id: q}`, " # nothing", fmt.Sprintf(asPassword, `"id":"default"`, `{"id":"q"}`)},
		{"the system", `
auth: {auth_url: URL, username: u, password: SECRET, system_scope: all}`, "",
			`{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"default"},"name":"u","password":"*"}}},"scope":{"system":{"all":true}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			dir := t.TempDir()
			write := func(name, entry string) {
				entry = strings.NewReplacer("URL", f.URL, "SECRET", canary, "\n", "\n    ").Replace(entry)
				writeFile(t, filepath.Join(dir, name), "clouds:\n  other: {}\n  north:"+entry+"\n")
			}
			write("clouds.yaml", test.clouds)
			if test.secure != "" {
				write("secure.yaml", test.secure)
			}
			o := f.clock.options()
			o.Getenv = getenv(map[string]string{"OS_CLIENT_CONFIG_FILE": filepath.Join(dir, "clouds.yaml"), "OS_CLOUD": "north"})
			if diff := cmp.Diff(test.want, asked(t, f, plainConfig(), o)); diff != "" {
				t.Errorf("login (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCloudsAreFound(t *testing.T) {
	f := newFake(t)
	work, home, xdg := t.TempDir(), t.TempDir(), t.TempDir()
	entry := fmt.Sprintf(`{"clouds": {"north": {"region_name": "R", "interface": "I", "auth": {"auth_url": %q, "username": "u", "password": "p", "project_id": "q"}}}}`, f.URL)
	place := func(region, file string) {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, file, strings.NewReplacer("R", region, "I", "internal").Replace(entry))
	}
	t.Chdir(work)
	variables := map[string]string{"HOME": home, "OS_CLOUD": "north"}
	region := func(c Config) string {
		t.Helper()
		o := f.clock.options()
		o.Getenv = getenv(variables)
		cloud := mustOpen(t, c, o)
		return cloud.login.region + " " + cloud.login.face
	}
	check := func(want string, c Config) {
		t.Helper()
		if got := region(c); got != want {
			t.Errorf("region and interface are %s, want %s", got, want)
		}
	}
	place("home", filepath.Join(home, ".config", "openstack", "clouds.json"))
	check("home internal", plainConfig())
	variables["XDG_CONFIG_HOME"] = xdg
	place("xdg", filepath.Join(xdg, "openstack", "clouds.yml"))
	check("xdg internal", plainConfig())
	place("work", "clouds.yaml")
	check("work internal", plainConfig())
	variables["OS_CLIENT_CONFIG_FILE"] = filepath.Join(work, "named.yaml")
	place("variable", "named.yaml")
	check("variable internal", plainConfig())

	c := plainConfig()
	c.CloudsFile = "own.yaml"
	place("section", "own.yaml")
	check("section internal", c)
	variables["OS_REGION_NAME"], variables["OS_INTERFACE"] = "elsewhere", "adminURL"
	check("elsewhere admin", c) // as the openstack command with OS_CLOUD
	c.Cloud = "north"
	check("section internal", c) // one of several sources: the variables are not its
	c.Region, c.Interface = "south", "public"
	check("south public", c)
}

func TestVariables(t *testing.T) {
	for _, test := range []struct{ name, variables, want string }{
		{"a password", "OS_USERNAME=u OS_PASSWORD=SECRET OS_PROJECT_NAME=p OS_USER_DOMAIN_NAME=D OS_PROJECT_DOMAIN_ID=e",
			fmt.Sprintf(asPassword, `"name":"D"`, `{"domain":{"id":"e"},"name":"p"}`)},
		{"of older days", "OS_USERNAME=u OS_PASSWORD=SECRET OS_TENANT_NAME=p OS_DEFAULT_DOMAIN=d",
			fmt.Sprintf(asPassword, `"id":"d"`, `{"domain":{"id":"d"},"name":"p"}`)},
		{"an application credential", "OS_APPLICATION_CREDENTIAL_ID=i OS_APPLICATION_CREDENTIAL_SECRET=SECRET OS_USERNAME=u OS_PASSWORD=x OS_PROJECT_ID=q", asCredential},
		{"an application credential by name", "OS_APPLICATION_CREDENTIAL_NAME=n OS_APPLICATION_CREDENTIAL_SECRET=SECRET OS_USER_ID=u",
			`{"identity":{"application_credential":{"name":"n","secret":"*","user":{"id":"u"}},"methods":["application_credential"]}}`},
		{"ids", "OS_USERID=u OS_PASSWORD=SECRET OS_PROJECT_ID=q OS_USER_DOMAIN_NAME=D",
			`{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"*"}}},"scope":{"project":{"id":"q"}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			variables := map[string]string{"OS_AUTH_URL": f.URL + "/v3"}
			for _, variable := range strings.Fields(test.variables) {
				name, value, _ := strings.Cut(variable, "=")
				variables[name] = strings.ReplaceAll(value, "SECRET", canary)
			}
			o := f.clock.options()
			o.Getenv = getenv(variables)
			if diff := cmp.Diff(test.want, asked(t, f, plainConfig(), o)); diff != "" {
				t.Errorf("login (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSection(t *testing.T) {
	f := newFake(t)
	c := plainConfig()
	c.AuthURL = mustURL(t, f.URL)
	c.ApplicationCredentialID, c.ApplicationCredentialSecret = "i", secret(t, canary)
	o := f.clock.options()
	// The section says it all: what somebody is logged in to does not matter.
	o.Getenv = getenv(map[string]string{"OS_CLOUD": "x", "OS_AUTH_URL": "http://x", "OS_REGION_NAME": "x"})
	if diff := cmp.Diff(asCredential, asked(t, f, c, o)); diff != "" {
		t.Errorf("login (-want +got):\n%s", diff)
	}
	c = f.config(t)
	c.UserDomainName, c.ProjectDomainName, c.Username, c.ProjectName = "D", "E", "u", "p"
	if diff := cmp.Diff(fmt.Sprintf(asPassword, `"name":"D"`, `{"domain":{"name":"E"},"name":"p"}`), asked(t, f, c, o)); diff != "" {
		t.Errorf("login (-want +got):\n%s", diff)
	}
}

func TestLoginMistakes(t *testing.T) {
	const auth = "{auth_url: 'http://k', username: u, project_id: q, password: " + canary + "}"
	for _, test := range []struct {
		name, clouds string
		says         []string
	}{
		{"no such cloud", "clouds: {b: {}, a: {}}", []string{`cloud "north" in `, "it has a, b"}},
		{"none at all", "", []string{"it has no clouds"}},
		{"no YAML", "clouds:\n  north:\n    password: *" + canary + "\n  x: [", []string{"is not YAML"}},
		{"an unknown anchor", "clouds: {north: {auth: {password: *" + canary + " }}}", []string{"is not YAML"}},
		{"no auth", "clouds: {north: {region_name: x}}", []string{"the cloud has no auth"}},
		{"auth is a text", "clouds: {north: {auth: " + canary + "}}", []string{"the cloud has no auth"}},
		{"a value of another kind", "clouds: {north: {verify: " + canary + ", auth: " + auth + "}}", []string{"cannot unmarshal !!str ... into bool"}},
		{"no URL", "clouds: {north: {auth: {username: u, password: " + canary + "}}}", []string{"auth_url is missing"}},
		{"a wrong URL", "clouds: {north: {auth: {auth_url: 'http://u:s3cr3t@k/v3', username: u, password: x}}}", []string{"auth_url holds a user"}},
		{"no login", "clouds: {north: {auth: {auth_url: 'http://k/v3'}}}", []string{"neither an application credential nor a password"}},
		{"a token", "clouds: {north: {auth: {auth_url: 'http://k/v3', token: " + canary + "}}}", []string{"a token cannot be renewed"}},
		{"a password without a user", "clouds: {north: {auth: {auth_url: 'http://k/v3', password: " + canary + "}}}", []string{"user is missing"}},
		{"a credential without a secret", "clouds: {north: {auth: {auth_url: 'http://k/v3', application_credential_id: x}}}", []string{"secret is missing"}},
		{"no certificate there", "clouds: {north: {cacert: /none/ca.pem, auth: " + auth + "}}", []string{"/none/ca.pem", "no such file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "clouds.yaml")
			writeFile(t, file, test.clouds)
			c := plainConfig()
			c.Cloud, c.CloudsFile = "north", fileOf(file)
			_, err := c.Open(Options{Getenv: getenv(nil)})
			wantError(t, err, append(test.says, file)...)
		})
	}
	_, err := plainConfig().Open(Options{Getenv: getenv(nil)})
	wantError(t, err, "nothing says how to log in", "OS_CLOUD", "clouds.yaml")
	c := plainConfig()
	c.Cloud = "north"
	t.Chdir(t.TempDir())
	_, err = c.Open(Options{Getenv: getenv(map[string]string{"HOME": "/home/x"})})
	wantError(t, err, "there is no clouds.yaml", "/home/x/.config/openstack/clouds.yaml", "/etc/openstack/clouds.yaml")
	_, err = plainConfig().Open(Options{Getenv: getenv(map[string]string{"OS_AUTH_URL": "http://k", "OS_USERNAME": "u"})})
	wantError(t, err, "the OS_* variables", "neither an application credential nor a password")
}
