// Acme is Artifice as artifice.ini has it. "acme --help" says what it does.
package main

import (
	"os"

	"example.com/acme"

	"github.com/openstack-artifice/artifice/cli"
)

func main() { os.Exit(cli.Main(acme.Registry())) }
