package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// fill stores samples of a meter: one of each of some resources every so often.
func (f *fakeAPI) fill(meter string, from, to time.Time, every time.Duration, resources int) {
	for at := from; at.Before(to); at = at.Add(every) {
		for i := range resources {
			f.samples = append(f.samples, fakeSample{
				id: fmt.Sprintf("%s-%d-%d", meter, at.UnixMicro(), i), meter: meter, tenant: fmt.Sprintf("t%d", i%3),
				resource: fmt.Sprintf("r%d", i), volume: "1.5", at: at, metadata: map[string]string{"host": "hlz-1"},
			})
		}
	}
}

// ids reads the ids of samples, how often each comes, and the mistakes.
func (f *fakeAPI) ids(a *API, q usage.Query) (ids map[string]int, mistakes []string) {
	ids = map[string]int{}
	for s, err := range a.Samples(f.t.Context(), q) {
		if err != nil {
			mistakes = append(mistakes, err.Error())
			continue
		}
		ids[s.ID]++
	}
	return ids, mistakes
}

// want are the ids of what is stored of some meters, each once.
func (f *fakeAPI) want(from time.Time, meters ...string) map[string]int {
	want := map[string]int{}
	for _, s := range f.samples {
		if slices.Contains(meters, s.meter) && !s.at.Before(from) {
			want[s.id]++
		}
	}
	return want
}

func (f *fakeAPI) compare(what string, want, got map[string]int, mistakes []string) {
	f.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" || len(mistakes) > 0 {
		f.t.Errorf("%s: %d samples, want %d; %q (-want +got):\n%.2000s", what, len(got), len(want), mistakes, diff)
	}
}

var march = time.Date(2014, 3, 1, 0, 0, 0, 0, time.UTC)

func TestAPISampleIsReadWhole(t *testing.T) {
	for _, old := range []bool{false, true} {
		f := newFakeAPI(t)
		f.old = old
		f.samples = []fakeSample{{id: "a", meter: "disk/read é", tenant: "t1", resource: "r1", volume: "0.1000000000000000055511", at: march.Add(123456 * time.Microsecond),
			metadata: map[string]string{"host": "hlz-1", "flavor.name": "m1.tiny"}}}
		c := f.config()
		c.DatacenterHost = map[string]string{"nz-hlz-1": "hlz-*"}
		var got []usage.Sample
		for s, err := range f.open(c).Samples(t.Context(), usage.Query{Meters: []string{"disk/read é"}, Metadata: []string{"flavor.name"}}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, s)
		}
		path := "/metering/v2/samples"
		if old {
			path = "/metering/v2/meters/disk%2Fread%20%C3%A9"
		}
		at := march.Add(123456 * time.Microsecond)
		want := []usage.Sample{{
			ID: "a", Meter: "disk/read é", Kind: usage.Gauge, Unit: "GB", Tenant: "t1", Resource: "r1", Datacenter: "nz-hlz-1",
			HasVolume: true, Time: at, Recorded: at, Metadata: map[string]string{"flavor.name": "m1.tiny"},
		}}
		if len(got) == 1 {
			o := got[0].Origin
			if !strings.HasPrefix(o.Name, f.URL+path+"?limit=100&") || o.Line != 1 || o.Index != 1 {
				t.Errorf("it is from %v", o)
			}
			want[0].Origin = o
			if text := got[0].Volume.String(); text != "0.1000000000000000055511" {
				t.Errorf("the volume is %s", text)
			}
			want[0].Volume = got[0].Volume
		}
		if diff := cmp.Diff(want, got, equalVolumes); diff != "" {
			t.Errorf("old is %v (-want +got):\n%s", old, diff)
		}
	}
}

