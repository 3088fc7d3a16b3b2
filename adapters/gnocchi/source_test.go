package gnocchi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// both are the samples of a fake that is left as it is.
var both = []string{"r1 acme 1.5 at 01T10:00:00", "r2 acme 2.5 at 01T10:00:00"}

func TestSamples(t *testing.T) {
	f := newFake(t)
	samples, errs := read(t, f.source(t, nil), volumes)
	if diff := cmp.Diff(both, texts(samples)); diff != "" || len(errs) > 0 {
		t.Errorf("%q, -want +got:\n%s", errs, diff)
	}
	s := samples[0]
	if s.ID != "m1/20261001T100000/300" || s.Datacenter != "north" || s.Unit != "GB" || s.Kind != usage.Gauge || s.Metadata["display_name"] != "v1" {
		t.Errorf("a sample is %+v", s)
	}
	want := []string{
		"GET /metric/v1/metric?limit=1000&name=volume.size&sort=id%3Aasc",
		"POST /metric/v1/search/resource/volume?history=true&limit=1000&sort=id%3Aasc",
		"POST /metric/v1/aggregates?granularity=300&start=2026-10-01T00%3A00%3A00Z&stop=2026-10-02T00%3A00%3A00Z",
	}
	if diff := cmp.Diff(want, f.calls); diff != "" {
		t.Errorf("calls, -want +got:\n%s", diff)
	}
	if body := f.bodies[1]; body != `{"and":[{"or":[{"=":{"ended_at":null}},{"\u003e=":{"ended_at":"2026-10-01T00:00:00Z"}}]},`+
		`{"or":[{"=":{"revision_end":null}},{"\u003e=":{"revision_end":"2026-10-01T00:00:00Z"}}]}]}` {
		t.Errorf("it searches %s", body)
	}
	if body := f.bodies[2]; body != `{"operations":["metric",["m1","mean"],["m2","mean"]]}` {
		t.Errorf("it is asked for %s", body)
	}
}

