package gnocchi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// A taker is a Gnocchi that takes measures as one does: by the minute, and none
// that is older than the back window of their metric.
type taker struct {
	volumes    map[string]*taken
	block      int  // in minutes
	backWindow int  // in blocks
	served     int  // measures
	unmixed    bool // there is no meter mixed
	asked      func()
}

// A taken is a volume of three metrics.
type taken struct {
	project        string
	ended, revised int // minutes; ended is 0 while it lives
	metrics        [3]metricTaken
}

// A metricTaken is the minutes of which a metric has a measure.
type metricTaken struct {
	minutes map[int]bool
	last    int
}

var metricNames = [3]string{"volume.size", "volume.seen", "volume.heard"}

func (k *taker) post(name string, metric, minute int) {
	m := &k.volumes[name].metrics[metric]
	if len(m.minutes) > 0 && minute < m.last/k.block*k.block-k.backWindow*k.block {
		return
	}
	if m.minutes == nil {
		m.minutes = map[int]bool{}
	}
	m.minutes[minute] = true
	m.last = max(m.last, minute)
}

// buckets are those of a metric, by the minute at which they begin: how many
// measures each has.
func (m *metricTaken) buckets() map[int]int {
	all := map[int]int{}
	for minute := range m.minutes {
		all[minute/5*5]++
	}
	return all
}

func (k *taker) in(f *fake) {
	f.metrics = func(rw http.ResponseWriter, r *http.Request) {
		var list []string
		if i := slices.Index(metricNames[:], r.URL.Query().Get("name")); i >= 0 {
			for _, name := range slices.Sorted(maps.Keys(k.volumes)) {
				list = append(list, fmt.Sprintf(`{"id": "%d%s", "archive_policy": {"name": "low", "back_window": %d, "aggregation_methods": ["mean"],
					"definition": [{"granularity": "0:05:00", "timespan": "400 days, 0:00:00"}, {"granularity": "%d:%02d:00", "timespan": "400 days, 0:00:00"}]}}`,
					i, name, k.backWindow, k.block/60, k.block%60))
			}
		}
		say(rw, 200, "["+strings.Join(list, ",")+"]")
	}
	f.search = func(rw http.ResponseWriter, _ *http.Request) {
		var list []string
		for _, name := range slices.Sorted(maps.Keys(k.volumes)) {
			v, ended := k.volumes[name], "null"
			if v.ended > 0 {
				ended = fmt.Sprintf("%q", minuteOf(v.ended).Format(time.RFC3339))
			}
			list = append(list, fmt.Sprintf(`{"id": %q, "type": "volume", "project_id": %q, "started_at": "2020-01-01T00:00:00", "ended_at": %s, "revision_start": %q, "revision_end": null, "metrics": {"volume.size": %q, "volume.seen": %q, "volume.heard": %q}}`,
				name, v.project, ended, minuteOf(v.revised).Format(time.RFC3339), "0"+name, "1"+name, "2"+name))
		}
		say(rw, 200, "["+strings.Join(list, ",")+"]")
	}
	f.measures = func(rw http.ResponseWriter, r *http.Request) {
		var asked struct{ Operations []json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			panic(err)
		}
		start, _ := time.Parse(time.RFC3339, r.URL.Query().Get("start"))
		stop, _ := time.Parse(time.RFC3339, r.URL.Query().Get("stop"))
		var members []string
		served := 0
		for _, operation := range asked.Operations[1:] {
			var pair [2]string
			if err := json.Unmarshal(operation, &pair); err != nil {
				panic(err)
			}
			buckets := k.volumes[pair[0][1:]].metrics[pair[0][0]-'0'].buckets()
			var list []string
			for _, minute := range slices.Sorted(maps.Keys(buckets)) {
				if at := minuteOf(minute); !at.Before(start.Truncate(5*time.Minute)) && at.Before(stop) {
					served++
					list = append(list, fmt.Sprintf("[%q, 300.0, %d]", at.Format(time.RFC3339), buckets[minute]))
				}
			}
			members = append(members, fmt.Sprintf(`%q: {"mean": [%s]}`, pair[0], strings.Join(list, ",")))
		}
		f.mu.Lock()
		k.served += served
		f.mu.Unlock()
		if k.asked != nil {
			k.asked()
		}
		say(rw, 200, `{"measures": {`+strings.Join(members, ",")+`}}`)
	}
}

