package gen

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
)

// Stale reports whether the file on disk is missing or differs.
func (o *Output) Stale() (bool, error) {
	old, err := os.ReadFile(o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return !bytes.Equal(old, o.Code), err
}

// Diff returns how the file on disk would change, as a unified diff that names
// the file as told. It is empty where nothing would change.
func (o *Output) Diff(name string) ([]byte, error) {
	old, err := os.ReadFile(o.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return diff.Diff(name, old, name+" (new)", o.Code), nil
}

// Write replaces the file on disk, wholly or not at all. A file that is up to
// date is left as it is; changed reports whether it was not.
func (o *Output) Write() (changed bool, err error) {
	stale, err := o.Stale()
	if err != nil || !stale {
		return false, err
	}
	return true, replaceFile(o.Path, o.Code)
}

// replaceFile puts a new file in the place of another, or of none.
func replaceFile(name string, data []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), name)
}
