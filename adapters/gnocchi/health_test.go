package gnocchi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// TestCheckMeters warns of meters in the config that find nothing, and of no
// others: what a cloud does not have of those that are known is nobody's mistake.
func TestCheckMeters(t *testing.T) {
	const noMetric = "Gnocchi has no metric gpu.util (look how it is written; collect bills nothing of it, and does not say so)"
	for _, test := range []struct {
		name   string
		meters map[string]string
		want   map[string]string
	}{
		{"none", nil, map[string]string{}},
		{"one that is taken out", map[string]string{"volume.size": "none", "gpu": "volume, volume.size, gauge, GB"}, map[string]string{"meter.gpu": ""}},
		{"a metric that there is not", map[string]string{"gpu": "volume, gpu.util, gauge, gpu"},
			map[string]string{"meter.gpu": "volume, gpu.util, gauge, gpu: " + noMetric}},
		{"nor one of two", map[string]string{"gpu": "volume, gpu.util gpu, gauge, gpu"},
			map[string]string{"meter.gpu": "volume, gpu.util gpu, gauge, gpu: " + strings.Replace(noMetric, "gpu.util", "gpu.util, nor gpu", 1)}},
		{"one of two", map[string]string{"gpu": "volume, gpu.util volume.size, gauge, gpu"}, map[string]string{"meter.gpu": ""}},
		{"a type that there is not", map[string]string{"gpu": "nosuchtype, volume.size, gauge, gpu"},
			map[string]string{"meter.gpu": "nosuchtype, volume.size, gauge, gpu: Gnocchi has no type of resources nosuchtype (look how it is written; collect bills nothing of it, and does not say so)"}},
		{"neither", map[string]string{"gpu": "nosuchtype, gpu.util, gauge, gpu"},
			map[string]string{"meter.gpu": "nosuchtype, gpu.util, gauge, gpu: " + noMetric}},
	} {
		f := newFake(t)
		f.keystone = func(w http.ResponseWriter, r *http.Request) {
			say(w, 200, `{"projects": [{"id": "acme", "name": "Acme", "domain_id": "d"}], "domains": [{"id": "d", "name": "D"}], "links": {}}`)
		}
		s := f.source(t, func(c *Config) { c.Meters = test.meters })
		got := map[string]string{}
		for name, err := range s.CheckHealth(t.Context()) {
			if !strings.HasPrefix(name, "meter.") {
				if err != nil && !strings.HasPrefix(name, "archive policy") {
					t.Errorf("%s: %s: %v", test.name, name, err)
				}
				continue
			}
			if got[name] = ""; err != nil {
				if _, ok := err.(*usage.Warning); !ok {
					t.Errorf("%s: %v is no warning", test.name, err)
				}
				got[name] = err.Error()
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}

// TestCheckReading finds what keeps collect from reading resources or measures, or
// from knowing where they are.
func TestCheckReading(t *testing.T) {
	fails := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { say(w, status, body) }
	}
	for name, test := range map[string]struct {
		change      func(*fake)
		check, want string
	}{
		"all is well":            {func(*fake) {}, "resources and measures", ""},
		"no right to search":     {func(f *fake) { f.search = fails(403, "{}") }, "resources and measures", "/v1/search/resource/volume: 403 Forbidden: {} (give the login the role admin"},
		"a proxy without search": {func(f *fake) { f.search = fails(404, "<html>") }, "resources and measures", "404 Not Found (is it Gnocchi"},
		"null":                   {func(f *fake) { f.search = fails(200, "null") }, "resources and measures", "it is null"},
		"no right to measures":   {func(f *fake) { f.unknown = fails(403, "{}") }, "resources and measures", "/v1/aggregates: 403 Forbidden"},
		"an earlier release":     {func(f *fake) { f.unknown = fails(404, "{}") }, "resources and measures", "is it Gnocchi 4.3 or later"},
	} {
		f := newFake(t)
		f.keystone = func(w http.ResponseWriter, r *http.Request) {
			say(w, 200, `{"projects": [{"id": "acme", "name": "Acme", "domain_id": "d"}], "domains": [{"id": "d", "name": "D"}], "links": {}}`)
		}
		test.change(f)
		got, found := "", false
		for check, err := range f.source(t, nil).CheckHealth(t.Context()) {
			if check == test.check {
				if found = true; err != nil {
					got = err.Error()
				}
			}
		}
		if !found || test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: check says %q, want %q", name, got, test.want)
		}
	}
}
