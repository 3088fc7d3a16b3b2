package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func manCommand(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIRECTORY",
		Short: "write the manual: a page for each command",
		Long: "man writes the pages of the manual, made from what --help prints, into a\n" +
			"directory, which it makes where there is none. The Debian package brings them.",
		Example: "  artifice man man1",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return wrongUse("%s takes one directory", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root, codes := cmd.Root(), a.named(exitCodes)
			errs := []error{writePage(root, args[0], codes)}
			for _, c := range root.Commands() {
				if c.IsAvailableCommand() {
					errs = append(errs, writePage(c, args[0], codes))
				}
			}
			return errors.Join(errs...)
		},
	}
}

func writePage(cmd *cobra.Command, dir, codes string) error {
	return os.WriteFile(filepath.Join(dir, pageName(cmd)+".1"), page(cmd, codes), 0o644)
}

// pageName is what the page of a command is called: artifice-bill.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// page is the page of a command, for man(1), with what its exit codes say.
func page(cmd *cobra.Command, codes string) []byte {
	var p roff
	info, _ := debug.ReadBuildInfo()
	p.linef(`.TH "%s" 1 "" "artifice %s" "Artifice"`, strings.ToUpper(escape(pageName(cmd))), escape(version(info, artificeModule)))
	p.section("NAME")
	p.linef(`%s \- %s`, escape(pageName(cmd)), escape(cmd.Short))
	p.section("SYNOPSIS")
	if cmd.HasSubCommands() {
		p.linef(`\fB%s\fR COMMAND [flags]`, escape(cmd.CommandPath()))
	} else {
		name, rest, _ := strings.Cut(cmd.UseLine(), cmd.Name())
		p.linef(`\fB%s\fR%s`, escape(name+cmd.Name()), escape(rest))
	}
	p.section("DESCRIPTION")
	p.paragraphs(cmd.Long)
	if cmd.HasSubCommands() {
		p.section("COMMANDS")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				p.item(`\fB`+escape(c.Name())+`\fR`, c.Short)
			}
		}
	}
	cmd.InitDefaultHelpFlag()
	p.section("FLAGS")
	cmd.LocalFlags().VisitAll(p.flag)
	if inherited := cmd.InheritedFlags(); inherited.HasAvailableFlags() {
		p.section("FLAGS OF EVERY COMMAND")
		inherited.VisitAll(p.flag)
	}
	p.section("EXIT STATUS")
	p.verbatim(codes)
	p.section("EXAMPLES")
	p.verbatim(strings.ReplaceAll(strings.TrimSpace(cmd.Example), "\n  ", "\n"))
	p.section("SEE ALSO")
	if cmd.HasParent() {
		p.linef(`\fB%s\fR(1)`, escape(pageName(cmd.Parent())))
		return p.Bytes()
	}
	var pages []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			pages = append(pages, `\fB`+escape(pageName(c))+`\fR(1)`)
		}
	}
	p.linef("%s", strings.Join(pages, ",\n"))
	return p.Bytes()
}

// roff is a page being written.
type roff struct{ bytes.Buffer }

// linef writes lines of roff: the arguments are escaped already.
func (p *roff) linef(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *roff) section(title string) { p.linef(".SH %s", title) }

// paragraphs writes text of which the lines are filled anew.
func (p *roff) paragraphs(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.linef(".PP")
		}
		p.linef("%s", escape(paragraph))
	}
}

// verbatim writes lines as they are.
func (p *roff) verbatim(text string) {
	p.linef(".nf\n%s\n.fi", escape(text))
}

// item writes a term, which is escaped already, and what it means.
func (p *roff) item(term, text string) { p.linef(".TP\n%s\n%s", term, escape(text)) }

func (p *roff) flag(f *pflag.Flag) {
	if f.Hidden {
		return
	}
	term := `\fB` + escape("--"+f.Name) + `\fR`
	if f.Shorthand != "" {
		term = `\fB` + escape("-"+f.Shorthand) + `\fR, ` + term
	}
	name, usage := pflag.UnquoteUsage(f)
	if name != "" {
		term += ` \fI` + escape(name) + `\fR`
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" {
		usage += " (default " + f.DefValue + ")"
	}
	p.item(term, usage)
}

// escape keeps text from being taken for roff.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
