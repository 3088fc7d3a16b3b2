package gen

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// describeMain is "artifice-gen describe path:Type".
func describeMain(ctx context.Context, cmd Command) int {
	f := newFlags(cmd, "artifice-gen describe prints the section of an adapter, with every key that it takes.\n\nusage:\n    artifice-gen describe [flags] path:Type\n\nflags:\n")
	if code, done := f.parse(cmd, cmd.Args[1:], 1); done {
		return code
	}
	f.ReadOnly = true
	section, err := Describe(ctx, f.Options, f.set.Arg(0))
	if err != nil {
		return fail(cmd, err)
	}
	cmd.Stdout.Write(section)
	return exitOK
}

// listMain is "artifice-gen list [packages]".
func listMain(ctx context.Context, cmd Command) int {
	f := newFlags(cmd, "artifice-gen list finds adapters, in the deployment's module and Artifice's own where no packages are named.\n\nusage:\n    artifice-gen list [flags] [packages]\n\nflags:\n")
	if code, done := f.parse(cmd, cmd.Args[1:], -1); done {
		return code
	}
	f.ReadOnly = true
	found, err := List(ctx, f.Options, f.patterns())
	if err != nil {
		return fail(cmd, err)
	}
	w := tabwriter.NewWriter(cmd.Stdout, 0, 0, 2, ' ', 0)
	for _, a := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\n", a.Kind, a.Reference, a.Synopsis)
	}
	if err := w.Flush(); err != nil {
		return fail(cmd, err)
	}
	return exitOK
}

// referenceMain is "artifice-gen reference [packages]".
func referenceMain(ctx context.Context, cmd Command) int {
	f := newFlags(cmd, "artifice-gen reference writes a page with every key of every adapter, in Markdown. Without packages it looks where list does.\n\nusage:\n    artifice-gen reference [flags] [packages]\n\nflags:\n")
	file := f.set.String("o", "", "the `file` to write, instead of the standard output")
	if code, done := f.parse(cmd, cmd.Args[1:], -1); done {
		return code
	}
	f.ReadOnly = true
	page, err := Reference(ctx, f.Options, f.patterns())
	if err == nil && *file != "" {
		err = os.WriteFile(f.abs(*file), page, 0o644)
	} else if err == nil {
		_, err = cmd.Stdout.Write(page)
	}
	if err != nil {
		return fail(cmd, err)
	}
	return exitOK
}

// patterns are the packages that the command line names, or where adapters are
// looked for otherwise.
func (f *flags) patterns() []string {
	if f.set.NArg() > 0 {
		return f.set.Args()
	}
	return []string{"./...", artifice + "/adapters/..."}
}

// initMain is "artifice-gen init DIR".
func initMain(ctx context.Context, cmd Command) int {
	f := newFlags(cmd, "artifice-gen init makes a deployment: a package of the module that DIR lies in, or a module of its own.\n\nusage:\n    artifice-gen init [flags] DIR\n\nflags:\n")
	start := Start{References: map[string]string{}}
	f.set.StringVar(&start.Module, "module", "", "the `path` of a module to make, even within another")
	references := map[string]*string{
		"invoice":     f.set.String("invoice", "adapters.csv:Invoice", "the invoice adapter, as `path:Type`"),
		"source":      f.set.String("source", "adapters.ceilometer:Source", "the source, as `path:Type`"),
		"store":       f.set.String("store", "adapters.sqlite:Store", "the store, as `path:Type`"),
		"transformer": f.set.String("transformer", "", "a transformer, as `path:Type`"),
	}
	if code, done := f.parse(cmd, cmd.Args[1:], 1); done {
		return code
	}
	for kind, reference := range references {
		start.References[kind] = *reference
	}
	start.Dir = f.set.Arg(0)
	written, err := Init(ctx, f.Options, start)
	if err != nil {
		return fail(cmd, err)
	}
	for _, file := range written {
		fmt.Fprintf(cmd.Stdout, "wrote %s\n", file)
	}
	fmt.Fprintf(cmd.Stdout, "\nGive the keys of %s that need one a value. Then:\n    cd %s\n    go generate ./...\n    go mod tidy\n    go build ./cmd/...\n",
		filepath.Join(start.Dir, DefaultConfig), start.Dir)
	return exitOK
}

// fail prints what is wrong and returns the exit code for it.
func fail(cmd Command, err error) int {
	for _, m := range mistakesOf(err) {
		fmt.Fprintln(cmd.Stderr, m.text)
	}
	return exitMistake
}
