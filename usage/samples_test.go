package usage_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// at reads a time as the recordings have it: UTC, with or without a fraction.
func at(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.999999999", text)
	if err != nil {
		panic(err)
	}
	return t
}

// clock is a time on the first day of the tables here.
func clock(text string) time.Time { return at("2014-01-01T" + text) }

// An option changes a sample.
type option func(*usage.Sample)

func id(id string) option         { return func(s *usage.Sample) { s.ID = id } }
func tenant(tenant string) option { return func(s *usage.Sample) { s.Tenant = tenant } }
func unit(unit string) option     { return func(s *usage.Sample) { s.Unit = unit } }
func recorded(t time.Time) option { return func(s *usage.Sample) { s.Recorded = t } }
func noVolume(s *usage.Sample)    { s.Volume, s.HasVolume = decimal.Decimal{}, false }
func in(datacenter string) option { return func(s *usage.Sample) { s.Datacenter = datacenter } }
func assumed(dc string) option    { return func(s *usage.Sample) { s.Datacenter, s.Assumed = dc, true } }
func state(state string) option   { return metadata("state", state) }
func flavor(flavor string) option { return metadata("flavor.name", flavor) }
func metadata(k, v string) option {
	return func(s *usage.Sample) {
		if s.Metadata == nil {
			s.Metadata = map[string]string{}
		}
		s.Metadata[k] = v
	}
}

// reading makes a sample of tenant a in datacenter north.
func reading(kind usage.Kind, t time.Time, volume string, options ...option) usage.Sample {
	s := usage.Sample{
		Meter: "m", Kind: kind, Unit: "B", Tenant: "a", Resource: "r", Datacenter: "north",
		Volume: decimal.RequireFromString(volume), HasVolume: true, Time: t,
	}
	for _, o := range options {
		o(&s)
	}
	return s
}

func gauge(t time.Time, volume string, options ...option) usage.Sample {
	return reading(usage.Gauge, t, volume, options...)
}

// numbered gives samples their places in the file samples.json.
func numbered(samples []usage.Sample) []usage.Sample {
	for i := range samples {
		samples[i].Origin = usage.Origin{Name: "samples.json", Index: i + 1}
	}
	return samples
}

// border returns the first border that is not before t.
func border(t time.Time) time.Time {
	if usage.OnBorder(t) {
		return t
	}
	return usage.WindowAt(t).End
}

// afterAll is a border after which no sample of the series holds.
func afterAll(samples []usage.Sample, hold time.Duration) time.Time {
	end := time.Unix(0, 0).UTC()
	for _, s := range samples {
		if s.Time.After(end) {
			end = s.Time
		}
	}
	return border(end.Add(hold)).Add(usage.WindowLength)
}

// walk sorts a copy of the samples and folds t over all of them, cut at the
// given borders, with nothing but the state carried over each.
func walk(t usage.Transformer, samples []usage.Sample, through time.Time, cuts ...time.Time) ([]usage.Step, error) {
	samples = usage.Sort(slices.Clone(samples))
	var (
		steps []usage.Step
		state usage.State
		from  time.Time
	)
	for _, cut := range append(cuts, through) {
		for step, err := range usage.Walk(t, from, state, samples, cut) {
			if err != nil {
				return steps, err
			}
			steps = append(steps, step)
			state = step.State
		}
		from = cut
	}
	return steps, nil
}

// lines renders the volumes of steps, one line each, to be compared and read.
func lines(steps []usage.Step) []string {
	list := []string{}
	for _, step := range steps {
		for _, v := range step.Volumes {
			list = append(list, line(step.Window.Start, v.Tenant, v.Service, v.Datacenter, v.Volume.Rat(), v.Unit, v.Samples))
		}
	}
	return list
}

func line(start time.Time, tenant, service, datacenter string, volume *big.Rat, unit string, samples int) string {
	return fmt.Sprintf("%s tenant=%s service=%s dc=%s: %s %s of %d",
		start.Format("2006-01-02T15"), tenant, service, datacenter, volume.RatString(), unit, samples)
}

func mustWalk(tb testing.TB, t usage.Transformer, samples []usage.Sample) []usage.Step {
	tb.Helper()
	steps, err := walk(t, samples, afterAll(samples, usage.DefaultHold))
	if err != nil {
		tb.Fatal(err)
	}
	return steps
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }
