package postgres

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A guard is a part of the schema that refuses something, and how it is taken
// away.
type guard struct{ Name, Drop string }

// TestEveryGuardIsNeeded takes one guard after the other away: something that
// was refused is then written, or refused by another, so that each was seen to
// refuse.
func TestEveryGuardIsNeeded(t *testing.T) {
	_, db := populated(t)
	conn := stranger(t, db)
	guards := append(constraints(t, conn), triggers(t, conn)...)
	if len(guards) < 90 {
		t.Errorf("found %d guards only", len(guards))
	}
	for _, g := range guards {
		tx, err := conn.Begin(t.Context())
		must(t, err)
		if _, err := tx.Exec(t.Context(), g.Drop); err != nil {
			t.Fatalf("%s: %v", g.Name, err)
		}
		if !anyWritten(t.Context(), t, tx) {
			t.Errorf("nothing was seen that %s refuses", g.Name)
		}
		must(t, tx.Rollback(t.Context()))
	}
}

// anyWritten reports whether something is written that is to be refused for
// the reason that the list has, or at all.
func anyWritten(ctx context.Context, t *testing.T, tx pgx.Tx) bool {
	t.Helper()
	for _, test := range refused {
		_, err := tx.Exec(ctx, "SAVEPOINT s; SET CONSTRAINTS ALL IMMEDIATE; "+strings.ReplaceAll(test.query, "%h", h))
		_, back := tx.Exec(ctx, "ROLLBACK TO SAVEPOINT s")
		must(t, back)
		if sqlstate(err) != test.want {
			return true
		}
	}
	return false
}

// constraints are those of the tables, but for primary keys that only name a
// row, which nothing is refused by that something else would not refuse.
func constraints(t *testing.T, conn *pgx.Conn) []guard {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT conrelid::regclass || ' ' || conname, 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname) || ' CASCADE'
		FROM pg_constraint WHERE connamespace = 'artifice'::regnamespace AND conrelid::regclass::text <> 'goose_db_version'
		AND NOT (contype = 'p' AND conkey = '{1}' AND conrelid::regclass::text <> 'tenant_texts')
		UNION ALL SELECT 'index ' || indexname, 'DROP INDEX ' || indexname FROM pg_indexes WHERE schemaname = 'artifice' AND indexdef LIKE 'CREATE UNIQUE%WHERE%'
		UNION ALL SELECT attrelid::regclass || '.' || attname || ' NOT NULL', 'ALTER TABLE ' || attrelid::regclass || ' ALTER ' || attname || ' DROP NOT NULL'
		FROM pg_attribute WHERE attrelid = 'artifice.entries'::regclass AND attname = 'volume' AND attnotnull`)
	must(t, err)
	guards, err := pgx.CollectRows(rows, pgx.RowToStructByPos[guard])
	must(t, err)
	return guards
}

// raises finds what a function refuses.
var raises = regexp.MustCompile(`RAISE [^;]*;`)

// triggers are the triggers, each alone, and each refusal of the functions that
// have several.
func triggers(t *testing.T, conn *pgx.Conn) []guard {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT tgrelid::regclass || ' ' || tgname, 'DROP TRIGGER ' || tgname || ' ON ' || tgrelid::regclass
		FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = 'artifice'::regnamespace
		AND tgname NOT IN ('orders_claim', 'orders_free')`) // for which see TestSnapshots
	must(t, err)
	guards, err := pgx.CollectRows(rows, pgx.RowToStructByPos[guard])
	must(t, err)
	rows, err = conn.Query(t.Context(), `SELECT proname, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_language l ON l.oid = prolang
		WHERE pronamespace = 'artifice'::regnamespace AND lanname = 'plpgsql' AND proname <> 'refuse'`)
	must(t, err)
	functions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[guard])
	must(t, err)
	for _, f := range functions {
		for _, at := range raises.FindAllStringIndex(f.Drop, -1) {
			guards = append(guards, guard{f.Name + ": " + f.Drop[at[0]:at[1]], f.Drop[:at[0]] + "NULL;" + f.Drop[at[1]:]})
		}
	}
	return guards
}
