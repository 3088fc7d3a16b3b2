// Artifice-gen writes the Go code that links the adapters of a deployment,
// which its artifice.ini names. Run it by go generate, as "go tool
// artifice-gen"; "artifice-gen -h" says what else it does.
package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/openstack-artifice/artifice/gen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := gen.Main(ctx, gen.Command{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr})
	stop()
	os.Exit(code)
}
