// Package pgtest starts PostgreSQL for tests: a private cluster in a temporary
// directory, on a loopback port of its own and a socket in that directory, run
// by a user without privileges, and stopped by its own process id.
//
// The tests of a package share one, and each has a database of its own:
//
//	var cluster pgtest.Shared
//
//	func TestMain(m *testing.M) { os.Exit(cluster.Run(m)) }
//
//	func TestStore(t *testing.T) {
//		db := cluster.Get(t).Create(t)
//		... db.URL, db.Password ...
//	}
//
// A test that kills the server starts one for itself, with [Start]. Where there
// is no PostgreSQL the test skips, and says how to install it; with
// ARTIFICE_REQUIRE_SERVICES=1 in the environment it fails.
package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// oldest is the first major version whose initdb takes the options used here.
const oldest = 15

// Options says how a cluster differs from a server as it is installed.
type Options struct {
	// NoSync lets the server leave writing to the kernel: faster, and nothing
	// that a test on a machine which stays up can notice.
	NoSync bool
	// TLS makes the server offer encryption, with the certificate in CAFile.
	TLS bool
	// Settings are parameters of the server's configuration.
	Settings map[string]string
}

// Start starts a cluster for one test, and stops it when the test is over.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, err := start(o)
	skipOrFail(t, err)
	t.Cleanup(func() {
		if err := c.remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// A Shared cluster is started when a test first asks for it. Set Options
// before.
type Shared struct {
	Options Options

	once    sync.Once
	cluster *Cluster
	err     error
}

// Run runs the tests, stops the cluster where one was started, and returns the
// code to exit with.
func (s *Shared) Run(m *testing.M) int {
	code := m.Run()
	if s.cluster == nil {
		return code
	}
	if err := s.cluster.remove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return cmp.Or(code, 1)
	}
	return code
}

// Get returns the cluster.
func (s *Shared) Get(t testing.TB) *Cluster {
	t.Helper()
	s.once.Do(func() { s.cluster, s.err = start(s.Options) })
	skipOrFail(t, s.err)
	return s.cluster
}

// errMissing says that PostgreSQL is not installed.
var errMissing = fmt.Errorf("no PostgreSQL %d or later under /usr/lib/postgresql: apt-get install postgresql-%d", oldest, oldest)

func skipOrFail(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errMissing) && os.Getenv("ARTIFICE_REQUIRE_SERVICES") != "1":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// binaries returns the directory of the newest of the installed versions, each
// of which has a directory below root.
func binaries(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, "*", "bin", "postgres"))
	if err != nil {
		return "", err
	}
	version := func(path string) int {
		n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		if err != nil {
			return 0 // 9.6, or no version at all
		}
		return n
	}
	if len(found) == 0 {
		return "", errMissing
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	if version(newest) < oldest {
		return "", errMissing
	}
	return filepath.Dir(newest), nil
}
