package artifice_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/openstack-artifice/artifice"

// arrows says which packages of the house each room may import. A room that
// ends in "/" stands for all packages below it; "." is the root package.
var arrows = map[string][]string{
	"cmd/artifice":           {".", "cli", "cmd/artifice/internal/"},
	"cmd/artifice/internal/": {"usage"},
	"cmd/artifice-gen":       {"gen"},
	".":                      {"deployment", "config", "invoice", "ledger", "usage", "adapters/"},
	"cli":                    {"internal/billing", "deployment", "config", "invoice", "ledger", "usage"},
	"deployment":             {"config", "invoice", "ledger", "usage"},
	"internal/billing":       {"invoice", "ledger", "usage"},
	"ledger":                 {"invoice", "usage"},
	"ledger/ledgertest":      {"ledger", "invoice", "usage"},
	"invoice":                {"usage"},
	"invoice/invoicetest":    {"invoice", "usage"},
	"usage":                  {},
	"config":                 {},
	"rates":                  {"config", "usage"},
	"gen":                    {"config", "gen/"},
	"gen/":                   {"config", "gen", "gen/"},
	"adapters/csv":           {"invoice", "usage", "config", "rates"},
	"adapters/http":          {"invoice", "usage", "config", "rates"},
	"adapters/http/example/": {},
	"adapters/openerp":       {"invoice", "usage", "config", "rates"},
	"adapters/ceilometer":    {"usage", "config", "rates", "internal/openstack"},
	"adapters/sqlite":        {"ledger", "invoice", "usage", "config", "internal/"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Dir        string
	GoFiles    []string
}

// packages lists the packages of this module, without their tests.
func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Dir,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}

// room is a package's path within the house.
func room(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

func matches(pattern, name string) bool {
	return pattern == name || strings.HasSuffix(pattern, "/") && strings.HasPrefix(name, pattern)
}

func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		name, _ := room(p.ImportPath)
		may, ok := arrows[name]
		if !ok {
			for pattern, rooms := range arrows {
				if matches(pattern, name) {
					may, ok = rooms, true
				}
			}
		}
		if !ok {
			t.Errorf("%s is a new room: say in arrows what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			to, ours := room(imported)
			if ours && !slices.ContainsFunc(may, func(pattern string) bool { return matches(pattern, to) }) {
				t.Errorf("%s imports %s, against the arrows", name, to)
			}
		}
	}
}

// inexact are the names by which figures are rounded, divided, or lose digits.
// Each is allowed in one file, in the functions that say so.
var inexact = []string{"Div", "DivRound", "QuoRem", "Round", "RoundBank", "RoundCash", "RoundUp", "RoundDown", "RoundCeil", "RoundFloor",
	"Truncate", "Float64", "InexactFloat64", "NewFromFloat", "NewFromFloat32", "NewFromFloatWithExponent", "ParseFloat", "SetFloat64"}

func TestFiguresStayExact(t *testing.T) {
	exact := []string{"usage", "invoice", "invoice/invoicetest", "ledger", "ledger/ledgertest", "rates", "internal/billing", "adapters/"}
	seen := 0
	for _, p := range packages(t) {
		name, _ := room(p.ImportPath)
		if !slices.ContainsFunc(exact, func(pattern string) bool { return matches(pattern, name) }) {
			continue
		}
		for _, file := range p.GoFiles {
			if name == "internal/billing" && file == "money.go" {
				continue // where figures are divided and rounded
			}
			seen++
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					call := n.Sel.Name
					if call == "Truncate" && name == "usage" && file == "span.go" {
						return true // a time, cut to its window
					}
					if slices.Contains(inexact, call) {
						t.Errorf("%s: %s.%s belongs into internal/billing/money.go", fset.Position(n.Pos()), name, call)
					}
				case *ast.Ident:
					if n.Name == "float64" || n.Name == "float32" {
						t.Errorf("%s: %s between a sample and an invoice", fset.Position(n.Pos()), n.Name)
					}
				}
				return true
			})
		}
	}
	if seen < 20 {
		t.Fatalf("looked at %d files only", seen)
	}
}

func TestFilesCanBeHeldInMind(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != "." {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasPrefix(entry.Name(), "zz_generated") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if lines := bytes.Count(content, []byte("\n")); lines > 600 {
			t.Errorf("%s has %d lines", path, lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
