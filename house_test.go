package artifice_test

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/openstack-artifice/artifice"

// arrows says which packages of the house each room may import. A room that
// ends in "/" stands for all packages below it; "." is the root package.
var arrows = map[string][]string{
	"cmd/artifice":               {".", "cli", "cmd/artifice/internal/", "internal/files"},
	"cmd/artifice/internal/":     {"usage", "internal/files"},
	"cmd/artifice-gen":           {"gen"},
	".":                          {"deployment", "config", "invoice", "ledger", "usage", "adapters/"},
	"cli":                        {"internal/billing", "internal/report", "internal/archive", "internal/distil", "internal/metrics", "internal/files", "internal/spreadsheet", "deployment", "config", "invoice", "ledger", "usage"},
	"deployment":                 {"config", "invoice", "ledger", "usage"},
	"internal/billing":           {"invoice", "ledger", "usage", "internal/spool"},
	"internal/report":            {"internal/billing", "ledger", "invoice", "usage"},
	"internal/spool":             {"usage"},
	"internal/archive":           {"ledger", "invoice", "usage"},
	"internal/distil":            {"config"},
	"internal/sqlledger":         {"ledger", "invoice", "usage"},
	"internal/metrics":           {},
	"internal/memory":            {"ledger", "invoice", "usage"},
	"internal/pgtest":            {},
	"internal/datacenter":        {"config"},
	"internal/files":             {},
	"internal/web":               {},
	"internal/pricing":           {"invoice", "rates"},
	"internal/openstack":         {"config", "usage", "internal/web"},
	"internal/openstack/":        {},
	"internal/shown":             {},
	"internal/spreadsheet":       {},
	"internal/simulation":        {"internal/billing", "ledger", "invoice", "usage"},
	"ledger":                     {"invoice", "usage"},
	"ledger/ledgertest":          {"ledger", "invoice", "usage"},
	"invoice":                    {"usage"},
	"invoice/invoicetest":        {"invoice", "usage"},
	"usage":                      {},
	"usage/usagetest":            {"usage"},
	"config":                     {},
	"rates":                      {"config", "usage"},
	"gen":                        {"config", "gen/", "internal/files"},
	"gen/":                       {"config", "gen", "gen/"},
	"adapters/csv":               {"invoice", "usage", "config", "rates", "internal/files", "internal/pricing", "internal/spreadsheet"},
	"adapters/http":              {"invoice", "usage", "config", "rates", "internal/pricing", "internal/web"},
	"adapters/http/example/":     {},
	"adapters/openerp":           {"invoice", "usage", "config", "rates", "internal/pricing", "internal/web", "adapters/openerp/internal/"},
	"adapters/openerp/internal/": {"adapters/openerp/internal/"},
	"adapters/odoo":              {"adapters/openerp"},
	"adapters/ceilometer":        {"usage", "config", "rates", "internal/openstack", "internal/datacenter", "adapters/ceilometer/"},
	"adapters/ceilometer/":       {"internal/files"},
	"adapters/gnocchi":           {"usage", "config", "internal/openstack", "internal/datacenter"},
	"adapters/sqlite":            {"ledger", "invoice", "usage", "config", "internal/sqlledger", "internal/files"},
	"packaging":                  {},
	"adapters/postgres":          {"ledger", "invoice", "usage", "config", "internal/sqlledger"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Dir        string
	GoFiles    []string
}

// listPackages lists the packages of this module, without their tests.
func listPackages(t *testing.T) []listed {
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
	for _, p := range listPackages(t) {
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

// inexact is what rounds, divides, or loses digits, by package. It is allowed
// in one file.
var inexact = map[string][]string{
	"github.com/shopspring/decimal": {"Div", "DivRound", "QuoRem", "Mod", "Round", "RoundBank", "RoundCash", "RoundUp", "RoundDown", "RoundCeil", "RoundFloor",
		"Ceil", "Floor", "Truncate", "IntPart", "Float64", "InexactFloat64", "BigFloat", "NewFromFloat", "NewFromFloat32", "NewFromFloatWithExponent", "Avg", "Pow", "Sqrt"},
	"math/big": {"Float", "NewFloat", "ParseFloat", "Float64", "Float32", "SetFloat64"},
	"strconv":  {"ParseFloat", "FormatFloat", "AppendFloat"},
	"":         {"float32", "float64"},
}

func TestFiguresStayExact(t *testing.T) {
	exact := []string{"usage", "usage/usagetest", "invoice", "invoice/invoicetest", "ledger", "ledger/ledgertest", "rates", "internal/billing", "internal/report", "adapters/"}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedExportFile,
	}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, p := range loaded {
		name, _ := room(p.PkgPath)
		if !slices.ContainsFunc(exact, func(pattern string) bool { return matches(pattern, name) }) {
			continue
		}
		for ident, object := range p.TypesInfo.Uses {
			at := p.Fset.Position(ident.Pos())
			if name == "internal/billing" && filepath.Base(at.Filename) == "money.go" {
				continue // where figures are divided and rounded
			}
			seen++
			from := ""
			if object.Pkg() != nil {
				from = object.Pkg().Path()
			}
			if slices.Contains(inexact[from], object.Name()) {
				t.Errorf("%s: %s belongs into internal/billing/money.go", at, ident.Name)
			}
		}
	}
	if seen < 10000 {
		t.Fatalf("looked at %d uses of names only", seen)
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
