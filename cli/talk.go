package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

// talk is how a program says on stderr what it does: in words, or in lines for
// machines. Results go to stdout, and nothing of this changes them. There is no
// colour in either.
type talk struct {
	quiet, verbose bool
	format         logFormat
	log            *slog.Logger // nil for words
}

func (t *talk) register(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.BoolVarP(&t.quiet, "quiet", "q", false, "say nothing but errors, and what somebody must do something about")
	flags.BoolVarP(&t.verbose, "verbose", "v", false, "say which config, adapters and times are used")
	flags.Var(&t.format, "log-format", "write a line for each tenant and step on stderr, instead of words: `text` or json")
}

// A logFormat is a way to write logs, "" for none.
type logFormat string

// Set implements pflag.Value.
func (f *logFormat) Set(text string) error {
	if text != "text" && text != "json" {
		return errors.New("write text or json")
	}
	*f = logFormat(text)
	return nil
}

// String implements pflag.Value.
func (f *logFormat) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *logFormat) Type() string { return "text" }

// begin makes ready to say what a command does.
func (t *talk) begin(cmd *cobra.Command, stderr io.Writer) error {
	if t.quiet && t.verbose {
		return wrongUse("--quiet goes without --verbose")
	}
	options := &slog.HandlerOptions{Level: t.level()}
	var handler slog.Handler
	switch t.format {
	case "text":
		handler = slog.NewTextHandler(stderr, options)
	case "json":
		handler = slog.NewJSONHandler(stderr, options)
	default:
		return nil
	}
	t.log = slog.New(handler).With(slog.String("command", cmd.Name()))
	return nil
}

// level is the least that is said.
func (t *talk) level() slog.Level {
	switch {
	case t.quiet:
		return slog.LevelWarn
	case t.verbose:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// report writes an error, a line for each mistake. Positioned lines stay as
// they are, so that editors can jump to them.
func (a *App) report(err error) { a.tell(slog.LevelError, err.Error()) }

// detailf says something to users who want to know all.
func (a *App) detailf(format string, args ...any) {
	a.tell(slog.LevelDebug, fmt.Sprintf(format, args...))
}

// sayf says something that is good to know, unless the user wants it quiet.
func (a *App) sayf(format string, args ...any) {
	a.tell(slog.LevelInfo, fmt.Sprintf(format, args...))
}

// warnf says what somebody must do something about.
func (a *App) warnf(format string, args ...any) {
	a.tell(slog.LevelWarn, fmt.Sprintf(format, args...))
}

// tell says something that matters so much. In a log it is one line.
func (a *App) tell(level slog.Level, text string, attrs ...slog.Attr) {
	lines := strings.Split(a.named(text), "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	text = strings.Join(lines, "\n")
	switch {
	case a.talk.log != nil:
		a.talk.log.LogAttrs(context.Background(), level, text, attrs...)
	case level < a.talk.level():
	case a.watch != nil:
		a.watch.write(a.Stderr, text+"\n")
	default:
		_, _ = io.WriteString(a.Stderr, text+"\n")
	}
}

// tellGrid says that of each row of a grid somebody must do something about it.
func (a *App) tellGrid(g *grid, what string) error {
	if a.talk.log == nil {
		return g.write(a.Stderr, "table")
	}
	for _, row := range g.rows {
		var attrs []slog.Attr
		for i, cell := range row {
			if cell != "" {
				attrs = append(attrs, slog.String(g.key(i), cell))
			}
		}
		a.tell(slog.LevelWarn, what, attrs...)
	}
	return nil
}
