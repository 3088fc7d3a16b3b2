package postgres

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/ledger"
)

var update = flag.Bool("update", false, "write what the newest version makes of a ledger into testdata")

// contents is all that the tables of a database hold, but for until when leases
// run, which is by the server's clock.
func contents(t *testing.T, db pgtest.Database) []string {
	t.Helper()
	return strings.Split(dump(t, stranger(t, db), "held_until"), "\n")
}

// firstWithBookmarks is the version from which on a ledger holds bookmarks.
const firstWithBookmarks = 5

// TestVersions takes a populated ledger of each version to the latest: nothing
// that it held is lost.
func TestVersions(t *testing.T) {
	c := cluster.Get(t)
	latest, err := latestVersion(schema())
	must(t, err)
	_, want := populated(t)
	if *update {
		out, err := c.Command("pg_dump", "--inserts", "--no-owner", "--no-privileges", want.Name).Output()
		must(t, err)
		must(t, os.WriteFile(versionFile(latest), plain(out), 0o666))
	}
	for version := latest; version >= 1; version-- {
		if version == firstWithBookmarks-1 {
			_, err := stranger(t, want).Exec(t.Context(), `DELETE FROM bookmarks`)
			must(t, err)
		}
		// The newest code cannot write an old schema, so each version is kept
		// as a backup of it.
		text, err := os.ReadFile(versionFile(version))
		must(t, err)
		db := c.Create(t)
		restore := c.Command("psql", "--quiet", "--set", "ON_ERROR_STOP=1", db.Name)
		restore.Stdin = strings.NewReader("SET SESSION AUTHORIZATION " + db.User + ";\n" + string(text))
		if out, err := restore.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		_, err = openStore(t, db).Marks(t.Context())
		must(t, err)
		if diff := cmp.Diff(contents(t, want), contents(t, db)); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", version, diff)
		}
	}
}

func versionFile(version int64) string {
	return filepath.Join("testdata", fmt.Sprintf("version-%d.sql", version))
}