// want is what there is to bill of every volume, by meter and hour: of its size,
// and of its presence, which either metric shows.
func (k *taker) want(before int) map[string]string {
	all := map[string][]string{}
	for name, v := range k.volumes {
		put := func(meter string, minute, value int) {
			if v.ended > 0 && minute >= v.ended {
				value = 0
			}
			if minute < before && (meter != "mixed" || !k.unmixed) {
				hour := fmt.Sprintf("%s of %s in hour %d", meter, name, minute/60)
				all[hour] = append(all[hour], fmt.Sprintf("%04d: %d", minute, value))
			}
		}
		for i := range v.metrics {
			for minute, n := range v.metrics[i].buckets() {
				if i == 0 {
					put("volume.size", minute, n)
				}
				put("volume", minute, 1)
				put("mixed", minute, n)
			}
		}
		if v.ended > 0 {
			put("volume.size", v.ended, 0)
			put("volume", v.ended, 0)
			put("mixed", v.ended, 0)
		}
	}
	return joined(all)
}

func joined(all map[string][]string) map[string]string {
	texts := map[string]string{}
	for hour, list := range all {
		slices.Sort(list)
		texts[hour] = strings.Join(list, ", ")
	}
	return texts
}

// A keeper records what is read as the engine does: hour by hour, with the mark
// and the bookmark of who is not held back.
type keeper struct {
	hours     map[string]string
	marks     map[string]time.Time
	bookmarks map[string]string
	came      int           // samples of the last reading
	lags      time.Duration // so much of the time before now is not recorded
}

// take reads, and records all that came. With keep, which is asked for each
// border that is reached and for the end, what came since the one before is lost
// where it is false, and so is what follows; of who is held nothing is recorded.
func (k *keeper) take(ctx context.Context, s *Source, keep func() bool, held string) (errs []error) {
	var (
		hours = map[string][]string{}
		told  = map[string]string{}
		lost  = false
		end   = s.now().Add(-k.lags).Truncate(time.Hour)
	)
	for _, mark := range k.marks {
		end = later(end, mark)
	}
	record := func(through time.Time) {
		through = earlier(through, end)
		if lost = lost || !keep(); lost {
			return
		}
		maps.Copy(k.hours, joined(hours))
		clear(hours)
		for tenant, text := range told {
			k.bookmarks[tenant] = text
		}
		for _, tenant := range []string{"", "a", "b"} {
			if tenant != held && through.After(k.marks[tenant]) {
				k.marks[tenant] = through
			}
		}
	}
	q := usage.Query{Meters: []string{"mixed", "volume", "volume.size"}, Collected: maps.Clone(k.marks), Bookmarks: maps.Clone(k.bookmarks)}
	latest := time.Time{}
	q.Reached = func(through time.Time) {
		if !latest.Before(through) {
			errs = append(errs, fmt.Errorf("it reached %v, and a sample was of %v", through, latest))
		}
		record(through)
	}
	q.Bookmark = func(tenant, text string) {
		if tenant != held {
			told[tenant] = text
		}
	}
	k.came = 0
	for sample, err := range s.Samples(ctx, q) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		k.came++
		latest = later(latest, sample.Time)
		minute := int(sample.Time.Sub(day) / time.Minute)
		if sample.Tenant != held && sample.Time.Before(end) {
			hour := fmt.Sprintf("%s of %s in hour %d", sample.Meter, sample.Resource, minute/60)
			hours[hour] = append(hours[hour], fmt.Sprintf("%04d: %s", minute, sample.Volume))
		}
	}
	if len(errs) == 0 {
		record(end)
	}
	return errs
}

// manyMetrics are meters that are made of several.
var manyMetrics = map[string]string{
	"volume": "volume, volume.size volume.seen volume.heard, presence, volume",
	"mixed":  "volume, volume.size volume.seen volume.heard, gauge, GB",
}

