package acme

import (
	"testing"

	"github.com/openstack-artifice/artifice/gen/gentest"
)

func TestRegistry(t *testing.T) { gentest.UpToDate(t) }
