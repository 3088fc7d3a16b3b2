// Package rig gives tests a real Keystone and a real Gnocchi, on loopback, from
// Debian's packages. rig.sh, which can be run by hand as well, makes a rig,
// starts and stops its servers, and says in its head how; this package runs it.
//
// Tests that only ask use the rig of [Shared], those that stop servers one of
// their own, from [Start]. A package whose tests use Shared has
//
//	func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
//
// Starting takes half a minute on a machine with nothing else to do, so a rig
// that runs already can be named: with ARTIFICE_OPENSTACK=DIR every test process
// shares the rig in DIR.
package rig

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed rig.sh
var script string

// A Server is one of a rig's.
type Server string

// The servers of a rig.
const (
	Keystone Server = "keystone"
	Gnocchi  Server = "gnocchi"
	Metricd  Server = "metricd"
	Postgres Server = "postgres" // Gnocchi's; Keystone has none
)

// The login of the rig's administrator.
const (
	Username = "admin"
	Password = "adminpw"
	Project  = "admin"
	Domain   = "Default"
)

// A Rig is a Keystone and a Gnocchi that run.
type Rig struct {
	Dir      string // logs are in log/
	Keystone string // http://127.0.0.1:PORT/v3
	Gnocchi  string // http://127.0.0.1:PORT
	Database string // Gnocchi's, as PostgreSQL's clients are told

	mu    sync.Mutex
	token string // of the administrator
}

const (
	existing = "ARTIFICE_OPENSTACK"
	required = "ARTIFICE_REQUIRE_SERVICES"
	patience = 10 * time.Minute
)

var shared struct {
	once sync.Once
	rig  *Rig
	err  error
	own  bool
}

// Main runs a package's tests and stops the rig of Shared. It returns the exit
// code.
func Main(m *testing.M) int {
	code := m.Run()
	if err := Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// Close stops the rig that Shared has started, if it has, for packages that run
// their tests in a way of their own.
func Close() error {
	if shared.rig == nil || !shared.own {
		return nil
	}
	return shared.rig.remove()
}

// Shared returns the rig that ARTIFICE_OPENSTACK names, or else one that this
// process starts once. Its servers are not to be stopped; what a test makes
// in it has names that no other test uses. Where packages are missing the test
// is skipped, or with ARTIFICE_REQUIRE_SERVICES=1 fails.
func Shared(t testing.TB) *Rig {
	t.Helper()
	dir := os.Getenv(existing)
	if dir == "" {
		need(t)
	}
	shared.once.Do(func() {
		if dir != "" {
			shared.rig, shared.err = open(dir)
		} else {
			shared.rig, shared.err = start()
			shared.own = true
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.rig
}

// Start makes and starts a rig for one test, and removes it after it. settings
// are variables of rig.sh, such as "TOKEN_LIFETIME=60". Tests are skipped as by
// Shared.
func Start(t testing.TB, settings ...string) *Rig {
	t.Helper()
	need(t)
	r, err := start(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.remove(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// need skips a test where no rig can be started.
func need(t testing.TB) {
	t.Helper()
	reason := ""
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		reason = "a rig of Keystone and Gnocchi needs Debian's packages, and this is no Debian"
	} else if out, err := run("", "missing"); err != nil {
		t.Fatal(err)
	} else if missing := strings.Join(strings.Fields(out), " "); missing != "" {
		reason = "for a rig of Keystone and Gnocchi install " + missing + ": internal/openstack/rig/rig.sh install"
	}
	switch {
	case reason == "":
	case os.Getenv(required) == "1":
		t.Fatal(reason)
	default:
		t.Skip(reason)
	}
}

// start makes a rig in a new directory, which ends with this process at the
// latest.
func start(settings ...string) (*Rig, error) {
	dir, err := os.MkdirTemp("", "rig")
	if err != nil {
		return nil, err
	}
	settings = append(settings, fmt.Sprintf("OWNER=%d", os.Getpid()))
	if _, err := run(dir, "up", settings...); err != nil {
		_, downErr := run(dir, "down")
		return nil, fmt.Errorf("%w (logs are in %s)%s", err, filepath.Join(dir, "log"), also(downErr))
	}
	return open(dir)
}

func also(err error) string {
	if err == nil {
		return ""
	}
	return "; " + err.Error()
}

// open reads where the servers of a rig are.
func open(dir string) (*Rig, error) {
	f, err := os.Open(filepath.Join(dir, "rig.env"))
	if err != nil {
		return nil, fmt.Errorf("%s is no rig: %w", dir, err)
	}
	defer f.Close()
	values := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		values[name] = value
	}
	return &Rig{
		Dir:      dir,
		Keystone: "http://127.0.0.1:" + values["KEYSTONE_PORT"] + "/v3",
		Gnocchi:  "http://127.0.0.1:" + values["GNOCCHI_PORT"],
		Database: "host=127.0.0.1 user=postgres dbname=gnocchi port=" + values["POSTGRES_PORT"],
	}, nil
}

// run runs rig.sh, and returns what it says.
func run(dir, command string, settings ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	arguments := append([]string{"-c", script, "rig.sh"}, strings.Fields(command)...)
	cmd := exec.CommandContext(ctx, "bash", arguments...)
	cmd.Env = append(os.Environ(), "RIG="+dir)
	cmd.Env = append(cmd.Env, settings...)
	// A file, not a pipe: servers must not keep Run waiting.
	out, err := os.CreateTemp("", "rig")
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	runErr := cmd.Run()
	said, err := os.ReadFile(out.Name())
	if err != nil {
		return "", err
	}
	if runErr != nil {
		return "", fmt.Errorf("rig.sh %s: %w\n%s", command, runErr, bytes.TrimSpace(said))
	}
	return string(said), nil
}

func (r *Rig) remove() error {
	if _, err := run(r.Dir, "down"); err != nil {
		return err
	}
	return os.RemoveAll(r.Dir)
}

// Run starts a server that was stopped or killed, and waits until it serves.
func (r *Rig) Run(t testing.TB, s Server) { t.Helper(); r.must(t, "start "+string(s)) }

// Stop asks a server to stop, and waits until it has.
func (r *Rig) Stop(t testing.TB, s Server) { t.Helper(); r.must(t, "stop "+string(s)) }

// Kill ends a server at once, as a crash would.
func (r *Rig) Kill(t testing.TB, s Server) { t.Helper(); r.must(t, "kill "+string(s)) }

// Pause halts a server: it takes connections, and does not answer.
func (r *Rig) Pause(t testing.TB, s Server) { t.Helper(); r.must(t, "pause "+string(s)) }

// Resume lets a server go on that was paused.
func (r *Rig) Resume(t testing.TB, s Server) { t.Helper(); r.must(t, "resume "+string(s)) }

func (r *Rig) must(t testing.TB, command string) {
	t.Helper()
	if r == shared.rig {
		t.Fatalf("%s: the shared rig is for tests that only ask; use rig.Start", command)
	}
	if _, err := run(r.Dir, command); err != nil {
		t.Fatal(err)
	}
}
