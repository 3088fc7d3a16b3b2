package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var cluster = Shared{Options: Options{NoSync: true, Settings: map[string]string{"application_name": "it's set"}}}

func TestMain(m *testing.M) { os.Exit(cluster.Run(m)) }

func connect(t *testing.T, url, password string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	must(t, err)
	config.Password = password
	conn, err := pgx.ConnectConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// TestDatabases: each is its own, is reached with the password only, by a user
// who is no superuser, and a copy has what its template had.
func TestDatabases(t *testing.T) {
	c := cluster.Get(t)
	a, b := c.Create(t), c.Create(t)
	if a.Name == b.Name {
		t.Fatal("both have the name", a.Name)
	}
	conn := connect(t, a.URL, a.Password)
	_, err := conn.Exec(t.Context(), `CREATE TABLE t AS SELECT 7 AS n`)
	must(t, err)
	var super bool
	var setting, sorted string
	must(t, conn.QueryRow(t.Context(), `SELECT rolsuper, current_setting('application_name'),
		(SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['B', 'a', 'C']) x)
		FROM pg_roles WHERE rolname = current_user`).Scan(&super, &setting, &sorted))
	if super || setting != "it's set" || sorted != "aBC" {
		t.Errorf("superuser %v, setting %q, sorted as %q", super, setting, sorted)
	}
	must(t, conn.Close(t.Context()))
	var n int
	copied := c.Create(t, a)
	must(t, connect(t, copied.Admin, "").QueryRow(t.Context(), `SELECT n FROM t`).Scan(&n))
	if n != 7 {
		t.Errorf("the copy has %d, want 7", n)
	}
	var refused *pgconn.PgError
	err = connect(t, b.URL, b.Password).QueryRow(t.Context(), `SELECT n FROM t`).Scan(&n)
	if !errors.As(err, &refused) || refused.Code != "42P01" {
		t.Errorf("got error %v, want that there is no such table", err)
	}
	if _, err := pgx.Connect(t.Context(), b.URL+"&password=wrong"); err == nil {
		t.Error("a wrong password is taken")
	}
}

// TestKill: what was committed is there after a crash, what was not is not,
// and nothing is left when the test is over.
func TestKill(t *testing.T) {
	var dir string
	t.Run("server", func(t *testing.T) {
		c := Start(t, Options{})
		dir = c.Dir
		db := c.Create(t)
		c.Exec(t, db.Name, `CREATE TABLE t (n int)`, `INSERT INTO t VALUES (1)`)
		conn := connect(t, db.Admin, "")
		tx, err := conn.Begin(t.Context())
		must(t, err)
		_, err = tx.Exec(t.Context(), `INSERT INTO t VALUES (2)`)
		must(t, err)
		port := c.Port
		pid := c.process.cmd.Process.Pid
		started, err := children(pid)
		must(t, err)
		if len(started) < 5 {
			t.Errorf("a server with a client has the processes %v only", started)
		}
		must(t, c.Kill())
		must(t, c.Kill()) // which does nothing
		for _, child := range started {
			if _, err := os.Stat(fmt.Sprintf("/proc/%d/exe", child)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("process %d is left, %v", child, err)
			}
		}
		if err := tx.Commit(t.Context()); err == nil {
			t.Error("a dead server commits")
		}
		must(t, c.Start())
		if c.Port != port {
			t.Errorf("listens on port %d, not %d", c.Port, port)
		}
		var sum int
		must(t, connect(t, db.Admin, "").QueryRow(t.Context(), `SELECT sum(n) FROM t`).Scan(&sum))
		if sum != 1 {
			t.Errorf("the sum is %d, want 1", sum)
		}
		must(t, c.Stop())
		must(t, c.Start())
	})
	if _, err := os.Stat(dir); dir != "" && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", dir, err)
	}
}

func TestBinaries(t *testing.T) {
	root := t.TempDir()
	if _, err := binaries(root); !errors.Is(err, errMissing) || !strings.Contains(err.Error(), "apt-get install postgresql-15") {
		t.Errorf("got error %v", err)
	}
	add := func(version string) {
		dir := filepath.Join(root, version, "bin")
		must(t, os.MkdirAll(dir, 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "postgres"), nil, 0o700))
	}
	add("9.6")
	add("13")
	if _, err := binaries(root); !errors.Is(err, errMissing) {
		t.Errorf("got error %v for old versions only", err)
	}
	add("100")
	add("17")
	if got, err := binaries(root); err != nil || got != filepath.Join(root, "100", "bin") {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestRefuses: a server that cannot start says why, and leaves nothing.
func TestRefuses(t *testing.T) {
	if _, err := binaries("/usr/lib/postgresql"); err != nil {
		skipOrFail(t, err)
	}
	dir, err := os.MkdirTemp("", "pgtest")
	must(t, err)
	defer os.RemoveAll(dir)
	must(t, os.Chmod(dir, 0o755)) // for the server's user
	t.Setenv("TMPDIR", dir)
	_, err = start(Options{Settings: map[string]string{"shared_buffers": "a lot"}})
	if err == nil || !strings.Contains(err.Error(), "invalid value for parameter") {
		t.Errorf("got error %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
