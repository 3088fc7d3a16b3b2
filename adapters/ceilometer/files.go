package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/ceilometer/internal/spool"
	"github.com/openstack-artifice/artifice/usage"
)

// suffixes are the names that a file of samples ends in.
var suffixes = [...]string{".json", ".jsonl", ".json.gz", ".jsonl.gz"}

const suffixesText = "*.json, *.jsonl, *.json.gz, *.jsonl.gz"

func isSamples(name string) bool {
	name = unrotated(name)
	for _, suffix := range suffixes {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// isLines reports whether a file has a sample a line, and may have none.
func isLines(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(unrotated(name), ".gz"), ".jsonl")
}

// unrotated is the name of a file before it was rotated: samples.jsonl of
// samples.jsonl.3, and samples.jsonl.gz of samples.jsonl.3.gz.
func unrotated(name string) string {
	bare, zipped := strings.CutSuffix(name, ".gz")
	if short := strings.TrimRight(bare, "0123456789"); short != bare && strings.HasSuffix(short, ".") {
		bare = strings.TrimSuffix(short, ".")
	}
	if zipped {
		bare += ".gz"
	}
	return bare
}

// isReceivers reports whether a receiver puts files into the directory: then there
// are none until the first is full, or old enough.
func (s *Source) isReceivers() bool { return s.receive.Listen != "" || spool.Has(s.path) }

// recover makes what a receiver that died had taken in a file like others.
func (s *Source) recover() error {
	if info, err := os.Stat(s.path); err != nil || !info.IsDir() {
		return nil // files tells of it
	}
	if err := spool.Recover(s.path); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return nil
}

// A file is one of samples, and how large it is.
type file struct {
	path string
	size int64
}

// files yields every file of samples, and an error for everything that keeps one
// from being found.
func (s *Source) files() iter.Seq2[file, error] {
	return func(yield func(file, error) bool) {
		info, err := os.Stat(s.path)
		switch {
		case err != nil:
			yield(file{}, fmt.Errorf("%s: %w; set path to a directory or file of samples", s.path, reason(err)))
		case info.IsDir():
			yielded := false
			more := walk(s.path, func(f file, err error) bool {
				yielded = true
				return yield(f, err)
			})
			if more && !yielded && !s.isReceivers() {
				yield(file{}, fmt.Errorf("%s: no file of samples in this directory (%s); put some there, or set path to where they are", s.path, suffixesText))
			}
		case !info.Mode().IsRegular():
			yield(file{}, fmt.Errorf("%s: not a regular file; set path to a directory or file of samples", s.path))
		case !isSamples(s.path):
			yield(file{}, fmt.Errorf("%s: not called as a file of samples is (%s); rename it, or set path to another", s.path, suffixesText))
		default:
			yield(file{s.path, info.Size()}, nil)
		}
	}
}

// walk yields the files of samples below a directory in the order of their
// names. It reports whether to go on.
func walk(dir string, yield func(file, error) bool) bool {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil && !yield(file{}, fmt.Errorf("%s: %w; let the directory be read", dir, reason(err))) {
		return false
	}
	for _, entry := range entries {
		if !visit(filepath.Join(dir, entry.Name()), entry, yield) {
			return false
		}
	}
	return true
}

func visit(path string, entry fs.DirEntry, yield func(file, error) bool) bool {
	if strings.HasPrefix(entry.Name(), ".") {
		return true
	}
	if entry.IsDir() {
		return walk(path, yield)
	}
	link, samples := entry.Type()&fs.ModeSymlink != 0, isSamples(path)
	if !link && !samples {
		return true
	}
	info, err := os.Stat(path) // of what a link points to
	switch {
	case link && err == nil && info.IsDir():
		// Following it might never end, leaving it out would lose samples.
		return yield(file{}, fmt.Errorf("%s: a link to a directory; put the directory itself there, or link its files", path))
	case !samples:
		return true
	case link && err != nil:
		return yield(file{}, fmt.Errorf("%s: %w; mend the link or remove it", path, reason(err)))
	case err != nil:
		return yield(file{}, unreadable(path, err))
	case !info.Mode().IsRegular():
		return yield(file{}, fmt.Errorf("%s: not a regular file; remove it from the samples", path))
	}
	return yield(file{path, info.Size()}, nil)
}

// reason is the part of a file system's error that does not repeat the path.
func reason(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// CheckHealth tells whether the path and the file of tenants can be read, and
// how many files of samples there are. It opens every one of these and reads
// none.
func (s *Source) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if s.tenants != "" {
			if _, err := s.tenantNames(); !yield("tenants file", err) {
				return
			}
		}
		info, err := os.Stat(s.path)
		if err != nil {
			err = fmt.Errorf("%s: %w; set path to a directory or file of samples", s.path, reason(err))
		}
		if !yield("path "+s.path, err) || err != nil {
			return
		}
		if n, err := s.countRefused(info); n > 0 || err != nil {
			if !yield("refused batches", err) {
				return
			}
		}
		if s.receive.Listen != "" {
			options, err := s.receiveOptions(nil)
			if err == nil {
				err = options.Fit(s.receive.Listen)
			}
			if !yield("receive", err) {
				return
			}
		}
		var (
			count int
			errs  []error
		)
		for f, err := range s.files() {
			if ctx.Err() != nil {
				errs = append(errs, ctx.Err())
				break
			}
			if err == nil {
				err = openable(f.path)
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			count++
		}
		name := fmt.Sprintf("files of samples: %d", count)
		if count == 0 && len(errs) == 0 {
			name = fmt.Sprintf("files of samples: none yet (what is received is read %v after it came)", s.sealAfter())
		}
		yield(name, errors.Join(errs...))
	}
}

// countRefused counts what a receiver set aside. Where there is some it warns of
// that, and says what is to be done: what is sent and right is taken in all the
// same, until there is so much that what is odd must be refused.
func (s *Source) countRefused(info fs.FileInfo) (int, error) {
	if !info.IsDir() {
		return 0, nil
	}
	n, err := spool.CountRefused(s.path)
	if n == 0 || err != nil {
		return n, err
	}
	remedy := fmt.Sprintf("correct them and move them to %s as *.json, or remove them", s.path)
	dir := filepath.Join(s.path, spool.Refused)
	if n >= spool.DefaultMaxRefused {
		return n, fmt.Errorf("%s: files of what could not be taken in: %d, and no more are set aside, so that what cannot be right is lost; %s", dir, n, remedy)
	}
	return n, &usage.Warning{Err: fmt.Errorf("%s: files of what could not be taken in: %d; %s", dir, n, remedy)}
}

func openable(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return unreadable(name, err)
	}
	return file.Close()
}

func unreadable(name string, err error) error {
	return fmt.Errorf("%s: %w; let the file be read", name, reason(err))
}
