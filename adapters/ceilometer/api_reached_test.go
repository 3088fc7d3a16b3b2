package ceilometer

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// What was reached is whole: whoever keeps the samples before it, and asks again
// from there after a run that ended anywhere, has all of them.
func TestAPIReached(t *testing.T) {
	days := func(from, to int) (all []time.Time) { // of March
		for ; from <= to; from++ {
			all = append(all, march.AddDate(0, 0, from-1))
		}
		return all
	}
	for _, test := range []struct {
		name      string
		collected []time.Time // of tenants
		before    time.Time
		want      []time.Time
	}{
		{name: "the first time", want: days(3, 10)}, // since noon of the 2nd; now is noon of the 10th
		{name: "collected at noon", collected: []time.Time{march.Add(4*day + 12*time.Hour)}, want: days(6, 10)},
		{name: "collected at a border", collected: []time.Time{march.Add(4 * day)}, want: days(6, 10)},
		{name: "a tenant is held back", collected: []time.Time{march.Add(2 * day), march.Add(7*day + time.Hour)}, want: days(9, 10)},
		{name: "a meter is new", collected: []time.Time{{}, {}}, want: days(3, 10)},
		{name: "collected today", collected: []time.Time{march.Add(9*day + time.Hour)}},
		{name: "a clock was ahead", collected: []time.Time{march.Add(90 * day)}},
		{name: "before", before: march.Add(4 * day), want: days(3, 4)},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFakeAPI(t)
			f.fill("volume.size", march, f.now, 2*time.Hour, 1)
			f.fill("instance", march, f.now, time.Hour, 2)
			c := f.config()
			c.Since = march.Add(day + 12*time.Hour)
			q := usage.Query{Meters: []string{"volume.size", "instance"}, Before: test.before, Collected: map[string]time.Time{}}
			for i, through := range test.collected {
				q.Collected[fmt.Sprintf("t%d", i)] = through
			}
			a := f.open(c)
			from := a.start(q.Collected)
			var reached []time.Time
			ids := map[string]int{}
			q.Reached = func(through time.Time) {
				reached = append(reached, through)
				want := map[string]int{}
				for _, s := range f.samples {
					if !s.at.Before(from) && s.at.Before(through) {
						want[s.id] = 1
					}
				}
				f.compare("reached "+through.String(), want, ids, nil)
			}
			for s, err := range a.Samples(t.Context(), q) {
				if err != nil {
					t.Fatal(err)
				}
				ids[s.ID]++
			}
			if diff := cmp.Diff(test.want, reached); diff != "" {
				t.Errorf("reached (-want +got):\n%s", diff)
			}
		})
	}
}

// askedFor is from when on a request asks for samples, and of which meter.
func askedFor(r *http.Request) (from, meter string) {
	values := r.URL.Query()["q.value"]
	return values[0], values[2]
}

// Nothing is reached any more once something could not be read: it was not
// yielded. What an answer has wrong is told, and its day is reached.
func TestAPIReachesNothingAfterAFailure(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter)
		want   int
	}{
		{"a request fails", func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, 3},
		{"a sample is wrong", func(w http.ResponseWriter) { fmt.Fprint(w, `[{}]`) }, 8},
	} {
		f := newFakeAPI(t)
		f.fault = func(w http.ResponseWriter, r *http.Request) bool {
			from, meter := askedFor(r)
			fails := meter == "volume.size" && from == "2014-03-05T00:00:00"
			if fails {
				test.answer(w)
			}
			return fails
		}
		c := f.config()
		c.Since = march.Add(day)
		reached := 0
		_, mistakes := f.ids(f.open(c), usage.Query{Meters: []string{"instance", "volume.size"}, Reached: func(time.Time) { reached++ }})
		if len(mistakes) != 1 || reached != test.want {
			t.Errorf("%s: %d mistakes, reached %d times, want %d", test.name, len(mistakes), reached, test.want)
		}
	}
}

