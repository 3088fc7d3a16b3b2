// Package packaging_test holds the units, the container file and the Debian
// package against the program that they run.
package packaging_test

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// scratch is where the program is built.
var scratch string

// program builds what a package or a container holds, once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "artifice")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "../cmd/artifice")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "artifice-packaging"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func built(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// missing skips a test for want of something, unless nothing may be wanting.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("ARTIFICE_REQUIRE_SERVICES") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run runs a command, which must succeed, and returns what it says.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

// licensed wants, of every module that is linked into a program, the licence in
// what is handed on with it, and Go's.
func licensed(t *testing.T, program, notices string) {
	t.Helper()
	linked, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if len(linked.Deps) < 20 || !strings.Contains(notices, "\n== Go "+linked.GoVersion+"\n") {
		t.Errorf("%d modules are linked; what is handed on lacks them, or Go's licence", len(linked.Deps))
	}
	for _, module := range linked.Deps {
		_, text, _ := strings.Cut(notices, "\n== "+module.Path+" "+module.Version+": ")
		text, _, _ = strings.Cut(text, "\n== ")
		if !terms.MatchString(text) {
			t.Errorf("the licence of %s is not handed on", module.Path)
		}
	}
}

// terms finds a licence's words.
var terms = regexp.MustCompile(`(?i)permission|permitted|public domain`)

// The program needs no file of the machine that it runs on: no loader, no
// library, no time zones. In an empty directory that is its root it bills a
// month.
func TestStatic(t *testing.T) {
	path := built(t)
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program wants a loader: it is not static")
		}
	}
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("the program wants %v, %v", libraries, err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may change the root directory: the rest needs root")
	}
	root := t.TempDir()
	if err := os.Link(path, filepath.Join(root, "artifice")); err != nil {
		run(t, exec.Command("cp", path, root))
	}
	cmd := within(root, "/artifice", "demo", "--dir", "/demo")
	if out := run(t, cmd); !strings.Contains(out, "total NZD") || !strings.Contains(out, "+13:00") {
		t.Errorf("the demo says\n%s", out)
	}
}

// within is a command whose root directory is another, and whose environment is
// empty.
func within(root, program string, args ...string) *exec.Cmd {
	return &exec.Cmd{
		Path: program, Args: append([]string{program}, args...), Dir: "/", Env: []string{"TMPDIR=/"},
		SysProcAttr: &syscall.SysProcAttr{Chroot: root},
	}
}

// commandLines finds what units, and cron, run.
var commandLines = regexp.MustCompile(`(?m)^(?:ExecStart=/usr/bin/|[\d*][^#\n]*?  artifice  )(artifice [^>\n]*)`)

// What units and cron run are commands that the program understands.
func TestCommands(t *testing.T) {
	files, err := filepath.Glob("systemd/*.service")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range append(files, "artifice.cron") {
		for _, m := range commandLines.FindAllStringSubmatch(read(t, file), -1) {
			words := strings.Fields(m[1])
			// What goes to the journal is a line for each tenant and step.
			if file != "artifice.cron" && !strings.Contains(m[1], " --log-format text ") {
				t.Errorf("%s logs in words: %s", file, m[1])
			}
			run(t, exec.Command(built(t), append(words[1:], "--help")...))
			seen++
		}
	}
	if want := len(files) + 2; seen != want {
		t.Errorf("%d command lines, want %d", seen, want)
	}
}

// systemd understands the units, and finds little that they are exposed to.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		missing(t, "install systemd: apt-get install systemd")
	}
	dir := t.TempDir()
	var units, services []string
	for _, pattern := range []string{"*.service", "*.timer"} {
		files, err := filepath.Glob(filepath.Join("systemd", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			unit := filepath.Join(dir, filepath.Base(file))
			text := strings.ReplaceAll(read(t, file), "/usr/bin/artifice", built(t))
			if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			units = append(units, unit)
			if pattern == "*.service" {
				services = append(services, unit)
			}
		}
	}
	if out := run(t, exec.Command("systemd-analyze", append([]string{"verify", "--man=no", "--recursive-errors=no"}, units...)...)); out != "" {
		t.Errorf("systemd-analyze verify says\n%s", out)
	}
	for _, service := range services {
		// Of 100, where 0 is best.
		run(t, exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", service))
	}
}
