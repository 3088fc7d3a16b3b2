package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// elsewhere adds, to the error of a file that may not be written, where it
// could be. What names the file on the command line is asked for as this.
func elsewhere(err error, path, as string) error {
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return err
	}
	return fmt.Errorf("%w\nhint: name a file in a directory that this user may write to, which of an installed package is /var/lib/artifice: %s DIR/%s",
		err, as, filepath.Base(path))
}
