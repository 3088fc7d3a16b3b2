package ceilometer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openstack-artifice/artifice/usage"
)

const (
	maxSample  = 1 << 20 // bytes of a sample, with the blanks before it
	readBuffer = 64 << 10
	maxStart   = 64 // bytes that tell JSON from Python's dictionaries

	byteOrderMark = "\ufeff"
)

// lenient leaves names that are given twice to the parser, which looks for
// them where it costs less.
var lenient = jsontext.AllowDuplicateNames(true)

// A value is one sample's JSON, well-formed, and where it was read.
type value struct {
	json   []byte // good until the next value is read
	origin usage.Origin
}

// A medium is what samples come in, for messages.
type medium struct {
	noun   string
	fetch  string // how it is had again, as a verb
	remedy string // for a sample that cannot be right
}

var inFile = medium{"file", "fetch", "correct the sample, or take it out of the file"}

// A document is an open file, or what takes its place: a JSON list of samples,
// or samples or lists of them one after the other.
type document struct {
	medium
	name  string
	file  *os.File
	in    *input
	dec   *jsontext.Decoder
	base  int64 // where in the file the first byte of dec is
	count int   // samples so far

	reserve int64 // how much shorter than maxSample a sample must be

	progress func(read int64) // is told how much of the file was read; may be nil
	packed   counter          // of the file
	told     int64            // to progress
}

// open opens a file of samples, one compressed by gzip if it is called so.
func open(name string) (*document, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	d := &document{medium: inFile, name: name, file: file, packed: counter{Reader: file}}
	var src io.Reader = &d.packed
	if strings.HasSuffix(name, ".gz") {
		if src, err = gzip.NewReader(src); err != nil {
			file.Close()
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, d.damaged(1, err)
		}
	}
	d.read(src)
	return d, nil
}

// read makes src what the document reads, after the mark that some editors put
// before UTF-8. It is JSON, or Python's dictionaries.
func (d *document) read(src io.Reader) {
	buffered := bufio.NewReaderSize(src, readBuffer)
	if start, _ := buffered.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = buffered.Discard(len(byteOrderMark)) // of what is there
	}
	src = buffered
	if start, _ := buffered.Peek(maxStart); isRepr(start) {
		src = &reprReader{in: buffered}
	}
	d.in = newInput(src)
	d.dec = jsontext.NewDecoder(d.in, lenient)
}

// close closes the file. An error is of no interest: nothing was written.
func (d *document) close() { _ = d.file.Close() }

// values yields every sample, with an error where it is JSON but not UTF-8. Any
// other error is the last thing it yields, with no value: the rest of the file
// cannot be read.
func (d *document) values() iter.Seq2[value, error] {
	return func(yield func(value, error) bool) {
		empty := true
		for {
			d.tell()
			d.in.limit = d.offset() + maxSample - d.reserve
			kind, top := d.dec.PeekKind(), d.dec.StackDepth() == 0
			if kind == jsontext.KindBeginArray && top || kind == jsontext.KindEndArray && !top {
				empty = false
				if _, err := d.dec.ReadToken(); err != nil {
					yield(value{}, d.fatal(err))
					return
				}
				continue
			}
			json, err := d.dec.ReadValue()
			if err == io.EOF {
				if empty && !isLines(d.name) {
					yield(value{}, fmt.Errorf("%s: empty, where a list without samples is []: it was cut short; %s it again, or remove it", d.name, d.fetch))
				}
				return
			}
			empty = false
			if err == nil {
				v := value{json, d.origin(d.offset() - int64(len(json)))}
				d.count++
				if !yield(v, nil) {
					return
				}
				continue
			}
			if !d.passOver(err, yield) {
				return
			}
		}
	}
}

// tell tells how much of the file was read, where that is more than before.
func (d *document) tell() {
	if d.progress != nil && d.packed.n > d.told {
		d.told = d.packed.n
		d.progress(d.told)
	}
}

