package gnocchi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// sixHours is a fake with a volume each of a and b, measured until 06:00, and a
// source that reads of it an hour or two at a time.
func sixHours(t *testing.T) (*fake, *Source) {
	t.Helper()
	f := newFake(t)
	w := &world{measured: map[string][]int{}}
	w.volume("1", 0, 0, map[int]string{0: "a"}, every(0, 360))
	w.volume("2", 0, 0, map[int]string{0: "b"}, every(0, 360))
	w.in(f)
	s := f.source(t, func(c *Config) { c.Lookback = 24 * time.Hour })
	s.now = func() time.Time { return day.Add(6 * time.Hour) }
	s.stepMeasures = 24 // of an hour
	return f, s
}

func hours(borders []time.Time) (hours []int) {
	for _, b := range borders {
		hours = append(hours, int(b.Sub(day)/time.Hour))
	}
	return hours
}

// TestFewSteps reads at once what is not much, and nothing before what was
// collected by itself.
func TestFewSteps(t *testing.T) {
	f, s := sixHours(t)
	for _, test := range []struct {
		name      string
		measures  int64 // of a step; there are 144
		collected int   // hours; 0 for nothing
		want      []int
	}{
		{"all at once", 144, 0, nil},
		{"a measure too many", 143, 0, []int{3}},
		{"thirds", 48, 0, []int{2, 4}},
		{"by the hour", 1, 0, []int{1, 2, 3, 4, 5}},
		{"after what was collected", 1, 3, []int{4, 5}},
		{"nothing is left to read in steps", 1, 5, nil},
		{"collected by a clock that is ahead", 1, 7, nil},
	} {
		s.stepMeasures = test.measures
		q := usage.Query{Meters: volumes.Meters, Collected: map[string]time.Time{}}
		if test.collected > 0 {
			q.Collected["a"] = day.Add(time.Duration(test.collected) * time.Hour)
		}
		f.calls = nil
		got := readSteps(t.Context(), s, q)
		if diff := cmp.Diff(test.want, hours(got.borders)); diff != "" || len(got.samples) != 144+2 {
			t.Errorf("%s: %d samples, borders -want +got:\n%s", test.name, len(got.samples), diff)
		}
		if err := got.promised(q.Collected); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if n := 1 + 2*(len(test.want)+1); len(f.calls) != n { // the metrics once, a search and the measures in each step
			t.Errorf("%s: %d calls, want %d: %q", test.name, len(f.calls), n, f.calls)
		}
	}
}

// TestProgress tells how many of the measures were read.
func TestProgress(t *testing.T) {
	_, s := sixHours(t)
	for _, measures := range []int64{1000, 24} {
		s.stepMeasures = measures
		var done, total int64
		var told []int64
		q := usage.Query{Meters: volumes.Meters, Reached: func(time.Time) { told = append(told, total) }, Progress: func(d, n int64) {
			if d < done || d > n {
				t.Errorf("it had read %d, and now has %d of %d", done, d, n)
			}
			done, total = d, n
		}}
		for _, err := range s.Samples(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
		}
		told = append(told, total)
		if done != total || done < 144 || slices.Max(told) > 170 || slices.Min(told) < 144 {
			t.Errorf("it read %d of %d; after each step the total was %d", done, total, told)
		}
	}
}

// TestStepFails ends with the step in which something failed: up to the border
// that was told last all had come, and what follows is not asked for.
func TestStepFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(f *fake, cancel func())
		want   []int
		err    string
	}{
		{"the third search", func(f *fake, _ func()) {
			all, n := f.search, 0
			f.search = func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 3 {
					say(w, 403, `{}`)
					return
				}
				all(w, r)
			}
		}, []int{1, 2}, "403"},
		{"the fourth measures", func(f *fake, _ func()) {
			all, n := f.measures, 0
			f.measures = func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 4 {
					say(w, 200, `{}`)
					return
				}
				all(w, r)
			}
		}, []int{1, 2, 3}, "no measures"},
		{"whoever collects", func(f *fake, cancel func()) {
			all, n := f.measures, 0
			f.measures = func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 2 {
					cancel()
				}
				all(w, r)
			}
		}, []int{1}, context.Canceled.Error()},
	} {
		f, s := sixHours(t)
		ctx, cancel := context.WithCancel(t.Context())
		test.change(f, cancel)
		got := readSteps(ctx, s, volumes)
		cancel()
		if diff := cmp.Diff(test.want, hours(got.borders)); diff != "" {
			t.Errorf("%s: borders -want +got:\n%s", test.name, diff)
		}
		if len(got.errs) != 1 || !strings.Contains(got.errs[0].Error(), test.err) {
			t.Errorf("%s: it ended with %v", test.name, got.errs)
		}
		if err := got.promised(nil); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		// What is read after the last border is the rest.
		border := got.borders[len(got.borders)-1]
		kept := got.samples[:got.after[len(got.after)-1]]
		_, s = sixHours(t)
		s.config.Late = 2 * time.Hour
		rest := readSteps(t.Context(), s, usage.Query{Meters: volumes.Meters, Collected: map[string]time.Time{"a": border, "b": border}})
		for _, sample := range rest.samples {
			if !sample.Time.Before(border) {
				kept = append(kept, sample)
			}
		}
		_, s = sixHours(t)
		want, _ := read(t, s, volumes)
		if diff := cmp.Diff(sorted(want), sorted(kept)); diff != "" {
			t.Errorf("%s: read on, -at once +got:\n%s", test.name, diff)
		}
	}
}

// TestDamagedInSteps holds back the tenant of a metric that cannot be read, and
// does not ask for that in each step again.
func TestDamagedInSteps(t *testing.T) {
	f, s := sixHours(t)
	all, asked := f.measures, 0
	f.measures = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"m1"`) {
			asked++
			say(w, 500, "{}")
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		all(w, r)
	}
	got := readSteps(t.Context(), s, volumes)
	var wrong *usage.TenantError
	if len(got.errs) != 1 || !errors.As(got.errs[0], &wrong) || wrong.Tenant != "a" || asked != 2 { // with the other, and by itself
		t.Errorf("after %d calls for it the errors are %v", asked, got.errs)
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5}, hours(got.borders)); diff != "" || len(got.samples) != 72+2 {
		t.Errorf("%d samples, borders -want +got:\n%s", len(got.samples), diff)
	}
}
