// Package shown compares what a document shows of an output with the output. It
// is for tests.
package shown

import (
	"regexp"
	"strings"
)

// Of reports whether a text is what a document shows of it. Three dots stand for
// any text in a line, and on a line of their own for any lines. Blanks at the end
// of a line are not looked at.
func Of(shown, text string) bool {
	var pattern strings.Builder
	for line := range strings.SplitSeq(shown, "\n") {
		if line == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		for i, part := range strings.Split(line, "...") {
			if i > 0 {
				pattern.WriteString(`.*`)
			}
			pattern.WriteString(regexp.QuoteMeta(part))
		}
		pattern.WriteString(`[ \t]*\n`)
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(text)
}
