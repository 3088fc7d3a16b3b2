package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/openstack-artifice/artifice"
	"github.com/openstack-artifice/artifice/cli"
)

// Every command that docs/billing.md shows works, one after the other, and says
// what the page shows.
func TestBillingDoc(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "billing.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := txtar.ParseFile(filepath.Join("testdata", "script", "late.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := txtar.Write(files, "."); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		for _, step := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, shown, _ := strings.Cut(strings.TrimSuffix(step, "\n"), "\n")
			commands++
			if said := runShown(t, command); shown != "" && !showsOf(shown, said) {
				t.Errorf("%s says\n%s\nand not\n%s", command, said, shown)
			}
		}
	}
	if commands < 9 {
		t.Errorf("the page shows %d commands", commands)
	}
}

// runShown runs a command of the page and returns what it says.
func runShown(t *testing.T, command string) string {
	t.Helper()
	words, isOurs := strings.CutPrefix(command, "artifice ")
	if !isOurs {
		for step := range strings.SplitSeq(command, " && ") {
			from, to := strings.Fields(step)[1], strings.Fields(step)[2]
			if info, err := os.Stat(to); err == nil && info.IsDir() {
				to = filepath.Join(to, from)
			}
			text, err := os.ReadFile(from)
			if err == nil {
				err = os.WriteFile(to, text, 0o644)
			}
			if err == nil && strings.HasPrefix(step, "mv ") {
				err = os.Remove(from)
			}
			if err != nil {
				t.Fatalf("%s: %v", step, err)
			}
		}
		return ""
	}
	var args []string
	for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(words, -1) {
		args = append(args, strings.Trim(word, `"`))
	}
	var said bytes.Buffer
	app := &cli.App{Registry: artifice.Registry(), Stdout: &said, Stderr: &said, Now: time.Now}
	if code := app.Run(t.Context(), args...); code != cli.ExitDone {
		t.Fatalf("%s: exit code %d\n%s", command, code, &said)
	}
	return said.String()
}

// showsOf reports whether a text is what the page shows of it: three dots stand
// for any text in a line, and on a line of their own for any lines.
func showsOf(shown, said string) bool {
	var pattern strings.Builder
	for line := range strings.SplitSeq(shown, "\n") {
		if line == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		for i, part := range strings.Split(line, "...") {
			if i > 0 {
				pattern.WriteString(`.*`)
			}
			pattern.WriteString(regexp.QuoteMeta(part))
		}
		pattern.WriteString(`[ \t]*\n`)
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(said)
}
