package gnocchi

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
	"github.com/openstack-artifice/artifice/usage"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(killedFile); file != "" {
		os.Exit(collectToBeKilled(file))
	}
	os.Exit(rig.Main(m))
}

// day is what the real cloud is billed for: a day in the past of the servers.
var day = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

func clock(text string) time.Time {
	t, err := time.Parse("15:04:05", text)
	if err != nil {
		panic(err)
	}
	return day.Add(t.Sub(t.Truncate(24 * time.Hour)))
}

// billed folds samples and sums up what comes of it, as "resource tenant service".
func billed(t *testing.T, samples []usage.Sample, transformers map[string]usage.Transformer, name func(string) string) (sums map[string]string, gaps []string) {
	t.Helper()
	totals := map[string]usage.Volume{}
	all := map[[2]string][]usage.Sample{}
	for _, s := range samples {
		all[[2]string{s.Meter, s.Resource}] = append(all[[2]string{s.Meter, s.Resource}], s)
	}
	for key, list := range all {
		for step, err := range usage.Walk(transformers[key[0]], day, usage.State{}, usage.Sort(list), day.Add(24*time.Hour)) {
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range step.Volumes {
				at := strings.TrimSpace(name(key[1]) + " " + name(v.Tenant) + " " + v.Service)
				v.Volume = v.Volume.Add(totals[at].Volume)
				totals[at] = v
			}
			for _, g := range step.Gaps {
				text := name(key[1]) + " from " + g.From.Format("15:04:05")
				if !g.To.IsZero() {
					text += " to " + g.To.Format("15:04:05")
				}
				gaps = append(gaps, text)
			}
		}
	}
	sums = map[string]string{}
	for at, v := range totals {
		if !v.Volume.IsZero() {
			sums[at] = v.Volume.String() + " " + v.Unit
		}
	}
	slices.Sort(gaps)
	return sums, gaps
}

func plainConfig() Config {
	return Config{Config: openstack.Config{Concurrency: 4, Timeout: time.Minute, RetryFor: time.Minute, MaxAnswer: 64 << 20},
		Since: day, Lookback: 35 * 24 * time.Hour}
}

func read(t *testing.T, s *Source, q usage.Query) (samples []usage.Sample, errs []string) {
	t.Helper()
	for sample, err := range s.Samples(t.Context(), q) {
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		samples = append(samples, sample)
	}
	return samples, errs
}

