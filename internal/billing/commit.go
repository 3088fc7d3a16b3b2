package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
)

// lookUp looks an order of an earlier run up in the ERP, which may have it,
// before anything is sent again. Where it is to be sent it returns the filled
// invoice; where it is not, nil and the outcome.
func (e *Engine) lookUp(ctx context.Context, h *held) (invoice.Invoice, Outcome) {
	if !sends(h.Items) {
		return nil, e.settle(ctx, h, "")
	}
	inv, err := e.fill(ctx, h.Order)
	if err != nil {
		// Nothing was looked up: what is known of the order stays as it is.
		return nil, e.stays(ctx, h.Order, NotBilled, err)
	}
	finder, ok := inv.(invoice.Finder)
	switch {
	case !ok && h.Status == ledger.Parked:
		// It is known not to be there. From here on that is no longer so.
		if o := e.suspend(ctx, h, ledger.InDoubt, errors.New("it was being sent when the program ended")); o.Result != InDoubt {
			return nil, o
		}
		return inv, Outcome{}
	case !ok:
		return nil, e.suspend(ctx, h, ledger.InDoubt, fmt.Errorf("%s cannot look up whether the invoice was saved", e.Adapter))
	}
	within, cancel := e.withLease(ctx, h)
	defer cancel()
	reference, err := finder.Find(within)
	switch {
	case err == nil:
		return nil, e.settle(ctx, h, reference)
	case !errors.Is(err, invoice.ErrNotFound):
		return nil, e.notFound(ctx, h, err)
	}
	if at, early := e.tooEarly(h.before); early {
		h.sent = true
		return nil, e.waiting(h.Order, at)
	}
	return inv, Outcome{}
}

// lookAhead looks an order up before it is taken, where it is too early to
// trust an ERP that does not find it: to take it would only put that off. It
// returns false where there is something to go on with.
func (e *Engine) lookAhead(ctx context.Context, order ledger.Order) (Outcome, bool) {
	if _, delayed := e.lookupDelay(); !delayed || !sends(order.Items) {
		return Outcome{}, false
	}
	history, err := e.Store.History(ctx, order.Key)
	if err != nil {
		return notBilled(order, err), true
	}
	at, early := e.tooEarly(lastGiven(history))
	if !early {
		return Outcome{}, false
	}
	inv, err := e.fill(ctx, order)
	if err != nil {
		return e.stays(ctx, order, NotBilled, err), true
	}
	finder, ok := inv.(invoice.Finder)
	if !ok {
		return Outcome{}, false
	}
	switch _, err = finder.Find(ctx); {
	case !errors.Is(err, invoice.ErrNotFound):
		return Outcome{}, false // found, or for whoever holds the order to say
	case order.Holder != "" && order.Holder != e.Holder:
		return busy(order, order.Holder, order.HeldUntil), true
	}
	return e.waiting(order, at), true
}

func (e *Engine) waiting(order ledger.Order, until time.Time) Outcome {
	return Outcome{Order: order, Result: Waiting, Err: fmt.Errorf("tenant %s: order %s stays %s: it may have been sent, and that the ERP does not find it can be trusted from %s only: run artifice bill again then",
		order.Tenant.ID, order.Key, order.Status, until.In(e.Location).Format(time.RFC3339))}
}

// notFound is an order that could not be looked up: it stays what it is, for
// nothing is known that was not known before.
func (e *Engine) notFound(ctx context.Context, h *held, err error) Outcome {
	result := NotBilled
	if invoice.IsPermanent(err) {
		if o := e.suspend(ctx, h, h.Status, err); o.Result == NotBilled || o.Result == TakenOver {
			return o
		}
		if h.Status == ledger.Parked {
			result = Parked
		}
	}
	return e.stays(ctx, h.Order, result, err)
}

// stays is an order of which nothing is known that was not known before, unless
// another process did something about it after the lease had ended.
func (e *Engine) stays(ctx context.Context, order ledger.Order, result Result, err error) Outcome {
	now, lookErr := e.Store.Order(context.WithoutCancel(ctx), order.Key)
	if lookErr == nil && now.Status != order.Status {
		return e.takenOver(ctx, order, "", err)
	}
	return Outcome{Order: order, Result: result, Err: fmt.Errorf("tenant %s: order %s stays %s: %w", order.Tenant.ID, order.Key, order.Status, after(order.Key, err))}
}

// tooEarly reports whether a Find that finds nothing cannot be trusted yet, and
// from when on it can: whoever was last given the order may have sent it until
// the end of that lease.
func (e *Engine) tooEarly(given time.Time) (until time.Time, early bool) {
	delay, ok := e.lookupDelay()
	until = given.Add(e.leaseLength() + delay)
	return until, ok && e.Now().Before(until)
}

// sends reports whether an order of these items is sent to the ERP.
func sends(items []ledger.Item) bool { return slices.ContainsFunc(items, sent) }

// sent reports whether an item is a line of the invoice: an adjustment of
// nothing, or of what costs nothing, is only kept, so that the items account
// for all that the order carries.
func sent(item ledger.Item) bool {
	return item.Adjusts.IsZero() || !item.Value.IsZero() && !item.Cost.IsZero()
}

