package billing

import (
	"fmt"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func gapOf(tenant, meter string, length time.Duration) ledger.Gap {
	from := time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)
	g := ledger.Gap{Series: ledger.Series{Source: "object", Meter: meter, Resource: "r"}, Gap: usage.Gap{Tenant: tenant, From: from, To: from.Add(length)}}
	if length == 0 {
		g.To = time.Time{} // it lasts
	}
	return g
}

func TestShortGaps(t *testing.T) {
	var s ShortGaps
	for tenant, lengths := range map[string][]time.Duration{
		"a": {10 * time.Second, 12*time.Second + time.Millisecond, 15 * time.Minute},
		"b": {10 * time.Second, 25 * time.Second},
	} {
		for _, length := range lengths {
			if !s.Add(gapOf(tenant, "instance", length)) {
				t.Errorf("%v is not short", length)
			}
		}
	}
	for _, length := range []time.Duration{15*time.Minute + 1, time.Hour, 0} {
		if s.Add(gapOf("a", "instance", length)) {
			t.Errorf("%v is short", length)
		}
	}
	for range manyGaps - 1 { // one fewer than many
		s.Add(gapOf("c", "volume", time.Second))
	}
	repeated := s.Repeated()
	if len(repeated) != 1 || len(s.Few()) != manyGaps-1 || s.Count() != 5+manyGaps-1 {
		t.Fatalf("repeated %v, few %v, of %d", repeated, s.Few(), s.Count())
	}
	r := repeated[0]
	// 10 + 12.001 + 900 + 10 + 25 = 957.001 s = 15 min 57.001 s
	if got, want := fmt.Sprint(r.Tenants(), " ", r), "2 5 short gaps of 15 min at most, 15 min 58 s in all"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	for _, tc := range []struct {
		hold time.Duration
		want string
	}{
		{time.Hour, "raise hold of [meter:instance] from 1h to 75m: that would have covered them"},
		{10 * time.Minute, "raise hold of [meter:instance] from 10m to 25m: that would have covered them"},
		{90 * time.Second, "raise hold of [meter:instance] from 1m30s to 17m: that would have covered them"}, // 1:30 + 15:00 = 16:30
		{0, "let a sample of meter instance hold 15 min longer: that would have covered them"},
	} {
		holds := map[string]time.Duration{"instance": tc.hold}
		if tc.hold == 0 {
			delete(holds, "instance")
		}
		if got := r.Hint(holds); got != tc.want {
			t.Errorf("under %v it says %q, want %q", tc.hold, got, tc.want)
		}
	}
}

// Under the hold that is advised there would have been no gap.
func TestCoveringHold(t *testing.T) {
	for _, hold := range []time.Duration{time.Minute, time.Hour} {
		for _, gap := range []time.Duration{1, time.Second, time.Minute, 10*time.Minute + 3*time.Microsecond} {
			first := time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)
			sample := func(at time.Time) usage.Sample {
				return usage.Sample{Tenant: "a", Resource: "r", Meter: "instance", Kind: usage.Gauge, Time: at, Metadata: map[string]string{"status": "active"}}
			}
			samples := []usage.Sample{sample(first), sample(first.Add(hold + gap))}
			w := usage.Span{Start: first, End: first.Add(2 * usage.WindowLength)}
			for _, tc := range []struct {
				hold time.Duration
				want int
			}{{hold, 1}, {coveringHold(hold, gap), 0}} {
				_, gaps, _, err := usage.Uptime{Hold: tc.hold}.TransformGaps(w, usage.State{}, samples)
				closed := 0
				for _, g := range gaps {
					if !g.To.IsZero() {
						closed++
					}
				}
				if err != nil || closed != tc.want {
					t.Errorf("a gap of %v under hold %v: %v, %v", gap, tc.hold, gaps, err)
				}
			}
		}
	}
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 1: "1 s", time.Second: "1 s", 10 * time.Second: "10 s", 61 * time.Second: "1 min 1 s", time.Hour: "1 h",
		3*time.Hour + 25*time.Minute + 39*time.Second + time.Millisecond: "3 h 25 min 40 s", 100*time.Hour + time.Second: "100 h 1 s",
	} {
		if got := DurationText(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
