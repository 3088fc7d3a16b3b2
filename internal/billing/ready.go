package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// ready asks the ERP, before anything is frozen, whether invoices could be
// saved. That nothing has a cost keeps none from being saved: it parks whoever
// used something.
func (e *Engine) ready(ctx context.Context) error {
	checker, ok := e.ERP.(invoice.HealthChecker)
	if !ok {
		return nil
	}
	var errs []error
	for check, err := range checker.CheckHealth(ctx) {
		if err != nil && !errors.Is(err, invoice.ErrNoCost) {
			errs = append(errs, fmt.Errorf("%s: %w", check, err))
		}
	}
	if len(errs) > 0 {
		errs = append(errs, errors.New("nothing was billed: invoices could not be saved"))
	}
	return errors.Join(errs...)
}

// sameAdapter returns an error where another adapter billed before this one,
// unless BillFrom says when this one begins, and all that the other billed ends
// by then: two ERPs do not know of each other's invoices.
func (e *Engine) sameAdapter(ctx context.Context) error {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
	if err != nil {
		return err
	}
	var last ledger.Order // of another adapter, the one that ends last
	for _, o := range orders {
		if o.Reserves && o.Adapter != e.Adapter && o.Block.End.After(last.Block.End) {
			last = o
		}
	}
	what := fmt.Sprintf("order %s of tenant %s, through %s, is billed through %s, and this program bills through %s",
		last.Key, last.Tenant.ID, last.Block.End.In(e.Location).Format(time.RFC3339), last.Adapter, e.Adapter)
	switch {
	case last.Key == "":
		return nil
	case e.BillFrom.IsZero():
		return fmt.Errorf("%s: say from when on it does, bill_from = %s in [main] or later", what, last.Block.End.UTC().Format(time.RFC3339))
	case last.Block.End.After(e.BillFrom):
		return fmt.Errorf("%s, from bill_from = %s on: write bill_from = %s or later", what, e.BillFrom.In(e.Location).Format(time.RFC3339), last.Block.End.UTC().Format(time.RFC3339))
	}
	return nil
}

// claimedHere returns an error where another adapter claimed an order: it alone
// knows what it sent.
func (e *Engine) claimedHere(order ledger.Order) error {
	if order.Adapter == e.Adapter {
		return nil
	}
	return fmt.Errorf("order %s was claimed for %s, and this program bills through %s: finish it with the program that claimed it", order.Key, order.Adapter, e.Adapter)
}

// behindTenants returns what keeps single tenants from being billed, by their
// ids. What keeps all is a *BehindError.
func (e *Engine) behindTenants(ctx context.Context, block usage.Span, tenants []string) (map[string]Lag, error) {
	lags, err := e.Behind(ctx, block, tenants)
	if err != nil {
		return nil, err
	}
	behind := map[string]Lag{}
	var whole []Lag
	for _, lag := range lags {
		if len(lag.Tenants) == 0 {
			whole = append(whole, lag)
		}
		for _, tenant := range lag.Tenants {
			behind[tenant] = lag
		}
	}
	if len(whole) > 0 {
		return nil, &BehindError{Block: BlockLabel(block, e.Location), End: block.End.In(e.Location), Lags: whole}
	}
	return behind, nil
}

// Tenants returns the tenants with these ids, or all that were collected.
func (e *Engine) Tenants(ctx context.Context, ids []string) ([]invoice.Tenant, error) {
	tenants, _, err := e.collected(ctx, ids)
	return tenants, err
}

// collected returns the tenants as Tenants does, and the marks of all.
func (e *Engine) collected(ctx context.Context, ids []string) ([]invoice.Tenant, []ledger.Mark, error) {
	marks, err := e.begun(ctx)
	if err != nil {
		return nil, nil, err
	}
	known := tenantsOf(marks)
	if len(known) == 0 {
		return nil, nil, ErrNothingCollected // though there are orders
	}
	if err := e.areKnown(ctx, ids, known, neverCollected); err != nil {
		return nil, nil, err
	}
	named, err := e.Store.Tenants(ctx)
	if err != nil {
		return nil, nil, err
	}
	var tenants []invoice.Tenant
	for _, id := range known {
		if len(ids) > 0 && !slices.Contains(ids, id) {
			continue
		}
		tenant := invoice.Tenant{ID: id}
		if i := slices.IndexFunc(named, func(t usage.Tenant) bool { return t.ID == id }); i >= 0 {
			tenant = named[i]
		}
		tenants = append(tenants, tenant)
	}
	return tenants, marks, nil
}

// OrdersWithin returns the orders that overlap a span, or all of them where it is
// zero, of the tenants with these ids, or of all where there are none. A tenant
// of whom there is neither usage nor an order is an error.
func (e *Engine) OrdersWithin(ctx context.Context, within usage.Span, ids []string) ([]ledger.Order, error) {
	marks, err := e.begun(ctx)
	if err != nil {
		return nil, err
	}
	return e.ordersWithin(ctx, marks, within, ids)
}

func (e *Engine) ordersWithin(ctx context.Context, marks []ledger.Mark, within usage.Span, ids []string) ([]ledger.Order, error) {
	known := tenantsOf(marks)
	for _, id := range ids {
		if slices.Contains(known, id) {
			continue
		}
		orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: id})
		if err != nil {
			return nil, err
		}
		if len(orders) > 0 {
			known = append(known, id)
		}
	}
	if err := e.areKnown(ctx, ids, known, neverCollected); err != nil {
		return nil, err
	}
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Overlaps: within})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(orders, func(o ledger.Order) bool { return len(ids) > 0 && !slices.Contains(ids, o.Tenant.ID) }), nil
}
