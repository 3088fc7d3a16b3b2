package openstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

const (
	north = "0123456789abcdef0123456789abcdef" // domains
	south = "fedcba9876543210fedcba9876543210"
	gone  = "99999999999999999999999999999999" // a project that was deleted
	other = "88888888888888888888888888888888" // one that is there, and in none of the lists
)

// keystone serves two domains and their projects; what it was asked is in
// asked. limit is its list_limit, 0 for none.
type keystone struct {
	limit     int
	noDomains bool // the user may not list domains
	noList    bool // nor projects
	asked     []string
}

func projectsJSON() []map[string]any {
	project := func(id, name, domain string, more ...any) map[string]any {
		p := map[string]any{"id": id, "name": name, "domain_id": domain, "enabled": true, "is_domain": false,
			"options": map[string]any{}, "tags": []string{}, "links": map[string]any{"self": "x"}, "description": "", "parent_id": domain}
		for i := 0; i < len(more); i += 2 {
			p[more[i].(string)] = more[i+1]
		}
		return p
	}
	return []map[string]any{
		project("p1", "web/one", north, "tags", []string{"billed", "x"}, "erp", "0042", "number", json.Number("12345678901234567890.10"), "flag", true, "none", nil, "deep", map[string]any{"a": []int{1}}),
		project("p2", "web/two", north, "enabled", false, "description", "Zwei"),
		project("p3", "db", south, "tags", []string{"billed"}),
		project("p4", "web/one", south), // names are a domain's own
	}
}

func (k *keystone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.asked = append(k.asked, r.URL.RequestURI())
	switch {
	case r.URL.Path == "/v3/domains" && !k.noDomains:
		fmt.Fprintf(w, `{"domains": [{"id": %q, "name": "North", "enabled": true}, {"id": %q, "name": "South"}], "links": {"next": null}}`, north, south)
	case r.URL.Path == "/v3/projects" && !k.noList, r.URL.Path == "/v3/auth/projects":
		list := []map[string]any{}
		for _, p := range projectsJSON() {
			if domain := r.URL.Query().Get("domain_id"); domain == "" || p["domain_id"] == domain {
				list = append(list, p)
			}
		}
		body := map[string]any{"links": map[string]any{"next": nil}}
		if k.limit > 0 && len(list) > k.limit {
			list, body["truncated"] = list[:k.limit], true
		}
		body["projects"] = list
		json.NewEncoder(w).Encode(body)
	case r.URL.Path == "/v3/projects/"+other && !k.noList:
		fmt.Fprintf(w, `{"project": {"id": %q, "name": "other"}}`, other)
	case r.URL.Path == "/v3/projects/"+gone && !k.noList:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"error": {"code": 404, "message": "Could not find project: %s.", "title": "Not Found"}}`, gone)
	default:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"error": {"code": 403, "message": "You are not authorized to perform the requested action: identity:list_projects."}}`)
	}
}

// list is what Tenants yields: names by id, sorted, and errors.
func list(t *testing.T, c *Cloud) (tenants map[string]usage.Tenant, short string, errs []string) {
	t.Helper()
	tenants = map[string]usage.Tenant{}
	var ids []string
	for tenant, err := range c.Tenants(t.Context()) {
		if err != nil {
			wantError(t, err, "")
			errs = append(errs, err.Error())
			continue
		}
		if _, twice := tenants[tenant.ID]; twice {
			t.Errorf("%s comes twice", tenant.ID)
		}
		tenants[tenant.ID] = tenant
		ids = append(ids, tenant.ID)
	}
	slices.Sort(ids)
	return tenants, strings.Join(ids, " "), errs
}

