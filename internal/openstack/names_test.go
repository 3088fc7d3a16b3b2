package openstack

import (
	"context"
	"encoding/json"
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

// offering is a Keystone whose catalog has these endpoints.
func (f *fake) offering(entries ...any) {
	f.keystone = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Subject-Token", "token-1")
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
			"issued_at": "2026-10-01T12:00:00.000000Z", "expires_at": "2026-10-01T13:00:00.000000Z", "catalog": entries}})
	}
}

func entryJSON(kind string, endpoints ...any) any {
	return map[string]any{"type": kind, "endpoints": endpoints}
}

// nova lists flavors as Nova does: two at a time, with a link as it believes
// its own address to be. Without is_public=None it leaves the private ones out.
func nova(path, link string) http.HandlerFunc {
	flavors := []string{
		`{"id": "1", "name": "m1.tiny", "description": null, "links": [{"rel": "self", "href": "http://nova/flavors/1"}, {"rel": "bookmark", "href": "http://nova/1"}]}`,
		`{"id": "6c2f", "name": "c1.c4r16"}`, `{"id": "same", "name": "same"}`, `{"id": "ünì/1 2", "name": "größe \"L\""}`, `{"id": "7", "name": "private"}`,
	}
	ids := []string{"1", "6c2f", "same", "ünì/1 2", "7"}
	return listed("flavors", "flavors_links", path, link, flavors, ids)
}

func cinder(path, link string) http.HandlerFunc {
	return listed("volume_types", "volume_type_links", path, link, []string{
		`{"id": "t1", "name": "ssd", "is_public": true, "description": null, "extra_specs": {"a": "b"}, "qos_specs_id": null}`,
		`{"id": "t2", "name": "__DEFAULT__"}`, `{"id": "t3", "name": "private"}`,
	}, []string{"t1", "t2", "t3"})
}

func listed(member, links, path, link string, things, ids []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || r.Header.Get("X-Auth-Token") == "" {
			http.NotFound(w, r)
			return
		}
		shown := things
		if r.URL.Query().Get("is_public") != "None" {
			shown = things[:len(things)-1]
		}
		from := slices.Index(ids, r.URL.Query().Get("marker")) + 1
		to := min(from+2, len(shown))
		more := ""
		if to < len(shown) {
			more = fmt.Sprintf(`, %q: [{"rel": "next", "href": "%s?marker=%s"}]`, links, link, ids[to-1])
		}
		fmt.Fprintf(w, `{%q: [%s]%s}`, member, strings.Join(shown[from:to], ","), more)
	}
}

// names are what a cloud knows, and what is wrong.
func names(t *testing.T, c *Cloud, of usage.NameKind) (map[string]string, error) {
	t.Helper()
	all := map[string]string{}
	var errs []error
	for n, err := range c.Names(t.Context(), of) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all[n.ID] = n.Name
	}
	return all, errors.Join(errs...)
}

func (f *fake) knowing(t *testing.T, change func(*Config)) *Cloud {
	t.Helper()
	c := f.config(t)
	c.Names, c.RetryFor = true, 0
	if change != nil {
		change(&c)
	}
	return mustOpen(t, c, f.clock.options())
}

func TestNames(t *testing.T) {
	flavors := map[string]string{"1": "m1.tiny", "6c2f": "c1.c4r16", "same": "same", "ünì/1 2": `größe "L"`, "7": "private"}
	types := map[string]string{"t1": "ssd", "t2": "__DEFAULT__", "t3": "private"}
	other := newFake(t)
	other.service = func(http.ResponseWriter, *http.Request) { t.Error("the token left for another host") }
	for _, test := range []struct {
		name    string
		of      usage.NameKind
		kind    string // in the catalog
		at      string // below /metric
		service func(path, link string) http.HandlerFunc
		asks    string
		want    map[string]string
	}{
		{"Nova of today", usage.FlavorNames, "compute", "/v2.1", nova, "/metric/v2.1/flavors", flavors},
		{"Nova with a project", usage.FlavorNames, "compute", "/v2/0123abc/", nova, "/metric/v2/0123abc/flavors", flavors},
		{"Nova without a version", usage.FlavorNames, "compute", "", nova, "/metric/v2.1/flavors", flavors},
		{"Cinder of today", usage.VolumeTypeNames, "block-storage", "/v3", cinder, "/metric/v3/types", types},
		{"Cinder without a version", usage.VolumeTypeNames, "block-storage", "/", cinder, "/metric/v3/types", types},
		{"Cinder with a project", usage.VolumeTypeNames, "volumev3", "/v3/0123abc", cinder, "/metric/v3/0123abc/types", types},
		{"an older Cinder", usage.VolumeTypeNames, "volumev2", "/v2/0123abc", cinder, "/metric/v2/0123abc/types", types},
		{"policies have no ids", usage.PolicyNames, "object-store", "/v1", nova, "", map[string]string{}},
		{"no Nova", usage.FlavorNames, "image", "/v2", nova, "", map[string]string{}},
		{"no Cinder", usage.VolumeTypeNames, "compute", "/v2", nova, "", map[string]string{}},
	} {
		for _, link := range []string{"", other.URL + "/metric", "http://127.0.0.1:1/nowhere"} { // a link is never followed
			f := newFake(t)
			f.offering(entryJSON("identity", endpointJSON("public", "north", f.URL+"/v3")), entryJSON(test.kind, endpointJSON("public", "north", f.URL+"/metric"+test.at)))
			f.service = test.service(test.asks, link)
			got, err := names(t, f.knowing(t, nil), test.of)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
			}
			if asked := f.requests[min(1, len(f.requests)):]; len(asked) != (len(test.want)+1)/2 {
				t.Errorf("%s: asked %q", test.name, asked)
			}
		}
	}
}

