package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openstack-artifice/artifice/gen"
)

// A kind is a program that the tests kill, by what it was built with.
type kind struct {
	store string // sqlite or postgres
	erp   string // csv or http
}

func (k kind) String() string { return k.store + "-" + k.erp }

// adapters are the sections of main and of the adapters, as both the generator
// and the program read them.
var adapters = map[string]string{
	"sqlite":   "store:object = adapters.sqlite:Store",
	"postgres": "store:object = adapters.postgres:Store",
	"csv":      "invoice:object = adapters.csv:Invoice",
	"http":     "invoice:object = adapters.http:Invoice",
}

// config is the config of a deployment, with the sections of its adapters.
func (k kind) config(sections string) string {
	return fmt.Sprintf("[main]\ndeployment = crash\ncurrency = NZD\nsource:object = adapters.ceilometer:Source\n%s\n%s\n"+
		"[source:object]\npath = samples\ndatacenter_key = availability_zone\n%s", adapters[k.store], adapters[k.erp], sections)
}

// programs are those that were built, each when it is first asked for.
type programs struct {
	mu   sync.Mutex
	dir  string // of all of them; "" while there are none
	path map[kind]string
	more map[string]string // those that are of no kind, by name
}

var built programs

// get builds a program, unless it is there.
func (p *programs) get(t testing.TB, k kind) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if path, ok := p.path[k]; ok {
		return path
	}
	sections := map[string]string{"sqlite": "", "postgres": "[store:object]\nurl = postgres://localhost/crash\n",
		"csv": "[invoice:object]\ncsv_directory = invoices\n", "http": "[invoice:object]\nurl = http://localhost\n"}
	path := p.build(t, k.String(), k.config(sections[k.store]+sections[k.erp]))
	p.path[k] = path
	return path
}

// once builds a program that is of no kind, unless it is there.
func (p *programs) once(t testing.TB, name, config string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if path, ok := p.more[name]; ok {
		return path
	}
	path := p.build(t, name, config)
	p.more[name] = path
	return path
}

// build builds a deployment's program from its config. It is in a module of its
// own: generated, and linked with nothing but what the config names.
func (p *programs) build(t testing.TB, name, config string) string {
	t.Helper()
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "crash")
		noError(t, err)
		p.dir, p.path, p.more = dir, map[kind]string{}, map[string]string{}
	}
	module := filepath.Join(p.dir, name)
	noError(t, os.CopyFS(module, os.DirFS(filepath.Join("testdata", "crash"))))
	noError(t, writeModule(module))
	noError(t, os.WriteFile(filepath.Join(module, "artifice.ini"), []byte(config), 0o644))
	registry, err := gen.Generate(t.Context(), gen.Options{Dir: module, ReadOnly: true, NoRun: true})
	noError(t, err)
	_, err = registry.Write()
	noError(t, err)
	path := filepath.Join(module, "crash")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd")
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	return path
}

// remove removes all programs.
func (p *programs) remove() error {
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// writeModule makes a directory a module that requires this checkout, and all
// that this requires.
func writeModule(dir string) error {
	checkout, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	mod, err1 := os.ReadFile(filepath.Join(checkout, "go.mod"))
	sum, err2 := os.ReadFile(filepath.Join(checkout, "go.sum"))
	const house = "module github.com/openstack-artifice/artifice"
	rest, ok := strings.CutPrefix(string(mod), house+"\n")
	if !ok {
		return errors.Join(err1, err2, fmt.Errorf("go.mod does not begin with %q", house))
	}
	own := fmt.Sprintf("module example.com/crash\n%s\nrequire %s v0.0.0\n\nreplace %[2]s => %[3]s\n", rest, strings.TrimPrefix(house, "module "), checkout)
	return errors.Join(err2, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(own), 0o644), os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644))
}

// Only the driver of the chosen store is linked, as the program itself says.
func TestOneDriver(t *testing.T) {
	drivers := map[string]string{"sqlite": "modernc.org/sqlite", "postgres": "github.com/jackc/pgx/v5"}
	for store := range drivers {
		info, err := buildinfo.ReadFile(built.get(t, kind{store, "csv"}))
		noError(t, err)
		for other, driver := range drivers {
			linked := slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Path == driver })
			if linked != (store == other) {
				t.Errorf("the program with %s: that it links %s is %v", store, driver, linked)
			}
		}
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
