package openerp

import (
	"errors"
	"fmt"
	"strings"
)

// A pattern is a product's default_code with {datacenter} and {name} in it, as
// its parts: text, and the names of the placeholders between.
type pattern []patternPart

type patternPart struct {
	text        string
	placeholder bool
}

// parsePattern reads a pattern. Every service has to have a code of its own, so
// it needs {name}.
func parsePattern(text string) (pattern, error) {
	var p pattern
	for rest := text; rest != ""; {
		before, after, ok := strings.Cut(rest, "{")
		if strings.Contains(before, "}") || ok && !strings.Contains(after, "}") {
			return nil, fmt.Errorf("a brace stands alone in %q (write {datacenter} or {name})", text)
		}
		if before != "" {
			p = append(p, patternPart{text: before})
		}
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		if name != "datacenter" && name != "name" {
			return nil, fmt.Errorf("there is no placeholder {%s} (there are {datacenter} and {name})", name)
		}
		p = append(p, patternPart{name, true})
		rest = tail
	}
	if !strings.Contains(text, "{name}") {
		return nil, errors.New("needs {name}, or all services would be one product")
	}
	return p, nil
}

// code is the default_code of a service in a datacenter.
func (p pattern) code(datacenter, name string) string {
	var b strings.Builder
	for _, part := range p {
		switch {
		case !part.placeholder:
			b.WriteString(part.text)
		case part.text == "datacenter":
			b.WriteString(datacenter)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}

// like is the pattern for Odoo's operator =like, which codes match and perhaps
// others: an underscore in it stands for any character.
func (p pattern) like() string {
	var b strings.Builder
	for _, part := range p {
		if part.placeholder {
			b.WriteByte('%')
		} else {
			b.WriteString(strings.NewReplacer("%", "_", `\`, "_").Replace(part.text))
		}
	}
	return b.String()
}
