package artifice_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice"
	"github.com/openstack-artifice/artifice/gen"
)

// standIns are adapters that need nothing but their contracts: what is linked
// beside them is what every deployment has.
const standIns = `package none

import (
	"context"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

type (
	ERP    struct{ invoice.ERP }
	Source struct{ usage.Source }
	Store  struct{ ledger.Store }
)

func NewERP(context.Context, map[string]string) (*ERP, error)       { return &ERP{}, nil }
func NewSource(context.Context, map[string]string) (*Source, error) { return &Source{}, nil }
func NewStore(context.Context, map[string]string) (*Store, error)   { return &Store{}, nil }
`

// linkedModule is the module of the deployments that are made to be looked at.
const linkedModule = "example.com/linked"

// A linked is a deployment that was made to see what is linked into it.
type linked struct {
	name   string
	chosen []gen.Found // without the stand-ins
	dir    string      // within the module, and the name of the package
	cmd    string      // the import path of the program
}

// adapters finds the adapters of this repository, those that come later too.
func adapters(t testing.TB) []gen.Found {
	t.Helper()
	found, err := gen.List(t.Context(), gen.Options{ReadOnly: true}, []string{"./adapters/..."})
	if err != nil {
		t.Fatal(err)
	}
	for path := range dependencies(t, ".", "./adapters/...") {
		room := strings.TrimPrefix(path, module+"/adapters/")
		if !strings.Contains(room, "/") && !slices.ContainsFunc(found, func(a gen.Found) bool { return importPath(a) == path }) {
			t.Errorf("artifice-gen list finds no adapter in adapters/%s", room)
		}
	}
	return found
}

// importPath is the package of an adapter of this repository.
func importPath(a gen.Found) string {
	path, _, _ := strings.Cut(a.Reference, ":")
	if strings.Contains(path, "/") {
		return path
	}
	return module + "/" + strings.ReplaceAll(path, ".", "/")
}

// linkedDeployments are one without any adapter of this repository, one for
// each alone, and as many as it takes for all together: a deployment has one
// invoice adapter and one store.
func linkedDeployments(t testing.TB) []linked {
	t.Helper()
	found := adapters(t)
	byKind := map[string][]gen.Found{}
	all := []linked{{name: "none"}}
	for _, a := range found {
		byKind[a.Kind] = append(byKind[a.Kind], a)
		all = append(all, linked{name: a.Reference, chosen: []gen.Found{a}})
	}
	invoices, stores := byKind["invoice"], byKind["store"]
	for i := range max(len(invoices), len(stores)) {
		chosen := []gen.Found{invoices[i%len(invoices)], stores[i%len(stores)]}
		chosen = append(append(chosen, byKind["source"]...), byKind["transformer"]...)
		all = append(all, linked{name: fmt.Sprintf("together %d", i+1), chosen: chosen})
	}
	for i := range all {
		all[i].dir = fmt.Sprintf("d%d", i)
		all[i].cmd = linkedModule + "/" + all[i].dir + "/cmd"
	}
	return all
}

// linkedRoot makes the module: it requires this checkout, and what that
// requires.
func linkedRoot(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	checkout, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	mod, ok := strings.CutPrefix(readFile(t, "go.mod"), "module "+module+"\n")
	if !ok {
		t.Fatal("go.mod does not begin with its module")
	}
	mod = fmt.Sprintf("module %s\n%s\nrequire %s v0.0.0\n\nreplace %[3]s => %s\n", linkedModule, mod, module, checkout)
	writeFile(t, filepath.Join(root, "go.mod"), mod)
	writeFile(t, filepath.Join(root, "go.sum"), readFile(t, "go.sum"))
	writeFile(t, filepath.Join(root, "none", "none.go"), standIns)
	return root
}

// generate makes the deployment, as a package of the module in root. The keys
// that adapters cannot do without are remembered, by reference.
func (l linked) generate(t testing.TB, root string, keys map[string]string) {
	t.Helper()
	dir := filepath.Join(root, l.dir)
	references := []string{`invoice:object = "none:ERP"`, `store:object = "none:Store"`, `source:object = "none:Source"`}
	var sections strings.Builder
	for _, a := range l.chosen {
		if _, ok := keys[a.Reference]; !ok {
			keys[a.Reference] = requiredKeys(t, a)
		}
		name := strings.ToLower(strings.NewReplacer(".", "_", ":", "_").Replace(a.Reference))
		references = slices.DeleteFunc(references, func(line string) bool { return strings.HasPrefix(line, a.Kind+":object") })
		references = append(references, fmt.Sprintf("%s:%s = %q", a.Kind, name, a.Reference))
		fmt.Fprintf(&sections, "[%s:%s]\n%s\n", a.Kind, name, keys[a.Reference])
	}
	writeFile(t, filepath.Join(dir, "artifice.ini"), fmt.Sprintf("[main]\ndeployment = %s\ncurrency = NZD\n%s\n\n%s", l.dir, strings.Join(references, "\n"), &sections))
	writeFile(t, filepath.Join(dir, "deployment.go"), "package "+l.dir+"\n")
	writeFile(t, filepath.Join(dir, "cmd", "main.go"), fmt.Sprintf(`package main

import (
	"os"

	"%s/%s"

	"%s/cli"
)

func main() { os.Exit(cli.Main(%s.Registry())) }
`, linkedModule, l.dir, module, l.dir))
	// What adapters themselves say about values does not matter here.
	out, err := gen.Generate(t.Context(), gen.Options{Dir: dir, ReadOnly: true, NoRun: true})
	if err == nil {
		_, err = out.Write()
	}
	if err != nil {
		t.Fatalf("%s: %v", l.name, err)
	}
}

