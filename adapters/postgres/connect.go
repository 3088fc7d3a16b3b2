package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/openstack-artifice/artifice/config"
)

// A server is how connections to the database are made.
type server struct {
	config   *pgx.ConnConfig
	password config.Secret
	schema   string
	sslmode  string
	location string // for messages
	pool     int    // how many connections at most
}

// newServer reads what the config names: certificates, but not the password,
// which may be another when a connection is made later.
func newServer(c Config) (server, error) {
	settings, err := c.settings()
	if err != nil {
		return server{}, err
	}
	s := server{password: c.Password, schema: cmp.Or(c.Schema, defaultSchema), pool: cmp.Or(c.MaxConnections, defaultMaxConnections),
		sslmode: cmp.Or(settings["sslmode"], "prefer"), location: location(settings)}
	settings["sslmode"] = s.sslmode // not what the environment may say of it
	for name, value := range map[string]string{
		"application_name": "artifice",
		"connect_timeout":  "10",
		// A process that is gone without a word holds rows, or a lock, until
		// the server notices: within two minutes.
		"tcp_keepalives_idle": "60", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "6",
	} {
		settings[name] = cmp.Or(settings[name], value)
	}
	// Temporary tables come last, also for the triggers, which keep this.
	settings["search_path"] = s.schema + ", pg_temp"
	// Every query finds its rows by an index, in the order in which it names the
	// tables. What the server would guess of tables that grow while it has no
	// statistics of them yet is to read them whole.
	for _, name := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		settings[name] = "off"
	}
	settings["join_collapse_limit"] = "1"
	settings["max_parallel_workers_per_gather"] = "0"
	settings["timezone"] = "UTC"
	settings["default_transaction_isolation"] = "read committed"
	settings["client_encoding"] = "UTF8"
	s.config, err = pgx.ParseConfig(keywords(settings))
	if err != nil {
		// What pgx says of the reason is without the settings.
		return server{}, fmt.Errorf("%s: %w", s.location, cmp.Or(errors.Unwrap(err), err))
	}
	return s, nil
}

// beforeConnect reads the password, each time that a connection is made.
func (s server) beforeConnect(_ context.Context, c *pgx.ConnConfig) error {
	if s.password.IsZero() {
		return nil
	}
	password, err := s.password.Reveal()
	c.Password = password
	return err
}

// afterConnect keeps the server from ending a connection that only holds a
// lock, by a parameter that is there from version 14; and from telling that
// something is kept which a crash would lose.
func (s server) afterConnect(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config(name, CASE name WHEN 'synchronous_commit' THEN 'on' ELSE '0' END, false) FROM pg_settings
		WHERE name = 'idle_session_timeout' OR name = 'synchronous_commit' AND setting = 'off'`)
	return err
}

// open returns a pool of connections. None is made yet.
func (s server) open() *sql.DB {
	db := stdlib.OpenDB(*s.config, stdlib.OptionBeforeConnect(s.beforeConnect), stdlib.OptionAfterConnect(s.afterConnect))
	db.SetMaxOpenConns(s.pool)
	db.SetMaxIdleConns(s.pool)
	db.SetConnMaxIdleTime(time.Minute)
	return db
}

// connect makes one connection beside the pool.
func (s server) connect(ctx context.Context) (*pgx.Conn, error) {
	c := s.config.Copy()
	if err := s.beforeConnect(ctx, c); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.afterConnect(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// at adds to an error which database it is about.
func (s server) at(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", s.location, err)
}
