package usage_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

func TestUptime(t *testing.T) {
	run := func(clockTime string, options ...option) usage.Sample {
		return gauge(clock(clockTime), "1", append([]option{state("active"), flavor("x")}, options...)...)
	}
	for _, test := range []struct {
		name    string
		uptime  usage.Uptime
		samples []usage.Sample
		want    []string
	}{
		{"a sample holds for an hour, into the next window", usage.Uptime{}, []usage.Sample{run("00:40:00")}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 1200 second of 1", // 60 - 40 = 20 minutes
			"2014-01-01T01 tenant=a service=x dc=north: 2400 second of 0", // 60 - 20 = 40 minutes
		}},
		{"no entry where it ends on the border", usage.Uptime{}, []usage.Sample{run("00:00:00")}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 3600 second of 1",
		}},
		{"a silence longer than the hold is not billed", usage.Uptime{}, []usage.Sample{run("00:30:00"), run("03:30:00")}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 1800 second of 1",
			"2014-01-01T01 tenant=a service=x dc=north: 1800 second of 0", // up to 00:30 + 1h
			"2014-01-01T03 tenant=a service=x dc=north: 1800 second of 1",
			"2014-01-01T04 tenant=a service=x dc=north: 1800 second of 0",
		}},
		{"a shorter hold", usage.Uptime{Hold: 10 * time.Minute}, []usage.Sample{run("00:55:00"), run("01:20:00")}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 300 second of 1", // 00:55 to 01:00
			"2014-01-01T01 tenant=a service=x dc=north: 900 second of 1", // 01:00 to 01:05, 01:20 to 01:30: 300 + 600
		}},
		{"a longer hold", usage.Uptime{Hold: 150 * time.Minute}, []usage.Sample{run("00:30:00")}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 1800 second of 1",
			"2014-01-01T01 tenant=a service=x dc=north: 3600 second of 0",
			"2014-01-01T02 tenant=a service=x dc=north: 3600 second of 0", // up to 00:30 + 2:30 = 03:00
		}},
		{"stopped time is not billed when it comes back", usage.Uptime{},
			[]usage.Sample{run("00:00:00"), run("00:10:00", state("stopped")), run("00:50:00"), run("01:00:00", state("deleted"))}, []string{
				"2014-01-01T00 tenant=a service=x dc=north: 1200 second of 3", // 10 + 10 minutes
			}},
		{"no time in a tracked state, no entry", usage.Uptime{}, []usage.Sample{run("00:00:00", state("error"))}, []string{}},
		{"before the first state it is active", usage.Uptime{}, []usage.Sample{
			gauge(clock("00:00:00"), "1", flavor("x")), run("00:30:00", state("stopped"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 1800 second of 2",
		}},
		{"a sample without a state or flavor leaves both", usage.Uptime{}, []usage.Sample{
			run("00:00:00", state("STOPPED")), gauge(clock("00:10:00"), "1"), run("00:20:00"),
			gauge(clock("00:30:00"), "1", state("None"), flavor("")), run("00:40:00", state("stopped")), gauge(clock("00:50:00"), "1")},
			[]string{"2014-01-01T00 tenant=a service=x dc=north: 1200 second of 6"}, // 00:20 to 00:40
		},
		{"a state is remembered over a silence and a border", usage.Uptime{}, []usage.Sample{
			run("00:00:00", state("stopped")), gauge(clock("05:00:00"), "1"), run("05:30:00"), run("06:00:00", state("off"))},
			[]string{"2014-01-01T05 tenant=a service=x dc=north: 1800 second of 2"}},
		{"status comes before state, flavor.name before instance_type", usage.Uptime{}, []usage.Sample{
			run("00:00:00", metadata("status", "Active"), state("error"), metadata("instance_type", "84")),
			gauge(clock("00:30:00"), "1", metadata("status", "None"), state("Verify_Resize"), metadata("instance_type", "y")),
			run("00:45:00", state("deleted"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 1800 second of 3",
			"2014-01-01T00 tenant=a service=y dc=north: 900 second of 3",
		}},
		{"every tracked state", usage.Uptime{}, []usage.Sample{
			run("00:00:00", state("active")), run("00:01:00", state("build")), run("00:02:00", state("building")),
			run("00:03:00", state("paused")), run("00:04:00", state("rescue")), run("00:05:00", state("rescued")),
			run("00:06:00", state("resize")), run("00:07:00", state("resized")), run("00:08:00", state("verify_resize")),
			run("00:09:00", state("suspended")), run("00:10:00", state("shutoff"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 540 second of 11", // 9 minutes
		}},
		{"other keys and states", usage.Uptime{Tracked: []string{"ON"}, StateKeys: []string{"power"}, FlavorKeys: []string{"size"}}, []usage.Sample{
			gauge(clock("00:00:00"), "1", metadata("power", "On"), metadata("size", "z"), state("error")),
			gauge(clock("00:20:00"), "1", metadata("power", "active"))}, []string{
			"2014-01-01T00 tenant=a service=z dc=north: 1200 second of 2",
		}},
		{"a flavor by two names is one", usage.Uptime{Names: map[string]string{"84": "x"}}, []usage.Sample{
			run("00:00:00", flavor("84")), run("00:20:00"), run("00:30:00", flavor("85")), run("00:40:00", state("deleted"))}, []string{
			"2014-01-01T00 tenant=a service=85 dc=north: 600 second of 4",
			"2014-01-01T00 tenant=a service=x dc=north: 1800 second of 4", // 20 + 10 minutes
		}},
		{"time before a flavor is known is of the meter's service", usage.Uptime{}, []usage.Sample{
			gauge(clock("00:00:00"), "1"), run("00:15:00"), run("01:00:00", state("deleted"))}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 900 second of 2",
			"2014-01-01T00 tenant=a service=x dc=north: 2700 second of 2",
		}},
		{"a tenant holds until another's sample", usage.Uptime{}, []usage.Sample{
			run("00:10:00"), run("01:30:00", tenant("b")), run("01:45:00", tenant("b"), state("deleted"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 3000 second of 1",
			"2014-01-01T01 tenant=a service=x dc=north: 600 second of 0", // up to 00:10 + 1h
			"2014-01-01T01 tenant=b service=x dc=north: 900 second of 2",
		}},
		{"the time in each datacenter", usage.Uptime{}, []usage.Sample{
			run("00:00:00", in("south")), run("00:20:00", assumed("default")), run("00:30:00"), run("00:40:00", state("deleted"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 600 second of 4",
			"2014-01-01T00 tenant=a service=x dc=south: 1800 second of 4",
		}},
		{"at one instant the last in order holds", usage.Uptime{}, []usage.Sample{
			run("00:00:00", recorded(clock("00:00:02")), flavor("y")), run("00:00:00", recorded(clock("00:00:01"))),
			run("00:30:00", state("deleted"))}, []string{
			"2014-01-01T00 tenant=a service=y dc=north: 1800 second of 3",
		}},
		{"to the nanosecond", usage.Uptime{}, []usage.Sample{
			run("00:00:00.000000001"), run("00:00:00.500000003", state("deleted"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 250000001/500000000 second of 2", // 0.500000002
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			steps, err := walk(test.uptime, test.samples, clock("12:00:00"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, lines(steps)); diff != "" {
				t.Errorf("volumes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUptimeKeys(t *testing.T) {
	if got, want := (usage.Uptime{}).Keys(), []string{"status", "state", "flavor.name", "instance_type"}; !slices.Equal(got, want) {
		t.Errorf("keys are %q, want %q", got, want)
	}
	u := usage.Uptime{StateKeys: []string{"s"}, FlavorKeys: []string{"f", "g"}}
	if got, want := u.Keys(), []string{"s", "f", "g"}; !slices.Equal(got, want) {
		t.Errorf("keys are %q, want %q", got, want)
	}
}

func TestUptimeRefuses(t *testing.T) {
	samples := []usage.Sample{gauge(clock("00:00:00"), "1")}
	if _, err := walk(usage.Uptime{Hold: -time.Hour}, samples, clock("01:00:00")); err == nil ||
		err.Error() != "hold is -1h0m0s; give a duration above 0, such as 1h" {
		t.Errorf("a negative hold: %v", err)
	}
	counter := usage.State{Data: `{"last":"12","unit":"B"}`}
	if _, _, err := (usage.Uptime{}).Transform(usage.WindowAt(samples[0].Time), counter, samples); err == nil ||
		!strings.Contains(err.Error(), "the kept state does not fit") {
		t.Errorf("the state of another transformer: %v", err)
	}
}
