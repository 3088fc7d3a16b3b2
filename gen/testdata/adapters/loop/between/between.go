// Package between stands between loop and the deployment.
package between

import _ "github.com/openstack-artifice/artifice/gen/testdata/deployment"
