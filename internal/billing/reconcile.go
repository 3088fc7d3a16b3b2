package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// The results of reconciling, beside those of billing.
const (
	Confirmed   Result = "confirmed"     // the ERP has it, under the reference that was recorded
	Found       Result = "found"         // the ERP has it, and now it is settled
	NotSent     Result = "not sent"      // the ERP has it not, and the next bill sends it
	Absent      Result = "missing"       // it is settled, and the ERP has it not
	Renamed     Result = "renamed"       // it is settled, and the ERP has it under another reference
	NotLookedUp Result = "not looked up" // the adapter cannot, or another one billed it
)

// Reconcile looks the orders that reserve a block within the span, or all of
// them where it is zero, up in the ERP. What is claimed or parked and found is
// settled; what is settled and not found is told of, as after the ERP was
// restored from a backup. Nothing is ever sent. The outcomes are in the order
// of the blocks. An error says that nothing could be looked up, or that ctx
// ended before all was.
func (e *Engine) Reconcile(ctx context.Context, within usage.Span, tenants []string) (outcomes []Outcome, err error) {
	unlock, err := e.lock(ctx, lockBill)
	if err != nil {
		return nil, err
	}
	defer unlock(&err)
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Overlaps: within})
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, id := range tenants {
		wanted[id] = true
	}
	var all []ledger.Order
	for _, o := range orders {
		if o.Reserves && (len(wanted) == 0 || wanted[o.Tenant.ID]) {
			all = append(all, o)
		}
	}
	return e.each(ctx, len(all), func(i int) Outcome { return e.reconcile(ctx, all[i]) })
}

func (e *Engine) reconcile(ctx context.Context, order ledger.Order) Outcome {
	order, err := e.Store.Order(ctx, order.Key)
	switch {
	case err != nil:
		return notBilled(order, err)
	case order.Adapter != e.Adapter:
		return Outcome{Order: order, Result: NotLookedUp, Err: fmt.Errorf("tenant %s: order %s was claimed for %s: the program that bills through it can look it up", order.Tenant.ID, order.Key, order.Adapter)}
	case order.Status == ledger.Settled:
		return e.confirm(ctx, order)
	}
	if order.Status != ledger.Claimed {
		// Without a way to look, they stay what they are.
		if finds, err := e.finds(ctx, order); err != nil || !finds {
			return e.notLookedUp(order, err)
		}
	}
	if outcome, ok := e.lookAhead(ctx, order); ok {
		return outcome
	}
	h, outcome := e.takeOver(ctx, order, "to be looked up")
	if h == nil {
		return outcome
	}
	defer e.release(ctx, h)
	inv, outcome := e.lookUp(ctx, h)
	switch {
	case inv != nil && h.Status == ledger.InDoubt:
		// What the ERP does not find may still be there: a person decides.
		return Outcome{Order: h.Order, Result: InDoubt}
	case inv != nil:
		return Outcome{Order: h.Order, Result: NotSent}
	case outcome.Result == Billed:
		outcome.Result = Found
	}
	return outcome
}

// finds reports whether an order can be looked up.
func (e *Engine) finds(ctx context.Context, order ledger.Order) (bool, error) {
	inv, err := e.ERP.NewInvoice(ctx, order.Order)
	_, ok := inv.(invoice.Finder)
	return ok, err
}

func (e *Engine) notLookedUp(order ledger.Order, err error) Outcome {
	if err == nil {
		err = fmt.Errorf("%s cannot look up whether the invoice was saved", e.Adapter)
	}
	result := NotLookedUp
	if order.Status == ledger.InDoubt {
		result = InDoubt
	}
	return Outcome{Order: order, Result: result, Err: fmt.Errorf("tenant %s: order %s stays %s: %w", order.Tenant.ID, order.Key, order.Status, err)}
}

// confirm looks a settled order up. Nothing is changed.
func (e *Engine) confirm(ctx context.Context, order ledger.Order) Outcome {
	if !sends(order.Items) {
		return Outcome{Order: order, Result: NothingToBill}
	}
	inv, err := e.fill(ctx, order)
	if err != nil {
		return e.notLookedUp(order, err)
	}
	finder, ok := inv.(invoice.Finder)
	if !ok {
		return e.notLookedUp(order, nil)
	}
	reference, err := finder.Find(ctx)
	switch {
	case errors.Is(err, invoice.ErrNotFound):
		return Outcome{Order: order, Result: Absent, Err: fmt.Errorf("tenant %s: order %s was saved as %s on %s, and the ERP has it not (%w; where it is really gone, as after a restored backup, artifice void lets the block be billed again)",
			order.Tenant.ID, order.Key, order.Reference, order.Changed.In(e.Location).Format("2006-01-02"), err)}
	case err != nil:
		return e.notLookedUp(order, err)
	case reference != order.Reference:
		return Outcome{Order: order, Result: Renamed, Err: fmt.Errorf("tenant %s: order %s was saved as %s, and the ERP has it as %s", order.Tenant.ID, order.Key, order.Reference, reference)}
	}
	return Outcome{Order: order, Result: Confirmed}
}
