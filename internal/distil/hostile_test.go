package distil

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

func TestBuiltinsAreTheDefaultMeters(t *testing.T) {
	var want []string
	for _, m := range usage.DefaultMeters() {
		want = append(want, m.Name)
	}
	if !slices.Equal(builtins, want) {
		t.Errorf("builtins are %v, want %v", builtins, want)
	}
}

// Every name in the list is one of a rule.
func TestNamesHaveRules(t *testing.T) {
	for _, name := range names {
		if ruleOf(name).transformer == "" {
			t.Errorf("%s has no rule", name)
		}
	}
}

func TestHostileFiles(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10))
	}
	for _, test := range []struct{ name, text, want string }{
		{"too long", strings.Repeat(" ", MaxFile) + "[]", "m.yml: longer than 1048576 bytes: not a file of Distil's"},
		{"aliases of a large mapping", "- &a {meter: m, transformer: sum, metadata: {x: {sources: [" + strings.Repeat("k, ", 1000) + "]}}}\n" + strings.Repeat("- *a\n", 1000),
			"m.yml: its aliases stand for more values than a file of Distil's has; write them out"},
		{"bomb", bomb, "m.yml:1:4: a mapping is a list, not a mapping"},
		{"bomb of filters", bomb + "m: {transformer: sum, filters: *i}", "m.yml:8:4: an element of filters is a list, not a text"},
		{"alias of itself", "- &a {meter: m, transformer: sum, filters: [*a]}", "m.yml:1:3: an element of filters is a mapping, not a text"},
		{"merged into itself", "- &a {meter: m, transformer: sum, <<: *a}", "m.yml:1:3: more than 8 mappings are merged (<<) into one another"},
		{"merges of merges", "- &a {meter: m}\n" + strings.Repeat("- &a {<<: [*a, *a, *a, *a, *a, *a, *a, *a]}\n", 8),
			"m.yml: its aliases stand for more values than a file of Distil's has; write them out"},
		{"deep", strings.Repeat("[", 20_000), "m.yml: not YAML: exceeded max depth of 10000"},
		{"not UTF-8", "- meter: \xff", "m.yml: not YAML: invalid leading UTF-8 octet"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := Convert(File{Name: "m.yml", Data: []byte(test.text)}, File{})
			if err == nil {
				t.Fatalf("it is taken:\n%s", result.INI)
			}
			if lines := strings.Split(err.Error(), "\n"); !slices.Contains(lines, test.want) {
				t.Errorf("the mistakes are\n%s\nwant among them\n%s", strings.Join(lines[:min(len(lines), 5)], "\n"), test.want)
			}
		})
	}
}

// FuzzConvert converts any bytes. What is no mistake is a config, with a
// section for each entry, and every line that is not one of a section is a
// comment.
func FuzzConvert(f *testing.F) {
	mappings, err := filepath.Glob("testdata/*.mappings.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range mappings {
		first, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		second, _ := os.ReadFile(strings.TrimSuffix(name, ".mappings.yml") + ".transformer.yaml") // where there is one
		f.Add(first, second)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		result, err := Convert(File{Name: "m.yml", Data: first}, File{Name: "t.yaml", Data: second})
		if err != nil {
			if len(err.(config.Errors)) == 0 {
				t.Error("a mistake without a message")
			}
			return
		}
		parsed, err := config.Parse("artifice.ini", result.INI)
		if err != nil {
			t.Fatalf("%v:\n%s", err, result.INI)
		}
		billed := 0
		for _, s := range parsed.Sections {
			if !strings.HasPrefix(s.Name, "meter:") {
				t.Errorf("a section [%s]", s.Name)
			}
			if s.Key("transformer") != nil {
				billed++
			}
		}
		if billed != result.Meters || billed == 0 {
			t.Errorf("%d sections bill, of %d", billed, result.Meters)
		}
		for _, n := range result.Notes {
			if n.Pos.Line == 0 || n.Text == "" {
				t.Errorf("the note %v", n)
			}
		}
		if bytes.Contains(result.INI, []byte("%!")) {
			t.Errorf("a message is malformed:\n%s", result.INI)
		}
	})
}
