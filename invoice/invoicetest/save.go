package invoicetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

func nothingBeforeCommit(b *bench) {
	order, c := b.order(0), b.lines("1", "2", "3")
	inv := b.opened(order, c)
	b.wantNone(order, "adding lines, without a commit")
	reference, err := inv.Commit(b.ctx)
	if err != nil {
		b.Fatalf("Commit: %v", err)
	}
	b.wantSaved(order, reference, c, true)
}

func droppedWithoutTrace(b *bench) {
	order := b.order(0)
	b.opened(order, b.lines("1", "2", "3"))
	b.wantNone(order, "an invoice was dropped")
	// The order that is billed in the end has nothing of the one dropped.
	c := b.lines("4")
	b.wantSaved(order, b.committed(order, c), c, true)
}

func commitCloses(b *bench) {
	order, c := b.order(0), b.lines("1")
	inv := b.opened(order, c)
	reference, err := inv.Commit(b.ctx)
	if err != nil {
		b.Fatalf("Commit: %v", err)
	}
	if _, err := inv.Commit(b.ctx); !errors.Is(err, invoice.ErrClosed) {
		b.Errorf("a second Commit = %v, want ErrClosed", err)
	}
	if err := inv.AddSection("another"); !errors.Is(err, invoice.ErrClosed) {
		b.Errorf("AddSection after Commit = %v, want ErrClosed", err)
	}
	if err := inv.AddLine(c.items[0]); !errors.Is(err, invoice.ErrClosed) {
		b.Errorf("AddLine after Commit = %v, want ErrClosed", err)
	}
	b.wantSaved(order, reference, c, true)
}

// errorClasses proves that an error which says what is wrong does not say that
// the ERP may have saved the invoice as well: the engine would look for it, or
// ask a person.
func errorClasses(b *bench) {
	order, c := b.order(0), b.lines("1")
	want := func(what string, err, class error) {
		b.Helper()
		if !errors.Is(err, class) {
			b.Errorf("%s = %v, want one that wraps %q", what, err, class)
		}
		if invoice.IsUnknownOutcome(err) {
			b.Errorf("%s: the error is an unknown outcome, but nothing was sent: %v", what, err)
		}
		for _, other := range []error{invoice.ErrNotFound, invoice.ErrNoCost, invoice.ErrClosed, invoice.ErrNoSection} {
			if other != class && errors.Is(err, other) {
				b.Errorf("%s: the error says %q as well: %v", what, other, err)
			}
		}
	}
	inv := b.open(order)
	want("AddLine without a section", inv.AddLine(c.items[0]), invoice.ErrNoSection)
	_, err := inv.Cost(b.ctx, c.items[0].Datacenter, "no such service")
	want("Cost of an unknown service", err, invoice.ErrNoCost)
	if f, ok := inv.(invoice.Finder); ok {
		_, err = f.Find(b.ctx)
		want("Find before Commit", err, invoice.ErrNotFound)
		if invoice.IsPermanent(err) {
			b.Errorf("Find before Commit: the error is permanent, but a commit mends it: %v", err)
		}
	}
	if err := fill(inv, c); err != nil {
		b.Fatal(err)
	}
	if _, err := inv.Commit(b.ctx); err != nil {
		b.Fatalf("Commit: %v", err)
	}
	_, err = inv.Commit(b.ctx)
	want("a second Commit", err, invoice.ErrClosed)
	want("AddLine after Commit", inv.AddLine(c.items[0]), invoice.ErrClosed)
	want("AddSection after Commit", inv.AddSection("another"), invoice.ErrClosed)
}

func findTells(b *bench) {
	order, other := b.order(0), b.order(1)
	find := func(order invoice.Order) (string, error) {
		f, ok := b.open(order).(invoice.Finder)
		if !ok {
			b.Skip("needs an invoice.Finder")
		}
		return f.Find(b.ctx)
	}
	if reference, err := find(order); !errors.Is(err, invoice.ErrNotFound) {
		b.Errorf("Find before Commit = %q, %v; want ErrNotFound", reference, err)
	}
	want := b.committed(order, b.lines("1", "2"))
	if reference, err := find(order); err != nil || reference != want {
		b.Errorf("Find after Commit = %q, %v; want %q, what Commit returned", reference, err, want)
	}
	if reference, err := find(other); !errors.Is(err, invoice.ErrNotFound) {
		b.Errorf("Find of an order that was never committed = %q, %v; want ErrNotFound", reference, err)
	}
}