// TestNamesAreNotAsked: with names = false nobody is, not even Keystone.
func TestNamesAreNotAsked(t *testing.T) {
	f := newFake(t)
	got, err := names(t, f.knowing(t, func(c *Config) { c.Names = false }), usage.FlavorNames)
	if len(got) > 0 || err != nil || len(f.requests) > 0 {
		t.Errorf("%v, %v, asked %q", got, err, f.requests)
	}
}

// TestNamesWhere: endpoints are of the login's region and interface. A region
// without Nova has no names; one where it is not for the login's interface is a
// mistake.
func TestNamesWhere(t *testing.T) {
	for _, test := range []struct {
		region, face string
		asked, err   string
	}{
		{"north", "", "/metric/north/v2.1/flavors", ""},
		{"south", "", "/metric/south/v2.1/flavors", ""},
		{"south", "internal", "/metric/south-internal/v2.1/flavors", ""},
		{"west", "", "", ""},
		{"north", "internal", "", `no internal endpoint of a service "compute" in region "north"; it has internal in "south", public in "north", public in "south" (set region or interface); what each flavor is called is not known (set names = false`},
		{"", "", "", `the service "compute" is in the regions north, south (set region to one of them); what each flavor is called is not known`},
	} {
		f := newFake(t)
		at := func(face, region, path string) any { return endpointJSON(face, region, f.URL+"/metric"+path) }
		f.offering(entryJSON("metric", at("public", "west", "")), entryJSON("compute",
			at("public", "north", "/north"), at("public", "south", "/south"), at("internal", "south", "/south-internal/v2.1")))
		f.service = nova(test.asked, "")
		got, err := names(t, f.knowing(t, func(c *Config) { c.Region, c.Interface = test.region, test.face }), usage.FlavorNames)
		switch {
		case test.err != "":
			wantError(t, err, test.err)
		case err != nil || (len(got) > 0) != (test.asked != ""):
			t.Errorf("region %q, interface %q: %v, %v, asked %q", test.region, test.face, got, err, f.requests)
		}
	}
}

