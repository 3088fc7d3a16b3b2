package gnocchi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A trouble strikes a real cloud while it is read.
type trouble struct {
	*testing.T
	*rig.Rig
	url string // of Gnocchi, through what follows

	lock    sync.Mutex                  // of what follows: some is asked at the same time
	asked   int                         // requests that Gnocchi was sent
	strike  func(r *http.Request) error // before each; an error cuts the answer off
	mend    func()                      // once it is waited for the server
	waits   int
	patient time.Duration // how long a server is waited for
}

func newTrouble(t *testing.T, r *rig.Rig) *trouble {
	t.Helper()
	w := &trouble{T: t, Rig: r, patient: time.Minute}
	target, err := url.Parse(r.Gnocchi)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // for the links to further pages
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ModifyResponse: func(resp *http.Response) error {
			w.lock.Lock()
			defer w.lock.Unlock()
			w.asked++
			if w.strike == nil {
				return nil
			}
			if err := w.strike(resp.Request); err != nil {
				resp.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(io.LimitReader(resp.Body, resp.ContentLength/2), broken{err}), resp.Body}
			}
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// broken is what cannot be read.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// source reads a cloud whose pages, batches and steps are small.
func (w *trouble) source(tenants ...string) *Source {
	w.Helper()
	s, err := smallSource(w.url, w.patient, openstack.Options{
		Getenv: func(k string) string { return w.Env()[k] },
		Sleep: func(context.Context, time.Duration) error {
			w.lock.Lock()
			defer w.lock.Unlock()
			if w.waits++; w.mend != nil {
				w.mend()
				w.mend = nil
			}
			return nil
		},
	}, tenants...)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { s.Close() })
	return s
}

func smallSource(endpoint string, patience time.Duration, o openstack.Options, tenants ...string) (*Source, error) {
	c := plainConfig()
	c.MaxAnswer, c.Concurrency, c.RetryFor, c.Datacenter = 64<<10, 2, patience, "north"
	c.Tenants.Include = tenants
	var err error
	if c.Endpoint, err = url.Parse(endpoint); err != nil {
		return nil, err
	}
	o.Now = func() time.Time { return day.Add(30 * time.Hour) }
	s, err := newSource(c, o)
	if err == nil {
		s.stepMeasures = 100 // there are some 1500
	}
	return s, err
}

// engine collects instances and volumes, into a store.
func engine(s usage.Source, store ledger.Store) *billing.Engine {
	var meters []usage.Meter
	for _, m := range usage.DefaultMeters() {
		switch m.Name {
		case "instance":
			meters = append(meters, m)
		case "volume.size":
			m.Transformer = usage.Integral{}
			meters = append(meters, m)
		}
	}
	return &billing.Engine{
		Deployment: "test", Sources: []billing.Source{{Name: "north", Source: s}}, SourceNames: []string{"north"}, Store: store,
		Meters: meters, Currency: "NZD", Digits: 2, ValueDigits: 6, Location: time.UTC, Holder: "here:1", By: "tester",
		Now: func() time.Time { return day.Add(30 * time.Hour) },
	}
}

// A collecting is an engine that collects from a cloud, into a store of its own.
type collecting struct {
	*trouble
	engine *billing.Engine
}

func (w *trouble) collecting(tenants ...string) *collecting {
	w.Helper()
	e := engine(w.source(tenants...), nil)
	e.Store = memory.New(memory.Options{Now: e.Now, Shared: true})
	return &collecting{w, e}
}

// collect collects, and returns every entry there is.
func (c *collecting) collect(through time.Time) []string {
	c.Helper()
	if _, err := c.engine.Collect(c.Context(), through); err != nil {
		c.Fatal(err)
	}
	return c.entries()
}

func (c *collecting) entries() []string {
	c.Helper()
	return entriesOf(c, c.engine.Store)
}

func entriesOf(t testing.TB, store ledger.Store) []string {
	t.Helper()
	var entries []string
	for e, err := range store.Entries(t.Context(), ledger.EntryFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, fmt.Sprint(e.Window.Start.Format("15h "), e.Meter, e.Resource, " ", e.Service, e.Volume.Volume, " ", e.Volume.Unit))
	}
	return entries
}

