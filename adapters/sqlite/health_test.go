package sqlite

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	check := func(files ...string) {
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
		if after := list(t, dir); !slices.Equal(before, after) {
			t.Errorf("the check made %q of the files %q", after, before)
		}
	}
	check() // nothing there yet
	populate(t, s)
	check("ledger.db", "ledger.db-shm", "ledger.db-wal") // in use
	must(t, s.Close())
	check("ledger.db")
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
