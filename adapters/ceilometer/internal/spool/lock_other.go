//go:build !unix

package spool

import (
	"errors"
	"fmt"
	"os"
)

// tryLock fails: without locks nobody knows whose a hidden file is.
func tryLock(path string) (*os.File, error) {
	return nil, fmt.Errorf("%s: %w: receiving needs a unix system", path, errors.ErrUnsupported)
}
