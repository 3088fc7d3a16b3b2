package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // a deployment's time zone must not depend on the machine

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/ledger"
)

// An App is a program: the adapters that were compiled in, and what it talks
// to.
type App struct {
	Registry deployment.Registry
	Stdout   io.Writer
	Stderr   io.Writer
	Now      func() time.Time // nil for the clock of the machine
	// Commands are further commands of this program.
	Commands []Command
	// Program is what people call it, as they type it: "" for artifice. Help and
	// hints name it so.
	Program string

	talk    talk // what the command line asked for
	watch   *watch
	hints   *regexp.Regexp                                            // finds the commands in hints, nil where they are right as they are
	process bool                                                      // whether the process is this program's, and so is the default log
	says    figures                                                   // to Prometheus
	tick    func(time.Duration) (ticks <-chan time.Time, stop func()) // nil for the machine's
}

// A Command makes a command that a program has beside the usual ones.
type Command func(*App) *cobra.Command

// Main runs the program that the process was started as, and returns its exit
// code.
func Main(registry deployment.Registry, commands ...Command) (code int) {
	defer func() {
		if p := recover(); p != nil { // which would exit with the code of wrong use
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", p, debug.Stack())
			code = ExitFailed
		}
	}()
	ctx, stop := Stoppable(context.Background())
	defer stop()
	// Whoever stops to read what it says must not stop what it does.
	signal.Ignore(syscall.SIGPIPE)
	app := &App{Registry: registry, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, Commands: commands, Program: calledAs(os.Args[0]), process: true}
	return app.Run(ctx, os.Args[1:]...)
}

// Stoppable returns a context that ends with the first SIGINT or SIGTERM, which
// asks a program to stop. A second one ends the process at once. To cancel it
// is to wait for no signal any more.
func Stoppable(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	// A shell lets what it runs in the background ignore them.
	ignored := signal.Ignored(os.Interrupt) || signal.Ignored(syscall.SIGTERM)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	over := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
			signal.Stop(signals)
			return
		}
		if !ignored {
			// Before anybody hears of the first one, the second does its work.
			signal.Stop(signals)
			cancel()
			return
		}
		cancel()
		select {
		case <-signals:
			os.Exit(ExitStopped)
		case <-over:
			signal.Stop(signals)
		}
	}()
	return ctx, sync.OnceFunc(func() { cancel(); close(over) })
}

// Run runs one command line and returns its exit code.
func (a *App) Run(ctx context.Context, args ...string) int {
	if a.Now == nil {
		a.Now = time.Now
	}
	if _, again := a.Stdout.(readOut); !again {
		a.Stdout = readOut{a.Stdout}
	}
	root := a.root()
	root.SetArgs(args)
	a.says.began = a.Now()
	cmd, err := root.ExecuteContextC(ctx)
	if onlyUnread(err) {
		err = nil
	}
	if a.talk.words() {
		a.talk.open(cmd, a.Stderr, a.named) // what is wrong use did not begin
	}
	code := a.end(ctx, cmd, err)
	if cmd.Name() == cobra.ShellCompRequestCmd {
		return code // the flags are those of a command that did not run
	}
	if err := a.says.write(cmd.Name(), code, a.Now()); err != nil {
		a.report(fmt.Errorf("--metrics-file: %w", err))
		return max(code, ExitFailed)
	}
	return code
}

// end says how a command ended, and gives the exit code.
func (a *App) end(ctx context.Context, cmd *cobra.Command, err error) int {
	exit, others := splitExit(err)
	wrong := exit != nil && exit.code == ExitUsage
	stopped := ctx.Err() != nil && !wrong && err != nil
	left := others
	if exit != nil {
		left = errors.Join(exit.err, others)
	}
	if left != nil && !(stopped && errors.Is(left, ctx.Err())) {
		a.report(left)
	}
	switch {
	case stopped:
		a.warnf("%s", a.watch.stopped(cmd.CommandPath()))
		return ExitStopped
	case wrong:
		return ExitUsage
	case others != nil && !errors.Is(others, ledger.ErrLocked):
		return ExitFailed
	case exit != nil:
		return exit.code
	case others != nil:
		return ExitParked
	}
	return ExitDone
}

func (a *App) root() *cobra.Command {
	root := &cobra.Command{
		Use:   a.program(),
		Short: "turn OpenStack usage into invoices",
		Long: a.program() + " reads what each tenant of an OpenStack cloud used, keeps its own\n" +
			"record of the time already billed, and writes one invoice for each tenant and\n" +
			"month through the ERP adapter that this program was compiled with.",
		Example:       "  artifice check\n  artifice help exit-codes",
		Version:       versionLine(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.PersistentFlags().StringP("config", "c", "artifice.ini", "the deployment's config `file`")
	a.talk.register(root)
	a.says.register(root)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := a.talk.begin(cmd, a.Stderr, a.named); err != nil {
			return err
		}
		if a.process && !a.talk.words() {
			slog.SetDefault(a.talk.log) // for adapters that warn
		}
		a.watching()
		return a.says.begin()
	}
	root.SetUsageTemplate(usageTemplate)
	root.Flags().Bool("version", false, "say in a line what this program was built from")
	root.SetVersionTemplate("{{.Version}}\n")
	help := helpCommand(root)
	root.SetHelpCommand(help)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrongUse("%w\nhint: %s --help", plainly(err), cmd.CommandPath())
	})
	commands := append([]Command{
		receiveCommand,
		collectCommand, usageCommand, explainCommand, statusCommand, reportCommand,
		draftCommand, billCommand, ordersCommand, statementCommand, historyCommand,
		resolveCommand, reconcileCommand, voidCommand, verifyCommand,
		exportCommand, importCommand, pruneCommand, importMappingsCommand, checkCommand, adaptersCommand,
		versionCommand, completionCommand, manCommand, exitCodesTopic,
	}, a.Commands...)
	for _, command := range commands {
		root.AddCommand(a.wrongArgs(command(a)))
	}
	// Without a command of this name cobra would suggest, and exit with 1.
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			hint := root.Name() + " --help"
			if near := root.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean " + strings.Join(near, " or ") + "?"
			}
			return wrongUse("there is no command %q\nhint: %s", args[0], hint)
		}
		return nil
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	a.complete(root)
	a.nameCommands(root, help)
	return root
}

// usageTemplate is cobra's own, but for the order: help ends in commands that
// run.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasHelpSubCommands}}

Topics:{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
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
		return wrongUse("%s takes no arguments, but got %q", cmd.CommandPath(), args)
	}
	return nil
}
