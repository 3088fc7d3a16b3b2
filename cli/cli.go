package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // a deployment's time zone must not depend on the machine

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/deployment"
)

// The exit codes of a program.
const (
	ExitDone   = 0 // did what was asked
	ExitFailed = 1
	ExitUsage  = 2 // called wrongly
	ExitParked = 3 // some tenants are parked, in doubt, or to be looked up later
)

// An App is a program: the adapters that were compiled in, and what it talks
// to.
type App struct {
	Registry deployment.Registry
	Stdout   io.Writer
	Stderr   io.Writer
	Now      func() time.Time
	// Commands are further commands of this program.
	Commands []Command
}

// A Command makes a command that a program has beside the usual ones.
type Command func(*App) *cobra.Command

// Main runs the program that the process was started as, and returns its exit
// code.
func Main(registry deployment.Registry, commands ...Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	app := &App{Registry: registry, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, Commands: commands}
	return app.Run(ctx, os.Args[1:]...)
}

// Run runs one command line and returns its exit code.
func (a *App) Run(ctx context.Context, args ...string) int {
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit *exitError
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &exit):
		if exit.err != nil {
			a.report(exit.err)
		}
		return exit.code
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		a.sayf("interrupted: what was done is kept; run the same command again to go on")
		return ExitFailed
	}
	a.report(err)
	return ExitFailed
}

// An exitError is an error that asks for an exit code of its own. Its err is
// nil where everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d: %v", e.code, e.err) }

// wrongUse is an error in how the program was called.
func wrongUse(format string, args ...any) error {
	return &exitError{code: ExitUsage, err: fmt.Errorf(format, args...)}
}

// report writes an error, a line for each mistake. Positioned lines stay as
// they are, so that editors can jump to them.
func (a *App) report(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(a.Stderr, clean(line))
	}
}

// sayf writes a line of talk.
func (a *App) sayf(format string, args ...any) {
	fmt.Fprintln(a.Stderr, clean(fmt.Sprintf(format, args...)))
}

func (a *App) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "artifice",
		Short: "turn OpenStack usage into invoices",
		Long: "artifice reads what each tenant of an OpenStack cloud used, keeps its own\n" +
			"record of the time already billed, and writes one invoice for each tenant and\n" +
			"month through the ERP adapter that this program was compiled with.",
		Example:       "  artifice check",
		SilenceErrors: true,
		SilenceUsage:  true,
		CompletionOptions: cobra.CompletionOptions{
			HiddenDefaultCmd: true,
		},
	}
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.PersistentFlags().StringP("config", "c", "artifice.ini", "the deployment's config `file`")
	root.SetUsageTemplate(usageTemplate)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrongUse("%w\nhint: %s --help", err, cmd.CommandPath())
	})
	commands := append([]Command{
		collectCommand, usageCommand, explainCommand, statusCommand, reportCommand,
		draftCommand, billCommand, ordersCommand, statementCommand, historyCommand,
		resolveCommand, reconcileCommand, voidCommand, verifyCommand,
		exportCommand, importCommand, pruneCommand, importMappingsCommand, checkCommand, adaptersCommand,
	}, a.Commands...)
	for _, command := range commands {
		root.AddCommand(command(a))
	}
	// Without a command of this name cobra would suggest, and exit with 1.
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			hint := "artifice --help"
			if near := root.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean " + strings.Join(near, " or ") + "?"
			}
			return wrongUse("there is no command %q\nhint: %s", args[0], hint)
		}
		return nil
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return root
}

// usageTemplate is cobra's own, but for the order: help ends in commands that
// run.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasExample}}

Try:
{{.Example}}{{end}}
`

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrongUse("%s takes no arguments, but got %q\nhint: %s --help", cmd.CommandPath(), args, cmd.CommandPath())
	}
	return nil
}
