// Package deep may be imported by its own tree alone.
package deep

import "github.com/openstack-artifice/artifice/gen/testdata/adapters/full"

// Config is a config.
type Config struct{ URL string }

// A Source is one.
type Source struct{ full.Source }