// However many samples there are, and however many of them at one instant: each
// is read, once, whatever an answer may hold.
func TestAPIPages(t *testing.T) {
	for _, test := range []struct {
		name string
		page uint32
		fill func(f *fakeAPI)
	}{
		{"few", 100, func(f *fakeAPI) { f.fill("volume.size", march, march.Add(2*day), time.Hour, 1) }},
		{"a full page, exactly", 24, func(f *fakeAPI) { f.fill("volume.size", march, march.Add(2*day), time.Hour, 1) }},
		{"many", 7, func(f *fakeAPI) { f.fill("volume.size", march, march.Add(day), 10*time.Minute, 3) }},
		{"many at one instant", 10, func(f *fakeAPI) { f.fill("volume.size", march.Add(time.Hour), march.Add(3*time.Hour), time.Hour, 95) }},
		{"many on the border of days", 10, func(f *fakeAPI) { f.fill("volume.size", march, march.Add(3*day), day, 40) }},
		{"one at a time", 1, func(f *fakeAPI) { f.fill("volume.size", march, march.Add(time.Hour), 20*time.Minute, 2) }},
		{"within a second", 5, func(f *fakeAPI) { f.fill("volume.size", march, march.Add(time.Second), 25*time.Millisecond, 1) }},
	} {
		for _, shape := range []string{shapeSamples, shapeMeters} {
			t.Run(test.name+"/"+shape, func(t *testing.T) {
				f := newFakeAPI(t)
				test.fill(f)
				f.fill("other", march, march.Add(day), time.Hour, 1)
				c := f.config()
				c.Page, c.Shape = test.page, shape
				ids, mistakes := f.ids(f.open(c), usage.Query{Meters: []string{"volume.size"}})
				f.compare(test.name, f.want(march, "volume.size"), ids, mistakes)
			})
		}
	}
}

// A cloud of a hundred instances is asked a few times a day, not once a sample.
func TestAPIAsksLittle(t *testing.T) {
	f := newFakeAPI(t)
	f.fill("instance", march, march.Add(5*day), 10*time.Minute, 20) // 14,400 samples, 2,880 a day
	c := f.config()
	c.Page, c.Since = 200, march
	ids, mistakes := f.ids(f.open(c), usage.Query{Meters: []string{"instance"}})
	f.compare("all", f.want(march, "instance"), ids, mistakes)
	// 14.4 pages a day at the least, with halves about 25; and 6 empty days.
	if f.asked > 5*35+6 {
		t.Errorf("%d requests", f.asked)
	}
}

// A run reads what was not collected before, and what may have come late.
func TestAPIGoesOn(t *testing.T) {
	f := newFakeAPI(t)
	f.fill("volume.size", march, f.now, time.Hour, 1)
	for _, test := range []struct {
		name      string
		since     time.Time
		lookback  time.Duration // if another than usual
		fresh     bool          // whether all is known by name only
		collected time.Time
		held      time.Time // what a tenant was collected up to, if another time
		before    time.Time
		from, to  time.Time
	}{
		{name: "the first time", from: march, to: f.now},
		{name: "collected", collected: march.Add(5 * day), from: march.Add(3 * day), to: f.now},
		{name: "a tenant is held back", collected: march.Add(9 * day), held: march.Add(4 * day), from: march.Add(2 * day), to: f.now},
		{name: "a tenant is ahead", collected: march.Add(5 * day), held: march.Add(9 * day), from: march.Add(3 * day), to: f.now},
		{name: "long ago", lookback: 3 * day, collected: march.Add(4 * day), from: march.Add(2 * day), to: f.now},
		{name: "held back for long", lookback: 3 * day, collected: march.Add(9 * day), held: march.Add(4 * day), from: march.Add(2 * day), to: f.now},
		{name: "long ago, and since", lookback: 3 * day, since: march.Add(3 * day), collected: march.Add(4 * day), from: march.Add(3 * day), to: f.now},
		{name: "the first time, lookback", lookback: 3 * day, from: f.now.Add(-3 * day), to: f.now},
		{name: "the first time, since", lookback: 3 * day, since: march.Add(day), from: march.Add(day), to: f.now},
		{name: "nothing of a new meter", lookback: 3 * day, fresh: true, from: f.now.Add(-3 * day), to: f.now},
		{name: "nothing of a new meter, held back for long", lookback: 3 * day, fresh: true, held: march.Add(4 * day), from: march.Add(2 * day), to: f.now},
		{name: "since", since: march.Add(4 * day), from: march.Add(4 * day), to: f.now},
		{name: "since, and collected", since: march.Add(4 * day), collected: march.Add(5 * day), from: march.Add(4 * day), to: f.now},
		{name: "before", before: march.Add(day + 5*time.Hour), from: march, to: march.Add(day + 5*time.Hour)},
		{name: "collected by a clock ahead", collected: march.Add(90 * day), from: march, to: f.now},
	} {
		c := f.config()
		c.Since = test.since
		if test.lookback != 0 {
			c.Lookback = test.lookback
		}
		q := usage.Query{Meters: []string{"volume.size"}, Before: test.before}
		if test.fresh || !test.collected.IsZero() {
			q.Collected = map[string]time.Time{"": test.collected, "t0": test.collected}
		}
		if !test.held.IsZero() {
			q.Collected["t1"] = test.held
		}
		ids, mistakes := f.ids(f.open(c), q)
		want := f.want(test.from, "volume.size")
		maps.DeleteFunc(want, func(id string, _ int) bool {
			return id >= fmt.Sprintf("volume.size-%d", test.to.UnixMicro())
		})
		f.compare(test.name, want, ids, mistakes)
	}
}

