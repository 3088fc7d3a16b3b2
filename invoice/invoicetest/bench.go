package invoicetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// A bench is what a check works with: an ERP, and short words for what every
// check does. Its methods end the check where a step fails that is not what
// the check is about.
type bench struct {
	testing.TB
	setup Setup
	erp   invoice.ERP
	ctx   context.Context
}

// content is what an invoice is filled with.
type content struct {
	sections []string
	items    []invoice.Item
}

// order returns an order for the nth tenant with a key that no other has.
func (b *bench) order(n int) invoice.Order {
	// A fixed zone, so that the suite does not need a database of zones.
	zone := time.FixedZone("NZST", 12*60*60)
	key := make([]byte, 32)
	rand.Read(key)
	tenant := invoice.Tenant{ID: fmt.Sprintf("%032x", n+1), Name: fmt.Sprintf("tenant %d", n)}
	if b.setup.Tenant != nil {
		tenant = b.setup.Tenant(n)
	}
	return invoice.Order{
		Key:      fmt.Sprintf("%x", key),
		Tenant:   tenant,
		Block:    usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, zone), End: time.Date(2013, 9, 1, 0, 0, 0, 0, zone)},
		Currency: b.setup.Currency,
		Digits:   b.setup.Digits,
		Date:     time.Date(2013, 9, 2, 9, 30, 0, 0, zone),
	}
}

// item is a line for the nth of the prices, which are gone through in circles.
func (b *bench) item(n int, value string) invoice.Item {
	p := b.setup.Prices[n%len(b.setup.Prices)]
	v := decimal.RequireFromString(value)
	return invoice.Item{
		Datacenter: p.Datacenter, Name: p.Name, Value: v, Unit: "hour",
		Resource: fmt.Sprintf("resource-%d", n), Description: "a resource",
		Cost: p.Cost, Amount: amount(v, p.Cost, b.setup.Digits),
	}
}

// lines is content with a line for each value, and the sections they need.
func (b *bench) lines(values ...string) content {
	var c content
	for n, value := range values {
		item := b.item(n, value)
		if !slices.Contains(c.sections, item.Datacenter) {
			c.sections = append(c.sections, item.Datacenter)
		}
		c.items = append(c.items, item)
	}
	return c
}

// amount is value times cost, rounded half away from zero as the engine does
// it: an ERP may check.
func amount(value, cost decimal.Decimal, digits int32) decimal.Decimal {
	half := decimal.New(5, -1)
	units := value.Mul(cost).Shift(digits)
	if units.IsNegative() {
		half = half.Neg()
	}
	return decimal.NewFromBigInt(units.Add(half).BigInt(), -digits)
}

func (b *bench) open(order invoice.Order) invoice.Invoice {
	b.Helper()
	inv, err := b.erp.NewInvoice(b.ctx, order)
	if err != nil {
		b.Fatalf("NewInvoice: %v", err)
	}
	if inv == nil {
		b.Fatal("NewInvoice returned neither an invoice nor an error")
	}
	return inv
}

// opened is an invoice that c was added to.
func (b *bench) opened(order invoice.Order, c content) invoice.Invoice {
	b.Helper()
	inv := b.open(order)
	if err := fill(inv, c); err != nil {
		b.Fatal(err)
	}
	return inv
}

func fill(inv invoice.Invoice, c content) error {
	for _, s := range c.sections {
		if err := inv.AddSection(s); err != nil {
			return fmt.Errorf("AddSection(%q): %w", s, err)
		}
	}
	for i, item := range c.items {
		if err := inv.AddLine(item); err != nil {
			return fmt.Errorf("AddLine, line %d (%q in %q): %w", i+1, item.Name, item.Datacenter, err)
		}
	}
	return nil
}

// committed saves an invoice and returns its reference.
func (b *bench) committed(order invoice.Order, c content) string {
	b.Helper()
	reference, err := b.opened(order, c).Commit(b.ctx)
	if err != nil {
		b.Fatalf("Commit: %v", err)
	}
	if reference == "" {
		b.Fatal("Commit returned no reference")
	}
	return reference
}

// needsSaved skips a check that only a look into the ERP can make.
func (b *bench) needsSaved() {
	b.Helper()
	if b.setup.Saved == nil {
		b.Skip("needs Setup.Saved")
	}
}

// saved returns the invoices that the ERP holds under a key. ok is false where
// nobody can tell.
func (b *bench) saved(key string) (found []Saved, ok bool) {
	b.Helper()
	if b.setup.Saved == nil {
		return nil, false
	}
	for _, s := range b.setup.Saved(b, b.erp) {
		if s.Key == key {
			found = append(found, s)
		}
	}
	return found, true
}

// wantNone reports an order that the ERP holds after something that must not
// save it.
func (b *bench) wantNone(order invoice.Order, after string) {
	b.Helper()
	if found, _ := b.saved(order.Key); len(found) > 0 {
		b.Errorf("the ERP holds an invoice after %s", after)
	}
	if f, ok := b.open(order).(invoice.Finder); ok {
		if reference, err := f.Find(b.ctx); !errors.Is(err, invoice.ErrNotFound) {
			b.Errorf("Find after %s = %q, %v; want ErrNotFound", after, reference, err)
		}
	}
}

// wantSaved reports everything that the one invoice saved for an order has
// other than c. Names are compared where they are plain; where they are not,
// c has its lines in the order of its sections.
func (b *bench) wantSaved(order invoice.Order, reference string, c content, plain bool) {
	b.Helper()
	found, ok := b.saved(order.Key)
	if !ok {
		return
	}
	if len(found) != 1 {
		b.Errorf("the ERP holds %d invoices for the order, want 1", len(found))
		return
	}
	got := found[0]
	if got.Reference != reference {
		b.Errorf("the ERP calls the invoice %q, Commit called it %q", got.Reference, reference)
	}
	if plain && !slices.Equal(got.Sections, c.sections) {
		b.Errorf("sections %q, want %q", got.Sections, c.sections)
	}
	// Where a section is nothing but the text of its lines, two whose names
	// were altered may read the same.
	sections := len(c.sections)
	if b.setup.NeedsLines && !plain {
		sections = len(got.Sections)
	}
	if len(got.Sections) != sections || len(got.Items) != len(c.items) {
		b.Errorf("%d sections and %d lines, want %d and %d", len(got.Sections), len(got.Items), len(c.sections), len(c.items))
		return
	}
	// The ERP may show lines by section: within one, they keep their order.
	want := slices.Clone(c.items)
	slices.SortStableFunc(want, func(x, y invoice.Item) int {
		return slices.Index(c.sections, x.Datacenter) - slices.Index(c.sections, y.Datacenter)
	})
	if plain {
		slices.SortStableFunc(got.Items, func(x, y invoice.Item) int {
			return slices.Index(c.sections, x.Datacenter) - slices.Index(c.sections, y.Datacenter)
		})
	}
	for i, w := range want {
		g := got.Items[i]
		if plain && (g.Datacenter != w.Datacenter || g.Name != w.Name) {
			b.Errorf("line %d is %q in %q, want %q in %q", i+1, g.Name, g.Datacenter, w.Name, w.Datacenter)
		}
		if !g.Value.Equal(w.Value) || !g.Cost.Equal(w.Cost) || !g.Amount.Equal(w.Amount) {
			b.Errorf("line %d: %s x %s = %s, want %s x %s = %s", i+1, g.Value, g.Cost, g.Amount, w.Value, w.Cost, w.Amount)
		}
	}
}
