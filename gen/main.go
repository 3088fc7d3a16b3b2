package gen

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// Exit codes of the command.
const (
	exitOK      = 0
	exitStale   = 1 // -check or -diff: the registry on disk is not what it should be
	exitMistake = 2 // the deployment has mistakes, or the command line does
)

// A Command is one run of artifice-gen.
type Command struct {
	Args   []string // without the program's name
	Dir    string   // the working directory; "" is that of the process
	Env    []string // nil is that of the process
	Stdout io.Writer
	Stderr io.Writer
}

const usageText = `artifice-gen writes the Go code that links the adapters of a deployment.

usage:
    artifice-gen [flags]                    write the registry of artifice.ini
    artifice-gen -check                     exit with 1 where it is not up to date
    artifice-gen -diff                      show how it would change
    artifice-gen describe path:Type         print every key that an adapter takes
    artifice-gen list [packages]            find the adapters in packages
    artifice-gen reference [packages]       write a page with the keys of all adapters
    artifice-gen init DIR                   make a deployment

flags:
`

const usageExample = `
exit status: 0 done, 1 not up to date (-check, -diff), 2 mistakes

try:
    artifice-gen describe adapters.csv:Invoice
`

// flags are what the command line says beside the options.
type flags struct {
	Options
	set                       *flag.FlagSet
	check, diff, json, github bool
}

// newFlags declares the flags that every command has.
func newFlags(cmd Command, usage string) *flags {
	f := &flags{Options: Options{Dir: cmd.Dir, Env: cmd.Env}, set: flag.NewFlagSet("artifice-gen", flag.ContinueOnError)}
	f.set.SetOutput(cmd.Stderr)
	f.set.StringVar(&f.Config, "config", DefaultConfig, "the config `file`")
	f.set.StringVar(&f.Out, "out", "", "the registry to write, a Go `file` (default "+DefaultOut+" beside the config)")
	f.set.StringVar(&f.GOOS, "goos", "", "the operating `system` that the deployment is built for")
	f.set.StringVar(&f.GOARCH, "goarch", "", "the `architecture` that the deployment is built for")
	f.set.StringVar(&f.Tags, "tags", "", "build `tags`, separated by commas")
	f.set.Usage = func() {
		fmt.Fprint(cmd.Stderr, usage)
		f.set.PrintDefaults()
		fmt.Fprint(cmd.Stderr, usageExample)
	}
	return f
}

// Main is the command artifice-gen. It returns the exit code: 0 where it is done,
// 1 where -check or -diff found the registry out of date, 2 where the deployment
// or the command line has mistakes, which are on Stderr then.
func Main(ctx context.Context, cmd Command) int {
	if len(cmd.Args) > 0 {
		switch name := cmd.Args[0]; {
		case name == "describe":
			return describeMain(ctx, cmd)
		case name == "init":
			return initMain(ctx, cmd)
		case name == "list":
			return listMain(ctx, cmd)
		case name == "reference":
			return referenceMain(ctx, cmd)
		case !strings.HasPrefix(name, "-"):
			fmt.Fprintf(cmd.Stderr, "artifice-gen: unknown command %q%s\nhint: artifice-gen -h\n", name, meant(name, []string{"describe", "init", "list", "reference"}))
			return exitMistake
		}
	}
	f := newFlags(cmd, usageText)
	f.set.BoolVar(&f.check, "check", false, "write nothing; exit with 1 where the registry is not up to date")
	f.set.BoolVar(&f.diff, "diff", false, "write nothing; show how the registry would change, and exit with 1 where it would")
	f.set.BoolVar(&f.json, "json", false, "print what was found as JSON on the standard output")
	f.set.BoolVar(&f.github, "github", false, "print mistakes as annotations of a GitHub workflow as well")
	f.set.BoolVar(&f.NoRun, "no-run", false, "leave out the check that runs the new registry")
	if code, done := f.parse(cmd, cmd.Args, 0); done {
		return code
	}
	if f.json && f.github {
		fmt.Fprintln(cmd.Stderr, "artifice-gen: -json and -github both write to the standard output\nhint: run it twice")
		return exitMistake
	}
	f.ReadOnly = f.check || f.diff
	return f.run(ctx, cmd)
}

