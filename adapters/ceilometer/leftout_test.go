package ceilometer

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// Who asks is told of what is left out, and of no other resource than was asked
// for.
func TestLeftOut(t *testing.T) {
	sample := func(resource, sender string) string {
		return fmt.Sprintf(`{"meter":"m","type":"gauge","unit":"B","volume":1,"project_id":"p","resource_id":%q,"timestamp":"2026-01-01T00:30:00","source":%q}`, resource, sender)
	}
	path := config.Path(write(t, map[string]string{"m.json": "[" + strings.Join([]string{
		sample("a", "openstack"), sample("a", "mallory"), sample("b", "openstack"), sample("b", "mallory"),
	}, ",\n") + "]"}))
	var left []string
	query := usage.Query{Resources: []string{"a"}, LeftOut: func(s usage.Sample, why string) {
		left = append(left, fmt.Sprintf("%s %d: %s", s.Resource, s.Origin.Index, why))
	}}
	samples, messages := collect(t, Config{Path: path, TrustSources: []string{"openstack"}}, query)
	if len(samples) != 1 || samples[0].Resource != "a" || samples[0].Origin.Index != 1 || len(messages) > 0 {
		t.Errorf("the samples are %v, the mistakes %q", samples, messages)
	}
	if want := []string{`a 2: its sender "mallory" is not among trust_sources`}; !slices.Equal(left, want) {
		t.Errorf("left out is %q, want %q", left, want)
	}
}

// What belongs to no project is left out, however it says so, where it is asked
// for; the source's user hears of it, and of mistakes in it.
func TestNobodysIsLeftOut(t *testing.T) {
	samples := []string{
		plain(), // sample 1
		plain(`"acme"`, "null"),
		plain(`"acme"`, `""`),
		plain(`"acme"`, `"None"`),
		plain(`"acme"`, "null", `"instance",`, `"hardware.cpu.load.1min",`, `"type"`, `"type"`), // sample 5
		plain(`"acme"`, "null", `"vm"`, `"other"`),
		plain(`"acme"`, "null", "2013-08-04", "2013-08-05"),
		plain(`"acme"`, "null", "1.0", "-1"), // sample 8
		plain(`"acme"`, `"none"`),            // a project may be called so
	}
	repr := strings.NewReplacer(`"`, "'", "null", "None").Replace(strings.Join(samples, "\n"))
	path := config.Path(write(t, map[string]string{"a.json": "[" + strings.Join(samples, ",\n") + "]", "b.jsonl": repr}))
	for _, test := range []struct {
		query    usage.Query
		got      string // samples of each file
		left     string
		mistakes int
	}{
		{usage.Query{}, "1 9", "2 3 4 5 6 7", 1},
		{usage.Query{Meters: []string{"instance"}}, "1 9", "2 3 4 6 7", 1},
		{usage.Query{Resources: []string{"vm"}}, "1 9", "2 3 4 5 7", 1},
		{usage.Query{Before: time.Date(2013, 8, 5, 0, 0, 0, 0, time.UTC)}, "1 9", "2 3 4 5 6", 1},
		{usage.Query{Meters: []string{"hardware.cpu.load.1min"}}, "", "5", 0},
	} {
		var left []string
		test.query.LeftOut = func(s usage.Sample, why string) {
			if s.Tenant != "" || why != "it belongs to no project" {
				t.Errorf("of %q: %s", s.Tenant, why)
			}
			left = append(left, fmt.Sprint(s.Origin.Index))
		}
		all, mistakes := collect(t, Config{Path: path}, test.query)
		var got []string
		for _, s := range all {
			got = append(got, fmt.Sprint(s.Origin.Index))
		}
		twice := func(text string) string { return strings.TrimSpace(text + " " + text) }
		if diff := cmp.Diff(twice(test.got), strings.Join(got, " ")); diff != "" {
			t.Errorf("samples (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(twice(test.left), strings.Join(left, " ")); diff != "" {
			t.Errorf("left out (-want +got):\n%s", diff)
		}
		if len(mistakes) != 2*test.mistakes {
			t.Errorf("mistakes are %q", mistakes)
		}
	}
}

// So it is in what the API answers. It is told between two samples, by whoever
// asks for them.
func TestAPINobodysIsLeftOut(t *testing.T) {
	f := newFakeAPI(t)
	f.fill("volume.size", march, march.Add(2*day), 10*time.Minute, 2) // of t0 and t1
	for i := range f.samples {
		if f.samples[i].tenant == "t1" {
			f.samples[i].tenant = ""
		}
	}
	c := f.config()
	c.Since, c.Page = march, 20
	inside := false
	left := map[string]int{}
	q := usage.Query{Meters: []string{"volume.size"}, LeftOut: func(s usage.Sample, why string) {
		if inside || why != "it belongs to no project" {
			t.Errorf("%s, while a sample is taken: %v", why, inside)
		}
		left[s.ID]++
	}}
	ids := map[string]int{}
	for s, err := range f.open(c).Samples(t.Context(), q) {
		inside = true
		if err != nil {
			t.Fatal(err)
		}
		ids[s.ID]++
		runtime.Gosched()
		inside = false
	}
	if len(ids) != 288 || len(left) != 288 {
		t.Errorf("%d samples, and %d left out, want 288 each", len(ids), len(left))
	}
	maps.Copy(ids, left)
	f.compare("all", f.want(march, "volume.size"), ids, nil)
}
