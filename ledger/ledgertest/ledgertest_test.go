package ledgertest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/ledger/ledgertest"
)

// itemOf keeps the plain store short.
type itemOf = invoice.Item

// plantedFault makes TestMemory run with a fault.
const plantedFault = "ARTIFICE_LEDGERTEST_FAULT"

// TestMemory: the plain store keeps the contract.
func TestMemory(t *testing.T) {
	fault := os.Getenv(plantedFault)
	ledgertest.Run(t, func(*testing.T) ledger.Store { return newMemory(fault) })
}

// TestForgetful: a store that forgets what it was told when it is closed is
// found out where it can be reopened.
func TestForgetful(t *testing.T) {
	if os.Getenv(plantedFault) != "forgetful" {
		wantFailure(t, "TestForgetful", "forgetful")
		return
	}
	ledgertest.Run(t, func(*testing.T) ledger.Store { return newMemory("") },
		ledgertest.Reopen(func(*testing.T, ledger.Store) ledger.Store { return newMemory("") }))
}

// TestFaults: each fault, planted in the plain store, makes the suite fail.
func TestFaults(t *testing.T) {
	if os.Getenv(plantedFault) != "" {
		t.Skip("runs in the process that plants the faults")
	}
	for _, fault := range []string{
		"adjusted block lost", "any block", "any window", "closed blocks", "context ignored", "entries added, not replaced",
		"entries by resource, then meter", "every record frozen", "extra of tenants lost", "first fold stands", "first name stands", "fold without entries dropped",
		"half a batch kept", "in doubt reserves nothing", "items sorted", "key contains", "key taken over", "mark moves back",
		"meters of a resource mixed up", "newest fold first", "no overlap check", "orders by key", "orders with items",
		"other tenants frozen", "parked makes no way", "parked over reserved", "parked reserves", "parked settled",
		"parked with items", "removal not frozen", "settled twice", "settled usage not frozen", "state of the fold lost",
		"suspended as anything", "tenants share their time", "times in UTC", "times in microseconds", "units mixed up",
		"unknown order settled", "usage not frozen", "volumes rounded", "windows that stick out",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			wantFailure(t, "TestMemory", fault)
		})
	}
}

// wantFailure runs a test with a fault in a process of its own, and wants it to
// fail by an assertion, not by a crash.
func wantFailure(t *testing.T, test, fault string) {
	t.Helper()
	program := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-rapid.nofailfile", "-rapid.shrinktime=0s")
	program.Env = append(os.Environ(), plantedFault+"="+fault)
	out, err := program.CombinedOutput()
	if err == nil {
		t.Errorf("the suite finds nothing wrong with a store with the fault %q", fault)
	} else if !strings.Contains(string(out), "--- FAIL: "+test+"/") || strings.Contains(string(out), "panic:") {
		t.Errorf("the suite ended with %v:\n%s", err, out)
	}
}