// Only tenants count that tenants.* take, and those that Keystone does not know
// any more: where these only ignore some, and else if they were collected before
// or tenants.deleted says so. t2 is one of these.
func TestAPITenants(t *testing.T) {
	const samples = 4 // of t0, t1, t2 and t0
	all := func(ignored ...string) openstack.TenantFilter { return openstack.TenantFilter{Ignore: ignored} }
	limited := func(ignored ...string) openstack.TenantFilter {
		return openstack.TenantFilter{Name: []string{"*"}, Ignore: ignored}
	}
	deleted := limited("t1")
	deleted.Deleted = true
	const narrow = `tenants.* do not take its project %q (was it deleted in Keystone? see tenants.deleted and tenants.include)`
	const ignored = `tenants.ignore lists its project %q`
	for _, test := range []struct {
		name   string
		filter openstack.TenantFilter
		before []string
		left   map[string]string
	}{
		{"by a name", limited("t1"), nil, map[string]string{"t1": narrow, "t2": narrow}},
		{"those that were collected before", limited("t1"), []string{"t1", "t2"}, map[string]string{"t1": narrow}},
		{"t1 ignored by a name that it is there to have", limited("name of t1"), []string{"t1", "t2"}, map[string]string{"t1": narrow}},
		{"t2 ignored as well", limited("t1", "t2"), []string{"t1", "t2"}, map[string]string{"t1": narrow, "t2": narrow}},
		{"whoever was deleted", deleted, nil, map[string]string{"t1": narrow}},
		{"all but t1", all("t1"), nil, map[string]string{"t1": ignored}},
		{"all but t1, by its name", all("name of t1", "t7"), nil, map[string]string{"t1": ignored}},
		{"all but t1 and one that was deleted", all("t1", "t2"), []string{"t1", "t2"}, map[string]string{"t1": ignored, "t2": ignored}},
		{"all but one that nobody knows", all("service"), nil, nil},
	} {
		f := newFakeAPI(t)
		f.projects = []string{"t0", "t1"}
		f.fill("volume.size", march, march.Add(time.Hour), time.Hour, samples)
		c := f.config()
		c.Tenants = test.filter
		left := map[string]string{}
		q := usage.Query{Meters: []string{"volume.size"}, Collected: map[string]time.Time{}, LeftOut: func(s usage.Sample, why string) { left[s.Tenant] = why }}
		for _, tenant := range test.before {
			q.Collected[tenant] = march
		}
		want := map[string]string{}
		for tenant, why := range test.left {
			want[tenant] = fmt.Sprintf(why, tenant)
		}
		ids, mistakes := f.ids(f.open(c), q)
		if len(mistakes) > 0 || len(ids) != samples-len(want) {
			t.Errorf("%s: %d samples, want %d; %q", test.name, len(ids), samples-len(want), mistakes)
		}
		if diff := cmp.Diff(want, left); diff != "" {
			t.Errorf("%s: left out (-want +got):\n%s", test.name, diff)
		}
	}
}

// The tenants are those that Keystone lists, and tenants.* take.
func TestAPIListsTenants(t *testing.T) {
	f := newFakeAPI(t)
	f.projects = []string{"t0", "t1"}
	c := f.config()
	c.Tenants.Ignore = []string{"t1"}
	var tenants []usage.Tenant
	for tenant, err := range f.open(c).Tenants(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		tenants = append(tenants, tenant)
	}
	if len(tenants) != 1 || tenants[0].ID != "t0" || tenants[0].Name != "name of t0" {
		t.Errorf("the tenants are %v", tenants)
	}
}

