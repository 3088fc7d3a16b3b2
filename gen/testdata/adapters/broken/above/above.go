// Package above is right, but for what it imports.
package above

import (
	"github.com/openstack-artifice/artifice/gen/testdata/adapters/broken/dep"
	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
)

var _ = dep.F

// A Source would be one.
type Source struct{ full.Source }
