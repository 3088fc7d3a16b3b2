package openstack

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/openstack-artifice/artifice/internal/openstack/rig"
	"github.com/openstack-artifice/artifice/usage"
)

// These tests ask a real Keystone and a real Gnocchi. What they make in them
// has names that begin with the test's own.

// admin logs in as the rig's administrator, as OS_* say.
func admin(t *testing.T, r *rig.Rig, filter TenantFilter, o Options) *Cloud {
	t.Helper()
	c := plainConfig()
	c.Tenants = filter
	o.Getenv = getenv(r.Env())
	return mustOpen(t, c, o)
}

// create makes something at Keystone, and deletes it after the test.
func create(t *testing.T, r *rig.Rig, path, kind string, attributes map[string]any) (id string) {
	t.Helper()
	var made map[string]struct{ ID string }
	r.Call(t, "POST", path, map[string]any{kind: attributes}, &made)
	id = made[kind].ID
	t.Cleanup(func() {
		if kind == "domain" {
			r.Call(t, "PATCH", path+"/"+id, map[string]any{kind: map[string]any{"enabled": false}}, nil)
		}
		r.Call(t, "DELETE", path+"/"+id, nil, nil)
	})
	return id
}

func userID(t *testing.T, r *rig.Rig, name string) string {
	t.Helper()
	var found struct{ Users []struct{ ID string } }
	r.Call(t, "GET", "/users?name="+name, nil, &found)
	if len(found.Users) != 1 {
		t.Fatalf("%d users are called %s", len(found.Users), name)
	}
	return found.Users[0].ID
}

// asksGnocchi checks that a login is good for Gnocchi.
func asksGnocchi(t *testing.T, c *Cloud) {
	t.Helper()
	answer, err := c.Service("metric", nil).Do(t.Context(), Request{Path: "v1/archive_policy"})
	if err != nil {
		t.Error(err)
		return
	}
	var policies []struct{ Name string }
	if err := answer.Decode(&policies); err != nil || len(policies) < 2 {
		t.Errorf("policies are %v, %v", policies, err)
	}
}

