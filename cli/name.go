package cli

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// usualName is what this repository's program is called, and what hints call it
// wherever they are written: here, in the engine, in adapters and in what a
// ledger keeps.
const usualName = "artifice"

// properName is a name that people may type.
var properName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._+-]*$`)

// passing finds what go run and go test have made: nobody can type its name.
var passing = regexp.MustCompile(`/go-build[0-9]+/|\.test$`)

// calledAs is what people call the program that was started by this path.
func calledAs(path string) string {
	path = strings.TrimSuffix(strings.ReplaceAll(path, `\`, "/"), ".exe")
	name := path[strings.LastIndex(path, "/")+1:]
	if passing.MatchString(path) || !properName.MatchString(name) {
		return usualName
	}
	return name
}

// program is what the program is called.
func (a *App) program() string {
	if a.Program == "" {
		return usualName
	}
	return a.Program
}

// nameCommands makes ready to tell command lines from other text.
func (a *App) nameCommands(root, help *cobra.Command) {
	a.hints = nil
	if a.program() == usualName {
		return
	}
	words := []string{"help", `--[a-z]`}
	for _, cmd := range root.Commands() {
		words = append(words, regexp.QuoteMeta(cmd.Name())+`\b`)
	}
	a.hints = regexp.MustCompile(`\b` + usualName + ` (` + strings.Join(words, "|") + `)`)
	for _, cmd := range append(root.Commands(), root, help) {
		cmd.Long, cmd.Example = a.named(cmd.Long), a.named(cmd.Example)
	}
}

// named is a text whose hints call the program by its name: what says artifice
// bill says acme bill.
func (a *App) named(text string) string {
	if a.hints == nil {
		return text
	}
	return a.hints.ReplaceAllString(text, strings.ReplaceAll(a.program(), "$", "$$")+" $1")
}
