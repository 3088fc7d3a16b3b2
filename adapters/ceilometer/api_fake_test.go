package ceilometer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/openstack"
)

// A fakeAPI answers as Ceilometer's API does by its documentation and its code;
// there is no real one to be had any more. Beside it is a Keystone.
type fakeAPI struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	samples  []fakeSample
	old      bool // has no /v2/samples
	projects []string
	flavors  string                     // what Nova answers, "" where there is none
	silent   func(r *http.Request) bool // whether it never answers
	asked    int
	fault    func(w http.ResponseWriter, r *http.Request) bool // whether it answered instead
	now      time.Time
}

// A fakeSample is stored, with its time in UTC.
type fakeSample struct {
	id, meter, tenant, resource string
	volume                      string
	at                          time.Time
	metadata                    map[string]string
}

const fakeRegion = "nz-por-1"

func newFakeAPI(t testing.TB) *fakeAPI {
	f := &fakeAPI{t: t, now: time.Date(2014, 3, 10, 12, 0, 0, 0, time.UTC)}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header()["Date"] = nil // its clock is not ours
	if f.silent != nil && f.silent(r) {
		<-r.Context().Done()
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case r.URL.Path == "/v3/auth/tokens":
		f.login(w)
	case r.URL.Path == "/v3/projects":
		var all []any
		for _, id := range f.projects {
			all = append(all, map[string]any{"id": id, "name": "name of " + id, "domain_id": "default", "enabled": true})
		}
		f.write(w, map[string]any{"projects": all, "links": map[string]any{"next": nil}})
	case slices.Contains(f.projects, strings.TrimPrefix(r.URL.Path, "/v3/projects/")):
		f.write(w, map[string]any{"project": map[string]any{"id": strings.TrimPrefix(r.URL.Path, "/v3/projects/")}})
	case strings.HasPrefix(r.URL.Path, "/v3/projects/"):
		w.WriteHeader(http.StatusNotFound)
		f.write(w, map[string]any{"error": map[string]any{"code": http.StatusNotFound}})
	case r.URL.Path == "/v3/domains":
		f.write(w, map[string]any{"domains": []any{map[string]any{"id": "default", "name": "Default"}}, "links": map[string]any{"next": nil}})
	case r.URL.Path == "/compute/v2/admin/flavors" && f.flavors != "":
		io.WriteString(w, f.flavors)
	case strings.HasPrefix(r.URL.Path, "/metering/"):
		f.serve(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeAPI) write(w http.ResponseWriter, v any) {
	_ = json.NewEncoder(w).Encode(v) // who asked may be gone
}

func (f *fakeAPI) login(w http.ResponseWriter) {
	w.Header().Set("X-Subject-Token", "token")
	w.Header().Set("Date", f.now.Format(http.TimeFormat))
	w.WriteHeader(http.StatusCreated)
	entry := func(kind, path string) any {
		return map[string]any{"type": kind, "endpoints": []any{
			map[string]any{"interface": "public", "region": fakeRegion, "region_id": fakeRegion, "url": f.URL + path}}}
	}
	catalog := []any{entry("metering", "/metering")}
	if f.flavors != "" {
		catalog = append(catalog, entry("compute", "/compute/v2/admin"))
	}
	f.write(w, map[string]any{"token": map[string]any{
		"issued_at":  f.now.Format("2006-01-02T15:04:05.000000Z"),
		"expires_at": f.now.Add(1000 * time.Hour).Format("2006-01-02T15:04:05.000000Z"),
		"catalog":    catalog,
		"project":    map[string]any{"id": "admin", "name": "admin"},
	}})
}

// serve answers a request of the API.
func (f *fakeAPI) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Auth-Token") != "token" {
		http.Error(w, "Authentication required", http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/metering")
	meter, isMeter := strings.CutPrefix(path, "/v2/meters/")
	if !isMeter && (path != "/v2/samples" || f.old) {
		http.NotFound(w, r)
		return
	}
	q := r.URL.Query()
	if q.Has("q.field") { // else it is asked only whether it is there
		f.asked++
		if f.fault != nil && f.fault(w, r) {
			return
		}
	}
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit <= 0 {
		f.mistake(w, "Limit must be positive")
		return
	}
	keep, err := f.filter(q)
	if err != nil {
		f.mistake(w, err.Error())
		return
	}
	answer := []any{}
	for _, s := range f.samples { // in an order that nobody promised
		if len(answer) < limit && keep(s) && (!isMeter || s.meter == meter) {
			answer = append(answer, s.json(isMeter))
		}
	}
	f.write(w, answer)
}

// mistake is how the API says that a request is wrong.
func (f *fakeAPI) mistake(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	f.write(w, map[string]any{"error_message": map[string]any{"debuginfo": nil, "faultcode": "Client", "faultstring": text}})
}

// filter reads q.field, q.op and q.value, as far as they are known.
func (f *fakeAPI) filter(q url.Values) (func(fakeSample) bool, error) {
	fields, ops, values := q["q.field"], q["q.op"], q["q.value"]
	if len(ops) != len(fields) || len(values) != len(fields) {
		return nil, fmt.Errorf("%d fields, %d operators, %d values", len(fields), len(ops), len(values))
	}
	var all []func(fakeSample) bool
	for i, field := range fields {
		value := values[i]
		switch field + " " + ops[i] {
		case "meter eq":
			all = append(all, func(s fakeSample) bool { return s.meter == value })
		case "timestamp ge", "timestamp lt":
			at, err := time.Parse("2006-01-02T15:04:05.999999", value)
			if err != nil {
				return nil, err
			}
			before := ops[i] == "lt"
			all = append(all, func(s fakeSample) bool { return s.at.Before(at) == before })
		default:
			return nil, fmt.Errorf("unimplemented operator %s for %s", ops[i], field)
		}
	}
	return func(s fakeSample) bool {
		return !slices.ContainsFunc(all, func(keep func(fakeSample) bool) bool { return !keep(s) })
	}, nil
}

// json is a sample as /v2/meters and /v2/samples write it.
func (s fakeSample) json(old bool) map[string]any {
	metadata := maps.Clone(s.metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	at := s.at.Format("2006-01-02T15:04:05.999999")
	sample := map[string]any{"user_id": "u", "project_id": s.tenant, "resource_id": s.resource, "source": "openstack", "timestamp": at, "recorded_at": at}
	names := [...]string{"meter", "type", "unit", "volume", "id", "metadata"}
	if old {
		names = [...]string{"counter_name", "counter_type", "counter_unit", "counter_volume", "message_id", "resource_metadata"}
	}
	for i, v := range []any{s.meter, "gauge", "GB", json.Number(s.volume), s.id, metadata} {
		sample[names[i]] = v
	}
	return sample
}

// config is that of an API that reads this one.
func (f *fakeAPI) config() APIConfig {
	keystone, err := url.Parse(f.URL + "/v3")
	if err != nil {
		f.t.Fatal(err)
	}
	secret, err := config.ParseSecret("env:FAKE_SECRET")
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Setenv("FAKE_SECRET", "secret")
	c := APIConfig{Shape: shapeAuto, Page: 100, Lookback: 35 * day, Late: 2 * day}
	c.AuthURL, c.ApplicationCredentialID, c.ApplicationCredentialSecret = keystone, "id", secret
	c.Concurrency, c.Timeout, c.RetryFor, c.MaxAnswer = 4, time.Minute, 5*time.Minute, 64<<20
	return c
}

// open opens an API whose clock goes on when it waits.
func (f *fakeAPI) open(c APIConfig) *API {
	f.t.Helper()
	a, err := newAPI(c, openstack.Options{
		Now:    f.clock,
		Sleep:  f.sleep,
		Jitter: func(d time.Duration) time.Duration { return d },
		Getenv: func(string) string { return "" },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = a.Close() })
	return a
}

func (f *fakeAPI) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// sleep lets the time pass.
func (f *fakeAPI) sleep(ctx context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	return ctx.Err()
}

// answerOf is an answer of a Ceilometer that has a body.
func answerOf(body []byte) *openstack.Answer {
	return &openstack.Answer{Status: http.StatusOK, Body: body, URL: &url.URL{Scheme: "http", Host: "ceilometer", Path: "/v2/samples"}}
}