func TestRealLogins(t *testing.T) {
	r := rig.Shared(t)
	var credential struct {
		Application_credential struct{ ID, Secret string }
	}
	user := userID(t, r, rig.Username)
	r.Call(t, "POST", "/users/"+user+"/application_credentials",
		map[string]any{"application_credential": map[string]any{"name": t.Name(), "roles": []any{map[string]any{"name": "admin"}}}}, &credential)
	id, key := credential.Application_credential.ID, credential.Application_credential.Secret
	t.Cleanup(func() { r.Call(t, "DELETE", "/users/"+user+"/application_credentials/"+id, nil, nil) })

	dir := t.TempDir()
	file := filepath.Join(dir, "clouds.yaml")
	writeFile(t, file, fmt.Sprintf(`
clouds:
  password:
    region_name: RegionOne
    auth: {auth_url: %[1]q, username: admin, password: adminpw, project_name: admin, user_domain_name: Default, project_domain_name: Default}
  credential:
    auth_type: v3applicationcredential
    interface: internal
    auth: {auth_url: %[1]q, application_credential_id: %[2]s}
  named:
    auth: {auth_url: %[1]q, application_credential_name: %[4]s, application_credential_secret: %[3]q, username: admin, user_domain_id: default}
`, r.Keystone, id, key, t.Name()))
	writeFile(t, filepath.Join(dir, "secure.yaml"), fmt.Sprintf("clouds: {credential: {auth: {application_credential_secret: %q}}}", key))
	for name, variables := range map[string]map[string]string{
		"OS_*":                              r.Env(),
		"OS_* of an application credential": {"OS_AUTH_URL": strings.TrimSuffix(r.Keystone, "/v3"), "OS_APPLICATION_CREDENTIAL_ID": id, "OS_APPLICATION_CREDENTIAL_SECRET": key},
		"OS_* with ids":                     {"OS_AUTH_URL": r.Keystone, "OS_USER_ID": user, "OS_PASSWORD": rig.Password, "OS_PROJECT_NAME": rig.Project},
		"clouds.yaml, a password":           {"OS_CLOUD": "password", "OS_CLIENT_CONFIG_FILE": file},
		"clouds.yaml and secure.yaml":       {"OS_CLOUD": "credential", "OS_CLIENT_CONFIG_FILE": file},
		"clouds.yaml, a credential by name": {"OS_CLOUD": "named", "OS_CLIENT_CONFIG_FILE": file},
	} {
		t.Run(name, func(t *testing.T) {
			asksGnocchi(t, mustOpen(t, plainConfig(), Options{Getenv: getenv(variables)}))
		})
	}
	t.Run("the section, a password", func(t *testing.T) {
		c := plainConfig()
		c.AuthURL, c.Username, c.Password, c.ProjectName = mustURL(t, r.Keystone), rig.Username, secret(t, rig.Password), rig.Project
		asksGnocchi(t, mustOpen(t, c, Options{}))
		c.Password = secret(t, canary)
		_, err := mustOpen(t, c, Options{}).token(t.Context(), "")
		wantError(t, err, "login refused", `user "admin" of domain "default" with project "admin"`)
		c.Password, c.ProjectName = secret(t, rig.Password), "none"
		_, err = mustOpen(t, c, Options{}).token(t.Context(), "")
		wantError(t, err, "login refused", `with project "none"`, "does not tell")
	})
	t.Run("the section, an application credential", func(t *testing.T) {
		c := plainConfig()
		c.AuthURL, c.ApplicationCredentialID, c.ApplicationCredentialSecret = mustURL(t, r.Keystone), id, secret(t, key)
		cloud := mustOpen(t, c, Options{})
		asksGnocchi(t, cloud)
		e, err := cloud.Service("metric", nil).Endpoint(t.Context())
		if err != nil || e.URL.String() != r.Gnocchi || e.Region != "RegionOne" || e.Interface != "public" {
			t.Errorf("the endpoint is %+v, %v", e, err)
		}
		c.Region = "RegionTwo"
		_, err = mustOpen(t, c, Options{}).Service("metric", nil).Endpoint(t.Context())
		wantError(t, err, `in region "RegionTwo"; it has admin in "RegionOne", internal in "RegionOne", public in "RegionOne"`)
	})
}