// fill makes the invoice of a claimed order, with its items and nothing else.
// Nothing is saved yet. The invoice may be nil beside an error.
func (e *Engine) fill(ctx context.Context, order ledger.Order) (invoice.Invoice, error) {
	inv, err := e.ERP.NewInvoice(ctx, order.Order)
	if err != nil {
		return nil, err
	}
	var sections []string
	for _, item := range order.Items {
		if !sent(item) {
			continue
		}
		if !slices.Contains(sections, item.Datacenter) {
			sections = append(sections, item.Datacenter)
			if err := inv.AddSection(item.Datacenter); err != nil {
				return inv, err
			}
		}
		if err := inv.AddLine(item.Item); err != nil {
			return inv, fmt.Errorf("%s in %s: %w", item.Name, item.Datacenter, err)
		}
	}
	return inv, nil
}

// send commits a filled invoice, under a lease that lasts until it is answered.
func (e *Engine) send(ctx context.Context, h *held, inv invoice.Invoice) Outcome {
	err := e.renew(ctx, h)
	if err == nil {
		err = ctx.Err()
	}
	switch {
	case err != nil && lost(err):
		return e.gone(ctx, h, "", err)
	case err != nil:
		return e.stopped(ctx, h, inv, fmt.Errorf("nothing was sent: %w", after(h.Key, err)))
	}
	// Whoever stops the run waits for what is being sent: given up, nobody could
	// tell whether the ERP has it.
	within, cancel := e.withLease(context.WithoutCancel(ctx), h)
	defer cancel()
	h.sent = true
	reference, err := commit(within, inv)
	if err != nil && within.Err() != nil && !invoice.IsPermanent(err) {
		// Nobody waited for the answer, whatever the adapter calls that.
		err = invoice.UnknownOutcome(err)
	}
	if err == nil && reference == "" {
		err = invoice.UnknownOutcome(fmt.Errorf("%s does not say what the ERP calls the invoice", e.Adapter))
	}
	if err != nil {
		return e.stopped(ctx, h, inv, err)
	}
	return e.settle(ctx, h, reference)
}

// commit commits an invoice. Of one that panics nobody knows whether it was saved.
func commit(ctx context.Context, inv invoice.Invoice) (reference string, err error) {
	defer func() {
		if failed := panicked(recover()); failed != nil {
			err = invoice.UnknownOutcome(failed)
		}
	}()
	return inv.Commit(ctx)
}

func (e *Engine) settle(ctx context.Context, h *held, reference string) Outcome {
	note := e.note("")
	saved := ""
	if reference != "" {
		saved = "the ERP has its invoice as " + reference
	}
	// The ERP has the invoice: that is written down even where the run was
	// interrupted.
	err := e.Store.Settle(context.WithoutCancel(ctx), h.hold, reference, note)
	switch {
	case err != nil && lost(err):
		return e.gone(ctx, h, saved, err)
	case err != nil && saved != "":
		return notBilled(h.Order, fmt.Errorf("tenant %s: order %s stays %s: %s, which could not be written down: %w", h.Tenant.ID, h.Key, h.Status, saved, after(h.Key, err)))
	case err != nil:
		return notBilled(h.Order, fmt.Errorf("tenant %s: order %s stays %s: %w", h.Tenant.ID, h.Key, h.Status, after(h.Key, err)))
	}
	h.done = true
	h.Status, h.Reference, h.Changed, h.Reason = ledger.Settled, reference, note.At, ""
	if !sends(h.Items) {
		return Outcome{Order: h.Order, Result: NothingToBill}
	}
	return Outcome{Order: h.Order, Result: Billed}
}

// gone is an order that another process took meanwhile.
func (e *Engine) gone(ctx context.Context, h *held, did string, err error) Outcome {
	h.done = true
	return e.takenOver(ctx, h.Order, did, err)
}

// stopped is a claimed order that could not be saved. It stays claimed where
// the next run can look it up. Where the adapter cannot, what is known now is
// written down: that the ERP does not have it, or that nobody can tell.
func (e *Engine) stopped(ctx context.Context, h *held, inv invoice.Invoice, err error) Outcome {
	_, canFind := inv.(invoice.Finder)
	switch {
	case invoice.IsPermanent(err):
		return e.suspend(ctx, h, ledger.Parked, err)
	case canFind:
		return e.stays(ctx, h.Order, NotBilled, err)
	case invoice.IsUnknownOutcome(err):
		return e.suspend(ctx, h, ledger.InDoubt, err)
	}
	return e.suspend(ctx, h, ledger.Parked, err)
}

func (e *Engine) suspend(ctx context.Context, h *held, status ledger.Status, cause error) Outcome {
	note := e.note(cause.Error())
	// What is known must be written down even where the run was interrupted.
	err := e.Store.Suspend(context.WithoutCancel(ctx), h.hold, status, note)
	switch {
	case err != nil && lost(err):
		return e.gone(ctx, h, cause.Error(), err)
	case err != nil:
		return notBilled(h.Order, errors.Join(cause, err))
	}
	h.Status, h.Reason, h.Changed = status, note.Reason, note.At
	result := Parked
	if status == ledger.InDoubt {
		result = InDoubt
	}
	return Outcome{Order: h.Order, Result: result, Err: cause}
}
