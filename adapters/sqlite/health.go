package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/openstack-artifice/artifice/ledger"
)

// CheckHealth checks the directory and the file, as far as that can be done
// without making, migrating or otherwise changing either. It implements
// ledger.HealthChecker.
func (s *Store) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		path, err := realPath(s.path)
		if err != nil {
			yield("database "+s.path, s.explain(err))
			return
		}
		if !yield("directory "+filepath.Dir(path), s.explain(checkDirectory(filepath.Dir(path)))) {
			return
		}
		err = checkFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			yield("database "+path+" (not there yet; made when it is first used)", nil)
			return
		}
		if err == nil {
			err = checkWritable(path)
		}
		if err == nil {
			_, err = checkSchema(ctx, path)
		}
		yield("database "+path, s.explain(err))
	}
}

func checkDirectory(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the directory is not there: mkdir -p %s", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	}
	if err := writable(dir); err != nil {
		return &fs.PathError{Op: "write", Path: dir, Err: err}
	}
	return nil
}

// Probe implements ledger.Prober.
func (s *Store) Probe(ctx context.Context) (ledger.Presence, error) {
	path, err := realPath(s.path)
	if err != nil {
		return ledger.Absent, s.explain(err)
	}
	switch err := checkFile(path); {
	case errors.Is(err, fs.ErrNotExist):
		return ledger.Absent, nil
	case err != nil:
		return ledger.Absent, s.explain(err)
	}
	current, err := checkSchema(ctx, path)
	if err == nil && !current {
		return ledger.Outdated, nil
	}
	return ledger.Present, s.explain(err)
}

// checkSchema looks whether the file is a ledger that this program knows, and
// whether it is up to date.
func checkSchema(ctx context.Context, path string) (current bool, err error) {
	db, err := openUnchanged(path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	target, err := latestVersion(schema())
	if err != nil {
		return false, err
	}
	version, err := schemaVersion(ctx, db, target)
	return version == target, err
}
