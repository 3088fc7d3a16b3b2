package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRead(t *testing.T) {
	f, err := Read("testdata/artifice.ini")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range f.Sections {
		names = append(names, s.Name)
	}
	want := []string{"main", "invoice:object", "source:object", "store:object", "meter:instance", "meter:volume.size"}
	if f.Path != "testdata/artifice.ini" || !slices.Equal(names, want) {
		t.Errorf("got %s with %q, want %q", f.Path, names, want)
	}
	k := f.Section("main").Key("invoice:object")
	if k == nil || k.Value != "adapters.csv:Invoice" ||
		k.Pos.String() != "testdata/artifice.ini:6:1" || k.ValuePos.String() != "testdata/artifice.ini:6:19" {
		t.Errorf("invoice:object is %+v", k)
	}
	if s := f.Section("meter:volume.size"); s.Pos.String() != "testdata/artifice.ini:32:1" || len(s.Keys) != 0 {
		t.Errorf("meter:volume.size is %+v", s)
	}
	if f.Section("meter:volume") != nil || f.Section("main").Key("Currency") != nil {
		t.Error("found what the file does not have")
	}
	if got := Whole(f.Section("meter:instance")); !maps.Equal(got, map[string]string{"transformer": "uptime", "hold": "1h"}) {
		t.Errorf("the whole of meter:instance is %v", got)
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	missing, empty, long := filepath.Join(dir, "missing.ini"), filepath.Join(dir, "empty.ini"), filepath.Join(dir, "long.ini")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(long, make([]byte, maxFileSize+10), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:     ": a directory, not a config file",
		missing: ": cannot open the config: no such file or directory",
		empty:   ": the config is empty; write at least a [main] section",
		long:    ": longer than 262144 bytes: not a config file",
	} {
		_, err := Read(path)
		var errs Errors
		if !errors.As(err, &errs) || err.Error() != path+want {
			t.Errorf("got %v, want %s%s", err, path, want)
		}
		if errors.Is(err, fs.ErrNotExist) != (path == missing) {
			t.Errorf("%v: is it fs.ErrNotExist?", err)
		}
	}
}

// No section takes keys of another, whatever ini.v1 does by itself.
func TestSectionsDoNotInherit(t *testing.T) {
	f, err := Parse("artifice.ini", []byte("[DEFAULT]\na = 1\n[meter]\nb = 2\n[meter.size]\nc = 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := Whole(f.Section("meter.size")); !maps.Equal(got, map[string]string{"c": "3"}) {
		t.Errorf("got %v", got)
	}
}

// Values that name other keys, or each other, are left alone.
func TestValuesAreLiteral(t *testing.T) {
	f, err := Parse("artifice.ini", []byte("[main]\na = %(b)s\nb = %(a)s\nc = %(d)s\nd = x\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := Whole(f.Sections[0]); !maps.Equal(got, map[string]string{"a": "%(b)s", "b": "%(a)s", "c": "%(d)s", "d": "x"}) {
		t.Errorf("got %v", got)
	}
}

func TestSectionOrEmpty(t *testing.T) {
	f, err := Parse(filepath.FromSlash("etc/artifice.ini"), []byte("[main]\nstore:object = x:Y\n"))
	if err != nil {
		t.Fatal(err)
	}
	at := f.Sections[0].Keys[0].Pos
	if f.SectionOrEmpty("main", at) != f.Sections[0] {
		t.Error("did not find [main]")
	}
	s := f.SectionOrEmpty("store:object", at)
	if s.Name != "store:object" || s.Pos != at || len(s.Keys) != 0 || len(f.Sections) != 1 {
		t.Errorf("got %+v", s)
	}
	if p, _ := Bind(s).Path("db"); p != Path(filepath.FromSlash("etc/db")) {
		t.Errorf("a path of the empty section is %s", p)
	}
}

func TestOverlay(t *testing.T) {
	f, err := Parse("artifice.ini", []byte("[transformer:t]\na = 1\nhold = 2\n[meter:m]\nhold = x\nunknown = 4\n"))
	if err != nil {
		t.Fatal(err)
	}
	base := f.Section("transformer:t")
	laid := base.Overlay(f.Section("meter:m").Keys)
	if got := Whole(laid); !maps.Equal(got, map[string]string{"a": "1", "hold": "x", "unknown": "4"}) {
		t.Errorf("got %v", got)
	}
	if got := Whole(base); !maps.Equal(got, map[string]string{"a": "1", "hold": "2"}) {
		t.Errorf("the section itself became %v", got)
	}
	// A message names the section that its key was written in.
	var a int
	var hold time.Duration
	b := Bind(laid)
	Field(b, &a, Int, "a")
	Field(b, &hold, Duration, "hold")
	wantError(t, b.Done(), `
		artifice.ini:5:8: [meter:m] hold: "x" is not a duration (write 90s, 15m, 1h or 1d)
		artifice.ini:6:1: [meter:m] unknown key "unknown" (it takes a, hold)`)
}

// wantError compares a whole message; want may be indented.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	want = strings.ReplaceAll(strings.TrimSpace(want), "\n\t\t", "\n")
	if err == nil {
		t.Errorf("no error, want\n%s", want)
	} else if err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
}

// A file that is written reads back the same, in every style of writing.
func TestReadsBackWhatIsWritten(t *testing.T) {
	name := rapid.StringMatching(`[a-zü][a-z0-9_.:ß-]{0,8}( [a-z]+)?`)
	value := rapid.OneOf(
		rapid.StringMatching(`[ -~äλ字]{0,20}`),
		rapid.StringMatching(`["'#;=\\%()s \x60]{0,6}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		wrote := map[string]map[string]string{}
		newline := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "newline")
		for _, section := range rapid.SliceOfNDistinct(name, 1, 4, rapid.ID).Draw(t, "sections") {
			fmt.Fprintf(&text, "[%s]%s", section, newline)
			wrote[section] = map[string]string{}
			for _, key := range rapid.SliceOfNDistinct(name, 0, 5, rapid.ID).Draw(t, "keys") {
				v := value.Draw(t, "value")
				quoted, ok := write(t, v)
				if !ok {
					continue
				}
				equals := rapid.SampledFrom([]string{"=", " = ", "\t=  "}).Draw(t, "equals")
				junk := rapid.SampledFrom([]string{"", newline, "# a = \"" + newline, "  ; [x" + newline}).Draw(t, "junk")
				text.WriteString(junk + key + equals + quoted + newline)
				wrote[section][key] = v
			}
		}
		f, err := Parse("f", []byte(text.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
		read := map[string]map[string]string{}
		for _, s := range f.Sections {
			read[s.Name] = Whole(s)
		}
		if !maps.EqualFunc(read, wrote, maps.Equal) {
			t.Errorf("wrote %q\nread  %q\n%s", wrote, read, text.String())
		}
	})
}

// write writes a value in one of the ways that it can be written. A value with
// both kinds of quote can only go without, and not always.
func write(t *rapid.T, v string) (string, bool) {
	var ways []string
	for _, q := range []string{`"`, `'`} {
		if !strings.Contains(v, q) {
			ways = append(ways, q+v+q)
		}
	}
	if v == strings.Trim(v, " \"'`\\") {
		ways = append(ways, v)
	}
	if len(ways) == 0 {
		return "", false
	}
	return rapid.SampledFrom(ways).Draw(t, "way"), true
}
