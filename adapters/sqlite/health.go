package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// CheckHealth checks the directory and the file, as far as that can be done
// without making, migrating or otherwise changing either. It implements
// ledger.HealthChecker.
func (s *Store) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		path, err := filepath.Abs(s.path)
		if err != nil {
			yield("database "+s.path, err)
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
			err = checkSchema(ctx, path)
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

// checkSchema looks whether the file is a ledger that this program knows.
func checkSchema(ctx context.Context, path string) error {
	db, err := openUnchanged(path)
	if err != nil {
		return err
	}
	target, err := latestVersion(schema())
	if err == nil {
		_, err = schemaVersion(ctx, db, target)
	}
	return errors.Join(err, db.Close())
}
