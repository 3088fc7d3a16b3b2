// Package sap is not called like its directory.
package sap

import (
	"context"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
)

// A Store needs no config.
type Store = full.Store

// A Source is both a value and a pointer's.
type Source struct{ full.Source }

// NewSource makes one.
func NewSource(context.Context, map[string]string) (*Source, error) { return &Source{}, nil }

func (*Source) String() string { return "sap" }