// laterAttempt bills a block again while the invoice that was cancelled is
// there: they have nothing in common but tenant and block.
func laterAttempt(b *bench) {
	first, c := b.order(0), b.lines("1", "2")
	first.Attempt = 1
	later := make([]invoice.Order, 2)
	for i := range later {
		later[i] = first
		later[i].Key, later[i].Attempt = b.order(0).Key, i+2
	}
	find := func(order invoice.Order, want string) {
		b.Helper()
		f, ok := b.open(order).(invoice.Finder)
		if !ok {
			return
		}
		switch reference, err := f.Find(b.ctx); {
		case want == "" && !errors.Is(err, invoice.ErrNotFound):
			b.Errorf("Find of attempt %d before its Commit = %q, %v; want ErrNotFound", order.Attempt, reference, err)
		case want != "" && (err != nil || reference != want):
			b.Errorf("Find of attempt %d = %q, %v; want %q", order.Attempt, reference, err, want)
		}
	}
	references := []string{b.committed(first, c)}
	contents := []content{c}
	for i, order := range later {
		find(order, "")
		again := []content{b.lines("1", "2"), b.lines("3")}[i] // as before, and corrected
		references, contents = append(references, b.committed(order, again)), append(contents, again)
	}
	for i, order := range append([]invoice.Order{first}, later...) {
		find(order, references[i])
		b.wantSaved(order, references[i], contents[i], true)
		if slices.Contains(references[:i], references[i]) {
			b.Errorf("two attempts are called %q", references[i])
		}
	}
}

func sameTwice(b *bench) {
	if !b.setup.Once {
		b.Skip("needs Setup.Once: the ERP does not tell keys apart itself")
	}
	order, c := b.order(0), b.lines("1", "2", "0")
	first := b.committed(order, c)
	if second := b.committed(order, c); second != first {
		b.Errorf("the same order again is %q, it was %q", second, first)
	}
	b.wantSaved(order, first, c, true)
}

func otherContent(b *bench) {
	if !b.setup.Once {
		b.Skip("needs Setup.Once: the ERP does not tell keys apart itself")
	}
	order, c := b.order(0), b.lines("1", "2")
	reference := b.committed(order, c)
	for _, other := range []struct {
		what string
		content
	}{
		{"a line more", b.lines("1", "2", "3")},
		{"a line less", b.lines("1")},
		{"another value", b.lines("1", "2000000")},
	} {
		got, err := b.opened(order, other.content).Commit(b.ctx)
		switch {
		case err == nil:
			b.Errorf("Commit of the same key with %s was accepted as %q", other.what, got)
		case !invoice.IsPermanent(err):
			b.Errorf("Commit of the same key with %s: the error is not permanent, but trying again cannot mend it: %v", other.what, err)
		}
		b.wantSaved(order, reference, c, true)
	}
}

func contextCancelled(b *bench) {
	cancelled, cancel := context.WithCancel(b.ctx)
	cancel()
	stopped := func(what string, err error) {
		b.Helper()
		if err != nil && !errors.Is(err, context.Canceled) {
			b.Errorf("%s with a cancelled context = %v, want one that wraps context.Canceled", what, err)
		}
		if invoice.IsPermanent(err) {
			b.Errorf("%s with a cancelled context: the error is permanent, but trying again would mend it", what)
		}
	}
	order, c := b.order(0), b.lines("1")
	// What needs no waiting may be done all the same.
	_, err := b.erp.NewInvoice(cancelled, order)
	stopped("NewInvoice", err)
	inv := b.opened(order, c)
	_, err = inv.Cost(cancelled, c.items[0].Datacenter, c.items[0].Name)
	stopped("Cost", err)
	if f, ok := inv.(invoice.Finder); ok {
		if _, err = f.Find(cancelled); !errors.Is(err, invoice.ErrNotFound) {
			stopped("Find", err)
		}
	}
	_, err = inv.Commit(cancelled)
	stopped("Commit", err)
	if err == nil {
		b.Fatal("Commit with a cancelled context was not stopped")
	}
	if _, again := inv.Commit(b.ctx); !errors.Is(again, invoice.ErrClosed) {
		b.Errorf("a second Commit, after one that was cancelled, = %v; want ErrClosed", again)
	}
	if invoice.IsUnknownOutcome(err) {
		return
	}
	b.wantNone(order, "a commit that was cancelled")
	b.wantSaved(order, b.committed(order, c), c, true)
}

