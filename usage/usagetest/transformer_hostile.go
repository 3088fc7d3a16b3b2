package usagetest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

// hostile are texts that a user of a cloud can give, or a driver.
var hostile = []string{
	"", " ", "None", "null", "0", "-1", "1e9999999", "NaN", "2.5", strings.Repeat("9", 200), "two\nlines", "nul\x00byte", `quote " back\slash`,
	"<b>&amp;</b>", "%s %d", "\u202eright to left", "\U0001f4a9", "not UTF-8: \xff\xfe", strings.Repeat("long ", 1000),
}

// hostileVolumes are figures at the bounds of what a source takes.
var hostileVolumes = []string{"0", "1", "-1", "1e64", "-1e64", "1e-64", strings.Repeat("9", 64), "0." + strings.Repeat("9", 63)}

// drawHostile draws samples of one window that nobody would measure.
func (b *transformerBench) drawHostile(t *rapid.T) []usage.Sample {
	keys := sortedKeys(b.setup.Metadata)
	if user, ok := b.new().(usage.KeyUser); ok {
		keys = append(keys, user.Keys()...)
	}
	keys = append(keys, hostile[:4]...)
	text := rapid.SampledFrom(hostile)
	one := rapid.Custom(func(t *rapid.T) usage.Sample {
		s := usage.Sample{
			ID: text.Draw(t, "id"), Meter: "m", Resource: text.Draw(t, "resource"), Tenant: text.Draw(t, "tenant"), Datacenter: text.Draw(t, "datacenter"),
			Kind: rapid.SampledFrom(append(slices.Clone(b.setup.Kinds), usage.Gauge, usage.Cumulative, "", "no kind")).Draw(t, "kind"),
			Unit: rapid.SampledFrom([]string{b.setup.Unit, b.setup.Unit, "", "no unit\n"}).Draw(t, "unit"),
			Time: seriesBegin.Add(time.Duration(rapid.IntRange(0, 3599).Draw(t, "second")) * time.Second),
		}
		if s.HasVolume = rapid.IntRange(0, 3).Draw(t, "has a volume") > 0; s.HasVolume {
			s.Volume = decimal.RequireFromString(rapid.SampledFrom(hostileVolumes).Draw(t, "volume"))
		}
		if rapid.Bool().Draw(t, "has metadata") {
			s.Metadata = rapid.MapOfN(rapid.SampledFrom(keys), text, 0, 6).Draw(t, "metadata")
		}
		return s
	})
	return placed("hostile", usage.Sort(rapid.SliceOfN(one, 1, 4).Draw(t, "samples")))
}

// A transform is what a call came to.
type transform struct {
	volumes  []usage.Volume
	after    usage.State
	err      error
	panicked any
}

func call(tr usage.Transformer, w usage.Span, before usage.State, samples []usage.Sample) (c transform) {
	defer func() { c.panicked = recover() }()
	c.volumes, c.after, c.err = tr.Transform(w, before, samples)
	return c
}

// hostileSamples: what cannot be billed is an error, and names the sample that
// is to blame, which it is where there is no other.
func hostileSamples(b *transformerBench) {
	w := usage.WindowAt(seriesBegin)
	rapid.Check(b.TB, func(t *rapid.T) {
		samples := b.drawHostile(t)
		before := contents(samples)
		c := call(b.new(), w, usage.State{}, samples)
		switch {
		case c.panicked != nil:
			t.Fatalf("it panics: %v", c.panicked)
		case c.err != nil && c.err.Error() == "":
			t.Fatal("its error says nothing")
		case c.err != nil && len(samples) == 1 && !strings.Contains(c.err.Error(), samples[0].Origin.String()):
			t.Fatalf("its error does not name the sample's Origin (%s): %v", samples[0].Origin, c.err)
		case c.err != nil && len(c.volumes) > 0:
			t.Fatalf("it returns an error and %d volumes: %v", len(c.volumes), c.err)
		case c.err == nil && c.after.Data != "" && !json.Valid([]byte(c.after.Data)):
			t.Fatalf("the state is no JSON: %q", c.after.Data)
		}
		if !slices.Equal(before, contents(samples)) {
			t.Fatal("the samples were changed")
		}
		if c.err != nil {
			return
		}
		// What it says itself it must take.
		if next := call(b.new(), w.Next(), c.after, nil); next.panicked != nil {
			t.Fatalf("it panics with its own state %s: %v", c.after.Data, next.panicked)
		}
	})
}

// foreignStates gives a transformer what another one left. To take it for
// nothing would lose usage, or bill it again.
func foreignStates(b *transformerBench) {
	var samples []usage.Sample
	b.series(func(_ *rapid.T, drawn []usage.Sample, whole folded) {
		for _, step := range whole.steps {
			var sealed struct{ Data json.RawMessage }
			if json.Unmarshal([]byte(step.State.Data), &sealed) == nil && len(sealed.Data) > 0 && len(samples) == 0 {
				samples = step.Samples
			}
		}
	})
	if b.Failed() {
		return
	}
	if len(samples) == 0 {
		b.Skip("needs a transformer that keeps a state")
	}
	w := usage.WindowAt(samples[0].Time)
	for _, data := range []string{`{`, `7`, `"text"`, `["list"]`, `{"no member of anybody":1}`} {
		state := usage.State{Data: data, Until: w.End}
		c := call(b.new(), w, state, samples)
		switch {
		case c.panicked != nil:
			b.Errorf("it panics with the state %s: %v", data, c.panicked)
		case c.err == nil:
			b.Errorf("it takes the state %s for its own", data)
		}
	}
}
