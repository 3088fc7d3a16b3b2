package ceilometer

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// A cursor walks over the members of a JSON object. The object is one that a
// decoder found to be well-formed, so it checks nothing.
type cursor struct {
	json []byte
	pos  int    // after next: where the member's value starts
	at   int    // where the member starts
	name []byte // of the member, as it is written, without quotes
}

func members(object []byte) cursor { return cursor{json: object, pos: 1} }

// next goes to the next member and reports whether there is one. The value of
// the one before was passed over.
func (c *cursor) next() bool {
	json, pos := c.json, c.pos
	for json[pos] != '"' { // blanks and a comma
		if json[pos] == '}' {
			return false
		}
		pos++
	}
	end := pos + 1 + bytes.IndexByte(json[pos+1:], '"')
	if json[end-1] == '\\' {
		end = endOfString(json, pos) - 1
	}
	c.at, c.name = pos, json[pos+1:end]
	for pos = end + 1; json[pos] == ':' || json[pos] <= ' '; {
		pos++
	}
	c.pos = pos
	return true
}

// value passes over the member's value and returns it as it is written.
func (c *cursor) value() []byte {
	start := c.pos
	c.pos = endOfValue(c.json, start)
	return c.json[start:c.pos]
}

// endOfValue returns where the value ends that starts at pos.
func endOfValue(json []byte, pos int) int {
	switch json[pos] {
	case '"':
		return endOfString(json, pos)
	case '{', '[':
		return endOfNest(json, pos)
	}
	for pos < len(json) {
		switch json[pos] {
		case ' ', '\t', '\n', '\r', ',', ']', '}':
			return pos
		}
		pos++
	}
	return pos
}

// endOfNest returns where the object or list ends that starts at pos.
func endOfNest(json []byte, pos int) int {
	for depth := 0; ; {
		switch json[pos] {
		case '"':
			pos = endOfString(json, pos)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		pos++
		if depth == 0 {
			return pos
		}
	}
}

// endOfString returns where the string ends whose first quote is at pos.
func endOfString(json []byte, pos int) int {
	for pos++; ; pos++ {
		pos += bytes.IndexByte(json[pos:], '"')
		escapes := 0
		for json[pos-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return pos + 1
		}
	}
}

// unquote returns the text of a string, a part of quoted where it has no
// escapes.
func unquote(quoted []byte) []byte {
	if !escaped(quoted) {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // well-formed
	return text
}

// text returns the member's name without escapes.
func (c *cursor) text() []byte {
	if !escaped(c.name) {
		return c.name
	}
	return unquote(c.json[c.at : c.at+len(c.name)+2])
}

func escaped(text []byte) bool { return bytes.IndexByte(text, '\\') >= 0 }

// kindOf says what a value is, for messages.
func kindOf(json []byte) string {
	switch json[0] {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a text"
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return "a number"
}
