// Package archive writes the whole content of a ledger as text, and reads it
// again: to carry it from one store into another, and to keep it.
//
// An archive is JSON Lines in UTF-8. The first line says what it is:
//
//	{"artifice":"ledger","version":3,"deployment":"nz-prod"}
//
// Then comes one line for each [ledger.Record], an object with just one key
// that says its kind: tenant, mark, meter, resource, fold, order, adjustment, sum. The
// last line says how many there were and gives the SHA-256 of every byte before
// it, so that an archive that was cut short, or changed, is never taken for a
// whole one:
//
//	{"end":{"records":1234,"sha256":"..."}}
//
// Decimals are text, to the last digit. Instants are RFC 3339 in UTC, to the
// nanosecond, and left out where there is none; an order has its time zone's
// name beside them. What is empty is left out. There are no leases, and no
// bookmarks: the first reading after an import looks back as the first of all
// does.
package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"github.com/openstack-artifice/artifice/ledger"
)

// Version is the version of the format that Write writes. The others are read
// too: version 1 had no records of meters, and version 2 no rules in them.
const Version = 3

// maxLine bounds a line: an order with a hundred thousand items has some 50 MB.
const maxLine = 1 << 28

// A header is the first line.
type header struct {
	Artifice   string `json:"artifice"`
	Version    int    `json:"version"`
	Deployment string `json:"deployment,omitempty"`
}

// A trailer is the last line.
type trailer struct {
	End end `json:"end"`
}

type end struct {
	Records int    `json:"records"`
	SHA256  string `json:"sha256"`
}

// A Summary is what an archive holds.
type Summary struct {
	Deployment string
	Records    int
	SHA256     string // of all lines but the last, in hexadecimal
}

// Write writes the records of a ledger. The same records give the same bytes.
func Write(w io.Writer, deployment string, records iter.Seq2[ledger.Record, error]) (Summary, error) {
	sum := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	lines := json.NewEncoder(buffered)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(header{"ledger", Version, deployment}); err != nil {
		return Summary{}, err
	}
	count := 0
	for record, err := range records {
		if err != nil {
			return Summary{}, err
		}
		line, err := encode(record)
		if err == nil {
			err = lines.Encode(line)
		}
		if err != nil {
			return Summary{}, fmt.Errorf("record %d: %w", count+1, err)
		}
		count++
	}
	if err := buffered.Flush(); err != nil {
		return Summary{}, err
	}
	s := Summary{deployment, count, hex.EncodeToString(sum.Sum(nil))}
	return s, json.NewEncoder(w).Encode(trailer{end{s.Records, s.SHA256}})
}

// A Reader reads an archive.
type Reader struct {
	name string
	in   *bufio.Reader
	sum  hash.Hash
	line int
	head header
}

// NewReader begins to read an archive, which messages call by the name.
func NewReader(name string, r io.Reader) (*Reader, error) {
	a := &Reader{name: name, in: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	line, err := a.next()
	if err != nil {
		return nil, err
	}
	if err := strict(line, &a.head); err != nil || a.head.Artifice != "ledger" {
		return nil, a.mistake(errors.New("this is no ledger that artifice export has written"))
	}
	if a.head.Version < 1 || a.head.Version > Version {
		return nil, a.mistake(fmt.Errorf("the format is version %d, and this program reads 1 to %d: read it with the program that wrote it", a.head.Version, Version))
	}
	a.sum.Write(line)
	return a, nil
}

// Deployment is the name of the deployment that the archive was written for.
func (a *Reader) Deployment() string { return a.head.Deployment }

// Records yields what the archive holds, once. It ends with an error where the
// archive is not whole, or not as it was written, which may be at its very end:
// what was yielded must not be kept before the sequence has ended without one.
func (a *Reader) Records() iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for count := 0; ; count++ {
			line, err := a.next()
			if err != nil {
				yield(ledger.Record{}, err)
				return
			}
			if bytes.HasPrefix(line, []byte(`{"end":`)) {
				if err := a.finish(line, count); err != nil {
					yield(ledger.Record{}, err)
				}
				return
			}
			a.sum.Write(line)
			record, err := decode(line)
			if err != nil {
				yield(ledger.Record{}, a.mistake(err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// finish compares the last line with what was read.
func (a *Reader) finish(line []byte, count int) error {
	var t trailer
	if err := strict(line, &t); err != nil {
		return a.mistake(err)
	}
	if t.End.Records != count {
		return a.mistake(fmt.Errorf("%d records were written, and there are %d: the file was changed", t.End.Records, count))
	}
	if got := hex.EncodeToString(a.sum.Sum(nil)); got != t.End.SHA256 {
		return a.mistake(fmt.Errorf("the checksum is %s, and should be %s: the file was changed", got, t.End.SHA256))
	}
	if _, err := a.in.ReadByte(); err != io.EOF {
		return a.mistake(errors.New("there is more after the last line"))
	}
	return nil
}

// next reads a line with its end.
func (a *Reader) next() ([]byte, error) {
	a.line++
	var line []byte
	for {
		part, err := a.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case len(line) > maxLine:
			return nil, a.mistake(errors.New("the line is too long"))
		case errors.Is(err, io.EOF):
			return nil, a.mistake(errors.New("the file is cut short: its last line is missing"))
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, a.mistake(err)
		}
	}
}

func (a *Reader) mistake(err error) error {
	return fmt.Errorf("%s:%d: %w", a.name, a.line, err)
}

// strict reads one JSON object and nothing else, of known keys.
func strict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value in a line")
	}
	return nil
}
