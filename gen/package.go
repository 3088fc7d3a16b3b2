package gen

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/openstack-artifice/artifice/config"
)

// checkContracts reports why the contracts cannot be read, which is a matter of
// the module rather than of a line of the config.
func (c *code) checkContracts(at config.Position) config.Errors {
	var roots []*packages.Package
	for _, p := range contracts {
		pkg := c.packages[p]
		if missing(pkg) {
			e := &config.Error{Pos: at, Err: fmt.Errorf("module %s cannot import %s", c.target.modulePath, artifice)}
			text := c.loaderText(pkg, p)
			if text == "" && c.target.env.cross() {
				text = fmt.Sprintf("does Go build for %s/%s?", c.target.env.GOOS, c.target.env.GOARCH)
			}
			return config.Errors{detail(e, text)}
		}
		roots = append(roots, pkg)
	}
	text := c.problems(roots...)
	if text == "" {
		return nil
	}
	return config.Errors{{Pos: at, Err: fmt.Errorf("the packages of %s do not compile (try go mod tidy)", artifice), Detail: text}}
}

// checkPackage reports why an adapter's package cannot be used.
func (c *code) checkPackage(ref *reference) *config.Error {
	pkg := c.packages[ref.path]
	switch {
	case missing(pkg):
		return c.notFound(ref, pkg)
	case ref.path == c.target.importPath:
		return refuse(ref, "%s is the package that the registry is written to: an adapter needs a package of its own", ref.path)
	case pkg.Name == "main":
		return refuse(ref, "%s is a program: nothing can import package main", ref.path)
	case !importable(ref.path, c.target.importPath):
		return refuse(ref, "%s is internal to another tree: %s cannot import it", ref.path, c.target.importPath)
	}
	if chain := c.chainTo(pkg, c.target.importPath); chain != nil {
		return detail(refuse(ref, "%s imports the package that the registry is written to, which would import it", ref.path),
			strings.Join(chain, "\n\timports "))
	}
	if text := c.problems(pkg); text != "" {
		return detail(refuse(ref, "package %s does not compile", ref.path), text)
	}
	return nil
}

// missing reports whether the go command found no package, or one without a
// file for this build.
func missing(pkg *packages.Package) bool { return pkg == nil || pkg.Name == "" && len(pkg.Syntax) == 0 }

func (c *code) notFound(ref *reference, pkg *packages.Package) *config.Error {
	if pkg != nil && pkg.Dir != "" && pkg.Module != nil {
		return refuse(ref, "package %s has no file for this build: %s", ref.path, c.shorten(firstLine(pkg)))
	}
	e := refuse(ref, "package %s not found%s", ref.path, c.meantPackage(ref))
	if strings.Contains(ref.text, "/") {
		return detail(e, c.loaderText(pkg, ref.path))
	}
	slashed := strings.ReplaceAll(strings.TrimSuffix(ref.text, ":"+ref.typeName), ".", "/")
	tried := "tried " + path.Join(c.target.modulePath, slashed)
	if other := path.Join(artifice, slashed); c.target.modulePath != artifice {
		tried += "\ntried " + other
	}
	return detail(e, tried)
}

// loaderText is what the go command said about a package that it did not find.
// Its advice to get a package of the deployment's own module is left out.
func (c *code) loaderText(pkg *packages.Package, importPath string) string {
	if pkg == nil || len(pkg.Errors) == 0 {
		return ""
	}
	text := strings.TrimSpace(pkg.Errors[0].Msg)
	if within(importPath, c.target.modulePath) {
		text, _, _ = strings.Cut(text, "; to add it:")
	}
	return c.shorten(text)
}

func firstLine(pkg *packages.Package) string {
	if len(pkg.Errors) == 0 {
		return ""
	}
	line, _, _ := strings.Cut(pkg.Errors[0].Msg, "\n")
	return line
}

// chainTo returns how a package comes to import another, or nil.
func (c *code) chainTo(from *packages.Package, to string) []string {
	seen := map[*packages.Package]bool{}
	var find func(p *packages.Package) []string
	find = func(p *packages.Package) []string {
		if p.PkgPath == to {
			return []string{to}
		}
		if seen[p] {
			return nil
		}
		seen[p] = true
		for _, imported := range slices.Sorted(maps.Keys(p.Imports)) {
			if chain := find(p.Imports[imported]); chain != nil {
				return append([]string{p.PkgPath}, chain...)
			}
		}
		return nil
	}
	return find(from)
}

// importable reports whether the rule of internal directories lets one package
// import another.
func importable(imported, by string) bool {
	elems := strings.Split(imported, "/")
	for i := len(elems) - 1; i >= 0; i-- {
		if elems[i] == "internal" {
			return within(by, strings.Join(elems[:i], "/"))
		}
	}
	return true
}

// within reports whether an import path lies in the tree below another.
func within(importPath, root string) bool {
	return importPath == root || strings.HasPrefix(importPath, root+"/")
}
