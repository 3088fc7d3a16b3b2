package ceilometer

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"unicode/utf8"
)

// A reprReader turns samples as Python writes dictionaries into JSON, while
// they are read: Ceilometer's file publisher writes them so unless it is asked
// for JSON. Lines stay lines. What is no text of Python's comes out as it is, for
// the decoder to refuse.
type reprReader struct {
	in      *bufio.Reader
	out     bytes.Buffer
	python2 bool // the file has texts with a u before them
	err     error
}

// isRepr reports whether a file that begins so has Python's dictionaries.
func isRepr(start []byte) bool {
	start = bytes.TrimLeft(start, "[( \t\r\n")
	if len(start) == 0 || start[0] != '{' {
		return false
	}
	start = bytes.TrimLeft(start[1:], " ")
	return bytes.HasPrefix(start, []byte("'")) || bytes.HasPrefix(start, []byte("u'")) || bytes.HasPrefix(start, []byte("b'"))
}

func (r *reprReader) Read(p []byte) (int, error) {
	for r.out.Len() < len(p) && r.err == nil {
		r.err = r.step()
	}
	if r.out.Len() == 0 {
		return 0, r.err
	}
	return r.out.Read(p)
}

// step turns the next part.
func (r *reprReader) step() error {
	c, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	switch {
	case c == ',':
		// A tuple of one ends in a comma.
		if next, _ := r.in.Peek(1); string(next) != ")" {
			r.out.WriteByte(c)
		}
	case c == '(':
		r.out.WriteByte('[')
	case c == ')':
		r.out.WriteByte(']')
	case c == '\'' || c == '"':
		return r.text(c, !r.python2)
	case isLetter(c):
		return r.word(c)
	case c >= '0' && c <= '9' || c == '-':
		return r.number(c)
	default:
		r.out.WriteByte(c)
	}
	return nil
}

// number passes on a number, without the L of a long one.
func (r *reprReader) number(c byte) error {
	for {
		r.out.WriteByte(c)
		var err error
		if c, err = r.in.ReadByte(); err != nil {
			return err
		}
		switch {
		case c >= '0' && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-':
		case c == 'L':
			return nil
		default:
			return r.in.UnreadByte()
		}
	}
}

const maxWord = 64 // bytes of a name

// word turns what begins with a letter: a constant, the mark before a text, or
// the call of a constructor, which becomes a text.
func (r *reprReader) word(c byte) error {
	word := []byte{c}
	for {
		var err error
		if c, err = r.in.ReadByte(); err != nil {
			r.out.Write(word)
			return err
		}
		if !isLetter(c) && c != '.' && (c < '0' || c > '9') || len(word) == maxWord {
			break
		}
		word = append(word, c)
	}
	if c == '\'' || c == '"' {
		switch string(word) {
		case "u", "U":
			r.python2 = true
			return r.text(c, true)
		case "b", "B":
			return r.text(c, false)
		}
	}
	if c == '(' {
		r.out.WriteByte('"')
		r.out.Write(word)
		return r.call()
	}
	switch string(word) {
	case "None":
		r.out.WriteString("null")
	case "True":
		r.out.WriteString("true")
	case "False":
		r.out.WriteString("false")
	default: // nan, inf: the sample is refused that has them
		r.out.WriteString(strconv.Quote(string(word)))
	}
	return r.in.UnreadByte()
}

// call turns the rest of a call into the rest of a text.
func (r *reprReader) call() error {
	r.out.WriteByte('(')
	quote := byte(0)
	for depth := 1; depth > 0; {
		c, err := r.in.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 && c == '\\':
			r.out.WriteString(`\\`)
			if c, err = r.in.ReadByte(); err != nil {
				return err
			}
		case quote != 0:
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		r.raw(c)
	}
	r.out.WriteByte('"')
	return nil
}

// raw puts a byte of a text.
func (r *reprReader) raw(c byte) {
	if c == '"' || c == '\\' {
		r.out.WriteByte('\\')
	}
	r.out.WriteByte(c)
}

// text turns a text up to its quote. In one of characters \xe9 is a character,
// in one of bytes a byte.
func (r *reprReader) text(quote byte, characters bool) error {
	r.out.WriteByte('"')
	for {
		c, err := r.in.ReadByte()
		switch {
		case err != nil:
			return err
		case c == quote:
			r.out.WriteByte('"')
			return nil
		case c != '\\':
			r.raw(c)
		default:
			if err := r.escape(characters); err != nil {
				return err
			}
		}
	}
}

// escape turns what follows a backslash.
func (r *reprReader) escape(characters bool) error {
	c, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	digits := 0
	switch c {
	case '\\', '\'', '"':
		r.raw(c)
		return nil
	case 'n', 'r', 't':
		r.out.Write([]byte{'\\', c})
		return nil
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default: // none that Python writes: JSON knows no such either
		r.out.Write([]byte{'\\', 'q'})
		return nil
	}
	text := make([]byte, digits)
	if _, err := io.ReadFull(r.in, text); err == io.ErrUnexpectedEOF {
		return io.EOF // the decoder tells that it is the middle
	} else if err != nil {
		return err
	}
	n, err := strconv.ParseUint(string(text), 16, 32)
	switch {
	case err != nil:
		r.out.Write([]byte{'\\', 'q'})
	case c == 'x' && !characters && n >= utf8.RuneSelf:
		r.out.WriteByte(byte(n))
	case c == 'U':
		r.out.WriteRune(rune(n))
	default: // halves of a pair are written as in JSON
		r.out.WriteString(`\u` + "0000"[digits:])
		r.out.Write(text)
	}
	return nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