// What passes is asked again. What does not is told, for its meter only.
func TestAPIFaults(t *testing.T) {
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	text := func(s string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { fmt.Fprint(w, s) }
	}
	wrong := func(old, new string) func(http.ResponseWriter) {
		return text(`[{"id":"x","meter":"volume.size","type":"gauge","unit":"GB","volume":1,"project_id":"t","resource_id":"r","timestamp":"2014-03-01T00:00:00","metadata":{}},` +
			strings.Replace(`{"id":"y","meter":"volume.size","type":"gauge","unit":"GB","volume":1,"project_id":"t","resource_id":"r","timestamp":"2014-03-01T00:00:00","metadata":{}}]`, old, new, 1))
	}
	for _, test := range []struct {
		name   string
		fault  func(http.ResponseWriter)
		always bool   // or only the first two times
		want   string // "" for nothing
	}{
		{"unavailable", status(503), false, ""},
		{"broken", status(500), false, ""},
		{"too many", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); w.WriteHeader(429) }, false, ""},
		{"a body that is cut", func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); fmt.Fprint(w, `[{"id":`) }, false, ""},
		{"a lost connection", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, false, ""},
		{"unavailable for long", status(503), true, "503 Service Unavailable; gave up after 4m31s (retry_for is 5m0s)"},
		{"not there", status(404), true, "404 Not Found (is it Ceilometer's API that answers there? correct the endpoint, or set shape)"},
		{"forbidden", status(403), true, "403 Forbidden (give the login the role admin in its project)"},
		{"elsewhere", func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://127.0.0.2:1/v2/samples")
			w.WriteHeader(302)
		}, true, "it points elsewhere; correct the endpoint"},
		{"a page for people", text("<html>"), true, "the answer is not a JSON list of samples (is this Ceilometer?)"},
		{"nothing", text(""), true, "the answer is not a JSON list"},
		{"an object", text(`{"error_message": "x"}`), true, "the answer is not a JSON list"},
		{"half a list", text(`[{"id": "x"`), true, "the answer ends in the middle, after 0 samples: it was cut short; collect it again"},
		{"no resource", wrong(`"r"`, "null"), true, "sample 2: no resource (resource_id is missing, null or empty); Ceilometer has it so: set since to a later time, or leave the meter out"},
		{"a volume in words", wrong(`"volume":1`, `"volume":"1"`), true, "the volume is a text, not a number"},
		{"a time in seconds", wrong(`"2014-03-01T00:00:00"`, "1393632000"), true, "timestamp is a number, not a text"},
		{"not UTF-8", wrong(`"r"`, "\"\xff\""), true, "sample 2: "},
		{"deep", text(strings.Repeat("[", 20000)), true, ":1: sample 1: not JSON: exceeded max depth"},
		{"more than may be", text("[" + strings.Repeat(" ", 65<<20) + "]"), true, "larger than max_answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFakeAPI(t)
			f.fill("volume.size", march, march.Add(2*day), time.Hour, 1)
			f.fill("ip.floating", march, march.Add(2*day), time.Hour, 1)
			times := 0
			f.fault = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.RawQuery, "volume.size") {
					return false
				}
				if times++; !test.always && times > 2 {
					return false
				}
				test.fault(w)
				return true
			}
			c := f.config()
			c.Since, c.Shape = march, shapeSamples
			ids, mistakes := f.ids(f.open(c), usage.Query{Meters: []string{"volume.size", "ip.floating"}})
			want := f.want(march, "volume.size", "ip.floating")
			if !test.always {
				f.compare(test.name, want, ids, mistakes)
				return
			}
			if len(mistakes) == 0 || !strings.Contains(mistakes[0], test.want) || strings.Contains(strings.Join(mistakes, ""), "ip.floating") {
				t.Errorf("mistakes are %q, want %q", mistakes, test.want)
			}
			for id := range f.want(march, "ip.floating") {
				if ids[id] != 1 {
					t.Errorf("%s of the other meter comes %d times", id, ids[id])
				}
			}
		})
	}
}

// A sample that an answer has twice comes twice: who counts them counts it once.
// An answer that is full of them is asked for again all the same.
func TestAPIRepeats(t *testing.T) {
	f := newFakeAPI(t)
	f.fill("volume.size", march, march.Add(time.Hour), time.Minute, 1)
	f.samples = append(f.samples, f.samples...)
	c := f.config()
	c.Page = 10
	ids, mistakes := f.ids(f.open(c), usage.Query{Meters: []string{"volume.size"}})
	f.compare("twice", f.want(march, "volume.size"), ids, mistakes)
}

