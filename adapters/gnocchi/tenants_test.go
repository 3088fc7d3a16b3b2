package gnocchi

import (
	"errors"
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
					say(w, test.status, `{"project": {"id": "other", "domain_id": "d2"}}`)
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
			samples, errs := read(t, s, usage.Query{Meters: volumes.Meters, Tenants: test.before})
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
	got, err := r.measures(t.Context(), plan{"mean", 5 * time.Minute}, make([]job, 1000))
	if err == nil || got.broken > 2*maxBroken || len(f.calls) != got.broken {
		t.Errorf("after %d calls the error is %v", len(f.calls), err)
	}
}

func TestStart(t *testing.T) {
	const hour = time.Hour
	s := newFake(t).source(t, func(c *Config) { c.Lookback, c.Late = 240*hour, 48*hour })
	now := day.Add(24 * hour)
	for _, test := range []struct {
		name        string
		billed      time.Time
		since, want time.Time
	}{
		{"nothing was collected", now.Add(-1000 * hour), time.Time{}, now.Add(-240 * hour)},
		{"an hour ago", now.Add(-1000 * hour), now.Add(-hour), now.Add(-49 * hour)},
		{"a part of an hour ago", now.Add(-1000 * hour), now.Add(-30 * time.Minute), now.Add(-49 * hour)},
		{"long ago", now.Add(-1000 * hour), now.Add(-500 * hour), now.Add(-240 * hour)},
		{"before billing begins", now.Add(-20 * hour), now.Add(-hour), now.Add(-20 * hour)},
		{"by a clock that is ahead", now.Add(-1000 * hour), now.Add(100 * hour), now.Add(-240 * hour)},
	} {
		s.config.Since = test.billed
		if got := s.start(test.since); !got.Equal(test.want) {
			t.Errorf("%s: it reads from %v, want %v", test.name, got, test.want)
		}
	}
}
