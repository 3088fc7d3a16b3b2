package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	saveAsUTF8    = "save it as UTF-8"
	byteOrderMark = "\uFEFF"
)

// decode returns data as the text that the scanner and ini.v1 read alike:
// UTF-8 without a byte order mark, whose lines end in LF or CRLF, and which
// hides nothing from the eye. The error is the first thing that is otherwise,
// for what follows it is seldom to the point.
func decode(path string, data []byte) (string, *Error) {
	at := Position{File: path}
	fail := func(format string, args ...any) (string, *Error) {
		return "", &Error{Pos: at, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case len(data) > maxFileSize:
		return fail("longer than %d bytes: not a config file", maxFileSize)
	case isUTF16(data):
		return fail("UTF-16 text; " + saveAsUTF8)
	}
	text := strings.TrimPrefix(string(data), byteOrderMark)
	if strings.TrimSpace(text) == "" {
		return fail("the config is empty; write at least a [main] section")
	}
	at.Line = 1
	lineStart := 0
	for i, r := range text {
		at.Col = i - lineStart + 1
		switch {
		case r == '\n':
			at.Line++
			lineStart = i + 1
		case r == '\t':
		case r == '\r':
			if !strings.HasPrefix(text[i+1:], "\n") {
				return fail("a carriage return without a line feed; save the config with LF or CRLF line ends")
			}
		case r == 0:
			return fail("a NUL byte: not a text file")
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			return fail("byte 0x%02X is not UTF-8; %s", text[i], saveAsUTF8)
		case !isVisible(r):
			return fail("the invisible character %U; take it out", r)
		}
	}
	return text, nil
}

// isUTF16 recognizes UTF-16 by its byte order mark, or by every other one of
// its first bytes being NUL, as Latin letters have it.
func isUTF16(data []byte) bool {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		return true
	}
	head := data[:min(len(data), 64)&^1]
	var nul [2]int
	for i, b := range head {
		if b == 0 {
			nul[i%2]++
		}
	}
	half := len(head) / 2
	return half > 0 && (nul == [2]int{half, 0} || nul == [2]int{0, half})
}

// isVisible reports whether r may stand in a config: no control character, no
// line end that only some programs take for one, nothing that turns the
// direction of what is read.
func isVisible(r rune) bool {
	return !unicode.IsControl(r) && r != '\u2028' && r != '\u2029' && r != '\uFEFF' &&
		!unicode.Is(unicode.Bidi_Control, r)
}