// A run that dies, of a consumer that keeps what is reached, goes on at the day
// where it died; and in the end each sample is there.
func TestAPIResumes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFakeAPI(t)
		since := march.Add(6 * day)
		f.fill("volume.size", since, f.now, 6*time.Hour, 1)
		f.fill("instance", since, f.now, time.Duration(rapid.IntRange(30, 90).Draw(rt, "minutes"))*time.Minute, 2)
		c := f.config()
		c.Since, c.Late, c.Page = since, 0, uint32(rapid.IntRange(5, 100).Draw(rt, "page"))
		c.Concurrency = uint8(rapid.IntRange(1, 5).Draw(rt, "concurrency"))
		a := f.open(c)
		kept := map[string]int{}
		collected := map[string]time.Time{}
		for runs := 1; ; runs++ {
			var pending []usage.Sample
			q := usage.Query{Meters: []string{"volume.size", "instance"}, Collected: maps.Clone(collected)}
			q.Reached = func(through time.Time) {
				if !through.After(collected[""]) || !usage.OnBorder(through) {
					rt.Fatalf("reached %v after %v", through, collected[""])
				}
				collected[""] = through
				left := pending[:0]
				for _, s := range pending {
					if s.Time.Before(through) {
						kept[s.ID] = 1
					} else {
						left = append(left, s)
					}
				}
				pending = left
			}
			dies := rapid.IntRange(1, 300).Draw(rt, "dies")
			n, died := 0, false
			for s, err := range a.Samples(t.Context(), q) {
				if err != nil {
					rt.Fatal(err)
				}
				pending = append(pending, s)
				if n++; n == dies && runs < 20 {
					died = true
					break
				}
			}
			if !died {
				for _, s := range pending {
					kept[s.ID] = 1
				}
				break
			}
		}
		if diff := cmp.Diff(f.want(since, "volume.size", "instance"), kept); diff != "" {
			rt.Errorf("-want +got:\n%.2000s", diff)
		}
	})
}

// Progress goes up to all there is, whatever the samples are.
func TestAPIProgress(t *testing.T) {
	for _, fails := range []bool{false, true} {
		f := newFakeAPI(t)
		f.fill("instance", march, f.now, 15*time.Minute, 2)
		if fails {
			f.fault = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusForbidden)
				return true
			}
		}
		c := f.config()
		c.Since, c.Page = march, 50
		var last, total int64
		f.ids(f.open(c), usage.Query{Meters: []string{"instance", "volume.size"}, Progress: func(done, all int64) {
			if done < last || done > all || total != 0 && all != total {
				t.Errorf("%d of %d after %d of %d", done, all, last, total)
			}
			last, total = done, all
		}})
		// 9 days and 14 hours of 2 meters: up to two hours from noon of the 10th.
		if want := int64(2 * (9*24 + 14) * 3600); last != want || total != want {
			t.Errorf("fails is %v: %d of %d seconds, want %d", fails, last, total, want)
		}
	}
}

// Several parts of one day are asked for at the same time, where it is of one
// meter only.
func TestAPIAsksAtOnce(t *testing.T) {
	f := newFakeAPI(t)
	f.fill("instance", march, march.Add(day), time.Minute, 1)
	gate := make(chan struct{})
	waiting := 0
	f.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if from, _ := askedFor(r); waiting < 0 || f.asked == 1 || !strings.HasPrefix(from, "2014-03-01T") {
			return false // that of the whole day comes alone
		}
		if waiting++; waiting == 2 {
			waiting = -1
			close(gate)
			return false
		}
		f.mu.Unlock()
		defer f.mu.Lock()
		select {
		case <-gate:
		case <-t.Context().Done():
		}
		return false
	}
	c := f.config()
	c.Since, c.Page = march, 100
	ids, mistakes := f.ids(f.open(c), usage.Query{Meters: []string{"instance"}, Before: march.Add(day)})
	f.compare("at once", f.want(march, "instance"), ids, mistakes)
	if waiting != -1 {
		t.Error("one request after the other")
	}
}
