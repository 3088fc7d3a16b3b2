package sqlite

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

// applicationID is in the header of each file that migration 1 made.
const applicationID = 0x41727469

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

func newProvider(db *sql.DB, sources fs.FS) (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectSQLite3, db, sources,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// begin makes a ledger in a database that nobody else knows of yet. The
// journal mode is kept in the file. It is the last that is set: SQLite closes a
// file without an error although the disk is full and the journal cannot be
// moved into it, and what is still in the journal would not come with the file.
func begin(ctx context.Context, db *sql.DB) error {
	provider, err := newProvider(db, schema())
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	return err
}

// migrate brings a ledger up to date. It fails for one that a newer version of
// the program wrote, and for what is no ledger.
func migrate(ctx context.Context, db *sql.DB, sources fs.FS) error {
	provider, err := newProvider(db, sources)
	if err != nil {
		return err
	}
	target, err := latestVersion(sources)
	if err != nil {
		return err
	}
	before, err := schemaVersion(ctx, db, target)
	if err != nil || before == target {
		return err
	}
	for {
		_, err := provider.Up(ctx)
		if err == nil {
			return nil
		}
		// Each migration is one transaction, and the unique index on goose's
		// table lets nobody apply one twice. So where the version went up
		// nevertheless, another process did it, and there may be more to do.
		now, versionErr := schemaVersion(ctx, db, target)
		if versionErr != nil || now <= before {
			return errors.Join(err, versionErr)
		}
		before = now
	}
}

// schemaVersion returns how far a ledger is migrated, of the target version
// at most.
func schemaVersion(ctx context.Context, db *sql.DB, target int64) (int64, error) {
	var application, version int64
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&application); err != nil {
		return 0, err
	}
	if application != applicationID {
		return 0, errors.New("is another program's SQLite database: name another path")
	}
	if err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&version); err != nil {
		return 0, err
	}
	if version > target {
		return 0, fmt.Errorf("was written by a newer Artifice (its schema is version %d, this program knows %d): use that version of the program", version, target)
	}
	return version, nil
}
