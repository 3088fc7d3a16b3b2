package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
)

// checks returns the names of the checks and their failures.
func checks(t *testing.T, s *Store) (names []string, err error) {
	t.Helper()
	for name, e := range s.CheckHealth(t.Context()) {
		names = append(names, name)
		err = errors.Join(err, e)
	}
	return names, err
}

// TestHealth: a check of what works finds nothing wrong, and changes nothing.
func TestHealth(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	s := newStore(t, path)
	check := func(want ledger.Presence, files ...string) {
		t.Helper()
		before := list(t, dir)
		if !slices.Equal(before, files) {
			t.Fatalf("got files %q, want %q", before, files)
		}
		names, err := checks(t, newStore(t, path))
		must(t, err)
		if len(names) != 2 || names[0] != "directory "+dir || !strings.HasPrefix(names[1], "database "+path) {
			t.Errorf("got the checks %q", names)
		}
		presence, err := newStore(t, path).Probe(t.Context())
		if must(t, err); presence != want {
			t.Errorf("got the presence %d, want %d", presence, want)
		}
		if after := list(t, dir); !slices.Equal(before, after) {
			t.Errorf("the check made %q of the files %q", after, before)
		}
	}
	check(ledger.Absent)
	populate(t, s)
	check(ledger.Present, "ledger.db", "ledger.db-shm", "ledger.db-wal") // in use
	must(t, s.Close())
	check(ledger.Present, "ledger.db")
}

// TestProbe: what is of an older version is told, and left as it is; what is no
// ledger, and where none can be, is an error.
func TestProbe(t *testing.T) {
	old := versionFile(t, 1)
	before, err := os.ReadFile(old)
	must(t, err)
	presence, err := newStore(t, old).Probe(t.Context())
	if must(t, err); presence != ledger.Outdated {
		t.Errorf("got the presence %d of version 1", presence)
	}
	if after, err := os.ReadFile(old); err != nil || !slices.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
	empty := filepath.Join(t.TempDir(), "empty.db")
	must(t, os.WriteFile(empty, nil, 0o600))
	for path, want := range map[string]string{
		empty: "is empty: restore it from a backup",
		filepath.Join(t.TempDir(), "nowhere", "ledger.db"): "the directory is not there: mkdir -p ",
	} {
		if _, err := newStore(t, path).Probe(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestHealthLeftEarly: whoever asks for one check gets one.
func TestHealthLeftEarly(t *testing.T) {
	for name := range newStore(t, filepath.Join(t.TempDir(), "ledger.db")).CheckHealth(t.Context()) {
		if !strings.HasPrefix(name, "directory ") {
			t.Errorf("the first check is %q", name)
		}
		break
	}
}