// plain is a dump without what depends on the server that it was made by.
func plain(dump []byte) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(dump) {
		if !bytes.HasPrefix(line, []byte("--")) && !bytes.HasPrefix(line, []byte(`\`)) {
			b.Write(line)
		}
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("\n\n\n"), []byte("\n"))
}

// TestBackup: what pg_dump keeps is a ledger again, that refuses and goes on as
// the one that it was made of.
func TestBackup(t *testing.T) {
	s, db := populated(t)
	file := filepath.Join(t.TempDir(), "ledger.dump")
	out, err := db.Cluster.Command("pg_dump", "--format=custom", db.Name).Output()
	must(t, err)
	must(t, os.WriteFile(file, out, 0o600))
	copied := db.Cluster.Create(t)
	if out, err := db.Cluster.Command("pg_restore", "--exit-on-error", "--dbname="+copied.Name, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(contents(t, db), contents(t, copied)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	restored := openStore(t, copied)
	for _, store := range []*Store{s, restored} {
		if _, err := claim(t.Context(), store, newOrder("ff", "acme", hours(0, 1), 0), lease); err == nil {
			t.Error("billed time is billed again")
		}
		_, err = claim(t.Context(), store, newOrder("ee", "acme", hours(45, 50), 1), lease)
		must(t, err)
	}
	_, err = stranger(t, copied).Exec(t.Context(), `UPDATE entries SET volume = 0 WHERE hour = 5`)
	if sqlstate(err) != "ARFRZ" {
		t.Errorf("got error %v, want ARFRZ", err)
	}
}

// TestMigrateTogether: several processes bring an old ledger up to date at
// once, and others make a new one, and each migration is applied once.
func TestMigrateTogether(t *testing.T) {
	_, old := populated(t)
	known, err := latestVersion(schema())
	must(t, err)
	latest := int(known)
	for name, db := range map[string]pgtest.Database{"old": old, "new": cluster.Get(t).Create(t)} {
		t.Run(name, func(t *testing.T) {
			together(t, db, "migrate", 6)
			var n, versions int
			must(t, stranger(t, db).QueryRow(t.Context(), `SELECT (SELECT n FROM counter), (SELECT count(*) FROM goose_db_version WHERE version_id > 0)`).Scan(&n, &versions))
			if n != 1 || versions != latest+2 {
				t.Errorf("the migration was applied %d times, and %d are noted, want 1 and %d", n, versions, latest+2)
			}
		})
	}
}

// together runs a task in several processes at once, and returns what they
// printed.
func together(t *testing.T, db pgtest.Database, task string, processes int) map[string]int {
	t.Helper()
	outputs := make([]bytes.Buffer, processes)
	var wait []func() error
	for i := range processes {
		child := childProcess(db, task)
		child.Stdout = &outputs[i]
		must(t, child.Start())
		wait = append(wait, child.Wait)
	}
	printed := map[string]int{}
	for i := range processes {
		must(t, wait[i]())
		printed[outputs[i].String()]++
	}
	return printed
}

// TestProcesses lets processes make a ledger where there is none, and claim the
// same block, all at once: one of them wins.
func TestProcesses(t *testing.T) {
	db := cluster.Get(t).Create(t)
	if got := together(t, db, "claim", 6); got["won"] != 1 || got["refused"] != 5 {
		t.Errorf("got %v, want one that won and 5 refused", got)
	}
	orders, err := openStore(t, asAdmin(t, db)).Orders(t.Context(), ledger.OrderFilter{})
	must(t, err)
	if len(orders) != 1 {
		t.Errorf("got %d orders, want 1", len(orders))
	}
}

// asAdmin reaches a database as the superuser, who owns what the processes of
// these tests made.
func asAdmin(t testing.TB, db pgtest.Database) pgtest.Database {
	t.Helper()
	db.URL = db.Admin
	return db
}

// TestRefusesToOpen: what is no ledger, or one that this program does not know,
// is left as it is, and so is a server that cannot hold one.
func TestRefusesToOpen(t *testing.T) {
	for _, test := range []struct{ name, before, want, check string }{
		{"newer", `INSERT INTO artifice.goose_db_version (version_id, is_applied) VALUES (99, true)`,
			"was written by a newer Artifice (its schema is version 99, this program knows 5)", "was written by a newer Artifice"},
		{"another program's", `DROP SCHEMA artifice CASCADE; CREATE SCHEMA artifice AUTHORIZATION artifice; CREATE TABLE artifice.t ()`,
			"the schema artifice holds another program's tables: name another schema", "another program's tables"},
		{"no schema, and none may be made", `DROP SCHEMA artifice CASCADE; ALTER DATABASE %s OWNER TO superuser`,
			"let a superuser run this in the database: CREATE SCHEMA artifice", "CREATE SCHEMA artifice AUTHORIZATION"},
		{"no extension, and none may be added", `DROP SCHEMA artifice CASCADE; CREATE SCHEMA artifice AUTHORIZATION artifice; ALTER DATABASE %s OWNER TO superuser`,
			"let a superuser run this in the database: CREATE EXTENSION btree_gist", "let a superuser run this there: CREATE EXTENSION btree_gist"},
		{"no privileges", `REVOKE ALL ON SCHEMA artifice FROM artifice; ALTER SCHEMA artifice OWNER TO superuser`,
			"the user is not allowed that: let the user own the database, or the schema", "the user is not allowed that"},
	} {
		t.Run(test.name, func(t *testing.T) {
			db := newDatabase(t)
			db.Cluster.Exec(t, db.Name, strings.ReplaceAll(test.before, "%s", db.Name))
			s := openStore(t, db)
			if _, err := s.Marks(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
			if _, err := failures(t, s); err == nil || !strings.Contains(err.Error(), test.check) {
				t.Errorf("the check says %v, want %q", err, test.check)
			}
		})
	}
}

// TestSchemas: two ledgers are in one database, and know nothing of each other.
func TestSchemas(t *testing.T) {
	_, db := populated(t)
	c := configOf(t, db)
	c.Schema = "staging"
	s, err := NewStore(t.Context(), c)
	must(t, err)
	defer s.Close()
	populate(t, s)
	unlock, err := s.Lock(t.Context(), "collect")
	must(t, err)
	defer unlock()
	other := openStore(t, db)
	unlock, err = other.Lock(t.Context(), "collect")
	must(t, err)
	must(t, unlock())
}
