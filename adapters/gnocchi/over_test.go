package gnocchi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// TestOver tells that it is idle where nothing lives of what is asked for, and
// never while something does.
func TestOver(t *testing.T) {
	acme, other := map[int]string{0: "acme"}, map[int]string{0: "other"}
	ended := func(w *world) { w.volume("1", 0, 100, acme, every(0, 100)) }
	mark := func(hour int) func(*usage.Query) {
		return func(q *usage.Query) {
			q.Collected = map[string]time.Time{"": clock("01:00:00"), "acme": day.Add(time.Duration(hour) * time.Hour)}
		}
	}
	for _, test := range []struct {
		name  string
		world func(*world)
		query func(*usage.Query)
		want  []int // hours; it is read until half past six
	}{
		{"there is nothing", func(*world) {}, nil, []int{6}},
		{"all have ended", ended, nil, []int{6}},
		{"one lives", func(w *world) { ended(w); w.volume("2", 0, 0, acme, every(0, 360)) }, nil, nil},
		{"one lives, and was never measured", func(w *world) { ended(w); w.volume("2", 0, 0, acme, nil) }, nil, nil},
		{"one lives, of which Gnocchi has no metric at all", func(w *world) { w.volume("2", 0, 0, acme, nil); w.measured = nil }, nil, nil},
		{"others' do", func(w *world) { ended(w); w.volume("2", 0, 0, other, every(0, 360)) }, nil, []int{6}},
		{"one is another's now", func(w *world) { w.volume("2", 0, 0, map[int]string{0: "acme", 120: "other"}, every(0, 360)) }, nil, []int{6}},
		{"one was another's before", func(w *world) { w.volume("2", 0, 0, map[int]string{0: "other", 120: "acme"}, every(0, 360)) }, nil, nil},
		{"of one nobody knows", func(w *world) { w.rows = []string{rowJSON("1", `"ended_at": null`, `"ended_at": 7`)} }, nil, nil},
		{"nobody's lives", func(w *world) { ended(w); w.rows = append(w.rows, rowJSON("9", `"acme"`, "null")) }, nil, []int{6}},
		{"up to a time", ended, func(q *usage.Query) { q.Before = clock("03:00:00") }, []int{3}},
		{"it was collected as far", ended, mark(6), []int{6}},
		{"it was collected less far", ended, mark(5), []int{6}},
		{"some resources", ended, func(q *usage.Query) { q.Resources = []string{"1"} }, nil},
		{"a meter that Gnocchi has nothing to do with", ended, func(q *usage.Query) { q.Meters = []string{"beer"} }, nil},
	} {
		f, w := newFake(t), &world{measured: map[string][]int{}}
		test.world(w)
		w.in(f)
		f.keystone = func(rw http.ResponseWriter, r *http.Request) {
			say(rw, 200, `{"projects": [{"id": "other", "name": "Other", "domain_id": "d"}], "domains": [{"id": "d", "name": "D"}], "links": {}}`)
		}
		s := f.source(t, ignoring("other"))
		s.now = func() time.Time { return clock("06:30:00") }
		q := volumes
		if test.query != nil {
			test.query(&q)
		}
		got := readSteps(t.Context(), s, q)
		if diff := cmp.Diff(test.want, hours(got.idle)); diff != "" || len(got.borders) > 0 {
			t.Errorf("%s: %v, -want +got:\n%s", test.name, got.errs, diff)
		}
	}
}

// TestOverInSteps goes on from the last step; after what cannot be read it tells
// nothing.
func TestOverInSteps(t *testing.T) {
	f, w := newFake(t), &world{measured: map[string][]int{}}
	w.volume("1", 0, 300, map[int]string{0: "a"}, every(0, 300))
	w.in(f)
	for _, test := range []struct {
		now  string
		want []int
	}{
		{"06:30:00", []int{6}},
		{"04:00:00", []int{4}},
		{"04:10:00", []int{4}},
	} {
		s := f.source(t, nil)
		s.now = func() time.Time { return clock(test.now) }
		s.stepMeasures = 24
		got := readSteps(t.Context(), s, volumes)
		if diff := cmp.Diff(test.want, hours(got.idle)); diff != "" || len(got.borders) == 0 {
			t.Errorf("at %s it tells, -want +got:\n%s", test.now, diff)
		}
	}
	failing := f.search
	for kind, status := range map[string]int{"volume": 403, "instance": 403} {
		f.search = func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, kind) {
				say(rw, status, "{}")
				return
			}
			failing(rw, r)
		}
		q := usage.Query{Meters: []string{"volume.size", "instance"}}
		s := f.source(t, nil)
		if got := readSteps(t.Context(), s, q); len(got.errs) != 1 || !strings.Contains(fmt.Sprint(got.errs), "403") || len(got.idle) > 0 {
			t.Errorf("where %s cannot be searched: %v, and it tells %v", kind, got.errs, got.idle)
		}
	}
}
