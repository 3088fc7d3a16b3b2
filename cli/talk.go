package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

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

// begin makes ready to say what a command does, which is called as named has it.
func (t *talk) begin(cmd *cobra.Command, stderr io.Writer, named func(string) string) error {
	if t.quiet && t.verbose {
		return wrongUse("--quiet goes without --verbose")
	}
	t.open(cmd, stderr, named)
	return nil
}

// open opens the log, where one is wanted.
func (t *talk) open(cmd *cobra.Command, stderr io.Writer, named func(string) string) {
	options := &slog.HandlerOptions{Level: t.level()}
	var handler slog.Handler
	switch t.format {
	case "text":
		handler = slog.NewTextHandler(stderr, options)
	case "json":
		handler = slog.NewJSONHandler(stderr, options)
	default:
		t.log = nil
		return
	}
	t.log = slog.New(logHandler{handler, named}).With(slog.String("command", cmd.Name()))
}

// words reports whether people are told, and not a log.
func (t *talk) words() bool { return t.log == nil }

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
func (a *App) report(err error) {
	if a.talk.words() {
		a.tell(slog.LevelError, err.Error())
		return
	}
	for _, m := range mistakesOf(err) {
		a.tell(slog.LevelError, m.text, m.fields...)
	}
}

// detailf says something to users who want to know all.
func (a *App) detailf(format string, args ...any) {
	a.tell(slog.LevelDebug, fmt.Sprintf(format, args...), mentioned(args)...)
}

// sayf says something that is good to know, unless the user wants it quiet.
func (a *App) sayf(format string, args ...any) {
	a.tell(slog.LevelInfo, fmt.Sprintf(format, args...), mentioned(args)...)
}

// warnf says what somebody must do something about.
func (a *App) warnf(format string, args ...any) {
	a.tell(slog.LevelWarn, fmt.Sprintf(format, args...), mentioned(args)...)
}

// tell says something that matters so much. In a log it is one line, with the
// fields; its lines of "hint: " are one of them.
func (a *App) tell(level slog.Level, text string, fields ...slog.Attr) {
	if !a.talk.words() {
		a.talk.log.LogAttrs(context.Background(), level, text, fields...)
		return
	}
	if level < a.talk.level() {
		return
	}
	text = cleanLines(a.named(text)) + "\n"
	if a.watch != nil {
		a.watch.write(a.Stderr, text)
	} else {
		_, _ = io.WriteString(a.Stderr, text)
	}
}

// A hinted says things of which one hint says what to do: people read it once,
// below them, and a log has it in the line of each.
type hinted struct {
	app   *App
	hint  string
	told  bool
	level slog.Level // of what was said last
}

func (a *App) hinted(hint string) *hinted { return &hinted{app: a, hint: hint} }

// sayf is App.sayf.
func (h *hinted) sayf(format string, args ...any) { h.say(slog.LevelInfo, format, args) }

// warnf is App.warnf.
func (h *hinted) warnf(format string, args ...any) { h.say(slog.LevelWarn, format, args) }

func (h *hinted) say(level slog.Level, format string, args []any) {
	h.told, h.level = true, level
	h.app.tell(level, fmt.Sprintf(format, args...), append(mentioned(args), slog.String(logHint, h.hint))...)
}

// end gives people the hint, where there was something that it is for.
func (h *hinted) end() {
	if h.told && h.app.talk.words() {
		h.app.tell(h.level, "hint: "+h.hint)
	}
}
