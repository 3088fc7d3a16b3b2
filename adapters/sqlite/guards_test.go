package sqlite

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A guard is a part of the schema that refuses something.
type guard struct {
	object string // the table, index or trigger
	text   string // what refuses, within its definition
}

// TestEveryGuardIsNeeded takes one guard after the other away: something that
// was refused is then written, so that each was seen to refuse.
func TestEveryGuardIsNeeded(t *testing.T) {
	s := populated(t)
	p, err := s.open(t.Context())
	must(t, err)
	definitions := map[string]string{}
	for _, object := range column(t, p.read, `SELECT name FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'goose%'`) {
		var definition string
		must(t, p.read.QueryRow(`SELECT sql FROM sqlite_master WHERE name = ?`, object).Scan(&definition))
		definitions[object] = definition
	}
	must(t, s.Close())
	file, err := os.ReadFile(s.path)
	must(t, err)
	guards := 0
	for object, definition := range definitions {
		for _, g := range guardsOf(object, definition) {
			guards++
			path := filepath.Join(t.TempDir(), "ledger.db")
			must(t, os.WriteFile(path, file, 0o600))
			rewrite(t, path, g.object, strings.Replace(definition, g.text, "", 1))
			if !anyWritten(t, path) {
				t.Errorf("nothing was seen that %s refuses by %q", g.object, g.text)
			}
		}
	}
	if guards < 70 {
		t.Errorf("found %d guards only", guards)
	}
}

// guardsOf finds the parts of a definition that refuse something.
func guardsOf(object, definition string) []guard {
	var guards []guard
	switch {
	case strings.HasPrefix(definition, "CREATE TRIGGER"):
		for _, statement := range strings.SplitAfter(definition[strings.Index(definition, "BEGIN")+len("BEGIN"):], ";") {
			if i := strings.Index(statement, "SELECT RAISE"); i >= 0 {
				guards = append(guards, guard{object, statement[i:]})
			}
		}
	case strings.HasPrefix(definition, "CREATE UNIQUE"):
		guards = append(guards, guard{object, "UNIQUE "})
	default:
		for rest := definition; ; {
			i := strings.Index(rest, "CHECK (")
			if i < 0 {
				break
			}
			end := i + len("CHECK (")
			for depth := 1; depth > 0; end++ {
				depth += strings.Count(rest[end:end+1], "(") - strings.Count(rest[end:end+1], ")")
			}
			guards = append(guards, guard{object, rest[i:end]})
			rest = rest[end:]
		}
	}
	return guards
}

// rewrite gives an object of the schema another definition. A trigger that has
// nothing left to do is dropped, and a constraint of a table that is gone
// leaves one that is always kept.
func rewrite(t *testing.T, path, object, definition string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.Exec(statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if strings.HasPrefix(definition, "CREATE TRIGGER") {
		exec(`DROP TRIGGER ` + object)
		if strings.Contains(definition, "SELECT RAISE") {
			exec(definition)
		}
		return
	}
	exec(`PRAGMA writable_schema = ON`)
	exec(`UPDATE sqlite_master SET sql = ? WHERE name = ?`, tidy(definition), object)
	exec(`PRAGMA writable_schema = RESET`)
}

// tidy repairs a list of columns and constraints of which one is missing.
func tidy(definition string) string {
	lines := strings.Split(definition, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if text := strings.TrimSpace(strings.SplitN(line, "--", 2)[0]); text != "" && text != "," {
			kept = append(kept, line)
		}
	}
	last := len(kept) - 2 // before the closing parenthesis
	if last > 0 {
		code, comment, _ := strings.Cut(kept[last], "--")
		if trimmed := strings.TrimRight(code, " "); strings.HasSuffix(trimmed, ",") {
			kept[last] = strings.TrimSuffix(trimmed, ",") + " --" + comment
		}
	}
	return strings.Join(kept, "\n")
}

// anyWritten reports whether something is written that is to be refused.
func anyWritten(t *testing.T, path string) bool {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_foreign_keys=0")
	must(t, err)
	defer db.Close()
	for _, test := range refused {
		err := attempt(t, db, test.query)
		if err == nil {
			return true
		}
		if !strings.Contains(err.Error(), test.want) && strings.Contains(err.Error(), "malformed") {
			t.Fatal(fmt.Errorf("%s: %w", test.name, err))
		}
	}
	return false
}