func TestTenants(t *testing.T) {
	for _, test := range []struct {
		name     string
		filter   TenantFilter
		keystone keystone
		want     string
		err      string // "" for none
	}{
		{"all", TenantFilter{}, keystone{}, "p1 p2 p3 p4", ""},
		{"a domain by name", TenantFilter{Domain: []string{"North"}}, keystone{}, "p1 p2", ""},
		{"domains by name and id", TenantFilter{Domain: []string{"North", south}}, keystone{}, "p1 p2 p3 p4", ""},
		{"a domain by id that cannot be looked up", TenantFilter{Domain: []string{south}}, keystone{noDomains: true}, "p3 p4", ""},
		{"a domain that there is not", TenantFilter{Domain: []string{"North", "Nroth"}}, keystone{}, "p1 p2", `tenants.domain: there is no domain "Nroth"`},
		{"a domain by name that cannot be looked up", TenantFilter{Domain: []string{"South"}}, keystone{noDomains: true}, "", `tenants.domain: the login may not look up the domain "South" (write its id)`},
		{"a pattern, over slashes", TenantFilter{Name: []string{"web*"}}, keystone{}, "p1 p2 p4", ""},
		{"several patterns", TenantFilter{Name: []string{"d?", "*/two"}}, keystone{}, "p2 p3", ""},
		{"a tag, which the server does not look at", TenantFilter{Tag: []string{"billed", "y"}}, keystone{}, "p1 p3", ""},
		{"include by name and id", TenantFilter{Include: []string{"db", "p2"}}, keystone{}, "p2 p3", ""},
		{"include a name that two have", TenantFilter{Include: []string{"web/one"}}, keystone{}, "p1 p4", ""},
		{"include one that was deleted", TenantFilter{Include: []string{"p1", gone}}, keystone{}, gone + " p1", ""},
		{"include by id one that another key does not take", TenantFilter{Domain: []string{"North"}, Include: []string{"p1", gone, other}}, keystone{}, gone + " p1", `there is no project "` + other + `" that the other keys take`},
		{"include by id what nobody may look up", TenantFilter{Own: true, Include: []string{"p1", gone}}, keystone{noList: true, noDomains: true}, gone + " p1", ""},
		{"include by a name that there is not", TenantFilter{Include: []string{"p1", "web/oen", "x"}}, keystone{}, "p1", `there is no project "web/oen", nor "x"`},
		{"ignore", TenantFilter{Ignore: []string{"p1", "db"}}, keystone{}, "p2 p4", ""},
		{"all at once", TenantFilter{Domain: []string{"North", "South"}, Name: []string{"web*"}, Ignore: []string{"p4"}, Include: []string{"web/one"}}, keystone{}, "p1", ""},
		{"a list that is cut off, by domain", TenantFilter{}, keystone{limit: 2}, "p1 p2 p3 p4", ""},
		{"a list that is cut off in a domain", TenantFilter{}, keystone{limit: 1}, "p1 p3", "raise list_limit"},
		{"a list that is cut off, without domains", TenantFilter{}, keystone{limit: 3, noDomains: true}, "p1 p2 p3", "raise list_limit"},
		{"a member", TenantFilter{}, keystone{noList: true, noDomains: true}, "", "You are not authorized to perform the requested action: identity:list_projects.; the login may not list projects (give it the role admin in its project, or set tenants.own = true"},
		{"a member's own", TenantFilter{Own: true}, keystone{noList: true, noDomains: true}, "p1 p2 p3 p4", ""},
		{"a member's own, of a domain", TenantFilter{Own: true, Domain: []string{north}}, keystone{noList: true, noDomains: true}, "p1 p2", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.projects = test.keystone.ServeHTTP
			c := f.config(t)
			c.Tenants = test.filter
			_, got, errs := list(t, mustOpen(t, c, f.clock.options()))
			if got != test.want {
				t.Errorf("tenants are %q, want %q", got, test.want)
			}
			if all := strings.Join(errs, "\n"); test.err == "" && all != "" || !strings.Contains(all, test.err) {
				t.Errorf("errors are %q, want %q", all, test.err)
			}
		})
	}
}

