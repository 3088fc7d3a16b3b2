package rates

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gocarina/gocsv"
)

// maxFile is the size in bytes above which a file is no price list.
const maxFile = 64 << 20

// A form is what the lines of a kind of file look like.
type form struct {
	columns []string
	widths  []int  // how many of the columns a line may have, in rising order
	key     string // of the config, that names the file; "" where the caller knows
}

// A table is what a file holds, with the mistakes found in it so far.
type table struct {
	file     string
	rows     []row // those of a width that the form has
	mistakes []*Error
}

type row struct {
	line   int      // from 1
	fields []string // as many as the form has columns; "" for those left out
}

func (t *table) mistake(line int, format string, args ...any) {
	t.mistakes = append(t.mistakes, &Error{File: t.file, Line: line, Err: fmt.Errorf(format, args...)})
}

// err joins the mistakes in the order of their lines; it is nil for none.
func (t *table) err() error {
	slices.SortStableFunc(t.mistakes, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(t.mistakes))
	for i, m := range t.mistakes {
		errs[i] = m
	}
	return errors.Join(errs...)
}

// errEmpty says that a file has no lines.
var errEmpty = errors.New("is empty")

// readTable reads a file. Its error says that there is nothing to look at;
// mistakes in lines are kept with the table, so that the caller adds its own.
func readTable(path string, comma rune, form form) (*table, error) {
	data, err := readFile(path)
	if err != nil && form.key != "" {
		err = fmt.Errorf("%w (name another with %s)", err, form.key)
	}
	if err != nil {
		return nil, &Error{File: path, Err: err}
	}
	t := parseTable(path, data, comma, form)
	if len(t.rows) == 0 && len(t.mistakes) == 0 {
		needed := form.columns[:form.widths[0]]
		t.mistake(0, "%w: write a line %q for each %s", errEmpty, strings.Join(needed, " "+string(comma)+" "), needed[len(needed)-1])
		return nil, t.err()
	}
	return t, nil
}

// readFile returns an error without the path, which Error adds.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(f, maxFile+1)); err == nil {
			if len(data) > maxFile {
				return nil, fmt.Errorf("is larger than %d MiB, which no price list is", maxFile>>20)
			}
			return data, nil
		}
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return nil, pathErr.Err
	}
	return nil, err
}

// parseTable reads every line on its own, so that an open quote never swallows
// the lines after it, and a mistake in one line does not hide those in others.
func parseTable(file string, data []byte, comma rune, form form) *table {
	t := &table{file: file}
	lines := strings.Split(string(bytes.TrimPrefix(data, []byte("\ufeff"))), "\n")
	for i, line := range lines {
		// A line that is left out stays as an empty one: the reader skips it
		// and still counts it.
		lines[i] = ""
		switch text := strings.TrimSpace(line); {
		case text == "", strings.HasPrefix(text, "#"):
		case !utf8.ValidString(text):
			t.mistake(i+1, "is not UTF-8 (save the file as UTF-8)")
		case strings.Count(text, `"`)%2 != 0:
			// With an even number every quoted field ends in its own line.
			t.mistake(i+1, "a quote is not closed (write a field that holds a quote in quotes, and its own quotes twice)")
		default:
			lines[i] = trimFields(line, comma)
		}
	}

	reader := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
	reader.Comma, reader.FieldsPerRecord = comma, -1
	decoder := gocsv.NewSimpleDecoderFromCSVReader(reader)
	for {
		fields, err := decoder.GetCSVRow()
		if err == io.EOF {
			return t
		}
		if parseErr := (*csv.ParseError)(nil); errors.As(err, &parseErr) {
			t.mistake(parseErr.StartLine, "a quote within a field (write the field in quotes, and its own quotes twice)")
			continue
		}
		if err != nil {
			t.mistake(0, "%w", err)
			return t
		}
		line, _ := reader.FieldPos(0)
		switch {
		case !slices.Contains(form.widths, len(fields)):
			t.mistake(line, "has %s, not %s (%s)", count(len(fields)), anyOf(form.widths), strings.Join(form.columns, " "+string(comma)+" "))
		case slices.ContainsFunc(fields, holdsControl):
			t.mistake(line, "holds a control character")
		default:
			left := len(form.columns) - len(fields)
			t.rows = append(t.rows, row{line: line, fields: append(fields, make([]string, left)...)})
		}
	}
}

// trimFields takes away the blanks around the fields of a line, and nothing
// within quotes: to the reader, blanks beside a quote are a mistake.
func trimFields(line string, comma rune) string {
	var fields []string
	quoted, start := false, 0
	for i, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == comma && !quoted:
			fields = append(fields, strings.TrimSpace(line[start:i]))
			start = i + utf8.RuneLen(comma)
		}
	}
	fields = append(fields, strings.TrimSpace(line[start:]))
	return strings.Join(fields, string(comma))
}

func holdsControl(field string) bool { return strings.ContainsFunc(field, unicode.IsControl) }

func count(fields int) string {
	if fields == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", fields)
}

// anyOf says "4, 6 or 7".
func anyOf(widths []int) string {
	text := fmt.Sprint(widths[0])
	for i, w := range widths[1:] {
		between := ", "
		if i == len(widths)-2 {
			between = " or "
		}
		text += between + fmt.Sprint(w)
	}
	return text
}
