package gnocchi

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzMeasures reads any bytes as measures. What comes out without a mistake is
// what encoding/json finds.
func FuzzMeasures(f *testing.F) {
	f.Add([]byte(`{"measures": {"m1": {"mean": [["2026-10-01T10:00:00+00:00", 300.0, 1.5], ["2026-10-01T10:05:00+00:00", 300.0, 1e2]]}}, "references": []}`))
	f.Add([]byte(`{"measures": {"m1": {"mean": [["2026-10-01T10:00:00+00:00", 300.0, -1], [], {}, null], "max": 7}}}`))
	f.Add([]byte(`{"measures": {"m1": {"mean": [["\u0032026-10-01T10:00:00", 3e2, 0]]}}} x`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := newMeasured()
		err := decodeMeasures(text, meanOfDay(5*time.Minute), got)
		if err != nil || len(got.mistakes) > 0 {
			return
		}
		var all struct {
			Measures map[string]map[string]json.RawMessage `json:"measures"`
		}
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatalf("encoding/json finds %v", err)
		}
		for metric, list := range got.measures {
			var rows [][3]any
			if err := json.Unmarshal(all.Measures[metric]["mean"], &rows); err != nil {
				t.Fatal(err)
			}
			if len(list) > len(rows) {
				t.Fatalf("%d measures of %d", len(list), len(rows))
			}
			for _, m := range list {
				if m.value.IsNegative() || m.wrong != nil && !m.value.IsZero() || m.at.Location() != time.UTC {
					t.Fatalf("a measure is %v", m)
				}
			}
		}
	})
}

// FuzzRow reads any bytes as a resource, and makes samples of what is one.
func FuzzRow(f *testing.F) {
	f.Add([]byte(rowJSON("1")))
	f.Add([]byte(rowJSON("1", `"ended_at": null`, `"ended_at": "2026-10-01T00:00:00.5"`, `"v1"`, `{"a": [1, null]}`)))
	f.Add([]byte(`{"id": 7, "metrics": [], "started_at": true}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var w row
		if err := json.Unmarshal(text, &w); err != nil {
			return
		}
		if w.id == "" || w.name == "" || w.started.IsZero() || w.start.IsZero() {
			t.Fatalf("%q is taken for %+v", text, w)
		}
		if res := gather([]row{w}); len(res.revisions) != 1 || res.at(day) != 0 {
			t.Fatalf("a resource is %+v", res)
		}
	})
}

// FuzzPolicy reads any bytes as an archive policy.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte(`{"name": "low", "aggregation_methods": ["mean"], "definition": [{"granularity": "0:05:00", "timespan": "30 days, 0:00:00", "points": 8640}]}`))
	f.Add([]byte(`{"definition": [{"granularity": "0:00:00", "timespan": "-1 day, 0:00:00"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p policy
		if err := json.Unmarshal(text, &p); err != nil || len(p.kept) == 0 {
			return
		}
		if g := p.best(time.Hour).granularity; g <= 0 || p.longest() < 0 {
			t.Fatalf("%q has the granularity %v", text, g)
		}
	})
}

// FuzzListed reads any bytes as a metric of a list, and takes none without an id
// and a policy.
func FuzzListed(f *testing.F) {
	f.Add([]byte(metricJSON("m1", "mean")))
	f.Add([]byte(`{"id": "m1", "archive_policy": {"name": "low", "definition": []}}`))
	f.Add([]byte(`{"ID": "m1", "archive_policy": null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var all []listed
		if err := json.Unmarshal([]byte("["+string(text)+"]"), &all); err != nil {
			return
		}
		for _, l := range all {
			if (l.ID == "") != (l.Policy == nil) || l.Policy != nil && len(l.Policy.kept) == 0 {
				t.Fatalf("%q is taken for %+v", text, l)
			}
		}
	})
}

// FuzzFollowed keeps no more of a link than what leads to the next page.
func FuzzFollowed(f *testing.F) {
	f.Add("http://h/v1/search/resource/volume?and=%7B%27or%27&marker=a%401&sort=id%3Aasc")
	f.Fuzz(func(t *testing.T, link string) {
		next, err := followed(link)
		if err != nil {
			return
		}
		if again, err := followed(next); err != nil || again != next {
			t.Fatalf("%q, then %q, %v", next, again, err)
		}
	})
}
