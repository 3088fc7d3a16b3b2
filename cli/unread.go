package cli

import (
	"errors"
	"io"
	"syscall"
)

// errUnread says that nobody reads the standard output any more, as where head
// has what it wants. It is nobody's mistake, and nothing to tell of.
var errUnread = errors.New("nobody reads the output any more")

// A readOut is a standard output of which that can be told from what breaks
// elsewhere.
type readOut struct{ io.Writer }

func (r readOut) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		err = errUnread
	}
	return n, err
}

// onlyUnread reports whether an error says nothing else.
func onlyUnread(err error) bool {
	switch err := err.(type) {
	case nil:
		return false
	case interface{ Unwrap() []error }:
		for _, one := range err.Unwrap() {
			if !onlyUnread(one) {
				return false
			}
		}
		return true
	case interface{ Unwrap() error }:
		return onlyUnread(err.Unwrap())
	}
	return err == errUnread
}