// TestBookmarks reads what a Gnocchi takes at any time and in any order, in runs
// that die, or cannot record a tenant, while more is taken. All that it took is
// recorded in the end.
func TestBookmarks(t *testing.T) {
	f := newFake(t)
	once := f.source(t, func(c *Config) {
		c.Concurrency, c.Meters, c.Since, c.Lookback = 1, manyMetrics, day, 400*24*time.Hour
	})
	less := 0
	rapid.Check(t, func(t *rapid.T) {
		g := &taker{volumes: map[string]*taken{}, block: rapid.SampledFrom([]int{5, 60, 360}).Draw(t, "block"), backWindow: rapid.IntRange(0, 2).Draw(t, "back window")}
		g.in(f)
		now := 3000
		s := *once
		s.now = func() time.Time { return minuteOf(now) }
		anyOne := func() string {
			return rapid.SampledFrom(slices.Sorted(maps.Keys(g.volumes))).Draw(t, "volume")
		}
		add := func() {
			g.volumes[fmt.Sprint("v", len(g.volumes))] = &taken{project: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "project"), revised: rapid.SampledFrom([]int{0, now}).Draw(t, "revised")}
		}
		post := func(pick func(n int) int) {
			names := slices.Sorted(maps.Keys(g.volumes))
			name, metric := names[pick(len(names))], []int{0, 1, 0, 2}[pick(4)]
			from := max(0, g.volumes[name].metrics[metric].last+[]int{5, 300, -50, -400, -2000, 30}[pick(6)])
			step := []int{20, 5, 60, 3}[pick(4)]
			end := min(now, from+[]int{100, 1, 200, 30}[pick(4)]*step)
			for minute := from; minute < end; minute += step {
				g.post(name, metric, minute)
			}
		}
		k := &keeper{hours: map[string]string{}, marks: map[string]time.Time{}, bookmarks: map[string]string{}}
		take := func(ctx context.Context, keep func() bool, held string) []error {
			errs := k.take(ctx, &s, keep, held)
			all := 0
			for _, v := range g.volumes {
				all += 3*len(v.metrics[0].buckets()) + 2*len(v.metrics[1].buckets()) + 2*len(v.metrics[2].buckets())
			}
			if len(errs) == 0 && k.came*2 < all {
				less++
			}
			return errs
		}
		add()
		for i, project := range []string{"a", "b"} { // which were read before
			name := "old " + project
			g.volumes[name] = &taken{project: project}
			for minute := 0; minute < now; minute += 20 {
				g.post(name, 0, minute)
			}
			g.post(name, 1, i*60)
			g.post(name, 2, 1500)
		}
		s.stepMeasures = 1000
		if errs := take(t.Context(), func() bool { return true }, "none"); len(errs) > 0 {
			t.Fatal(errs)
		}
		now += 300
		for range rapid.IntRange(5, 30).Draw(t, "events") {
			switch rapid.SampledFrom([]string{"post", "run", "wait", "post", "run", "add", "end"}).Draw(t, "event") {
			case "add":
				add()
			case "end":
				v := g.volumes[anyOne()]
				if v.ended > 0 {
					break // nothing ends twice
				}
				v.ended, v.revised = now-rapid.SampledFrom([]int{300, 10, 2000, 0}).Draw(t, "ended"), now
			case "wait":
				now += rapid.SampledFrom([]int{2000, 60, 9000, 7}).Draw(t, "minutes")
			case "post":
				post(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") })
			case "run":
				ctx, cancel := context.WithCancel(context.Background())
				dies, calls := rapid.SampledFrom([]int{100, 1, 2, 3, 5, 8}).Draw(t, "dies"), 0
				meanwhile := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "meanwhile"), 0))
				g.asked = func() {
					if meanwhile.IntN(4) == 0 {
						post(meanwhile.IntN)
					}
					if calls++; calls == dies {
						cancel()
					}
				}
				k.lags = time.Duration(rapid.SampledFrom([]int{0, 0, 10, 30}).Draw(t, "not collected")) * time.Hour
				s.stepMeasures = rapid.SampledFrom([]int64{200, 2000, 20}).Draw(t, "measures")
				take(ctx, func() bool { return rapid.SampledFrom([]bool{true, true, true, true, false}).Draw(t, "kept") }, rapid.SampledFrom([]string{"none", "a", "b"}).Draw(t, "held"))
				cancel()
				g.asked = nil
			}
		}
		k.lags = 0
		if errs := take(t.Context(), func() bool { return true }, "none"); len(errs) > 0 {
			t.Fatal(errs)
		}
		if diff := gocmp.Diff(g.want(now/60*60), k.hours); diff != "" {
			t.Fatalf("recorded, -taken +got:\n%s", diff)
		}
	})
	if less < 10 {
		t.Errorf("%d times less than half was read again", less)
	}
}

