package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// An input reads what a runWriter wrote. It trusts nothing of it: a length
// that is damaged takes no memory but for what is there to be read.
type input struct {
	src      io.Reader // nil where all is in buf
	buf      []byte
	pos, end int
}

// ahead makes n bytes lie ahead, or as many as there are, and returns how many
// do.
func (in *input) ahead(n int) (int, error) {
	for in.end-in.pos < n {
		if in.src == nil {
			break
		}
		if in.pos > 0 {
			in.end = copy(in.buf, in.buf[in.pos:in.end])
			in.pos = 0
		}
		if in.end == len(in.buf) {
			in.buf = append(in.buf, make([]byte, len(in.buf))...)
		}
		read, err := in.src.Read(in.buf[in.end:])
		in.end += read
		if errors.Is(err, io.EOF) {
			in.src = nil
		} else if err != nil {
			return 0, fmt.Errorf("a temporary file cannot be read again: %w", err)
		}
	}
	return in.end - in.pos, nil
}

func (in *input) uvarint() (uint64, error) {
	if err := in.number(); err != nil {
		return 0, err
	}
	n, size := binary.Uvarint(in.buf[in.pos:in.end])
	if size <= 0 {
		return 0, errDamaged
	}
	in.pos += size
	return n, nil
}

func (in *input) varint() (int64, error) {
	if err := in.number(); err != nil {
		return 0, err
	}
	n, size := binary.Varint(in.buf[in.pos:in.end])
	if size <= 0 {
		return 0, errDamaged
	}
	in.pos += size
	return n, nil
}

// number makes a number lie ahead.
func (in *input) number() error {
	if in.end-in.pos >= binary.MaxVarintLen64 {
		return nil
	}
	_, err := in.ahead(binary.MaxVarintLen64)
	return err
}

// text reads bytes with their length before them. They are good until the next
// call.
func (in *input) text() ([]byte, error) {
	length, err := in.uvarint()
	if err != nil {
		return nil, err
	}
	if length > uint64(in.end-in.pos) {
		const most = 1 << 30
		if length > most {
			return nil, errDamaged
		}
		n, err := in.ahead(int(length))
		if err != nil {
			return nil, err
		}
		if uint64(n) < length {
			return nil, errDamaged
		}
	}
	text := in.buf[in.pos : in.pos+int(length)]
	in.pos += int(length)
	return text, nil
}