func tokenOf(t *testing.T, c *Cloud) string {
	t.Helper()
	token, err := c.token(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return token.id
}

func TestRealTokens(t *testing.T) {
	r := rig.Shared(t)
	ahead := time.Duration(0)
	cloud := admin(t, r, TenantFilter{}, Options{Now: func() time.Time { return time.Now().Add(ahead) }})
	lists := func() {
		t.Helper()
		for _, err := range cloud.Tenants(t.Context()) {
			if err != nil {
				t.Error(err)
			}
		}
	}
	first := tokenOf(t, cloud)
	r.Revoke(t, first)
	lists()
	second := tokenOf(t, cloud)
	if second == first {
		t.Error("a token that was revoked was not renewed")
	}
	ahead = 54 * time.Minute
	if tokenOf(t, cloud) != second {
		t.Error("renewed although 6 minutes were left")
	}
	ahead = 56 * time.Minute
	third := tokenOf(t, cloud)
	if third == second {
		t.Error("not renewed although 4 minutes were left")
	}
	ahead = 10 * time.Hour
	if tokenOf(t, cloud) == third {
		t.Error("not renewed after its end")
	}
	lists()
}

func TestRealTenants(t *testing.T) {
	r := rig.Shared(t)
	domain := create(t, r, "/domains", "domain", map[string]any{"name": t.Name()})
	other := create(t, r, "/domains", "domain", map[string]any{"name": t.Name() + "Other"})
	project := func(name, domain string, more map[string]any) string {
		attributes := map[string]any{"name": name, "domain_id": domain}
		maps.Copy(attributes, more)
		return create(t, r, "/projects", "project", attributes)
	}
	web := project("Wéb/1", domain, map[string]any{"erp_partner": "0042", "number": 7, "vip": true, "tags": []string{"billed", "x"}, "description": "Shop"})
	off := project("off", domain, map[string]any{"enabled": false})
	same := project("Wéb/1", other, map[string]any{"tags": []string{"billed"}})
	for _, test := range []struct {
		name   string
		filter TenantFilter
		want   []string
	}{
		{"a domain by name, the disabled included", TenantFilter{Domain: []string{t.Name()}}, []string{web, off}},
		{"a domain by id", TenantFilter{Domain: []string{other}}, []string{same}},
		{"a tag", TenantFilter{Domain: []string{domain, other}, Tag: []string{"none", "billed"}}, []string{web, same}},
		{"a name", TenantFilter{Domain: []string{domain}, Name: []string{"W?b*"}}, []string{web}},
		{"ids and names", TenantFilter{Include: []string{off, "Wéb/1"}, Ignore: []string{same}}, []string{web, off}},
	} {
		tenants, _, errs := list(t, admin(t, r, test.filter, Options{}))
		slices.Sort(test.want)
		if got := slices.Sorted(maps.Keys(tenants)); !cmp.Equal(got, test.want) || len(errs) > 0 {
			t.Errorf("%s: %q, %q; want %q", test.name, got, errs, test.want)
		}
		if tenant, ok := tenants[web]; ok {
			want := usage.Tenant{ID: web, Name: "Wéb/1", Extra: map[string]string{"erp_partner": "0042", "number": "7", "vip": "true", "tags": "billed,x",
				"description": "Shop", "domain_id": domain, "domain_name": t.Name(), "enabled": "true", "parent_id": domain}}
			if diff := cmp.Diff(want, tenant); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	}
	cloud := admin(t, r, TenantFilter{}, Options{})
	for name, err := range cloud.CheckHealth(t.Context(), cloud.Service("identity", nil), func(func(string, error) bool) {}) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A member of one project may not list them all.
	user := create(t, r, "/users", "user", map[string]any{"name": t.Name(), "password": canary, "domain_id": domain})
	var roles struct{ Roles []struct{ ID string } }
	r.Call(t, "GET", "/roles?name=member", nil, &roles)
	r.Call(t, "PUT", "/projects/"+web+"/users/"+user+"/roles/"+roles.Roles[0].ID, nil, nil)
	c := plainConfig()
	c.AuthURL, c.Username, c.Password, c.UserDomainName, c.ProjectID = mustURL(t, r.Keystone), t.Name(), secret(t, canary), t.Name(), web
	_, got, errs := list(t, mustOpen(t, c, Options{}))
	if got != "" || len(errs) != 1 || !strings.Contains(errs[0], "403 Forbidden: You are not authorized") || !strings.Contains(errs[0], "tenants.own = true") {
		t.Errorf("a member gets %q, %q", got, errs)
	}
	c.Tenants.Own = true
	if _, got, errs := list(t, mustOpen(t, c, Options{})); got != web || len(errs) > 0 {
		t.Errorf("a member's own are %q, %q", got, errs)
	}
}

// thousands puts projects into a domain, past the API, which would take
// minutes.
func thousands(t *testing.T, r *rig.Rig, domain string, n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.Dir, "data", "keystone.db")+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(`DELETE FROM project WHERE domain_id = ?`, domain); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	_, err = db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO project (id, name, extra, description, enabled, domain_id, parent_id, is_domain)
		SELECT printf('%032x', i), 'p' || i, '{"erp": "' || i || '"}', '', 1, ?, ?, 0 FROM n`, n, domain, domain)
	if err != nil {
		t.Fatal(err)
	}
}

func TestRealTenantsByTheThousand(t *testing.T) {
	r := rig.Shared(t)
	domain := create(t, r, "/domains", "domain", map[string]any{"name": t.Name()})
	thousands(t, r, domain, 3000)
	tenants, _, errs := list(t, admin(t, r, TenantFilter{Domain: []string{domain}}, Options{}))
	if len(tenants) != 3000 || len(errs) > 0 {
		t.Errorf("%d tenants, %q", len(tenants), errs)
	}
	if got := tenants[fmt.Sprintf("%032x", 2999)]; got.Name != "p2999" || got.Extra["erp"] != "2999" {
		t.Errorf("one is %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range admin(t, r, TenantFilter{}, Options{}).Tenants(ctx) {
		if err == nil {
			t.Error("a tenant after the end")
		}
	}
}
