package usagetest

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

func volumesAreWhole(b *transformerBench) {
	b.series(func(t *rapid.T, _ []usage.Sample, whole folded) {
		tenants, places := map[string]bool{}, map[string]bool{}
		for _, step := range whole.steps {
			count := map[string]int{}
			for _, s := range step.Samples {
				count[s.Tenant]++
				tenants[s.Tenant], places[s.Datacenter] = true, true
			}
			for _, v := range step.Volumes {
				var wrong []string
				is := func(bad bool, format string, args ...any) {
					if bad {
						wrong = append(wrong, fmt.Sprintf(format, args...))
					}
				}
				is(v.Volume.IsNegative(), "it is below zero")
				is(!tenants[v.Tenant], "no sample was of its tenant")
				is(!places[v.Datacenter], "no sample was from its datacenter")
				is(v.Unit == "", "it has no unit")
				is(v.Samples != count[v.Tenant], "the window holds %d samples of its tenant", count[v.Tenant])
				if len(wrong) > 0 {
					t.Fatalf("%s: the volume %+v: %s", step.Window, v, strings.Join(wrong, "; "))
				}
			}
		}
	})
}

func noMoreThanThereIs(b *transformerBench) {
	if b.setup.Most == nil {
		b.Skip("needs Setup.Most")
	}
	b.series(func(t *rapid.T, _ []usage.Sample, whole folded) {
		for _, step := range whole.steps {
			var sum decimal.Decimal
			for _, v := range step.Volumes {
				sum = sum.Add(v.Volume)
			}
			if most := b.setup.Most(step.Window, step.Samples); sum.GreaterThan(most) {
				t.Fatalf("%s: the volumes of %d samples come to %s, which is more than %s", step.Window, len(step.Samples), sum, most)
			}
		}
	})
}

// stateOver calls the transformer for windows that nobody calls it for: those
// without samples, after the time that it said its state matters until.
func stateOver(b *transformerBench) {
	stateful := false
	b.series(func(t *rapid.T, samples []usage.Sample, _ folded) {
		var state usage.State
		next := usage.WindowAt(seriesBegin)
		f := fold(func() usage.Transformer {
			return watched{b.new(),
				func(w usage.Span) { next = w.Next() },
				func(after usage.State) {
					state = after
					stateful = stateful || after.Data != ""
					if !next.Start.Before(state.Until) {
						b.billsNothing(t, next, state)
					}
				}}
		}, samples)
		if f.err != nil {
			t.Fatal(f.err)
		}
	})
	if !stateful && !b.Failed() {
		b.Skip("needs a transformer that keeps a state")
	}
}

func (b *transformerBench) billsNothing(t *rapid.T, w usage.Span, state usage.State) {
	for range 3 {
		volumes, after, err := b.new().Transform(w, state, nil)
		if err != nil {
			t.Fatalf("%s, without samples: %v", w, err)
		}
		for _, v := range volumes {
			if !v.Volume.IsZero() {
				t.Fatalf("%s: the state %s is said to matter until %s, and bills %s to tenant %q after that: nobody will ask", w, state.Data, instant(state.Until), v.Volume, v.Tenant)
			}
		}
		w, state = w.Next(), after
	}
}

// gapsAreSilence: what is told of gaps is told in windows of their own, each
// gap is begun and ended once, and telling them changes nothing else.
func gapsAreSilence(b *transformerBench) {
	if _, ok := b.new().(usage.GapFinder); !ok {
		b.Skip("needs a usage.GapFinder")
	}
	b.series(func(t *rapid.T, samples []usage.Sample, whole folded) {
		bare := fold(func() usage.Transformer { return struct{ usage.Transformer }{b.new()} }, samples)
		if bare.err != nil {
			t.Fatal(bare.err)
		}
		// Without a finder nobody asks for the window that begins at Until.
		for _, step := range bare.steps {
			for _, found := range whole.steps {
				if found.Window == step.Window {
					found.Gaps = nil
					wantSame(t, "Transform, beside TransformGaps,", folded{steps: []usage.Step{found}}, folded{steps: []usage.Step{step}})
				}
			}
		}
		var open *usage.Gap
		for _, step := range whole.steps {
			for _, g := range step.Gaps {
				if wrong := wrongGap(g, step, open); wrong != "" {
					t.Fatalf("%s: the gap of %q from %s to %s: %s", step.Window, g.Tenant, instant(g.From), instant(g.To), wrong)
				}
				if open = nil; g.To.IsZero() {
					open = &g
				}
			}
			if open != nil && len(step.Samples) > 0 && !step.Window.Contains(open.From) {
				t.Fatalf("%s: the gap of %q from %s is not ended by the samples", step.Window, open.Tenant, instant(open.From))
			}
		}
	})
}

// wrongGap says what is wrong with a gap of a step, after one that lasts.
func wrongGap(g usage.Gap, step usage.Step, open *usage.Gap) string {
	sampled := false
	for _, s := range step.Samples {
		sampled = sampled || s.Time.Equal(g.To)
	}
	switch {
	case g.Tenant == "":
		return "it is nobody's"
	case g.To.IsZero() && !step.Window.Contains(g.From):
		return "it lasts, and does not begin within the window"
	case g.To.IsZero() && open != nil:
		return "another one lasts"
	case g.To.IsZero():
		return ""
	case !g.From.Before(g.To):
		return "it ends before it begins"
	case !sampled:
		return "no sample of the window ended it"
	case open != nil && (!open.From.Equal(g.From) || open.Tenant != g.Tenant):
		return fmt.Sprintf("the one that lasted is that of %q from %s", open.Tenant, instant(open.From))
	}
	return ""
}
