package rig_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/internal/openstack/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

func TestShared(t *testing.T) {
	r := rig.Shared(t)
	if rig.Shared(t) != r {
		t.Error("a second test gets another rig")
	}
	var catalog struct {
		Catalog []struct{ Type string }
	}
	r.Call(t, "GET", "/auth/catalog", nil, &catalog)
	var types []string
	for _, entry := range catalog.Catalog {
		types = append(types, entry.Type)
	}
	if got := strings.Join(types, " "); got != "identity metric" && got != "metric identity" {
		t.Errorf("the catalog has %s", got)
	}
	var policies []struct{ Name string }
	r.Call(t, "GET", r.Gnocchi+"/v1/archive_policy", nil, &policies)
	found := false
	for _, p := range policies {
		found = found || p.Name == "ceilometer-low-rate"
	}
	if !found {
		t.Errorf("Gnocchi has the archive policies %v, without Ceilometer's", policies)
	}
}

// TestFaults has every server fail, and come back as it was.
func TestFaults(t *testing.T) {
	r := rig.Start(t)
	answers := func(url string) bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	for _, s := range []struct {
		server rig.Server
		url    string
		end    func(testing.TB, rig.Server)
	}{{rig.Keystone, r.Keystone, r.Stop}, {rig.Gnocchi, r.Gnocchi, r.Kill}} {
		s.end(t, s.server)
		if answers(s.url) {
			t.Errorf("%s serves still", s.server)
		}
		r.Run(t, s.server)
		if !answers(s.url) {
			t.Errorf("%s does not serve again", s.server)
		}
	}
	r.Kill(t, rig.Postgres)
	r.Run(t, rig.Postgres)
	r.Stop(t, rig.Metricd)
	r.Run(t, rig.Metricd)
	r.Call(t, "GET", r.Gnocchi+"/v1/resource_type", nil, nil)
	if logs, err := filepath.Glob(filepath.Join(r.Dir, "log", "*.log")); err != nil || len(logs) < 4 {
		t.Errorf("the logs are %q (%v)", logs, err)
	}
}
