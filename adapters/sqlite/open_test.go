package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
)

func TestConfig(t *testing.T) {
	if _, err := NewStore(t.Context(), Config{}); err == nil || !strings.Contains(err.Error(), "path: is empty: name the database file") {
		t.Errorf("got error %v for no path", err)
	}
	err := Config{}.Validate()
	if key, ok := errors.AsType[*config.KeyError](err); !ok || key.Key != "path" {
		t.Errorf("got error %v, want one that points at the key path", err)
	}
}

// TestNewFile: the file is made at first use, complete, for its owner alone,
// and under the very name that the config says.
func TestNewFile(t *testing.T) {
	for _, name := range []string{"ledger.db", "a b?c#d%20&mode=memory;e'é.db", "file:x.db", ":memory:"} {
		dir := t.TempDir()
		s := newStore(t, filepath.Join(dir, name))
		if files := list(t, dir); len(files) != 0 {
			t.Fatalf("%q: NewStore made %v", name, files)
		}
		_, err := s.Marks(t.Context())
		must(t, err)
		want := []string{name, name + "-shm", name + "-wal"}
		if files := list(t, dir); strings.Join(files, " ") != strings.Join(want, " ") {
			t.Errorf("%q: got files %q, want %q", name, files, want)
		}
		for _, file := range list(t, dir) {
			info, err := os.Stat(filepath.Join(dir, file))
			must(t, err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, want 0600", file, info.Mode().Perm())
			}
		}
		var journal, synchronous string
		p, err := s.open(t.Context())
		must(t, err)
		must(t, p.write.QueryRow(`SELECT (SELECT journal_mode FROM pragma_journal_mode), (SELECT synchronous FROM pragma_synchronous)`).Scan(&journal, &synchronous))
		if journal != "wal" || synchronous != "2" { // 2 is FULL
			t.Errorf("got journal_mode %s, synchronous %s, want wal, 2", journal, synchronous)
		}
		if _, err := p.read.Exec(`DELETE FROM marks`); err == nil {
			t.Error("a reader's connection can write")
		}
		must(t, s.Close())
		if files := list(t, dir); strings.Join(files, " ") != name {
			t.Errorf("%q: Close leaves %q", name, files)
		}
		if _, err := s.Marks(t.Context()); err == nil || !strings.Contains(err.Error(), "the store is closed") {
			t.Errorf("got error %v from a closed store", err)
		}
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestBadFile: what cannot be a ledger is named, with the remedy, by the first
// use and by CheckHealth alike, and stays as it is.
func TestBadFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), mode))
		must(t, os.Chmod(path, mode))
		return path
	}
	copyOf := func(name string, statements ...string) string {
		s := newStore(t, filepath.Join(dir, name))
		p, err := s.open(t.Context())
		must(t, err)
		for _, statement := range statements {
			_, err := p.write.Exec(statement)
			must(t, err)
		}
		must(t, s.Close())
		return s.path
	}
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	must(t, err)
	_, err = db.Exec(`CREATE TABLE bookmarks (url TEXT)`)
	must(t, errors.Join(err, db.Close()))

	for _, test := range []struct{ name, path, want string }{
		{"no directory", filepath.Join(dir, "no", "such", "ledger.db"), "the directory is not there: mkdir -p " + filepath.Join(dir, "no", "such")},
		{"a directory", dir, "is not a file: name the database file"},
		{"under a file", filepath.Join(foreign, "ledger.db"), "not a directory"},
		{"text", write("text.db", strings.Repeat("one line of text\n", 100), 0o600), "is not an SQLite database: name another path"},
		{"empty", write("empty.db", "", 0o600), "is empty: restore it from a backup, or remove it to begin a new ledger"},
		{"another program's", foreign, "is another program's SQLite database: name another path"},
		{"newer", copyOf("newer.db", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`),
			"was written by a newer Artifice (its schema is version 99, this program knows 6): use that version of the program"},
	} {
		before, _ := os.ReadFile(test.path)
		s := newStore(t, test.path)
		_, err := s.Marks(t.Context())
		_, health := checks(t, s)
		for how, err := range map[string]error{"use": err, "check": health} {
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), test.path+": ") {
				t.Errorf("%s, %s: got error %v, want %s: ... %s", test.name, how, err, test.path, test.want)
			}
		}
		if after, _ := os.ReadFile(test.path); string(after) != string(before) {
			t.Errorf("%s: the file was changed", test.name)
		}
	}
}

// TestDiskFull: a batch that does not fit says so, and nothing of it is kept.
func TestDiskFull(t *testing.T) {
	s := populated(t)
	p, err := s.open(t.Context())
	must(t, err)
	_, err = p.write.Exec(`PRAGMA max_page_count = 60`)
	must(t, err)
	before := contents(t, s)
	err = s.Record(t.Context(), benchBatch(0, 100))
	if err == nil || !strings.Contains(err.Error(), s.path+": the disk is full, and this was not written; what was before stays: make room") {
		t.Errorf("got error %v", err)
	}
	if after := contents(t, s); after != before {
		t.Error("part of the batch was kept")
	}
}

// TestFirstUseFails: a failure to open is not remembered.
func TestFirstUseFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "ledger.db")
	s := newStore(t, path)
	if _, err := s.Marks(t.Context()); err == nil {
		t.Fatal("a store was opened in a directory that is not there")
	}
	must(t, os.Mkdir(filepath.Dir(path), 0o700))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Marks(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	_, err := s.Marks(t.Context())
	must(t, err)
}

// TestOpenTogether: stores that open a file that is not there all find the
// same one.
func TestOpenTogether(t *testing.T) {
	dir := t.TempDir()
	openTogether(t, filepath.Join(dir, "ledger.db"))
	for _, file := range list(t, dir) {
		if strings.HasPrefix(file, ".artifice-") {
			t.Errorf("the draft %s is left", file)
		}
	}
}

// openTogether lets eight stores use a file at once, each claiming a block.
func openTogether(t *testing.T, path string) {
	t.Helper()
	const n = 8
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		s := newStore(t, path)
		all.Go(func() {
			errs[i] = claim(t.Context(), s, newOrder(string(rune('a'+i)), "acme", hours(i, i+1), 1))
		})
	}
	all.Wait()
	must(t, errors.Join(errs...))
	orders, err := newStore(t, path).Orders(t.Context(), ledger.OrderFilter{})
	must(t, err)
	if len(orders) != n {
		t.Errorf("got %d orders, want %d", len(orders), n)
	}
}

// TestReadOnly: a file that may not be written can be read, also by a health
// check, and nothing beside it is made.
func TestReadOnly(t *testing.T) {
	s := populated(t)
	must(t, s.Close())
	must(t, os.Chmod(s.path, 0o400))
	dir := filepath.Dir(s.path)
	before := list(t, dir)
	s = newStore(t, s.path)
	orders, err := s.Orders(t.Context(), ledger.OrderFilter{})
	must(t, err)
	if len(orders) != 6 {
		t.Errorf("got %d orders, want 6", len(orders))
	}
	want := s.path + ": is read-only: chmod u+w " + s.path
	if err := claim(t.Context(), s, newOrder("ff", "acme", hours(60, 61), 0)); err == nil || err.Error() != want {
		t.Errorf("a claim: got error %v, want %s", err, want)
	}
	if _, err := checks(t, s); err == nil || err.Error() != want {
		t.Errorf("a check: got error %v, want %s", err, want)
	}
	if after := list(t, dir); !slices.Equal(before, after) {
		t.Errorf("reading made %q of the files %q", after, before)
	}
}

// TestReadOnlyOld: an old file that cannot be brought up to date says so.
func TestReadOnlyOld(t *testing.T) {
	path := versionFile(t, 1)
	must(t, os.Chmod(path, 0o400))
	_, err := newStore(t, path).Marks(t.Context())
	want := path + ": is of an older version, and cannot be brought up to date: is read-only: chmod u+w " + path
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}
