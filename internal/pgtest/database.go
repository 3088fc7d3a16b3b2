package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A Database is one in a cluster, and how a client reaches it over TCP.
type Database struct {
	Cluster  *Cluster
	Name     string
	User     string // owns the database, and is no superuser
	Password string
	URL      string // without the password, sslmode=disable
	// Admin is a URL by which a superuser reaches it, without a password.
	Admin string
}

// Create creates a database for the length of a test. It is empty, or a copy of
// a template: one that nobody is connected to.
func (c *Cluster) Create(t testing.TB, template ...Database) Database {
	t.Helper()
	from := "template0"
	if len(template) > 0 {
		from = template[0].Name
	}
	db, err := c.create(from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// What a stopped server holds goes with its directory.
		if err := c.exec("postgres", "DROP DATABASE "+db.Name+" WITH (FORCE)"); err != nil && c.running() {
			t.Error(err)
		}
	})
	return db
}

// Template creates a database that stays until the cluster goes.
func (c *Cluster) Template(t testing.TB) Database {
	t.Helper()
	db, err := c.create("template0")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func (c *Cluster) create(template string) (Database, error) {
	c.mu.Lock()
	c.created++
	name := fmt.Sprint("test", c.created)
	c.mu.Unlock()
	u := url.URL{Scheme: "postgres", User: url.User(owning), Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)),
		Path: name, RawQuery: "sslmode=disable"}
	db := Database{Cluster: c, Name: name, User: owning, Password: password, URL: u.String(), Admin: c.url(c.Port, name)}
	return db, c.exec("postgres", fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE %s", name, owning, template))
}

func (c *Cluster) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process != nil
}

// url reaches a database through the socket, as the superuser.
func (c *Cluster) url(port int, database string) string {
	query := url.Values{"host": {c.Dir}, "port": {strconv.Itoa(port)}, "user": {superuser}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: query.Encode()}).String()
}

// Exec runs statements in a database as the superuser, each by itself.
func (c *Cluster) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	if err := c.exec(database, statements...); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) exec(database string, statements ...string) (err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.url(c.Port, database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// Command is one of PostgreSQL's programs, which reaches the server as the
// superuser where it is not told otherwise.
func (c *Cluster) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Env = append(os.Environ(), "PGHOST="+c.Dir, fmt.Sprint("PGPORT=", c.Port), "PGUSER="+superuser)
	return cmd
}
