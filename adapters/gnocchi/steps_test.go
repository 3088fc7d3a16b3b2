package gnocchi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// A world is what a fake Gnocchi has of volumes: rows of revisions, and when
// each metric was measured, in minutes of the day.
type world struct {
	rows     []string
	measured map[string][]int
	served   atomic.Int64 // measures, altogether
}

// in puts the world into a fake, which answers as Gnocchi does: start is floored
// to a bucket of five minutes, stop is not there any more.
func (w *world) in(f *fake) {
	f.metrics = func(rw http.ResponseWriter, r *http.Request) {
		var list []string
		if r.URL.Query().Get("name") == "volume.size" {
			for _, id := range slices.Sorted(maps.Keys(w.measured)) {
				list = append(list, metricJSON(id, "mean"))
			}
		}
		say(rw, 200, "["+strings.Join(list, ",")+"]")
	}
	f.search = func(rw http.ResponseWriter, _ *http.Request) { say(rw, 200, "["+strings.Join(w.rows, ",")+"]") }
	f.measures = func(rw http.ResponseWriter, r *http.Request) {
		var asked struct{ Operations []json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			panic(err)
		}
		start, err1 := time.Parse(time.RFC3339, r.URL.Query().Get("start"))
		stop, err2 := time.Parse(time.RFC3339, r.URL.Query().Get("stop"))
		if err := errors.Join(err1, err2); err != nil || !start.Before(stop) {
			say(rw, 400, `{"description": "a bad span"}`)
			return
		}
		var members []string
		for _, operation := range asked.Operations[1:] {
			var pair [2]string
			if err := json.Unmarshal(operation, &pair); err != nil {
				panic(err)
			}
			var list []string
			for _, minute := range w.measured[pair[0]] {
				if at := minuteOf(minute); !at.Before(start.Truncate(5*time.Minute)) && at.Before(stop) {
					w.served.Add(1)
					list = append(list, fmt.Sprintf("[%q, 300.0, %d]", at.Format(time.RFC3339), minute))
				}
			}
			members = append(members, fmt.Sprintf(`%q: {"mean": [%s]}`, pair[0], strings.Join(list, ",")))
		}
		say(rw, 200, `{"measures": {`+strings.Join(members, ",")+`}}`)
	}
}

func minuteOf(n int) time.Time { return day.Add(time.Duration(n) * time.Minute) }

// volume adds a volume with a metric of the same name. It belongs to a project
// from each instant on.
func (w *world) volume(name string, started int, ended int, owners map[int]string, measured []int) {
	starts := slices.Sorted(maps.Keys(owners))
	for i, start := range starts {
		over, end := "null", "null"
		if i+1 < len(starts) {
			over = fmt.Sprintf("%q", minuteOf(starts[i+1]).Format(time.RFC3339))
		}
		if ended > 0 {
			end = fmt.Sprintf("%q", minuteOf(ended).Format(time.RFC3339))
		}
		w.rows = append(w.rows, fmt.Sprintf(`{"id": %q, "type": "volume", "project_id": %q, "started_at": %q, "ended_at": %s, "revision_start": %q, "revision_end": %s, "metrics": {"volume.size": %q}}`,
			name, owners[start], minuteOf(started).Format(time.RFC3339), end, minuteOf(start).Format(time.RFC3339), over, "m"+name))
	}
	w.measured["m"+name] = measured
}

// every has a measure every five minutes of [from, to).
func every(from, to int) (minutes []int) {
	for at := from; at < to; at += 5 {
		minutes = append(minutes, at)
	}
	return minutes
}

// A stepped is what came of a reading, and after which of its samples it told
// how far it had come.
type stepped struct {
	samples []usage.Sample
	errs    []error
	borders []time.Time
	after   []int // how many samples came before each border was told
	idle    []time.Time
}

