package artifice_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/internal/shown"
)

const guide = "docs/adapters.md"

// A fence is a block of code in a guide.
type fence struct {
	line int // of its first line of text
	kind string
	text string
}

// fences reads the blocks of a guide. Code that is only indented would be a
// block that nothing looks at, and is refused.
func fences(t *testing.T, file string) []fence {
	t.Helper()
	var all []fence
	var open *fence
	for i, line := range strings.SplitAfter(readFile(t, file), "\n") {
		kind, marks := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case marks && open == nil:
			open = &fence{line: i + 2, kind: kind}
		case marks:
			all, open = append(all, *open), nil
		case open != nil:
			open.text += line
		case strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t"):
			t.Errorf("%s:%d: code outside of a fence, where no test sees it", file, i+1)
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the fence is not closed", file, open.line)
	}
	return all
}

// Every piece of code in the guide is part of a file of the examples, which are
// compiled, tested and run.
func TestGuideIsTheExamples(t *testing.T) {
	sources := map[string]string{}
	err := filepath.WalkDir("examples", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && slices.Contains([]string{".go", ".ini"}, filepath.Ext(path)) {
			sources[filepath.Ext(path)] += readFile(t, path) + "\n"
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, f := range fences(t, guide) {
		seen[f.kind]++
		if f.kind == "console" {
			continue // TestGuideRuns
		}
		source, ok := sources["."+f.kind]
		if !ok {
			t.Errorf("%s:%d: a block of kind %q: there are go, ini and console", guide, f.line, f.kind)
		} else if !strings.Contains("\n"+source, "\n"+f.text) {
			t.Errorf("%s:%d: no file in examples has these lines:\n%s", guide, f.line, f.text)
		}
	}
	if seen["go"] < 8 || seen["ini"] < 2 || seen["console"] < 5 {
		t.Errorf("the guide has only %v", seen)
	}
}

// prompt is a command in a block, and where it is run.
var prompt = regexp.MustCompile(`^~/(artifice|acme)\$ (.+)$`)

// Every command in the guide works, one after the other, and says what the
// guide shows.
func TestGuideRuns(t *testing.T) {
	t.Parallel()
	home, env := newHome(t)
	dirs := map[string]string{"artifice": ".", "acme": filepath.Join(home, "acme")}
	for _, f := range fences(t, guide) {
		if f.kind != "console" {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(f.text, "\n"), "\n")
		for i := 0; i < len(lines); {
			m := prompt.FindStringSubmatch(lines[i])
			if m == nil {
				t.Fatalf("%s:%d: want a prompt, ~/artifice$ or ~/acme$, and a command", guide, f.line+i)
			}
			at := f.line + i
			var output []string
			for i++; i < len(lines) && !prompt.MatchString(lines[i]); i++ {
				output = append(output, lines[i])
			}
			said := strings.ReplaceAll(shell(t, dirs[m[1]], env, m[2]), home, "~")
			if text := strings.Join(output, "\n"); len(output) > 0 && !shown.Of(text, said) {
				t.Errorf("%s:%d: %s says\n%s\nand not\n%s", guide, at, m[2], said, text)
			}
		}
	}
}

// newHome is an empty home, and an environment that has it, with the caches of
// the real one.
func newHome(t *testing.T) (home string, env []string) {
	t.Helper()
	home = t.TempDir()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		t.Fatalf("go env: %v%s", err, stderrOf(err))
	}
	dirs := strings.Fields(string(out))
	return home, append(os.Environ(), "HOME="+home, "GOCACHE="+dirs[0], "GOMODCACHE="+dirs[1], "GOPATH="+dirs[2], "GOTOOLCHAIN=local", "GOWORK=off")
}

// shell runs a command, which must succeed, and returns what it says.
func shell(t *testing.T, dir string, env []string, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w\n%s", command, err, out))
	}
	return string(out)
}
