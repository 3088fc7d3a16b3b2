package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/openstack-artifice/artifice/internal/files"
)

// pools are the connections to a file.
type pools struct {
	write *sql.DB // one connection, whose transactions lock out other writers from their start; nil where the file may only be read
	read  *sql.DB // connections that cannot write
}

func openPools(path string) (*pools, error) {
	write, err := sql.Open("sqlite", dsn(path, "_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	// Writers of this process queue here, where waiting heeds the context,
	// and only those of other processes wait for the file's lock.
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", dsn(path, "_query_only=1"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &pools{write, read}, nil
}

func (p *pools) close() error {
	// The last connection to close moves the journal into the file, so it must
	// be one that can write.
	err := p.read.Close()
	if p.write == nil {
		return err
	}
	return errors.Join(err, p.write.Close())
}

// dsn names the file for the driver. Every byte of the path stands for itself.
func dsn(path, options string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	return "file:" + u.EscapedPath() + "?" + options + "&_busy_timeout=30000&_foreign_keys=1&_synchronous=FULL&_dqs=0&_pragma=cache_size(-8000)&_pragma=temp_store(memory)&_pragma=wal_autocheckpoint(4000)"
}

// openFile opens the file and brings it up to date; where there is none it
// makes one.
func openFile(ctx context.Context, path string) (*pools, error) {
	path, err := realPath(path)
	if err != nil {
		return nil, err
	}
	switch err := checkFile(path); {
	case errors.Is(err, fs.ErrNotExist):
		if err := create(ctx, path); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case checkWritable(path) != nil:
		return openToRead(ctx, path)
	}
	p, err := openPools(path)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, p.write, schema()); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// openToRead opens a file that may not be written. One of an older version
// would have to be brought up to date first.
func openToRead(ctx context.Context, path string) (*pools, error) {
	db, err := openUnchanged(path)
	if err != nil {
		return nil, err
	}
	if target, err := latestVersion(schema()); err != nil {
		return nil, errors.Join(err, db.Close())
	} else if version, err := schemaVersion(ctx, db, target); err != nil {
		return nil, errors.Join(err, db.Close())
	} else if version != target {
		return nil, errors.Join(fmt.Errorf("is of an older version, and cannot be brought up to date: %w", checkWritable(path)), db.Close())
	}
	return &pools{read: db}, nil
}

// openUnchanged opens a file so that nothing of it, or beside it, is changed.
// It goes through SQLite even for that: to open the file in any other way would
// drop the locks that this process may hold on it.
func openUnchanged(path string) (*sql.DB, error) {
	options := "mode=ro"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		// Nobody has the file open. To open it even for reading would leave
		// journals beside it, unless SQLite is told that nobody writes.
		options += "&immutable=1"
	}
	return sql.Open("sqlite", dsn(path, options))
}

// realPath is the path of the file, of all that lead to it the one without links:
// the journals are beside that, and so are the locks, which are to be the same
// by whatever name a program has the file.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if path, err := filepath.EvalSymlinks(path); err == nil {
		return path, nil
	}
	if target, err := os.Readlink(path); err == nil {
		// Made anew in silence, what a disk that is not mounted has would be
		// billed again.
		return "", fmt.Errorf("is a link to %s, which is not there: see whether its disk is mounted, or remove the link to begin a new ledger", target)
	}
	dir, base := filepath.Split(path)
	if dir, err := filepath.EvalSymlinks(dir); err == nil {
		return filepath.Join(dir, base), nil
	}
	return path, nil // the directory is not there, or may not be looked at
}

// checkFile reports what can be told of the file without opening it. It is
// fs.ErrNotExist where only the file is missing, not its directory.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(path)
		if _, dirErr := os.Stat(dir); errors.Is(dirErr, fs.ErrNotExist) {
			return fmt.Errorf("the directory is not there: mkdir -p %s", dir)
		}
		return err
	}
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("is not a file: name the database file, not its directory")
	case mountedAlone(path):
		return errors.New("is mounted alone, and its journal, which has what was billed last, would be elsewhere: mount its directory")
	case info.Size() == 0:
		// A ledger that was lost is not begun anew in silence: what it had
		// billed would be billed again.
		return errors.New("is empty: restore it from a backup, or remove it to begin a new ledger")
	}
	return nil
}

// checkWritable reports why a file may not be written, itself or the journals
// beside it.
func checkWritable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o222 == 0 {
		return fmt.Errorf("is read-only: chmod u+w %s", path)
	}
	for _, name := range []string{path, filepath.Dir(path)} {
		if err := writable(name); err != nil {
			return &fs.PathError{Op: "write", Path: name, Err: err}
		}
	}
	return nil
}

// create makes the file. It is completed under another name, so that nobody
// ever finds it half made, and where another process was faster that one's
// file stands.
func create(ctx context.Context, path string) (err error) {
	dir := filepath.Dir(path)
	draft, err := os.MkdirTemp(dir, ".artifice-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(draft)) }()
	name := filepath.Join(draft, "new.db")
	// SQLite gives its journals the mode of the file.
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		return err
	}
	p, err := openPools(name)
	if err != nil {
		return err
	}
	if err := errors.Join(begin(ctx, p.write), p.close()); err != nil {
		return err
	}
	// Unlike a rename, a link does not replace.
	if err := os.Link(name, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return files.SyncDir(dir)
}
