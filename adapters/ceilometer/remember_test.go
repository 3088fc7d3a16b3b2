package ceilometer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// Metadata that comes again is not walked through again. It must not be taken
// for other metadata that begins, ends or is nested alike.
func TestMetadataIsRemembered(t *testing.T) {
	texts := map[string]map[string]string{
		`{}`:                    nil,
		`{"a":"1"}`:             {"a": "1"},
		`{"a":"1" }`:            {"a": "1"},
		`{"a":"}"}`:             {"a": "}"},
		`{"a":"}","b":"2"}`:     {"a": "}", "b": "2"},
		`{"a":{}}`:              nil,
		`{"a":{},"b":"2"}`:      {"b": "2"},
		`{"a":{"b":"1"}}`:       {"a.b": "1"},
		`{"b":"1"}`:             {"b": "1"},
		`{"a":{"b":"1"},"b":1}`: {"a.b": "1", "b": "1"},
		`{"\"}":"1"}`:           {`"}`: "1"},
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(texts))), 1, 30).Draw(t, "order")
		// Where a sample has no id all of its metadata is kept, apart from the rest.
		keys := rapid.SampledFrom([][]string{nil, {"a", "a.b", "b", `"}`}, {"b"}}).Draw(t, "keys")
		p := newParser(placing{}, usage.Query{Metadata: keys})
		for _, text := range order {
			sample, want := plain("{}", text), texts[text]
			if rapid.Bool().Draw(t, "no id") {
				sample = plain("{}", text, `"id":"1",`, "")
			} else if len(keys) == 1 {
				value, ok := want["b"]
				if want = nil; ok {
					want = map[string]string{"b": value}
				}
			}
			// What follows must be found where the metadata ends.
			sample = strings.TrimSuffix(sample, "}") + `,"source":"next"}`
			var s usage.Sample
			if _, err := p.parse(value{json: []byte(sample)}, &s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, s.Metadata); diff != "" || string(p.fields[fieldSender]) != `"next"` {
				t.Fatalf("%s after %v: -want +got:\n%s", text, order, diff)
			}
		}
	})
}

// A recall gives what was put for the very text, or nothing.
func TestRecall(t *testing.T) {
	var r recall
	if r.get([]byte("nothing yet")) != nil {
		t.Error("it knows what was never put")
	}
	const count = 4 * recallSets
	settings := make([]setting, count)
	for i := range count {
		text := []byte(fmt.Sprint("text ", i))
		if r.get(text) == nil {
			r.put(text, &settings[i])
		}
		if r.get(text) != &settings[i] {
			t.Fatalf("%s is forgotten at once", text)
		}
		copy(text, "used") // a text is the caller's
	}
	known := 0
	for i := range count {
		switch r.get([]byte(fmt.Sprint("text ", i))) {
		case &settings[i]:
			known++
		case nil:
		default:
			t.Fatalf("text %d is taken for another", i)
		}
	}
	if known == 0 || known > 2*recallSets {
		t.Errorf("%d texts are known, of %d at most", known, 2*recallSets)
	}
	r.put([]byte(strings.Repeat("x", maxRecallText+1)), &settings[0])
	if r.get([]byte(strings.Repeat("x", maxRecallText+1))) != nil {
		t.Error("a long text is remembered")
	}
}

func TestPacker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p packer
		var want, got []string
		for _, size := range rapid.SliceOfN(rapid.IntRange(0, 300), 150, 300).Draw(t, "sizes") {
			text := []byte(strings.Repeat(fmt.Sprint(len(want)%10), size))
			want = append(want, string(text))
			got = append(got, p.get(text))
			clear(text) // a text is the caller's
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if p.piece.Cap() > 2*pieceSize {
			t.Fatalf("a piece of %d bytes", p.piece.Cap())
		}
	})
}