// readSteps reads as a collect does.
func readSteps(ctx context.Context, s *Source, q usage.Query) *stepped {
	var got stepped
	q.Reached = func(through time.Time) {
		got.borders, got.after = append(got.borders, through), append(got.after, len(got.samples))
	}
	q.Idle = func(through time.Time) { got.idle = append(got.idle, through) }
	for sample, err := range s.Samples(ctx, q) {
		if err != nil {
			got.errs = append(got.errs, err)
			continue
		}
		if len(got.idle) > 0 {
			got.errs = append(got.errs, fmt.Errorf("%v came after it was idle", sample.Origin))
		}
		got.samples = append(got.samples, sample)
	}
	return &got
}

// promised checks what a Source promises of the borders that it tells.
func (got *stepped) promised(collected map[string]time.Time) error {
	last := time.Time{}
	for _, through := range collected {
		last = later(last, through)
	}
	for i, border := range got.borders {
		if !usage.OnBorder(border) || !border.After(last) {
			return fmt.Errorf("it reached %v after %v", border, last)
		}
		last = border
		for n, s := range got.samples {
			if before := s.Time.Before(border); before != (n < got.after[i]) {
				return fmt.Errorf("sample %d, at %v, came when %d had come before %v", n, s.Time, got.after[i], border)
			}
		}
	}
	return nil
}

// sorted are samples as they do not depend on how they were read.
func sorted(samples []usage.Sample) []usage.Sample {
	samples = slices.Clone(samples)
	for i := range samples {
		samples[i].Origin = usage.Origin{}
	}
	slices.SortFunc(samples, func(a, b usage.Sample) int { return cmp.Compare(a.ID, b.ID) })
	return samples
}

// TestSteps reads any volumes at once, and in steps of any size: the samples are
// the same, and each comes in the step that it belongs to.
func TestSteps(t *testing.T) {
	f := newFake(t)
	once, most := f.source(t, nil), 0
	rapid.Check(t, func(t *rapid.T) {
		w := &world{measured: map[string][]int{}}
		minute := rapid.IntRange(0, 24*60)
		project := rapid.SampledFrom([]string{"a", "b", "c"})
		for i := range rapid.IntRange(1, 5).Draw(t, "volumes") {
			started, ended := minute.Draw(t, "started"), 0
			if rapid.Bool().Draw(t, "ends") {
				ended = rapid.IntRange(max(started, 1), 24*60).Draw(t, "ended")
			}
			owners := map[int]string{started: project.Draw(t, "owner")}
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				owners[rapid.IntRange(started, 24*60).Draw(t, "at")] = project.Draw(t, "owner")
			}
			from := rapid.IntRange(0, 287).Draw(t, "from") * 5
			w.volume(fmt.Sprint("v", i), started, ended, owners, every(from, rapid.IntRange(from, 24*60).Draw(t, "to")))
		}
		w.in(f)
		s := *once
		s.config.Lookback = time.Duration(rapid.IntRange(2, 40).Draw(t, "lookback")) * time.Hour
		s.config.Late = time.Duration(rapid.SampledFrom([]int{0, 2, 5}).Draw(t, "late")) * time.Hour
		s.stepMeasures = int64(rapid.IntRange(1, 2000).Draw(t, "measures"))
		q := usage.Query{Meters: volumes.Meters, Collected: map[string]time.Time{}}
		for _, tenant := range []string{"", "a", "b"} {
			if rapid.Bool().Draw(t, "collected") {
				q.Collected[tenant] = day.Add(time.Duration(rapid.IntRange(-20, 25).Draw(t, "through")) * time.Hour)
			}
		}
		want, errs := []usage.Sample(nil), []error(nil)
		for sample, err := range s.Samples(context.Background(), q) {
			if want = append(want, sample); err != nil {
				errs = append(errs, err)
			}
		}
		got := readSteps(context.Background(), &s, q)
		if err := errors.Join(append(errs, got.errs...)...); err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(sorted(want), sorted(got.samples)); diff != "" {
			t.Fatalf("in steps up to %v: -at once +got:\n%s", got.borders, diff)
		}
		if err := got.promised(q.Collected); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(got.borders))
	})
	if most < 10 {
		t.Errorf("it was read in %d steps at most", most)
	}
}
