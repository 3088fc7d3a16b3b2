package gnocchi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// TestDeletedTenants has a volume of acme, which is of the domain that counts,
// and one of a project that the list does not have: another domain's, or one that
// was deleted.
func TestDeletedTenants(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int // of Keystone's answer about the other project
		before []string
		change func(*Config)
		want   []string
		err    string
	}{
		{"nobody knows whether it was a tenant", 404, nil, nil, both[:1], ""},
		{"it was billed before", 404, []string{"acme", "other"}, nil, both, ""},
		{"it was billed before, and is another domain's now", 200, []string{"other"}, nil, both[:1], ""},
		{"whoever was deleted is billed", 404, nil, func(c *Config) { c.Tenants.Deleted = true }, both, ""},
		{"but for some", 404, []string{"other"}, func(c *Config) { c.Tenants.Deleted, c.Tenants.Ignore = true, []string{"other"} }, both[:1], ""},
		{"it is not deleted", 200, nil, func(c *Config) { c.Tenants.Deleted = true }, both[:1], ""},
		{"all count but those ignored by id", 404, nil, ignoring("acme"), both[1:], ""},
		{"by name", 404, nil, ignoring("service", "Acme"), both[1:], ""},
		{"by the id of who was deleted", 404, []string{"other"}, ignoring("other"), both[:1], ""},
		{"nobody that is there is ignored", 404, nil, ignoring("service"), both, ""},
		{"whoever is ignored is not asked for", 403, nil, ignoring("other"), both[:1], ""},
		{"Keystone does not say", 403, []string{"other"}, nil, both[:1], `whether project "other" was deleted is not known`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.search = func(w http.ResponseWriter, _ *http.Request) {
				say(w, 200, "["+rowJSON("1")+","+rowJSON("2", `"acme"`, `"other"`)+"]")
			}
			f.keystone = func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/v3/domains":
					say(w, 200, `{"domains": [{"id": "d1", "name": "customers"}], "links": {}}`)
				case "/v3/projects":
					say(w, 200, `{"projects": [{"id": "acme", "name": "Acme", "domain_id": "d1"}], "links": {}}`)
				case "/v3/projects/other":
					if test.status == 200 {
						say(w, 200, `{"project": {"id": "other", "domain_id": "d2"}}`)
					} else {
						say(w, test.status, fmt.Sprintf(`{"error": {"code": %d}}`, test.status))
					}
				default:
					t.Errorf("Keystone is asked %s", r.URL)
				}
			}
			s := f.source(t, func(c *Config) {
				c.Tenants.Domain = []string{"customers"}
				if test.change != nil {
					test.change(c)
				}
			})
			collected := map[string]time.Time{}
			for _, tenant := range test.before {
				collected[tenant] = day
			}
			samples, errs := read(t, s, usage.Query{Meters: volumes.Meters, Collected: collected})
			got := texts(samples)
			for i := range got {
				got[i] = strings.Replace(got[i], "r2 other", "r2 acme", 1)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if test.err == "" && len(errs) > 0 || test.err != "" && (len(errs) != 1 || !strings.Contains(errs[0], test.err)) {
				t.Errorf("errors are %q, want %q", errs, test.err)
			}
		})
	}
}

// ignoring has nothing but tenants.ignore set.
func ignoring(projects ...string) func(*Config) {
	return func(c *Config) { c.Tenants.Domain, c.Tenants.Ignore = nil, projects }
}

// TestBlame: what is wrong with the data of some tenants is told of them, and
// the others are read.
func TestBlame(t *testing.T) {
	f := newFake(t)
	f.search = func(w http.ResponseWriter, _ *http.Request) {
		say(w, 200, "["+rowJSON("1", `"acme"`, `"a"`, `"revision_end": null`, `"revision_end": "2026-10-01T12:00:00"`)+","+
			rowJSON("1", `"acme"`, `"b"`, `"revision_start": "2026-09-01`, `"revision_start": "2026-10-01`)+","+
			rowJSON("2")+","+rowJSON("3", `"acme"`, `"c"`, `"started_at": "2026`, `"started_at": "1926`)+"]")
	}
	f.measures = func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		r.Body.Read(body)
		if strings.Contains(string(body), `"m1"`) { // whose file is damaged
			say(w, 500, "{}")
			return
		}
		say(w, 200, `{"measures": {`+strings.Join(answersTo(body), ",")+`}}`)
	}
	var samples []usage.Sample
	var blamed []string
	for s, err := range f.source(t, nil).Samples(t.Context(), volumes) {
		var wrong *usage.TenantError
		switch {
		case err == nil:
			samples = append(samples, s)
		case errors.As(err, &wrong):
			blamed = append(blamed, wrong.Tenant)
		default:
			t.Error(err)
		}
	}
	slices.Sort(blamed)
	if diff := cmp.Diff([]string{"a", "b", "c"}, blamed); diff != "" {
		t.Errorf("blamed, -want +got:\n%s", diff)
	}
	if !slices.ContainsFunc(samples, func(s usage.Sample) bool { return s.Resource == "r2" && s.HasVolume }) {
		t.Errorf("samples are %q", texts(samples))
	}
	f.search = func(w http.ResponseWriter, _ *http.Request) { say(w, 200, `[{"id": "r1"}]`) }
	if _, errs := read(t, f.source(t, nil), volumes); len(errs) != 1 || strings.HasPrefix(errs[0], "tenant") {
		t.Errorf("a resource of nobody knows whom: %q", errs)
	}
}

