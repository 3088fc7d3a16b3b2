package usagetest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
	"github.com/openstack-artifice/artifice/usage/usagetest"
)

// A faulty transformer is another one with some of what it does broken.
type faulty struct {
	usage.Uptime
	transform func(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error)
	gaps      func([]usage.Gap) []usage.Gap
	keys      []string
	kind      usage.NameKind
	names     func(map[string]string) usage.Transformer
}

func (f faulty) Transform(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	if f.transform != nil {
		return f.transform(w, before, samples)
	}
	return f.Uptime.Transform(w, before, samples)
}

func (f faulty) TransformGaps(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, []usage.Gap, usage.State, error) {
	volumes, gaps, after, err := f.Uptime.TransformGaps(w, before, samples)
	if f.gaps != nil {
		gaps = f.gaps(gaps)
	}
	if f.transform != nil {
		volumes, after, err = f.transform(w, before, samples)
	}
	return volumes, gaps, after, err
}

func (f faulty) Keys() []string {
	if f.keys != nil {
		return f.keys
	}
	return f.Uptime.Keys()
}

func (f faulty) NameKind() usage.NameKind {
	if f.kind != "" {
		return f.kind
	}
	return f.Uptime.NameKind()
}

func (f faulty) WithNames(names map[string]string) usage.Transformer {
	if f.names != nil {
		return f.names(names)
	}
	f.Uptime = f.Uptime.WithNames(names).(usage.Uptime)
	return f
}

// uptime is that of a machine, as far as these tests look at it.
var uptimeMetadata = map[string][]string{"state": {"", "active", "stopped"}, "flavor.name": {"", "x", "y"}}

// uptimeSetup is that of a transformer that keeps every promise.
func uptimeSetup(spoil func() usage.Transformer) usagetest.TransformerSetup {
	return usagetest.TransformerSetup{
		New:      func(testing.TB) usage.Transformer { return spoil() },
		Metadata: uptimeMetadata,
		Most:     func(usage.Span, []usage.Sample) decimal.Decimal { return decimal.New(3600, 0) },
	}
}

// before is a fault in what is done with the arguments.
func before(change func(samples []usage.Sample)) func() usage.Transformer {
	return func() usage.Transformer {
		return faulty{transform: func(w usage.Span, state usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
			change(samples)
			return usage.Uptime{}.Transform(w, state, samples)
		}}
	}
}

// after is a fault in what is returned.
func after(change func(w usage.Span, samples []usage.Sample, volumes []usage.Volume, state *usage.State) []usage.Volume) func() usage.Transformer {
	return func() usage.Transformer {
		return faulty{transform: func(w usage.Span, state usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
			volumes, state, err := usage.Uptime{}.Transform(w, state, samples)
			if err == nil {
				volumes = change(w, samples, volumes, &state)
			}
			return volumes, state, err
		}}
	}
}

// each is a fault in every volume.
func each(change func(w usage.Span, samples []usage.Sample, v *usage.Volume)) func() usage.Transformer {
	return after(func(w usage.Span, samples []usage.Sample, volumes []usage.Volume, _ *usage.State) []usage.Volume {
		for i := range volumes {
			change(w, samples, &volumes[i])
		}
		return volumes
	})
}

// telling is a fault in the gaps.
func gapping(change func(g *usage.Gap)) func() usage.Transformer {
	return func() usage.Transformer {
		return faulty{gaps: func(gaps []usage.Gap) []usage.Gap {
			for i := range gaps {
				change(&gaps[i])
			}
			return gaps
		}}
	}
}

// forgetful counts samples, and keeps the count in itself.
type forgetful struct {
	mu    sync.Mutex
	count int64
}

func (f *forgetful) Transform(_ usage.Span, _ usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var volumes []usage.Volume
	for _, s := range samples {
		f.count++
		volumes = append(volumes, usage.Volume{Tenant: s.Tenant, Datacenter: s.Datacenter, Volume: decimal.New(f.count, 0), Unit: "B", Samples: 1})
	}
	return volumes, usage.State{}, nil
}

// sharing keeps what it works on in itself, and so may find what another call
// works on.
type sharing struct {
	mu      sync.Mutex
	samples []usage.Sample
}