func TestHostileAnswers(t *testing.T) {
	html := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			io.WriteString(w, "<html>secret</html>")
		}
	}
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { say(w, 200, text) }
	}
	measures := func(rows string) func(*fake) {
		return func(f *fake) { f.measures = answer(`{"measures": {"m1": {"mean": [` + rows + `]}}}`) }
	}
	good := `["2026-10-01T10:00:00+00:00", 300.0, 1.5]`
	for _, test := range []struct {
		name   string
		change func(*fake)
		want   []string
		errs   []string // what each says
	}{
		{"HTML for measures", func(f *fake) { f.measures = html(500) }, nil, []string{`tenant acme: volume "r1", volume.size: metric "m1": `, `tenant acme: volume "r2", volume.size: metric "m2": `}},
		{"HTML with 200", func(f *fake) { f.measures = html(200) }, nil, []string{"not as Gnocchi's are"}},
		{"forbidden", func(f *fake) { f.search = html(403) }, nil, []string{"403 Forbidden (give the login the role admin"}},
		{"metrics not to be had", func(f *fake) { f.metrics = html(500) }, nil, []string{"500"}},
		{"no such type", func(f *fake) { f.search = noType }, nil, nil},
		{"a proxy that finds no list", func(f *fake) { f.search = html(404) }, nil, []string{"404 Not Found (is it Gnocchi"}},
		{"and no second page", func(f *fake) {
			f.search = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Has("marker") {
					noType(w, r)
					return
				}
				w.Header().Set("Link", "<"+f.URL+"/metric/v1/search/resource/volume?marker=x>; rel=\"next\"")
				say(w, 200, "["+rowJSON("1")+"]")
			}
		}, nil, []string{"404 Not Found"}},
		{"nor one of metrics", func(f *fake) { f.metrics = html(404) }, nil, []string{"404 Not Found (is it Gnocchi"}},
		{"null for a list", func(f *fake) { f.search = answer("null") }, nil, []string{"it is null"}},
		{"null for metrics", func(f *fake) { f.metrics = answer("null") }, nil, []string{"it is null"}},
		{"a resource that is null", func(f *fake) { f.search = answer("[null]") }, nil, []string{"no id"}},
		{"a metric that is null", func(f *fake) { f.metrics = answer("[null]") }, nil, []string{"without an id or an archive policy"}},
		{"a metric without a policy", func(f *fake) { f.metrics = answer(`[{"id": "m1"}]`) }, nil, []string{"lists a metric without an id or an archive policy"}},
		{"no such metric", func(f *fake) { f.metrics = answer("[]") }, nil, nil},
		{"no metric found", func(f *fake) {
			f.measures = func(w http.ResponseWriter, _ *http.Request) {
				say(w, 400, `{"code": 400, "title": "Bad Request", "description": {"cause": "Metrics not found", "detail": ["x"]}}`)
			}
		}, nil, nil},
		{"another 400", func(f *fake) {
			f.measures = func(w http.ResponseWriter, _ *http.Request) {
				say(w, 400, `{"code": 400, "title": "Bad Request", "description": "no"}`)
			}
		}, nil, []string{`tenant acme: volume "r1", volume.size: metric "m1": `, "400 Bad Request: no"}},
		{"one of two metrics is gone", func(f *fake) {
			all := f.measures
			f.measures = func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if strings.Contains(string(body), "m1") {
					say(w, 404, `{"code": 404, "description": {"cause": "Unknown metrics"}}`)
					return
				}
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				all(w, r)
			}
		}, both[1:], nil},
		{"cut measures", func(f *fake) { f.measures = answer(`{"measures": {"m1": {"mean": [` + good) }, nil, []string{"not as Gnocchi's are"}},
		{"cut on its way", func(f *fake) {
			f.measures = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, `{"measures": {}}`)
			}
		}, nil, []string{`tenant acme: volume "r1", volume.size: metric "m1": `, "unexpected EOF"}},
		{"cut search", func(f *fake) { f.search = answer("[" + rowJSON("1")) }, nil, []string{"not the JSON that it should be"}},
		{"text after", func(f *fake) { f.measures = answer(`{"measures": {}} {}`) }, nil, []string{"text after it"}},
		{"no measures", func(f *fake) { f.measures = answer(`{"code": 200}`) }, nil, []string{"it holds no measures"}},
		{"a list", func(f *fake) { f.measures = answer(`[]`) }, nil, []string{"not as Gnocchi's are"}},
		{"below zero", measures(good + `, ["2026-10-01T10:05:00+00:00", 300.0, -1], ["2026-10-01T10:10:00+00:00", 300.0, -2]`), both[:1],
			[]string{`tenant acme: volume "r1", volume.size: metric "m1": at 2026-10-01T10:05:00Z: the value "-1" is impossible: below zero (2 of its measures are wrong; ` +
				`delete it in Gnocchi, with all that was measured and not yet collected, or leave the meter out: meter.volume.size = none)`}},
		{"null", measures(good + `, ["2026-10-01T10:05:00+00:00", 300.0, null]`), both[:1], []string{`the value "null" is no number`}},
		{"huge", measures(good + `, ["2026-10-01T10:05:00+00:00", 300.0, 1e999999999]`), both[:1], []string{"exponent is beyond 64"}},
		{"no time", measures(good + `, ["yesterday", 300.0, 1]`), both[:1], []string{`"yesterday" is no time`}},
		{"no measure", measures(good + `, {}, [1, 2], 7, [[1], 2, 3]`), both[:1], []string{"4 of its measures are wrong"}},
		{"another granularity", measures(good + `, ["2026-10-01T00:00:00+00:00", 3600.0, 9]`), both[:1], nil},
		{"a resource without a start", func(f *fake) {
			f.search = answer("[" + rowJSON("1", `"2026-09-01T00:00:00+00:00", "ended_at"`, `null, "ended_at"`) + "," + rowJSON("2") + "]")
		}, both[1:], []string{`resource "r1": no started_at`}},
		{"a resource with a bad revision", func(f *fake) {
			f.search = answer("[" + rowJSON("1", `"revision_end": null`, `"revision_end": 7`) + "," + rowJSON("1") + "," + rowJSON("2") + "]")
		}, both[1:], []string{"revision_end is not what it should be"}},
		{"a resource that ended before", func(f *fake) {
			f.search = answer("[" + rowJSON("1", `"revision_end": null`, `"revision_end": "2026-10-01T09:00:00+00:00"`) + "," + rowJSON("2") + "]")
		}, both[1:], nil},
		{"two metrics of a meter", func(f *fake) {
			f.search = answer("[" + rowJSON("1", `"m1"}`, `"m1", "snapshot.size": "m2"}`, "2026-09", "2026-10") + "]")
		}, []string{both[0], "r1 acme - at 01T00:00:00", "r1 acme 2.5 at 01T10:00:00"}, nil},
		{"a resource of nobody", func(f *fake) { f.search = answer("[" + rowJSON("1", `"acme"`, "null") + "," + rowJSON("2") + "]") }, both[1:], nil},
		{"a useless policy", func(f *fake) {
			f.metrics = answer("[" + metricJSON("m1", "std") + "," + metricJSON("m2", "std") + "]")
		}, nil, []string{`meter volume.size: archive policy "low" keeps none of mean, last, max`}},
		{"a policy that is none", func(f *fake) {
			f.metrics = answer("[" + strings.Replace(metricJSON("m1", "mean"), "0:05:00", "5 minutes", 1) + "]")
		}, nil, []string{`"5 minutes" is no span`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			test.change(f)
			samples, errs := read(t, f.source(t, sizes), volumes)
			if diff := cmp.Diff(test.want, texts(samples)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(errs) != len(test.errs) {
				t.Fatalf("errors are %q, want %q", errs, test.errs)
			}
			for i, says := range test.errs {
				if !strings.Contains(errs[i], says) || strings.Contains(errs[i], "secret") {
					t.Errorf("%q does not say %q", errs[i], says)
				}
			}
		})
	}
}

