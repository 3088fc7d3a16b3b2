//go:build !unix

package sqlite

import "context"

// Lock does nothing where there are no advisory locks: two programs that collect or bill
// at once get in each other's way, and the database keeps time from being
// billed twice.
func (s *Store) Lock(ctx context.Context) (unlock func() error, err error) {
	return func() error { return nil }, ctx.Err()
}
