package invoicetest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/invoice/invoicetest"
)

// A faulty is an invoice of Memory with some of its methods broken.
type faulty struct {
	*Invoice
	addSection func(*Invoice, string) error
	addLine    func(*Invoice, invoice.Item) error
	cost       func(*Invoice, string, string) (decimal.Decimal, error)
	commit     func(context.Context, *Invoice) (string, error)
	find       func(*Invoice) (string, error)
}

func (f faulty) AddSection(name string) error {
	if f.addSection != nil {
		return f.addSection(f.Invoice, name)
	}
	return f.Invoice.AddSection(name)
}

func (f faulty) AddLine(item invoice.Item) error {
	if f.addLine != nil {
		return f.addLine(f.Invoice, item)
	}
	return f.Invoice.AddLine(item)
}

func (f faulty) Cost(ctx context.Context, datacenter, name string) (decimal.Decimal, error) {
	if f.cost != nil {
		return f.cost(f.Invoice, datacenter, name)
	}
	return f.Invoice.Cost(ctx, datacenter, name)
}

func (f faulty) Commit(ctx context.Context) (string, error) {
	if f.commit != nil {
		return f.commit(ctx, f.Invoice)
	}
	return f.Invoice.Commit(ctx)
}

func (f faulty) Find(ctx context.Context) (string, error) {
	if f.find != nil {
		return f.find(f.Invoice)
	}
	return f.Invoice.Find(ctx)
}

// broken is a Memory whose invoices have a fault.
type broken struct {
	*Memory
	open  func(*broken, *Invoice) invoice.Invoice
	lines map[string][]invoice.Item // of all invoices of an order, by its key
	busy  string                    // the key of the order that was opened last
	calls int
}

func (b *broken) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	return b.open(b, &Invoice{erp: b.Memory, order: order}), nil
}

// do keeps faults from being races as well.
func (m *Memory) do(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// ofBlock is the reference of what is saved for the tenant and block of an
// invoice, or else what find says.
func (m *Memory) ofBlock(i *Invoice, find func() (string, error)) (string, error) {
	var reference string
	m.do(func() {
		for _, s := range m.saved {
			if sameBlock(s, i) {
				reference = s.reference
			}
		}
	})
	if reference != "" {
		return reference, nil
	}
	return find()
}

func sameBlock(a, b *Invoice) bool {
	return a.order.Tenant.ID == b.order.Tenant.ID && a.order.Block == b.order.Block
}

// sick has a health check that writes, and one without a name.
type sick struct{ *Memory }

func (s sick) CheckHealth(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s.saved["probe"] = &Invoice{}
		_ = yield("", nil) && yield("disk", errors.New("full"))
	}
}

// every makes each invoice faulty in the same way.
func every(f faulty) func(*broken, *Invoice) invoice.Invoice {
	return func(_ *broken, i *Invoice) invoice.Invoice {
		own := f
		own.Invoice = i
		return own
	}
}