// A bill is an order and what it is filled with, and then what came of it.
type bill struct {
	order     invoice.Order
	content   content
	reference string
	err       error
}

// commitTogether opens and fills an invoice for each bill, side by side, and
// commits none before all of them are filled.
func (b *bench) commitTogether(bills []bill) {
	var filled, done sync.WaitGroup
	filled.Add(len(bills))
	for n := range bills {
		o := &bills[n]
		done.Go(func() {
			inv, err := b.erp.NewInvoice(b.ctx, o.order)
			if err == nil && inv == nil {
				err = errors.New("NewInvoice returned neither an invoice nor an error")
			}
			if err == nil {
				err = fill(inv, o.content)
			}
			filled.Done()
			filled.Wait()
			if err == nil {
				o.reference, err = inv.Commit(b.ctx)
			}
			o.err = err
		})
	}
	done.Wait()
}

func sideBySide(b *bench) {
	bills := make([]bill, 8)
	for n := range bills {
		values := make([]string, 20+n)
		for i := range values {
			values[i] = decimal.New(int64(1000*n+i), -2).String()
		}
		bills[n] = bill{order: b.order(n), content: b.lines(values...)}
	}
	b.commitTogether(bills)
	seen := map[string]int{}
	for n, o := range bills {
		if o.err != nil {
			b.Errorf("invoice %d of %d side by side: %v", n+1, len(bills), o.err)
			continue
		}
		if first, ok := seen[o.reference]; ok {
			b.Errorf("invoices %d and %d have the same reference %q", first, n+1, o.reference)
		}
		seen[o.reference] = n + 1
		b.wantSaved(o.order, o.reference, o.content, true)
	}
}

// sameSideBySide commits one order from several goroutines: attempts may fail,
// but not for good, and all that succeed are one invoice.
func sameSideBySide(b *bench) {
	if !b.setup.Once {
		b.Skip("needs Setup.Once: the ERP does not tell keys apart itself")
	}
	order, c := b.order(0), b.lines("1", "2", "0")
	attempts := slices.Repeat([]bill{{order: order, content: c}}, 8)
	b.commitTogether(attempts)
	for n, o := range attempts {
		if invoice.IsPermanent(o.err) {
			b.Errorf("attempt %d of %d at one order, side by side: the error is permanent, but the order is the same: %v", n+1, len(attempts), o.err)
		}
	}
	// Whoever comes last finds what is there, or saves it now.
	want := b.committed(order, c)
	for n, o := range attempts {
		if o.err == nil && o.reference != want {
			b.Errorf("attempt %d of %d at one order, side by side, is %q; it is %q", n+1, len(attempts), o.reference, want)
		}
	}
	b.wantSaved(order, want, c, true)
}

func health(b *bench) {
	checker, ok := b.erp.(invoice.HealthChecker)
	if !ok {
		b.Skip("needs an invoice.HealthChecker")
	}
	holds := func() string {
		if b.setup.Saved == nil {
			return ""
		}
		return fmt.Sprint(b.setup.Saved(b, b.erp))
	}
	order, c := b.order(0), b.lines("1")
	b.committed(order, c)
	before := holds()
	names := map[string]bool{}
	for name, err := range checker.CheckHealth(b.ctx) {
		if name == "" || names[name] {
			b.Errorf("a check has no name of its own: %q", name)
		}
		names[name] = true
		if err != nil {
			b.Errorf("a working ERP fails the check %q: %v", name, err)
		}
	}
	for range checker.CheckHealth(b.ctx) {
		break // stopping early must not panic
	}
	if after := holds(); after != before {
		b.Error("checking the health changed what the ERP holds")
	}
}
