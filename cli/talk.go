package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// talk is how much a program says on stderr. Results go to stdout, and nothing
// of this changes them. There is no colour in either.
type talk struct{ quiet, verbose bool }

func (t *talk) register(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.BoolVarP(&t.quiet, "quiet", "q", false, "say nothing but errors, and what somebody must do something about")
	flags.BoolVarP(&t.verbose, "verbose", "v", false, "say which config, adapters and times are used")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if t.quiet && t.verbose {
			return wrongUse("--quiet goes without --verbose")
		}
		return nil
	}
}

// report writes an error, a line for each mistake. Positioned lines stay as
// they are, so that editors can jump to them.
func (a *App) report(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(a.Stderr, clean(line))
	}
}

// sayf says something that is good to know, unless the user wants it quiet.
func (a *App) sayf(format string, args ...any) {
	if !a.talk.quiet {
		a.warnf(format, args...)
	}
}

// detailf says something to users who want to know all.
func (a *App) detailf(format string, args ...any) {
	if a.talk.verbose {
		a.warnf(format, args...)
	}
}

// warnf says what somebody must do something about.
func (a *App) warnf(format string, args ...any) {
	fmt.Fprintln(a.Stderr, clean(fmt.Sprintf(format, args...)))
}
