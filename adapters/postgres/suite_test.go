package postgres

import (
	"strings"
	"sync"
	"testing"

	"github.com/openstack-artifice/artifice/internal/pgtest"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/ledger/ledgertest"
)

// TestStore runs the suite over few databases, each of which is emptied for
// the next test: to make one takes longer than most tests.
func TestStore(t *testing.T) {
	cluster.Get(t) // skips before the suite begins
	var mu sync.Mutex
	var unused []pgtest.Database
	places := map[ledger.Store]pgtest.Database{}
	open := func(sub *testing.T, db pgtest.Database) ledger.Store {
		s := openStore(sub, db)
		mu.Lock()
		defer mu.Unlock()
		places[s] = db
		return s
	}
	of := func(s ledger.Store) pgtest.Database {
		mu.Lock()
		defer mu.Unlock()
		return places[s]
	}
	place := func(sub *testing.T) pgtest.Database {
		mu.Lock()
		defer mu.Unlock()
		if len(unused) == 0 {
			unused = append(unused, newDatabase(t))
		}
		db := unused[len(unused)-1]
		unused = unused[:len(unused)-1]
		sub.Cleanup(func() { // when its stores are closed
			emptied(sub, db)
			mu.Lock()
			defer mu.Unlock()
			unused = append(unused, db)
		})
		return db
	}
	ledgertest.Run(t,
		func(sub *testing.T) ledger.Store { return open(sub, place(sub)) },
		ledgertest.Reopen(func(sub *testing.T, s ledger.Store) ledger.Store {
			must(sub, s.(*Store).Close())
			return open(sub, of(s))
		}),
		ledgertest.Beside(func(sub *testing.T, s ledger.Store) ledger.Store { return open(sub, of(s)) }))
}

// emptied removes all of a ledger as only a superuser can, who has turned the triggers
// off.
func emptied(t *testing.T, db pgtest.Database) {
	t.Helper()
	statements := "SET session_replication_role = replica; SET search_path = artifice; DELETE FROM " + strings.Join(tables(t), "; DELETE FROM ")
	db.Cluster.Exec(t, db.Name, statements)
}
