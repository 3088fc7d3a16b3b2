package artifice_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every exported name says what it is: types, functions, methods, constants and
// variables, one by one or as a group, and what interfaces demand. Of an
// interface of one method the doc may be the type's; and what an error or a
// value says is known from Go itself.
func TestExportedNamesAreDocumented(t *testing.T) {
	fset := token.NewFileSet()
	seen := 0
	for _, p := range listPackages(t) {
		packageDoc := ""
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			packageDoc += file.Doc.Text()
			if ast.IsGenerated(file) {
				continue
			}
			for _, decl := range file.Decls {
				seen++
				for _, name := range undocumented(decl) {
					t.Errorf("%s: %s has no doc comment", fset.Position(name.Pos()), name.Name)
				}
			}
		}
		if len(p.GoFiles) > 0 && strings.TrimSpace(packageDoc) == "" {
			t.Errorf("%s has no doc comment", p.ImportPath)
		}
	}
	if seen < 1000 {
		t.Errorf("looked at %d declarations only", seen)
	}
}

// undocumented returns the exported names of a declaration that say nothing.
func undocumented(decl ast.Decl) (names []*ast.Ident) {
	check := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		for _, doc := range docs {
			if strings.TrimSpace(doc.Text()) != "" {
				return
			}
		}
		if name.IsExported() {
			names = append(names, name)
		}
	}
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		known := slices.Contains([]string{"Error", "Unwrap", "String"}, decl.Name.Name)
		if decl.Recv == nil || exportedReceiver(decl.Recv) && !known {
			check(decl.Name, decl.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					check(name, decl.Doc, spec.Doc, spec.Comment)
				}
			case *ast.TypeSpec:
				check(spec.Name, decl.Doc, spec.Doc, spec.Comment)
				if spec.Name.IsExported() {
					for _, member := range members(spec.Type) {
						for _, name := range member.Names {
							check(name, member.Doc, member.Comment)
						}
					}
				}
			}
		}
	}
	return names
}

// members are the methods that an interface demands, where they are several.
func members(t ast.Expr) []*ast.Field {
	if t, ok := t.(*ast.InterfaceType); ok && len(t.Methods.List) > 1 {
		return t.Methods.List
	}
	return nil
}

func exportedReceiver(recv *ast.FieldList) bool {
	t := recv.List[0].Type
	for {
		switch of := t.(type) {
		case *ast.StarExpr:
			t = of.X
		case *ast.IndexExpr:
			t = of.X
		case *ast.Ident:
			return of.IsExported()
		default:
			return false
		}
	}
}
