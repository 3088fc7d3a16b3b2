package csv

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/openstack-artifice/artifice/internal/files"
	"github.com/openstack-artifice/artifice/invoice"
)

// errTaken says that there is a file under the invoice's name.
var errTaken = errors.New("the file exists")

const (
	dirMode  = 0o750
	fileMode = 0o640
)

// save puts the file as put does, and says what may be done where that fails.
func (f *file) save(data []byte) error { return explain(f.put(data), filepath.Dir(f.path)) }

// explain says what may be done where a directory takes no files.
func explain(err error, dir string) error {
	switch {
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: mount it to be written, or name another directory with csv_directory (a unit of systemd has ReadWritePaths=)", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: Artifice must be allowed to write to %s, or name another directory with csv_directory", err, dir)
	}
	return err
}

// put puts data under the file's path, whole and synced, or returns an error
// and leaves nothing there. It never touches a file that is there: then it
// returns errTaken.
func (f *file) put(data []byte) error {
	dir := filepath.Dir(f.path)
	if err := makeDir(dir); err != nil {
		return err
	}
	temp := f.temp()
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := os.Mkdir(temp, dirMode); err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	// The name is random: where two processes save one order, none links the
	// other's half.
	path := filepath.Join(temp, rand.Text())
	if err := writeNew(path, data); err != nil {
		return err
	}
	err := f.adapter.link(path, f.path)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = take(path, f.path)
	}
	if errors.Is(err, fs.ErrExist) {
		return errTaken
	}
	return err
}

// take gives a file its name on a file system without links. The name is
// taken by an empty file, which no invoice is, so that it is never another's:
// a crash in between leaves that, and never half an invoice.
func take(oldname, newname string) error {
	if err := writeNew(newname, nil); err != nil {
		return err
	}
	err := os.Rename(oldname, newname)
	if err == nil {
		return nil
	}
	if removeErr := os.Remove(newname); removeErr != nil {
		return invoice.Permanent(fmt.Errorf("%w; an empty file is left at %s (remove it)", errors.Join(err, removeErr), newname))
	}
	return err
}

// temp is the directory that the order's file is written in. Its name is the
// order's own: what a crash left of it is found without a look through ten
// thousand invoices.
func (f *file) temp() string {
	key := sha256.Sum256([]byte(f.order.Key))
	return filepath.Join(filepath.Dir(f.path), fmt.Sprintf(".artifice-%x", key[:8]))
}

// writeNew writes and syncs a file that must not be there yet. One that cannot
// be written whole is removed.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		return nil
	}
	if removeErr := os.Remove(path); removeErr != nil {
		return invoice.Permanent(fmt.Errorf("%w; half a file is left at %s (remove it)", errors.Join(err, removeErr), path))
	}
	return err
}

// makeDir makes a directory and its parents, each of them lastingly.
func makeDir(dir string) error {
	err := os.Mkdir(dir, dirMode)
	switch {
	case err == nil:
		return files.SyncDir(filepath.Dir(dir))
	case errors.Is(err, fs.ErrExist):
		return nil // where it is no directory, the next step says so
	case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir:
		return err
	}
	if err := makeDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return makeDir(dir)
}

// checkDir reports why files could not be written to a directory that is
// there, or that its nearest parent lets be made.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		return checkDir(filepath.Dir(dir))
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory (name another with csv_directory)", dir)
	}
	probe, err := os.MkdirTemp(dir, ".artifice-check-*")
	if err != nil {
		return explain(fmt.Errorf("%s is not writable: %w", dir, errors.Unwrap(err)), dir)
	}
	return os.Remove(probe)
}
