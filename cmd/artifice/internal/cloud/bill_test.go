package cloud_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/cmd/artifice/internal/cloud"
	"github.com/openstack-artifice/artifice/usage"
)

// service is a line of a bill without its volume.
type service struct{ tenant, datacenter, name, unit string }

type bill map[service]decimal.Decimal

func (b bill) add(s sample, name, unit string, volume decimal.Decimal) {
	key := service{s.tenant, s.metadata["availability_zone"], name, unit}
	if sum := b[key].Add(volume); !sum.IsZero() {
		b[key] = sum
	}
}

func truth(c *cloud.Cloud) bill {
	b := bill{}
	for _, l := range c.Bill() {
		b[service{l.Tenant, l.Datacenter, l.Service, l.Unit}] = l.Volume
	}
	return b
}

// read works out the bill from the samples alone, in the plainest way.
func read(t *testing.T, c *cloud.Cloud, month usage.Span) bill {
	t.Helper()
	series := map[[2]string][]sample{}
	for name, text := range written(t, c) {
		samples := decode(t, name, text)
		if !strings.Contains(name, ".jsonl") {
			slices.Reverse(samples)
		}
		for _, s := range samples {
			key := [2]string{s.meter, s.resource}
			series[key] = append(series[key], s)
		}
	}
	b := bill{}
	for key, samples := range series {
		switch key[0] {
		case "instance":
			b.addUptime(samples, month)
		case "volume.size", "ip.floating":
			b.addLargestPerHour(samples)
		default:
			b.addIncrements(samples)
		}
	}
	return b
}

// addUptime looks at every second of the month: what did the latest sample say?
func (b bill) addUptime(samples []sample, month usage.Span) {
	seconds := map[string]int64{}
	next := 0
	for now := month.Start; now.Before(month.End); now = now.Add(time.Second) {
		for next < len(samples) && !samples[next].time.After(now) {
			next++
		}
		if next == 0 || now.Sub(samples[next-1].time) >= time.Hour {
			continue
		}
		metadata := samples[next-1].metadata
		state, flavor := metadata["status"], metadata["flavor.name"]
		if metadata["event_type"] != "" {
			state, flavor = metadata["state"], metadata["instance_type"]
		}
		switch state {
		case "active", "building", "build", "resized", "verify_resize":
			seconds[flavor]++
		}
	}
	for flavor, n := range seconds {
		b.add(samples[0], flavor, "second", decimal.NewFromInt(n))
	}
}

// addLargestPerHour counts every hour that has a sample, at its largest volume.
func (b bill) addLargestPerHour(samples []sample) {
	hours := map[time.Time]decimal.Decimal{}
	for _, s := range samples {
		hour := s.time.Truncate(time.Hour)
		hours[hour] = decimal.Max(hours[hour], s.volume)
	}
	for _, largest := range hours {
		b.add(samples[0], samples[0].meter, samples[0].unit+" hour", largest)
	}
}

// addIncrements adds what a counter grew by; after a restart, its new value.
func (b bill) addIncrements(samples []sample) {
	for i, s := range samples[1:] {
		grown := s.volume.Sub(samples[i].volume)
		if grown.IsNegative() {
			grown = s.volume
		}
		b.add(s, s.meter, s.unit, grown)
	}
}

func TestBillIsWhatTheSamplesSay(t *testing.T) {
	for seed := range uint64(4) {
		c := cloud.New(seed, day)
		if diff := cmp.Diff(truth(c), read(t, c, day)); diff != "" {
			t.Errorf("seed %d (-the cloud's own bill +worked out from its samples):\n%s", seed, diff)
		}
	}
}

// What stays as it is all month can be said beforehand. April of 2026 has
// 30 * 24 + 1 = 721 hours.
func TestBillOfWhatStays(t *testing.T) {
	c := cloud.New(42, april)
	kereru, bright := c.Tenants()[0].ID, c.Tenants()[1].ID
	tests := []struct {
		service service
		want    string
	}{
		{service{kereru, "nz-por-1", "m1.large", "second"}, "2595600"},    // orders-db: 721 * 3600
		{service{kereru, "nz-por-1", "volume.size", "GB hour"}, "144200"}, // orders-data: 721 * 200
		{service{kereru, "nz-por-1", "ip.floating", "ip hour"}, "721"},    // one, all the time
		{service{bright, "nz-wlg-2", "volume.size", "GB hour"}, "360500"}, // ledger-data: 721 * 500
		{service{bright, "nz-wlg-2", "ip.floating", "ip hour"}, "721"},    // one, all the time
	}
	got := truth(c)
	for _, test := range tests {
		if got[test.service].String() != test.want {
			t.Errorf("%v: got %s, want %s", test.service, got[test.service], test.want)
		}
	}
	// print-server is stopped for 10 to 40 percent of the time: 259560 to
	// 1038240 of 2595600 seconds, which leaves 1557360 to 2336040.
	stopped := got[service{bright, "nz-wlg-2", "m1.small", "second"}]
	if stopped.LessThan(decimal.NewFromInt(1557360)) || stopped.GreaterThan(decimal.NewFromInt(2336040)) {
		t.Errorf("m1.small: got %s, want 1557360 to 2336040", stopped)
	}
	// A resize ends the uptime of one flavor where it begins that of the next,
	// so that ledger-app and payroll (all month, each) and ledger-db add up:
	// 3 * 2595600 = 7786800.
	sum := got[service{bright, "nz-wlg-2", "m1.medium", "second"}].
		Add(got[service{bright, "nz-wlg-2", "m1.large", "second"}])
	if sum.String() != "7786800" {
		t.Errorf("m1.medium and m1.large: got %s, want 7786800", sum)
	}
}

func TestCountersRestart(t *testing.T) {
	restarts := 0
	last := map[string]sample{}
	const file = "network.outgoing.bytes.jsonl.gz"
	for _, s := range decode(t, file, written(t, cloud.New(1, day))[file]) {
		before, seen := last[s.resource]
		if seen && s.volume.LessThan(before.volume) {
			restarts++
		}
		last[s.resource] = s
	}
	// Two reboots, two resizes, three that are stopped and started.
	if restarts != 7 {
		t.Errorf("%d restarts of a counter, want 2 + 2 + 3 = 7", restarts)
	}
}
