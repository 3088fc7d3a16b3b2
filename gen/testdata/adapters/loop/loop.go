// Package loop imports the deployment that it is to be part of.
package loop

import _ "github.com/openstack-artifice/artifice/gen/testdata/adapters/loop/between"

// A Source would be one.
type Source struct{}
