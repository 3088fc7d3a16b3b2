package gnocchi

import (
	"context"
	"errors"
	"fmt"
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
	f, _, s := sixHoursOf(t)
	return f, s
}

func sixHoursOf(t *testing.T) (*fake, *world, *Source) {
	t.Helper()
	f, w := newFake(t), &world{measured: map[string][]int{}}
	w.volume("1", 0, 0, map[int]string{0: "a"}, every(0, 360))
	w.volume("2", 0, 0, map[int]string{0: "b"}, every(0, 360))
	w.in(f)
	s := f.source(t, func(c *Config) { c.Lookback = 24 * time.Hour })
	s.now = func() time.Time { return day.Add(6 * time.Hour) }
	s.stepMeasures = 24 // of an hour
	return f, w, s
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
	f, w, s := sixHoursOf(t)
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
		w.served.Store(0)
		got := readSteps(t.Context(), s, q)
		if diff := cmp.Diff(test.want, hours(got.borders)); diff != "" || len(got.samples) != 144+2 {
			t.Errorf("%s: %d samples, borders -want +got:\n%s", test.name, len(got.samples), diff)
		}
		if err := got.promised(q.Collected); err != nil || w.served.Load() != 144 {
			t.Errorf("%s: Gnocchi sends %d measures, %v", test.name, w.served.Load(), err)
		}
		if n := 1 + 2*(len(test.want)+1); len(f.calls) != n { // the metrics once, a search and the measures in each step
			t.Errorf("%s: %d calls, want %d: %q", test.name, len(f.calls), n, f.calls)
		}
	}
}

// TestMostSteps reads 240 hours five hours at a time, however much there is.
func TestMostSteps(t *testing.T) {
	_, s := sixHours(t)
	s.config.Lookback, s.config.Since, s.stepMeasures = 240*time.Hour, time.Time{}, 1
	q := usage.Query{Meters: volumes.Meters, Before: day.Add(3 * time.Hour)}
	got := readSteps(t.Context(), s, q)
	// From 06:00 ten days before, 237 hours in steps of 237/50, which is 5.
	if n := len(got.borders); n != 47 || hours(got.borders)[0] != 6-240+5 || hours(got.borders)[46] != 1 {
		t.Errorf("there are %d borders: %v", n, hours(got.borders))
	}
	if len(got.samples) != 72+2 { // until 03:00
		t.Errorf("%d samples came", len(got.samples))
	}
}

// TestStepsBegin reads time of which policies keep nothing any more in few steps:
// there is nothing but of what ended.
func TestStepsBegin(t *testing.T) {
	_, w, s := sixHoursOf(t)
	clear(w.measured)
	w.rows = nil
	const ago = 100_000 * 60
	w.volume("1", -ago, 0, map[int]string{-ago: "a"}, every(0, 360))
	w.volume("2", -ago, 0, map[int]string{-ago: "b"}, every(0, 360))
	s.config.Lookback, s.config.Since = 100_000*time.Hour, time.Time{}
	s.stepMeasures = 12 * 24 * 20 * 2 // of 20 days; they are kept for 40
	// Four times a quarter of the 99,040 hours of which nothing is kept, and half of
	// the 40 days that are. Of the rest there is no more than for one step.
	if diff := cmp.Diff([]int{6 - 75_240, 6 - 50_480, 6 - 25_720, 6 - 960, 6 - 480}, hours(readSteps(t.Context(), s, volumes).borders)); diff != "" {
		t.Errorf("borders -want +got:\n%s", diff)
	}
}

// TestStepsOfWhatEnded cuts a month that is over, too: of metrics that ended Gnocchi
// keeps all, however long ago that was.
func TestStepsOfWhatEnded(t *testing.T) {
	f, w, s := sixHoursOf(t)
	clear(w.measured)
	w.rows = nil
	w.volume("1", 0, 30*24*60, map[int]string{0: "a"}, every(0, 30*24*60))
	w.in(f)
	s.now = func() time.Time { return day.Add(100 * 24 * time.Hour) } // they are kept for 40 days
	s.config.Since = day
	s.stepMeasures = 12 * 24 * 10 // of 10 days
	// A quarter of the 60 days of which none that goes on has any; then there is
	// enough left for two steps, of which each would be 20 days of 40.
	if diff := cmp.Diff([]int{15 * 24, 35 * 24}, hours(readSteps(t.Context(), s, volumes).borders)); diff != "" {
		t.Errorf("borders -want +got:\n%s", diff)
	}
}

// TestProgress tells how many of the measures were read. What is there at most is
// known at once, what there is from the first list on.
func TestProgress(t *testing.T) {
	_, w, s := sixHoursOf(t)
	for i := range 8 { // of resources that are over, or elsewhere
		w.measured[fmt.Sprint("other", i)] = nil
	}
	for _, measures := range []int64{1000, 10 * 24} {
		s.stepMeasures = measures
		var dones, totals []int64
		q := usage.Query{Meters: volumes.Meters, Reached: func(time.Time) {}, Progress: func(done, total int64) {
			dones, totals = append(dones, done), append(totals, total)
		}}
		for _, err := range s.Samples(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
		}
		last := len(dones) - 1
		for i, done := range dones {
			if done > totals[i] || i > 0 && (done < dones[i-1] || totals[i] > totals[i-1]+10) {
				t.Errorf("it reads %d of %d", dones, totals)
			}
		}
		// 10 metrics of 72 measures, of which 2 are read; a part counts whole.
		if dones[0] != 0 || totals[0] != 720 || dones[last] != totals[last] || dones[last] < 144 || dones[last] > 160 || slices.Max(totals[2:]) > 160 {
			t.Errorf("it reads %d of %d", dones, totals)
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

// TestStepsOfWhatIsRead cuts by what there is to read, once that is known: most
// metrics of a Gnocchi may be nobody's that is billed.
func TestStepsOfWhatIsRead(t *testing.T) {
	f, w, s := sixHoursOf(t)
	for _, stray := range []string{"m3", "m4", "m5", "m6"} {
		w.measured[stray] = nil
	}
	s.stepMeasures = 72 // of 432 that there may be, and 144 that there are
	got := readSteps(t.Context(), s, volumes)
	if diff := cmp.Diff([]int{1, 4}, hours(got.borders)); diff != "" || len(got.samples) != 144+2 || len(f.calls) != 1+2*3 {
		t.Errorf("%d samples, %d calls, borders -want +got:\n%s", len(got.samples), len(f.calls), diff)
	}
	// What begins after the first step is not forgotten by it.
	_, w, s = sixHoursOf(t)
	clear(w.measured)
	w.rows = nil
	w.volume("1", 180, 0, map[int]string{180: "a"}, every(180, 360))
	s.stepMeasures = 12
	if diff := cmp.Diff([]int{1, 3, 4, 5}, hours(readSteps(t.Context(), s, volumes).borders)); diff != "" {
		t.Errorf("borders -want +got:\n%s", diff)
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
	if diff := cmp.Diff([]int{1, 2, 4}, hours(got.borders)); diff != "" || len(got.samples) != 72+2 { // with half to read, twice as long ones
		t.Errorf("%d samples, borders -want +got:\n%s", len(got.samples), diff)
	}
}
