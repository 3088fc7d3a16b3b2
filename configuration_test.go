package artifice_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/gen"
)

// The page of the adapters' keys is what their code says.
func TestConfigurationReference(t *testing.T) {
	const page = "docs/configuration.md"
	want, err := gen.Reference(t.Context(), gen.Options{ReadOnly: true}, []string{"./adapters/..."})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), readFile(t, page)); diff != "" {
		t.Errorf("%s is not what the code says: go generate . (-want +got):\n%s", page, diff)
	}
}

// A boundKey is a key that a function binds, and what it is by itself: "" where
// that is not said in the code.
type boundKey struct{ name, fallback string }

// boundKeys are the keys that the functions of package deployment bind, by the
// function.
func boundKeys(t *testing.T) map[string][]boundKey {
	t.Helper()
	bound := map[string][]boundKey{}
	for _, name := range []string{"main.go", "meters.go", "options.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "deployment/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if key, ok := bindCall(n); ok {
					bound[f.Name.Name] = append(bound[f.Name.Name], key)
				}
				return true
			})
		}
	}
	return bound
}

// bindCall is a call of config.Field and those beside it.
func bindCall(n ast.Node) (boundKey, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return boundKey{}, false
	}
	var key boundKey
	switch callee(call) {
	case "Field", "List":
		key.name = text(call.Args[3])
		for _, option := range call.Args[4:] {
			if option, ok := option.(*ast.CallExpr); ok && callee(option) == "Required" {
				key.fallback = "required"
			} else if ok && callee(option) == "Default" {
				key.fallback = text(option.Args[0])
			}
		}
	case "Map":
		key.name = text(call.Args[2]) + ".*"
	default:
		return boundKey{}, false
	}
	return key, true
}

func callee(call *ast.CallExpr) string {
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "config" {
			return s.Sel.Name
		}
	}
	return ""
}

// text is what a literal says, or the name of the constant that stands there.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.Ident:
		if e.Name == "halfUp" {
			return "half-away-from-zero"
		}
	}
	return ""
}

// told finds what a page tells of a key: names and the rest of the row.
var (
	toldRow = regexp.MustCompile("(?m)^\\|([^|\n]*`[^|\n]*)\\|([^|\n]*)\\|([^|\n]*)\\|")
	toldKey = regexp.MustCompile("`([^`]+)`")
)

// The tables of [main] and of meters name the keys that the code binds, and no
// other; and say of those of [main] what they are by themselves.
func TestConfigTables(t *testing.T) {
	bound := boundKeys(t)
	page := readFile(t, "docs/config.md")
	_, mainText, _ := strings.Cut(page, "\n## [main]")
	mainText, meterText, _ := strings.Cut(mainText, "\n## [meter:NAME]")
	meterText, optionText, _ := strings.Cut(meterText, "\nThe rest are options")

	var want, got []string
	for _, key := range bound["bindMain"] {
		want = append(want, key.name+" "+key.fallback)
	}
	for _, row := range toldRow.FindAllStringSubmatch(mainText, -1) {
		name := strings.Trim(row[1], " `")
		if !strings.Contains(name, ":") {
			got = append(got, name+" "+strings.Trim(row[2], " `"))
		}
	}
	same(t, "[main]", want, got)

	want, got = nil, nil
	for _, key := range bound["bindMeter"] {
		want = append(want, key.name)
	}
	for _, row := range toldRow.FindAllStringSubmatch(meterText, -1) {
		got = append(got, wild(strings.Trim(row[1], " `")))
	}
	same(t, "[meter:NAME]", want, got)

	// Options are told by transformer; some rows leave its name out, and one
	// names several options. unit is the meter's own key.
	functions := map[string]string{
		"uptime": "uptime", "uptime_sampled": "uptimeSampled", "integral": "integral", "storage_max": "storageMax", "object_storage_max": "objectStorageMax",
		"from_image": "fromImage", "database_uptime": "databaseUptime", "database_volume_max": "databaseVolumeMax",
	}
	options := map[string][]string{}
	var of []string
	for _, row := range regexp.MustCompile("(?m)^\\|([^|\n]*)\\|([^|\n]*`[^|\n]*)\\|").FindAllStringSubmatch(optionText, -1) {
		if names := toldKey.FindAllStringSubmatch(row[1], -1); len(names) > 0 {
			of = nil
			for _, n := range names {
				of = append(of, n[1])
			}
		}
		for _, transformer := range of {
			for _, key := range toldKey.FindAllStringSubmatch(row[2], -1) {
				if name := wild(key[1]); name != "unit" {
					options[transformer] = append(options[transformer], name)
				}
			}
		}
	}
	for transformer, function := range functions {
		var want []string
		for _, key := range bound[function] {
			want = append(want, key.name)
		}
		same(t, transformer, want, options[transformer])
	}
}

// wild is a key of any name: "names.ID = NAME" is "names.*".
func wild(key string) string {
	if before, _, ok := strings.Cut(key, "."); ok {
		return before + ".*"
	}
	return key
}

func same(t *testing.T, of string, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); len(want) == 0 || diff != "" {
		t.Errorf("docs/config.md, %s (-what the code binds +what it tells):\n%s", of, diff)
	}
}
