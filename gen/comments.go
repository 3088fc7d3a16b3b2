package gen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// comments finds the doc comments of declarations by their positions. Packages
// that were loaded as export data have positions too; their files are read when
// somebody asks.
type comments struct {
	fset  *token.FileSet
	files map[string]map[int]string // by file and line
}

// of returns the text of the doc comment of whatever is declared at pos, or of
// the comment behind it, or "".
func (c *comments) of(pos token.Pos) string {
	p := c.fset.Position(pos)
	if !p.IsValid() {
		return ""
	}
	lines, ok := c.files[p.Filename]
	if !ok {
		lines = readComments(p.Filename)
		if c.files == nil {
			c.files = map[string]map[int]string{}
		}
		c.files[p.Filename] = lines
	}
	return lines[p.Line]
}

// readComments lists the comments of a file's types and fields by the line that
// declares them. A file that cannot be read has none.
func readComments(name string) map[int]string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	lines := map[int]string{}
	note := func(pos token.Pos, groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if text := strings.TrimSpace(g.Text()); text != "" {
				lines[fset.Position(pos).Line] = text
				return
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			for _, spec := range n.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok {
					note(s.Name.Pos(), s.Doc, n.Doc, s.Comment)
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				note(id.Pos(), n.Doc, n.Comment)
			}
		}
		return true
	})
	return lines
}
