package gen

import (
	"go/token"
	"path/filepath"
	"strings"
)

// at is where an object is declared, for the last line of a message.
func (c *code) at(pos token.Pos) string {
	p := c.fset.Position(pos)
	if !p.IsValid() {
		return ""
	}
	return "at " + c.place(p.String())
}

// place shortens the name of the file that a line of a message begins with. The
// go command names files relative to the directory that it runs in.
func (c *code) place(line string) string {
	file, rest, found := strings.Cut(line, ".go:")
	if !found || strings.ContainsAny(file, " \t") {
		return c.shorten(line)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(c.target.dir, file)
	}
	return c.target.fileName(file) + ".go:" + c.shorten(rest)
}

// fileName is a file as a message names it: relative to the working directory
// where it belongs to the deployment's module, and otherwise within its module
// or GOROOT, wherever these lie on this machine.
func (t *target) fileName(file string) string {
	if within(filepath.ToSlash(file), filepath.ToSlash(t.moduleDir)) {
		if name, err := filepath.Rel(t.base, file); err == nil {
			return name
		}
	}
	return t.shorten(file)
}

// shorten does the same for directories within a text, as far as they can be
// told from it.
func (t *target) shorten(text string) string {
	separator := string(filepath.Separator)
	for _, tree := range []struct{ dir, name string }{
		{t.env.GOROOT, "GOROOT" + separator},
		{t.env.GOMODCACHE, ""},
		{t.moduleDir, ""},
	} {
		if tree.dir != "" {
			text = strings.ReplaceAll(text, tree.dir+separator, tree.name)
		}
	}
	return text
}

func (c *code) shorten(text string) string { return c.target.shorten(text) }