func TestRealDay(t *testing.T) {
	r := rig.Shared(t)
	l := rig.NewLoad(t, r)
	a, b, stranger := rig.RandomID(), rig.RandomID(), rig.RandomID()
	vm := func(flavor string) map[string]any {
		return map[string]any{"flavor_id": "id-" + flavor, "flavor_name": flavor, "host": "h1", "display_name": "web"}
	}
	before := day.Add(-100 * time.Hour)

	// Resized at 10:20, and renamed at 22:00.
	l.Add("instance", "resized", a, before, vm("small"), "cpu")
	l.Measure("resized", "cpu", clock("00:00:00"), day.Add(24*time.Hour), rig.Always(7))
	l.Patch("resized", clock("10:20:00"), vm("large"))
	l.Patch("resized", clock("22:00:00"), map[string]any{"display_name": "web2"})
	// Lived from 02:10:30 to 05:47:15, of which Gnocchi heard later. It was measured once more.
	l.Add("instance", "short", a, clock("02:10:30"), vm("small"), "cpu")
	l.Measure("short", "cpu", clock("02:11:00"), clock("05:52:00"), rig.Always(7))
	l.End("short", clock("05:47:15"), clock("05:48:00"))
	// Its agent was dead from 06:00 to 12:00.
	l.Add("instance", "silent", a, before, vm("small"), "cpu")
	l.Measure("silent", "cpu", clock("00:00:00"), clock("06:00:00"), rig.Always(7))
	l.Measure("silent", "cpu", clock("12:00:00"), day.Add(24*time.Hour), rig.Always(7))
	// Moved to another project at 08:07.
	l.Add("instance", "moved", a, before, vm("small"), "cpu")
	l.Measure("moved", "cpu", clock("00:00:00"), day.Add(24*time.Hour), rig.Always(7))
	l.Patch("moved", clock("08:07:00"), map[string]any{"project_id": b})
	// Of a project that is no tenant.
	l.Add("instance", "strange", stranger, before, vm("small"), "cpu")
	l.Measure("strange", "cpu", clock("00:00:00"), day.Add(24*time.Hour), rig.Always(7))
	// Ended before the day.
	l.Add("instance", "past", a, before, vm("small"), "cpu")
	l.End("past", day.Add(-time.Hour), clock("00:30:00"))
	// A volume that grew at noon, and one that was there for three quarters of an hour.
	l.Add("volume", "grown", a, before, map[string]any{"display_name": "data"}, "volume.size")
	l.Measure("grown", "volume.size", clock("00:00:00"), day.Add(24*time.Hour), func(i int) int {
		if i < 144 {
			return 10
		}
		return 30
	})
	l.Add("volume", "brief", b, clock("03:32:00"), nil, "volume.size")
	l.Measure("brief", "volume.size", clock("03:33:00"), clock("04:15:00"), rig.Always(20))
	l.End("brief", clock("04:17:00"), clock("04:17:00"))
	// A volume that changed hands at 18:40:30.
	l.Add("volume", "given", a, before, nil, "volume.size")
	l.Measure("given", "volume.size", clock("00:00:00"), day.Add(24*time.Hour), rig.Always(1))
	l.Patch("given", clock("18:40:30"), map[string]any{"project_id": b})
	// A counter that restarted at noon.
	l.Add("instance_network_interface", "port", a, before, map[string]any{"name": "tap0", "instance_id": l.ID("resized")}, "network.incoming.bytes")
	l.Measure("port", "network.incoming.bytes", clock("00:00:00"), day.Add(24*time.Hour), func(i int) int {
		if i < 144 {
			return 5000 + 1000*i
		}
		return 500 + 1000*(i-144)
	})

	names := l.Names()
	names[a], names[b], names[stranger] = "A", "B", "stranger"
	nameOf := func(id string) string { return names[id] }
	config := plainConfig()
	config.Tenants.Include = []string{a, b}
	options := openstack.Options{Now: func() time.Time { return day.Add(30 * time.Hour) }, Getenv: func(k string) string { return r.Env()[k] }}
	s, err := newSource(config, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	query := usage.Query{Meters: []string{"instance", "volume.size", "network.incoming.bytes", "snapshot.size", "ip.floating", "no.such.meter"}}
	samples, errs := read(t, s, query)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	got, gaps := billed(t, slices.Clone(samples), map[string]usage.Transformer{
		"instance": usage.Uptime{}, "volume.size": usage.Integral{}, "network.incoming.bytes": usage.Counter{},
	}, nameOf)
	want := map[string]string{
		"resized A small": "37200 second", // 10:20 h
		"resized A large": "49200 second", // 13:40 h
		"short A small":   "13005 second", // 02:10:30 to 05:47:15 is 3:36:45 h
		"silent A small":  "68100 second", // up to 05:55 and 1 h of hold is 6:55 h, and 12 h
		"moved A small":   "29220 second", // 8:07 h
		"moved B small":   "57180 second", // 15:53 h
		"grown A":         "1728000 GB second",
		"brief B":         "54000 GB second", // 03:32 to 04:17 is 2700 s, of 20 GB
		"given A":         "67230 GB second", // 18:40:30 h
		"given B":         "19170 GB second",
		"port A":          "286500 B", // 143 * 1000, 500 at the restart, 143 * 1000
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"silent from 06:55:00", "silent from 06:55:00 to 12:00:00"}, gaps); diff != "" {
		t.Errorf("gaps, -want +got:\n%s", diff)
	}
	got, _ = billed(t, slices.Clone(samples), map[string]usage.Transformer{
		"instance": usage.UptimeSampled{}, "volume.size": usage.Max{}, "network.incoming.bytes": usage.Counter{},
	}, nameOf)
	if got["grown A"] != "480 GB hour" || got["brief B"] != "40 GB hour" { // 12 * 10 + 12 * 30; two hours begun
		t.Errorf("the largest sizes come to %s, %s", got["grown A"], got["brief B"])
	}

	options.Now = func() time.Time { return day.Add(31 * time.Hour) }
	later, err := newSource(config, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { later.Close() })
	again, _ := read(t, later, query)
	if diff := cmp.Diff(samples, again); diff != "" {
		t.Errorf("read again an hour later it is another: -first +second:\n%s", diff)
	}
	ids := map[string]bool{}
	for _, s := range samples {
		if ids[s.ID] || s.Datacenter != "RegionOne" || s.Assumed || s.Time.Before(day) {
			t.Fatalf("a sample is %+v", s)
		}
		ids[s.ID] = true
	}
	for _, s := range samples { // its name and flavor at the time
		name, flavor := "web", "small"
		if s.Resource != l.ID("resized") || s.Meter != "instance" {
			continue
		}
		if !s.Time.Before(clock("10:20:00")) {
			flavor = "large"
		}
		if !s.Time.Before(clock("22:00:00")) {
			name = "web2"
		}
		if s.Metadata["flavor.name"] != flavor || s.Metadata["display_name"] != name || s.Metadata["host"] != "h1" {
			t.Fatalf("at %v its metadata is %v", s.Time, s.Metadata)
		}
	}
	for _, measures := range []int64{100, 700} { // in 30 steps, and in fewer
		s.stepMeasures = measures
		stepped := readSteps(t.Context(), s, query)
		if diff := cmp.Diff(sorted(samples), sorted(stepped.samples)); diff != "" || len(stepped.errs) > 0 || len(stepped.borders) < 2 {
			t.Errorf("in steps up to %v: %v, -at once +got:\n%s", stepped.borders, stepped.errs, diff)
		}
		if err := stepped.promised(nil); err != nil {
			t.Error(err)
		}
	}
	part, _ := read(t, s, usage.Query{Meters: []string{"instance"}, Before: clock("06:00:00"), Metadata: []string{"flavor.name"}, Resources: []string{l.ID("resized")}})
	if len(part) != 72 { // 6 * 12
		t.Errorf("%d samples of six hours", len(part))
	}
	for _, s := range part {
		if len(s.Metadata) != 1 || s.Resource != l.ID("resized") {
			t.Fatalf("a sample is %+v", s)
		}
	}
}