func TestNamesFail(t *testing.T) {
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }
	}
	const next = `"flavors_links": [{"rel": "next", "href": "x"}]`
	for _, test := range []struct {
		name    string
		service http.HandlerFunc
		want    map[string]string
		err     []string
	}{
		{"forbidden", status(403), nil, []string{"/metric/v2.1/flavors: 403 Forbidden; the login may not list what each flavor is called (let Nova's policy allow it, or set names = false"}},
		{"down", status(503), nil, []string{"503 Service Unavailable; gave up after 0s (retry_for is 0s); what each flavor is called is not known (set names = false"}},
		{"no such path", status(404), nil, []string{"404 Not Found; what each flavor is called is not known"}},
		{"no JSON", body("<html>"), nil, []string{"is not the JSON that it should be"}},
		{"another service", body(`{"versions": []}`), nil, []string{"has no list flavors; is the catalog's endpoint Nova's?"}},
		{"no list", body(`{"flavors": {}}`), nil, []string{"has no list flavors"}},
		{"null", body(`{"flavors": null}`), nil, []string{"has no list flavors"}},
		{"links that are none", body(`{"flavors": [], "flavors_links": "x"}`), nil, []string{"has flavors_links that are none"}},
		{"what is no flavor", body(`{"flavors": [{"id": "1", "name": "a"}, {"id": 2, "name": "b"}, {"id": "3"}, {"name": "d"}, 5, {"id": "6", "name": "f"}]}`),
			map[string]string{"1": "a", "6": "f"}, []string{"Nova lists what is no flavor: it has no id or no name", "cannot unmarshal number"}},
		{"in circles", body(`{"flavors": [{"id": "1", "name": "a"}], ` + next + `}`), map[string]string{"1": "a"}, []string{"Nova's list of every flavor does not end: a page leads to itself, or nowhere"}},
		{"nowhere", body(`{"flavors": [], ` + next + `}`), nil, []string{"a page leads to itself, or nowhere"}},
		{"cut off", answers(body(`{"flavors": [{"id": "1", "name": "a"}], `+next+`}`), status(500)), map[string]string{"1": "a"}, []string{"500 Internal Server Error"}},
		{"too large", body(`{"flavors": [` + strings.Repeat(" ", 2<<20) + `]}`), nil, []string{"larger than max_answer"}},
		{"elsewhere", status(302, "Location", "http://192.0.2.1/"), nil, []string{"it points elsewhere"}},
		{"a name that is an id", body(`{"flavors": [{"id": "1", "name": "2"}, {"id": "2", "name": "b"}, {"id": "b", "name": "b"}]}`),
			map[string]string{"1": "2", "2": "b", "b": "b"}, []string{`the flavor with the id "1" is called "2", which is the id of the one that is called "b"`, "set names = false"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.offering(entryJSON("compute", endpointJSON("public", "north", f.URL+"/metric/v2.1")))
			f.service = test.service
			got, err := names(t, f.knowing(t, nil), usage.FlavorNames)
			wantError(t, err, append(test.err, "the cloud at 127.0.0.1")...)
			if test.want == nil {
				test.want = map[string]string{}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamesEnd(t *testing.T) {
	f := newFake(t)
	f.offering(entryJSON("compute", endpointJSON("public", "north", f.URL+"/metric/v2.1")))
	ctx, cancel := context.WithCancel(t.Context())
	f.service = func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	var got error
	for _, err := range f.knowing(t, nil).Names(ctx, usage.FlavorNames) {
		got = err
	}
	if !errors.Is(got, context.Canceled) {
		t.Errorf("error is %v", got)
	}
	f.service = nova("/metric/v2.1/flavors", "")
	for range f.knowing(t, nil).Names(t.Context(), usage.FlavorNames) {
		break // whoever has enough is not told more
	}
	if n := len(f.requests); n != 4 {
		t.Errorf("asked %q", f.requests)
	}
}

func TestNamesAreAskedPatiently(t *testing.T) {
	f := newFake(t)
	f.offering(entryJSON("compute", endpointJSON("public", "north", f.URL+"/metric/v2.1")))
	f.service = answers(status(503), status(429, "Retry-After", "7"), nova("/metric/v2.1/flavors", ""))
	got, err := names(t, f.knowing(t, func(c *Config) { c.RetryFor = time.Minute }), usage.FlavorNames)
	if want := []time.Duration{time.Second, 9 * time.Second}; len(got) != 5 || err != nil || !slices.Equal(f.clock.slept, want) {
		t.Errorf("%v, %v, waited %v", got, err, f.clock.slept)
	}
}

// TestCheckNames: check tells how many names there are, and what is in their
// way; nothing where there is nothing to ask.
func TestCheckNames(t *testing.T) {
	for _, test := range []struct {
		service http.HandlerFunc
		want    string
	}{
		{nova("/metric/v2.1/flavors", ""), "names: flavors (5): <nil>"},
		{status(403), "names: flavors (0): the cloud at"},
		{nil, "clock metric: <nil>"},
	} {
		f := newFake(t)
		f.projects, f.service = new(keystone).ServeHTTP, status(300)
		if test.service != nil {
			f.service = test.service
			f.offering(entryJSON("compute", endpointJSON("public", "north", f.URL+"/metric/v2.1")))
		}
		last := ""
		cloud := f.knowing(t, nil)
		for name, err := range cloud.CheckHealth(t.Context(), cloud.Service("metric", nil), func(func(string, error) bool) {}) {
			last = fmt.Sprintf("%s: %v", name, err)
		}
		if !strings.HasPrefix(last, test.want) {
			t.Errorf("the last check is %s, want %s", last, test.want)
		}
	}
}
