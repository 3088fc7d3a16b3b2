package spool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/openstack-artifice/artifice/internal/files"
)

// ErrBusy says that another process has the spool.
var ErrBusy = errors.New("another process receives into it")

// Recover gives what a process that died left hidden in a directory its name.
// Where a process has the spool, that one's files are its own, and Recover does
// nothing.
func Recover(dir string) error {
	names, err := openFiles(dir)
	if err != nil || len(names) == 0 {
		return err
	}
	lock, err := tryLock(filepath.Join(dir, lockName))
	if errors.Is(err, ErrBusy) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; there is what a receiver left when it died (%s): start it again, or let its directory be written", err, filepath.Join(dir, names[0]))
	}
	return errors.Join(recoverAll(dir, ""), lock.Close())
}

// Has reports whether a directory is a spool: some process opened one there.
func Has(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, lockName))
	return err == nil
}

// acquire takes the lock of a directory. Somebody who recovers has it for a
// moment only, and is waited for.
func acquire(ctx context.Context, dir string) (*os.File, error) {
	const wait, tries = 100 * time.Millisecond, 20
	for n := 1; ; n++ {
		lock, err := tryLock(filepath.Join(dir, lockName))
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, ErrBusy) || n == tries {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// openFiles lists the hidden files of a directory.
func openFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if isOpen(e.Name()) && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// recoverAll recovers all hidden files but one. The caller has the lock.
func recoverAll(dir, but string) error {
	names, err := openFiles(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if path := filepath.Join(dir, name); path != but {
			if err := recoverFile(path); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// recoverFile names a hidden file. Only batches that were never acknowledged
// can be broken; what is left of them is set aside.
func recoverFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	whole, broken := split(text)
	if len(broken) > 0 {
		if err := setAside(filepath.Dir(path), sealed(filepath.Base(path))+".broken", broken); err != nil {
			return err
		}
	}
	switch {
	case len(whole) == 0:
		return os.Remove(path)
	case !bytes.Equal(whole, text):
		// In one step: who dies here finds the file as it was.
		if err := files.Replace(path, fileMode, files.Text(whole)); err != nil {
			return err
		}
	}
	return reveal(path)
}

// split finds the lines that are whole batches, and the rest. A disk that lost
// power may have left zeros in place of what was written.
func split(text []byte) (whole, broken []byte) {
	for line := range bytes.Lines(text) {
		content := bytes.Trim(line, "\n\x00")
		switch {
		case len(content) == 0:
		case (content[0] == '[' || content[0] == '{') && json.Valid(content):
			whole = append(append(whole, content...), '\n')
		default:
			broken = append(append(broken, content...), '\n')
		}
	}
	return whole, broken
}

// Refuse sets a text aside, in a file below Refused, and returns its path. It
// returns "" where there are too many already.
func (s *Spool) Refuse(text []byte) (string, error) {
	s.refusing.Lock()
	defer s.refusing.Unlock()
	n, err := CountRefused(s.dir)
	if err != nil || n >= s.o.MaxRefused {
		return "", err
	}
	name := unique(s.o.Now()) + ".txt"
	return filepath.Join(s.dir, Refused, name), setAside(s.dir, name, text)
}

// CountRefused returns how many texts were set aside in a directory.
func CountRefused(dir string) (int, error) {
	paths, err := ListRefused(dir)
	return len(paths), err
}

// ListRefused returns the files that were set aside in a directory.
func ListRefused(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, Refused))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		paths = append(paths, filepath.Join(dir, Refused, entry.Name()))
	}
	return paths, err
}

func setAside(dir, name string, text []byte) error {
	refused := filepath.Join(dir, Refused)
	if err := os.Mkdir(refused, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	path := filepath.Join(refused, name)
	if err := os.WriteFile(path, text, fileMode); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
