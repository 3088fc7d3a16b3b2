package rates

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/config"
)

// What encodes a table by the rules of the package's doc is read back, field
// by field, at the line where it stands.
func TestTableReadsBack(t *testing.T) {
	field := rapid.StringMatching(`[a-z0-9,|" #*.ü-]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		var want []row
		line := 0
		for range rapid.IntRange(1, 20).Draw(t, "lines") {
			line++
			pad := rapid.SampledFrom([]string{"", " ", "\t  "})
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				text.WriteString(pad.Draw(t, "pad") + "\n")
			case 1:
				text.WriteString(pad.Draw(t, "pad") + "# a \" comment | " + "\n")
			default:
				width := rapid.SampledFrom([]int{4, 6}).Draw(t, "width")
				fields := make([]string, 6) // those left out are empty
				encoded := make([]string, width)
				for i := range width {
					// Only quotes keep blanks at the ends of a field.
					fields[i] = strings.TrimSpace(field.Draw(t, "field"))
					encoded[i] = fields[i]
					if strings.ContainsAny(fields[i], `|"#`) || rapid.Bool().Draw(t, "quote") {
						encoded[i] = `"` + strings.ReplaceAll(fields[i], `"`, `""`) + `"`
					}
					encoded[i] = pad.Draw(t, "before") + encoded[i] + pad.Draw(t, "after")
				}
				text.WriteString(strings.Join(encoded, "|") + rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end"))
				want = append(want, row{line, fields})
			}
		}
		got := parseTable("file", []byte(text.String()), '|', form{columns: []string{"a", "b", "c", "d", "e", "f"}, widths: []int{4, 6}})
		if err := got.err(); err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
		if fmt.Sprint(got.rows) != fmt.Sprint(want) {
			t.Fatalf("got  %v\nwant %v", got.rows, want)
		}
	})
}

// No line is swallowed: each is a row, a mistake, or nothing but blanks or a
// comment, whatever stands in the others.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{
		"*|a|hour|1\n", "\"a|b\n*|c|d|1\n", "a\"b\"|c|d|1", "\"\"\"|a|b|1\n#c\n\n", "*|\"a\r\n|b|1", "\xff\n\ufeff", "a\rb|c|d|1\n", "\"a\"b|c|d|1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := parseTable("file", []byte(text), '|', rateForm)
		seen := map[int]bool{}
		for _, r := range got.rows {
			if seen[r.line] {
				t.Errorf("line %d is two rows", r.line)
			}
			seen[r.line] = true
			for _, field := range r.fields {
				if !utf8.ValidString(field) || holdsControl(field) {
					t.Errorf("line %d: field %q", r.line, field)
				}
			}
		}
		for _, m := range got.mistakes {
			if seen[m.Line] {
				t.Errorf("line %d has a mistake and is also a row, or has two", m.Line)
			}
			seen[m.Line] = true
		}
		for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
			line = strings.TrimSpace(line)
			if want := line != "" && line[0] != '#'; seen[i+1] != want {
				t.Errorf("line %d, %q: seen %t, want %t", i+1, line, seen[i+1], want)
			}
			delete(seen, i+1)
		}
		if len(seen) > 0 {
			t.Errorf("lines that are not there: %v", seen)
		}
	})
}

// Ten thousand rates, half of which have dates.
func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&text, "* | service %d | hour | 0.%04d\n", i, i)
		fmt.Fprintf(&text, "north | service %d | hour | 0.%04d | 20%02d-01-01 | | NZD\n", i, i, i%100)
	}
	path := filepath.Join(b.TempDir(), "rates.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if list, err := Read(Config{File: config.Path(path), Region: "north"}); err != nil || len(list.rates) != 10_000 {
			b.Fatal(len(list.rates), err)
		}
	}
}