// faults are what authors of adapters get wrong, each with a check that must
// fall for it.
var faults = []struct {
	name, check string
	open        func(*broken, *Invoice) invoice.Invoice
}{
	{"no invoice", "created", func(*broken, *Invoice) invoice.Invoice { return nil }},
	{"sections are sorted", "sections keep their order", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		slices.Sort(i.sections)
		return i.Commit(ctx)
	}})},
	{"a section twice is one", "a section twice is refused", every(faulty{addSection: func(i *Invoice, name string) error {
		if slices.Contains(i.sections, name) {
			return nil
		}
		return i.AddSection(name)
	}})},
	{"a line makes its section", "a line without its section is refused", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		_ = i.AddSection(item.Datacenter)
		return i.AddLine(item)
	}})},
	{"a refused line is added", "a line without its section is refused", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		err := i.AddLine(item)
		if errors.Is(err, invoice.ErrNoSection) {
			i.items = append(i.items, item)
		}
		return err
	}})},
	{"values have two digits", "lines are kept to the last digit", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		item.Value = item.Value.Truncate(2)
		return i.AddLine(item)
	}})},
	{"amounts are worked out anew, unrounded", "lines are kept to the last digit", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		item.Amount = item.Value.Mul(item.Cost)
		return i.AddLine(item)
	}})},
	{"lines are in another order", "lines are kept to the last digit", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		slices.Reverse(i.items)
		return i.Commit(ctx)
	}})},
	{"what costs nothing is left out", "zero and negative amounts are kept", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		if item.Amount.IsZero() {
			return nil
		}
		return i.AddLine(item)
	}})},
	{"negative amounts are refused", "zero and negative amounts are kept", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		if item.Amount.IsNegative() {
			return errors.New("negative")
		}
		return i.AddLine(item)
	}})},
	{"the cost rises each time", "cost is stable within a block", func(b *broken, i *Invoice) invoice.Invoice {
		return faulty{Invoice: i, cost: func(i *Invoice, _, name string) (decimal.Decimal, error) {
			b.calls++
			cost, err := i.Cost(context.Background(), "", name)
			return cost.Add(decimal.New(int64(b.calls), -6)), err
		}}
	}},
	{"an unknown cost is zero", "an unknown cost is ErrNoCost", every(faulty{cost: func(i *Invoice, _, name string) (decimal.Decimal, error) {
		return i.erp.costs[name], nil
	}})},
	{"an unknown cost is some error", "an unknown cost is ErrNoCost", every(faulty{cost: func(i *Invoice, _, name string) (decimal.Decimal, error) {
		cost, ok := i.erp.costs[name]
		if !ok {
			return cost, errors.New("404")
		}
		return cost, nil
	}})},
	{"an unknown cost is not named", "an unknown cost is ErrNoCost", every(faulty{cost: func(i *Invoice, _, name string) (decimal.Decimal, error) {
		cost, ok := i.erp.costs[name]
		if !ok {
			return cost, invoice.ErrNoCost
		}
		return cost, nil
	}})},
	{"an unknown cost may have saved it", "errors are what they say", every(faulty{cost: func(i *Invoice, datacenter, name string) (decimal.Decimal, error) {
		cost, err := i.Cost(context.Background(), datacenter, name)
		return cost, invoice.UnknownOutcome(err)
	}})},
	{"a closed invoice may have been saved", "errors are what they say", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		reference, err := i.Commit(ctx)
		return reference, invoice.UnknownOutcome(err)
	}})},
	{"what is not found never will be", "errors are what they say", every(faulty{find: func(i *Invoice) (string, error) {
		reference, err := i.Find(context.Background())
		return reference, invoice.Permanent(err)
	}})},
	{"what has no section is closed", "errors are what they say", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		err := i.AddLine(item)
		if errors.Is(err, invoice.ErrNoSection) {
			err = errors.Join(err, invoice.ErrClosed)
		}
		return err
	}})},
	{"every line is saved at once", "nothing is saved before commit", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		err := i.AddLine(item)
		i.erp.do(func() { i.erp.saved[i.order.Key] = i })
		return err
	}})},
	{"an order's invoices share their lines", "dropped without a trace", func(b *broken, i *Invoice) invoice.Invoice {
		return faulty{Invoice: i, addLine: func(i *Invoice, item invoice.Item) error {
			b.do(func() { b.lines[i.order.Key] = append(b.lines[i.order.Key], item) })
			return i.AddLine(item)
		}, commit: func(ctx context.Context, i *Invoice) (string, error) {
			b.do(func() { i.items = slices.Clone(b.lines[i.order.Key]) })
			return i.Commit(ctx)
		}}
	}},
	{"commit can be repeated", "commit closes the invoice", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		i.closed = false
		return i.Commit(ctx)
	}})},
	{"lines are taken after commit", "commit closes the invoice", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		i.items = append(i.items, item)
		return nil
	}})},
	{"find finds nothing", "find tells what is saved", every(faulty{find: func(*Invoice) (string, error) { return "", invoice.ErrNotFound }})},
	{"find finds everything", "find tells what is saved", every(faulty{find: func(*Invoice) (string, error) { return "INV/0001", nil }})},
	{"find knows the block, not the attempt", "a later attempt is another invoice", every(faulty{find: func(i *Invoice) (string, error) {
		return i.erp.ofBlock(i, func() (string, error) { return i.Find(context.Background()) })
	}})},
	{"commit knows the block, not the attempt", "a later attempt is another invoice", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		return i.erp.ofBlock(i, func() (string, error) { return i.Commit(ctx) })
	}})},
	{"a later attempt replaces the one before", "a later attempt is another invoice", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		i.erp.do(func() {
			maps.DeleteFunc(i.erp.saved, func(_ string, s *Invoice) bool { return sameBlock(s, i) && s.order.Key != i.order.Key })
		})
		return i.Commit(ctx)
	}})},
	{"every commit is a new invoice", "the same order twice is one invoice", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		i.erp.do(func() {
			if there, ok := i.erp.saved[i.order.Key]; ok {
				i.erp.saved[there.reference] = there
				delete(i.erp.saved, i.order.Key)
			}
		})
		return i.Commit(ctx)
	}})},
	{"the last content wins", "the same key with other content is refused", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		i.erp.do(func() { delete(i.erp.saved, i.order.Key) })
		return i.Commit(ctx)
	}})},
	{"the first content wins in silence", "the same key with other content is refused", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		if reference, err := i.Find(ctx); err == nil {
			return reference, nil
		}
		return i.Commit(ctx)
	}})},
	{"a refusal is to be tried again", "the same key with other content is refused", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		reference, err := i.Commit(ctx)
		if invoice.IsPermanent(err) {
			err = errors.New("conflict")
		}
		return reference, err
	}})},
	{"a newline ends a line", "hostile names break nothing", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		if strings.Contains(item.Description, "\n") {
			_ = i.AddLine(item)
		}
		return i.AddLine(item)
	}})},
	{"long text is refused", "hostile names break nothing", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		if len(item.Description) > 255 {
			return errors.New("value too long")
		}
		return i.AddLine(item)
	}})},
	{"tenants' ids are cut", "hostile tenants never meet", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		_, err := i.Commit(ctx)
		i.erp.do(func() { i.reference = i.order.Tenant.ID[:min(len(i.order.Tenant.ID), 255)] })
		return i.reference, err
	}})},
	{"a cancelled context is not looked at", "a cancelled context stops", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		return i.Commit(context.WithoutCancel(ctx))
	}})},
	{"a cancelled commit is half done", "a cancelled context stops", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		reference, err := i.Commit(context.WithoutCancel(ctx))
		return reference, errors.Join(err, ctx.Err())
	}})},
	{"a cancelled commit is given up for good", "a cancelled context stops", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		reference, err := i.Commit(ctx)
		return reference, invoice.Permanent(err)
	}})},
	{"a cancelled commit leaves the invoice open", "a cancelled context stops", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		reference, err := i.Commit(ctx)
		if ctx.Err() != nil {
			i.closed = false
		}
		return reference, err
	}})},
	{"one order side by side is refused for good", "the same order side by side is one invoice", func(b *broken, i *Invoice) invoice.Invoice {
		var busy bool
		b.do(func() { busy = i.order.Key == b.busy; b.busy = i.order.Key })
		return faulty{Invoice: i, commit: func(ctx context.Context, i *Invoice) (string, error) {
			if busy {
				return "", invoice.Permanent(errors.New("locked"))
			}
			return i.Commit(ctx)
		}}
	}},
	{"one order side by side is several invoices", "the same order side by side is one invoice", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		i.erp.do(func() {
			if there, ok := i.erp.saved[i.order.Key]; ok {
				i.erp.saved[there.reference] = there
				delete(i.erp.saved, i.order.Key)
			}
		})
		return i.Commit(ctx)
	}})},
	{"every invoice has one name", "invoices side by side", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		_, err := i.Commit(ctx)
		i.erp.do(func() { i.reference = "draft" })
		return i.reference, err
	}})},
	{"a page of lines is saved", "ten thousand lines", every(faulty{addLine: func(i *Invoice, item invoice.Item) error {
		if len(i.items) == 1000 {
			return nil
		}
		return i.AddLine(item)
	}})},
	{"an invoice needs a line", "no lines", every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
		if len(i.items) == 0 {
			return "", errors.New("no lines")
		}
		return i.Commit(ctx)
	}})},
}

