package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// The exit codes of a program.
const (
	ExitDone   = 0 // it did what was asked
	ExitFailed = 1 // something did not work
	ExitUsage  = 2 // it was called wrongly, and did nothing
	ExitParked = 3 // something is left: tenants are parked, in doubt, or with another process

	ExitStopped = 130 // it was stopped by SIGINT or SIGTERM; shells have it so
)

// exitCodes tells of them in the help, the manual and the documents.
const exitCodes = `0  done: everything that was asked for
1  failed: something did not work, and stderr says what; the next run goes on
   from there. So it is where check finds a failure (a warning or a note is
   none), verify a mistake, or reconcile an invoice that is gone
2  wrong use: a command, flag or argument that does not exist or does not fit;
   nothing was done
3  something is left: tenants are parked or in doubt, wait until the ERP can be
   searched, or are with another process, as all are where that holds the lock
   of the store. The others are done, and artifice status says what is next.
   So it is where another process receives what receive is to take in
130  stopped: by ^C or SIGTERM; stderr says how far it came, and how to go on`

// exitCodesTopic is what the help says of exit codes.
func exitCodesTopic(*App) *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "what the exit code of a command says",
		Long:  "Every command ends with one of these:\n\n" + exitCodes,
	}
}

// An exitError is an error that asks for an exit code of its own. Its err is
// nil where everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d: %v", e.code, e.err) }

// splitExit takes what asks for an exit code out of an error, nil where nothing
// does, and returns what went wrong beside it: closing the store, say. That
// nobody reads the output any more is no such thing.
func splitExit(err error) (exit *exitError, others error) {
	if onlyUnread(err) {
		return nil, nil
	}
	if !errors.As(err, &exit) {
		return nil, err
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return exit, nil
	}
	for _, one := range joined.Unwrap() {
		asks, other := splitExit(one)
		if asks != nil && asks != exit {
			other = errors.Join(asks.err, other)
		}
		others = errors.Join(others, other)
	}
	return exit, others
}

// wrongUse is an error in how the program was called.
func wrongUse(format string, args ...any) error {
	return &exitError{code: ExitUsage, err: fmt.Errorf(format, args...)}
}

// wrongArgs lets a command, also one of another package, end as its arguments
// deserve: with a command that runs.
func (a *App) wrongArgs(cmd *cobra.Command) *cobra.Command {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if exit := (*exitError)(nil); errors.As(err, &exit) {
				err = exit.err
			}
			switch {
			case err == nil:
				return nil
			case strings.Contains(err.Error(), "\nhint: "):
				return wrongUse("%w", err)
			}
			return wrongUse("%w\nhint: %s", err, a.example(cmd, time.UTC))
		}
	}
	return cmd
}
