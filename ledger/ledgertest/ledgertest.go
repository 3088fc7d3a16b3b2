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
// opened again, and with [Beside] the races are run between two that have one
// place open. Abilities beyond the contract are proved where the store has
// them: ledger.Locker, ledger.Archiver and ledger.Pruner. What only the
// database itself can refuse (writes by another program), and what a killed
// process leaves behind, is for the store's own tests.
//
// Leases go by the store's own clock, of which the suite knows nothing: it
// takes orders over whose leases have ended as soon as they were given, and
// finds others held.
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

// Beside lets Run prove what holds between two processes: the function opens
// the place of a store that is open once more, beside it. What must be closed
// it leaves to t.Cleanup.
func Beside(open func(*testing.T, ledger.Store) ledger.Store) Option {
	return func(s *suite) { s.openBeside = open }
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
		{"record, nothing kept", suite.testRecordAtomic},
		{"record, fenced", suite.testRecordFenced},
		{"exact volumes", suite.testVolumes},
		{"folds from", suite.testFoldsFrom},
		{"reaching", suite.testReaching},
		{"marks", suite.testMarks},
		{"marks of meters", suite.testMeters},
		{"bookmarks", suite.testBookmarks},
		{"bookmarks, kept", suite.testBookmarksKept},
		{"marks that leave a hole", suite.testMarksHole},
		{"gaps", suite.testGaps},
		{"gaps told", suite.testGapsTold},
		{"resources", suite.testResources},
		{"tenants", suite.testTenants},
		{"revision", suite.testRevision},
		{"entries", suite.testEntries},
		{"entries left early", suite.testEntriesLeftEarly},
		{"text", suite.testText},
		{"claim", suite.testClaim},
		{"claim twice", suite.testClaimTwice},
		{"claim, stale", suite.testClaimStale},
		{"exact items", suite.testItems},
		{"overlap", suite.testOverlap},
		{"park", suite.testPark},
		{"orders", suite.testOrders},
		{"holds", suite.testHolds},
		{"leases", suite.testLeases},
		{"settle", suite.testSettle},
		{"suspend", suite.testSuspend},
		{"history", suite.testHistory},
		{"history of parked orders", suite.testHistoryParked},
		{"late usage", suite.testLate},
		{"late usage, over and over", suite.testLateAgain},
		{"late usage, frozen exactly", suite.testFrozen},
		{"late usage of tenants", suite.testLateTenants},
		{"carried", suite.testCarried},
		{"carried, stale", suite.testCarriedStale},
		{"adjustments", suite.testAdjustments},
		{"void", suite.testVoid},
		{"void, refused", suite.testVoidRefused},
		{"void frees usage", suite.testVoidFrees},
		{"void of a carrier", suite.testVoidCarrier},
		{"void under a carrier", suite.testVoidUnder},
		{"random steps", suite.testRandom},
		{"prune", suite.testPrune},
		{"prune keeps", suite.testPruneKeeps},
		{"prune keeps what tenants share", suite.testPruneShared},
		{"prune beside a tenant who is not", suite.testPruneBeside},
		{"prune, then late usage", suite.testPruneLate},
		{"prune states", suite.testPruneStates},
		{"prune, and reach on", suite.testReachingPruned},
		{"archive", suite.testArchive},
		{"archive refuses", suite.testArchiveRefuses},
		{"lock", suite.testLock},
		{"concurrent claims", suite.testConcurrentClaims},
		{"concurrent takes", suite.testConcurrentTakes},
		{"concurrent carriers", suite.testConcurrentCarriers},
		{"concurrent records", suite.testConcurrentRecords},
		{"concurrent records, fenced", suite.testConcurrentFenced},
		{"concurrent work", suite.testConcurrentWork},
		{"cancelled", suite.testCancelled},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
}

// A suite is how the tests come by stores.
type suite struct {
	openStore   func(*testing.T) ledger.Store
	reopenStore func(*testing.T, ledger.Store) ledger.Store
	openBeside  func(*testing.T, ledger.Store) ledger.Store
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

// twice returns a store as two processes have it at the same time, where the
// author of the store lets it.
func (s suite) twice(t *testing.T, store ledger.Store) [2]ledger.Store {
	t.Helper()
	if s.openBeside == nil {
		return [2]ledger.Store{store, store}
	}
	return [2]ledger.Store{store, s.openBeside(t, store)}
}

// able returns a store as one that can do more, or skips the test.
func able[T any](t *testing.T, store ledger.Store, what string) T {
	t.Helper()
	can, ok := store.(T)
	if !ok {
		t.Skip("the store is no ledger." + what)
	}
	return can
}
