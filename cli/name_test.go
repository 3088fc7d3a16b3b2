package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestCalledAs(t *testing.T) {
	for path, want := range map[string]string{
		"artifice":                            "artifice",
		"acme":                                "acme",
		"./acme-billing":                      "acme-billing",
		"/usr/local/bin/acme_2.0":             "acme_2.0",
		`C:\Program Files\acme.exe`:           "acme",
		"":                                    "artifice",
		"/":                                   "artifice",
		"/usr/bin/my program":                 "artifice",
		"./acme\x1b[31m":                      "artifice",
		"/tmp/go-build1/b001/exe/acme":        "artifice", // go run
		"/tmp/go-build12/b001/artifice.test":  "artifice",
		"./acme.test":                         "artifice",
		`C:\Temp\go-build1\b001\exe\acme.exe`: "artifice",
		"/var/lib/go-builder/exes/acme":       "acme",
	} {
		if got := calledAs(path); got != want {
			t.Errorf("%q is called %q, want %q", path, got, want)
		}
	}
}

// usual finds a command line of a program with the usual name.
var usual = regexp.MustCompile(`(?m)\bartifice (--|[a-z-]+\b)`)

// A program of another name names itself in all that it says of commands.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) string {
		var out bytes.Buffer
		(&App{Stdout: &out, Stderr: &out, Program: "acme"}).Run(t.Context(), args...)
		return out.String()
	}
	texts := map[string]string{"help": run(), "bil": run("bil"), "help bil": run("help", "bil"), "wrong flag": run("bill", "--mont"), "no order": run("statement"), "help help": run("help", "help")}
	for _, cmd := range testRoot().Commands() {
		texts[cmd.Name()+" --help"] = run(cmd.Name(), "--help")
	}
	run("man", filepath.Join(dir, "man1"))
	pages, err := filepath.Glob(filepath.Join(dir, "man1", "acme-*.1"))
	if err != nil || len(pages) < 20 {
		t.Errorf("there are %d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		texts[page] = string(text)
	}
	commands := map[string]bool{"help": true, "--": true}
	for _, cmd := range testRoot().Commands() {
		commands[cmd.Name()] = true
	}
	for what, text := range texts {
		for _, found := range usual.FindAllStringSubmatch(text, -1) {
			if commands[found[1]] {
				t.Errorf("%s says %q", what, found[0])
			}
		}
	}
	for what, want := range map[string]string{
		"bil":         "hint: did you mean bill?",
		"help bil":    "hint: acme --help lists them",
		"wrong flag":  "hint: acme bill --help",
		"no order":    "hint: acme orders lists them",
		"bill --help": "  acme bill --month 2013-08\n",
		"help":        "acme reads what each tenant",
	} {
		if !strings.Contains(texts[what], want) {
			t.Errorf("%s does not say %q, but\n%s", what, want, texts[what])
		}
	}
}

// Only what is a command line is renamed.
func TestNamed(t *testing.T) {
	a := &App{Program: "acme$1"}
	a.root()
	for text, want := range map[string]string{
		"run artifice bill again; artifice status lists it":      "run acme$1 bill again; acme$1 status lists it",
		"artifice --config x":                                    "acme$1 --config x",
		"artifice import-mappings m.yml":                         "acme$1 import-mappings m.yml",
		"artifice billing, artifice.ini, artifice-gen, artifice": "artifice billing, artifice.ini, artifice-gen, artifice",
	} {
		if got := a.named(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
