package gen

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/openstack-artifice/artifice/config"
)

// maxErrors is how many errors of one package's code are shown.
const maxErrors = 8

// refuse makes the error of one reference.
func refuse(ref *reference, format string, args ...any) *config.Error {
	return &config.Error{Pos: ref.pos, Err: fmt.Errorf(format, args...)}
}

// detail adds lines to an error; empty ones are left out.
func detail(e *config.Error, lines ...string) *config.Error {
	for _, line := range lines {
		if line == "" {
			continue
		}
		if e.Detail != "" {
			e.Detail += "\n"
		}
		e.Detail += line
	}
	return e
}

// problems are the errors of packages and of what they import, one per line,
// the deepest first: an error further up may be its consequence, and is left
// out where an import is missing.
func (c *code) problems(roots ...*packages.Package) string {
	var lines []string
	packages.Visit(roots, nil, func(p *packages.Package) {
		for _, imported := range p.Imports {
			if missing(imported) {
				return
			}
		}
		lines = append(lines, c.errorsOf(p)...)
	})
	if len(lines) == 0 && slices.ContainsFunc(roots, func(p *packages.Package) bool { return p.IllTyped }) {
		lines = append(lines, "its types could not be checked")
	}
	return strings.Join(atMost(maxErrors, lines), "\n")
}

// atMost shortens a list of lines.
func atMost(n int, lines []string) []string {
	if more := len(lines) - n; more > 0 {
		return append(lines[:n:n], fmt.Sprintf("and %d more", more))
	}
	return lines
}

// errorsOf are a package's own errors. What the compiler said stands before
// what the type checker said, which is the same once more.
func (c *code) errorsOf(p *packages.Package) []string {
	var compiler, checker []string
	for _, e := range p.Errors {
		switch {
		case e.Kind == packages.ListError && strings.HasPrefix(e.Msg, "# "):
			_, text, _ := strings.Cut(e.Msg, "\n")
			for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
				compiler = append(compiler, c.place(line))
			}
		case strings.HasPrefix(e.Msg, "could not import "):
			// The package that could not be imported says why.
		case e.Pos != "" && e.Pos != "-":
			checker = append(checker, c.place(e.Pos+": "+e.Msg))
		default:
			checker = append(checker, c.shorten(e.Msg))
		}
	}
	if len(compiler) > 0 {
		return compiler
	}
	return checker
}
