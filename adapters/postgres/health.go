package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// maxClockDifference is how far the server's clock and this machine's may be
// apart. Leases go by the server's alone; the times of orders and of their
// history are this machine's.
const maxClockDifference = time.Minute

// CheckHealth implements ledger.HealthChecker. It connects, and changes
// nothing.
func (s *Store) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		d := &database{server: s.db.server}
		d.pool = d.server.open()
		defer d.close()
		version, encryption, err := d.checkConnection(ctx)
		if !yield(d.server.location+version, d.explain(err)) || err != nil || !yield(encryption, nil) {
			return
		}
		for _, check := range []func(context.Context) (string, error){d.checkServer, d.checkClock, d.checkSchema, d.checkExtension, d.checkPrivileges} {
			name, err := check(ctx)
			if name != "" && !yield(name, d.explain(err)) {
				return
			}
		}
	}
}

// Probe implements ledger.Prober.
func (s *Store) Probe(ctx context.Context) (ledger.Presence, error) {
	d := &database{server: s.db.server}
	d.pool = d.server.open()
	defer d.close()
	if err := d.pool.PingContext(ctx); err != nil {
		return ledger.Absent, d.explain(&serverError{"", err})
	}
	target, err := latestVersion(schema())
	if err != nil {
		return ledger.Absent, err
	}
	version, err := schemaVersion(ctx, d.pool, d.server.schema, target)
	switch {
	case err != nil:
		return ledger.Absent, d.explain(err)
	case version == 0:
		return ledger.Absent, nil
	case version < target:
		return ledger.Outdated, nil
	}
	return ledger.Present, nil
}

func (d *database) checkConnection(ctx context.Context) (version, encryption string, err error) {
	var number int
	var protocol sql.NullString
	err = d.pool.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_setting('server_version_num')::int,
		(SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl)`).Scan(&version, &number, &protocol)
	if err != nil {
		return "", "", &serverError{"", err}
	}
	encryption = "encryption: none, sslmode " + d.server.sslmode
	if protocol.Valid {
		encryption = "encryption: " + protocol.String + ", sslmode " + d.server.sslmode
	}
	return " (PostgreSQL " + version + ")", encryption, checkVersion(number)
}

func checkVersion(number int) error {
	if number < oldestServer {
		return fmt.Errorf("the server is PostgreSQL %d: Artifice needs version %d or later", number/10000, oldestServer/10000)
	}
	return nil
}

// checkServer checks what of the server's settings the ledger relies on.
func (d *database) checkServer(ctx context.Context) (string, error) {
	const name = "server settings"
	var standby bool
	var encoding, lax string
	err := d.pool.QueryRowContext(ctx, `SELECT pg_is_in_recovery(), current_setting('server_encoding'),
		(SELECT coalesce(string_agg(name, ' and ' ORDER BY name), '') FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off')`).
		Scan(&standby, &encoding, &lax)
	if err != nil {
		return name, err
	}
	var errs []error
	if standby {
		errs = append(errs, errors.New("it is a standby, and takes no writes: name the primary"))
	}
	errs = append(errs, checkEncoding(encoding))
	if lax != "" {
		errs = append(errs, fmt.Errorf("%s is off, so that a crash may undo what was billed: turn it on", lax))
	}
	return name, errors.Join(errs...)
}

func checkEncoding(encoding string) error {
	if encoding != "UTF8" {
		return fmt.Errorf("the database's encoding is %s: create it with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	return nil
}

func (d *database) checkClock(ctx context.Context) (string, error) {
	var server time.Time
	before := time.Now()
	if err := d.pool.QueryRowContext(ctx, `SELECT clock_timestamp()`).Scan(&server); err != nil {
		return "clock", err
	}
	return "clock", compareClocks(before, server, time.Now())
}

// compareClocks reports a server whose clock is far from what it was here
// between two instants.
func compareClocks(before, server, after time.Time) error {
	difference := max(before.Sub(server), server.Sub(after))
	if difference > maxClockDifference {
		return fmt.Errorf("the server's clock says %s when it is %s here: let NTP set both",
			server.UTC().Format(time.RFC3339), before.UTC().Format(time.RFC3339))
	}
	return nil
}

// checkSchema looks whether the schema is a ledger that this program knows.
func (d *database) checkSchema(ctx context.Context) (string, error) {
	name := "schema " + d.server.schema
	target, err := latestVersion(schema())
	if err != nil {
		return name, err
	}
	version, err := schemaVersion(ctx, d.pool, d.server.schema, target)
	switch {
	case err != nil:
	case version == 0:
		name += " (not there yet; made when it is first used)"
		err = d.checkMayMake(ctx)
	case version < target:
		name += fmt.Sprintf(" (version %d; brought to %d when it is first used)", version, target)
	default:
		name += fmt.Sprintf(" (version %d)", version)
	}
	return name, err
}

// checkMayMake reports a schema that is not there and that the user cannot
// make.
func (d *database) checkMayMake(ctx context.Context) error {
	var may bool
	err := d.pool.QueryRowContext(ctx, `SELECT coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1),
		has_database_privilege(current_database(), 'CREATE'))`, d.server.schema).Scan(&may)
	if err == nil && !may {
		err = fmt.Errorf("the user may not make it: let a superuser run this in the database: CREATE SCHEMA %s AUTHORIZATION %s", d.server.schema, d.server.config.User)
	}
	return err
}

func (d *database) checkExtension(ctx context.Context) (string, error) {
	var installed, available, may bool
	err := d.pool.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist'),
		EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist'),
		has_database_privilege(current_database(), 'CREATE')`).Scan(&installed, &available, &may)
	switch {
	case err != nil || installed:
	case !available:
		err = errors.New("is not on the server: install PostgreSQL's contrib modules there")
	case !may:
		err = errors.New("is not in the database, and the user may not add it: let a superuser run this there: CREATE EXTENSION btree_gist")
	}
	return "extension btree_gist", err
}

// checkPrivileges looks whether the user may read and write all tables. It has
// nothing to say where there are none.
func (d *database) checkPrivileges(ctx context.Context) (string, error) {
	rows, err := d.pool.QueryContext(ctx, `SELECT tablename,
			has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
			AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')
		FROM pg_tables JOIN pg_class ON relname = tablename AND relnamespace = quote_ident(schemaname)::regnamespace
		WHERE schemaname = $1 ORDER BY tablename`, d.server.schema)
	const name = "privileges"
	if err != nil {
		return name, err
	}
	defer rows.Close()
	var refused []string
	tables := 0
	for rows.Next() {
		var table string
		var allowed bool
		if err := rows.Scan(&table, &allowed); err != nil {
			return name, err
		}
		tables++
		if !allowed {
			refused = append(refused, table)
		}
	}
	if err := rows.Err(); err != nil {
		return name, err
	}
	switch {
	case tables == 0:
		return "", nil
	case len(refused) > 0:
		return name, fmt.Errorf("the user may not read and write %s: let it own the tables, or GRANT ALL on them", strings.Join(slices.Compact(refused), ", "))
	}
	return name, nil
}
