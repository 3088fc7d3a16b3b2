package usage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// gapsOf gathers the gaps of steps: those that lasted when they were found, and
// ended later, once.
func gapsOf(steps []usage.Step) []string {
	var gaps []usage.Gap
	for _, step := range steps {
		for _, g := range step.Gaps {
			i := slices.IndexFunc(gaps, func(known usage.Gap) bool { return known.From.Equal(g.From) && known.To.IsZero() })
			if i < 0 {
				gaps = append(gaps, g)
			} else {
				gaps[i].To = g.To
			}
		}
	}
	lines := []string{}
	for _, g := range gaps {
		lines = append(lines, fmt.Sprintf("%s %s to %s", g.Tenant, g.From.Format(time.RFC3339Nano), g.To.Format(time.RFC3339Nano)))
	}
	return lines
}

// oracleGaps looks at all samples at once: there is a gap wherever one that
// holds is followed by none in time.
func oracleGaps(samples []usage.Sample, hold time.Duration, states bool) []string {
	lines := []string{}
	state := "active"
	for i, s := range samples {
		for _, key := range []string{"status", "state"} {
			if said := s.Metadata[key]; said != "" && said != "None" {
				state = strings.ToLower(said)
				break
			}
		}
		if states && !slices.Contains(usage.DefaultTracked(), state) {
			continue
		}
		if !states && strings.EqualFold(said(s, "status", "state"), "deleted") {
			continue
		}
		from, to := s.Time.Add(hold).UTC(), time.Time{}
		if i+1 < len(samples) {
			if to = samples[i+1].Time.UTC(); !from.Before(to) {
				continue
			}
		}
		lines = append(lines, fmt.Sprintf("%s %s to %s", s.Tenant, from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano)))
	}
	return lines
}

func TestGapsOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t, []usage.Kind{usage.Gauge})
		hold := time.Duration(rapid.SampledFrom([]int{60, 1, 45, 61, 150}).Draw(t, "hold")) * time.Minute
		states := rapid.Bool().Draw(t, "uptime")
		var tr usage.Transformer = usage.Integral{Hold: hold}
		if states {
			tr = usage.Uptime{Hold: hold}
		}
		var cuts []time.Time
		for h := range lastCut {
			if rapid.Bool().Draw(t, "cut") {
				cuts = append(cuts, clock("00:00:00").Add(time.Duration(h)*time.Hour))
			}
		}
		steps, err := walk(tr, samples, afterAll(samples, hold).Add(usage.WindowLength), cuts...)
		if err != nil {
			t.Fatal(err)
		}
		want := oracleGaps(usage.Sort(slices.Clone(samples)), hold, states)
		if diff := cmp.Diff(want, gapsOf(steps)); diff != "" {
			t.Fatalf("gaps (-want +got):\n%s", diff)
		}
	})
}

// A gap is told where it begins and where it ends.
func TestGapsOfWindows(t *testing.T) {
	samples := []usage.Sample{gauge(clock("01:10:00"), "1"), gauge(clock("04:20:00"), "1"), gauge(clock("05:20:00"), "1", state("deleted"))}
	steps, err := walk(usage.Uptime{}, samples, clock("09:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, step := range steps {
		for _, g := range step.Gaps {
			got = append(got, fmt.Sprintf("%s: %s %s", step.Window.Start.Format("15"), g.From.Format("15:04"), g.To.Format("15:04")))
		}
	}
	want := []string{"02: 02:10 00:00", "04: 02:10 04:20"} // and none after 05:20, where it is deleted
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A walker reaches the window in which a gap begins, also on its border.
func TestReaches(t *testing.T) {
	until := usage.State{Until: clock("02:00:00")}
	for _, test := range []struct {
		tr    usage.Transformer
		state usage.State
		start time.Time
		want  bool
	}{
		{usage.Uptime{}, until, clock("01:00:00"), true},
		{usage.Uptime{}, until, clock("02:00:00"), true},
		{usage.Uptime{}, until, clock("03:00:00"), false},
		{usage.Uptime{}, usage.State{}, time.Time{}, false},
		{usage.Max{}, until, clock("01:00:00"), true},
		{usage.Max{}, until, clock("02:00:00"), false},
	} {
		if got := usage.NewWalker(test.tr).Reaches(test.state, test.start); got != test.want {
			t.Errorf("%T reaches %s: %t", test.tr, test.start.Format("15:04"), got)
		}
	}
}
