package billing_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/adapters/sqlite"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
)

// openSQLite opens the ledger in a file.
func openSQLite(t *testing.T, file string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.NewStore(context.Background(), sqlite.Config{Path: config.Path(file)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// What late usage comes to does not depend on the store.
func TestLateUsageOnSQLite(t *testing.T) {
	for _, test := range lateCases() {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, openSQLite(t, filepath.Join(t.TempDir(), "artifice.db")))
		})
	}
}

// A program that was killed has no lease any more: from one file one program
// bills at a time.
func TestKilledOnSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "artifice.db")
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	first := openSQLite(t, file)
	e.Store = first
	for _, tenant := range []string{"a", "b", "c", "d", "e", "f"} {
		record(t, e, used{tenant, "disk", tenant, 0, "1"})
	}
	draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, hours(0, 4))
	if err != nil {
		t.Fatal(err)
	}
	claim := ledger.Claim{Order: draft.Order, Revision: draft.Revision, Lease: ledger.Lease{Holder: "gone:1", For: time.Hour}, Note: ledger.Note{At: october}}
	if _, err := e.Store.Claim(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil { // without a word to the others
		t.Fatal(err)
	}
	e.Store, e.Holder, e.Workers = openSQLite(t, file), "here:2", 4
	for i, o := range billHours(t, e, 0, 4) {
		if o.Result != billing.Billed {
			t.Errorf("tenant %d: %s: %v", i, o.Result, o.Err)
		}
	}
	if d.sent != 6 {
		t.Errorf("%d sent", d.sent)
	}
	verified(t, e)
	orders, err := e.Store.Orders(t.Context(), ledger.OrderFilter{Statuses: []ledger.Status{ledger.Settled}})
	if err != nil || len(orders) != 6 {
		t.Errorf("%d orders, %v", len(orders), err)
	}
}
