package invoice

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// An Invoice gathers what one tenant owes for one block and saves it to an ERP
// system. Nothing is written to the ERP before Commit: an invoice may be
// dropped uncommitted. It is used by one goroutine at a time.
type Invoice interface {
	// AddSection opens a subsection of the invoice, one for each datacenter.
	// A name that was added already is an error.
	AddSection(name string) error

	// AddLine adds an item. Its datacenter names a section that was added;
	// otherwise it is an error, and nothing is added.
	AddLine(item Item) error

	// Cost returns the price of one unit in the order's currency, the same for
	// the whole block. The error is ErrNoCost where the ERP has none.
	Cost(ctx context.Context, datacenter, name string) (decimal.Decimal, error)

	// Commit closes the invoice, saves it, and returns what the ERP calls it.
	// A second Commit, and any change after the first, is ErrClosed. An error
	// for which IsUnknownOutcome holds says that the ERP may or may not have
	// saved it; with any other nothing is saved, whether somebody must mend
	// something first (IsPermanent) or it may go better later.
	Commit(ctx context.Context) (reference string, err error)
}

// An ERP makes invoices. It lives as long as the process: hold connections
// here. It is used by several goroutines at once.
type ERP interface {
	NewInvoice(ctx context.Context, order Order) (Invoice, error)
}

// ERPFunc lets an ordinary function be an ERP, as http.HandlerFunc does for
// handlers.
type ERPFunc func(ctx context.Context, order Order) (Invoice, error)

// NewInvoice calls f.
func (f ERPFunc) NewInvoice(ctx context.Context, order Order) (Invoice, error) {
	return f(ctx, order)
}

// A Tenant is a Keystone project.
type Tenant = usage.Tenant

// An Order is the request for one invoice.
type Order struct {
	// Key is the idempotency key: the same for every attempt to save this
	// invoice, different for every other. It is lower-case hexadecimal.
	Key string
	// Attempt is which invoice for this block it is: 1 for the first, and one
	// more after each that was cancelled or credited. 0 stands for 1.
	Attempt int
	Tenant  Tenant
	// Block is the span that the invoice covers. Its times are in the
	// deployment's time zone.
	Block usage.Span
	// Currency is an ISO 4217 code; Digits is how many digits after the point
	// an amount of it has.
	Currency string
	Digits   int32
	// Date is when the order was claimed, in the deployment's time zone.
	Date time.Time
}

// CheckAmount returns a permanent error for an item whose amount has more
// digits than the order's currency: it would have to be rounded once more.
func (o Order) CheckAmount(item Item) error {
	if item.Amount.Shift(o.Digits).IsInteger() {
		return nil
	}
	return Permanent(fmt.Errorf("the amount %s of %q has more than the %d digits of %s", item.Amount, item.Name, o.Digits, o.Currency))
}

// An Item is one line of an invoice. Its figures are final. Its texts are what
// users of the cloud and its operators typed: they may hold anything.
type Item struct {
	Datacenter  string
	Name        string          // the service
	Value       decimal.Decimal // how many units: below 0, or 0, where the item corrects an earlier block
	Unit        string          // what Value counts, as "gigabyte hour"; "" where nothing says it
	Resource    string          // the resource, where the item is for one alone
	Description string
	Cost        decimal.Decimal // the price of one unit, in the order's currency
	Amount      decimal.Decimal // Value times Cost, rounded to the order's Digits
	// Adjusts is the block that the item corrects, zero for the order's own.
	Adjusts usage.Span
}

// A Finder is an invoice that can tell whether the ERP has its order already.
type Finder interface {
	// Find returns the reference under which the ERP holds the order's key,
	// completely saved. The error is ErrNotFound where it does not, and
	// ErrUnfinished where a part of it is there. Lines may have been added
	// before: where the ERP can tell that it holds others, that is a permanent
	// error, as is all else that Commit would refuse to take for the order's:
	// ErrCancelled of an invoice that was cancelled there.
	Find(ctx context.Context) (reference string, err error)
}

// A Uniter is an invoice that knows what one unit of a cost is.
type Uniter interface {
	// Unit returns the unit that Cost is the price of, or "" where the cost is
	// for one unit of whatever the usage is measured in.
	Unit(ctx context.Context, datacenter, name string) (string, error)
}

// A ResourceLister is an ERP whose invoices may have an item for each resource,
// instead of one for each service.
type ResourceLister interface {
	// PerResource reports whether they are to have.
	PerResource() bool
}

// A LookupDelayer is an ERP in which a Find may miss, for some time, what a
// Commit has saved: one with a search index, or one that goes on saving after
// the connection is lost. One that refuses a key which it has already needs
// none.
type LookupDelayer interface {
	// LookupDelay is how long after a Commit has ended, however it ended, a
	// Find that finds nothing can be trusted.
	LookupDelay() time.Duration
}

// A ReferenceComparer is an ERP that calls an invoice otherwise once a person
// has gone on with it: a draft that is posted gets a number.
type ReferenceComparer interface {
	// SameReference reports whether an invoice that was saved under one
	// reference may be found under another, and is the same all the same.
	SameReference(saved, found string) bool
}

// A Crediter is an ERP that saves an order whose total is below zero, as what
// corrections of earlier blocks may come to, as a credit note: by the same
// calls, under the same key. Without it such corrections wait for an order that
// they fit into.
type Crediter interface {
	// Credits reports whether it does, as it is configured.
	Credits() bool
}

// A PriceChecker is an ERP that can review its prices against what was used in
// a block, pairs of datacenter and service. It yields by name what is wrong: a
// service without a cost with an error as of Cost, and prices that were the
// cost of nothing, with an error that is neither ErrNoCost nor permanent.
type PriceChecker interface {
	CheckPrices(ctx context.Context, block usage.Span, currency string, used iter.Seq2[string, string]) iter.Seq2[string, error]
}

// A HealthChecker is an ERP that can tell, without changing anything, whether
// invoices could be saved. It yields the name of every check with its outcome:
// nil for good, a *usage.Warning for what works all the same, and another error
// for what does not.
type HealthChecker interface {
	CheckHealth(ctx context.Context) iter.Seq2[string, error]
}
