package usage_test

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/usage"
)

func TestSpan(t *testing.T) {
	hours := func(start, end int) usage.Span {
		midnight := clock("00:00:00")
		return usage.Span{Start: midnight.Add(time.Duration(start) * time.Hour), End: midnight.Add(time.Duration(end) * time.Hour)}
	}
	span := hours(1, 3)
	for text, want := range map[string]bool{
		"00:59:59.999999999": false, "01:00:00": true, "02:59:59.999999999": true, "03:00:00": false,
	} {
		if got := span.Contains(clock(text)); got != want {
			t.Errorf("%s contains %s: %v", span, text, got)
		}
	}
	for _, test := range []struct {
		other            usage.Span
		covers, overlaps bool
	}{
		{hours(1, 3), true, true},
		{hours(2, 3), true, true},
		{hours(0, 3), false, true},
		{hours(2, 4), false, true},
		{hours(0, 1), false, false}, // they touch
		{hours(3, 4), false, false},
	} {
		if got := span.Covers(test.other); got != test.covers {
			t.Errorf("%s covers %s: %v", span, test.other, got)
		}
		if got := span.Overlaps(test.other); got != test.overlaps {
			t.Errorf("%s overlaps %s: %v", span, test.other, got)
		}
	}
	if span.Next() != hours(3, 5) || span.IsZero() || !(usage.Span{}).IsZero() {
		t.Errorf("after %s comes %s", span, span.Next())
	}
	if got, want := span.String(), "2014-01-01T01:00:00Z/2014-01-01T03:00:00Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWindowAt(t *testing.T) {
	// Half past seven in a zone that is 5:30 ahead is two o'clock in UTC.
	kolkata := time.FixedZone("IST", 5*3600+1800)
	got := usage.WindowAt(time.Date(2014, 1, 1, 7, 30, 0, 0, kolkata))
	if got != usage.WindowAt(clock("02:00:00")) || got.Start != clock("02:00:00") || got.Duration() != time.Hour {
		t.Errorf("got %s", got)
	}
	if !usage.OnBorder(clock("02:00:00")) || usage.OnBorder(clock("02:00:00.000000001")) {
		t.Error("borders are whole hours")
	}
}

func TestOrigin(t *testing.T) {
	for want, origin := range map[string]usage.Origin{
		"a.json: sample 3":   {Name: "a.json", Index: 3},
		"a.json:7: sample 3": {Name: "a.json", Line: 7, Index: 3},
	} {
		if got := origin.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
