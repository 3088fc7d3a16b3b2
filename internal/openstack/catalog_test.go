package openstack

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

func TestEndpoint(t *testing.T) {
	catalog := []any{
		map[string]any{"type": "identity", "endpoints": []any{endpointJSON("public", "north", "https://k")}},
		map[string]any{"type": "metric", "endpoints": []any{
			endpointJSON("public", "north", "https://north/metric"),
			endpointJSON("internal", "north", "http://north.internal:8041"),
			endpointJSON("public", "south", "https://south/metric"),
			endpointJSON("admin", "west", "x:y"),
		}},
		map[string]any{"type": "image", "endpoints": []any{map[string]any{"interface": "public", "region": "old", "url": "https://old"}}},
	}
	for _, test := range []struct{ kind, region, face, want string }{
		{"metric", "north", "", "https://north/metric north public"},
		{"metric", "south", "public", "https://south/metric south public"},
		{"metric", "", "internal", "http://north.internal:8041 north internal"}, // the only region that has one
		{"image", "old", "", "https://old old public"},
		{"metric", "", "", `the service "metric" is in the regions north, south (set region to one of them)`},
		{"metric", "south", "internal", `the catalog has no internal endpoint of a service "metric" in region "south"; it has admin in "west", internal in "north", public in "north", public in "south" (set region or interface)`},
		{"metric", "North", "", `no public endpoint of a service "metric" in region "North"`},
		{"metering", "", "", `the catalog has no public endpoint of a service "metering"; it has "identity", "image", "metric" (set region or interface)`},
		{"metric", "west", "admin", `the catalog's admin endpoint of "metric" in region "west" is no URL that can be asked`},
	} {
		f := newFake(t)
		f.keystone = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Subject-Token", "token-1")
			w.WriteHeader(http.StatusCreated)
			json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
				"issued_at": "2026-10-01T12:00:00.000000Z", "expires_at": "2026-10-01T13:00:00.000000Z", "catalog": catalog}})
		}
		c := f.config(t)
		c.Region, c.Interface = test.region, test.face
		s := mustOpen(t, c, f.clock.options()).Service(test.kind, nil)
		e, err := s.Endpoint(t.Context())
		if err == nil {
			if got := strings.Join([]string{e.URL.String(), e.Region, e.Interface}, " "); got != test.want {
				t.Errorf("%s is %s, want %s", test.kind, got, test.want)
			}
			continue
		}
		wantError(t, err, test.want)
		_, err = s.Do(t.Context(), Request{})
		wantError(t, err, test.want)
	}
}

// TestEndpointSaid is where the config says: in the login's region, if it has one.
func TestEndpointSaid(t *testing.T) {
	for _, region := range []string{"south", ""} {
		f := newFake(t)
		c := f.config(t)
		c.Region = region
		at := &url.URL{Scheme: "http", Host: "said:8041"}
		e, err := mustOpen(t, c, f.clock.options()).Service("metric", at).Endpoint(t.Context())
		if err != nil || *e != (Endpoint{URL: at, Region: region}) {
			t.Errorf("in region %q it is %+v, %v", region, e, err)
		}
	}
}

func TestListCatalogIsBounded(t *testing.T) {
	var catalog []tokens.CatalogEntry
	for i := range 1000 {
		catalog = append(catalog, tokens.CatalogEntry{Type: strings.Repeat("x", i) + "\n"})
	}
	if got := listCatalog(catalog, "metric"); len(got) > maxText+3 {
		t.Errorf("%d bytes", len(got))
	}
	if got := listCatalog(nil, "metric"); got != "nothing at all: is the login for a project?" {
		t.Error(got)
	}
}