// sizes has the sizes of volumes from two metrics.
func sizes(c *Config) {
	c.Meters = map[string]string{"volume.size": "volume, volume.size snapshot.size, gauge, GB"}
}

func TestPages(t *testing.T) {
	f := newFake(t)
	first := rowJSON("1", `"revision_end": null`, `"revision_end": "2026-10-01T09:00:00+00:00"`, `"v1"`, `"old"`)
	second := rowJSON("1", `"revision_start": "2026-09-01T00:00:00+00:00"`, `"revision_start": "2026-10-01T09:00:00+00:00"`)
	f.search = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Has("and") || q.Get("history") != "true" {
			t.Errorf("it is asked %s", r.URL)
		}
		if q.Get("marker") == "" { // the history of r1 goes on behind the page's end
			w.Header().Set("Link", "<"+f.URL+r.URL.Path+"?and=%7B%27or%27%3A+junk%7D&history=true&limit=1000&marker=r1%401&sort=id%3Aasc>; rel=\"next\"")
			say(w, 200, "["+first+"]")
			return
		}
		say(w, 200, "["+second+","+rowJSON("2")+"]")
	}
	samples, errs := read(t, f.source(t, nil), volumes)
	want := []string{both[0], "r1 acme - at 01T09:00:00", both[1]}
	if diff := cmp.Diff(want, texts(samples)); diff != "" || len(errs) > 0 {
		t.Errorf("%q, -want +got:\n%s", errs, diff)
	}
	if f.bodies[1] != f.bodies[2] || f.bodies[1] == "" {
		t.Errorf("the pages were asked for with %q and %q", f.bodies[1], f.bodies[2])
	}
	for name, link := range map[string]string{
		"would carry the token away": "http://example.invalid/v1/search/resource/volume?marker=x",
		f.URL + "/metric/v1/search/resource/volume: the links to further pages lead in circles, or nowhere": f.URL + "/metric/v1/search/resource/volume?limit=1000",
		"further pages lead in circles, or no": f.URL + "/metric/v1/search/resource/volume?history=true&marker=x",
	} {
		f.search = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "<"+link+">; rel=\"next\"")
			say(w, 200, "["+rowJSON("1")+"]")
		}
		_, errs := read(t, f.source(t, nil), volumes)
		if len(errs) != 1 || !strings.Contains(errs[0], name) {
			t.Errorf("a link to %s: %q", link, errs)
		}
	}
}

