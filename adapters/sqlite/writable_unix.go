//go:build unix

package sqlite

import "golang.org/x/sys/unix"

// writable reports why this process may not write a file or a directory.
func writable(path string) error { return unix.Access(path, unix.W_OK) }
