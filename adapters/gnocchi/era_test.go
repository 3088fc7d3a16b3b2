package gnocchi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// keepsMany lets the fake keep of one volume all that was measured from a day on,
// in buckets of several lengths.
func (f *fake) keepsMany(began time.Time, lengths map[time.Duration]string) {
	var definition []string
	for length, timespan := range lengths {
		definition = append(definition, fmt.Sprintf(`{"granularity": %q, "timespan": %q}`, time.Time{}.Add(length).Format("15:04:05"), timespan))
	}
	f.metrics = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("name") != "volume.size" {
			say(w, 200, `[]`)
			return
		}
		say(w, 200, `[{"id": "m1", "archive_policy": {"name": "low", "aggregation_methods": ["mean"], "definition": [`+strings.Join(definition, ",")+`]}}]`)
	}
	f.search = func(w http.ResponseWriter, _ *http.Request) {
		say(w, 200, "["+rowJSON("1", "2026-09-01T00:00:00+00:00", began.Format(time.RFC3339))+"]")
	}
	f.measures = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		length, err1 := time.ParseDuration(q.Get("granularity") + "s")
		start, err2 := time.Parse(time.RFC3339, q.Get("start"))
		stop, err3 := time.Parse(time.RFC3339, q.Get("stop"))
		if err1 != nil || err2 != nil || err3 != nil || lengths[length] == "" {
			say(w, 404, "{}")
			return
		}
		var list []string
		for at := time.Unix(0, later(start, began).UnixNano()/int64(length)*int64(length)).UTC(); at.Before(stop); at = at.Add(length) {
			list = append(list, fmt.Sprintf("[%q, %s, 1]", at.Format(time.RFC3339), q.Get("granularity")))
		}
		say(w, 200, `{"measures": {"m1": {"mean": [`+strings.Join(list, ",")+`]}}}`)
	}
}

// TestGranularityChanges reads again and again, with another granularity picked
// now and then. What was read comes again as it was, and each bucket begins where
// the one before it ended: nothing is counted twice, or not at all.
func TestGranularityChanges(t *testing.T) {
	f := newFake(t)
	f.keepsMany(day, map[time.Duration]string{5 * time.Minute: "2 days, 0:00:00", 7 * time.Minute: "4 days, 0:00:00", time.Hour: "8 days, 0:00:00", 4 * time.Hour: "30 days, 0:00:00"})
	once, most := f.source(t, nil), 0
	rapid.Check(t, func(t *rapid.T) {
		s, now, remembered := *once, day, ""
		marks, known, used := map[string]time.Time{}, map[string]bool{}, map[time.Duration]bool{}
		end := day // of the bucket that was recorded last
		for range rapid.IntRange(1, 8).Draw(t, "runs") {
			now = now.Add(time.Duration(rapid.IntRange(60, 20*60).Draw(t, "minutes")) * time.Minute)
			s.now = func() time.Time { return now }
			// What was measured is kept for longer than the test lasts.
			s.config.Lookback = rapid.SampledFrom([]time.Duration{2, 4, 8, 30}).Draw(t, "days") * 24 * time.Hour
			s.config.Since = day
			s.stepMeasures = rapid.Int64Range(10, 1000).Draw(t, "measures") // of a step
			q := usage.Query{Meters: volumes.Meters, Collected: marks, Remembered: remembered, Remember: func(text string) { remembered = text }, Reached: func(time.Time) {}}
			through := usage.WindowAt(now).Start
			samples, errs := []usage.Sample(nil), []error(nil)
			for sample, err := range s.Samples(t.Context(), q) {
				if samples = append(samples, sample); err != nil {
					errs = append(errs, err)
				}
			}
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			for _, sample := range usage.Sort(samples) {
				if !sample.HasVolume || !sample.Time.Before(through) || known[sample.ID] {
					continue // it began; not due; read again
				}
				length := lengthOf(t, sample)
				if sample.Time.Before(marks[""]) || !sample.Time.Equal(end) {
					t.Fatalf("%s was not there before, up to %v; the one before it ended at %v", sample.ID, marks[""], end)
				}
				known[sample.ID], used[length], end = true, true, sample.Time.Add(length)
			}
			marks = map[string]time.Time{"": through, "acme": through}
		}
		most = max(most, len(used))
	})
	if most < 3 {
		t.Errorf("%d granularities were used at most", most)
	}
}

