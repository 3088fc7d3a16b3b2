package gnocchi

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

// A measuredThing is a resource of the contract's cloud, with one metric.
type measuredThing struct {
	number, kind, metric, tenant string
}

var things = []measuredThing{
	{"1", "volume", "volume.size", "acme"},
	{"2", "volume", "volume.size", "acme"},
	{"3", "volume", "volume.size", "zebra"},
	{"4", "instance", "cpu", "zebra"},
	{"5", "instance", "cpu", "acme"},
}

// measuredAt is when each was measured, within the day that is over.
func measuredAt() (times []time.Time) {
	for hour := 1; hour < 20; hour += 6 {
		at := day.Add(time.Duration(hour) * time.Hour)
		times = append(times, at, at.Add(25*time.Minute), at.Add(55*time.Minute))
	}
	return times
}

// samples are what is measured of a thing. An instance is billed by being there,
// and its time on the processor is another meter.
func (m measuredThing) samples() (all []usage.Sample) {
	for i, at := range measuredAt() {
		s := usage.Sample{
			ID: fmt.Sprintf("m%s/%s/300", m.number, at.Format(instantID)), Meter: m.metric, Kind: usage.Gauge, Unit: "GB", Tenant: m.tenant, Resource: "r" + m.number,
			Datacenter: "north", Volume: decimal.RequireFromString(fmt.Sprintf("%d.5", i)), HasVolume: true, Time: at, Metadata: map[string]string{"display_name": "v" + m.number},
		}
		if m.kind == "instance" {
			s.Kind, s.Unit = usage.Cumulative, "ns"
			all = append(all, s)
			s.Meter, s.Kind, s.Unit, s.Volume = "instance", usage.Gauge, "instance", decimal.New(1, 0)
		}
		all = append(all, s)
	}
	return all
}

// fillContract lets the fake have the things, and returns the samples of them.
func (f *fake) fillContract() (all []usage.Sample) {
	metrics, rows := map[string][]string{}, map[string][]string{}
	for _, m := range things {
		metrics[m.metric] = append(metrics[m.metric], strings.Replace(metricJSON("m"+m.number, "mean"), `"archive_policy": {`, `"archive_policy": {"back_window": 0, `, 1))
		rows[m.kind] = append(rows[m.kind], rowJSON(m.number, `"acme"`, `"`+m.tenant+`"`, `"volume.size"`, `"`+m.metric+`"`, `"type": "volume"`, `"type": "`+m.kind+`"`))
		all = append(all, m.samples()...)
	}
	f.metrics = func(w http.ResponseWriter, r *http.Request) {
		say(w, 200, "["+strings.Join(metrics[r.URL.Query().Get("name")], ",")+"]")
	}
	f.search = func(w http.ResponseWriter, r *http.Request) {
		say(w, 200, "["+strings.Join(rows[filepath.Base(r.URL.Path)], ",")+"]")
	}
	f.keystone = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v3/projects" {
			say(w, 200, `{"projects": [{"id": "acme", "name": "Acme", "domain_id": "d", "enabled": true}, {"id": "zebra", "name": "Zebra", "domain_id": "d", "enabled": true}], "links": {}}`)
			return
		}
		say(w, 200, `{"domains": [{"id": "d", "name": "D"}], "links": {}}`)
	}
	f.measures = f.measuresWith("")
	return all
}

// measuresWith answers with the measures of what is asked for, and with more of
// the first metric.
func (f *fake) measuresWith(more string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var members []string
		for _, m := range things {
			n := m.number
			if !strings.Contains(string(body), `"m`+n+`"`) {
				continue
			}
			var list []string
			for i, at := range measuredAt() {
				list = append(list, fmt.Sprintf("[%q, 300.0, %d.5]", at.Format(time.RFC3339), i))
			}
			if n == "1" && more != "" {
				list = append(list, more)
			}
			members = append(members, fmt.Sprintf(`"m%s": {"mean": [%s]}`, n, strings.Join(list, ",")))
		}
		say(w, 200, `{"measures": {`+strings.Join(members, ",")+`}}`)
	}
}

// A Source keeps the contract.
func TestContract(t *testing.T) {
	f := newFake(t)
	all := f.fillContract()
	damaged := newFake(t)
	damaged.fillContract()
	damaged.measures = damaged.measuresWith(`["2026-10-01T10:05:00+00:00", 300.0, -1]`)
	unread := newFake(t)
	unread.fillContract()
	unread.measures = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"m3"`) {
			say(w, 500, "{}")
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		unread.measuresWith("")(w, r)
	}
	open := func(f *fake) func(testing.TB) usage.Source {
		return func(testing.TB) usage.Source { return f.source(t, nil) }
	}
	usagetest.RunSource(t, usagetest.SourceSetup{
		New:     open(f),
		Samples: all,
		Tenants: []usage.Tenant{{ID: "acme", Name: "Acme"}, {ID: "zebra", Name: "Zebra"}},
		Damaged: open(damaged),
		Unread:  func(t testing.TB) (usage.Source, string) { return open(unread)(t), "zebra" },
	})
}

// TestContractOver is the contract of a Source of which nothing lives any more,
// and that tells that all has come.
func TestContractOver(t *testing.T) {
	f := newFake(t)
	all := f.fillContract()
	living, over := f.search, clock("21:00:00")
	f.search = func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		living(recorded, r)
		say(w, 200, strings.ReplaceAll(recorded.Body.String(), `"ended_at": null`, fmt.Sprintf(`"ended_at": %q`, over.Format(time.RFC3339))))
	}
	for _, s := range all { // measured is before that
		s.ID, s.Time, s.HasVolume, s.Volume = s.Resource+"/"+s.Meter+"/ended", over, s.Kind == usage.Gauge, decimal.Zero
		s.Metadata = map[string]string{"display_name": s.Metadata["display_name"], "status": "deleted", "state": "deleted"}
		if !slices.ContainsFunc(all, func(other usage.Sample) bool { return other.ID == s.ID }) {
			all = append(all, s)
		}
	}
	usagetest.RunSource(t, usagetest.SourceSetup{
		New:     func(testing.TB) usage.Source { return f.source(t, nil) },
		Samples: all,
		Tenants: []usage.Tenant{{ID: "acme", Name: "Acme"}, {ID: "zebra", Name: "Zebra"}},
	})
}
