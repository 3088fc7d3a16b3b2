package config

import (
	"cmp"
	"strconv"
	"strings"
)

// A Position is a place in a file. Line and Col begin at 1; Col counts bytes,
// as the Go tools do. Parts that are not known are zero.
type Position struct {
	File      string
	Line, Col int
}

// String returns "artifice.ini:3:18", without the parts that are zero.
func (p Position) String() string {
	var parts []string
	if p.File != "" {
		parts = append(parts, p.File)
	}
	if p.Line > 0 {
		parts = append(parts, strconv.Itoa(p.Line))
		if p.Col > 0 {
			parts = append(parts, strconv.Itoa(p.Col))
		}
	}
	return strings.Join(parts, ":")
}

// after returns the position n bytes further on in the same line.
func (p Position) after(n int) Position {
	if p.Col > 0 {
		p.Col += n
	}
	return p
}

func (p Position) compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}
