// The program of the deployment. It is the usual one, but for its clock, which
// the tests set wrong: CRASH_CLOCK is how far it is ahead.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"example.com/crash"

	"github.com/openstack-artifice/artifice/cli"
)

func main() {
	ahead, err := time.ParseDuration(os.Getenv("CRASH_CLOCK"))
	if err != nil {
		fmt.Fprintf(os.Stderr, "CRASH_CLOCK: %v\n", err)
		os.Exit(cli.ExitUsage)
	}
	now := func() time.Time { return time.Now().Add(ahead) }
	app := &cli.App{Registry: crash.Registry(), Stdout: os.Stdout, Stderr: os.Stderr, Now: now}
	ctx, _ := cli.Stoppable(context.Background()) // until the process ends
	os.Exit(app.Run(ctx, os.Args[1:]...))
}
