// Package csv shares its name with another.
package csv

import (
	"context"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
)

// A Source is of other.
type Source struct{ full.Source }

// Config is empty.
type Config struct{}

// NewSource makes one.
func NewSource(context.Context, Config) (*Source, error) { return &Source{}, nil }

func (*Source) String() string { return "other" }
