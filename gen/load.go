package gen

import (
	"context"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// code is the Go code of the contracts and of the adapters, loaded at once:
// only then is a type that both mention the same type.
type code struct {
	target   *target
	fset     *token.FileSet
	packages map[string]*packages.Package // by import path
}

// load reads the contracts and the packages at the paths: their own syntax,
// and export data for what they import. Where a module or its checksum is
// missing, and go.mod may be changed, it tries again and lets the go command
// add them.
func load(ctx context.Context, t *target, o Options, paths []string) (*code, error) {
	c, err := loadOnce(ctx, t, o, o.buildFlags(), paths)
	if !o.mayComplete(t) || err == nil && !c.lacksModule() {
		return c, err
	}
	return loadOnce(ctx, t, o, append(o.buildFlags(), "-mod=mod"), paths)
}

// lacksModule reports whether anything could not be loaded for want of a module
// or a checksum. Packages of the deployment's own module and of Artifice's are
// missing for other reasons.
func (c *code) lacksModule() bool {
	lacks := false
	packages.Visit(slices.Collect(maps.Values(c.packages)), nil, func(p *packages.Package) {
		if within(p.PkgPath, c.target.modulePath) || within(p.PkgPath, artifice) {
			return
		}
		for _, e := range p.Errors {
			lacks = lacks || e.Kind == packages.ListError && !strings.HasPrefix(e.Msg, "# ") && len(p.GoFiles) == 0
		}
	})
	return lacks
}

func loadOnce(ctx context.Context, t *target, o Options, buildFlags, paths []string) (*code, error) {
	c := &code{target: t, fset: token.NewFileSet(), packages: map[string]*packages.Package{}}
	roots := map[string]bool{}
	for _, p := range slices.Concat(contracts, paths) {
		roots[p] = true
	}
	loaded, err := packages.Load(&packages.Config{
		Context: ctx,
		Dir:     t.dir,
		Env:     o.environ(),
		Fset:    c.fset,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes |
			packages.NeedTypesInfo | packages.NeedSyntax | packages.NeedExportFile | packages.NeedModule,
		BuildFlags: buildFlags,
	}, slices.Sorted(maps.Keys(roots))...)
	if err != nil {
		return nil, t.loadError(err)
	}
	for _, p := range loaded {
		c.packages[p.PkgPath] = p
	}
	return c, nil
}

// lookup returns what a symbol of a contract stands for.
func (c *code) lookup(s symbol) types.Type {
	return c.packages[s.path].Types.Scope().Lookup(s.name).Type()
}

// declared returns the type that a type was declared with: time.Duration for
// "type Timeout time.Duration", whose underlying type is an int64 that tells
// nothing. It is nil where the declaration was not loaded as syntax.
func (c *code) declared(t *types.Named) types.Type {
	pkg := t.Obj().Pkg()
	if pkg == nil || c.packages[pkg.Path()] == nil {
		return nil
	}
	loaded := c.packages[pkg.Path()]
	for _, file := range loaded.Syntax {
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && loaded.TypesInfo.Defs[s.Name] == t.Obj() {
					return loaded.TypesInfo.TypeOf(s.Type)
				}
			}
		}
	}
	return nil
}

// loadError takes what the go command said out of the words that go/packages
// puts around it.
func (t *target) loadError(err error) error {
	text := err.Error()
	if _, said, found := strings.Cut(text, "stderr: "); found {
		text = strings.TrimPrefix(said, "go: ")
	}
	lines := atMost(maxErrors, strings.Split(strings.TrimSpace(t.shorten(text)), "\n"))
	return fmt.Errorf("the go command cannot load the adapters: %s", strings.Join(lines, "\n        "))
}
