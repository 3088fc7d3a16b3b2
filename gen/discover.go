package gen

import (
	"context"
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// defaultName is the name of an adapter's key where nobody gave one.
const defaultName = "object"

// Describe returns the section of the adapter that a reference "path:Type"
// names, with every key that it takes, documented by the adapter's own
// comments. It writes nothing.
func Describe(ctx context.Context, o Options, reference string) ([]byte, error) {
	adapters, docs, err := loadDescribed(ctx, o, reference)
	if err != nil {
		return nil, err
	}
	a := adapters[0]
	line := fmt.Sprintf("# In [main]: %s = %q\n\n", a.key, a.text)
	return append([]byte(line), a.describe(docs)...), nil
}

// loadDescribed loads the adapters that references name, and can tell what
// their comments say.
func loadDescribed(ctx context.Context, o Options, references ...string) ([]*adapter, *comments, error) {
	t, err := findTarget(ctx, o.abs("."), o.outPath(), o.environ())
	if err != nil {
		return nil, nil, err
	}
	var refs []*reference
	var paths []string
	var errs config.Errors
	for _, text := range references {
		path, typeName, err := splitReference(text)
		if err != nil {
			errs.Add(config.Position{}, "%w", err)
			continue
		}
		ref := &reference{text: text, path: path, typeName: typeName}
		ref.path = t.resolve(ref)
		refs, paths = append(refs, ref), append(paths, ref.path)
	}
	c, err := load(ctx, t, o, paths)
	if err != nil {
		return nil, nil, err
	}
	if errs = append(errs, c.checkContracts(config.Position{})...); len(errs) > 0 {
		return nil, nil, errs.Err()
	}
	var adapters []*adapter
	for _, ref := range refs {
		a, found := c.describable(ref)
		adapters, errs = append(adapters, a), append(errs, found...)
	}
	return adapters, &comments{fset: c.fset}, errs.Err()
}

// describable checks a reference that stands in no config, as an adapter of
// the kind that its type has.
func (c *code) describable(ref *reference) (*adapter, config.Errors) {
	if e := c.checkPackage(ref); e != nil {
		return nil, config.Errors{e}
	}
	// Any kind will do to find the type.
	ref.kind = kinds[0]
	named, e := c.adapterType(ref, c.packages[ref.path])
	if e != nil {
		return nil, config.Errors{e}
	}
	if k := c.otherKind(nil, named); k != nil {
		ref.kind = k
	}
	ref.key = ref.kind.name + ":" + defaultName
	return c.check(ref)
}

// A Found is an adapter that List found.
type Found struct {
	Kind      string // "invoice"
	Reference string // as a config would name it: "adapters.csv:Invoice"
	Synopsis  string // what it says about itself
}

// List returns the adapters in the packages that the patterns match, those of
// the go command, by kind and reference. Types that keep a contract and have no
// right constructor are left out, and so is what the deployment cannot import.
func List(ctx context.Context, o Options, patterns []string) ([]Found, error) {
	t, err := findTarget(ctx, o.abs("."), o.outPath(), o.environ())
	if err != nil {
		return nil, err
	}
	c, err := load(ctx, t, o, patterns)
	if err != nil {
		return nil, err
	}
	if errs := c.checkContracts(config.Position{}); len(errs) > 0 {
		return nil, errs.Err()
	}
	docs := &comments{fset: c.fset}
	var found []Found
	for _, path := range slices.Sorted(maps.Keys(c.packages)) {
		pkg := c.packages[path]
		if slices.Contains(contracts, path) || pkg.Types == nil {
			continue
		}
		for _, name := range pkg.Types.Scope().Names() {
			if _, ok := pkg.Types.Scope().Lookup(name).(*types.TypeName); !ok {
				continue
			}
			ref := &reference{text: path + ":" + name, path: path, typeName: name}
			if a, errs := c.describable(ref); len(errs) == 0 {
				found = append(found, Found{
					Kind:      a.kind.name,
					Reference: t.shortest(path) + ":" + name,
					Synopsis:  sentence(docs.of(pkg.Types.Scope().Lookup(name).Pos())),
				})
			}
		}
	}
	slices.SortFunc(found, func(a, b Found) int {
		return strings.Compare(fmt.Sprint(a.Kind, " ", a.Reference), fmt.Sprint(b.Kind, " ", b.Reference))
	})
	return found, nil
}

// shortest is the shortest path that a config may name a package by: the dotted
// one, where that leads to it.
func (t *target) shortest(importPath string) string {
	for _, root := range []string{t.modulePath, artifice} {
		within, ok := strings.CutPrefix(importPath, root+"/")
		if !ok || strings.Contains(within, ".") {
			continue
		}
		dotted := strings.ReplaceAll(within, "/", ".")
		if t.resolve(&reference{path: dotted}) == importPath {
			return dotted
		}
	}
	return importPath
}
