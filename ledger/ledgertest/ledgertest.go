// Package ledgertest proves that a store keeps the contract of package ledger.
//
// An author of a store calls [Run] from a test of the store's package:
//
//	func TestStore(t *testing.T) {
//		ledgertest.Run(t, func(t *testing.T) ledger.Store {
//			return mystore.Open(t, t.TempDir())
//		})
//	}
//
// With [Reopen] what was written is read from a store that was closed and
// opened again. What only the database itself can refuse (writes by another
// program), and what a killed process leaves behind, is for the store's own
// tests.
package ledgertest

import (
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
)

// An Option changes how Run goes about it.
type Option func(*suite)

// Reopen lets Run prove that a store remembers: the function closes a store
// that came from open, and returns one that reads the same place.
func Reopen(reopen func(*testing.T, ledger.Store) ledger.Store) Option {
	return func(s *suite) { s.reopenStore = reopen }
}

// Run checks every promise of the contract, each in a subtest. The function
// open returns a new, empty store each time; what must be closed it leaves to
// t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) ledger.Store, options ...Option) {
	s := suite{openStore: open}
	for _, option := range options {
		option(&s)
	}
	for _, test := range []struct {
		name string
		run  func(suite, *testing.T)
	}{
		{"empty", suite.testEmpty},
		{"record", suite.testRecord},
		{"record again", suite.testRecordAgain},
		{"record replaces", suite.testRecordReplaces},
		{"record refuses", suite.testRecordRefuses},
		{"exact volumes", suite.testVolumes},
		{"marks", suite.testMarks},
		{"resources", suite.testResources},
		{"tenants", suite.testTenants},
		{"entries", suite.testEntries},
		{"entries left early", suite.testEntriesLeftEarly},
		{"text", suite.testText},
		{"frozen usage", suite.testFrozen},
		{"frozen usage, nothing kept", suite.testFrozenAtomic},
		{"claim", suite.testClaim},
		{"claim twice", suite.testClaimTwice},
		{"exact items", suite.testItems},
		{"overlap", suite.testOverlap},
		{"overlap, random orders", suite.testOverlapRandom},
		{"settle", suite.testSettle},
		{"suspend", suite.testSuspend},
		{"park", suite.testPark},
		{"orders", suite.testOrders},
		{"concurrent claims", suite.testConcurrentClaims},
		{"concurrent records", suite.testConcurrentRecords},
		{"cancelled", suite.testCancelled},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
}

// A suite is how the tests come by stores.
type suite struct {
	openStore   func(*testing.T) ledger.Store
	reopenStore func(*testing.T, ledger.Store) ledger.Store
}

// open returns an empty store.
func (s suite) open(t *testing.T) ledger.Store {
	t.Helper()
	return s.openStore(t)
}

// reopen returns the store as another process would find it, where the author
// of the store lets it.
func (s suite) reopen(t *testing.T, store ledger.Store) ledger.Store {
	t.Helper()
	if s.reopenStore == nil {
		return store
	}
	return s.reopenStore(t, store)
}
