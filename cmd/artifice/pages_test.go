package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/openstack-artifice/artifice/internal/shown"
)

// A document is one whose commands are run, one after the other, as if they
// were typed: one that changes the directory does so for those that follow.
type document struct {
	name      string
	commands  int    // at least
	archive   string // in testdata: what is there at first
	installed bool   // from the package: that has directories, and only root writes to that of configs
	recorded  bool   // the recorded samples are in ~/samples, and commands that fail say so
}

var pages = []document{
	{name: "first-ten-minutes", commands: 20, recorded: true},
	{name: "tutorial", commands: 10},
	{name: "operations", commands: 16, archive: "pages/operations.txtar", installed: true},
	{name: "moving-over", commands: 3, archive: "pages/moving-over.txtar"},
	{name: "billing", commands: 9, archive: "script/late.txtar"},
}

// block is a block of a page. One with a file's name is that file's content;
// one of kind console is commands, each after "$ ", and what they say.
var block = regexp.MustCompile("(?ms)^```(\\w+)(?: (\\S+))?\n(.*?)^```$")

// Every command of these pages works, and says what the page shows.
func TestPages(t *testing.T) {
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "..", "docs", p.name+".md"))
			noError(t, err)
			r := newReader(t, p)
			commands := 0
			for _, b := range block.FindAllStringSubmatch(string(text), -1) {
				if name := b[2]; name != "" {
					path := filepath.Join(r.dir, name)
					noError(t, os.MkdirAll(filepath.Dir(path), 0o755))
					noError(t, os.WriteFile(path, []byte(b[3]), 0o644))
					continue
				}
				if b[1] != "console" {
					continue
				}
				// A prompt after an empty line is one that a command has printed.
				text := strings.ReplaceAll("\n"+b[3], "\n\n$ ", "\n\n\x00")
				for _, step := range strings.Split(text, "\n$ ")[1:] {
					step = strings.ReplaceAll(step, "\x00", "$ ")
					command, output, _ := strings.Cut(strings.TrimSuffix(step, "\n"), "\n")
					commands++
					said, err := r.types(command)
					// What fails and shows what it says is shown to fail.
					if err != nil && (!p.recorded || output == "") {
						t.Fatalf("%s: %v\n%s", command, err, said)
					}
					if output != "" && !shown.Of(output, said) {
						t.Errorf("%s says\n%s\nand not\n%s", command, said, output)
					}
				}
			}
			if r.installed != nil {
				if now := listed(t, r.config()); !slices.Equal(now, r.installed) {
					t.Errorf("the page writes where only root may: there was %q, and is %q", r.installed, now)
				}
			}
			if commands < p.commands {
				t.Errorf("the page shows %d commands", commands)
			}
		})
	}
}

// A reader is who types what a page shows.
type reader struct {
	t         *testing.T
	dir       string // where they are
	home      string
	env       []string
	root      string   // of the package's directories
	installed []string // what is in the package's directory of configs, nil where it is not installed
}

// config is where an installed package has its config.
func (r *reader) config() string { return filepath.Join(r.root, "etc", "artifice") }

// listed is what a directory has.
func listed(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	noError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// types runs a command where the last one has led, and returns what it says.
func (r *reader) types(command string) (string, error) {
	where := filepath.Join(r.home, ".where")
	if r.installed != nil {
		for _, dir := range []string{"/etc/artifice", "/var/lib/artifice"} {
			command = strings.ReplaceAll(command, " "+dir, " "+r.root+dir)
		}
	}
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", command+"\ncode=$?; pwd >'"+where+"'; exit $code")
	cmd.Dir, cmd.Env = r.dir, r.env
	said, err := cmd.CombinedOutput()
	dir, readErr := os.ReadFile(where)
	noError(r.t, readErr)
	r.dir = strings.TrimSpace(string(dir))
	// Accountants' files end their lines in another way.
	text := strings.ReplaceAll(string(said), "\r\n", "\n")
	if r.installed != nil {
		text = strings.ReplaceAll(text, r.root+"/", "/")
	}
	return text, err
}

// newReader prepares a directory, and programs that stand for those that a
// test must not run: systemctl looks whether there are such units, git finds
// this repository where the web has it, and go has built already.
func newReader(t *testing.T, p document) *reader {
	t.Helper()
	r := &reader{t: t, dir: t.TempDir(), home: t.TempDir()}
	r.root = r.dir
	bin := filepath.Join(r.home, "go", "bin")
	noError(t, os.MkdirAll(bin, 0o755))
	self, err := os.Executable()
	noError(t, err)
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	noError(t, err)
	artifice := asArtifice + `=1 exec "` + self + `" "$@"`
	for name, script := range map[string]string{
		"artifice":  artifice,
		"sudo":      `while [ "${1#-}" != "$1" ]; do shift 2; done; exec "$@"`,
		"systemctl": `for unit; do case $unit in artifice-*) test -f "` + repository + `/packaging/systemd/$unit" || exit 1 ;; esac; done`,
		"apt":       "exit 0",
		"go":        "test -d cmd/artifice || exit 1\ncase \"$1 $2\" in\n'install ./cmd/artifice') ;;\n'run ./cmd/artifice') shift 2; " + artifice + " ;;\n*) exit 1 ;;\nesac",
	} {
		noError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	if p.archive != "" {
		files, err := txtar.ParseFile(filepath.Join("testdata", filepath.FromSlash(p.archive)))
		noError(t, err)
		noError(t, txtar.Write(files, r.dir))
	}
	if p.installed {
		r.installed = listed(t, r.config())
		// Root, whom this does not stop, is found out by what there is at the end.
		noError(t, os.Chmod(r.config(), 0o555))
		t.Cleanup(func() { _ = os.Chmod(r.config(), 0o755) })
	}
	if p.recorded {
		shared := os.Getenv("ARTIFICE_SHARED")
		switch {
		case shared != "":
		case os.Getenv("ARTIFICE_REQUIRE_SERVICES") != "":
			t.Fatal("set ARTIFICE_SHARED to the directory of recorded data")
		default:
			t.Skip("set ARTIFICE_SHARED to the directory of recorded data")
		}
		noError(t, os.Symlink(filepath.Join(shared, "data", "ceilometer-2013"), filepath.Join(r.home, "samples")))
	}
	r.env = append(os.Environ(), "HOME="+r.home, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+repository+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/openstack-artifice/artifice")
	return r
}
