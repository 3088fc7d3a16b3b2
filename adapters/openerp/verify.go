package openerp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// check compares a whole draft with the order, as Commit does before it is done
// with one. Without lines there is only the header to compare.
func (d *draft) check(ctx context.Context, at *saved) error {
	t, err := d.ready(ctx)
	b := &bill{terms: t}
	if err == nil && len(d.Items) > 0 {
		if b, err = d.bill(ctx, t); err == nil {
			err = b.fits(at)
		}
	}
	if err != nil {
		return fmt.Errorf("%s is there, and cannot be compared with the order: %w", at, err)
	}
	return d.verify(ctx, b, at)
}

// fits reports a move that was begun as another bill. at may be nil.
func (b *bill) fits(at *saved) error {
	if at == nil || at.mark.lines == b.mark.lines && string(at.Type) == b.kind {
		return nil
	}
	return altered("%s was begun with %d lines as %s, and is now to have %d as %s: the config has changed meanwhile (put it back, or delete the draft in Odoo)",
		at, at.mark.lines, at.Type, b.mark.lines, b.kind)
}

// verify compares what Odoo made of the bill with the bill, as far as judge
// does not: it is what stops an invoice before it is posted.
func (d *draft) verify(ctx context.Context, b *bill, at *saved) error {
	t := b.terms
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, altered(format, args...)) }
	switch {
	case t.partner == nil:
		wrong("it is for the partner %q in Odoo, and the tenant has none by now", at.Partner.Name)
	case at.Partner.ID != t.partner.ID:
		wrong("it is for the partner %q in Odoo, and the tenant's is %s", at.Partner.Name, t.partner)
	case t.taxer.byItem && at.Position.ID != t.partner.Position.ID:
		wrong("odoo chose the fiscal position %q, and the partner %s has %q: its taxes would be others (give the partner its fiscal position)",
			at.Position.Name, t.partner, t.partner.Position.Name)
	}
	if d.erp.config.LockedPeriod == "refuse" && !at.Date.IsZero() && !at.Invoiced.IsZero() && !at.Date.Equal(at.Invoiced.Time) {
		wrong("odoo books it on %s instead of %s, whose period is locked (unlock it, or write locked_period = move)", at.Date, at.Invoiced)
	}
	if len(b.rows) > 0 {
		lines, err := d.readLines(ctx, at)
		if err != nil {
			return fmt.Errorf("%s is saved, and could not be read back: %w", at, err)
		}
		if difference := b.difference(lines); difference != "" {
			wrong("%s", difference)
		}
	}
	if len(errs) > 0 {
		errs = append(errs, permanent("%s is left a draft (put it right in Odoo; delete it only where the order is not settled)", at))
	}
	return all(errs...)
}

// difference words the first line of the bill that is not among those of a
// move, or the first that is there and not in the bill. A person may have put
// them into another order: it does not matter here.
func (b *bill) difference(lines []savedLine) string {
	type content struct{ quantity, price, taxes string }
	contentOf := func(quantity, price decimal.Decimal, taxes []int64) content {
		return content{quantity.String(), price.String(), fmt.Sprint(slices.Sorted(slices.Values(taxes)))}
	}
	inWords := func(text string, quantity, price decimal.Decimal, taxes []int64) string {
		name, _, _ := strings.Cut(text, "\n")
		return fmt.Sprintf("%q, %s x %s with %s", name, quantity, price, b.terms.taxer.names(taxes))
	}
	there := map[content]int{}
	for _, l := range lines {
		if l.Type == lineProduct {
			there[contentOf(withoutNoise(l.Quantity), withoutNoise(l.Price), l.Taxes)]++
		}
	}
	var missing string
	for _, r := range b.rows {
		if r.section {
			continue
		}
		c := contentOf(r.quantity, r.price, r.taxes)
		if there[c]--; there[c] < 0 && missing == "" {
			missing = inWords(r.text, r.quantity, r.price, r.taxes)
		}
	}
	if missing == "" {
		return ""
	}
	for _, l := range lines {
		quantity, price := withoutNoise(l.Quantity), withoutNoise(l.Price)
		if l.Type == lineProduct && there[contentOf(quantity, price, l.Taxes)] > 0 {
			return fmt.Sprintf("a line is %s in Odoo, and the order has %s", inWords(string(l.Text), quantity, price, l.Taxes), missing)
		}
	}
	return fmt.Sprintf("the order has a line %s, and Odoo has none", missing)
}
