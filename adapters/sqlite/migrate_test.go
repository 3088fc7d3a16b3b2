package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
)

// versionFile is a populated ledger of an earlier version. The newest code
// cannot write an old schema, so each version is kept as the text of a ledger:
// testdata/version-N.sql.
func versionFile(t *testing.T, version int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	text, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("version-%d.sql", version)))
	must(t, err)
	must(t, os.WriteFile(path, nil, 0o600))
	db, err := sql.Open("sqlite", dsn(path, "_txlock=immediate"))
	must(t, err)
	provider, err := newProvider(db, schema())
	must(t, err)
	_, err = provider.UpTo(t.Context(), version)
	must(t, err)
	_, err = db.Exec(string(text))
	must(t, errors.Join(err, db.Close()))
	return path
}

// firstWithBookmarks is the version from which on a ledger holds bookmarks.
const firstWithBookmarks = 6

// TestMigrate takes a populated ledger of each version to the latest: nothing
// that it held is lost.
func TestMigrate(t *testing.T) {
	latest, err := latestVersion(schema())
	must(t, err)
	want := populated(t)
	for version := latest; version >= 2; version-- {
		if version == firstWithBookmarks-1 {
			must(t, write(t, want, `DELETE FROM bookmarks`))
		}
		got := strings.Split(contents(t, newStore(t, versionFile(t, version))), "\n")
		if diff := gocmp.Diff(strings.Split(contents(t, want), "\n"), got); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", version, diff)
		}
	}
}

// TestMigrateVersion1: what version 1 held is as if it had been written now,
// but that it tells how an order came to be as it is in one line.
func TestMigrateVersion1(t *testing.T) {
	s, fresh := newStore(t, versionFile(t, 1)), newStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	populateAsBefore(t, fresh)
	must(t, claim(t.Context(), fresh, newOrder("1d", "acme", hours(20, 30), 0)))
	must(t, fresh.Suspend(t.Context(), ledger.Hold{Key: "1d", Fence: 1}, ledger.InDoubt, note(50, "no answer")))
	must(t, fresh.Park(t.Context(), newOrder("9a", "acme", hours(30, 40), 0), ledger.Note{}))

	want := records(t, fresh)
	for _, record := range want {
		switch o := record.Order; {
		case record.Fold != nil && record.Fold.Window == hours(7, 8):
			record.Fold.Digest = "AbCd_-09:0123456789abcdef" // of the rule and one sample
		case o != nil:
			if o.Key == "c1" {
				o.Changed = o.Claimed
			}
			o.History = []ledger.Change{{Note: ledger.Note{At: o.Changed, Reason: "before history was kept"}, Status: o.Status, Reference: o.Reference}}
		}
	}
	if diff := gocmp.Diff(want, records(t, s), gocmp.Comparer(decimal.Decimal.Equal)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	// What is migrated can be gone on with: the same usage again changes
	// nothing, and an order can be taken, settled and made void.
	before, err := s.Revision(t.Context(), "acme")
	must(t, err)
	for _, record := range want {
		if record.Fold != nil {
			must(t, s.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: record.Fold.Series, Folds: []ledger.Fold{record.Fold.Fold}}}}))
		}
	}
	after, err := s.Revision(t.Context(), "acme")
	must(t, err)
	if before == 0 || before != after {
		t.Errorf("the revision was %d and is %d, want the same, and not 0", before, after)
	}
	_, hold, err := s.Take(t.Context(), "c1", ledger.Lease{Holder: "host"}, note(60, ""))
	must(t, err)
	must(t, s.Settle(t.Context(), hold, "INV-9", note(61, "")))
	must(t, s.Void(t.Context(), "c1", note(62, "")))
}

// records is all that a store holds.
func records(t *testing.T, s *Store) []ledger.Record {
	t.Helper()
	var all []ledger.Record
	for record, err := range s.Dump(t.Context()) {
		must(t, err)
		all = append(all, record)
	}
	return all
}

// TestMigrateTogether: several processes bring an old ledger up to date at
// once, and each migration is applied once.
func TestMigrateTogether(t *testing.T) {
	s := populated(t)
	must(t, s.Close())
	next := fstest.MapFS{}
	must(t, fs.WalkDir(schema(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(schema(), path)
		next[path] = &fstest.MapFile{Data: data}
		return err
	}))
	next["00098_count.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE counter (n INTEGER);\nINSERT INTO counter VALUES (0);\n")}
	next["00099_count.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nUPDATE counter SET n = n + 1;\n")}
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			p, err := openPools(s.path)
			if err == nil {
				err = errors.Join(migrate(t.Context(), p.write, next), p.close())
			}
			errs[i] = err
		})
	}
	all.Wait()
	must(t, errors.Join(errs...))
	db, err := sql.Open("sqlite", s.path)
	must(t, err)
	defer db.Close()
	var n int
	must(t, db.QueryRow(`SELECT n FROM counter`).Scan(&n))
	if n != 1 {
		t.Errorf("the migration was applied %d times", n)
	}
}
