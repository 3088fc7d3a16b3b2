// Package broken does not compile.
package broken

import "github.com/openstack-artifice/artifice/gen/testdata/adapters/broken/dep"

// A Source would be one.
type Source struct{ dep.Undefined }

func f() int { return "x" }
