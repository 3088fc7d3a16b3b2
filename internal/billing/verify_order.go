package billing

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// order proves what an order says of itself: its key, its state, its history,
// and its figures.
func (p *proof) order(ctx context.Context, o *ledger.Order) error {
	p.Orders++
	if key := Key(o.Deployment, o.Tenant.ID, o.Block, o.Attempt); key != o.Key {
		p.fail(o, usage.Span{}, "its key should be %s", key)
	}
	reserves := o.Status == ledger.Claimed || o.Status == ledger.Settled || o.Status == ledger.InDoubt
	if o.Status != ledger.Parked && o.Reserves != reserves {
		p.fail(o, o.Block, "is %s, and should not say reserves = %t", o.Status, o.Reserves)
	}
	if o.Status == ledger.Settled && sends(o.Items) != (o.Reference != "") {
		p.fail(o, usage.Span{}, "is settled as %q, with %d items", o.Reference, len(o.Items))
	}
	total := decimal.Zero
	for _, item := range o.Items {
		total = total.Add(item.Amount)
		p.item(o, item)
	}
	if !total.Equal(o.Total) {
		p.fail(o, usage.Span{}, "the total is %s, and its items come to %s", o.Total, total)
	}
	history, err := p.Store.History(ctx, o.Key)
	if err != nil {
		return err
	}
	p.history(o, history)
	return nil
}

// item proves an item's value and amount.
func (p *proof) item(o *ledger.Order, item ledger.Item) {
	p.Items++
	roundings := []Rounding{HalfAwayFromZero, HalfEven}
	if i := slices.IndexFunc(roundings, func(r Rounding) bool { return r.String() == o.Rounding }); i >= 0 {
		roundings = roundings[i : i+1]
	}
	fits := func(amount func(Rounding) decimal.Decimal, got decimal.Decimal) bool {
		return slices.ContainsFunc(roundings, func(r Rounding) bool { return amount(r).Equal(got) })
	}
	amount := func(r Rounding) decimal.Decimal { return r.round(item.Value.Mul(item.Cost), o.Digits) }
	if !fits(amount, item.Amount) {
		p.fail(o, item.Adjusts, "%s in %s: %s at %s comes to %s, not %s", item.Name, item.Datacenter, item.Value, item.Cost, amount(roundings[0]), item.Amount)
	}
	if len(item.Meters) == 0 {
		p.Unprovable++
		return
	}
	value := func(r Rounding) decimal.Decimal {
		v, err := r.value(item, o.ValueDigits)
		if err != nil {
			p.fail(o, item.Adjusts, "%s in %s: %s does not convert to %s", item.Name, item.Datacenter, item.Measured, item.Unit)
			return item.Value
		}
		return v
	}
	if !fits(value, item.Value) && !p.lacked(o, item) {
		p.fail(o, item.Adjusts, "%s in %s: %s %s comes to %s %s, not %s", item.Name, item.Datacenter, item.Volume, item.Measured, value(roundings[0]), item.Unit, item.Value)
	}
}

// history proves that an order became what it is, in steps that can be.
func (p *proof) history(o *ledger.Order, history []ledger.Change) {
	p.Changes += len(history)
	if len(history) == 0 {
		p.fail(o, usage.Span{}, "it has no history")
		return
	}
	last := history[len(history)-1]
	if last.Status != o.Status || last.Reference != o.Reference {
		p.fail(o, usage.Span{}, "is %s %q, and its history ends in %s %q", o.Status, o.Reference, last.Status, last.Reference)
	}
	for i, change := range history[1:] {
		switch before := history[i]; {
		case before.Status == ledger.Void:
			p.fail(o, usage.Span{}, "was void, and then %s", change.Status)
		case before.Status == ledger.Settled && change.Status != ledger.Void:
			p.fail(o, usage.Span{}, "was settled, and then %s", change.Status)
		}
	}
}
