package gen

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/openstack-artifice/artifice/config"
)

var update = flag.Bool("update", false, "write what the cases give into testdata/cases")

// A goldenCase is a file of testdata/cases: a config, and either the mistakes
// that it has or the registry that it gives and what that does when it is run.
type goldenCase struct {
	name    string
	file    string
	archive *txtar.Archive
}

const (
	configFile   = "artifice.ini"
	mistakesFile = "mistakes"
	runFile      = "run"
)

func (c *goldenCase) get(name string) string {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// expect compares a part of the case with what it came to.
func (c *goldenCase) expect(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		c.archive.Files = slices.DeleteFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == name })
		if got != "" {
			c.archive.Files = append(c.archive.Files, txtar.File{Name: name, Data: []byte(got)})
		}
		if err := os.WriteFile(c.file, txtar.Format(c.archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := c.get(name); got != want {
		t.Errorf("%s differs from %s (go test ./gen -update writes it)\ngot:\n%s\nwant:\n%s", name, c.file, got, want)
	}
}

func goldenCases(t testing.TB) []*goldenCase {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var cases []*goldenCase
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, &goldenCase{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), file: file, archive: archive})
	}
	return cases
}

// deploymentOf is the package that the cases are generated for.
func deploymentOf(t *testing.T) *target {
	t.Helper()
	out, err := filepath.Abs("testdata/deployment/" + DefaultOut)
	if err != nil {
		t.Fatal(err)
	}
	target, err := findTarget(t.Context(), filepath.Dir(out), out, nil)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// loaded is the code of all cases together: loading takes most of the time.
var loaded struct {
	sync.Once
	target *target
	code   *code
	err    error
}

// generateCase is Generate for a case.
func generateCase(t *testing.T, c *goldenCase) ([]byte, error) {
	t.Helper()
	loaded.Do(func() {
		loaded.target = deploymentOf(t)
		var paths []string
		for _, c := range goldenCases(t) {
			if file, err := config.Parse(configFile, []byte(c.get(configFile))); err == nil {
				refs, _ := references(file)
				for _, ref := range refs {
					paths = append(paths, loaded.target.resolve(ref))
				}
			}
		}
		loaded.code, loaded.err = load(t.Context(), loaded.target, Options{ReadOnly: true}, paths)
	})
	if loaded.err != nil {
		t.Fatal(loaded.err)
	}
	file, err := config.Parse(configFile, []byte(c.get(configFile)))
	if err != nil {
		return nil, err
	}
	adapters, err := resolve(file, loaded.target, func([]string) (*code, error) { return loaded.code, nil })
	if err != nil {
		return nil, err
	}
	target := loaded.target
	return emit(target, filepath.Join(target.dir, configFile), target.name, adapters)
}

func TestCases(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			code, err := generateCase(t, c)
			mistakes := ""
			if err != nil {
				mistakes = err.Error() + "\n"
			}
			c.expect(t, mistakesFile, mistakes)
			c.expect(t, DefaultOut, string(code))
			if err != nil {
				return
			}
			again, err := generateCase(t, c)
			if err != nil || !bytes.Equal(code, again) {
				t.Errorf("a second run gives other bytes (error: %v)", err)
			}
			checkForm(t, code)
		})
	}
}

// checkForm asserts what any generated file owes its readers.
func checkForm(t *testing.T, code []byte) {
	t.Helper()
	formatted, err := format.Source(code)
	if err != nil || !bytes.Equal(code, formatted) {
		t.Errorf("not as gofmt has it (error: %v)", err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), DefaultOut, code, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if !ast.IsGenerated(f) {
		t.Error("ast.IsGenerated does not know it")
	}
}
