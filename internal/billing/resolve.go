package billing

import (
	"context"
	"fmt"

	"github.com/openstack-artifice/artifice/ledger"
)

// Resolve records what a person found out about an order in doubt: the ERP has
// it, under a reference, or it has not. Where it has not, the next run of bill
// sends it again. It is a *ledger.HeldError where another process is at work on
// the order.
func (e *Engine) Resolve(ctx context.Context, key string, billed bool, reference string) (err error) {
	unlock, err := e.lock(ctx, lockBill)
	if err != nil {
		return err
	}
	defer unlock(&err)
	order, err := e.Store.Order(ctx, key)
	if err != nil {
		return err
	}
	if err := resolvable(order); err != nil {
		return err
	}
	// An order is in doubt, too, while another process sends it again.
	h, err := e.take(ctx, key, "a person looked in the ERP")
	if err != nil {
		return err
	}
	defer e.release(ctx, h)
	if err := resolvable(h.Order); err != nil {
		return err
	}
	if !billed {
		return e.Store.Suspend(ctx, h.hold, ledger.Parked, e.note("a person found that it was not billed"))
	}
	err = e.Store.Settle(ctx, h.hold, reference, e.note("a person found that it was billed"))
	h.done = err == nil
	return err
}

func resolvable(order ledger.Order) error {
	if order.Status == ledger.InDoubt {
		return nil
	}
	return fmt.Errorf("order %s is %s, not in doubt: there is nothing to resolve", order.Key, order.Status)
}

// Void records that the invoice of a settled order was cancelled or credited in
// the ERP, or that a parked one is given up, and why: its block may be billed
// again, under a new attempt. It is a *ledger.HeldError where another process
// is at work on the order.
func (e *Engine) Void(ctx context.Context, key, reason string) (err error) {
	unlock, err := e.lock(ctx, lockBill)
	if err != nil {
		return err
	}
	defer unlock(&err)
	order, err := e.Store.Order(ctx, key)
	if err != nil {
		return err
	}
	switch {
	case order.Status == ledger.Settled, order.Status == ledger.Parked && order.Reserves:
	case order.Status == ledger.Parked:
		return fmt.Errorf("order %s is parked before its claim and reserves nothing: there is nothing to void", key)
	case order.Status == ledger.Void:
		return fmt.Errorf("order %s is void already: %s", key, order.Reason)
	default:
		return fmt.Errorf("order %s is %s, and the ERP may have its invoice: let artifice bill or artifice resolve decide that first", key, order.Status)
	}
	return e.Store.Void(ctx, key, e.note(reason))
}
