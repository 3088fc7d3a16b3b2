package gnocchi

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// TestNames collects a volume of which Gnocchi has the id of its type, and an
// instance of which it has both the flavor's id and what that was called.
func TestNames(t *testing.T) {
	f := newFake(t)
	f.metrics = func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("name") {
		case "volume.size":
			say(w, 200, "["+metricJSON("m1", "mean")+"]")
		case "cpu":
			say(w, 200, "["+metricJSON("m2", "mean")+"]")
		default:
			say(w, 200, "[]")
		}
	}
	f.search = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/volume"):
			say(w, 200, "["+rowJSON("1", `"display_name"`, `"volume_type": "t1", "display_name"`)+"]")
		case strings.HasSuffix(r.URL.Path, "/instance"):
			say(w, 200, "["+rowJSON("2", `"volume.size"`, `"cpu"`, `"display_name"`, `"flavor_id": "5", "flavor_name": "small", "display_name"`)+"]")
		default:
			say(w, 404, "{}")
		}
	}
	types, flavors := `{"id": "t1", "name": "ssd"}`, `{"id": "5", "name": "small.v2"}`
	fail := 0
	var asked []string
	f.names = func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		switch {
		case fail != 0:
			say(w, fail, `{"forbidden": {"message": "Policy doesn't allow it", "code": 403}}`)
		case r.URL.Path == "/v2.1/flavors":
			say(w, 200, `{"flavors": [`+flavors+`]}`)
		default:
			say(w, 200, `{"volume_types": [`+types+`]}`)
		}
	}
	asking := true
	store := memory.New(memory.Options{Now: func() time.Time { return day.Add(24 * time.Hour) }, Shared: true})
	collect := func(meters ...usage.Meter) (map[string]string, error) {
		t.Helper()
		s := f.source(t, func(c *Config) { c.Names = asking })
		e := &billing.Engine{
			Deployment: "test", Sources: []billing.Source{{Name: "north", Source: namedSamples{onlySamples{s}, s}}}, SourceNames: []string{"north"},
			Meters: meters, Currency: "NZD", Digits: 2, ValueDigits: 6, Location: time.UTC, Holder: "here:1", By: "tester",
			Now: func() time.Time { return day.Add(24 * time.Hour) }, Store: store,
		}
		asked = nil
		_, err := e.Collect(t.Context(), clock("11:00:00"))
		services := map[string]string{}
		for entry, err := range store.Entries(t.Context(), ledger.EntryFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			services[entry.Meter+" "+entry.Resource] = entry.Service
		}
		return services, err
	}
	volume := usage.Meter{Name: "volume.size", Meter: "volume.size", Service: "volume.size", Transformer: usage.StorageMax{}, Billed: true}
	instance := usage.Meter{Name: "instance", Meter: "instance", Service: "instance", Transformer: usage.Uptime{}, Billed: true}
	want := func(services map[string]string, err error, wanted map[string]string) {
		t.Helper()
		if diff := cmp.Diff(wanted, services); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	// The name at the time comes first, whatever the flavor is called by now.
	services, err := collect(volume, instance)
	want(services, err, map[string]string{"volume.size r1": "ssd", "instance r2": "small"})
	if diff := cmp.Diff([]string{"/v3/admin/types?is_public=None", "/v2.1/flavors?is_public=None"}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	// What cannot be asked changes nothing that is recorded.
	fail = 403
	services, err = collect(volume, instance)
	if err == nil || !strings.Contains(err.Error(), "names of each volume type: the cloud at 127.0.0.1") || !strings.Contains(err.Error(), "403 Forbidden: Policy doesn't allow it; the login may not list") ||
		!strings.Contains(err.Error(), "nothing of this source was collected") {
		t.Errorf("error is %v", err)
	}
	want(services, nil, map[string]string{"volume.size r1": "ssd", "instance r2": "small"})
	// Without a meter that needs a name nobody is asked.
	backups := usage.Meter{Name: "backups", Meter: "volume.backup.size", Service: "backups", Transformer: usage.Max{}, Billed: true}
	if _, err = collect(backups); err != nil || len(asked) > 0 {
		t.Errorf("%v, asked %q", err, asked)
	}
	// A type that is renamed is renamed in what is not billed; one that is gone is
	// told by its id again.
	fail, types = 0, `{"id": "t1", "name": "flash"}`
	services, err = collect(volume, instance)
	want(services, err, map[string]string{"volume.size r1": "flash", "instance r2": "small"})
	asking = false
	services, err = collect(volume, instance)
	want(services, err, map[string]string{"volume.size r1": "t1", "instance r2": "small"})
	if len(asked) > 0 {
		t.Errorf("with names = false, asked %q", asked)
	}
}

// namedSamples is a source whose tenants are not asked for.
type namedSamples struct {
	onlySamples
	names *Source
}

func (n namedSamples) Names(ctx context.Context, of usage.NameKind) iter.Seq2[usage.Name, error] {
	return n.names.Names(ctx, of)
}
