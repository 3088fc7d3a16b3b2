package simulation

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// check compares what the ERP holds with what was used, and lets the ledger
// prove itself.
func (r *run) check() error {
	used, err := r.used()
	if err != nil {
		return err
	}
	var errs []error
	billed := map[place]decimal.Decimal{}
	for _, inv := range r.server.saved {
		if inv.cancelled {
			continue
		}
		total := decimal.Zero
		for _, item := range inv.items {
			at := place{inv.order.Tenant.ID, item.Name, blockOf(inv.order, item).Start.UTC()}
			billed[at] = billed[at].Add(item.Value)
			total = total.Add(item.Amount)
			price := r.server.prices[priceKey(blockOf(inv.order, item), item.Name)]
			if !item.Cost.Equal(price) || !item.Amount.Equal(item.Value.Mul(price)) {
				errs = append(errs, fmt.Errorf("%s: %s %s at %s is %s, and the price of its block is %s", inv.reference, item.Value, item.Name, item.Cost, item.Amount, price))
			}
		}
		if total.IsNegative() && !r.server.credits {
			errs = append(errs, fmt.Errorf("%s comes to %s", inv.reference, total))
		}
	}
	for at, volume := range used {
		if !billed[at].Equal(volume) {
			errs = append(errs, fmt.Errorf("tenant %s used %s of %s in the block from %s, and is billed %s", at.tenant, volume, at.service, at.block.Format("15:04"), billed[at]))
		}
	}
	for at, volume := range billed {
		if _, ok := used[at]; !ok && !volume.IsZero() {
			errs = append(errs, fmt.Errorf("tenant %s is billed %s of %s in the block from %s, and used none", at.tenant, volume, at.service, at.block.Format("15:04")))
		}
	}
	return errors.Join(append(errs, r.references(), r.verify())...)
}

// blockOf is the block that an item is for.
func blockOf(order invoice.Order, item invoice.Item) usage.Span {
	if item.Adjusts.IsZero() {
		return order.Block
	}
	return item.Adjusts
}

// references holds the settled orders against the ERP.
func (r *run) references() error {
	orders, err := r.ledger.Orders(context.Background(), ledger.OrderFilter{})
	if err != nil {
		return err
	}
	known := map[string]ledger.Order{}
	for _, o := range orders {
		known[o.Key] = o
	}
	for _, inv := range r.server.saved {
		o, ok := known[inv.order.Key]
		switch {
		case !ok:
			return fmt.Errorf("%s is of an order %s that the ledger does not have", inv.reference, inv.order.Key)
		case inv.cancelled != (o.Status == ledger.Void):
			return fmt.Errorf("order %s of %s is %s, and the invoice cancelled: %t", o.Key, inv.reference, o.Status, inv.cancelled)
		case o.Reference != inv.reference:
			return fmt.Errorf("order %s is settled as %q, and the ERP has it as %q", o.Key, o.Reference, inv.reference)
		}
	}
	return nil
}

// verify lets the engine prove the ledger.
func (r *run) verify() error {
	var found error
	prove := func(ctx context.Context, e *billing.Engine) error {
		v, err := e.Verify(ctx, nil)
		if err != nil {
			return err
		}
		var errs []error
		for _, m := range v.Mistakes {
			errs = append(errs, errors.New(m.String()))
		}
		if v.Orders < len(r.tenants)*(blocks+1) || v.Entries == 0 || v.Items == 0 {
			errs = append(errs, fmt.Errorf("only %d orders, %d items and %d entries were verified", v.Orders, v.Items, v.Entries))
		}
		found = errors.Join(errs...)
		return nil
	}
	if !r.surely(prove) {
		found = errors.Join(found, errors.New("the ledger could not be verified"))
	}
	return found
}