// A text that is not the one before is not taken for it.
func TestTextsAlternate(t *testing.T) {
	var all strings.Builder
	var want []string
	for i := range 20 {
		tenant, resource := fmt.Sprint("t", i%3), fmt.Sprint("r", i%7)
		all.WriteString(plain("acme", tenant, `"vm"`, `"`+resource+`"`, `"instance"`, fmt.Sprintf(`"m%d"`, i%2)) + "\n")
		want = append(want, fmt.Sprintf("m%d t%d r%d", i%2, i%3, i%7))
	}
	dir := write(t, map[string]string{"a.jsonl": all.String()})
	var got []string
	for _, s := range read(t, Config{Path: config.Path(dir)}, usage.Query{}) {
		got = append(got, s.Meter+" "+s.Tenant+" "+s.Resource)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// However the samples before it were written, a sample is read as if it were
// the first.
func TestShapesAreNotMixedUp(t *testing.T) {
	members := []string{
		`"id":"1"`, `"meter": "m"`, `"type":"gauge"`, `"unit":"u"`, `"volume":1.5`, `"project_id":"p"`, `"resource_id" :"r"`,
		`"timestamp":"2013-08-04T23:29:05"`, `"metadata":{"a":"1"}`, `"source":"s"`,
		`"counter_name":"m"`, `"m\u0065ter":"m"`, `"volume":null`, `"user_id":"u"`, `"us\u0065r_id":1`, `"user_id":"u","us\u0065r_id":1`, `"":0`, `"x y": [{}]`, `"metadata":` + "\n" + `{}`,
	}
	blanks := rapid.SampledFrom([]string{"", "", "", " ", "\n\t"})
	one := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		chosen := members[:10]
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			chosen = rapid.Permutation(chosen).Draw(t, "order")
		case 1:
			chosen = rapid.SliceOfN(rapid.SampledFrom(members), 1, 12).Draw(t, "members")
		case 2:
			chosen = slices.Insert(slices.Clone(chosen), rapid.IntRange(0, 10).Draw(t, "at"), rapid.SampledFrom(members[10:]).Draw(t, "member"))
		}
		b.WriteString("{")
		for i, member := range chosen {
			if i > 0 {
				b.WriteString(blanks.Draw(t, "before") + ",")
			}
			b.WriteString(blanks.Draw(t, "after") + member)
		}
		return b.String() + "}"
	})
	rapid.Check(t, func(t *rapid.T) {
		used := newParser(placing{}, usage.Query{})
		few := rapid.SliceOfN(one, 1, 3).Draw(t, "samples")
		for _, text := range rapid.SliceOfN(rapid.SampledFrom(few), 1, 12).Draw(t, "order") {
			var got, want usage.Sample
			_, gotErr := used.parse(value{json: []byte(text)}, &got)
			_, wantErr := newParser(placing{}, usage.Query{}).parse(value{json: []byte(text)}, &want)
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("%s: %v, want %v", text, gotErr, wantErr)
			}
			if diff := cmp.Diff(want, got, equalVolumes); wantErr == nil && diff != "" {
				t.Fatalf("%s: -want +got:\n%s", text, diff)
			}
		}
	})
}

// A value is found behind blanks that the sample before did not have.
func TestShapesWithBlanks(t *testing.T) {
	p := newParser(placing{}, usage.Query{})
	for _, blank := range []string{"", " ", "", "\n\t", ""} {
		var s usage.Sample
		text := strings.ReplaceAll(plain(), `":`, `":`+blank)
		if _, err := p.parse(value{json: []byte(text)}, &s); err != nil || s.Meter != "instance" || s.Volume.String() != "1" {
			t.Errorf("%s: %+v, %v", text, s, err)
		}
	}
}

func TestShapesAreShort(t *testing.T) {
	p := newParser(placing{}, usage.Query{})
	long := strings.Repeat(" ", 10_000)
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, `"x%d":%d,`, i, i)
	}
	for _, text := range []string{plain("{}", "{},"+strings.TrimSuffix(many.String(), ",")), plain(`"unit"`, long+`"unit"`), plain()} {
		var s usage.Sample
		if _, err := p.parse(value{json: []byte(text)}, &s); err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, step := range p.shape {
			size += cap(step.between)
		}
		if len(p.shape) > maxSteps || size > maxSteps*maxBetween {
			t.Errorf("%d steps of %d bytes", len(p.shape), size)
		}
	}
}