// TestReadsWhatChanged reads a month, an hour more, and what a host sends that
// was cut off for three days.
func TestReadsWhatChanged(t *testing.T) {
	f := newFake(t)
	g := &taker{volumes: map[string]*taken{}, block: 60, unmixed: true}
	g.in(f)
	const hour, days = 60, 24 * 60
	now := 30 * days
	s := f.source(t, func(c *Config) {
		c.Lookback, c.Meters = 35*24*time.Hour, map[string]string{"volume": manyMetrics["volume"]}
	})
	s.now = func() time.Time { return minuteOf(now) }
	s.stepMeasures = 1000
	send := func(name string, from, to int) {
		for minute := from; minute < to; minute += 5 {
			g.post(name, 0, minute)
		}
	}
	for name, v := range map[string]*taken{
		"lives": {project: "a"}, "cut off": {project: "a"}, "other": {project: "b"}, "over": {project: "b", ended: 20 * days, revised: 20 * days},
	} {
		g.volumes[name] = v
		g.post(name, 1, 3*hour) // seen once
		end := now
		switch name {
		case "cut off":
			end -= 3 * days
		case "over":
			end = v.ended
		}
		send(name, 0, end)
	}
	k := &keeper{hours: map[string]string{}, marks: map[string]time.Time{}, bookmarks: map[string]string{}}
	run := func() int {
		t.Helper()
		g.served = 0
		f.calls = nil
		if errs := k.take(t.Context(), s, func() bool { return true }, "none"); len(errs) > 0 {
			t.Fatal(errs)
		}
		if diff := gocmp.Diff(g.want(now/hour*hour), k.hours); diff != "" {
			t.Errorf("recorded, -taken +got:\n%s", diff)
		}
		return g.served
	}
	if n, all := run(), 12*24*(30+27+30+20); n < all || n > all*110/100 {
		t.Errorf("the first run reads %d measures; there are %d", n, all)
	}
	if n := run(); n > 4*4*12+callMeasures {
		t.Errorf("the second run reads %d measures", n)
	}
	now += hour
	send("lives", now-hour, now)
	send("other", now-hour, now)
	// Of either that lives four hours, from two before the block that may still
	// change; of the others three until the last measure. What is asked for
	// together may be some more.
	if n := run(); n > 2*12*4+2*12*3+callMeasures {
		t.Errorf("after an hour it reads %d measures", n)
	}
	if n := len(f.calls); n > 4+4 {
		t.Errorf("after an hour it makes %d calls: %q", n, f.calls)
	}
	now += hour
	send("cut off", now-3*days-2*hour, now)
	if n := run(); n < 12*3*24 || n > 12*3*24+200+callMeasures {
		t.Errorf("once the host is back it reads %d measures", n)
	}
	if n := run(); n > 200+callMeasures {
		t.Errorf("then it reads %d measures", n)
	}
}

