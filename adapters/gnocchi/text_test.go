package gnocchi

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

func TestParseSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0:05:00":          5 * time.Minute,
		"1:00:00":          time.Hour,
		"1 day, 0:00:00":   24 * time.Hour,
		"30 days, 0:00:00": 720 * time.Hour,
		"365 days, 1:02:3": 0,
		"0:00:00.500000":   500 * time.Millisecond,
		"2 days, 23:59:59": 71*time.Hour + 59*time.Minute + 59*time.Second,
		"0:00:00":          0,
		"-1 day, 0:00:00":  0,
		"99999999999 days": 0,
		"5 minutes":        0,
		"9 weeks, 1:00:00": 0,
		"":                 0,
	} {
		got, err := parseSpan(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseInstant(t *testing.T) {
	want := time.Date(2026, 10, 1, 8, 0, 0, 500_000_000, time.UTC)
	for _, text := range []string{"2026-10-01T08:00:00.5+00:00", "2026-10-01T10:00:00.500000+02:00", "2026-10-01T08:00:00.5", "2026-10-01T08:00:00.5Z"} {
		if got, err := parseInstant(text); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "now", "2026-13-01T00:00:00", "1999-12-31T23:59:59", "2200-01-01T00:00:00+00:00", "2026-10-01"} {
		if got, err := parseInstant(text); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func TestParseValue(t *testing.T) {
	for text, want := range map[string]string{"0": "0", "300.0": "300", "1e+16": "10000000000000000", "33.333333333333336": "33.333333333333336", "-0.0": "0"} {
		if got, err := parseValue(text); err != nil || !got.Equal(decimal.RequireFromString(want)) {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "NaN", "null", "-1", `"1"`, "1e65", "1e-65", "1e99999999999", "0x10", "1" + string(make([]byte, 64))} {
		if got, err := parseValue(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestGranularity(t *testing.T) {
	const d = 24 * time.Hour
	for _, test := range []struct {
		kept []kept
		want time.Duration
	}{
		{[]kept{{time.Hour, 365 * d}, {5 * time.Minute, 40 * d}, {time.Minute, 7 * d}}, 5 * time.Minute},
		{[]kept{{time.Minute, 7 * d}, {5 * time.Minute, 40 * d}, {time.Hour, 365 * d}}, 5 * time.Minute},
		{[]kept{{time.Minute, 7 * d}, {5 * time.Minute, 30 * d}}, 5 * time.Minute}, // none covers it: the longest
		{[]kept{{5 * time.Minute, 35 * d}}, 5 * time.Minute},                       // just
	} {
		p := policy{kept: test.kept}
		if got := p.best(35 * d).granularity; got != test.want {
			t.Errorf("of %v it takes %v, want %v", test.kept, got, test.want)
		}
	}
}

// TestPolicyCheck says how to have a policy carry a month: with all of its
// definitions, without which Gnocchi does not take it.
func TestPolicyCheck(t *testing.T) {
	const d = 24 * time.Hour
	for _, test := range []struct {
		kept []kept
		want string
	}{
		{[]kept{{5 * time.Minute, 30 * d}}, "keeps measures for 30 days, and a month's first are 32 days old when it is billed: what is not collected in time is lost" +
			" (collect every day, or let it keep more: gnocchi archive-policy update low -d granularity:5m0s,timespan:768h0m0s)"},
		{[]kept{{time.Second, time.Hour}, {time.Hour, 20 * d}, {time.Minute, d}}, "gnocchi archive-policy update low -d granularity:1s,timespan:1h0m0s -d granularity:1h0m0s,timespan:768h0m0s -d granularity:1m0s,timespan:24h0m0s)"},
		{[]kept{{time.Second, time.Hour}}, "keeps measures for 1h0m0s,"},
		{[]kept{{5 * time.Minute, 10 * d}, {time.Hour, 32 * d}}, ""},
	} {
		p := policy{name: "low", kept: test.kept}
		if err := p.check(); (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("of %v it says %v, want %s", test.kept, err, test.want)
		} else if _, ok := err.(*usage.Warning); err != nil && !ok {
			t.Errorf("of %v check fails", test.kept)
		}
	}
}
