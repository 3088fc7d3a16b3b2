// Package invoicetest proves that an ERP adapter keeps the contract of package
// invoice. An adapter's test is one call:
//
//	func TestContract(t *testing.T) {
//		invoicetest.Run(t, invoicetest.Setup{
//			New:    func(t testing.TB) invoice.ERP { return &ERP{...} },
//			Prices: []invoicetest.Price{{Datacenter: "north", Name: "volume.size", Cost: decimal.RequireFromString("0.32")}},
//			Saved:  func(t testing.TB, erp invoice.ERP) []invoicetest.Saved { ... },
//		})
//	}
//
// Every check is a subtest with a name of its own. One that the Setup, or an
// ability that the adapter leaves out, makes impossible is skipped and says
// what it needs. Orders have random keys, so that the ERP need not be empty.
package invoicetest

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

// A Setup is what the suite must know about an adapter.
type Setup struct {
	// New returns a working ERP, once for each check.
	New func(t testing.TB) invoice.ERP

	// Prices are costs that the ERP gives, at least one. With two datacenters
	// among them, more is proved.
	Prices []Price

	// Saved returns every invoice that the ERP holds now. Without it, what
	// only a look into the ERP can prove is not proved.
	Saved func(t testing.TB, erp invoice.ERP) []Saved

	// Once says that the ERP itself never holds two invoices with one key.
	// Set it for an ERP that can promise "once" rather than "at most once".
	Once bool

	// Tenant returns the nth tenant, from 0, of an ERP that bills only tenants
	// it knows. There must be eight or more.
	Tenant func(n int) invoice.Tenant

	// KnownOnly says that lines can be only for datacenters and names among
	// Prices.
	KnownOnly bool

	// NeedsLines says that the ERP has no invoice without a line, and shows no
	// section without one: a commit of such an invoice is a permanent error.
	NeedsLines bool

	// Currency and Digits are those of the orders: NZD and 2 where Currency is
	// "".
	Currency string
	Digits   int32
}

// A Price is a cost that an ERP gives.
type Price struct {
	Datacenter, Name string
	Cost             decimal.Decimal
}

// Saved is an invoice as an ERP holds it.
type Saved struct {
	Key       string // the order's
	Reference string
	Sections  []string // in their order
	// Items are in the order in which the ERP shows them, at least with
	// Datacenter, Name, Value, Cost and Amount. Text may come back altered
	// where it holds control characters or would run as a formula.
	Items []invoice.Item
}

// Run proves the adapter, one subtest for each check.
func Run(t *testing.T, s Setup) {
	t.Helper()
	if s.New == nil || len(s.Prices) == 0 {
		t.Fatal("invoicetest: Setup needs New and at least one of Prices")
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(newBench(t, s)) })
	}
}

// A check proves one promise of the contract.
type check struct {
	name string
	run  func(*bench)
}

// checks are the promises, from the simple to the hard.
var checks = []check{
	{"created", created},
	{"sections keep their order", sectionsKeepOrder},
	{"a section twice is refused", sectionTwice},
	{"a line without its section is refused", lineWithoutSection},
	{"lines are kept to the last digit", linesToTheLastDigit},
	{"zero and negative amounts are kept", zeroAndNegative},
	{"cost is stable within a block", costStable},
	{"an unknown cost is ErrNoCost", costUnknown},
	{"a unit is known for every cost", unitKnown},
	{"nothing is saved before commit", nothingBeforeCommit},
	{"dropped without a trace", droppedWithoutTrace},
	{"commit closes the invoice", commitCloses},
	{"errors are what they say", errorClasses},
	{"find tells what is saved", findTells},
	{"a later attempt is another invoice", laterAttempt},
	{"the same order twice is one invoice", sameTwice},
	{"the same key with other content is refused", otherContent},
	{"hostile names break nothing", hostileNames},
	{"hostile tenants never meet", hostileTenants},
	{"a cancelled context stops", contextCancelled},
	{"invoices side by side", sideBySide},
	{"the same order side by side is one invoice", sameSideBySide},
	{"ten thousand lines", manyLines},
	{"no lines", noLines},
	{"health is told without a change", health},
}

// newBench makes the ERP that one check works with.
func newBench(t testing.TB, s Setup) *bench {
	t.Helper()
	if s.Currency == "" {
		s.Currency, s.Digits = "NZD", 2
	}
	return &bench{TB: t, setup: s, erp: s.New(t), ctx: context.WithoutCancel(t.Context())}
}
