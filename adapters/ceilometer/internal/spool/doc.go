// Package spool keeps batches of JSON in the files of a directory, durably: what
// [Spool.Add] took is there after a crash of the process or of the machine.
//
// A batch is one line of a file. The file that is being written is hidden, its
// name begins with a dot; it is given its name once it is large or old enough,
// and is not changed any more. What a process that died left hidden is named by
// the next one, or by [Recover]: every batch in it that is whole.
package spool

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	prefix     = "received-"
	suffix     = ".jsonl"
	openSuffix = ".open" // of a hidden file
	lockName   = ".receive.lock"

	// Refused is the directory, within that of a spool, of what could not be
	// taken.
	Refused = ".refused"
)

const (
	dirMode  = 0o750
	fileMode = 0o640
)

// DefaultMaxRefused is how many files are set aside at most.
const DefaultMaxRefused = 10_000

// Options are how a spool works. The zero value has defaults.
type Options struct {
	SealAfter  time.Duration // after which a file is given its name; a minute
	SealSize   int64         // bytes from which on it is; 8 MiB
	MaxRefused int           // files that are set aside at most; 0 for DefaultMaxRefused
	Now        func() time.Time

	// create makes a new file. It is set by tests.
	create func(path string) (file, error)
}

func (o Options) orDefault() Options {
	if o.SealAfter <= 0 {
		o.SealAfter = time.Minute
	}
	if o.SealSize <= 0 {
		o.SealSize = 8 << 20
	}
	if o.MaxRefused <= 0 {
		o.MaxRefused = DefaultMaxRefused
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.create == nil {
		o.create = func(path string) (file, error) {
			return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		}
	}
	return o
}

// A file is what a spool does with a file.
type file interface {
	Write([]byte) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// ErrClosed says that the spool was closed.
var ErrClosed = errors.New("the spool is closed")

// IsFull reports whether an error says that there is no room on the disk.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isOpen reports whether a name is that of a hidden file of a spool.
func isOpen(name string) bool {
	return strings.HasPrefix(name, "."+prefix) && strings.HasSuffix(name, suffix+openSuffix)
}

// sealed is the name that a hidden file is given.
func sealed(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, "."), openSuffix)
}
