package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// pages are documents whose commands are run, one after the other, in a
// directory of their own. What is there at first is in the archive of the same
// name in testdata/pages, where there is one.
var pages = []struct {
	name     string
	commands int // at least
}{
	{"tutorial", 10},
	{"operations", 14},
	{"moving-over", 3},
}

// block is a block of a page. One with a file's name is that file's content;
// one of kind console is commands, each after "$ ", and what they say.
var block = regexp.MustCompile("(?ms)^```(\\w+)(?: (\\S+))?\n(.*?)^```$")

// Every command of these pages works, and says what the page shows.
func TestPages(t *testing.T) {
	for _, page := range pages {
		t.Run(page.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "..", "docs", page.name+".md"))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			env := pageEnv(t, page.name, dir)
			commands := 0
			for _, b := range block.FindAllStringSubmatch(string(text), -1) {
				if name := b[2]; name != "" {
					path := filepath.Join(dir, name)
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(b[3]), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if b[1] != "console" {
					continue
				}
				for _, step := range strings.Split("\n"+b[3], "\n$ ")[1:] {
					command, shown, _ := strings.Cut(strings.TrimSuffix(step, "\n"), "\n")
					commands++
					cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
					cmd.Dir, cmd.Env = dir, env
					said, err := cmd.CombinedOutput()
					if err != nil {
						t.Fatalf("%s: %v\n%s", command, err, said)
					}
					// Accountants' files end their lines in another way.
					if said := strings.ReplaceAll(string(said), "\r\n", "\n"); shown != "" && !showsOf(shown, said) {
						t.Errorf("%s says\n%s\nand not\n%s", command, said, shown)
					}
				}
			}
			if commands < page.commands {
				t.Errorf("the page shows %d commands", commands)
			}
		})
	}
}

// pageEnv prepares the directory, and programs that stand for those that a
// test must not run: systemctl looks whether there are such units.
func pageEnv(t *testing.T, page, dir string) []string {
	t.Helper()
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	units, err := filepath.Abs(filepath.Join("..", "..", "packaging", "systemd"))
	if err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"artifice":  asArtifice + `=1 exec "` + self + `" "$@"`,
		"sudo":      `while [ "${1#-}" != "$1" ]; do shift 2; done; exec "$@"`,
		"systemctl": `for unit; do case $unit in artifice-*) test -f "` + units + `/$unit" || exit 1 ;; esac; done`,
		"apt":       "exit 0",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files, err := txtar.ParseFile(filepath.Join("testdata", "pages", page+".txtar"))
	if err == nil {
		err = txtar.Write(files, dir)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}
