package sqlledger_test

import (
	"database/sql"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/sqlite"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/sqlledger"
)

// TestPlans: no query of one tenant, or of some windows, goes through tables
// that grow with all tenants or with time. A plan is what SQLite does to each
// table in turn.
func TestPlans(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := sqlite.NewStore(t.Context(), sqlite.Config{Path: config.Path(path)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Marks(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, test := range map[string]struct {
		query string
		want  []string
	}{
		"entries of a tenant": {sqlledger.EntriesOfTenant, []string{
			"SEARCH e USING PRIMARY KEY (tenant_id=? AND hour>? AND hour<?)",
			"SEARCH k USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
			"USE TEMP B-TREE FOR LAST 6 TERMS OF ORDER BY", // one window at a time
		}},
		"entries of a resource": {sqlledger.EntriesOfResource, []string{
			"SEARCH s USING INDEX series_by_resource (resource=?)",
			"SEARCH w USING PRIMARY KEY (series_id=? AND tenant_id=?)",
			"SEARCH f USING PRIMARY KEY (series_id=? AND hour>? AND hour<?)",
			"SEARCH e USING PRIMARY KEY (tenant_id=? AND hour=? AND series_id=?)",
			"SEARCH k USING INTEGER PRIMARY KEY (rowid=?)",
			"USE TEMP B-TREE FOR ORDER BY",
		}},
		"folds of windows": {sqlledger.FoldsIn, []string{
			"SCAN v", "SEARCH f USING PRIMARY KEY (series_id=? AND hour>? AND hour<?)",
		}},
		"entries of windows": {sqlledger.EntriesIn, []string{
			"SCAN v", "SEARCH f USING PRIMARY KEY (series_id=? AND hour>? AND hour<?)",
			"SEARCH w USING PRIMARY KEY (series_id=?)",
			"SEARCH e USING PRIMARY KEY (tenant_id=? AND hour=? AND series_id=?)",
		}},
		"adjustments of windows": {sqlledger.AdjustmentsIn, []string{
			"SCAN v", "SEARCH a USING INDEX adjustments_by_series (series_id=? AND hour>? AND hour<?)",
		}},
		"gaps of windows": {sqlledger.GapsIn, []string{
			"SCAN v", "SEARCH g USING PRIMARY KEY (series_id=? AND hour>? AND hour<?)",
		}},
		"what reaches on": {sqlledger.Reaching, []string{
			"SCAN r", // which has those alone
			"SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH f USING PRIMARY KEY (series_id=? AND hour=?)",
			"CORRELATED SCALAR SUBQUERY 1",
			"SEARCH l USING PRIMARY KEY (series_id=?)",
			"USE TEMP B-TREE FOR ORDER BY",
		}},
		"the last folds of series": {sqlledger.LastFolds, []string{
			"SCAN v", "SEARCH f USING PRIMARY KEY (series_id=? AND hour=?)",
			"CORRELATED SCALAR SUBQUERY 3",
			"SEARCH l USING PRIMARY KEY (series_id=?)",
		}},
		"a pending adjustment": {sqlledger.PendingAt, []string{
			"SEARCH adjustments USING INDEX adjustments_once (tenant_id=? AND hour=? AND series_id=? AND kind_id=? AND order_id=?)",
		}},
		"pending adjustments of a tenant": {sqlledger.SelectAdjustments + ` WHERE a.hour BETWEEN ? AND ? AND t.tenant = ? AND a.order_id IS NULL`, []string{
			"SEARCH t USING COVERING INDEX sqlite_autoindex_tenants_1 (tenant=?)",
			"SEARCH a USING INDEX adjustments_pending_once (tenant_id=? AND hour>? AND hour<?)",
			"SEARCH k USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH o USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
		}},
		"adjustments of a tenant": {sqlledger.SelectAdjustments + ` WHERE a.hour BETWEEN ? AND ? AND t.tenant = ?`, []string{
			"SEARCH t USING COVERING INDEX sqlite_autoindex_tenants_1 (tenant=?)",
			"SEARCH a USING INDEX adjustments_once (tenant_id=? AND hour>? AND hour<?)",
			"SEARCH k USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH o USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
		}},
		"what a void order frees": {sqlledger.FreedBy, []string{
			"MULTI-INDEX OR",
			"INDEX 1", "SEARCH adjustments USING INDEX adjustments_by_order (order_id=?)",
			"INDEX 2", "SEARCH adjustments USING INDEX adjustments_pending_once (tenant_id=? AND hour>? AND hour<?)",
		}},
		"entries of others in a tenant's windows": {sqlledger.OthersEntries, []string{
			"SEARCH e USING PRIMARY KEY (tenant_id=? AND hour>? AND hour<?)",
			"SEARCH w USING PRIMARY KEY (series_id=?)",
			"SEARCH x USING PRIMARY KEY (tenant_id=? AND hour=? AND series_id=?)",
			"CORRELATED SCALAR SUBQUERY 1",
			"SEARCH s USING INDEX orders_by_tenant (tenant_id=? AND reserves=? AND begins<?)",
		}},
		"adjustments of others in a tenant's windows": {sqlledger.OthersAdjustments, []string{
			"SEARCH e USING PRIMARY KEY (tenant_id=? AND hour>? AND hour<?)",
			"SEARCH w USING PRIMARY KEY (series_id=?)",
			"SEARCH x USING COVERING INDEX adjustments_once (tenant_id=? AND hour=? AND series_id=?)",
			"CORRELATED SCALAR SUBQUERY 1",
			"SEARCH s USING INDEX orders_by_tenant (tenant_id=? AND reserves=? AND begins<?)",
		}},
		"gaps of a tenant": {sqlledger.SelectGaps + ` WHERE t.tenant = ?`, []string{
			"SEARCH t USING COVERING INDEX sqlite_autoindex_tenants_1 (tenant=?)",
			"SEARCH g USING COVERING INDEX gaps_by_tenant (tenant_id=?)",
			"SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
			"CORRELATED SCALAR SUBQUERY 1",
			"SEARCH x USING COVERING INDEX gaps_by_tenant (tenant_id=? AND series_id=? AND since=?)",
			"USE TEMP B-TREE FOR DISTINCT",
		}},
		"an order": {sqlledger.SelectOrders + ` WHERE o.key = ?`, []string{
			"SEARCH o USING INDEX sqlite_autoindex_orders_1 (key=?)",
			"SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
		}},
		"orders of a tenant": {sqlledger.SelectOrders + ` WHERE t.tenant = ?`, []string{
			"SEARCH t USING COVERING INDEX sqlite_autoindex_tenants_1 (tenant=?)",
			"SEARCH o USING INDEX orders_by_tenant (tenant_id=?)",
		}},
		"what reserves a block": {sqlledger.SelectOrders + ` WHERE o.tenant_id = ? AND o.reserves = 1 AND o.begins < ? AND o.ends > ? ORDER BY o.begins LIMIT 1`, []string{
			"SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH o USING INDEX orders_by_tenant (tenant_id=? AND reserves=? AND begins<?)",
		}},
		"bookmarks of tenants": {sqlledger.SelectBookmarks, []string{
			"SEARCH bookmarks USING INDEX sqlite_autoindex_bookmarks_1 (tenant_id=? AND source=?)",
		}},
		"numbers of series": {sqlledger.SeriesByName, []string{
			"SEARCH series USING COVERING INDEX sqlite_autoindex_series_1 (source=? AND meter=? AND resource=?)",
		}},
	} {
		if got := plan(t, db, test.query); strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s: the plan is\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
		}
	}
}

// listed are the steps by which a list of values is read.
var listed = regexp.MustCompile(`^(CO-ROUTINE v|LIST SUBQUERY \d+|SCAN 2.*(VALUES CLAUSE|CONSTANT ROWS))$`)

// plan returns the steps of a query, without how a list of values is read.
func plan(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	rows, err := db.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		if !listed.MatchString(step) {
			steps = append(steps, step)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
