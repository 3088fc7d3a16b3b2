package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/openstack-artifice/artifice/cli"
	"github.com/openstack-artifice/artifice/cmd/artifice/internal/cloud"
	"github.com/openstack-artifice/artifice/internal/files"
)

// What the demo bills: always the same month, cloud.March2025, of the same
// simulated cloud.
const (
	demoMonth = "2025-03"
	demoSeed  = 42
)

//go:embed demo/artifice.ini
var demoConfig []byte

//go:embed demo/rates.csv
var demoRates []byte

// demo is the command that runs the main job on a simulated cloud. It belongs
// to this repository's own program; a deployment elsewhere has none.
func demo(app *cli.App) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "bill a month of a small simulated cloud, to see how it goes",
		Long: "demo makes a month of samples of a small simulated cloud in a directory of its\n" +
			"own, with a config and rates, collects them, bills the month and shows the\n" +
			"invoices. Run it again, and nothing is billed twice.",
		Example: "  artifice demo",
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("config") {
				return errors.New("demo has a config of its own, in --dir: leave --config out")
			}
			return cobra.NoArgs(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), app, dir, flagsOfAll(cmd))
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "artifice-demo", "the `directory` to work in")
	return cmd
}

// flagsOfAll are the flags of every command, as they were given to this one.
func flagsOfAll(cmd *cobra.Command) []string {
	var flags []string
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			flags = append(flags, "--"+f.Name+"="+f.Value.String())
		}
	})
	return flags
}

// beside is a program like app that writes its results elsewhere. Its command
// lines leave alone what app was told by its own.
func beside(app *cli.App, stdout io.Writer) *cli.App {
	return &cli.App{Registry: app.Registry, Stdout: stdout, Stderr: app.Stderr, Now: app.Now, Program: app.Program}
}

func runDemo(ctx context.Context, app *cli.App, dir string, flags []string) error {
	say := func(format string, args ...any) { fmt.Fprintf(app.Stdout, format+"\n", args...) }
	simulated := cloud.New(demoSeed, cloud.March2025())
	if err := prepareDemo(simulated, dir); err != nil {
		return toOwnDir(err)
	}
	config := filepath.Join(dir, "artifice.ini")
	flags = append(flags, "--config", config)
	run := func(stdout io.Writer, args ...string) error {
		if code := beside(app, stdout).Run(ctx, append(args, flags...)...); code != cli.ExitDone {
			return fmt.Errorf("artifice %s ended with exit code %d", args[0], code)
		}
		return nil
	}
	say("A simulated cloud: %d tenants in 2 datacenters, every sample of %s in %s", len(simulated.Tenants()), demoMonth, filepath.Join(dir, "samples"))

	through := cloud.March2025().End.Format(time.RFC3339)
	for _, args := range [][]string{
		{"collect", "--through", through},
		{"bill", "--month", demoMonth},
	} {
		say("\n$ artifice %s", strings.Join(append(args, flags...), " "))
		if err := run(app.Stdout, args...); err != nil {
			return err
		}
	}
	say("\nThe invoices, as they were billed:")
	var list bytes.Buffer
	if err := run(&list, "orders", "--output", "json"); err != nil {
		return err
	}
	orders, err := orderKeys(list.Bytes())
	if err != nil {
		return err
	}
	for _, order := range orders {
		say("")
		if err := run(app.Stdout, "statement", order); err != nil {
			return err
		}
	}
	files, err := demoFiles(dir)
	if err != nil {
		return err
	}
	say("\nWritten to %s:\n  %s", dir, strings.Join(files, "\n  "))
	say("\nWhat to try next:")
	for _, next := range []string{
		"demo                                        # again: nothing is billed twice",
		"usage --month " + demoMonth + " --by resource --config " + config,
		"draft --from 2025-03-10 --to 2025-03-17 --config " + config,
		"orders --config " + config,
		"check --config " + config,
	} {
		say("  %s %s", callAgain(), next)
	}
	say("Then copy %s, point [source:object] path at samples of your own, and collect.", config)
	return nil
}

// toOwnDir adds, to the error of a directory that this user may not write to,
// how another is named.
func toOwnDir(err error) error {
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return err
	}
	return fmt.Errorf("%w\nhint: name a directory that this user may make and write to: %s demo --dir %s", err, callAgain(), filepath.Join(os.TempDir(), "artifice-demo"))
}

// callAgain is how the program is called: by its name where a shell finds it.
func callAgain() string {
	if _, err := exec.LookPath("artifice"); err != nil {
		return "go run ./cmd/artifice"
	}
	return "artifice"
}

// prepareDemo writes what the demo reads. A config and rates that are there
// are kept: they may have been changed to try something.
func prepareDemo(simulated *cloud.Cloud, dir string) error {
	if err := simulated.WriteSamples(filepath.Join(dir, "samples")); err != nil {
		return err
	}
	var tenants strings.Builder
	for _, t := range simulated.Tenants() {
		fmt.Fprintf(&tenants, "%s | %s\n", t.ID, t.Name)
	}
	var errs []error
	for name, content := range map[string][]byte{
		"artifice.ini": demoConfig,
		"rates.csv":    demoRates,
		"tenants.csv":  []byte(tenants.String()),
	} {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, files.Replace(path, 0o644, files.Text(content)))
	}
	return errors.Join(errs...)
}

// demoFiles lists what is in the demo's directory.
func demoFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files = append(files, path)
		return nil
	})
	slices.Sort(files)
	return files, err
}