// TestBookmarkHolds reads on from a bookmark, or all again where what was read
// may be something else.
func TestBookmarkHolds(t *testing.T) {
	f := newFake(t)
	const days = 24 * 60
	for _, test := range []struct {
		name   string
		change func(g *taker, s *Source, q *usage.Query)
		all    bool
	}{
		{"nothing changes", func(*taker, *Source, *usage.Query) {}, false},
		{"late is longer than a month", func(_ *taker, s *Source, _ *usage.Query) { s.config.Late = 31 * 24 * time.Hour }, true},
		{"lookback is longer", func(_ *taker, s *Source, _ *usage.Query) { s.config.Lookback++ }, true},
		{"the clock was ahead", func(_ *taker, s *Source, _ *usage.Query) {
			s.now = func() time.Time { return minuteOf(30*days - 1) }
		}, true},
		{"another datacenter", func(_ *taker, s *Source, _ *usage.Query) { s.config.Datacenter = "south" }, true},
		{"another host pattern", func(_ *taker, s *Source, _ *usage.Query) { s.config.DatacenterHost = map[string]string{"south": "s-*"} }, true},
		{"another metadata key", func(_ *taker, s *Source, _ *usage.Query) { s.config.DatacenterKey = []string{"az"} }, true},
		{"another unit", func(_ *taker, s *Source, _ *usage.Query) {
			m := s.meters["volume.size"]
			m.unit = "GiB"
			s.meters = map[string]meter{"volume.size": m}
		}, true},
		{"a new meter", func(_ *taker, _ *Source, q *usage.Query) {
			for tenant := range q.Collected {
				q.Collected[tenant] = time.Time{}
			}
		}, true},
		{"a clock that was ahead", func(_ *taker, _ *Source, q *usage.Query) { q.Collected["a"] = minuteOf(31 * days) }, true},
		{"the resource is another's now", func(g *taker, _ *Source, _ *usage.Query) { g.volumes["v"].project = "b" }, true},
		{"the resource was revised", func(g *taker, _ *Source, _ *usage.Query) { g.volumes["v"].revised = 30*days - 60 }, true},
		{"the resource was revised before", func(g *taker, _ *Source, _ *usage.Query) { g.volumes["v"].revised = 29 * days }, false},
		{"the policy does not say its back window", func(g *taker, _ *Source, _ *usage.Query) { g.backWindow = -1 }, false},
		{"a bookmark of nobody", func(_ *taker, _ *Source, q *usage.Query) { delete(q.Bookmarks, "a") }, true},
		{"a bookmark that is none", func(_ *taker, _ *Source, q *usage.Query) { q.Bookmarks["a"] = "page 3" }, true},
		{"a bookmark with half a metric", func(_ *taker, _ *Source, q *usage.Query) {
			q.Bookmarks["a"] = strings.Replace(q.Bookmarks["a"], `Z":"`, `Z":"AAAA`, 1)
		}, true},
		{"a bookmark of no instant", func(_ *taker, _ *Source, q *usage.Query) {
			q.Bookmarks["a"] = strings.Replace(q.Bookmarks["a"], `:00Z":"`, `":"`, 1)
		}, true},
	} {
		g := &taker{volumes: map[string]*taken{"v": {project: "a"}}, block: 5}
		for minute := 0; minute < 30*days; minute += 5 {
			g.post("v", 0, minute)
		}
		g.in(f)
		s := f.source(t, func(c *Config) { c.Lookback = 35 * 24 * time.Hour })
		s.now = func() time.Time { return minuteOf(30 * days) }
		q := usage.Query{Meters: volumes.Meters, Bookmarks: map[string]string{}}
		q.Bookmark = func(tenant, text string) { q.Bookmarks[tenant] = text }
		if samples, errs := read(t, s, q); len(samples) != 12*24*30 || len(errs) > 0 {
			t.Fatalf("%d samples, %v", len(samples), errs)
		}
		q.Collected = map[string]time.Time{"": s.now(), "a": s.now()}
		q.Bookmarks = maps.Clone(q.Bookmarks)
		test.change(g, s, &q)
		want := 12 * 3 // from two hours before the last measure's
		if test.all {
			want *= 24 * 10
		}
		samples, errs := read(t, s, q)
		if n := len(samples); n != want || len(errs) > 0 {
			t.Errorf("%s: %d samples, want %d; %q", test.name, n, want, errs)
		}
	}
}