// Who cancels waits for nobody, and a consumer that has enough ends all requests.
func TestAPIEnds(t *testing.T) {
	f := newFakeAPI(t)
	f.fill("volume.size", march, f.now, time.Minute, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range f.open(f.config()).Samples(ctx, usage.Query{Meters: []string{"volume.size"}}) {
		if n++; n == 50 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("it ends with %v", last)
	}
	for _, err := range f.open(f.config()).Samples(t.Context(), usage.Query{Meters: []string{"volume.size"}}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

// TestAPISilence has Ceilometer stop to answer. Not every meter waits for it.
func TestAPISilence(t *testing.T) {
	f := newFakeAPI(t)
	c := f.config()
	c.Shape, c.Timeout, c.RetryFor = shapeSamples, 500*time.Millisecond, 0
	var asked atomic.Int64
	f.silent = func(r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/metering/") {
			asked.Add(1)
			return true
		}
		return false
	}
	var meters []string
	for i := range 40 {
		meters = append(meters, fmt.Sprint("meter", i))
	}
	n := 0
	for _, err := range f.open(c).Samples(t.Context(), usage.Query{Meters: meters}) {
		if n++; err == nil || !strings.Contains(err.Error(), "/metering/v2/samples: no answer within 500ms (timeout)") {
			t.Errorf("error is %v", err)
		}
	}
	if n != 40 || asked.Load() > 2*4 { // four at a time, twice
		t.Errorf("%d errors, asked %d times", n, asked.Load())
	}
}

func TestAPINames(t *testing.T) {
	f := newFakeAPI(t)
	f.flavors = `{"flavors": [{"id": "1", "name": "m1.tiny"}, {"id": "2", "name": "m1.small"}]}`
	c := f.config()
	c.Names = true
	got := map[string]string{}
	for n, err := range f.open(c).Names(t.Context(), usage.FlavorNames) {
		if err != nil {
			t.Fatal(err)
		}
		got[n.ID] = n.Name
	}
	if want := map[string]string{"1": "m1.tiny", "2": "m1.small"}; !maps.Equal(got, want) {
		t.Errorf("names are %v, want %v", got, want)
	}
}

func TestAPIHealth(t *testing.T) {
	f := newFakeAPI(t)
	f.projects = []string{"t0"}
	c := f.config()
	checks := map[string]string{}
	for check, err := range f.open(c).CheckHealth(t.Context()) {
		checks[check] = fmt.Sprint(err)
	}
	want := map[string]string{"login": "<nil>", "clock": checks["clock"], "projects": "<nil>", "endpoint metering": "<nil>", "samples": "<nil>"}
	if diff := cmp.Diff(want, checks); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A check finds what collect would not take for samples.
func TestAPIHealthOfSomethingElse(t *testing.T) {
	for body, want := range map[string]string{
		"<html>please log in</html>": "the answer is not a JSON list of samples",
		"null":                       "the answer is not a JSON list of samples",
		`[{"garbage": 1}]`:           "sample 1: no ",
	} {
		f := newFakeAPI(t)
		f.projects = []string{"t0"}
		f.fault = func(w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprint(w, body)
			return true
		}
		got := ""
		for check, err := range f.open(f.config()).CheckHealth(t.Context()) {
			if check == "samples" {
				got = fmt.Sprint(err)
			}
		}
		if !strings.Contains(got, want) {
			t.Errorf("of %s check says %s, want %s", body, got, want)
		}
	}
}

// FuzzAnswer reads any bytes as an answer: what is not a list of samples is told.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(batchOf("a", "b")))
	f.Add([]byte(`[{}, {"meter": 1}]`))
	f.Add([]byte(`{"error_message": {"faultstring": "x"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newAPIReader(&apiReading{API: &API{}, place: placing{fallback: "d"}})
		all, count, _ := r.parse(t.Context(), answerOf(body), span{to: time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)})
		mistaken := slices.ContainsFunc(all, func(f found) bool { return f.err != nil })
		want, err := decode(body)
		if err == nil && !mistaken && (len(want) != count || len(all) != count) {
			t.Errorf("%d values, %d samples, encoding/json finds %d", count, len(all), len(want))
		}
		if err != nil && !mistaken {
			t.Errorf("no mistake, but encoding/json says %v", err)
		}
	})
}

// What an answer has beyond what was asked for comes with the time that it is
// of, or, where that is not read, not at all.
func TestAPIAnswersMore(t *testing.T) {
	f := newFakeAPI(t)
	f.fill("volume.size", march, march.Add(2*day), 30*time.Minute, 1)
	f.fault = func(w http.ResponseWriter, _ *http.Request) bool {
		var all []any
		for _, s := range f.samples {
			all = append(all, s.json(false))
		}
		f.write(w, all)
		return true
	}
	c := f.config()
	c.Since = march.Add(time.Hour)
	ids, mistakes := f.ids(f.open(c), usage.Query{Meters: []string{"volume.size"}})
	f.compare("all from one o'clock on", f.want(c.Since, "volume.size"), ids, mistakes)
}