// lengthOf is how long the bucket of a sample is, as its id says.
func lengthOf(t *rapid.T, s usage.Sample) time.Duration {
	length, err := time.ParseDuration(s.ID[strings.LastIndex(s.ID, "/")+1:] + "s")
	if err != nil {
		t.Fatal(err)
	}
	return length
}

func TestEras(t *testing.T) {
	const fine, coarse, daily = 5 * time.Minute, time.Hour, 24 * time.Hour
	keeps := func(spans ...int) *policy {
		p := &policy{}
		for i, granularity := range []time.Duration{fine, coarse, daily}[:len(spans)] {
			p.kept = append(p.kept, kept{granularity, time.Duration(spans[i]) * daily})
		}
		return p
	}
	at := func(days, hours int) time.Time { return day.Add(time.Duration(days*24+hours) * time.Hour) }
	now := at(10, 9).Add(30 * time.Minute)
	for name, test := range map[string]struct {
		before   eras
		policy   *policy
		recorded time.Time
		want     eras
	}{
		"the first":                    {nil, keeps(30, 90), at(10, 8), eras{{Granularity: coarse}}},
		"no other":                     {eras{{Granularity: coarse}}, keeps(30, 90), at(10, 8), eras{{Granularity: coarse}}},
		"a finer one is kept longer":   {eras{{Granularity: coarse}}, keeps(40, 90), at(10, 8), eras{{coarse, at(10, 10)}, {Granularity: fine}}},
		"a finer one is kept shorter":  {eras{{Granularity: fine}}, keeps(30, 90), at(10, 8), eras{{fine, at(10, 10)}, {Granularity: coarse}}},
		"too short for what is wanted": {eras{{Granularity: fine}}, keeps(2, 90), at(5, 8), eras{{fine, at(5, 8)}, {Granularity: coarse}}},
		"where a day is over":          {eras{{Granularity: daily}}, keeps(40, 90, 90), at(10, 8), eras{{daily, at(11, 0)}, {Granularity: fine}}},
		"back before it began":         {eras{{daily, at(11, 0)}, {Granularity: coarse}}, keeps(30, 30, 90), at(10, 8), eras{{Granularity: daily}}},
		"another before it began":      {eras{{daily, at(11, 0)}, {Granularity: coarse}}, keeps(40, 90, 90), at(10, 8), eras{{daily, at(11, 0)}, {Granularity: fine}}},
		"a third":                      {eras{{fine, at(3, 0)}, {Granularity: coarse}}, keeps(40, 90), at(10, 8), eras{{fine, at(3, 0)}, {coarse, at(10, 10)}, {Granularity: fine}}},
		"made anew without one":        {eras{{daily, at(3, 0)}, {Granularity: coarse}}, keeps(30, 90), at(10, 8), eras{{Granularity: coarse}}},
	} {
		got := test.before.next(test.policy, 35*daily, now, test.recorded)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again eras
		if err := json.Unmarshal(text, &again); err != nil || !cmp.Equal(got, again) {
			t.Errorf("%s is remembered as %v: %v", text, again, err)
		}
	}
}

func TestDamagedMemory(t *testing.T) {
	q := volumes
	q.Remembered = `{"low": 7}`
	samples, errs := read(t, newFake(t).source(t, nil), q)
	if len(samples) > 0 || len(errs) != 1 || !strings.Contains(errs[0], "what is remembered of earlier readings is damaged") {
		t.Errorf("%d samples, %q", len(samples), errs)
	}
}
