//go:build unix

package sqlite

import "golang.org/x/sys/unix"

// writable reports why this process may not write the directory.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
