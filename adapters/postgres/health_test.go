package postgres

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/ledger"
)

// failures returns the names of the checks and what they found.
func failures(t *testing.T, s *Store) (names []string, err error) {
	t.Helper()
	for name, e := range s.CheckHealth(t.Context()) {
		names = append(names, name)
		err = errors.Join(err, e)
	}
	return names, err
}

// TestHealth: a check of what works finds nothing wrong, and makes nothing.
func TestHealth(t *testing.T) {
	c := pgtest.Start(t, pgtest.Options{})
	db := c.Create(t)
	s := openStore(t, db)
	check := func(want ...string) {
		t.Helper()
		names, err := failures(t, s)
		must(t, err)
		if len(names) != len(want) {
			t.Fatalf("got the checks %q, want %q", names, want)
		}
		for i := range names {
			if !strings.HasPrefix(names[i], want[i]) {
				t.Errorf("got the check %q, want %q", names[i], want[i])
			}
		}
	}
	probe := func(want ledger.Presence) {
		t.Helper()
		presence, err := s.Probe(t.Context())
		if must(t, err); presence != want {
			t.Errorf("got the presence %d, want %d", presence, want)
		}
	}
	probe(ledger.Absent)
	at := s.db.server.location + " (PostgreSQL "
	check(at, "encryption: none, sslmode disable", "server settings", "clock", "schema artifice (not there yet", "extension btree_gist")
	var made bool
	must(t, s.db.server.open().QueryRow(`SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'artifice')`).Scan(&made))
	if made {
		t.Error("the check made the schema")
	}
	populate(t, s)
	probe(ledger.Present)
	check(at, "encryption: none", "server settings", "clock", "schema artifice (version 5)", "extension btree_gist", "privileges")

	c.Exec(t, db.Name, `REVOKE INSERT ON artifice.entries FROM artifice`)
	if _, err := failures(t, s); err == nil || !strings.Contains(err.Error(), "the user may not read and write entries") {
		t.Errorf("got %v of a privilege that was taken away", err)
	}
	must(t, c.Kill())
	names, err := failures(t, s)
	if err == nil || len(names) != 1 {
		t.Errorf("got the checks %q of a dead server, and %v", names, err)
	}
	if _, err := s.Probe(t.Context()); err == nil || !strings.HasPrefix(err.Error(), s.db.server.location) {
		t.Errorf("got %v of a dead server", err)
	}
}

// TestHealthOfServer: what of a server's settings would lose or change what is
// kept is found.
func TestHealthOfServer(t *testing.T) {
	_, err := failures(t, newStore(t)) // on a server that does not sync
	if err == nil || !strings.Contains(err.Error(), "fsync and full_page_writes is off, so that a crash may undo what was billed") {
		t.Errorf("got %v", err)
	}
	c := cluster.Get(t)
	c.Exec(t, "postgres", `CREATE DATABASE latin1 OWNER artifice TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'`)
	t.Cleanup(func() { c.Exec(t, "postgres", `DROP DATABASE latin1 WITH (FORCE)`) })
	db := c.Create(t)
	config := configOf(t, db)
	config.URL = strings.Replace(config.URL, "/"+db.Name+"?", "/latin1?", 1)
	s, err := NewStore(t.Context(), config)
	must(t, err)
	defer s.Close()
	const want = "the database's encoding is LATIN1: create it with ENCODING 'UTF8'"
	if _, err := s.Marks(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want one with %q", err, want)
	}
	if _, err := failures(t, s); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestVersionsOfServer(t *testing.T) {
	for version, want := range map[int]string{150013: "", 130000: "", 120022: "the server is PostgreSQL 12: Artifice needs version 13 or later"} {
		if err := checkVersion(version); want != "" && (err == nil || err.Error() != want) || want == "" && err != nil {
			t.Errorf("got error %v for version %d, want %q", err, version, want)
		}
	}
}

func TestClocks(t *testing.T) {
	before, after := hour(1), hour(1).Add(2*time.Second)
	for _, test := range []struct {
		server time.Duration // after before
		good   bool
	}{
		{0, true}, {time.Second, true},
		{-time.Minute, true}, {-time.Minute - 1, false}, {-time.Hour, false},
		{time.Minute + 2*time.Second, true}, {time.Minute + 2*time.Second + 1, false}, {time.Hour, false},
	} {
		if err := compareClocks(before, before.Add(test.server), after); (err == nil) != test.good {
			t.Errorf("a server %v later: got error %v", test.server, err)
		}
	}
}
