package config

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// FuzzParse holds the scanner and ini.v1 against each other: whatever the
// scanner accepts, ini.v1 reads the same, and positions point at what they say.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("testdata/artifice.ini")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	for _, s := range []string{
		"", "[", "[]", "[a]", "[a]b]", "[a.b]\nc=1\n[a]\nd=2", "[DEFAULT]\na=1\n[b]\n", "[a]\nb=\"\"\"\nc=1\n\"\"\"",
		"[a]\nb=`x\n`\n", "[a]\n\"\"\"b\"\"\"=1", "[a]\n-=1\n-=2", "[a]\nb=\\\nc=d", "[a]\nb='\"'\nc=\"'\"", "[a]\nb=''''",
		"[a]\nb=%(b)s", "[a]\rb=c\r", "\uFEFF[a]\r\nb=c", "\xff\xfe[\x00", "[a]\nb:c=1\nb=2", "[a]\nb= \u00a0\n", "[a]\n\u3000b=1",
		"[a]\n b=1\n  c\n", "[a]\n;=\n#=\n", "[a]\n]=[\n", "[a]\n'=1", "[a]\nb=\"c\"d\"", "[a]\x00", "[a]\nb=\x0b", "[a]\nb=\"\\\"",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, derr := decode("f", data)
		if derr != nil {
			return
		}
		file, errs := scan("f", text)
		lines := strings.Split(text, "\n")
		if len(errs) > 0 {
			for _, e := range errs {
				if e.Pos.Line > len(lines) || e.Pos.Line > 0 && e.Pos.Col > len(lines[e.Pos.Line-1])+1 {
					t.Errorf("outside of the text: %v", e)
				}
			}
			return
		}
		if errs := confirm(file, text); len(errs) > 0 {
			t.Fatalf("ini.v1 reads otherwise: %v", errs)
		}
		at := func(p Position) string { return lines[p.Line-1][p.Col-1:] }
		for _, s := range file.Sections {
			if !strings.HasPrefix(at(s.Pos), "["+s.Name+"]") {
				t.Errorf("[%s] does not stand at %s", s.Name, s.Pos)
			}
			for _, k := range s.Keys {
				if !strings.HasPrefix(at(k.Pos), k.Name) || !strings.HasPrefix(at(k.ValuePos), k.Value) {
					t.Errorf("%q = %q does not stand at %s and %s", k.Name, k.Value, k.Pos, k.ValuePos)
				}
			}
		}
	})
}

// FuzzParseErrors looks for panics, and for errors that are not sorted Errors.
func FuzzParseErrors(f *testing.F) {
	f.Add([]byte("[a\nb\n[a]\nb=1\nb=2\nc=\"\n"))
	f.Add([]byte("b=1\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f", data)
		if (file == nil) != (err != nil) {
			t.Fatalf("file %v, error %v", file, err)
		}
		var errs Errors
		if err != nil && !errors.As(err, &errs) {
			t.Fatalf("%T is not Errors", err)
		}
		for i, e := range errs {
			if i > 0 && errs[i-1].compare(e) >= 0 {
				t.Errorf("not sorted: %v", err)
			}
		}
	})
}
