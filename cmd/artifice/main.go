// Command artifice is the program of the default deployment.
package main

import (
	"os"

	"github.com/openstack-artifice/artifice"
	"github.com/openstack-artifice/artifice/cli"
)

func main() { os.Exit(cli.Main(artifice.Registry(), demo)) }
