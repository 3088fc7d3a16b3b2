// Package hidden shows a type that only its own tree may name.
package hidden

import "github.com/openstack-artifice/artifice/gen/testdata/adapters/hidden/internal/deep"

// Config is another name for it.
type Config = deep.Config
