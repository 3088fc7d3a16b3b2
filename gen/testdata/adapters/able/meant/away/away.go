// Package away has a config for adapters of other packages.
package away

import "context"

// Config checks itself for somebody else.
type Config struct{ URL string }

// Validate is this package's own.
//
//artifice:own
func (*Config) Validate(ctx context.Context) error { return nil }
