package usage

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// UptimeSampled bills whole windows to the flavors that were seen in them: the
// uptime of Distil 2024, for those who move over. The zero UptimeSampled has
// the rules that are described here.
//
//   - Input: any kind of meter; usually instance. The volumes of samples are
//     not looked at. What is, are these keys of metadata, of which the first
//     with a value counts: StateKeys for the state, FlavorKeys for the flavor.
//   - Rule: for each tenant, the window is divided into equal parts between
//     the distinct flavors of its samples in a tracked state. A sample without
//     a state does not count. One without a flavor counts only where no other
//     tells one. A window without tracked samples has no volume. So one sample
//     bills the whole hour, also of a machine that was stopped within it, and
//     a resource that changes hands bills the hour to both tenants.
//   - Unit: second. A part that is no whole number of nanoseconds is rounded
//     to one, half up: of seven flavors, each has 514.285714286.
//   - Service: Prefix and the flavor, or the name that Names has for it, where
//     two flavors of one name are one. Where no tracked sample tells a flavor
//     it is "", that of the meter.
//   - Datacenter: that of the tenant's last sample in the window.
//   - Samples: how many the tenant has in the window, of whatever state.
//
// For the time that a machine did run see Uptime.
type UptimeSampled struct {
	Tracked    []string          // the states that count, without regard to case; none for DefaultSampled
	StateKeys  []string          // none for status, state
	FlavorKeys []string          // none for instance_type
	Names      map[string]string // the names of flavors, by what metadata says; may be nil
	Prefix     string            // before the flavor
}

var (
	_ Transformer = UptimeSampled{}
	_ KeyUser     = UptimeSampled{}
)

// DefaultSampled returns the states that count unless UptimeSampled.Tracked
// says otherwise. Unlike with Uptime, these are also states of a machine that
// is off.
func DefaultSampled() []string {
	return []string{"active", "paused", "rescue", "rescued", "resize", "resized", "verify_resize", "suspended", "shutoff", "stopped"}
}

// Keys implements [KeyUser].
func (u UptimeSampled) Keys() []string {
	u = u.withDefaults()
	return slices.Concat(u.StateKeys, u.FlavorKeys)
}

func (u UptimeSampled) withDefaults() UptimeSampled {
	if len(u.Tracked) == 0 {
		u.Tracked = DefaultSampled()
	}
	if len(u.StateKeys) == 0 {
		u.StateKeys = []string{"status", "state"}
	}
	if len(u.FlavorKeys) == 0 {
		u.FlavorKeys = []string{"instance_type"}
	}
	return u
}

// seen is what a window's samples tell of one tenant.
type seen struct {
	tracked    bool
	flavors    map[string]bool
	datacenter string
	samples    int
}

// Transform implements [Transformer].
func (u UptimeSampled) Transform(w Span, _ State, samples []Sample) ([]Volume, State, error) {
	u = u.withDefaults()
	tenants := map[string]*seen{}
	for i := range samples {
		s := &samples[i]
		t := tenants[s.Tenant]
		if t == nil {
			t = &seen{flavors: map[string]bool{}}
			tenants[s.Tenant] = t
		}
		t.datacenter = s.Datacenter
		t.samples++
		if !tracks(u.Tracked, firstValue(s.Metadata, u.StateKeys)) {
			continue
		}
		t.tracked = true
		if flavor := firstValue(s.Metadata, u.FlavorKeys); flavor != "" {
			t.flavors[u.Prefix+nameOf(u.Names, flavor)] = true
		}
	}
	var volumes []Volume
	for tenant, t := range tenants {
		if !t.tracked {
			continue
		}
		if len(t.flavors) == 0 {
			t.flavors[""] = true
		}
		share := part(w.Duration(), len(t.flavors))
		for flavor := range t.flavors {
			volumes = append(volumes, Volume{
				Tenant:     tenant,
				Datacenter: t.datacenter,
				Service:    flavor,
				Volume:     share,
				Unit:       "second",
				Samples:    t.samples,
			})
		}
	}
	sortVolumes(volumes)
	return volumes, State{}, nil
}

// part returns one of n equal parts of d in seconds, to the nanosecond, half
// up.
func part(d time.Duration, n int) decimal.Decimal {
	parts := int64(n)
	return seconds(time.Duration((2*d.Nanoseconds() + parts) / (2 * parts)))
}

// seconds is a duration as an exact number.
func seconds(d time.Duration) decimal.Decimal { return decimal.New(d.Nanoseconds(), -9) }

// tracks reports whether a state is one of those that count.
func tracks(tracked []string, state string) bool {
	return slices.ContainsFunc(tracked, func(t string) bool { return strings.EqualFold(t, state) })
}