func TestRealHealth(t *testing.T) {
	r := rig.Shared(t)
	l := rig.NewLoad(t, r)
	l.Add("volume", "v", rig.RandomID(), day, nil, "volume.size")
	l.Policy = "ceilometer-low"
	l.Add("volume", "w", rig.RandomID(), day, nil, "volume.size")
	config := plainConfig()
	config.Meters = map[string]string{"size": "volume, volume.size, gauge, GB", "siez": "volume, volume.siez, gauge, GB", "gpu": "nosuchtype, volume.size, gauge, gpu"}
	s, err := newSource(config, openstack.Options{Getenv: func(k string) string { return r.Env()[k] }})
	if err != nil {
		t.Fatal(err)
	}
	outcome := map[string]error{}
	for name, err := range s.CheckHealth(t.Context()) {
		outcome[name] = err
	}
	for _, name := range []string{"login", "clock", "projects", "endpoint metric", "meter.size"} {
		if err, ok := outcome[name]; err != nil || !ok {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	if err := outcome["archive policy ceilometer-low"]; err == nil || !strings.Contains(err.Error(), "keeps measures for 30 days, and a month's first are 32 days old when it is billed") {
		t.Errorf("a policy of 30 days: %v", err)
	}
	for name, err := range outcome {
		if strings.HasPrefix(name, "archive policy load-") && err != nil {
			t.Errorf("%s, of 40 days: %v", name, err)
		}
	}
	for name, says := range map[string]string{"meter.siez": "Gnocchi has no metric volume.siez", "meter.gpu": "Gnocchi has no type of resources nosuchtype"} {
		if err := outcome[name]; err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v does not say %q", name, err, says)
		}
	}
}
