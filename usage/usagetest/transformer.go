package usagetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// A TransformerSetup is what the suite must know about a transformer.
type TransformerSetup struct {
	// New returns the transformer, as its config makes it.
	New func(t testing.TB) usage.Transformer

	// Kinds are those of the samples that it takes; all where there is none.
	Kinds []usage.Kind

	// Unit is that of the samples: B where it is "".
	Unit string

	// Metadata are texts that samples may have under the keys that it looks at.
	// "" stands for none. It has to take all of them.
	Metadata map[string][]string

	// Most is what the volumes of a window, those of all tenants and services
	// together, come to at most. Without it, that is not proved. The samples are
	// those of the window.
	Most func(w usage.Span, samples []usage.Sample) decimal.Decimal
}

// RunTransformer proves a transformer, one subtest for each check. Series of
// samples are drawn at random, as pgregory.net/rapid does; a failure says how it
// is repeated.
func RunTransformer(t *testing.T, s TransformerSetup) {
	t.Helper()
	if s.New == nil {
		t.Fatal("usagetest: TransformerSetup needs New")
	}
	for _, c := range transformerChecks {
		t.Run(c.name, func(t *testing.T) { c.run(newTransformerBench(t, s)) })
	}
}

// A transformerCheck proves one promise of the contract.
type transformerCheck struct {
	name string
	run  func(*transformerBench)
}

// transformerChecks are the promises, from the simple to the hard.
var transformerChecks = []transformerCheck{
	{"samples are billed", samplesAreBilled},
	{"the same again is the same", sameAgain},
	{"samples stay as they were", samplesStay},
	{"a state is JSON", stateIsJSON},
	{"cut anywhere", cutAnywhere},
	{"where samples are from is of no matter", originsAreNothing},
	{"volumes are whole", volumesAreWhole},
	{"no more than there is", noMoreThanThereIs},
	{"a state that is over bills nothing", stateOver},
	{"gaps are silence", gapsAreSilence},
	{"keys are all that is looked at", keysAreAll},
	{"names are looked up", namesLookedUp},
	{"series side by side", seriesSideBySide},
	{"hostile samples break nothing", hostileSamples},
	{"a state of another is refused", foreignStates},
}

// A transformerBench is what a check works with.
type transformerBench struct {
	testing.TB
	setup TransformerSetup
}

func newTransformerBench(t testing.TB, s TransformerSetup) *transformerBench {
	t.Helper()
	if len(s.Kinds) == 0 {
		s.Kinds = []usage.Kind{usage.Gauge, usage.Delta, usage.Cumulative}
	}
	if s.Unit == "" {
		s.Unit = "B"
	}
	if s.New(t) == nil {
		t.Fatal("New returned no transformer")
	}
	return &transformerBench{TB: t, setup: s}
}

func (b *transformerBench) new() usage.Transformer { return b.setup.New(b) }

// A folded is what a walk over a series came to.
type folded struct {
	steps []usage.Step
	err   error
}

// String is all that must be the same where the same is folded.
func (f folded) String() string {
	var text strings.Builder
	for _, step := range f.steps {
		fmt.Fprintf(&text, "%s:", step.Window)
		for _, v := range step.Volumes {
			fmt.Fprintf(&text, " [%q %q %q %s %q of %d samples]", v.Tenant, v.Datacenter, v.Service, v.Volume, v.Unit, v.Samples)
		}
		for _, g := range step.Gaps {
			fmt.Fprintf(&text, " gap of %q from %s to %s", g.Tenant, instant(g.From), instant(g.To))
		}
		fmt.Fprintf(&text, " state %s until %s\n", step.State.Data, instant(step.State.Until))
	}
	return text.String()
}

// fold walks over a series, which is sorted, in one go, or cut at some borders.
func fold(transformer func() usage.Transformer, samples []usage.Sample, cuts ...time.Time) (f folded) {
	var state usage.State
	var from time.Time
	for _, cut := range append(slices.Clone(cuts), seriesEnd) {
		for step, err := range usage.Walk(transformer(), from, state, samples, cut) {
			if err != nil {
				f.err = err
				return f
			}
			f.steps = append(f.steps, step)
			state = step.State
		}
		from = cut
	}
	return f
}

// series checks a property of series that are drawn. Those that the transformer
// refuses are passed over; it must take some.
func (b *transformerBench) series(property func(t *rapid.T, samples []usage.Sample, whole folded)) {
	b.Helper()
	took, refused := 0, error(nil)
	rapid.Check(b.TB, func(t *rapid.T) {
		samples := b.draw(t)
		whole := fold(b.new, samples)
		if whole.err != nil {
			refused = whole.err
			return
		}
		took++
		property(t, samples, whole)
	})
	if took == 0 && !b.Failed() {
		b.Errorf("it refuses every series that is drawn, such as: %v (say Kinds, Unit and Metadata)", refused)
	}
}

// wantSame reports where two walks differ.
func wantSame(t *rapid.T, what string, want, got folded) {
	t.Helper()
	if got.err != nil {
		t.Fatalf("%s: %v", what, got.err)
	}
	if want.String() != got.String() {
		t.Fatalf("%s comes to\n%sand not to\n%s", what, got, want)
	}
}

// A watched transformer is one of which every call is looked at.
type watched struct {
	usage.Transformer
	begins func(w usage.Span)
	ends   func(after usage.State)
}

func (v watched) Transform(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	v.begins(w)
	volumes, after, err := v.Transformer.Transform(w, before, samples)
	if err == nil {
		v.ends(after)
	}
	return volumes, after, err
}

func samplesAreBilled(b *transformerBench) {
	billed := false
	b.series(func(_ *rapid.T, _ []usage.Sample, whole folded) {
		for _, step := range whole.steps {
			billed = billed || len(step.Volumes) > 0
		}
	})
	if !billed && !b.Failed() {
		b.Error("no series that is drawn has a volume (say Kinds, Unit and Metadata)")
	}
}

// stateIsJSON: it is kept in the store, within other JSON.
func stateIsJSON(b *transformerBench) {
	check := func(t *rapid.T) func(usage.State) {
		return func(after usage.State) {
			if after.Data != "" && !json.Valid([]byte(after.Data)) {
				t.Fatalf("the state is no JSON: %q", after.Data)
			}
		}
	}
	rapid.Check(b.TB, func(t *rapid.T) {
		fold(func() usage.Transformer { return watched{b.new(), func(usage.Span) {}, check(t)} }, b.draw(t))
	})
}
