package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice"
	"github.com/openstack-artifice/artifice/cli"
)

// Every command line of the program that a document names, in a line of its own
// or within a sentence, is one that it understands: commands and flags exist.
func TestShownCommandLines(t *testing.T) {
	root := filepath.Join("..", "..")
	out, err := exec.Command("git", "-C", root, "ls-files", "-z", "--", "*.md").Output()
	if err != nil {
		t.Skip("the documents are listed by git: ", err)
	}
	shown := regexp.MustCompile("(?m)(?:^    (?:go run \\./cmd/)?|`(?:sudo -u artifice )?)artifice ([a-z][^`#]*?)(?: *#.*)?(?:`|$)")
	word := regexp.MustCompile(`"[^"]*"|\S+`)
	seen := 0
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		noError(t, err)
		for _, m := range shown.FindAllStringSubmatch(string(text), -1) {
			line, _, _ := strings.Cut(m[1], " | ") // the rest is another program's
			words := word.FindAllString(line, -1)
			var help, talk bytes.Buffer
			app := &cli.App{Registry: artifice.Registry(), Stdout: &help, Stderr: &talk, Now: time.Now, Commands: []cli.Command{demo}}
			// A flag at the end may want a value. What is no command has the help of all.
			code := app.Run(t.Context(), append(words, "VALUE", "--help")...)
			if code != cli.ExitDone || !strings.Contains(help.String(), "\n  artifice "+words[0]) {
				t.Errorf("%s: artifice %s: %s", name, m[1], &talk)
			}
			seen++
		}
	}
	if seen < 50 {
		t.Errorf("%d command lines only", seen)
	}
	t.Logf("%d command lines", seen)
}
