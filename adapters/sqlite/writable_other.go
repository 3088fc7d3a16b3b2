//go:build !unix

package sqlite

// writable reports nothing: only an attempt would tell, and would change the
// file or directory.
func writable(string) error { return nil }
