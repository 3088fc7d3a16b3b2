package gnocchi

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
	"github.com/openstack-artifice/artifice/usage"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// day is what the real cloud is billed for: a day in the past of the servers.
var day = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

func clock(text string) time.Time {
	t, err := time.Parse("15:04:05", text)
	if err != nil {
		panic(err)
	}
	return day.Add(t.Sub(t.Truncate(24 * time.Hour)))
}

// A load puts resources into a real Gnocchi, as Ceilometer does, but of the past.
type load struct {
	*testing.T
	*rig.Rig
	db     *pgx.Conn
	policy string
	ids    map[string]string // of resources, by name
}

func newLoad(t *testing.T, r *rig.Rig) *load {
	t.Helper()
	l := &load{T: t, Rig: r, policy: "test-" + randomID()[:12], ids: map[string]string{}}
	l.Call(t, "POST", r.Gnocchi+"/v1/archive_policy", map[string]any{"name": l.policy, "aggregation_methods": []string{"mean"}, "back_window": 0,
		"definition": []any{map[string]any{"granularity": "5 minutes", "timespan": "40 days"}}}, nil)
	f, err := os.Open(filepath.Join(r.Dir, "rig.env"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if port, ok := strings.CutPrefix(lines.Text(), "POSTGRES_PORT="); ok {
			if l.db, err = pgx.Connect(t.Context(), "host=127.0.0.1 user=postgres dbname=gnocchi port="+port); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() { l.db.Close(context.Background()) })
	return l
}

func randomID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// add makes a resource that began at an instant.
func (l *load) add(kind, name, project, metric string, started time.Time, attributes map[string]any) {
	l.Helper()
	id := randomID()
	id = fmt.Sprintf("%s-%s-4%s-8%s-%s", id[:8], id[8:12], id[13:16], id[17:20], id[20:])
	l.ids[name] = id
	body := map[string]any{"id": id, "project_id": project, "user_id": "u", "started_at": started.Format("2006-01-02T15:04:05"),
		"metrics": map[string]any{metric: map[string]any{"archive_policy_name": l.policy}}}
	for k, v := range attributes {
		body[k] = v
	}
	l.Call(l.T, "POST", l.Gnocchi+"/v1/resource/"+kind, body, nil)
	l.dated(name, started)
}

// patch changes a resource at an instant.
func (l *load) patch(kind, name string, at time.Time, attributes map[string]any) {
	l.Helper()
	var starts []time.Time
	rows, err := l.db.Query(l.Context(), `SELECT revision_start FROM resource_history WHERE id = $1 ORDER BY revision`, l.ids[name])
	if err == nil {
		starts, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
	}
	if err != nil {
		l.Fatal(err)
	}
	var now time.Time
	if err := l.db.QueryRow(l.Context(), `SELECT revision_start FROM resource WHERE id = $1`, l.ids[name]).Scan(&now); err != nil {
		l.Fatal(err)
	}
	l.Call(l.T, "PATCH", l.Gnocchi+"/v1/resource/"+kind+"/"+l.ids[name], attributes, nil)
	l.dated(name, append(starts, now, at)...)
}

// dated sets when the revisions of a resource began, in Gnocchi's database: its
// API has no way to.
func (l *load) dated(name string, starts ...time.Time) {
	l.Helper()
	last := len(starts) - 1
	if _, err := l.db.Exec(l.Context(), `UPDATE resource SET revision_start = $2 WHERE id = $1`, l.ids[name], starts[last]); err != nil {
		l.Fatal(err)
	}
	for i := range last {
		if _, err := l.db.Exec(l.Context(), `UPDATE resource_history SET revision_start = $3, revision_end = $4
			WHERE revision = (SELECT revision FROM resource_history WHERE id = $1 ORDER BY revision OFFSET $2 LIMIT 1)`,
			l.ids[name], i, starts[i], starts[i+1]); err != nil {
			l.Fatal(err)
		}
	}
}

// measure gives a resource measures, every five minutes of a span.
func (l *load) measure(kind, name, metric, from, to string, value func(i int) int) {
	l.Helper()
	end := day.Add(24 * time.Hour)
	if to != "24:00:00" {
		end = clock(to)
	}
	var list []any
	for at := clock(from); at.Before(end); at = at.Add(5 * time.Minute) {
		list = append(list, map[string]any{"timestamp": at.Format("2006-01-02T15:04:05"), "value": value(len(list))})
	}
	url := l.Gnocchi + "/v1/resource/" + kind + "/" + l.ids[name] + "/metric/" + metric + "/measures"
	l.Call(l.T, "POST", url, list, nil)
	l.Call(l.T, "GET", url+"?refresh=true&limit=1", nil, nil) // once it is processed
}

func constant(n int) func(int) int { return func(int) int { return n } }

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
	l := newLoad(t, r)
	a, b, stranger := randomID(), randomID(), randomID()
	vm := func(flavor string) map[string]any {
		return map[string]any{"flavor_id": "id-" + flavor, "flavor_name": flavor, "host": "h1", "display_name": "web"}
	}
	before := day.Add(-100 * time.Hour)

	// Resized at 10:20, and renamed at 22:00.
	l.add("instance", "resized", a, "cpu", before, vm("small"))
	l.measure("instance", "resized", "cpu", "00:00:00", "24:00:00", constant(7))
	l.patch("instance", "resized", clock("10:20:00"), vm("large"))
	l.patch("instance", "resized", clock("22:00:00"), map[string]any{"display_name": "web2"})
	// Lived from 02:10:30 to 05:47:15, of which Gnocchi heard later. It was measured once more.
	l.add("instance", "short", a, "cpu", clock("02:10:30"), vm("small"))
	l.measure("instance", "short", "cpu", "02:11:00", "05:52:00", constant(7))
	l.patch("instance", "short", clock("05:48:00"), map[string]any{"ended_at": clock("05:47:15").Format("2006-01-02T15:04:05")})
	// Its agent was dead from 06:00 to 12:00.
	l.add("instance", "silent", a, "cpu", before, vm("small"))
	l.measure("instance", "silent", "cpu", "00:00:00", "06:00:00", constant(7))
	l.measure("instance", "silent", "cpu", "12:00:00", "24:00:00", constant(7))
	// Moved to another project at 08:07.
	l.add("instance", "moved", a, "cpu", before, vm("small"))
	l.measure("instance", "moved", "cpu", "00:00:00", "24:00:00", constant(7))
	l.patch("instance", "moved", clock("08:07:00"), map[string]any{"project_id": b})
	// Of a project that is no tenant.
	l.add("instance", "strange", stranger, "cpu", before, vm("small"))
	l.measure("instance", "strange", "cpu", "00:00:00", "24:00:00", constant(7))
	// Ended before the day.
	l.add("instance", "past", a, "cpu", before, vm("small"))
	l.patch("instance", "past", clock("00:30:00"), map[string]any{"ended_at": day.Add(-time.Hour).Format("2006-01-02T15:04:05")})
	// A volume that grew at noon, and one that was there for three quarters of an hour.
	l.add("volume", "grown", a, "volume.size", before, map[string]any{"display_name": "data"})
	l.measure("volume", "grown", "volume.size", "00:00:00", "24:00:00", func(i int) int {
		if i < 144 {
			return 10
		}
		return 30
	})
	l.add("volume", "brief", b, "volume.size", clock("03:32:00"), nil)
	l.measure("volume", "brief", "volume.size", "03:33:00", "04:15:00", constant(20))
	l.patch("volume", "brief", clock("04:17:00"), map[string]any{"ended_at": clock("04:17:00").Format("2006-01-02T15:04:05")})
	// A volume that changed hands at 18:40:30.
	l.add("volume", "given", a, "volume.size", before, nil)
	l.measure("volume", "given", "volume.size", "00:00:00", "24:00:00", constant(1))
	l.patch("volume", "given", clock("18:40:30"), map[string]any{"project_id": b})
	// A counter that restarted at noon.
	l.add("instance_network_interface", "port", a, "network.incoming.bytes", before,
		map[string]any{"name": "tap0", "instance_id": l.ids["resized"]})
	l.measure("instance_network_interface", "port", "network.incoming.bytes", "00:00:00", "24:00:00", func(i int) int {
		if i < 144 {
			return 5000 + 1000*i
		}
		return 500 + 1000*(i-144)
	})

	names := map[string]string{a: "A", b: "B", stranger: "stranger"}
	for name, id := range l.ids {
		names[id] = name
	}
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
		if s.Resource != l.ids["resized"] || s.Meter != "instance" {
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
	part, _ := read(t, s, usage.Query{Meters: []string{"instance"}, Before: clock("06:00:00"), Metadata: []string{"flavor.name"}, Resources: []string{l.ids["resized"]}})
	if len(part) != 72 { // 6 * 12
		t.Errorf("%d samples of six hours", len(part))
	}
	for _, s := range part {
		if len(s.Metadata) != 1 || s.Resource != l.ids["resized"] {
			t.Fatalf("a sample is %+v", s)
		}
	}
}

func TestRealHealth(t *testing.T) {
	r := rig.Shared(t)
	l := newLoad(t, r)
	l.add("volume", "v", randomID(), "volume.size", day, nil)
	l.policy = "ceilometer-low"
	l.add("volume", "w", randomID(), "volume.size", day, nil)
	config := plainConfig()
	s, err := newSource(config, openstack.Options{Getenv: func(k string) string { return r.Env()[k] }})
	if err != nil {
		t.Fatal(err)
	}
	outcome := map[string]error{}
	for name, err := range s.CheckHealth(t.Context()) {
		outcome[name] = err
	}
	for _, name := range []string{"login", "clock", "projects", "endpoint metric"} {
		if err, ok := outcome[name]; err != nil || !ok {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	if err := outcome["archive policy ceilometer-low"]; err == nil || !strings.Contains(err.Error(), "for 720 hours at the most, a month takes 768") {
		t.Errorf("a policy of 30 days: %v", err)
	}
	for name, err := range outcome {
		if strings.HasPrefix(name, "archive policy test-") && err != nil {
			t.Errorf("%s, of 40 days: %v", name, err)
		}
	}
}
