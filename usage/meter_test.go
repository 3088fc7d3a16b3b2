package usage_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

func expression(t *testing.T, text string) *usage.Expression {
	t.Helper()
	e, err := usage.ParseExpression(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestFilters: whether a sample counts is Python's truth of what the filter
// says, within which JMESPath has its own.
func TestFilters(t *testing.T) {
	sample := gauge(clock("00:30:00.5"), "0", id("i"), recorded(clock("00:31:00")),
		metadata("n", "3"), metadata("zero", "0"), metadata("empty", ""), metadata("flavor.name", "x"))
	for text, want := range map[string]bool{
		"metadata.n":                             true,
		"metadata.zero":                          true, // a text
		"to_number(metadata.zero)":               false,
		"!to_number(metadata.zero)":              false, // for JMESPath 0 is true, so !0 is false
		"to_number(metadata.zero) && metadata.n": true,
		"metadata.empty":                         false,
		"metadata.missing":                       false,
		"!metadata.missing":                      false, // (!metadata).missing, as in every JMESPath
		"!(metadata.missing)":                    true,
		"`null`":                                 false,
		"`false`":                                false,
		"`0`":                                    false,
		"`-0.0`":                                 false,
		"`0.5`":                                  true,
		"`[]`":                                   false,
		"`[0]`":                                  true,
		"`{}`":                                   false,
		"metadata":                               true,
		"to_number(metadata.n) >= `3`":           true,
		"to_number(metadata.n) > `3`":            false,
		`metadata."flavor.name" == 'x'`:          true,
		"metadata.flavor.name":                   false, // metadata is flat
		"volume":                                 false,
		"volume == `0`":                          true,
		"meter == 'm' && type == 'gauge'":        true,
		"unit == 'B' && id == 'i'":               true,
		"resource_id == 'r' && project_id == 'a'":        true,
		"timestamp == '2014-01-01T00:30:00.5'":           true,
		"recorded_at == '2014-01-01T00:31:00'":           true,
		"starts_with(timestamp, '2014-01-01T01')":        false,
		"contains(['x', 'y'], metadata.\"flavor.name\")": true,
	} {
		kept, err := usage.Meter{Filters: []*usage.Expression{expression(t, text)}}.Prepare([]usage.Sample{sample})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got := len(kept) == 1; got != want {
			t.Errorf("%s: counts is %t, want %t", text, got, want)
		}
	}
	all := []*usage.Expression{expression(t, "metadata.n"), expression(t, "metadata.missing")}
	for _, filters := range [][]*usage.Expression{all, {all[1], all[0]}} {
		if kept, err := (usage.Meter{Filters: filters}).Prepare([]usage.Sample{sample}); err != nil || len(kept) != 0 {
			t.Errorf("a sample counts where only one of two filters holds: %v", err)
		}
	}
	bare := reading(usage.Delta, clock("00:30:00"), "1", noVolume)
	for _, text := range []string{"id", "recorded_at", "volume", "metadata"} {
		if kept, err := (usage.Meter{Filters: []*usage.Expression{expression(t, text)}}).Prepare([]usage.Sample{bare}); err != nil || len(kept) != 0 {
			t.Errorf("a sample has %s, which it came without: %v", text, err)
		}
	}
}

func TestVolumes(t *testing.T) {
	nodes := metadata("nodes", " 2.50 ")
	for _, test := range []struct {
		name  string
		meter usage.Meter
		want  string
	}{
		{"a text, exactly", usage.Meter{VolumeFrom: expression(t, "metadata.nodes")}, "2.5"},
		{"the first that is there", usage.Meter{VolumeFrom: expression(t, "metadata.missing || metadata.nodes")}, "2.5"},
		{"a long text, exactly", usage.Meter{VolumeFrom: expression(t, "metadata.long")}, "12345678901234567890.123456789"},
		{"a number", usage.Meter{VolumeFrom: expression(t, "to_number(metadata.nodes) || `0.1`")}, "0.1"},
		{"the volume itself", usage.Meter{VolumeFrom: expression(t, "volume")}, "7"},
		{"a fixed number", usage.Meter{FixedVolume: decimal.RequireFromString("0.25")}, "0.25"},
		{"its own", usage.Meter{Unit: "GB"}, "7"},
		{"filters see the original", usage.Meter{Filters: []*usage.Expression{expression(t, "volume == `7`")}, FixedVolume: decimal.NewFromInt(2)}, "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := []usage.Sample{gauge(clock("00:00:00"), "7", unit("GB"), nodes, metadata("long", "12345678901234567890.123456789"))}
			before := slices.Clone(in)
			out, err := test.meter.Prepare(in)
			if err != nil {
				t.Fatal(err)
			}
			if len(out) != 1 || !out[0].HasVolume || out[0].Volume.String() != test.want {
				t.Errorf("prepared is %+v, want a volume of %s", out, test.want)
			}
			if diff := cmp.Diff(before, in); diff != "" {
				t.Errorf("the samples that were given changed:\n%s", diff)
			}
		})
	}
	without, err := usage.Meter{FixedVolume: decimal.NewFromInt(2)}.Prepare([]usage.Sample{gauge(clock("00:00:00"), "7", noVolume)})
	if err != nil || !without[0].HasVolume {
		t.Errorf("a sample without a volume is not given one: %v", err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	for _, test := range []struct {
		meter usage.Meter
		want  string
	}{
		{usage.Meter{VolumeFrom: expression(t, "metadata.missing")},
			"samples.json: sample 2: volume from metadata.missing: there is none; correct the sample, or leave it out by a filter"},
		{usage.Meter{VolumeFrom: expression(t, "metadata.word")}, `samples.json: sample 2: volume from metadata.word: "many" is not a number; correct the sample, or leave it out by a filter`},
		{usage.Meter{VolumeFrom: expression(t, "metadata")}, "samples.json: sample 2: volume from metadata: what is there is not a number; correct the sample, or leave it out by a filter"},
		{usage.Meter{VolumeFrom: expression(t, "`true`")}, "samples.json: sample 2: volume from `true`: what is there is not a number; correct the sample, or leave it out by a filter"},
		{usage.Meter{VolumeFrom: expression(t, "`-1`")}, "samples.json: sample 2: volume from `-1`: \"-1\" is impossible: below zero; correct the sample, or leave it out by a filter"},
		{usage.Meter{Filters: []*usage.Expression{expression(t, "length(volume)")}}, "samples.json: sample 2: the expression length(volume) fails: "},
		{usage.Meter{Unit: "KB"}, "samples.json: sample 2: meter m comes in B, not in KB (write unit = B: what one unit of a cost is belongs to the rates)"},
	} {
		// The first is not of the meter's filter, and of no matter.
		samples := numbered([]usage.Sample{gauge(clock("00:00:00"), "1", noVolume, metadata("skip", "yes")), gauge(clock("00:10:00"), "7", metadata("word", "many"))})
		test.meter.Filters = append([]*usage.Expression{expression(t, "!(metadata.skip)")}, test.meter.Filters...)
		if _, err := test.meter.Prepare(samples); err == nil || !contains(err, test.want) {
			t.Errorf("error is %v, want %q", err, test.want)
		}
	}
	if _, err := usage.ParseExpression("metadata."); err == nil || !contains(err, `"metadata." is not a JMESPath expression: `) {
		t.Errorf("half an expression: %v", err)
	}
}

func TestUnitIsAnotherName(t *testing.T) {
	for _, test := range []struct{ from, to string }{{"B", "bytes"}, {"ip", "floating ip"}, {"instance", "GB"}} {
		out, err := usage.Meter{Unit: test.to}.Prepare([]usage.Sample{gauge(clock("00:00:00"), "7", unit(test.from))})
		if err != nil || out[0].Unit != test.to || out[0].Volume.String() != "7" {
			t.Errorf("%s is %v, %v", test.from, out, err)
		}
	}
	// Another volume may be in any unit.
	out, err := usage.Meter{Unit: "KB", FixedVolume: decimal.NewFromInt(1)}.Prepare([]usage.Sample{gauge(clock("00:00:00"), "7")})
	if err != nil || out[0].Unit != "KB" {
		t.Errorf("a fixed volume in KB is %v, %v", out, err)
	}
}

// TestPrepareKeepsOrder compares what is prepared with what plain code says of
// every sample.
func TestPrepareKeepsOrder(t *testing.T) {
	meter := usage.Meter{
		Filters:    []*usage.Expression{expression(t, "metadata.state == 'active'")},
		VolumeFrom: expression(t, "metadata.root_gb || `1`"),
	}
	rapid.Check(t, func(t *rapid.T) {
		samples := usage.Sort(drawSamples(t, []usage.Kind{usage.Gauge}))
		var want []usage.Sample
		for _, s := range samples {
			if s.Metadata["state"] != "active" {
				continue
			}
			s.Volume, s.HasVolume = decimal.NewFromInt(1), true
			if gb := s.Metadata["root_gb"]; gb != "" {
				s.Volume = decimal.RequireFromString(gb)
			}
			want = append(want, s)
		}
		got, err := meter.Prepare(samples)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(want, got, sameContent) {
			t.Fatalf("prepared is\n%v, want\n%v", got, want)
		}
	})
}

func TestMeterKeys(t *testing.T) {
	meter := usage.Meter{Transformer: usage.StorageMax{}, Metadata: map[string][]string{"name": {"display_name", "name"}}}
	if keys, ok := meter.Keys(); !ok || !slices.Equal(keys, []string{"volume_type", "display_name", "name"}) {
		t.Errorf("keys are %q, %t", keys, ok)
	}
	filtered, from := meter, meter
	filtered.Filters = []*usage.Expression{expression(t, "metadata.x")}
	from.VolumeFrom = expression(t, "metadata.x")
	for _, m := range []usage.Meter{filtered, from, {Transformer: silent{}}} {
		if keys, ok := m.Keys(); ok {
			t.Errorf("keys are %q only, but %+v may look at any", keys, m)
		}
	}
}

// silent is a transformer that does not say which keys it looks at.
type silent struct{ usage.Transformer }

func TestDescribe(t *testing.T) {
	meter := usage.Meter{
		Metadata:  map[string][]string{"name": {"display_name", "name"}, "host": {"host"}, "share": {"share"}},
		Templates: map[string]string{"name": "disk of %s", "share": "%%s %s%%"},
	}
	info := map[string]string{"host": "h1"}
	for _, s := range []usage.Sample{
		gauge(clock("00:00:00"), "1", metadata("display_name", "None"), metadata("name", "old"), metadata("share", "5 %s")),
		gauge(clock("00:10:00"), "1", metadata("display_name", "new"), metadata("host", "")),
	} {
		meter.Describe(info, &s)
	}
	want := map[string]string{"name": "disk of new", "host": "h1", "share": "%s 5 %s%"}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
	for template, want := range map[string]string{
		"%s": "", "100%% %s": "", "x %s": "",
		"":      "write %s once, where the value goes",
		"x":     "write %s once, where the value goes",
		"%s %s": "write %s once, where the value goes",
		"%%s":   "write %s once, where the value goes",
		"%s %d": "write %% for a percent sign",
		"%s 5%": "write %% for a percent sign",
	} {
		got := ""
		if err := usage.CheckTemplate(template); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("template %q: %q, want %q", template, got, want)
		}
	}
}
