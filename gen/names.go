package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
)

// locals are the names that generated functions declare.
var locals = []string{"a", "b", "c", "ctx", "err", "order", "s", "text", "v"}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// importNames chooses what every package is called in the generated file, by
// import path. The contracts keep their names, and so does every other package
// unless its name is taken: then the element of the path before it is put in
// front.
func importNames(packages map[string]string) map[string]string {
	names := map[string]string{}
	taken := map[string]bool{"Registry": true, "init": true}
	for _, local := range locals {
		taken[local] = true
	}
	contract := func(p string) bool { return slices.Contains(contracts, p) || !strings.Contains(p, ".") }
	paths := slices.SortedFunc(maps.Keys(packages), func(a, b string) int {
		if contract(a) != contract(b) {
			return map[bool]int{true: -1, false: 1}[contract(a)]
		}
		return strings.Compare(a, b)
	})
	for _, p := range paths {
		name := packages[p]
		if free := func(n string) bool { return !taken[n] && !reserved(n) }; !free(name) {
			name = parent(p) + name
			for i := 2; !free(name); i++ {
				name = fmt.Sprintf("%s%s%d", parent(p), packages[p], i)
			}
		}
		names[p], taken[name] = name, true
	}
	return names
}

// reserved reports whether Go or jennifer has a meaning for the name.
func reserved(name string) bool {
	return token.IsKeyword(name) || types.Universe.Lookup(name) != nil || jen.IsReservedWord(name)
}

// parent is the element before the last of an import path, as part of a name.
func parent(importPath string) string {
	dir, last := path.Split(importPath)
	if majorVersion.MatchString(last) {
		dir = path.Dir(path.Clean(dir))
	}
	return identifier(path.Base(dir))
}

// plainImport reports whether a package's name is the one that its path
// suggests, so that the import needs not repeat it.
func plainImport(importPath, name string) bool {
	base := path.Base(importPath)
	if majorVersion.MatchString(base) {
		base = path.Base(path.Dir(importPath))
	}
	return base == name
}

// bindNames chooses a name for the function that binds each adapter:
// "invoice:object" is bound by bindInvoiceObject.
func bindNames(adapters []*adapter) map[*adapter]string {
	names := map[*adapter]string{}
	taken := map[string]bool{}
	for _, a := range adapters {
		name := "bind"
		for word := range strings.FieldsFuncSeq(a.key, func(r rune) bool { return r == ':' || r == '_' }) {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		for base, i := name, 2; taken[name]; i++ {
			name = fmt.Sprintf("%sNo%d", base, i)
		}
		names[a], taken[name] = name, true
	}
	return names
}
