package usage_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

func TestIntegral(t *testing.T) {
	runVolumes(t, []volumesTest{
		{"a value holds until the next", usage.Integral{}, []usage.Sample{
			gauge(clock("00:00:00"), "10"), gauge(clock("00:20:00"), "2.5"), gauge(clock("01:00:00"), "0")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 18000 B second of 2", // 10 * 1200 + 2.5 * 2400 = 12000 + 6000
			"2014-01-01T01 tenant=a service= dc=north: 0 B second of 1",     // 0 held for an hour
		}},
		{"for an hour at most, into the next window", usage.Integral{}, []usage.Sample{
			gauge(clock("00:40:00"), "3"), gauge(clock("05:00:00"), "1")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 3600 B second of 1", // 3 * 1200
			"2014-01-01T01 tenant=a service= dc=north: 7200 B second of 0", // 3 * 2400
			"2014-01-01T05 tenant=a service= dc=north: 3600 B second of 1",
		}},
		{"a shorter and a longer hold", usage.Integral{Hold: 10 * time.Minute}, []usage.Sample{gauge(clock("00:55:00"), "2")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 600 B second of 1", // 2 * 300
			"2014-01-01T01 tenant=a service= dc=north: 600 B second of 0",
		}},
		{"a longer hold", usage.Integral{Hold: 150 * time.Minute}, []usage.Sample{gauge(clock("00:30:00"), "1")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 1800 B second of 1",
			"2014-01-01T01 tenant=a service= dc=north: 3600 B second of 0",
			"2014-01-01T02 tenant=a service= dc=north: 3600 B second of 0", // up to 00:30 + 2:30 = 03:00
		}},
		{"a sample without a volume leaves the value, which holds anew", usage.Integral{}, []usage.Sample{
			gauge(clock("00:00:00"), "7", noVolume), gauge(clock("00:10:00"), "1"), gauge(clock("01:00:00"), "9", noVolume),
			gauge(clock("01:30:00"), "0")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 3000 B second of 2", // 0 * 600 + 1 * 3000
			"2014-01-01T01 tenant=a service= dc=north: 1800 B second of 2", // 1 * 1800 + 0 * 1800
			"2014-01-01T02 tenant=a service= dc=north: 0 B second of 0",
		}},
		{"by tenant and datacenter", usage.Integral{}, []usage.Sample{
			gauge(clock("00:00:00"), "1"), gauge(clock("00:10:00"), "1", in("south")), gauge(clock("00:30:00"), "4", tenant("b")),
			gauge(clock("00:45:00"), "1")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 1500 B second of 3", // 600 + 900
			"2014-01-01T00 tenant=a service= dc=south: 1200 B second of 3",
			"2014-01-01T00 tenant=b service= dc=north: 3600 B second of 1", // 4 * 900
			"2014-01-01T01 tenant=a service= dc=north: 2700 B second of 0", // up to 00:45 + 1h
		}},
		{"what is deleted ends, until it is said to be there", usage.Integral{}, []usage.Sample{
			gauge(clock("00:00:00"), "2"), gauge(clock("00:20:00"), "2", state("Deleted")), gauge(clock("00:40:00"), "3", state("deleted")),
			gauge(clock("01:30:00"), "0", noVolume), gauge(clock("01:50:00"), "1")}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 2400 B second of 3", // 2 * 1200
			"2014-01-01T01 tenant=a service= dc=north: 4200 B second of 2", // 3 * 1200 + 1 * 600
			"2014-01-01T02 tenant=a service= dc=north: 3000 B second of 0", // 1 * 3000
		}},
		{"nothing for no time; exact to the nanosecond", usage.Integral{}, []usage.Sample{
			gauge(clock("00:00:00"), "5", recorded(clock("00:00:01"))), gauge(clock("00:00:00"), "0.1", recorded(clock("00:00:02"))),
			gauge(clock("00:00:00.000000003"), "9", tenant("b")), gauge(clock("00:00:00.000000003"), "9", tenant("c"))}, []string{
			"2014-01-01T00 tenant=a service= dc=north: 3/10000000000 B second of 2",             // 0.1 * 0.000000003
			"2014-01-01T00 tenant=c service= dc=north: 32399999999973/1000000000 B second of 1", // 9 * 3599.999999997
			"2014-01-01T01 tenant=c service= dc=north: 27/1000000000 B second of 0",             // 9 * 0.000000003
		}},
	})
}

func TestIntegralRefuses(t *testing.T) {
	for _, test := range []struct {
		name     string
		integral usage.Integral
		samples  []usage.Sample
		want     string
	}{
		{"a negative hold", usage.Integral{Hold: -time.Hour}, []usage.Sample{gauge(clock("00:00:00"), "1")},
			"hold is -1h0m0s; give a duration above 0, such as 1h"},
		{"a counter", usage.Integral{}, []usage.Sample{reading(usage.Cumulative, clock("00:00:00"), "1")},
			"transformer integral does not take; use transformer cumulative for it"},
		{"another unit in a later window", usage.Integral{}, []usage.Sample{gauge(clock("00:00:00"), "1"), gauge(clock("05:00:00"), "1", unit("GB"))},
			`is in "GB" here, but in "B" before`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := walk(test.integral, test.samples, clock("12:00:00"))
			if err == nil || !contains(err, test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
	uptime := usage.State{Data: `{"since":"2014-01-01T00:00:00Z","flavor":"x"}`}
	if _, _, err := (usage.Integral{}).Transform(usage.WindowAt(clock("01:00:00")), uptime, nil); err == nil ||
		!strings.Contains(err.Error(), "the kept state does not fit") {
		t.Errorf("the state of another transformer: %v", err)
	}
}

// TestIntegralOfOneIsUptime: a value of 1 that is always there comes to the
// time that an instance which is always active ran.
func TestIntegralOfOneIsUptime(t *testing.T) {
	total := func(steps []usage.Step) *big.Rat {
		sum := new(big.Rat)
		for _, step := range steps {
			for _, v := range step.Volumes {
				sum.Add(sum, v.Volume.Rat())
			}
		}
		return sum
	}
	rapid.Check(t, func(t *rapid.T) {
		samples := drawSamples(t, []usage.Kind{usage.Gauge})
		for i := range samples {
			samples[i].Volume, samples[i].HasVolume = decimal.NewFromInt(1), true
			samples[i].Metadata = nil
		}
		hold := drawUptime(t).(usage.Uptime).Hold
		ran := total(drawWalk(t, usage.Uptime{Hold: hold}, samples, drawCuts(t)...))
		if held := total(drawWalk(t, usage.Integral{Hold: hold}, samples, drawCuts(t)...)); held.Cmp(ran) != 0 {
			t.Fatalf("the integral of 1 is %s seconds, the uptime %s", held.RatString(), ran.RatString())
		}
	})
}
