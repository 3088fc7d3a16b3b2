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
	Altered     Result = "altered"       // it is settled, and the ERP has it, but not as it was billed
	StillThere  Result = "still there"   // it is void, and the ERP has its invoice
	Cancelled   Result = "cancelled"     // it is void, and the ERP has no such invoice, or calls it so
	NotLookedUp Result = "not looked up" // the adapter cannot
	NotLookedAt Result = "not looked at" // another adapter billed it
)

// Reconcile looks the orders that reserve a block within the span, or all of
// them where it is zero, up in the ERP, and those that are void. What is claimed
// or parked and found is settled; what is settled and not found is told of, as
// after the ERP was restored from a backup, and so is what is void and found.
// Nothing is ever sent. The outcomes are in the order
// of the blocks. An error says that nothing could be looked up, or that ctx
// ended before all was.
func (e *Engine) Reconcile(ctx context.Context, within usage.Span, tenants []string) (outcomes []Outcome, err error) {
	marks, err := e.begun(ctx)
	if err != nil {
		return nil, err
	}
	unlock, err := e.lock(ctx, lockBill)
	if err != nil {
		return nil, err
	}
	defer unlock(&err)
	orders, err := e.ordersWithin(ctx, marks, within, tenants)
	if err != nil {
		return nil, err
	}
	var all []ledger.Order
	for _, o := range orders {
		if o.Reserves || o.Status == ledger.Void {
			all = append(all, o)
		}
	}
	return e.each(ctx, Step{Name: "reconcile", Unit: "orders", Total: int64(len(all))}, func(i int) Outcome {
		return safely(all[i], func() Outcome { return e.reconcile(ctx, all[i]) })
	})
}

func (e *Engine) reconcile(ctx context.Context, order ledger.Order) Outcome {
	order, err := e.Store.Order(ctx, order.Key)
	switch {
	case err != nil:
		return notBilled(order, err)
	case order.Adapter != e.Adapter:
		return Outcome{Order: order, Result: NotLookedAt, Err: fmt.Errorf("tenant %s: order %s is %s, and billed through %s: the program that bills through it can look it up", order.Tenant.ID, order.Key, order.Status, order.Adapter)}
	case order.Status == ledger.Void:
		return e.confirmVoid(ctx, order)
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
	h, outcome := e.takeOver(ctx, order, "reconcile looks it up")
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
	if err == nil || errors.Is(err, errNoSearch) {
		err = fmt.Errorf("%s cannot look up whether the invoice was saved", e.Adapter)
	}
	result := NotLookedUp
	if order.Status == ledger.InDoubt {
		result = InDoubt
	}
	return Outcome{Order: order, Result: result, Err: fmt.Errorf("tenant %s: order %s stays %s: %w", order.Tenant.ID, order.Key, order.Status, err)}
}

// errNoSearch says that the adapter has no way to look an order up.
var errNoSearch = errors.New("the adapter cannot look up whether an invoice was saved")

// find looks an order up that was sent before, with its lines.
func (e *Engine) find(ctx context.Context, order ledger.Order) (reference string, err error) {
	inv, err := e.fill(ctx, order)
	if err != nil {
		// Whatever kind of error it is, nothing was looked up.
		return "", fmt.Errorf("it could not be made: %v", err)
	}
	finder, ok := inv.(invoice.Finder)
	if !ok {
		return "", errNoSearch
	}
	return finder.Find(ctx)
}

// confirmVoid looks a void order up, whose invoice should be gone.
func (e *Engine) confirmVoid(ctx context.Context, order ledger.Order) Outcome {
	if !sends(order.Items) {
		return Outcome{Order: order, Result: NothingToBill}
	}
	void := fmt.Sprintf("tenant %s: order %s is void since %s", order.Tenant.ID, order.Key, order.Changed.In(e.Location).Format("2006-01-02"))
	const remedy = "cancel or credit it there, where that is not done"
	switch reference, err := e.find(ctx, order); {
	case errors.Is(err, invoice.ErrUnfinished):
		return Outcome{Order: order, Result: StillThere, Err: fmt.Errorf("%s, and the ERP has something of it (%s): %w", void, remedy, err)}
	case errors.Is(err, invoice.ErrNotFound), errors.Is(err, invoice.ErrCancelled):
		return Outcome{Order: order, Result: Cancelled}
	case err == nil:
		return Outcome{Order: order, Result: StillThere, Err: fmt.Errorf("%s, and the ERP has its invoice as %s: %s", void, reference, remedy)}
	case invoice.IsPermanent(err):
		return Outcome{Order: order, Result: StillThere, Err: fmt.Errorf("%s, and the ERP has something of it (%s): %w", void, remedy, err)}
	default:
		return e.notLookedUp(order, err)
	}
}

// confirm looks a settled order up. Nothing is changed.
func (e *Engine) confirm(ctx context.Context, order ledger.Order) Outcome {
	if !sends(order.Items) {
		return Outcome{Order: order, Result: NothingToBill}
	}
	reference, err := e.find(ctx, order)
	switch {
	case errors.Is(err, invoice.ErrNotFound) && !errors.Is(err, invoice.ErrUnfinished):
		return Outcome{Order: order, Result: Absent, Err: fmt.Errorf("tenant %s: order %s was saved as %s on %s, and the ERP has it not (%w; where it is really gone, as after a restored backup, artifice void lets the block be billed again)",
			order.Tenant.ID, order.Key, order.Reference, order.Changed.In(e.Location).Format("2006-01-02"), err)}
	case errors.Is(err, invoice.ErrCancelled):
		return Outcome{Order: order, Result: Altered, Err: fmt.Errorf("tenant %s: order %s is settled: %w; where that is meant, artifice void lets the block be billed again", order.Tenant.ID, order.Key, err)}
	case errors.Is(err, invoice.ErrUnfinished), invoice.IsPermanent(err):
		return Outcome{Order: order, Result: Altered, Err: fmt.Errorf("tenant %s: order %s was saved as %s on %s, and what the ERP has is not what was billed: %w (put it right in the ERP; artifice void lets the block be billed again, and is for an invoice that nobody will be charged by)",
			order.Tenant.ID, order.Key, order.Reference, order.Changed.In(e.Location).Format("2006-01-02"), err)}
	case err != nil:
		return e.notLookedUp(order, err)
	case !e.sameReference(order.Reference, reference):
		return Outcome{Order: order, Result: Renamed, Err: fmt.Errorf("tenant %s: order %s was saved as %s, and the ERP has it as %s", order.Tenant.ID, order.Key, order.Reference, reference)}
	}
	return Outcome{Order: order, Result: Confirmed}
}

// sameReference reports whether the ERP means the same invoice by both.
func (e *Engine) sameReference(saved, found string) bool {
	comparer, ok := e.ERP.(invoice.ReferenceComparer)
	return saved == found || ok && comparer.SameReference(saved, found)
}
