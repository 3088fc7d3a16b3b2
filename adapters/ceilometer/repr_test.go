package ceilometer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

func fromRepr(t testing.TB, text string) string {
	t.Helper()
	got, err := io.ReadAll(&reprReader{in: bufio.NewReader(iotest.OneByteReader(strings.NewReader(text)))})
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// What Python writes is the JSON that says the same.
func TestRepr(t *testing.T) {
	for _, test := range []struct{ python, want string }{
		{`{'a': 'b'}`, `{"a": "b"}`},
		{`{u'a': u'b', 'c': b'd'}`, `{"a": "b", "c": "d"}`},
		{`{'a': None, 'b': True, 'c': False}`, `{"a": null, "b": true, "c": false}`},
		{`{'a': 1, 'b': -1.5, 'c': 1e-05, 'd': 1e+16, 'e': 12345678901234567890L}`, `{"a": 1, "b": -1.5, "c": 1e-05, "d": 1e+16, "e": 12345678901234567890}`},
		{`{'a': 0.1000000000000000055511151231257827}`, `{"a": 0.1000000000000000055511151231257827}`},
		{`{'a': nan, 'b': inf}`, `{"a": "nan", "b": "inf"}`},
		{`{'a': [1, 2], 'b': (1, 2), 'c': (1,), 'd': (), 'e': []}`, `{"a": [1, 2], "b": [1, 2], "c": [1], "d": [], "e": []}`},
		{`{'a': "it's", 'b': 'say "x"', 'c': 'both \' and "'}`, `{"a": "it's", "b": "say \"x\"", "c": "both ' and \""}`},
		{`{'a': '\\ \n \t \r'}`, `{"a": "\\ \n \t \r"}`},
		{`{'a': 'é \x00 \x7f \x9f \u2028 \U0001f600'}`, `{"a": "é \u0000 \u007f \u009f \u2028 😀"}`},
		{`{u'a': u'\xe9 \ud83d\ude00', 'b': '\xc3\xa9'}`, `{"a": "\u00e9 \ud83d\ude00", "b": "é"}`},
		{`{'a': {'b': {u'c': 1}}}`, `{"a": {"b": {"c": 1}}}`},
		{`{'a': datetime.datetime(2014, 2, 11, tzinfo=f("(\")")), 'b': 1}`, `{"a": "datetime.datetime(2014, 2, 11, tzinfo=f(\"(\\\")\"))", "b": 1}`},
		{"{'a': 1}\n{'a': 2}\n", "{\"a\": 1}\n{\"a\": 2}\n"},
		{`[{'a': 1}, {'a': 2}]`, `[{"a": 1}, {"a": 2}]`},
	} {
		got := fromRepr(t, test.python)
		if got != test.want {
			t.Errorf("%s is\n%s, want\n%s", test.python, got, test.want)
		}
		for _, line := range strings.Split(strings.TrimSpace(got), "\n") {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s is no JSON: %s", test.python, line)
			}
		}
		if !isRepr([]byte(test.python)) {
			t.Errorf("%s is not seen to be Python's", test.python)
		}
	}
	for _, text := range []string{`{"a": 1}`, `[{"a": 1}]`, `[]`, `{}`, ``, `[`, `{ `, `'a'`, `u'a'`} {
		if isRepr([]byte(text)) {
			t.Errorf("%s is taken for Python's", text)
		}
	}
}

// Mistakes in such a file are told at their line, as in others.
func TestReprMistakes(t *testing.T) {
	const sample = `{'id': '1', 'name': 'instance', 'type': 'gauge', 'unit': 'instance', 'volume': 1, 'project_id': 'acme', 'resource_id': 'vm', 'timestamp': '2013-08-04T23:29:05', 'resource_metadata': {}}` + "\n"
	for _, test := range []struct{ name, text, want string }{
		{"no resource", sample + strings.Replace(sample, "'vm'", "None", 1) + sample, "DIR/s.jsonl:2: sample 2: no resource (resource_id is missing, null or empty)" + fix},
		{"no number", sample + strings.Replace(sample, ": 1,", ": nan,", 1) + sample, "DIR/s.jsonl:2: sample 2: the volume is a text, not a number" + fix},
		{"cut short", sample + sample + sample[:50], "DIR/s.jsonl:3: the file ends in the middle, after 2 samples: it was cut short; fetch it again"},
		{"cut in a text", sample + sample + sample[:80], "DIR/s.jsonl:3: the file ends in the middle, after 2 samples: it was cut short; fetch it again"},
		{"an object", sample + sample + strings.Replace(sample, "{}", "<object at 0x7f>", 1), "DIR/s.jsonl:3: sample 3: not JSON: "},
		{"a bad escape", sample + sample + strings.Replace(sample, "acme", `\xzz`, 1), "DIR/s.jsonl:3: sample 3: not JSON: "},
	} {
		dir := write(t, map[string]string{"s.jsonl": test.text})
		s, err := NewSource(t.Context(), Config{Path: config.Path(dir)})
		if err != nil {
			t.Fatal(err)
		}
		samples, mistakes := 0, []string{}
		for _, err := range s.Samples(t.Context(), usage.Query{}) {
			if err != nil {
				mistakes = append(mistakes, strings.ReplaceAll(err.Error(), dir, "DIR"))
			} else {
				samples++
			}
		}
		if samples != 2 || len(mistakes) != 1 || !strings.HasPrefix(mistakes[0], test.want) {
			t.Errorf("%s: %d samples, mistakes %q, want %q", test.name, samples, mistakes, test.want)
		}
	}
}

// Files that were rotated are read like others.
func TestRotated(t *testing.T) {
	for name, want := range map[string]bool{
		"s.jsonl.1": true, "s.json.12": true, "s.jsonl.3.gz": true, "s.jsonl.gz": true, "s.jsonl": true,
		"s.jsonl.": false, "s.jsonl1": false, "s.1": false, "s.jsonl.1.bak": false, "s.jsonl.gz.1": true, "1": false, ".1": false, "s.jsonl.open": false,
	} {
		if isSamples(name) != want {
			t.Errorf("%s is read: %v", name, !want)
		}
	}
	one := func(id string) string { return plain(`"1"`, `"`+id+`"`) + "\n" }
	dir := write(t, map[string]string{"s.jsonl": "", "s.jsonl.1": one("b"), "s.jsonl.2": one("a") + one("c")})
	var ids []string
	for _, s := range read(t, Config{Path: config.Path(dir)}, usage.Query{}) {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, ids); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// FuzzRepr turns any bytes. It ends, makes little more of them, and however
// they come the same.
func FuzzRepr(f *testing.F) {
	f.Add([]byte(`{u'a': (1, 2L,), 'b': None, "c": d.e('x', (1)), 'f': '\xe9\u1234\U0001f600\''}`))
	f.Add([]byte("{'a': 1}\n{'a': nan}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := fromRepr(t, string(text))
		whole, err := io.ReadAll(&reprReader{in: bufio.NewReader(bytes.NewReader(text))})
		if err != nil || string(whole) != got {
			t.Errorf("%q at once, %v, %q in bytes", whole, err, got)
		}
		if len(got) > 6*len(text)+16 {
			t.Errorf("%d bytes of %d", len(got), len(text))
		}
	})
}