// TestTenantsInVain warns of what is written in tenants.* and takes nobody.
func TestTenantsInVain(t *testing.T) {
	const nobody = "tenants.* take no project: nobody is billed"
	vain := func(key, value string) string {
		return fmt.Sprintf("tenants.%s: %q is in vain: no project that the other keys take has it (look how it is written)", key, value)
	}
	for name, test := range map[string]struct {
		filter TenantFilter
		want   []string
	}{
		"all take some":                {TenantFilter{Domain: []string{"North", south}, Name: []string{"web*", "db"}, Tag: []string{"billed", "x"}}, nil},
		"all to ignore are there":      {TenantFilter{Ignore: []string{"web/two", "p4", gone}}, nil},
		"one tag of two":               {TenantFilter{Tag: []string{"billed", "biled"}}, []string{vain("tag", "biled")}},
		"one name of two":              {TenantFilter{Name: []string{"wbe*", "db"}}, []string{vain("name", "wbe*")}},
		"a domain without such":        {TenantFilter{Domain: []string{"North", "South"}, Name: []string{"*two"}}, []string{vain("domain", "South")}},
		"one to ignore":                {TenantFilter{Ignore: []string{"web/tow", "p1"}}, []string{vain("ignore", "web/tow")}},
		"one to ignore, of elsewhere":  {TenantFilter{Domain: []string{"North"}, Ignore: []string{"db"}}, []string{vain("ignore", "db")}},
		"nobody":                       {TenantFilter{Tag: []string{"gold"}}, []string{nobody, vain("tag", "gold")}},
		"nobody together":              {TenantFilter{Domain: []string{"South"}, Name: []string{"*two"}}, []string{nobody, vain("domain", "South"), vain("name", "*two")}},
		"nobody, as all are to ignore": {TenantFilter{Domain: []string{"South"}, Ignore: []string{"db", "p4"}}, []string{nobody, vain("domain", "South")}},
	} {
		f := newFake(t)
		f.projects = new(keystone).ServeHTTP
		c := f.config(t)
		c.Tenants = test.filter
		err := mustOpen(t, c, f.clock.options()).checkProjects(t.Context())
		if len(test.want) == 0 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		warning, ok := err.(*usage.Warning)
		if !ok {
			t.Errorf("%s: %v is no warning", name, err)
			continue
		}
		wantError(t, warning, "")
		_, said, _ := strings.Cut(warning.Error(), ": ")
		if diff := cmp.Diff(test.want, strings.Split(said, "\n")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	// What nobody has at all keeps from collecting, and so it fails, not only the first.
	f := newFake(t)
	f.projects = new(keystone).ServeHTTP
	c := f.config(t)
	c.Tenants.Include = []string{"p1", "web/oen"}
	if err := mustOpen(t, c, f.clock.options()).checkProjects(t.Context()); err == nil || !strings.Contains(err.Error(), `tenants.include: there is no project "web/oen"`) {
		t.Errorf("of a project that there is not: %v", err)
	}
}

func TestTenantsExtra(t *testing.T) {
	f := newFake(t)
	f.projects = new(keystone).ServeHTTP
	tenants, _, _ := list(t, f.open(t))
	want := map[string]usage.Tenant{
		"p1": {ID: "p1", Name: "web/one", Extra: map[string]string{"erp": "0042", "number": "12345678901234567890.10", "flag": "true", "deep": `{"a":[1]}`,
			"tags": "billed,x", "enabled": "true", "domain_id": north, "parent_id": north, "domain_name": "North"}},
		"p2": {ID: "p2", Name: "web/two", Extra: map[string]string{"enabled": "false", "description": "Zwei", "domain_id": north, "parent_id": north, "domain_name": "North"}},
	}
	delete(tenants, "p3")
	delete(tenants, "p4")
	if diff := cmp.Diff(want, tenants); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}
}

func TestTenantsPages(t *testing.T) {
	page := func(next string, projects ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"projects": [%s], "links": {"next": %s}}`, strings.Join(projects, ","), next)
		}
	}
	one := func(id string) string { return fmt.Sprintf(`{"id": %q, "name": %q}`, id, id) }
	for _, test := range []struct {
		name  string
		pages map[string]http.HandlerFunc // by marker
		want  string
		err   string
	}{
		{"three", map[string]http.HandlerFunc{
			"": page(`"/v3/projects?marker=b"`, one("a"), one("b")), "b": page(`"FAKE/v3/projects?marker=c"`, one("b"), one("c")), "c": page("null", one("d"))}, "a b c d", ""},
		{"one is no project", map[string]http.HandlerFunc{"": page("null", one("a"), `{"name": "x"}`, `3`, `{"id": 7}`, one("b"))}, "7 a b", "Keystone lists what is no project: a project without an id"},
		{"a circle", map[string]http.HandlerFunc{"": page(`"/v3/projects?marker=b"`, one("a")), "b": page(`"/v3/projects?marker=b"`, one("b"))}, "a b", "its links lead in circles"},
		{"elsewhere", map[string]http.HandlerFunc{"": page(`"http://192.0.2.1/v3/projects?marker=b"`, one("a"))}, "a", "would carry the token away"},
		{"a page is lost", map[string]http.HandlerFunc{"": page(`"/v3/projects?marker=b"`, one("a")), "b": status(404)}, "a", "404 Not Found"},
		{"a page is no JSON", map[string]http.HandlerFunc{"": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "x") }}, "", "is not the JSON that it should be"},
		{"another list", map[string]http.HandlerFunc{"": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"servers": []}`) }}, "", "has no projects; is auth_url Keystone's?"},
		{"names as others write them", map[string]http.HandlerFunc{"": page("null", `{"id": "a", "name": "\ud800", "tags": 3}`)}, "a", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.projects = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v3/projects" {
					status(403)(w, r)
					return
				}
				recorded := &rewriter{w, f.URL}
				test.pages[r.URL.Query().Get("marker")](recorded, r)
			}
			_, got, errs := list(t, f.open(t))
			if got != test.want {
				t.Errorf("tenants are %q, want %q", got, test.want)
			}
			if all := strings.Join(errs, "\n"); test.err == "" && all != "" || !strings.Contains(all, test.err) {
				t.Errorf("errors are %q, want %q", all, test.err)
			}
		})
	}
}