// TestBatches reads so many measures that each metric takes a call, some at the
// same time.
func TestBatches(t *testing.T) {
	f := newFake(t)
	s := f.source(t, func(c *Config) { c.MaxAnswer = 1 << 10 })
	for range 3 { // always in the same order
		samples, errs := read(t, s, volumes)
		if diff := cmp.Diff(both, texts(samples)); diff != "" || len(errs) > 0 {
			t.Errorf("%q, -want +got:\n%s", errs, diff)
		}
	}
	if n := len(slices.DeleteFunc(f.calls, func(c string) bool { return !strings.Contains(c, "aggregates") })); n != 6 {
		t.Errorf("%d calls for measures", n)
	}
	f.measures = func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "m1") {
			say(w, 500, "{}")
		} else {
			say(w, 200, `{"measures": {`+answersTo(body)[0]+`}}`)
		}
	}
	samples, errs := read(t, s, volumes)
	if diff := cmp.Diff(both[1:], texts(samples)); diff != "" || len(errs) != 1 {
		t.Errorf("one call fails: %q, -want +got:\n%s", errs, diff)
	}
	if samples[0].Origin.Name == "" || samples[0].Origin.Index == 0 {
		t.Errorf("it was read at %v", samples[0].Origin)
	}
}

func TestEnd(t *testing.T) {
	f := newFake(t)
	s := f.source(t, nil)
	for range s.Samples(t.Context(), volumes) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	var last error
	for _, err := range s.Samples(ctx, volumes) {
		n++
		last = err
		cancel()
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("it ended after %d with %v", n, last)
	}
	ctx, cancel = context.WithCancel(t.Context())
	f.search = func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	for _, err := range s.Samples(ctx, volumes) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("it ended with %v", last)
	}
}

func TestNewSource(t *testing.T) {
	c := plainConfig()
	c.Lookback, c.Late = time.Minute, time.Minute
	c.Endpoint = &url.URL{Scheme: "https", User: url.UserPassword("me", "hunter2"), Host: "gnocchi"}
	c.Meters = map[string]string{"a": "x", "b": "vol/ume, m, gauge, GB", "c": "volume, , gauge, GB", "d": "volume, m, gague, GB"}
	_, err := NewSource(t.Context(), c)
	if strings.Contains(fmt.Sprint(err), "hunter2") {
		t.Errorf("the password is told: %v", err)
	}
	for _, says := range []string{"endpoint: is no URL of a service: want http:// or https://, a host and a path, without a login or a query (write https://host:8041)", "lookback: 1m0s is less than 2h0m0s", "late: 1m0s is less than 2h0m0s", "meter.a: has not four parts", `meter.b: "vol/ume" is no type`, "meter.c: names no metric", `meter.d: "gague" is none of`} {
		if err == nil || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	c = plainConfig()
	c.Meters = map[string]string{"volume.size": "none", "gpu": "instance, gpu.util gpu, presence, gpu"}
	meters, err := c.meters()
	_, there := meters["volume.size"]
	if m := meters["gpu"]; err != nil || there || !m.presence || m.kind != usage.Gauge || m.unit != "gpu" || !slices.Equal(m.metrics, []string{"gpu.util", "gpu"}) {
		t.Errorf("meters are %v, %v", meters, err)
	}
}

// TestDatacenterSaid has the datacenter of a Gnocchi whose catalog is not asked.
func TestDatacenterSaid(t *testing.T) {
	for _, test := range []struct{ datacenter, region, want string }{
		{"", "south", "south"}, {"east", "south", "east"}, {"", "", ""},
	} {
		f := newFake(t)
		samples, errs := read(t, f.source(t, func(c *Config) {
			c.Datacenter, c.Region, c.Endpoint = test.datacenter, test.region, c.AuthURL.JoinPath("metric")
		}), volumes)
		if test.want == "" {
			if len(samples) > 0 || len(errs) != 1 || !strings.Contains(errs[0], "nothing tells the region of Gnocchi (set datacenter, or region)") {
				t.Errorf("without either: %d samples, %q", len(samples), errs)
			}
			continue
		}
		if len(errs) > 0 || len(samples) != len(both) || samples[0].Datacenter != test.want {
			t.Errorf("want %s: %+v, %q", test.want, samples, errs)
		}
	}
}
