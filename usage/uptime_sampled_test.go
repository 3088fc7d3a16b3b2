package usage_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/usage"
)

// A volumesTest is samples on the first day and what a transformer makes of
// them.
type volumesTest struct {
	name        string
	transformer usage.Transformer
	samples     []usage.Sample
	want        []string
}

func runVolumes(t *testing.T, tests []volumesTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			steps, err := walk(test.transformer, test.samples, clock("12:00:00"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, lines(steps)); diff != "" {
				t.Errorf("volumes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUptimeSampled(t *testing.T) {
	run := func(clockTime, flavor string, options ...option) usage.Sample {
		return gauge(clock(clockTime), "1", append([]option{state("active"), metadata("instance_type", flavor)}, options...)...)
	}
	var seven []usage.Sample
	for _, flavor := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		seven = append(seven, run("00:10:00", flavor))
	}
	runVolumes(t, []volumesTest{
		{"one sample is the whole hour, and no hour more", usage.UptimeSampled{}, []usage.Sample{run("00:59:59", "x")}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 3600 second of 1",
		}},
		{"equal parts, however long each ran", usage.UptimeSampled{},
			[]usage.Sample{run("00:00:00", "x"), run("00:50:00", "x"), run("00:59:00", "y")}, []string{
				"2014-01-01T00 tenant=a service=x dc=north: 1800 second of 3", // 3600 / 2
				"2014-01-01T00 tenant=a service=y dc=north: 1800 second of 3",
			}},
		{"a part that is not finite is rounded to the nanosecond", usage.UptimeSampled{}, seven[:7], []string{
			"2014-01-01T00 tenant=a service=a dc=north: 257142857143/500000000 second of 7", // 514.285714286
			"2014-01-01T00 tenant=a service=b dc=north: 257142857143/500000000 second of 7",
			"2014-01-01T00 tenant=a service=c dc=north: 257142857143/500000000 second of 7",
			"2014-01-01T00 tenant=a service=d dc=north: 257142857143/500000000 second of 7",
			"2014-01-01T00 tenant=a service=e dc=north: 257142857143/500000000 second of 7",
			"2014-01-01T00 tenant=a service=f dc=north: 257142857143/500000000 second of 7",
			"2014-01-01T00 tenant=a service=g dc=north: 257142857143/500000000 second of 7",
		}},
		{"only tracked samples tell a flavor; without a state there is none", usage.UptimeSampled{}, []usage.Sample{
			run("00:00:00", "x", state("STOPPED")), run("00:10:00", "y", state("error")), run("00:20:00", "z", state("")),
			run("00:30:00", "z", state("None")), run("01:00:00", "x", state("deleted")), run("02:00:00", "x", state(""))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 3600 second of 4",
		}},
		{"every tracked state", usage.UptimeSampled{}, []usage.Sample{
			run("00:00:00", "x", state("active")), run("01:00:00", "x", state("paused")), run("02:00:00", "x", state("rescue")),
			run("03:00:00", "x", state("rescued")), run("04:00:00", "x", state("resize")), run("05:00:00", "x", state("resized")),
			run("06:00:00", "x", state("verify_resize")), run("07:00:00", "x", state("suspended")), run("08:00:00", "x", state("shutoff")),
			run("09:00:00", "x", state("stopped")), run("10:00:00", "x", state("building")), run("11:00:00", "x", state("shutdown"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T01 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T02 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T03 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T04 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T05 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T06 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T07 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T08 tenant=a service=x dc=north: 3600 second of 1",
			"2014-01-01T09 tenant=a service=x dc=north: 3600 second of 1",
		}},
		{"a sample without a flavor takes no part from those with one", usage.UptimeSampled{},
			[]usage.Sample{run("00:00:00", ""), run("00:10:00", "x"), run("01:00:00", "None")}, []string{
				"2014-01-01T00 tenant=a service=x dc=north: 3600 second of 2",
				"2014-01-01T01 tenant=a service= dc=north: 3600 second of 1",
			}},
		{"a flavor by two names is one; with a prefix", usage.UptimeSampled{Prefix: "c1.", Names: map[string]string{"84": "x"}},
			[]usage.Sample{run("00:00:00", "84"), run("00:10:00", "x"), run("00:20:00", "85")}, []string{
				"2014-01-01T00 tenant=a service=c1.85 dc=north: 1800 second of 3",
				"2014-01-01T00 tenant=a service=c1.x dc=north: 1800 second of 3",
			}},
		{"each tenant has its own hour, where it was last", usage.UptimeSampled{}, []usage.Sample{
			run("00:00:00", "x"), run("00:10:00", "x", in("south")), run("00:20:00", "x", tenant("b")), run("00:30:00", "y", tenant("b"))}, []string{
			"2014-01-01T00 tenant=a service=x dc=south: 3600 second of 2",
			"2014-01-01T00 tenant=b service=x dc=north: 1800 second of 2",
			"2014-01-01T00 tenant=b service=y dc=north: 1800 second of 2",
		}},
		{"other keys and states", usage.UptimeSampled{Tracked: []string{"ON"}, StateKeys: []string{"power"}, FlavorKeys: []string{"size"}},
			[]usage.Sample{run("00:00:00", "x"), run("01:00:00", "x", metadata("power", "on"), metadata("size", "z"))}, []string{
				"2014-01-01T01 tenant=a service=z dc=north: 3600 second of 1",
			}},
	})
}

func TestDatabaseUptime(t *testing.T) {
	run := func(clockTime, status, flavor string) usage.Sample {
		return gauge(clock(clockTime), "1", metadata("status", status), state("active"), metadata("flavor.id", flavor))
	}
	managed := usage.DatabaseUptime{Prefix: "db.", Names: map[string]string{"7": "c1.r1"}}
	runVolumes(t, []volumesTest{
		{"by the flavor's name, with a prefix", managed, []usage.Sample{run("00:00:00", "ACTIVE", "7"), run("00:10:00", "SHUTDOWN", "8")}, []string{
			"2014-01-01T00 tenant=a service=db.c1.r1 dc=north: 3600 second of 2",
		}},
		{"a flavor without a name is not free", managed, []usage.Sample{run("00:00:00", "UPGRADE", "8")}, []string{
			"2014-01-01T00 tenant=a service=db.8 dc=north: 3600 second of 1",
		}},
		{"the name that a sample says comes first", usage.DatabaseUptime{}, []usage.Sample{
			gauge(clock("00:00:00"), "1", metadata("status", "active"), metadata("flavor.id", "7"), flavor("c1.r2"))}, []string{
			"2014-01-01T00 tenant=a service=c1.r2 dc=north: 3600 second of 1",
		}},
		{"only status tells the state", managed, []usage.Sample{run("00:00:00", "", "7"), run("01:00:00", "BUILD", "7")}, []string{}},
		{"other states and keys", usage.DatabaseUptime{Tracked: []string{"build"}, FlavorKeys: []string{"size"}}, []usage.Sample{
			run("00:00:00", "ACTIVE", "7"), gauge(clock("01:00:00"), "1", metadata("status", "BUILD"), metadata("size", "z"))}, []string{
			"2014-01-01T01 tenant=a service=z dc=north: 3600 second of 1",
		}},
	})
	if got, want := managed.Keys(), []string{"status", "flavor.name", "flavor.id"}; !slices.Equal(got, want) {
		t.Errorf("keys are %q, want %q", got, want)
	}
}