// The suite falls for every fault, and names the check that it is about.
func TestFaultsAreFound(t *testing.T) {
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			failed, _ := invoicetest.Failures(t, brokenSetup(fault.open))
			if failed[fault.check] == "" {
				t.Errorf("the check %q holds; those that fail are %q", fault.check, slices.Sorted(maps.Keys(failed)))
			}
			for name, said := range failed {
				t.Logf("%s: %.200s", name, said)
			}
		})
	}
}

func brokenSetup(open func(*broken, *Invoice) invoice.Invoice) invoicetest.Setup {
	s := memorySetup
	s.New = func(t testing.TB) invoice.ERP {
		return &broken{Memory: memorySetup.New(t).(*Memory), open: open, lines: map[string][]invoice.Item{}}
	}
	s.Saved = func(t testing.TB, erp invoice.ERP) []invoicetest.Saved {
		return memorySetup.Saved(t, erp.(*broken).Memory)
	}
	return s
}

func TestSickHealthIsFound(t *testing.T) {
	s := memorySetup
	s.New = func(t testing.TB) invoice.ERP { return sick{memorySetup.New(t).(*Memory)} }
	s.Saved = func(t testing.TB, erp invoice.ERP) []invoicetest.Saved {
		return memorySetup.Saved(t, erp.(sick).Memory)
	}
	failed, _ := invoicetest.Failures(t, s)
	said := failed["health is told without a change"]
	for _, want := range []string{"no name of its own", "disk", "changed what the ERP holds"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
}

// An ERP that needs lines says so for good, and saves nothing.
func TestNeedsLines(t *testing.T) {
	refuse := func(class func(error) error) invoicetest.Setup {
		s := brokenSetup(every(faulty{commit: func(ctx context.Context, i *Invoice) (string, error) {
			if len(i.items) == 0 && class != nil {
				return "", class(errors.New("no lines"))
			}
			return i.Commit(ctx)
		}}))
		s.NeedsLines = true
		return s
	}
	if failed, _ := invoicetest.Failures(t, refuse(invoice.Permanent)); len(failed) > 0 {
		t.Errorf("failed %v", failed)
	}
	for name, class := range map[string]func(error) error{
		"to be tried again":  func(err error) error { return err },
		"an unknown outcome": invoice.UnknownOutcome,
		"accepted":           nil,
	} {
		failed, _ := invoicetest.Failures(t, refuse(class))
		if failed["no lines"] == "" {
			t.Errorf("%s: the check holds; those that fail are %q", name, slices.Sorted(maps.Keys(failed)))
		}
	}
}

// A check that cannot be made is skipped, never passed in silence.
func TestChecksThatCannotBeMade(t *testing.T) {
	s := memorySetup
	s.Saved, s.Once = nil, false
	s.New = func(t testing.TB) invoice.ERP {
		erp := memorySetup.New(t)
		return invoice.ERPFunc(func(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
			inv, err := erp.NewInvoice(ctx, order)
			return struct{ invoice.Invoice }{inv}, err // without Find
		})
	}
	failed, skipped := invoicetest.Failures(t, s)
	want := []string{
		"sections keep their order", "lines are kept to the last digit", "a unit is known for every cost", "find tells what is saved",
		"the same order twice is one invoice", "the same key with other content is refused",
		"the same order side by side is one invoice", "health is told without a change",
	}
	if len(failed) > 0 || fmt.Sprint(skipped) != fmt.Sprint(want) {
		t.Errorf("failed %v, skipped\n%q, want\n%q", failed, skipped, want)
	}
}

// An ERP that knows its tenants and products, in a currency without digits.
func TestKnownOnly(t *testing.T) {
	s := memorySetup
	s.KnownOnly, s.Currency, s.Digits = true, "JPY", 0
	s.Tenant = func(n int) invoice.Tenant { return invoice.Tenant{ID: fmt.Sprintf("partner-%d", n)} }
	if failed, skipped := invoicetest.Failures(t, s); len(failed) > 0 || !slices.Contains(skipped, "hostile tenants never meet") {
		t.Errorf("failed %v, skipped %q", failed, skipped)
	}
}
