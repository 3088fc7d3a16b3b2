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
	_ GapFinder = Uptime{}
	_ KeyUser   = Uptime{}
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
	if len(u.Tracked) == 0 {
		u.Tracked = DefaultTracked()
	}
	if len(u.StateKeys) == 0 {
		u.StateKeys = []string{"status", "state"}
	}
	if len(u.FlavorKeys) == 0 {
		u.FlavorKeys = []string{"flavor.name", "instance_type"}
	}
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

func (held uptimeState) encode() string {
	buf := appendInstant(append(make([]byte, 0, 160), '{'), "since", held.Since)
	buf = appendField(buf, "state", held.State)
	buf = appendField(buf, "flavor", held.Flavor)
	buf = appendField(buf, "tenant", held.Tenant)
	buf = appendField(buf, "datacenter", held.Datacenter)
	return string(append(buf, '}'))
}

func (held *uptimeState) decode(data string) error {
	r := readState(data)
	read := uptimeState{r.instant("since"), r.text("state"), r.text("flavor"), r.text("tenant"), r.text("datacenter")}
	if r.done() && read.State != "" {
		*held = read
		return nil
	}
	return decodeState(data, held)
}

// uptimeFold is the folding of one window.
type uptimeFold struct {
	Uptime
	window  Span
	held    uptimeState // but for Since
	since   time.Time
	tracked bool
	until   time.Time // when held stops to be billed if no sample follows; zero where it never is
	ran     []runtime
	gaps    []Gap
}

// A runtime is how long a resource ran for a tenant, by flavor and datacenter.
type runtime struct {
	tenant, flavor, datacenter string
	d                          time.Duration
}

// Transform implements [Transformer].
func (u Uptime) Transform(w Span, before State, samples []Sample) ([]Volume, State, error) {
	volumes, _, after, err := u.TransformGaps(w, before, samples)
	return volumes, after, err
}

// TransformGaps implements [GapFinder]. A tracked resource is silent from when
// its last sample stops to hold.
func (u Uptime) TransformGaps(w Span, before State, samples []Sample) ([]Volume, []Gap, State, error) {
	if err := u.Validate(); err != nil {
		return nil, nil, State{}, err
	}
	f := uptimeFold{Uptime: u.withDefaults(), window: w, held: uptimeState{State: "active"}}
	if err := f.held.decode(before.Data); err != nil {
		return nil, nil, State{}, err
	}
	f.tracked = tracks(f.Tracked, f.held.State)
	if f.held.Since != nil {
		f.hold(*f.held.Since)
	}
	for i := range samples {
		s := &samples[i]
		f.charge(s.Time)
		f.gaps = endGap(f.gaps, f.held.Tenant, f.until, s.Time)
		f.read(s)
	}
	f.charge(w.End)
	f.gaps = beginGap(f.gaps, f.held.Tenant, f.until, w)
	volumes := f.volumes(samples)
	if len(samples) == 0 {
		return volumes, f.gaps, before, nil
	}
	f.held.Since = &f.since
	return volumes, f.gaps, State{Data: f.held.encode(), Until: f.until}, nil
}

// hold makes held hold from since on.
func (f *uptimeFold) hold(since time.Time) {
	f.since, f.until = since, time.Time{}
	if f.tracked {
		f.until = since.Add(f.Hold)
	}
}

// charge adds the time from when held began to hold up to t, as far as it lies
// within the window, is tracked, and is not past the hold.
func (f *uptimeFold) charge(t time.Time) {
	if f.until.IsZero() {
		return
	}
	d := heldWithin(f.window, f.since, f.until, t)
	if d == 0 {
		return
	}
	flavor := nameOf(f.Names, f.held.Flavor)
	for i := range f.ran {
		if r := &f.ran[i]; r.tenant == f.held.Tenant && r.flavor == flavor && r.datacenter == f.held.Datacenter {
			r.d += d
			return
		}
	}
	f.ran = append(f.ran, runtime{f.held.Tenant, flavor, f.held.Datacenter, d})
}

// read makes held what holds from s on.
func (f *uptimeFold) read(s *Sample) {
	f.held.Tenant, f.held.Datacenter = s.Tenant, s.Datacenter
	if state := firstValue(s.Metadata, f.StateKeys); state != "" && state != f.held.State {
		f.held.State, f.tracked = state, tracks(f.Tracked, state)
	}
	if flavor := firstValue(s.Metadata, f.FlavorKeys); flavor != "" {
		f.held.Flavor = flavor
	}
	f.hold(s.Time.UTC())
}

func (f *uptimeFold) volumes(samples []Sample) []Volume {
	volumes := make([]Volume, 0, len(f.ran))
	for _, r := range f.ran {
		volumes = append(volumes, Volume{
			Tenant:     r.tenant,
			Datacenter: r.datacenter,
			Service:    r.flavor,
			Volume:     seconds(r.d),
			Unit:       "second",
			Samples:    samplesOf(r.tenant, samples),
		})
	}
	sortVolumes(volumes)
	return volumes
}
