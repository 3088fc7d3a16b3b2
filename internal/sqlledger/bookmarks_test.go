package sqlledger_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/sqlite"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
)

// TestBookmarksAgain: of bookmarks, also of more than one query is about, only
// what differs is written.
func TestBookmarksAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := sqlite.NewStore(t.Context(), sqlite.Config{Path: config.Path(path)})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var all []ledger.Bookmark
	for i := range 250 { // in three queries
		all = append(all, ledger.Bookmark{Tenant: fmt.Sprintf("tenant-%03d", i), Source: "object", Text: fmt.Sprint("up to ", i)})
	}
	if err := store.Record(t.Context(), ledger.Batch{Bookmarks: all}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE written (tenant_id INTEGER, what TEXT);
		CREATE TRIGGER inserted AFTER INSERT ON bookmarks BEGIN INSERT INTO written VALUES (NEW.tenant_id, 'inserted'); END;
		CREATE TRIGGER updated AFTER UPDATE ON bookmarks BEGIN INSERT INTO written VALUES (NEW.tenant_id, 'updated'); END;
		CREATE TRIGGER deleted AFTER DELETE ON bookmarks BEGIN INSERT INTO written VALUES (OLD.tenant_id, 'deleted'); END;`)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(all)
	changed[120].Text = "further"
	changed[7].Text, changed[249].Text = "", ""
	changed = append(changed, ledger.Bookmark{Tenant: "hooli", Source: "object", Text: "new"}, ledger.Bookmark{Tenant: "nobody", Source: "object"})
	for range 2 { // the second changes nothing
		if err := store.Record(t.Context(), ledger.Batch{Bookmarks: changed}); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.Query(`SELECT t.tenant, w.what FROM written w JOIN tenants t ON t.id = w.tenant_id ORDER BY t.tenant`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var written []string
	for rows.Next() {
		var tenant, what string
		if err := rows.Scan(&tenant, &what); err != nil {
			t.Fatal(err)
		}
		written = append(written, tenant+" "+what)
	}
	want := []string{"hooli inserted", "tenant-007 deleted", "tenant-120 updated", "tenant-249 deleted"}
	if err := rows.Err(); err != nil || !slices.Equal(written, want) {
		t.Errorf("written were %q, error %v, want %q", written, err, want)
	}
	got, err := store.Bookmarks(t.Context(), "object")
	if err != nil || len(got) != 249 { // 250 - 2 + 1
		t.Errorf("there are %d bookmarks, error %v, want 249", len(got), err)
	}
}
