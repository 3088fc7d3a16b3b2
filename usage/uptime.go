package usage

import (
	"slices"
	"time"
)

// DefaultHold is how long a sample says what a resource is doing, unless
// Uptime.Hold says otherwise.
const DefaultHold = time.Hour

// Uptime measures how long a resource ran, by flavor. The zero Uptime has the
// rules that are described here.
//
//   - Input: any kind of meter; usually instance. The volumes of samples are
//     not looked at. What is, are their times and these keys of metadata, of
//     which the first with a value counts (Ceilometer writes "None" where it
//     has none): StateKeys for the state, FlavorKeys for the flavor.
//   - Rule: a sample without a state, or without a flavor, leaves it as it
//     was. Before the first that says one, the state is active. State, flavor,
//     tenant and datacenter hold until the next sample of the resource,
//     whichever tenant's it is, and Hold at most; also past the last sample,
//     and into windows that have none. The volume is the time within the
//     window in a tracked state, one for each tenant, flavor and datacenter.
//     No time, no volume.
//   - Unit: second, exact to the nanosecond.
//   - Service: the flavor, by the name that Names has for it. Time before the
//     first sample that tells a flavor has the service "", that of the meter:
//     it is not lost, and no flavor is guessed for it.
//   - Samples: how many the tenant has in the window, of whatever state or
//     flavor; 0 for time that is held from the window before.
//
// Being an integral over time, it adds up however time is cut. It is what the
// uptime of 2014 to 2020 was meant to be: there, stopped time was billed when
// the machine came back. For that of 2024 see UptimeSampled.
type Uptime struct {
	Hold       time.Duration     // how long a sample holds at most; 0 for DefaultHold
	Tracked    []string          // the states that count, without regard to case; none for DefaultTracked
	StateKeys  []string          // none for status, state
	FlavorKeys []string          // none for flavor.name, instance_type
	Names      map[string]string // the names of flavors, by what metadata says; may be nil
}

var (
	_ Transformer = Uptime{}
	_ KeyUser     = Uptime{}
)

// DefaultTracked returns the states that count unless Uptime.Tracked says
// otherwise.
func DefaultTracked() []string {
	return []string{"active", "build", "building", "paused", "rescue", "rescued", "resize", "resized", "verify_resize"}
}

// Validate returns an error where the options cannot be meant.
func (u Uptime) Validate() error { return checkHold(u.Hold) }

// Keys implements [KeyUser].
func (u Uptime) Keys() []string {
	u = u.withDefaults()
	return slices.Concat(u.StateKeys, u.FlavorKeys)
}

func (u Uptime) withDefaults() Uptime {
	if u.Hold == 0 {
		u.Hold = DefaultHold
	}
	u.Tracked = or(u.Tracked, DefaultTracked()...)
	u.StateKeys = or(u.StateKeys, "status", "state")
	u.FlavorKeys = or(u.FlavorKeys, "flavor.name", "instance_type")
	return u
}

// uptimeState is what holds from Since on. Before the first sample Since is
// nil and nothing holds.
type uptimeState struct {
	Since      *time.Time `json:"since,omitempty"`
	State      string     `json:"state,omitempty"`
	Flavor     string     `json:"flavor,omitempty"`
	Tenant     string     `json:"tenant,omitempty"`
	Datacenter string     `json:"datacenter,omitempty"`
}

// runtimeKey tells the volumes of a window apart.
type runtimeKey struct {
	tenant, flavor, datacenter string
}

// Transform implements [Transformer].
func (u Uptime) Transform(w Span, before State, samples []Sample) ([]Volume, State, error) {
	if err := u.Validate(); err != nil {
		return nil, State{}, err
	}
	u = u.withDefaults()
	held := uptimeState{State: "active"}
	if err := decodeState(before.Data, &held); err != nil {
		return nil, State{}, err
	}
	ran := map[runtimeKey]time.Duration{}
	counts := map[string]int{}
	for i := range samples {
		s := &samples[i]
		u.charge(ran, w, held, s.Time)
		held = u.read(held, s)
		counts[s.Tenant]++
	}
	u.charge(ran, w, held, w.End)
	volumes := make([]Volume, 0, len(ran))
	for key, d := range ran {
		volumes = append(volumes, Volume{
			Tenant:     key.tenant,
			Datacenter: key.datacenter,
			Service:    key.flavor,
			Volume:     seconds(d),
			Unit:       "second",
			Samples:    counts[key.tenant],
		})
	}
	sortVolumes(volumes)
	if len(samples) == 0 {
		return volumes, before, nil
	}
	data, err := encodeState(held)
	return volumes, State{Data: data, Until: u.until(held)}, err
}

// charge adds the time from when held began to hold up to t, as far as it lies
// within the window, is tracked, and is not past the hold.
func (u Uptime) charge(ran map[runtimeKey]time.Duration, w Span, held uptimeState, t time.Time) {
	until := u.until(held)
	if until.IsZero() {
		return
	}
	if d := heldWithin(w, *held.Since, until, t); d > 0 {
		ran[runtimeKey{held.Tenant, nameOf(u.Names, held.Flavor), held.Datacenter}] += d
	}
}

// until returns when held stops to be billed if no sample follows: the zero
// time where it never is.
func (u Uptime) until(held uptimeState) time.Time {
	if held.Since == nil || !tracks(u.Tracked, held.State) {
		return time.Time{}
	}
	return held.Since.Add(u.Hold)
}

// read returns what holds from s on.
func (u Uptime) read(held uptimeState, s *Sample) uptimeState {
	since := s.Time.UTC()
	held.Since, held.Tenant, held.Datacenter = &since, s.Tenant, s.Datacenter
	if state := firstValue(s.Metadata, u.StateKeys); state != "" {
		held.State = state
	}
	if flavor := firstValue(s.Metadata, u.FlavorKeys); flavor != "" {
		held.Flavor = flavor
	}
	return held
}
