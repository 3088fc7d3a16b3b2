package ledgertest_test

import (
	"testing"

	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/ledger/ledgertest"
)

// TestMemory: the ledger in memory keeps the contract.
func TestMemory(t *testing.T) {
	ledgertest.Run(t, func(*testing.T) ledger.Store { return memory.New(memory.Options{}) })
}
