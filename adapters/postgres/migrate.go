package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// oldestServer is the first version of PostgreSQL in which the owner of a
// database may add the extension btree_gist to it.
const oldestServer = 130000

// schema returns the migrations, the only ones there are outside of tests.
func schema() fs.FS {
	sources, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name above is not a valid path
	}
	return sources
}

// latestVersion is the version that the migrations lead to.
func latestVersion(sources fs.FS) (int64, error) {
	names, err := fs.Glob(sources, "*.sql")
	if err != nil {
		return 0, err
	}
	var latest int64
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		latest = max(latest, version)
	}
	return latest, nil
}

// migrate makes a ledger where there is none, and brings one up to date. Who
// comes at the same time waits, and finds it done. It fails for a ledger that a
// newer version of the program wrote, and for what is no ledger.
func migrate(ctx context.Context, db *sql.DB, schema string, sources fs.FS) (err error) {
	target, err := latestVersion(sources)
	if err != nil {
		return err
	}
	if version, err := schemaVersion(ctx, db, schema, target); err != nil || version == target {
		return err
	}
	// The lock is held by a connection, and ends with it where this fails.
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	number := lockNumber(schema, "migrate")
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, number); err != nil {
		return err
	}
	defer func() {
		_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, number)
		err = errors.Join(err, unlockErr)
	}()
	if err := prepare(ctx, conn, schema); err != nil {
		return err
	}
	// Another process may have been faster, and be of a newer version.
	if version, err := schemaVersion(ctx, db, schema, target); err != nil || version == target {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, sources,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// prepare looks whether the server can hold a ledger, and makes what the
// migrations need.
func prepare(ctx context.Context, conn *sql.Conn, schema string) error {
	var version int
	var encoding string
	err := conn.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding')`).Scan(&version, &encoding)
	if err == nil {
		err = errors.Join(checkVersion(version), checkEncoding(encoding))
	}
	if err != nil {
		return err
	}
	for _, needed := range []struct{ kind, name, find, make string }{
		{"schema", schema, `SELECT FROM pg_namespace WHERE nspname = $1`, `CREATE SCHEMA ` + schema},
		{"extension", "btree_gist", `SELECT FROM pg_extension WHERE extname = $1`, `CREATE EXTENSION btree_gist`},
	} {
		var found bool
		if err := conn.QueryRowContext(ctx, `SELECT EXISTS (`+needed.find+`)`, needed.name).Scan(&found); err != nil {
			return err
		}
		if found {
			continue
		}
		if _, err := conn.ExecContext(ctx, needed.make); err != nil {
			return fmt.Errorf("cannot make the %s %s (%w): let a superuser run this in the database: %s", needed.kind, needed.name, err, needed.make)
		}
	}
	return nil
}

// schemaVersion returns how far a ledger is migrated, of the target version
// at most, 0 where there is none.
func schemaVersion(ctx context.Context, db *sql.DB, schema string, target int64) (version int64, err error) {
	var known, others bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = 'goose_db_version'),
		EXISTS (SELECT FROM pg_tables WHERE schemaname = $1)`, schema).Scan(&known, &others)
	if err != nil {
		return 0, err
	}
	if !known {
		if others {
			return 0, fmt.Errorf("the schema %s holds another program's tables: name another schema", schema)
		}
		return 0, nil
	}
	if err := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM `+schema+`.goose_db_version`).Scan(&version); err != nil {
		return 0, err
	}
	if version > target {
		return 0, fmt.Errorf("was written by a newer Artifice (its schema is version %d, this program knows %d): use that version of the program", version, target)
	}
	return version, nil
}
