package gnocchi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// TestCollectAgain collects an instance, of which Gnocchi then drops the oldest
// measures, and hears late that it was resized and that it ended. What was
// collected stays, what was learnt is corrected, nothing counts twice.
func TestCollectAgain(t *testing.T) {
	f := newFake(t)
	f.metrics = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("name") == "cpu" {
			say(w, 200, "["+metricJSON("m1", "mean")+"]")
			return
		}
		say(w, 200, "[]")
	}
	row := func(flavor, began, over, ended string) string {
		return rowJSON("1", `"volume.size"`, `"cpu"`, `"display_name"`, `"flavor_name": "`+flavor+`", "display_name"`,
			`"revision_start": "2026-09-01T00:00:00+00:00", "revision_end": null`, fmt.Sprintf(`"revision_start": %q, "revision_end": %s`, began, over),
			`"started_at": "2026-09-01T00:00:00+00:00", "ended_at": null`, `"started_at": "2026-10-01T08:02:30+00:00", "ended_at": `+ended)
	}
	var rows, measures string
	f.search = func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/instance") {
			noType(w, r)
			return
		}
		say(w, 200, rows)
	}
	f.measures = func(w http.ResponseWriter, _ *http.Request) {
		say(w, 200, `{"measures": {"m1": {"mean": [`+measures+`]}}}`)
	}
	measured := func(from, to string) string {
		var list []string
		for at := clock(from); at.Before(clock(to)); at = at.Add(5 * time.Minute) {
			list = append(list, fmt.Sprintf("[%q, 300.0, 7]", at.Format(time.RFC3339)))
		}
		return strings.Join(list, ",")
	}
	e := &billing.Engine{
		Deployment: "test", Sources: []billing.Source{{Name: "north", Source: onlySamples{f.source(t, nil)}}}, SourceNames: []string{"north"},
		Meters: usage.DefaultMeters(), Currency: "NZD", Digits: 2, ValueDigits: 6, Location: time.UTC, Holder: "here:1", By: "tester",
		Now: func() time.Time { return day.Add(24 * time.Hour) },
	}
	e.Store = memory.New(memory.Options{Now: e.Now, Shared: true})
	collect := func(want map[string]string) {
		t.Helper()
		collected, err := e.Collect(t.Context(), clock("13:00:00"))
		if err != nil {
			t.Fatal(err)
		}
		if len(collected[0].Gone) > 0 {
			t.Errorf("given up are %v", collected[0].Gone)
		}
		got := map[string]decimal.Decimal{}
		for entry, err := range e.Store.Entries(t.Context(), ledger.EntryFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			got[entry.Service] = got[entry.Service].Add(entry.Volume.Volume)
		}
		for service, seconds := range want {
			if got[service].String() != seconds {
				t.Errorf("%s ran for %v, want %s", service, got[service], seconds)
			}
		}
	}
	rows = "[" + row("small", "2026-10-01T08:02:31+00:00", "null", "null") + "]"
	measures = measured("08:00:00", "13:00:00")
	collect(map[string]string{"small": "17850"}) // 08:02:30 to 13:00 is 4:57:30 h
	rows = "[" + row("small", "2026-10-01T08:02:31+00:00", `"2026-10-01T11:20:00+00:00"`, "null") + "," +
		row("large", "2026-10-01T11:20:00+00:00", "null", `"2026-10-01T12:07:15+00:00"`) + "]"
	measures = measured("10:00:00", "13:00:00")
	collect(map[string]string{"small": "11850", "large": "2835"}) // 08:02:30 to 11:20 is 3:17:30 h, to 12:07:15 47:15
}

// onlySamples is a source whose tenants are not asked for.
type onlySamples struct{ usage.Source }

// TestCollectGranularity collects with one granularity and then with another,
// there and back: what was collected stays, nothing of it is late or given up, and
// each hour counts once.
func TestCollectGranularity(t *testing.T) {
	f := newFake(t)
	f.keepsMany(day, map[time.Duration]string{5 * time.Minute: "2 days, 0:00:00", time.Hour: "30 days, 0:00:00"})
	s, now := f.source(t, func(c *Config) { c.Since = day }), day
	s.now = func() time.Time { return now }
	e := &billing.Engine{
		Deployment: "test", Sources: []billing.Source{{Name: "north", Source: onlySamples{s}}}, SourceNames: []string{"north"},
		Meters:   []usage.Meter{{Name: "volume.size", Meter: "volume.size", Service: "volume.size", Transformer: usage.Integral{}, Rule: "integral", Billed: true}},
		Currency: "NZD", Digits: 2, ValueDigits: 6, Location: time.UTC, Holder: "here:1", By: "tester", Now: func() time.Time { return now },
	}
	e.Store = memory.New(memory.Options{Now: e.Now, Shared: true})
	for i, days := range []time.Duration{30, 2, 2, 30, 30} {
		s.config.Lookback = days * 24 * time.Hour
		now = now.Add(3*time.Hour + 10*time.Minute)
		collected, err := e.Collect(t.Context(), usage.WindowAt(now).Start)
		if err != nil {
			t.Fatal(err)
		}
		if c := collected[0]; len(c.Gone) > 0 || len(c.Gaps) > 0 || c.Clashes > 0 {
			t.Errorf("run %d: given up are %v, gaps %v, clashes %d", i, c.Gone, c.Gaps, c.Clashes)
		}
		sum := decimal.Zero
		for entry, err := range e.Store.Entries(t.Context(), ledger.EntryFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			sum = sum.Add(entry.Volume.Volume)
		}
		if want := decimal.New(int64(usage.WindowAt(now).Start.Sub(day).Seconds()), 0); !sum.Equal(want) { // 1 GB
			t.Errorf("run %d: %v GB seconds, want %v", i, sum, want)
		}
	}
}
