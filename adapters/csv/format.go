package csv

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	xencoding "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// A format is how the rows of a file become bytes.
type format struct {
	comma    rune
	lineEnd  string
	encoding encoding
	gzip     bool
}

// A profile is whom a file is for, and what follows from that where no other
// key says otherwise.
type profile struct {
	name              string
	raw               bool // text stays as it is, also what a spreadsheet would run
	encoding, lineEnd string
}

func (p profile) word() string { return p.name }

var profiles = []profile{
	{name: "safe", encoding: "utf-8", lineEnd: "crlf"},
	{name: "excel", encoding: "utf-8-bom", lineEnd: "crlf"},
	{name: "raw", raw: true, encoding: "utf-8", lineEnd: "lf"},
}

type lineEnd struct{ name, text string }

func (e lineEnd) word() string { return e.name }

var lineEnds = []lineEnd{{"crlf", "\r\n"}, {"lf", "\n"}}

type shape struct {
	name string
	flat bool
}

func (s shape) word() string { return s.name }

var shapes = []shape{{"sections", false}, {"flat", true}}

// An encoding is how characters become bytes.
type encoding struct {
	name  string
	mark  string             // what a file of UTF-8 begins with
	other xencoding.Encoding // nil for UTF-8
}

func (e encoding) word() string { return e.name }

var encodings = []encoding{
	{name: "utf-8"},
	// With a byte order mark, by which Excel knows what it reads.
	{name: "utf-8-bom", mark: "\ufeff"},
	{name: "utf-16le", other: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
	{name: "latin1", other: charmap.ISO8859_1},
	{name: "windows-1252", other: charmap.Windows1252},
}

// encode returns text in the encoding, or an error that names the first
// character that it does not have.
func (e encoding) encode(text []byte) ([]byte, error) {
	if e.other == nil {
		if e.mark == "" {
			return text, nil
		}
		return append([]byte(e.mark), text...), nil
	}
	data, err := e.other.NewEncoder().Bytes(text)
	if err == nil {
		return data, nil
	}
	line := 1
	for _, r := range string(text) {
		if r == '\n' {
			line++
		}
		if _, runeErr := e.other.NewEncoder().String(string(r)); runeErr != nil {
			return nil, fmt.Errorf("%s has no character %q (U+%04X), which is in line %d (choose another encoding, such as utf-8)", e.name, r, r, line)
		}
	}
	return nil, err
}

// decode returns the text of what encode returned.
func (e encoding) decode(data []byte) ([]byte, error) {
	if e.other == nil {
		return bytes.TrimPrefix(data, []byte(e.mark)), nil
	}
	return e.other.NewDecoder().Bytes(data)
}

// encode returns the bytes of a file with this text: the same whenever it is
// called.
func (f format) encode(text []byte) ([]byte, error) {
	data, err := f.encoding.encode(text)
	if err != nil || !f.gzip {
		return data, err
	}
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf) // without a name or a time in its header
	_, err = w.Write(data)
	if err == nil {
		err = w.Close()
	}
	return buf.Bytes(), err
}

// decode returns the text of a file, or an error and what can be read of it.
func (f format) decode(data []byte) ([]byte, error) {
	var cut error
	if f.gzip {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("it is not compressed with gzip: %w", err)
		}
		if data, err = io.ReadAll(r); err != nil {
			cut = fmt.Errorf("it is cut, or changed: %w", err)
		}
	}
	text, err := f.encoding.decode(data)
	if cut != nil {
		return text, cut
	}
	return text, err
}
