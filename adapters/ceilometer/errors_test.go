package ceilometer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

const fix = "; correct the sample, or take it out of the file"

// TestMistakes reads files with mistakes. What is good in them comes out all
// the same: the ids of the samples that do are given.
func TestMistakes(t *testing.T) {
	good := func(id string) string { return plain(`"1"`, `"`+id+`"`) }
	between := func(bad string) string { return "[" + good("a") + ",\n" + bad + ",\n" + good("b") + "]\n" }
	for _, test := range []struct {
		name string
		file string // its name
		text string
		ids  string
		want []string
	}{
		// Samples that cannot be right.
		{"no resource", "s.json", between(plain(`"resource_id":"vm",`, "")), "a b",
			[]string{"DIR/s.json:2: sample 2: no resource (resource_id is missing, null or empty)" + fix}},
		{"null resource", "s.json", between(plain(`"vm"`, "null")), "a b",
			[]string{"DIR/s.json:2: sample 2: no resource (resource_id is missing, null or empty)" + fix}},
		{"no tenant", "s.json", between(plain(`"project_id":"acme",`, "")), "a b",
			[]string{"DIR/s.json:2: sample 2: no tenant (project_id is missing)" + fix}},
		{"a tenant that is no text", "s.json", between(plain(`"acme"`, "7")), "a b",
			[]string{"DIR/s.json:2: sample 2: the tenant is a number, not a text" + fix}},
		{"a NUL in the resource", "s.json", between(plain(`"vm"`, `"v\u0000m"`)), "a b",
			[]string{"DIR/s.json:2: sample 2: the resource has a NUL character, which cannot be stored" + fix}},
		{"a NUL in the metadata", "s.json", between(plain("{}", `{"flavor":{"name":"\u0000"}}`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the metadata's "flavor.name" has a NUL character, which cannot be stored` + fix}},
		{"no meter", "s.json", between(plain(`"meter":"instance",`, "")), "a b",
			[]string{"DIR/s.json:2: sample 2: no meter (counter_name, meter or name is missing, null or empty)" + fix}},
		{"no timestamp", "s.json", between(plain(`"timestamp"`, `"time"`)), "a b",
			[]string{"DIR/s.json:2: sample 2: no time (timestamp is missing or null)" + fix}},
		{"month 13", "s.json", between(plain("2013-08-04", "2013-13-04")), "a b",
			[]string{`DIR/s.json:2: sample 2: timestamp: there is no time "2013-13-04T23:29:05"` + fix}},
		{"time not a text", "s.json", between(plain(`"2013-08-04T23:29:05"`, "1375658945")), "a b",
			[]string{"DIR/s.json:2: sample 2: timestamp is a number, not a text" + fix}},
		{"bad recorded_at", "s.json", between(plain(`"unit":`, `"recorded_at":"now","unit":`)), "a b",
			[]string{`DIR/s.json:2: sample 2: recorded_at: "now" is not a time as 2006-01-02T15:04:05.999999` + fix}},
		{"unknown type", "s.json", between(plain("gauge", "guage")), "a b",
			[]string{`DIR/s.json:2: sample 2: unknown type "guage" (gauge, delta and cumulative are known)` + fix}},
		{"no type", "s.json", between(plain(`"type":"gauge",`, "")), "a b",
			[]string{"DIR/s.json:2: sample 2: no type (counter_type or type is missing or null)" + fix}},
		{"negative volume", "s.json", between(plain("1.0", "-1.0")), "a b",
			[]string{"DIR/s.json:2: sample 2: the volume -1.0 is impossible: below zero" + fix}},
		{"huge volume", "s.json", between(plain("1.0", "1e999999999")), "a b",
			[]string{"DIR/s.json:2: sample 2: the volume 1e999999999 is impossible: its exponent is beyond 64" + fix}},
		{"text for a volume", "s.json", between(plain("1.0", `"1.0"`)), "a b",
			[]string{"DIR/s.json:2: sample 2: the volume is a text, not a number" + fix}},
		{"several in one", "s.json", between(plain("1.0", "true", `"vm"`, "7", `"id":"1"`, `"id":1`, `"unit":"instance"`, `"unit":{}`, "{}", "[]")), "a b",
			[]string{"DIR/s.json:2: sample 2: the resource is a number, not a text, and the unit is an object, not a text, and the id is a number, not a text, " +
				"and the volume is a boolean, not a number, and the metadata is a list, not an object" + fix}},
		{"two names for one", "s.json", between(plain(`"volume"`, `"counter_volume":2,"volume"`)), "a b",
			[]string{"DIR/s.json:2: sample 2: both counter_volume and volume, which mean the same" + fix}},
		{"metadata twice", "s.json", between(plain("{}", `{"a":{"b":"1"},"a.b":"2"}`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the metadata gives "a.b" twice, once within an object` + fix}},
		{"not samples", "s.json", between(`17, "x", null, [` + plain() + `], {}`), "a b", []string{
			"DIR/s.json:2: sample 2: a number, where a sample is an object" + fix,
			"DIR/s.json:2: sample 3: a text, where a sample is an object" + fix,
			"DIR/s.json:2: sample 4: null, where a sample is an object" + fix,
			"DIR/s.json:2: sample 5: a list, where a sample is an object" + fix,
			"DIR/s.json:2: sample 6: no meter (counter_name, meter or name is missing, null or empty), and no time (timestamp is missing or null), " +
				"and no type (counter_type or type is missing or null), and no tenant (project_id is missing), " +
				"and no resource (resource_id is missing, null or empty)" + fix,
		}},

		// Samples that are JSON in form only: passed over.
		{"name twice", "s.json", between(plain(`"unit":`, "\"volume\":\n2.0,\"unit\":")), "a b",
			[]string{`DIR/s.json:3: sample 2: the name "volume" is given twice` + fix}},
		{"name twice, first", "s.json", "[\n" + plain("{}", `{"a":1,"a":2}`) + "," + good("b") + "]", "b",
			[]string{`DIR/s.json:2: sample 1: the name "a" is given twice` + fix}},
		{"name twice, often", "s.jsonl", strings.Repeat(plain("{}", `{"a":1,"a":2}`)+"\n", 2) + good("a"), "a", []string{
			`DIR/s.jsonl:1: sample 1: the name "a" is given twice` + fix,
			`DIR/s.jsonl:2: sample 2: the name "a" is given twice` + fix,
		}},
		{"name twice, escaped", "s.json", between(plain(`"unit":`, `"vol\u0075me":2.0,"unit":`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the name "volume" is given twice` + fix}},
		{"not UTF-8", "s.json", between(plain("acme", "acm\xe9")), "a b",
			[]string{"DIR/s.json:2: sample 2: invalid UTF-8" + fix}},
		{"name twice, null", "s.json", between(plain(`"unit":`, `"volume":null,"unit":`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the name "volume" is given twice` + fix}},
		{"name twice, without a meaning", "s.json", between(plain(`"unit":`, `"x":1,"y":2,"\u0078":3,"unit":`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the name "x" is given twice` + fix}},
		{"name twice, among many", "s.json", between(plain(`"unit":`, `"n1":1,"n2":2,"n3":3,"n4":4,"n5":5,"n6":6,"n7":7,"n8":8,"n9":9,"n10":10,"n9":1,"unit":`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the name "n9" is given twice` + fix}},
		{"name twice, deep in what has no meaning", "s.json", between(plain(`"unit":`, "\"more\":\n[{\"a\":1,\n\"a\":2}],\"unit\":")), "a b",
			[]string{`DIR/s.json:4: sample 2: the name "a" is given twice` + fix}},
		{"name twice in metadata", "s.json", between(plain("{}", "{\"a\":1,\n\"b\":{\"c\":1,\n\"c\":2}}")), "a b",
			[]string{`DIR/s.json:4: sample 2: the name "c" is given twice` + fix}},
		{"name twice in a list in metadata", "s.json", between(plain("{}", `{"a":[{"b":1,"b":1}]}`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the name "b" is given twice` + fix}},
		{"name twice and another mistake", "s.json", between(plain("{}", `{"a":1,"a":1}`, "1.0", "-1")), "a b",
			[]string{`DIR/s.json:2: sample 2: the volume -1 is impossible: below zero, and the name "a" is given twice` + fix}},
		{"two names for one, the first null", "s.json", between(plain(`"volume"`, `"counter_volume":null,"volume"`, "1.0,", `1.0,"counter_volume":2,`)), "a b",
			[]string{`DIR/s.json:2: sample 2: the name "counter_volume" is given twice` + fix}},

		{"not UTF-8, then cut", "s.json", "[" + good("a") + ",\n" + strings.TrimSuffix(plain("{}", "{\"a\":\"\xe9\",\"b\":2"), "}"), "a", []string{
			"DIR/s.json:2: sample 2: invalid UTF-8" + fix,
			"DIR/s.json:2: the file ends in the middle, after 1 sample: it was cut short; fetch it again",
		}},

		// Files that cannot be read further.
		{"cut in a sample", "s.json", "[" + good("a") + ",\n" + good("b") + ",\n" + plain()[:40], "a b",
			[]string{"DIR/s.json:3: the file ends in the middle, after 2 samples: it was cut short; fetch it again"}},
		{"cut after a sample", "s.json", "[" + good("a") + "\n", "a",
			[]string{"DIR/s.json:2: the file ends in the middle, after 1 sample: it was cut short; fetch it again"}},
		{"cut after a comma", "s.json", "[" + good("a") + ",", "a",
			[]string{"DIR/s.json:1: the file ends in the middle, after 1 sample: it was cut short; fetch it again"}},
		{"cut at the start", "s.json", "[", "",
			[]string{"DIR/s.json:1: the file ends in the middle, after 0 samples: it was cut short; fetch it again"}},
		{"cut line", "s.jsonl", good("a") + "\n" + plain()[:70], "a",
			[]string{"DIR/s.jsonl:2: the file ends in the middle, after 1 sample: it was cut short; fetch it again"}},
		{"empty", "s.json", " \n", "",
			[]string{"DIR/s.json: empty, where a list without samples is []: it was cut short; fetch it again, or remove it"}},
		{"not JSON", "s.json", "<html>\n", "",
			[]string{"DIR/s.json:1: sample 1: not JSON: invalid character '<' at start of value; nothing after it was read: fetch the file again"}},
		{"mark within", "s.jsonl", good("a") + "\n\ufeff" + good("b"), "a",
			[]string{"DIR/s.jsonl:2: sample 2: not JSON: invalid character '\\ufeff' at start of value; nothing after it was read: fetch the file again"}},
		{"mark alone", "s.json", "\ufeff", "",
			[]string{"DIR/s.json: empty, where a list without samples is []: it was cut short; fetch it again, or remove it"}},
		{"not JSON within", "s.json", between("{\n'id': 1}"), "a",
			[]string{`DIR/s.json:3: sample 2: not JSON: invalid character '\'' at start of string (expecting '"'); nothing after it was read: fetch the file again`}},
		{"comma missing", "s.json", "[" + good("a") + "\n" + good("b") + "]", "a",
			[]string{"DIR/s.json:2: sample 2: not JSON: invalid character '{' after array element (expecting ',' or ']'); nothing after it was read: fetch the file again"}},
		{"comma too many", "s.json", "[" + good("a") + ",\n]", "a",
			[]string{"DIR/s.json:1: sample 2: not JSON: invalid character ',' at start of value; nothing after it was read: fetch the file again"}},
		{"wrong bracket", "s.json", "[" + good("a") + "\n}", "a",
			[]string{"DIR/s.json:2: sample 2: not JSON: invalid character '}' after array element (expecting ',' or ']'); nothing after it was read: fetch the file again"}},
		{"bracket too many", "s.json", "[" + good("a") + "]\n]", "a",
			[]string{"DIR/s.json:2: sample 2: not JSON: invalid character ']' at start of value; nothing after it was read: fetch the file again"}},
		{"not a number", "s.json", between(plain("1.0", "NaN")), "a",
			[]string{"DIR/s.json:2: sample 2: not JSON: invalid character 'N' at start of value; nothing after it was read: fetch the file again"}},

		// Compressed files.
		{"truncated gzip", "s.json.gz", compress(t, "["+good("a")+","+good("b")+"]")[:60], "",
			[]string{"DIR/s.json.gz:1: the compressed file ends in the middle, after 0 samples: it was cut short; fetch it again"}},
		{"gzip without its end", "s.json.gz", strings.TrimSuffix(compress(t, "["+good("a")+"]"), compress(t, "["+good("a")+"]")[len(compress(t, "["+good("a")+"]"))-4:]), "a",
			[]string{"DIR/s.json.gz:1: the compressed file ends in the middle, after 1 sample: it was cut short; fetch it again"}},
		{"empty gzip", "s.jsonl.gz", "", "",
			[]string{"DIR/s.jsonl.gz:1: the compressed file ends in the middle, after 0 samples: it was cut short; fetch it again"}},
		{"not gzip", "s.json.gz", "[" + plain() + "]", "",
			[]string{"DIR/s.json.gz:1: the compressed file is damaged after 0 samples: gzip: invalid header; fetch it again"}},
		{"damaged gzip", "s.json.gz", damage(compress(t, "["+good("a")+",\n"+good("b")+"]\n")), "a b",
			[]string{"DIR/s.json.gz:3: the compressed file is damaged after 2 samples: gzip: invalid checksum; fetch it again"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			// What comes after a file with mistakes is read all the same.
			for name, text := range map[string]string{test.file: test.text, "t.json": "[" + good("next") + "]"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			samples, got := collect(t, Config{Path: config.Path(dir)}, usage.Query{})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("messages: -want +got:\n%s", diff)
			}
			var ids []string
			for _, s := range samples {
				ids = append(ids, s.ID)
			}
			if got, want := strings.Join(ids, " "), strings.TrimSpace(test.ids+" next"); got != want {
				t.Errorf("samples %q, want %q", got, want)
			}
		})
	}
}

// damage changes a byte of the checksum that ends a compressed text.
func damage(text string) string {
	at := len(text) - 8 // checksum and length, four bytes each
	return text[:at] + string(text[at]^1) + text[at+1:]
}

func TestPathMistakes(t *testing.T) {
	dir := write(t, map[string]string{"files/s.json": plain(), "files/notes.txt": "", "nothing/x.txt": ""})
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("gone", "files/a.json")
	link("gone", "files/no-samples")
	link("../nothing", "files/b")
	for _, test := range []struct {
		path  string
		count int
		want  []string
	}{
		{"files", 1, []string{
			"DIR/a.json: no such file or directory; mend the link or remove it",
			"DIR/b: a link to a directory; put the directory itself there, or link its files",
		}},
		{"nothing", 0, []string{"DIR: no file of samples in this directory (*.json, *.jsonl, *.json.gz, *.jsonl.gz); put some there, or set path to where they are"}},
		{"absent", 0, []string{"DIR: no such file or directory; set path to a directory or file of samples"}},
		{"files/notes.txt", 0, []string{"DIR: not called as a file of samples is (*.json, *.jsonl, *.json.gz, *.jsonl.gz); rename it, or set path to another"}},
	} {
		samples, got := collect(t, Config{Path: config.Path(filepath.Join(dir, test.path))}, usage.Query{})
		if diff := cmp.Diff(test.want, got); diff != "" || len(samples) != test.count {
			t.Errorf("%s: %d samples, -want +got:\n%s", test.path, len(samples), diff)
		}
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := write(t, map[string]string{"a.json": plain(), "b/c.json": plain(), "d.json": plain()})
	for _, name := range []string{"a.json", "b"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(filepath.Join(dir, "b"), 0o700) // so that it can be removed
	samples, got := collect(t, Config{Path: config.Path(dir)}, usage.Query{})
	want := []string{"DIR/a.json: permission denied; let the file be read", "DIR/b: permission denied; let the directory be read"}
	if diff := cmp.Diff(want, got); diff != "" || len(samples) != 1 {
		t.Errorf("%d samples, -want +got:\n%s", len(samples), diff)
	}
}