// TestAllBroken does not look for ever for the metric that is to blame.
func TestAllBroken(t *testing.T) {
	f := newFake(t)
	f.measures = func(w http.ResponseWriter, _ *http.Request) { say(w, 500, "{}") }
	r := &reading{Source: f.source(t, nil), from: day}
	got, err := r.measures(t.Context(), meanOfDay(5*time.Minute), make([]job, 1000))
	if err == nil || got.broken != maxBroken+1 || len(f.calls) != got.broken+maxBroken { // it serves what is nobody's
		t.Errorf("after %d calls the error is %v", len(f.calls), err)
	}
}

// TestSince reads what may have changed since tenants were collected, where no
// bookmark tells more.
func TestSince(t *testing.T) {
	const hour = time.Hour
	f := newFake(t)
	s := f.source(t, func(c *Config) { c.Lookback, c.Late, c.Since = 240*hour, 48*hour, time.Time{} })
	now := s.now()
	all := now.Add(-240 * hour)
	for _, test := range []struct {
		name      string
		projects  string
		collected map[string]time.Time
		want      time.Time
	}{
		{"nothing was collected", "a", nil, all},
		{"an hour ago", "a", map[string]time.Time{"a": now.Add(-hour)}, all},
		{"a part of an hour ago", "a", map[string]time.Time{"a": now.Add(-30 * time.Minute)}, all},
		{"long ago", "a", map[string]time.Time{"a": now.Add(-500 * hour)}, now.Add(-548 * hour)},
		{"nothing of a new meter", "a", map[string]time.Time{"": {}, "a": {}}, all},
		{"nothing of one, long ago of the other", "ab", map[string]time.Time{"a": {}, "b": now.Add(-500 * hour)}, now.Add(-548 * hour)},
		{"by a clock that is ahead", "a", map[string]time.Time{"a": now.Add(hour)}, all},
		{"one tenant, not the other", "ab", map[string]time.Time{"a": now.Add(-hour)}, all},
		{"one tenant later than the other", "ab", map[string]time.Time{"a": now.Add(-hour), "b": now.Add(-300 * hour)}, now.Add(-348 * hour)},
		{"another tenant", "a", map[string]time.Time{"": now.Add(-hour), "c": now.Add(-hour)}, all},
	} {
		r := &reading{Source: s, from: s.start(true), query: usage.Query{Collected: test.collected}}
		res := &resource{}
		for _, project := range test.projects {
			res.revisions = append(res.revisions, revision{project: string(project)})
		}
		if got := r.since(res); !got.Equal(test.want) {
			t.Errorf("%s: it is read from %v, want %v", test.name, got, test.want)
		}
	}
	s.config.Late = 0
	r := &reading{Source: s, from: s.start(true), query: usage.Query{Collected: map[string]time.Time{"a": now.Add(-500 * hour)}}}
	if got := r.since(&resource{revisions: []revision{{project: "a"}}}); !got.Equal(now.Add(-502 * hour)) {
		t.Errorf("long after it was collected, without late, it is read from %v", got)
	}
	// The first run of all reads from since on.
	s.config.Since = now.Add(-700 * hour)
	if r, err := s.begin(t.Context(), usage.Query{}); err != nil || !r.from.Equal(s.config.Since) || !r.lived.Equal(s.config.Since) {
		t.Errorf("the first run reads from %v, %v, %v", r.from, r.lived, err)
	}
	if r, err := s.begin(t.Context(), usage.Query{Collected: map[string]time.Time{"": now}}); err != nil || !r.from.Equal(all) || !r.lived.Equal(all) {
		t.Errorf("a later one reads from %v, %v, %v", r.from, r.lived, err)
	}
	// Who was not there when all was collected last is read from then on.
	if r, err := s.begin(t.Context(), usage.Query{Collected: map[string]time.Time{"": now.Add(-500 * hour), "a": now}}); err != nil || !r.since(&resource{revisions: []revision{{project: "new"}}}).Equal(now.Add(-502*hour)) {
		t.Errorf("a new tenant is read from %v, %v", r.from, err)
	}
	// What ended meanwhile is searched; nothing before since is read.
	s.config.Since = now.Add(-501 * hour)
	f.calls, f.bodies = nil, nil
	if _, errs := read(t, s, usage.Query{Meters: volumes.Meters, Collected: r.query.Collected}); len(errs) > 0 {
		t.Fatal(errs)
	}
	if since := s.config.Since.Format(time.RFC3339); !strings.Contains(strings.Join(f.bodies, "\n"), `{"ended_at":"`+since+`"}`) {
		t.Errorf("it searches %q, want from %s on", f.bodies, since)
	}
}
