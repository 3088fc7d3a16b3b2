package gnocchi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// run reads, and records all that comes.
func (k *keeper) run(t *testing.T, s *Source) {
	t.Helper()
	if errs := k.take(t.Context(), s, func() bool { return true }, "none"); len(errs) > 0 {
		t.Fatal(errs)
	}
}

func newKeeper() *keeper {
	return &keeper{hours: map[string]string{}, marks: map[string]time.Time{}, bookmarks: map[string]string{}}
}

// onDemand is a source of a taker, at a minute that goes on.
func onDemand(t *testing.T, g *taker, now *int) (*fake, *Source) {
	t.Helper()
	f := newFake(t)
	g.in(f)
	s := f.source(t, func(c *Config) { c.Concurrency, c.Meters, c.Lookback = 1, manyMetrics, 60*24*time.Hour })
	s.now = func() time.Time { return minuteOf(*now) }
	return f, s
}

func (g *taker) measured(name string, metric, from, to, step int) {
	for minute := from; minute < to; minute += step {
		g.post(name, metric, minute)
	}
}

// TestMuchNews has so much news that what is read again fills calls while the
// news is still taken up.
func TestMuchNews(t *testing.T) {
	const days, many = 1440, 150
	g, now := &taker{volumes: map[string]*taken{}, block: 60, unmixed: true}, 20*days
	_, s := onDemand(t, g, &now)
	name := func(i int) string { return fmt.Sprintf("v%03d", i) }
	for i := range many {
		g.volumes[name(i)] = &taken{project: "a"}
		g.measured(name(i), 0, 0, 10*days, 60)
		g.measured(name(i), 0, 11*days, now, 60)
		g.post(name(i), 1, 9*days)
	}
	delete(s.meters, "mixed")
	k := newKeeper()
	k.run(t, s)
	k.run(t, s) // steps of the first may have ended in the silence
	s.config.MaxAnswer = measureBytes * 2000
	for i := range many {
		g.measured(name(i), 1, 9*days, 10*days+200, 30)
	}
	k.run(t, s)
	if diff := gocmp.Diff(g.want(now), k.hours); diff != "" {
		t.Errorf("recorded, -taken +got:\n%s", diff)
	}
}

// TestOneName has two of Gnocchi's resources with one name, as those of two
// creators may have: they are one series, of which windows come whole.
func TestOneName(t *testing.T) {
	g, now := &taker{volumes: map[string]*taken{"x1": {project: "a"}, "x2": {project: "a"}}, block: 60}, 3000
	f, s := onDemand(t, g, &now)
	search := f.search
	f.search = func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		search(recorded, r)
		say(w, 200, strings.NewReplacer(`"id": "x1"`, `"id": "x1", "original_resource_id": "x"`, `"id": "x2"`, `"id": "x2", "original_resource_id": "x"`).Replace(recorded.Body.String()))
	}
	g.measured("x1", 0, 0, 1530, 5)
	g.measured("x2", 0, 1530, now, 5)
	k := newKeeper()
	k.run(t, s)
	first := len(k.hours)
	hour := k.hours["volume.size of x in hour 25"]
	for range 2 {
		now += 60
		g.measured("x2", 0, now-60, now, 5)
		k.run(t, s)
	}
	if again := k.hours["volume.size of x in hour 25"]; again != hour || len(hour) != len("1500: 1")*12+2*11 || len(k.hours) != first+3*2 {
		t.Errorf("the hour in which one follows the other is\n%s\nfirst\n%s\nof %d hours", again, hour, len(k.hours))
	}
}

// TestHalves has a call fail for one metric, so that another, of two meters, is
// asked for with either half: its measures count once.
func TestHalves(t *testing.T) {
	g, now := &taker{volumes: map[string]*taken{"v": {project: "a"}, "w": {project: "a"}}, block: 720}, 3000
	f, s := onDemand(t, g, &now)
	serve := f.measures
	f.measures = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var asked struct{ Operations []json.RawMessage }
		if err := json.Unmarshal(body, &asked); err != nil {
			t.Error(err)
		}
		if strings.Contains(string(body), `"2w"`) && len(asked.Operations) > 2 {
			say(w, 500, `{}`)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		serve(w, r)
	}
	g.measured("v", 0, 0, now, 20)
	g.measured("v", 1, 0, 900, 20)
	g.measured("w", 2, 0, now, 20)
	k := newKeeper()
	k.run(t, s)
	if diff := gocmp.Diff(g.want(now), k.hours); diff != "" {
		t.Errorf("recorded, -taken +got:\n%s", diff)
	}
	g.post("v", 1, 895)
	k.run(t, s)
	k.run(t, s)
	if diff := gocmp.Diff(g.want(now), k.hours); diff != "" {
		t.Errorf("recorded, -taken +got:\n%s", diff)
	}
}

// TestBucketsAcrossBlocks lets buckets begin before the block that they end in.
func TestBucketsAcrossBlocks(t *testing.T) {
	none := int64(0)
	p := &policy{kept: []kept{{5 * time.Hour, 1}, {24 * time.Hour, 1}}, backWindow: &none}
	at := time.Date(2026, 10, 2, 3, 0, 0, 0, time.UTC)
	got := p.settled(at)
	if midnight := at.Truncate(24 * time.Hour); !got.Before(midnight) || got.Unix()%(5*3600) != 0 || midnight.Sub(got) >= 5*time.Hour {
		t.Errorf("with a measure at %v nothing comes before %v", at, got)
	}
}

// TestPlaceOfTwo goes by the one of two tenants' bookmarks that knows less of a
// metric, as one of them was held back when the other was read; where nothing
// tells which one that is, by neither.
func TestPlaceOfTwo(t *testing.T) {
	from, hour := day.AddDate(0, 0, -30), func(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }
	known := func(settled time.Time, count uint32) *bookmark {
		return &bookmark{places: map[uint64]place{keyOf("m1"): {settled: settled, count: count}}}
	}
	for _, test := range []struct {
		name string
		a, b *bookmark
		want place
	}{
		{"both the same", known(hour(9), 2), known(hour(9), 2), place{start: hour(7), settled: hour(9), count: 2}},
		{"one was read later", known(hour(9), 2), known(hour(8), 1), place{start: hour(6), settled: hour(8), count: 1}},
		{"one was read more", known(hour(9), 2), known(hour(9), 1), place{start: from}},
		{"one knows nothing of it", known(hour(9), 2), &bookmark{}, place{start: from}},
	} {
		for _, swapped := range []bool{false, true} {
			r := &reading{Source: &Source{}, bookmarks: map[string]*bookmark{"a": test.a, "b": test.b}}
			if swapped {
				r.bookmarks["a"], r.bookmarks["b"] = test.b, test.a
			}
			res := &resource{revisions: []revision{{project: "a"}, {project: "b"}}}
			if got := r.placeOf(res, "m1", hour(20), from); got != test.want {
				t.Errorf("%s, swapped %v: %+v, want %+v", test.name, swapped, got, test.want)
			}
		}
	}
}
