package deployment

import (
	"fmt"
	"strings"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A Deployment is a config file that was bound to the adapters that were
// compiled in. Everything in it is checked; nothing is open.
type Deployment struct {
	Main
	Path    string // of the config file
	Invoice Bound[invoice.ERP]
	Sources []Bound[usage.Source]
	Store   Bound[ledger.Store]
	meters  []meter
}

// Bound is an adapter and the config that it is to be opened with.
type Bound[T any] struct {
	config.Compiled
	Open Open[T]
}

// Name is the name part of the adapter's key: "object" of "invoice:object".
func (b Bound[T]) Name() string {
	_, name, _ := strings.Cut(b.Key, ":")
	return name
}

// own is Artifice's module, to which dotted references may be relative.
const own = "github.com/openstack-artifice/artifice"

// Load binds the file to the registry. The error has every mistake of the
// file, positioned and sorted.
func (r Registry) Load(f *config.File) (*Deployment, error) {
	l := loader{file: f, main: f.SectionOrEmpty("main", config.Position{File: f.Path, Line: 1, Col: 1})}
	d := &Deployment{Path: f.Path}
	l.compiledIn(r.Compiled())
	d.Main = l.bindMain()
	invoices := bindAll(&l, r.Invoices)
	d.Sources = bindAll(&l, r.Sources)
	stores := bindAll(&l, r.Stores)
	d.meters = l.bindMeters(r.Transformers)
	l.strayTransformers(r.Transformers)
	l.straySections(r.Compiled())
	if err := config.Merge(l.errs...); err != nil {
		return nil, err
	}
	if len(invoices) != 1 || len(stores) != 1 || len(d.Sources) == 0 {
		return nil, fmt.Errorf("the program was compiled with %d invoice, %d store and %d source adapters: one invoice, one store and at least one source make a deployment (run go generate and build again)",
			len(invoices), len(stores), len(d.Sources))
	}
	d.Invoice, d.Store = invoices[0], stores[0]
	return d, nil
}

// A loader gathers the mistakes of one file.
type loader struct {
	file *config.File
	main *config.Section
	errs []error
}

func (l *loader) fail(at config.Position, format string, args ...any) {
	l.errs = append(l.errs, config.Errors{{Pos: at, Err: fmt.Errorf(format, args...)}})
}

// rebuild is what mends a program that is not what its config says.
const rebuild = "run go generate and build again"

// compiledIn holds the kind:name keys of [main] against what was compiled in.
func (l *loader) compiledIn(compiled []config.Compiled) {
	byKey := map[string]config.Compiled{}
	for _, c := range compiled {
		byKey[c.Key] = c
		if l.main.Key(c.Key) == nil {
			l.fail(l.main.Pos, "[main] has no %s, but this program was compiled with %s = %q (add the line, or %s)", c.Key, c.Key, c.Reference, rebuild)
		}
	}
	for _, key := range l.main.Keys {
		if !strings.Contains(key.Name, ":") {
			continue
		}
		c, ok := byKey[key.Name]
		switch {
		case !ok:
			l.fail(key.Pos, "%s = %q was not compiled into this program (%s)", key.Name, key.Value, rebuild)
		case !same(c, key.Value):
			l.fail(key.ValuePos, "%s is %q, but this program was compiled with %q (%s)", key.Name, key.Value, c.Reference, rebuild)
		}
	}
}

// same reports whether a reference names the adapter that was compiled in. A
// dotted path that reads differently from the compiled one is only known to
// mean the same where it is relative to Artifice's own module.
func same(c config.Compiled, reference string) bool {
	if reference == c.Reference {
		return true
	}
	path, typ, ok := strings.Cut(reference, ":")
	if !ok || typ != c.Type {
		return false
	}
	return path == c.Package || own+"/"+strings.ReplaceAll(path, ".", "/") == c.Package
}

// bindAll binds the sections of adapters.
func bindAll[T any](l *loader, adapters []Adapter[T]) []Bound[T] {
	var all []Bound[T]
	for _, a := range adapters {
		at := l.main.Pos
		if key := l.main.Key(a.Key); key != nil {
			at = key.Pos
		}
		open, err := a.Bind(l.file.SectionOrEmpty(a.Key, at))
		if err != nil {
			l.errs = append(l.errs, err)
		}
		all = append(all, Bound[T]{Compiled: a.Compiled, Open: open})
	}
	return all
}

// straySections refuses sections that belong to nothing.
func (l *loader) straySections(compiled []config.Compiled) {
	known := []string{"main"}
	for _, c := range compiled {
		known = append(known, c.Key)
	}
	for _, s := range l.file.Sections {
		isKey := l.main.Key(s.Name) != nil && strings.Contains(s.Name, ":")
		if isKey || s.Name == "main" || strings.HasPrefix(s.Name, meterPrefix) {
			continue
		}
		hint := ""
		switch near := config.Suggest(s.Name, known); near {
		case "":
		case s.Name: // it is compiled in
			hint = fmt.Sprintf(" (the key %s is missing there)", s.Name)
		default:
			hint = fmt.Sprintf(" (did you mean [%s]?)", near)
		}
		l.fail(s.Pos, "section [%s] belongs to no key of [main]%s", s.Name, hint)
	}
}
