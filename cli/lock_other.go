//go:build !unix

package cli

// lockDirectory does nothing: of two programs that end at the same instant, the
// figures of one may be lost until it runs again.
func lockDirectory(string) (unlock func() error, err error) {
	return func() error { return nil }, nil
}
