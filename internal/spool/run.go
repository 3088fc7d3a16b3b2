package spool

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A run is sorted records, written one after the other. A group is those of
// one series: how many there are, the meter, the resource, and then of each
// the seconds since the one before, the nanoseconds, the place of its setting,
// the setting itself where that is a new place, and the body. A group of none
// ends the run.
type runWriter struct {
	out     *bufio.Writer
	written int64
	err     error // of the first write that failed
	buf     []byte
	sec     int64 // of the record before
	groups  uint32
	places  uint32 // of settings in this group
}

const writeBuffer = 64 << 10

func newRunWriter(out io.Writer) *runWriter {
	return &runWriter{out: bufio.NewWriterSize(out, writeBuffer)}
}

func (w *runWriter) group(k seriesKey, records int) {
	w.groups++
	w.sec, w.places = 0, 0
	buf := binary.AppendUvarint(w.buf[:0], uint64(records))
	buf = appendText(appendText(buf, k.meter), k.resource)
	w.write(buf)
}

func (w *runWriter) record(at instant, g *setting, body []byte) {
	buf := binary.AppendVarint(w.buf[:0], at.sec-w.sec)
	buf = binary.AppendUvarint(buf, uint64(at.nsec))
	w.sec = at.sec
	if g.group == w.groups {
		buf = binary.AppendUvarint(buf, uint64(g.place))
	} else {
		g.group, g.place = w.groups, w.places
		buf = binary.AppendUvarint(buf, uint64(g.place))
		w.places++
		definition := g.append(nil)
		buf = binary.AppendUvarint(buf, uint64(len(definition)))
		buf = append(buf, definition...)
	}
	buf = binary.AppendUvarint(buf, uint64(len(body)))
	w.write(append(buf, body...))
}

func (w *runWriter) write(buf []byte) {
	w.buf = buf
	if w.err == nil {
		n, err := w.out.Write(buf)
		w.written += int64(n)
		w.err = err
	}
}

// end ends the run, and returns the first error of writing it.
func (w *runWriter) end() error {
	w.write(append(w.buf[:0], 0))
	if err := errors.Join(w.err, w.out.Flush()); err != nil {
		return fmt.Errorf("samples cannot be sorted in a temporary file: %w (TMPDIR names the directory)", err)
	}
	return nil
}

// A runReader reads a run: the record that it is at, or none.
type runReader struct {
	in input
	seriesKey
	left     uint64 // records of the group, with the present one
	settings []*setting
	record   record
}

func newRunReader(src io.Reader, buffer int) *runReader {
	return &runReader{in: input{src: src, buf: make([]byte, buffer)}}
}

// nextGroup goes to the first record of the next group. It is io.EOF where
// there is none.
func (r *runReader) nextGroup() error {
	records, err := r.in.uvarint()
	if err != nil {
		return err
	}
	if records == 0 {
		return io.EOF
	}
	var next seriesKey
	for _, text := range [...]*string{&next.meter, &next.resource} {
		name, err := r.in.text()
		if err != nil {
			return err
		}
		*text = string(name)
	}
	r.seriesKey, r.left, r.settings = next, records, r.settings[:0]
	r.record = record{}
	return r.read()
}

// next goes to the next record of the group, and reports whether there is one.
func (r *runReader) next() (bool, error) {
	if r.left--; r.left == 0 {
		return false, nil
	}
	return true, r.read()
}

func (r *runReader) read() error {
	seconds, err := r.in.varint()
	if err != nil {
		return err
	}
	nanoseconds, err := r.in.uvarint()
	if err != nil {
		return err
	}
	place, err := r.in.uvarint()
	if err != nil {
		return err
	}
	r.record.at.sec += seconds
	r.record.at.nsec = uint32(nanoseconds)
	if nanoseconds >= 1e9 || place > uint64(len(r.settings)) {
		return errDamaged
	}
	if place == uint64(len(r.settings)) {
		definition, err := r.in.text()
		if err != nil {
			return err
		}
		p := parser{rest: definition}
		g := parseSetting(&p, r.meter, r.resource)
		if p.bad || len(p.rest) > 0 {
			return errDamaged
		}
		r.settings = append(r.settings, g)
	}
	r.record.setting = r.settings[place]
	body, err := r.in.text()
	if err != nil {
		return err
	}
	return r.record.parse(body)
}
