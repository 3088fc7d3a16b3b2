package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/ledger/ledgertest"
)

func TestStore(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledger.Store {
		return newStore(t, filepath.Join(t.TempDir(), "ledger.db"))
	}, ledgertest.Reopen(func(t *testing.T, s ledger.Store) ledger.Store {
		must(t, s.(*Store).Close())
		return newStore(t, s.(*Store).path)
	}), ledgertest.Beside(func(t *testing.T, s ledger.Store) ledger.Store {
		return newStore(t, s.(*Store).path)
	}))
}

// newStore returns the store in a file, which is closed when the test is over.
func newStore(t testing.TB, path string) *Store {
	t.Helper()
	s, err := NewStore(t.Context(), Config{Path: config.Path(path)})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
