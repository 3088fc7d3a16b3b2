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
