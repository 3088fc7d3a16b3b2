package openerp

import (
	"context"
	"errors"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// terms are what holds for all lines of an order: who pays, when, in what
// currency, and by which prices.
type terms struct {
	ground   *ground
	journal  journal
	currency currency
	partner  *partner // nil where it will be created
	list     int64    // the pricelist, 0 for list prices
	date     time.Time
	due      time.Time // zero where the payment term says it
	term     int64     // the payment term, 0 for none
	locked   error     // says that the date lies in a locked period, where that is refused
	taxer    *taxer
}

// ready reads the terms of the order, once, and reports all that keeps it from
// being saved as far as that is known before there are lines.
func (d *draft) ready(ctx context.Context) (*terms, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.terms != nil {
		return d.terms, nil
	}
	t, err := d.readTerms(ctx)
	if err != nil {
		return nil, err
	}
	d.terms = t
	return t, nil
}

func (d *draft) readTerms(ctx context.Context) (*terms, error) {
	a, c := d.erp, &d.erp.config
	g, err := a.ground(ctx)
	if err != nil {
		return nil, err
	}
	t := &terms{ground: g}
	errs := []error{g.checkPrecision(c.QuantityDigits)}
	note := func(err error) { errs = append(errs, err) }

	t.journal, err = a.journal(ctx)
	note(err)
	if of := t.journal.Currency; err == nil && of.ID != 0 && of.Name != d.order.Currency {
		note(permanent("the journal %s is in %s, and the order in %s", t.journal.Code, of.Name, d.order.Currency))
	}
	t.currency, err = a.currency(ctx, d.order.Currency)
	note(err)
	if err == nil && t.currency.Digits != d.order.Digits {
		note(permanent("amounts in %s have %d digits after the point here, and %d in Odoo", d.order.Currency, d.order.Digits, t.currency.Digits))
	}
	t.partner, err = a.findPartner(ctx, d.order.Tenant)
	if missing := (*errNoPartner)(nil); errors.As(err, &missing) && c.CreatePartner {
		err = nil
	}
	note(err)
	if err == nil {
		note(d.forPartner(ctx, t))
	}
	note(d.dates(ctx, t))
	if err := all(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// forPartner reads what depends on the partner, who may not be there yet.
func (d *draft) forPartner(ctx context.Context, t *terms) error {
	a := d.erp
	p := t.partner
	if p == nil {
		p = &partner{}
	}
	var errs []error
	var err error
	if t.list, err = a.list(ctx, p); err != nil {
		errs = append(errs, err)
	}
	if p.Pricelist.ID != 0 {
		errs = append(errs, d.checkPartnerCurrency(ctx, p))
	}
	if t.taxer, err = a.taxer(ctx, p); err != nil {
		errs = append(errs, err)
	}
	t.term = p.Term.ID
	if a.config.PaymentTerm != "" {
		t.term, err = a.paymentTerm(ctx)
		errs = append(errs, err)
	}
	return all(errs...)
}

// checkPartnerCurrency reports a partner who is billed in another currency: it
// has that of its pricelist.
func (d *draft) checkPartnerCurrency(ctx context.Context, p *partner) error {
	l, err := d.erp.listHead(ctx, p.Pricelist.ID)
	if err != nil {
		return err
	}
	if l != nil && l.currency != d.order.Currency {
		return permanent("the partner %s is billed in %s, by %s, and the order is in %s (give the partner a pricelist in %s)", p, l.currency, l, d.order.Currency, d.order.Currency)
	}
	return nil
}

// dates sets the invoice's date and when it is due, and looks whether the date
// is locked.
func (d *draft) dates(ctx context.Context, t *terms) error {
	at := d.order.Date
	if d.erp.config.InvoiceDate == "block_end" {
		// Where midnight is within a UTC hour, the block ends after it.
		at = d.order.Block.End.Add(-usage.WindowLength)
	}
	t.date = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	if t.term == 0 {
		t.due = t.date.AddDate(0, 0, d.erp.config.DueDays)
	}
	lock, err := t.ground.lockDate(ctx)
	if err != nil {
		return err
	}
	if d.erp.config.LockedPeriod == "refuse" && !lock.IsZero() && !t.date.After(lock.Time) {
		t.locked = permanent("the invoice's date %s lies in a period that is locked through %s (unlock it, or write invoice_date = claim, or let Odoo book at a later date with locked_period = move)",
			t.date.Format(time.DateOnly), lock)
	}
	return nil
}

// withPartner is the terms with a partner that was created where there was
// none.
func (d *draft) withPartner(ctx context.Context, t *terms) (*terms, error) {
	if t.partner != nil {
		return t, nil
	}
	if err := d.erp.createPartner(ctx, d.order.Tenant); err != nil && !errors.Is(err, errTaken) && !invoice.IsUnknownOutcome(err) {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	found, err := d.readTerms(ctx)
	if err != nil {
		return nil, err
	}
	if found.partner == nil {
		return nil, errors.New("the partner that was created for the tenant is not there yet")
	}
	d.terms = found
	return found, nil
}
