package gnocchi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// A fake is a cloud that is not there. Its Gnocchi answers as a test says.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	calls    []string // method, path and query
	bodies   []string
	metrics  http.HandlerFunc
	search   http.HandlerFunc
	measures http.HandlerFunc
	unknown  http.HandlerFunc // for measures of a metric that it does not have
	keystone http.HandlerFunc // but for tokens
	names    http.HandlerFunc // a Nova, at /v2.1, and a Cinder, at /v3/admin; nil where there are none
}

func newFake(t *testing.T) *fake {
	f := &fake{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.metrics = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("name") != "volume.size" {
			say(w, 200, `[]`)
			return
		}
		say(w, 200, "["+metricJSON("m1", "mean")+","+metricJSON("m2", "mean")+"]")
	}
	f.search = func(w http.ResponseWriter, r *http.Request) { say(w, 200, "["+rowJSON("1")+","+rowJSON("2")+"]") }
	f.measures = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		say(w, 200, `{"measures": {`+strings.Join(answersTo(body), ",")+`}}`)
	}
	f.unknown = func(w http.ResponseWriter, _ *http.Request) {
		say(w, 404, `{"code": 404, "title": "Not Found", "description": {"cause": "Unknown metrics", "detail": ["`+unknownMetric+`"]}}`)
	}
	return f
}

// answersTo makes one measure for each metric that is asked for.
func answersTo(body []byte) []string {
	var members []string
	for _, id := range []string{"m1", "m2"} {
		if strings.Contains(string(body), `"`+id+`"`) {
			members = append(members, fmt.Sprintf(`%q: {"mean": [["2026-10-01T10:00:00+00:00", 300.0, %s.5]]}`, id, id[1:]))
		}
	}
	return members
}

func metricJSON(id, aggregation string) string {
	return fmt.Sprintf(`{"id": %q, "archive_policy": {"name": "low", "aggregation_methods": [%q],
		"definition": [{"granularity": "0:05:00", "timespan": "40 days, 0:00:00"}]}}`, id, aggregation)
}

// rowJSON is a volume rN with the metric mN.
func rowJSON(n string, changes ...string) string {
	text := `{"id": "r` + n + `", "original_resource_id": "r` + n + `", "type": "volume", "project_id": "acme", "started_at": "2026-09-01T00:00:00+00:00", "ended_at": null,
		"revision_start": "2026-09-01T00:00:00+00:00", "revision_end": null, "display_name": "v` + n + `", "metrics": {"volume.size": "m` + n + `"}}`
	return strings.NewReplacer(changes...).Replace(text)
}

// noType is what Gnocchi says of a type of resources that it does not have.
func noType(w http.ResponseWriter, _ *http.Request) {
	say(w, 404, `{"code": 404, "title": "Not Found", "description": "Resource type nosuchtype does not exist"}`)
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func entryJSON(kind, url string) any {
	return map[string]any{"type": kind, "endpoints": []any{
		map[string]any{"interface": "public", "region_id": "north", "region": "north", "url": url}}}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", day.Add(24*time.Hour).Format(http.TimeFormat))
	if r.URL.Path == "/v3/auth/tokens" {
		w.Header().Set("X-Subject-Token", "token")
		w.WriteHeader(http.StatusCreated)
		catalog := []any{entryJSON("metric", f.URL+"/metric")}
		if f.names != nil {
			catalog = append(catalog, entryJSON("compute", f.URL+"/v2.1"), entryJSON("block-storage", f.URL+"/v3/admin"))
		}
		json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
			"issued_at": "2026-10-02T00:00:00Z", "expires_at": "2030-10-02T00:00:00Z", "catalog": catalog}})
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v2.1/") || strings.HasPrefix(r.URL.Path, "/v3/admin/") {
		f.names(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v3/") && f.keystone != nil {
		f.keystone(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.calls, f.bodies = append(f.calls, r.Method+" "+r.URL.String()), append(f.bodies, string(body))
	f.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	switch path := strings.TrimPrefix(r.URL.Path, "/metric/v1/"); {
	case path == "metric":
		f.metrics(w, r)
	case strings.HasPrefix(path, "search/resource/"):
		f.search(w, r)
	case path == "aggregates" && strings.Contains(string(body), unknownMetric):
		f.unknown(w, r)
	case path == "resource_type/volume":
		say(w, 200, `{"name": "volume"}`)
	case path == "aggregates":
		f.measures(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) source(t *testing.T, change func(*Config)) *Source {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := plainConfig()
	var err error
	if c.Password, err = config.ParseSecret("file:" + file); err != nil {
		t.Fatal(err)
	}
	if c.AuthURL, err = url.Parse(f.URL); err != nil {
		t.Fatal(err)
	}
	c.Username, c.ProjectName, c.RetryFor = "billing", "admin", 0
	if change != nil {
		change(&c)
	}
	now := day.Add(24 * time.Hour)
	s, err := newSource(c, openstack.Options{Now: func() time.Time { return now }, Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var volumes = usage.Query{Meters: []string{"volume.size"}}

// texts are samples, as "resource tenant volume at time".
func texts(samples []usage.Sample) []string {
	var list []string
	for _, s := range samples {
		volume := "-"
		if s.HasVolume {
			volume = s.Volume.String()
		}
		list = append(list, fmt.Sprintf("%s %s %s at %s", s.Resource, s.Tenant, volume, s.Time.Format("02T15:04:05")))
	}
	return list
}