func TestCheckHealth(t *testing.T) {
	for _, test := range []struct {
		name   string
		skew   time.Duration // of our clock
		damage func(*fake)
		want   string
	}{
		{"good", 30 * time.Second, func(*fake) {}, "login: ok; clock: ok; projects: ok; endpoint metric: ok; clock metric: ok; further: ok"},
		{"good, behind", -30 * time.Second, func(*fake) {}, "login: ok; clock: ok; projects: ok; endpoint metric: ok"},
		{"ahead", 95 * time.Second, func(*fake) {}, "clock: our clock is 1m35s ahead of that of the cloud"},
		{"behind", -2 * time.Minute, func(*fake) {}, "clock: our clock is 2m0s behind that of the cloud"},
		{"a service ahead", 0, func(f *fake) { f.dated(2 * time.Hour) }, "clock: ok; projects: ok; endpoint metric: ok; clock metric: our clock is 2h0m0s behind that of service \"metric\" of the cloud at"},
		{"a service behind", 0, func(f *fake) { f.dated(-2 * time.Hour) }, "clock metric: our clock is 2h0m0s ahead of that of service"},
		{"a service without dates", 0, func(f *fake) { f.service = status(300, "Date", "") }, "endpoint metric: ok; further: ok"},
		{"a service that was busy", 0, func(f *fake) {
			f.service = answers(status(503), status(503), status(503), status(503), status(503), status(503), status(300))
		}, "clock metric: ok"},
		{"Keystone without dates", -2 * time.Minute, func(f *fake) {
			f.keystone = func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = nil
				f.login(w)
			}
		}, "clock: our clock is 2m0s behind that of the cloud"},
		{"no login", 0, func(f *fake) { f.keystone = status(401) }, "login: login refused"},
		{"no projects", 0, func(f *fake) { f.projects = status(403) }, "projects: the cloud at"},
		{"none that count", 0, func(f *fake) {
			f.projects = answers(status(403), func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`{"projects": []}`)) })
		},
			": there are no projects; endpoint metric: ok"},
		{"no service", 0, func(f *fake) { f.service = status(503) }, "endpoint metric: the cloud at"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			f.projects, f.service = new(keystone).ServeHTTP, status(300)
			test.damage(f)
			o := f.clock.options()
			o.Now = func() time.Time { return f.clock.Now().Add(test.skew + time.Second/2) } // Date has no fractions
			cloud := mustOpen(t, f.config(t), o)
			further := func(yield func(string, error) bool) { yield("further", nil) }
			var got []string
			for name, err := range cloud.CheckHealth(t.Context(), cloud.Service("metric", nil), further) {
				text := "ok"
				if err != nil {
					wantError(t, err)
					text = err.Error()
				}
				got = append(got, name+": "+text)
			}
			if all := strings.Join(got, "; "); !strings.Contains(all, test.want) {
				t.Errorf("checks are\n%s\nwant\n%s", all, test.want)
			}
			if test.name == "no login" && len(got) != 1 {
				t.Errorf("checked on without a login: %q", got)
			}
		})
	}
}

// dated has the service date its answers by a clock that is off.
func (f *fake) dated(off time.Duration) {
	f.service = status(300, "Date", f.clock.Now().Add(off).UTC().Format(http.TimeFormat))
}

// TestCA has the cloud speak TLS with a certificate that nobody knows.
func TestCA(t *testing.T) {
	f := newFake(t)
	f.service = serveToken(new(string))
	secure := httptest.NewTLSServer(f)
	t.Cleanup(secure.Close)
	f.URL = secure.URL
	c := f.config(t)
	_, err := mustOpen(t, c, f.clock.options()).Service("metric", nil).Do(t.Context(), Request{})
	wantError(t, err, "signed by unknown authority", "ca_file", "Keystone at https://127.0.0.1")
	if len(f.clock.slept) > 0 {
		t.Error("asked again, although it cannot help")
	}
	file := t.TempDir() + "/ca.pem"
	writeFile(t, file, certificate(secure))
	c.CAFile = fileOf(file)
	if got := ask(t, mustOpen(t, c, f.clock.options())); got != "token-1" {
		t.Error(got)
	}
	writeFile(t, file, "no certificate")
	_, err = c.Open(f.clock.options())
	wantError(t, err, "CA", file)
	c.AuthURL = mustURL(t, strings.Replace(secure.URL, "https", "http", 1))
	c.CAFile = ""
	_, err = mustOpen(t, c, f.clock.options()).token(t.Context(), "")
	wantError(t, err, "400 Bad Request", "HTTP request to an HTTPS server")
}