// plausible are values of keys by what artifice-gen describe says they look
// like. Any other key is given a text.
var plausible = []struct{ looks, value string }{
	{"a URL", "https://localhost"}, {"true or false", "true"}, {"number", "1"}, {"a duration:", "1h"}, {"a time:", "2026-01-31"},
	{"a time zone:", "UTC"}, {"an IP address", "192.0.2.1"}, {"an IP network:", "192.0.2.0/24"}, {"a size:", "512"}, {"a secret:", "env:NAME"},
}

// requiredKeys gives the keys that an adapter cannot do without values that
// artifice-gen takes. They are never used: nothing here runs.
func requiredKeys(t testing.TB, a gen.Found) string {
	t.Helper()
	section, err := gen.Describe(t.Context(), gen.Options{ReadOnly: true}, a.Reference)
	if err != nil {
		t.Fatal(err)
	}
	var keys strings.Builder
	for paragraph := range strings.SplitSeq(string(section), "\n\n") {
		comment, key, ok := strings.Cut("\n"+strings.TrimSpace(paragraph), ")\n")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		looks := strings.ReplaceAll(comment[strings.LastIndex(comment, "\n# (")+1:], "\n# ", " ")
		value := "x"
		for _, p := range plausible {
			if strings.Contains(looks, p.looks) {
				value = p.value
			}
		}
		fmt.Fprintf(&keys, "%s %s\n", key, value)
	}
	return keys.String()
}

// dependencies maps packages to all that they need, as go list -deps has it.
func dependencies(t testing.TB, dir string, patterns ...string) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Deps"}, patterns...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v%s", err, stderrOf(err))
	}
	deps := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := d.Decode(&p); err == io.EOF {
			return deps
		} else if err != nil {
			t.Fatal(err)
		}
		deps[p.ImportPath] = append(p.Deps, p.ImportPath)
	}
}

// set is the packages of the lists, without those of the deployments' module.
func set(lists ...[]string) map[string]bool {
	all := map[string]bool{}
	for _, list := range lists {
		for _, path := range list {
			if !strings.HasPrefix(path, linkedModule+"/") {
				all[path] = true
			}
		}
	}
	return all
}

// A binary links what every deployment has, the adapters that its config names,
// and what these need. It links no other adapter, nor what only that needs.
func TestExactlyTheChosenAdapters(t *testing.T) {
	t.Parallel()
	root, deployments := linkedRoot(t), linkedDeployments(t)
	keys := map[string]string{}
	for _, d := range deployments {
		d.generate(t, root, keys)
	}
	deps := dependencies(t, root, "./...", module+"/adapters/...")
	base := deps[deployments[0].cmd]
	for path := range set(base) {
		if strings.HasPrefix(path, module+"/adapters/") {
			t.Errorf("every deployment links %s, chosen or not", path)
		}
	}
	for _, d := range deployments {
		t.Run(d.name, func(t *testing.T) {
			lists := [][]string{base}
			for _, a := range d.chosen {
				if deps[importPath(a)] == nil {
					t.Fatalf("go list does not know %s", importPath(a))
				}
				lists = append(lists, deps[importPath(a)])
			}
			want, got := set(lists...), set(deps[d.cmd])
			for _, path := range slices.Sorted(maps.Keys(got)) {
				if !want[path] {
					t.Errorf("%s is linked, and nothing that the config names needs it", path)
				}
			}
			for _, path := range slices.Sorted(maps.Keys(want)) {
				if !got[path] {
					t.Errorf("%s is not linked", path)
				}
			}
		})
	}
}

// The program of this repository links what its own config names, and its demo.
func TestOwnProgramLinksItsConfig(t *testing.T) {
	deps := dependencies(t, ".", "./cli", "./cmd/artifice", "./adapters/...")
	registry := artifice.Registry()
	chosen := map[string]bool{}
	for _, a := range registry.Invoices {
		chosen[a.Package] = true
	}
	for _, a := range registry.Sources {
		chosen[a.Package] = true
	}
	for _, a := range registry.Stores {
		chosen[a.Package] = true
	}
	for _, a := range registry.Transformers {
		chosen[a.Package] = true
	}
	lists := [][]string{deps[module+"/cli"]}
	for path := range chosen {
		lists = append(lists, deps[path])
	}
	needed, got := set(lists...), set(deps[module+"/cmd/artifice"])
	for path := range chosen {
		if !got[path] {
			t.Errorf("%s is chosen and not linked", path)
		}
	}
	for _, a := range adapters(t) {
		if chosen[importPath(a)] {
			continue
		}
		for _, path := range deps[importPath(a)] {
			if got[path] && !needed[path] && strings.Contains(strings.Split(path, "/")[0], ".") {
				t.Errorf("cmd/artifice links %s, which only %s needs", path, a.Reference)
			}
		}
	}
}

// BenchmarkSizes builds a program without adapters, and one for each adapter
// alone, and reports how large they are.
func BenchmarkSizes(b *testing.B) {
	root, deployments := linkedRoot(b), linkedDeployments(b)
	var base int64
	for _, d := range deployments {
		if len(d.chosen) > 1 {
			continue
		}
		b.Run(d.name, func(b *testing.B) {
			d.generate(b, root, map[string]string{})
			binary := filepath.Join(b.TempDir(), "program")
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), "go", "build", "-o", binary, d.cmd)
				cmd.Dir = root
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("go build: %v\n%s", err, out)
				}
			}
			info, err := os.Stat(binary)
			if err != nil {
				b.Fatal(err)
			}
			if len(d.chosen) == 0 {
				base = info.Size()
			}
			const mega = 1_000_000
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(info.Size())/mega, "MB")
			b.ReportMetric(float64(info.Size()-base)/mega, "MB-more")
		})
	}
}