// passOver yields the error that reading a sample gave, and passes over the
// sample if it is JSON otherwise. It reports whether to go on.
func (d *document) passOver(err error, yield func(value, error) bool) bool {
	var first, second *jsontext.SyntacticError
	if d.in.err != nil || errors.Is(err, io.ErrUnexpectedEOF) || !errors.As(err, &first) {
		yield(value{}, d.fatal(err))
		return false
	}
	at := d.base + first.ByteOffset
	bad := fmt.Errorf("%v: %s; %s", d.origin(at), first.Err, d.remedy)
	d.restart(jsontext.AllowInvalidUTF8(true))
	json, err := d.dec.ReadValue()
	switch {
	case err == nil:
		d.restart()
		d.count++
		return yield(value{json: json}, bad)
	case d.in.err == nil && errors.As(err, &second) && d.base+second.ByteOffset == at:
		yield(value{}, d.malformed(at, first))
	default:
		if yield(value{}, bad) {
			yield(value{}, d.fatal(err))
		}
	}
	return false
}

// restart puts a new decoder at the place of the present one. Decoders do not
// go on after an error, nor change their options.
func (d *document) restart(opts ...jsontext.Options) {
	at, prefix := d.offset(), ""
	inList := d.dec.StackDepth() > 0
	if inList {
		prefix = "[{}" // the comma before the next sample needs one before it
		if _, n := d.dec.StackIndex(1); n == 0 {
			prefix = "["
		}
	}
	d.in.unread(d.dec.UnreadBuffer()) // the old decoder is done with it
	d.in.unread([]byte(prefix))
	d.dec = jsontext.NewDecoder(d.in, append(opts, lenient)...)
	d.base = at - int64(len(prefix))
	if inList {
		_, _ = d.dec.ReadToken() // of the prefix, which is in order
		if d.offset() < at {
			_, _ = d.dec.ReadValue()
		}
	}
}

// offset is where in the file the decoder is.
func (d *document) offset() int64 { return d.base + d.dec.InputOffset() }

// origin is that of the sample after those counted, at a place in it.
func (d *document) origin(offset int64) usage.Origin {
	return usage.Origin{Name: d.name, Line: d.in.lineAt(offset), Index: d.count + 1}
}

// fatal says why the file cannot be read further.
func (d *document) fatal(err error) error {
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(d.in.err, errTooLong):
		unread := d.dec.UnreadBuffer()
		start := d.offset() + int64(len(unread)-len(bytes.TrimLeft(unread, ", \t\r\n")))
		return fmt.Errorf("%v: longer than %d bytes, which no sample is; nothing after it was read: write a JSON list of samples, or one sample a line", d.origin(start), maxSample)
	case d.in.err != nil:
		return d.damaged(d.in.lineAt(d.in.offset), d.in.err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s:%d: the %s ends in the middle, after %s: it was cut short; %s it again", d.name, d.in.lineAt(d.in.offset), d.noun, d.counted(), d.fetch)
	case errors.As(err, &syntactic):
		return d.malformed(d.base+syntactic.ByteOffset, syntactic)
	}
	return d.damaged(d.in.lineAt(d.in.offset), err)
}

func (d *document) malformed(offset int64, err *jsontext.SyntacticError) error {
	return fmt.Errorf("%v: not JSON: %s; nothing after it was read: %s the %s again", d.origin(offset), err.Err, d.fetch, d.noun)
}

// damaged is the error for a file whose bytes cannot be had.
func (d *document) damaged(line int, err error) error {
	at := fmt.Sprintf("%s:%d", d.name, line)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the compressed file ends in the middle, after %s: it was cut short; fetch it again", at, d.counted())
	case strings.HasSuffix(d.name, ".gz"):
		return fmt.Errorf("%s: the compressed file is damaged after %s: %w; fetch it again", at, d.counted(), reason(err))
	}
	return fmt.Errorf("%s: cannot be read after %s: %w; mend the disk or fetch the file again", at, d.counted(), reason(err))
}

func (d *document) counted() string {
	if d.count == 1 {
		return "1 sample"
	}
	return fmt.Sprintf("%d samples", d.count)
}
