// Package spreadsheet makes text harmless to the spreadsheet that opens it.
package spreadsheet

import (
	"strings"
	"unicode"
)

// Harmless is text that a spreadsheet shows and never runs: a formula gets an
// apostrophe before it, and what is no text (control characters, separators of
// lines, bytes that are not UTF-8) becomes a blank or a replacement character.
func Harmless(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r // the replacement character for a byte that is not UTF-8
	}, text)
	shown := strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	// The wide forms are what a Chinese or Japanese keyboard gives, and run as well.
	if shown != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(shown)[0]) {
		return "'" + text
	}
	return text
}