// A rewriter writes where the fake is for FAKE.
type rewriter struct {
	http.ResponseWriter
	url string
}

func (w *rewriter) Write(p []byte) (int, error) {
	_, err := w.ResponseWriter.Write([]byte(strings.ReplaceAll(string(p), "FAKE", w.url)))
	return len(p), err
}

func TestTenantsStop(t *testing.T) {
	f := newFake(t)
	f.projects = new(keystone).ServeHTTP
	n := 0
	for range f.open(t).Tenants(t.Context()) {
		n++
		break
	}
	if n != 1 {
		t.Error(n)
	}
}

// TestTenantsOfNoList looks for nobody where there is no list: who is to be
// included may be in it.
func TestTenantsOfNoList(t *testing.T) {
	f := newFake(t)
	k := &keystone{noList: true}
	f.projects = k.ServeHTTP
	c := f.config(t)
	c.Tenants.Include = []string{"p1", "web/oen", gone}
	_, got, errs := list(t, mustOpen(t, c, f.clock.options()))
	if got != "" || len(errs) != 1 || !strings.Contains(errs[0], "may not list projects") || len(k.asked) != 2 { // domains, projects
		t.Errorf("after %q tenants are %q, errors %q", k.asked, got, errs)
	}
}

// TestExistsByKeystone believes nobody but Keystone that a project is there, or is
// not.
func TestExistsByKeystone(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		exists bool
		err    string
	}{
		{200, `{"project": {"id": "p9", "name": "nine"}}`, true, ""},
		{404, `{"error": {"code": 404, "message": "Could not find project: p9.", "title": "Not Found"}}`, false, ""},
		{404, `<html>no such page</html>`, false, "not the JSON that it should be"},
		{404, `{"message": "no route"}`, false, "/v3/projects/p9 answers 404, and not as Keystone does"},
		{200, `<html>please log in</html>`, false, "not the JSON that it should be"},
		{200, `{"project": {"id": "p8"}}`, false, "/v3/projects/p9 answers 200, and not as Keystone does"},
	} {
		f := newFake(t)
		f.projects = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		}
		exists, err := mustOpen(t, f.config(t), f.clock.options()).Exists(t.Context(), "p9")
		if exists != test.exists || test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%d %s: %v, %v; want %v, %q", test.status, test.body, exists, err, test.exists, test.err)
		}
	}
}
