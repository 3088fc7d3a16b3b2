package gen

import (
	"bytes"
	"errors"
	"io/fs"
	"os"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/openstack-artifice/artifice/internal/files"
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
	return true, files.Replace(o.Path, 0o644, files.Text(o.Code))
}
