package ceilometer

import (
	"bytes"
	"errors"
	"io"
)

// errTooLong says that a decoder asked for more than input's limit.
var errTooLong = errors.New("longer than allowed")

// An input feeds a decoder. It counts lines, and bounds what the decoder
// holds in memory, which would otherwise be as long as a value of the file.
type input struct {
	src    io.Reader
	pushed [][]byte // to be read again before src, the last one first
	offset int64    // how much of src was read
	limit  int64    // how much of src may be read; it moves along
	err    error    // why src cannot be read further, other than its end

	line   int     // of the place that lineAt was last asked for
	breaks []int64 // where the lines end that were read since
	passed int     // how many of breaks are before that place
}

func newInput(src io.Reader) *input { return &input{src: src, line: 1} }

// Read gives the decoder the next bytes. Its errors stay in in.err.
func (in *input) Read(p []byte) (int, error) {
	if last := len(in.pushed) - 1; last >= 0 {
		n := copy(p, in.pushed[last])
		in.pushed[last] = in.pushed[last][n:]
		if len(in.pushed[last]) == 0 {
			in.pushed = in.pushed[:last]
		}
		return n, nil
	}
	if in.err == nil && in.offset >= in.limit {
		in.err = errTooLong
	}
	if in.err != nil {
		return 0, in.err
	}
	n, err := in.src.Read(p[:min(int64(len(p)), in.limit-in.offset)])
	in.note(p[:n])
	in.offset += int64(n)
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}

// unread makes p the next bytes to be read. It keeps p.
func (in *input) unread(p []byte) {
	if len(p) > 0 {
		in.pushed = append(in.pushed, p)
	}
}

// note keeps where the lines of a chunk at in.offset end.
func (in *input) note(chunk []byte) {
	if in.passed > len(in.breaks)/2 {
		in.breaks, in.passed = append(in.breaks[:0], in.breaks[in.passed:]...), 0
	}
	for at := 0; ; at++ {
		n := bytes.IndexByte(chunk[at:], '\n')
		if n < 0 {
			return
		}
		at += n
		in.breaks = append(in.breaks, in.offset+int64(at))
	}
}

// lineAt returns the line, from 1, of a place that was read, no earlier than
// that of the call before.
func (in *input) lineAt(offset int64) int {
	for in.passed < len(in.breaks) && in.breaks[in.passed] < offset {
		in.passed++
		in.line++
	}
	return in.line
}