func (s *sharing) Transform(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	s.mu.Lock()
	s.samples = samples
	s.mu.Unlock()
	for range 20 {
		runtime.Gosched()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return usage.Sum{}.Transform(w, before, s.samples)
}

// counting keeps a count of samples in a state that is an object.
func counting(read func(data string) (int, error)) func() usage.Transformer {
	return func() usage.Transformer {
		return struct{ usage.Transformer }{faulty{transform: func(_ usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
			n, err := read(before.Data)
			if err != nil {
				return nil, usage.State{}, err
			}
			var volumes []usage.Volume
			for _, s := range samples {
				n++
				volumes = append(volumes, usage.Volume{Tenant: s.Tenant, Datacenter: s.Datacenter, Volume: decimal.New(int64(n), 0), Unit: "B"})
			}
			return volumes, usage.State{Data: fmt.Sprintf(`{ "n": %d }`, n)}, nil
		}}}
	}
}

func lenient(data string) (int, error) {
	var state struct{ N int }
	if data == "" {
		return 0, nil
	}
	err := json.Unmarshal([]byte(data), &state)
	return state.N, err
}

var transformerFaults = []struct {
	name, check string
	make        func() usage.Transformer
}{
	{"nothing is billed", "samples are billed", after(func(usage.Span, []usage.Sample, []usage.Volume, *usage.State) []usage.Volume { return nil })},
	{"everything is refused", "samples are billed", func() usage.Transformer {
		return faulty{transform: func(usage.Span, usage.State, []usage.Sample) ([]usage.Volume, usage.State, error) {
			return nil, usage.State{}, errors.New("no")
		}}
	}},
	{"it remembers in itself", "the same again is the same", func() usage.Transformer { return &forgetful{} }},
	{"volumes are in the order of a map", "the same again is the same", func() usage.Transformer {
		return struct{ usage.Transformer }{faulty{transform: func(_ usage.Span, _ usage.State, samples []usage.Sample) (all []usage.Volume, _ usage.State, _ error) {
			tenants := map[string]usage.Volume{}
			for _, s := range samples {
				tenants[s.Tenant] = usage.Volume{Tenant: s.Tenant, Unit: "B"}
			}
			for _, v := range tenants {
				all = append(all, v)
			}
			return all, usage.State{}, nil
		}}}
	}},
	{"samples are sorted in place", "samples stay as they were", before(slices.Reverse[[]usage.Sample])},
	{"metadata is written to", "samples stay as they were", before(func(samples []usage.Sample) {
		for _, s := range samples {
			if s.Metadata != nil {
				s.Metadata["state"] = "active"
			}
		}
	})},
	{"a state is some text", "a state is JSON", after(func(_ usage.Span, _ []usage.Sample, volumes []usage.Volume, state *usage.State) []usage.Volume {
		state.Data = "last=" + state.Data
		return volumes
	})},
	{"it remembers between windows only", "cut anywhere", func() usage.Transformer { return &forgetful{} }},
	{"a state is compared as text", "cut anywhere", counting(func(data string) (n int, err error) {
		_, err = fmt.Sscanf(data, `{ "n": %d }`, &n) // the store has it as {"n":1}
		if data != "" && data[1] != ' ' {
			return 0, nil
		}
		if data == "" {
			return 0, nil
		}
		return n, err
	})},
	{"the line of a sample counts", "where samples are from is of no matter", each(func(_ usage.Span, samples []usage.Sample, v *usage.Volume) {
		for _, s := range samples {
			v.Volume = v.Volume.Add(decimal.New(int64(s.Origin.Line), 0))
		}
	})},
	{"volumes are below zero", "volumes are whole", each(func(_ usage.Span, _ []usage.Sample, v *usage.Volume) { v.Volume = v.Volume.Sub(decimal.New(1, 0)) })},
	{"a volume is nobody's", "volumes are whole", each(func(_ usage.Span, _ []usage.Sample, v *usage.Volume) { v.Tenant = "" })},
	{"a volume is from nowhere", "volumes are whole", each(func(_ usage.Span, _ []usage.Sample, v *usage.Volume) { v.Datacenter = v.Tenant })},
	{"a volume has no unit", "volumes are whole", each(func(_ usage.Span, _ []usage.Sample, v *usage.Volume) { v.Unit = "" })},
	{"samples of all tenants are counted", "volumes are whole", each(func(_ usage.Span, samples []usage.Sample, v *usage.Volume) { v.Samples = len(samples) })},
	{"an hour is longer", "no more than there is", each(func(_ usage.Span, _ []usage.Sample, v *usage.Volume) { v.Volume = v.Volume.Add(v.Volume) })},
	{"a state that holds on matters no more", "a state that is over bills nothing", after(func(_ usage.Span, _ []usage.Sample, volumes []usage.Volume, state *usage.State) []usage.Volume {
		state.Until = state.Until.Add(-usage.WindowLength)
		return volumes
	})},
	{"a gap ends before it begins", "gaps are silence", gapping(func(g *usage.Gap) {
		if !g.To.IsZero() {
			g.From, g.To = g.To, g.From
		}
	})},
	{"a gap lasts that did not begin", "gaps are silence", gapping(func(g *usage.Gap) { g.From = g.From.Add(-usage.WindowLength) })},
	{"a gap is nobody's", "gaps are silence", gapping(func(g *usage.Gap) { g.Tenant = "" })},
	{"gaps are not ended", "gaps are silence", func() usage.Transformer {
		return faulty{gaps: func(gaps []usage.Gap) []usage.Gap {
			return slices.DeleteFunc(gaps, func(g usage.Gap) bool { return !g.To.IsZero() })
		}}
	}},
	{"a gap costs its volumes", "gaps are silence", func() usage.Transformer { return silentGaps{} }},
	{"a key is not told", "keys are all that is looked at", func() usage.Transformer { return faulty{keys: []string{"state"}} }},
	{"names are of no kind", "names are looked up", func() usage.Transformer { return faulty{kind: "name"} }},
	{"the latest names win", "names are looked up", func() usage.Transformer { return renaming{} }},
	{"names are added to the transformer itself", "names are looked up", func() usage.Transformer {
		f := faulty{}
		f.Names = map[string]string{}
		f.names = func(names map[string]string) usage.Transformer { maps.Copy(f.Names, names); return f }
		return f
	}},
	{"an ability is lost with names", "names are looked up", func() usage.Transformer {
		return faulty{names: func(names map[string]string) usage.Transformer {
			return struct {
				usage.Transformer
				usage.NameUser
			}{usage.Uptime{}.WithNames(names), usage.Uptime{}.WithNames(names).(usage.NameUser)}
		}}
	}},
	{"calls share what they work on", "series side by side", func() usage.Transformer { return &sharing{} }},
	{"a text that is missing is none", "hostile samples break nothing", before(func(samples []usage.Sample) {
		for _, s := range samples {
			_ = s.Metadata["state"][:1]
		}
	})},
	{"an error names nothing", "hostile samples break nothing", func() usage.Transformer {
		return faulty{transform: func(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
			if _, _, err := (usage.Sum{}).Transform(w, before, samples); err != nil {
				return nil, usage.State{}, errors.New("wrong kind")
			}
			return usage.Uptime{}.Transform(w, before, samples)
		}}
	}},
	{"an error has volumes", "hostile samples break nothing", func() usage.Transformer {
		return faulty{transform: func(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
			_, state, err := usage.Sum{}.Transform(w, before, samples)
			return make([]usage.Volume, 1), state, err
		}}
	}},
	{"members that are not known are passed over", "a state of another is refused", counting(lenient)},
}

// silentGaps returns no volumes where it tells of a gap.
type silentGaps struct{ usage.Uptime }

func (silentGaps) TransformGaps(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, []usage.Gap, usage.State, error) {
	volumes, gaps, after, err := usage.Uptime{}.TransformGaps(w, before, samples)
	if len(gaps) > 0 {
		volumes = nil
	}
	return volumes, gaps, after, err
}

// renaming lets later names win.
type renaming struct{ usage.Uptime }

func (r renaming) WithNames(names map[string]string) usage.Transformer {
	if names != nil {
		r.Names = names
	}
	return r
}

// TestTransformerFaults: each fault makes the check fall that is about it.
func TestTransformerFaults(t *testing.T) {
	for _, f := range transformerFaults {
		t.Run(f.name, func(t *testing.T) {
			failed, _ := usagetest.TransformerFailures(t, uptimeSetup(f.make), f.check)
			if failed[f.check] == "" {
				t.Errorf("the check %q holds", f.check)
			}
		})
	}
}

// A transformer without faults passes, and what it is not able to is skipped.
func TestTransformer(t *testing.T) {
	usagetest.RunTransformer(t, uptimeSetup(func() usage.Transformer { return usage.Uptime{} }))
	failed, skipped := usagetest.TransformerFailures(t, usagetest.TransformerSetup{
		New: func(testing.TB) usage.Transformer { return struct{ usage.Transformer }{usage.Sum{}} }, Kinds: []usage.Kind{usage.Delta},
	}, "")
	want := []string{"no more than there is", "a state that is over bills nothing", "gaps are silence", "keys are all that is looked at", "names are looked up", "a state of another is refused"}
	if len(failed) > 0 || !slices.Equal(skipped, want) {
		t.Errorf("failed %v, skipped\n%q, want\n%q", failed, skipped, want)
	}
}