// TestRealFaults has servers fail while they are asked: nothing is lost, and
// nothing counts twice.
func TestRealFaults(t *testing.T) {
	r := rig.Start(t, "TOKEN_CACHE=-1", "PAGE_LIMIT=2")
	l := rig.NewLoad(t, r)
	acme := rig.RandomID()
	end := day.Add(24 * time.Hour)
	for i := range 3 {
		l.Add("volume", fmt.Sprint("volume ", i), acme, day.Add(-time.Hour), nil, "volume.size")
		l.Measure(fmt.Sprint("volume ", i), "volume.size", day, end, func(n int) int { return n*n + i })
	}
	l.Add("instance", "resized", acme, day.Add(-time.Hour), rig.Flavor("small"), "cpu")
	l.Measure("resized", "cpu", day, end, rig.Always(1))
	l.Patch("resized", clock("10:20:00"), rig.Flavor("large"))
	l.Patch("resized", clock("11:20:00"), rig.Flavor("huge"))
	w := newTrouble(t, r)

	want := w.collecting(acme).collect(end)
	calm := w.asked
	if len(want) != 3*24+24+2 || w.waits > 0 { // two hours with two flavors
		t.Fatalf("undisturbed there are %d entries, after %d waits", len(want), w.waits)
	}
	back := func(s rig.Server) func() { return func() { r.Run(t, s) } }
	cut := errors.New("cut off")
	after := func(n int, path string, act func(*http.Request) error) func(*http.Request) error {
		return func(req *http.Request) error {
			if strings.Contains(req.URL.String(), path) {
				if n--; n == 0 {
					return act(req)
				}
			}
			return nil
		}
	}
	for _, test := range []struct {
		name   string
		strike func(*http.Request) error
		mend   func()
	}{
		{"Gnocchi is killed in the middle of a page", after(2, "marker=", func(*http.Request) error { r.Kill(t, rig.Gnocchi); return cut }), back(rig.Gnocchi)},
		{"Gnocchi is killed in the middle of the measures", after(1, "/aggregates", func(*http.Request) error { r.Kill(t, rig.Gnocchi); return cut }), back(rig.Gnocchi)},
		{"a token is revoked between two pages", after(1, "/search/", func(req *http.Request) error { r.Revoke(t, req.Header.Get("X-Auth-Token")); return nil }), nil},
		{"Keystone is down when the token has to be renewed", after(1, "/search/", func(req *http.Request) error {
			r.Revoke(t, req.Header.Get("X-Auth-Token"))
			r.Kill(t, rig.Keystone)
			return nil
		}), back(rig.Keystone)},
		{"Gnocchi's database is restarted", after(2, "/search/", func(*http.Request) error { r.Kill(t, rig.Postgres); return nil }), back(rig.Postgres)},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.T, w.waits, w.asked, w.strike, w.mend = t, 0, 0, test.strike, test.mend
			c := w.collecting(acme)
			if diff := cmp.Diff(want, c.collect(end)); diff != "" {
				t.Errorf("-undisturbed +got:\n%s", diff)
			}
			if test.mend != nil && (w.waits == 0 || w.mend != nil) {
				t.Error("it went on without a wait")
			}
			if w.asked < calm {
				t.Errorf("it struck nowhere: %d requests of %d", w.asked, calm)
			}
			w.strike = nil
			if diff := cmp.Diff(want, c.collect(end)); diff != "" {
				t.Errorf("collected again: -undisturbed +got:\n%s", diff)
			}
		})
	}
	w.T = t

	// metricd is stopped: Gnocchi takes measures in, and does not know them yet.
	r.Stop(t, rig.Metricd)
	l.Add("volume", "late", acme, day.Add(-time.Hour), nil, "volume.size")
	l.Send("late", "volume.size", day, end, rig.Always(10))
	c := w.collecting(acme)
	if diff := cmp.Diff(want, c.collect(end)); diff != "" {
		t.Errorf("while metricd is stopped: -before +got:\n%s", diff)
	}
	r.Run(t, rig.Metricd)
	l.Measure("late", "volume.size", end, end.Add(5*time.Minute), rig.Always(10)) // waits until all are there
	got := c.collect(end)
	if diff := cmp.Diff(w.collecting(acme).collect(end), got); diff != "" || len(got) != len(want)+24 {
		t.Errorf("once they are there, %d entries more: -at once +late:\n%s", len(got)-len(want), diff)
	}

	// A file of Gnocchi's cannot be read, at which its worker drops the connection. Its
	// tenant is held back, the other is not.
	beta := rig.RandomID()
	l.Add("volume", "damaged", beta, day.Add(-time.Hour), nil, "volume.size")
	l.Measure("damaged", "volume.size", day, end, rig.Always(10))
	var shown struct{ Metrics map[string]string }
	r.Call(t, "GET", r.Gnocchi+"/v1/resource/volume/"+l.ID("damaged"), nil, &shown)
	files, err := filepath.Glob(filepath.Join(r.Dir, "data", "gnocchi", strings.Repeat("*/", 16), shown.Metrics["volume.size"], "agg_mean", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("Gnocchi has no file of the metric", err)
	}
	for _, file := range files {
		if err := errors.Join(os.Remove(file), os.Mkdir(file, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	w.patient = 0
	c = w.collecting(acme, beta)
	_, err = c.engine.Collect(t.Context(), end)
	if err == nil || !strings.Contains(err.Error(), "tenant "+beta+": volume \"") || strings.Contains(err.Error(), acme) {
		t.Errorf("a metric that is damaged: %v", err)
	}
	if diff := cmp.Diff(got, c.entries()); diff != "" {
		t.Errorf("what the other tenant used: -want +got:\n%s", diff)
	}
	through := marksOf(t, c.engine.Store)
	if !through[acme].Equal(end) || through[beta].After(day) {
		t.Errorf("tenants are collected through %v", through)
	}
}

// marksOf is up to where each tenant was collected.
func marksOf(t testing.TB, store ledger.Store) map[string]time.Time {
	t.Helper()
	marks, err := store.Marks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	through := map[string]time.Time{}
	for _, m := range marks {
		through[m.Tenant] = m.Through
	}
	return through
}