// parse parses the command line, which has a number of arguments, or any where
// it is negative. Where that is all there is to do, it returns the exit code.
func (f *flags) parse(cmd Command, args []string, arguments int) (code int, done bool) {
	switch err := f.set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK, true
	case err != nil:
		return exitMistake, true
	case arguments >= 0 && f.set.NArg() != arguments:
		fmt.Fprintf(cmd.Stderr, "artifice-gen: %d arguments, want %d\nhint: artifice-gen -h\n", f.set.NArg(), arguments)
		return exitMistake, true
	}
	return exitOK, false
}

// run generates, and does with the output what the flags ask for.
func (f *flags) run(ctx context.Context, cmd Command) int {
	r := report{Config: f.Config}
	out, err := Generate(ctx, f.Options)
	if err == nil {
		r.Registry = f.name(out.Path)
		r.Adapters, r.Notes = adaptersOf(out), out.Notes
		if f.check || f.diff {
			r.Changed, err = out.Stale()
		} else {
			r.Changed, err = out.Write()
		}
	}
	if err == nil && f.diff {
		var text []byte
		text, err = out.Diff(r.Registry)
		r.Diff = string(text)
	}
	r.Mistakes = mistakesOf(err)
	switch {
	case f.json:
		if err := r.printJSON(cmd.Stdout); err != nil {
			fmt.Fprintf(cmd.Stderr, "artifice-gen: %v\n", err)
			return exitMistake
		}
	default:
		f.print(r, cmd)
	}
	if f.github {
		r.printGitHub(cmd.Stdout)
	}
	switch {
	case err != nil:
		return exitMistake
	case r.Changed && f.ReadOnly:
		return exitStale
	}
	return exitOK
}

// print tells a person: mistakes and notes on the standard error, the rest on
// the standard output.
func (f *flags) print(r report, cmd Command) {
	for _, m := range r.Mistakes {
		fmt.Fprintln(cmd.Stderr, m.text)
	}
	if len(r.Mistakes) > 0 {
		return
	}
	for _, note := range r.Notes {
		fmt.Fprintf(cmd.Stderr, "note: %s\n", note)
	}
	switch {
	case f.diff:
		io.WriteString(cmd.Stdout, r.Diff)
	case f.check && r.Changed:
		fmt.Fprintf(cmd.Stderr, "%s is not what %s asks for\nhint: run go generate, or see artifice-gen -diff\n", r.Registry, r.Config)
	case f.check:
		fmt.Fprintf(cmd.Stdout, "%s is up to date\n", r.Registry)
	default:
		for _, a := range r.Adapters {
			fmt.Fprintf(cmd.Stdout, "%s = %s:%s\n", a.Key, a.Package, a.Type)
		}
		if r.Changed {
			fmt.Fprintf(cmd.Stdout, "wrote %s\n", r.Registry)
		} else {
			fmt.Fprintf(cmd.Stdout, "%s is up to date\n", r.Registry)
		}
	}
}

// name is a file as a person would call it from the working directory.
func (f *flags) name(file string) string {
	dir, err := filepath.Abs(f.Dir)
	if err != nil {
		return file
	}
	return relativeName(dir, file)
}

func adaptersOf(out *Output) []adapterReport {
	list := make([]adapterReport, len(out.Adapters))
	for i, a := range out.Adapters {
		list[i] = adapterReport{Key: a.Key, Reference: a.Reference, Package: a.Package, Type: a.Type}
	}
	return list
}

func mistakesOf(err error) []mistake {
	var list []mistake
	for _, e := range asErrors(config.Merge(err)) {
		list = append(list, mistake{
			File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Col,
			Message: e.Err.Error(), Detail: e.Detail,
			text: e.Error(),
		})
	}
	return list
}
