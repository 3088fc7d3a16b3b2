package billing

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A Status is how far a tenant is collected and billed.
type Status struct {
	Tenant    usage.Tenant
	Collected []ledger.Mark  // by source
	Billed    []usage.Span   // what is settled, oldest first; blocks that meet are one
	Pending   []Pending      // late usage that no order carries yet, by block
	Unbilled  []Unbilled     // what no order reserves, though its time was billed; but what is parked
	Open      []ledger.Order // that a run, or a person, must go on with, without items
}

// Pending is late usage of one service of a block.
type Pending struct {
	Order               ledger.Order // that reserves the block, without items
	Datacenter, Service string
	Unit                string
	Count               int             // of adjustments
	Volume              decimal.Decimal // their sum
}

// Status says how far tenants are, all that are known where none are named, by
// id.
func (e *Engine) Status(ctx context.Context, ids []string) ([]Status, error) {
	tenants, marks, err := e.collected(ctx, ids)
	if err != nil {
		return nil, err
	}
	byTenant := map[string][]ledger.Mark{}
	for _, m := range marks {
		byTenant[m.Tenant] = append(byTenant[m.Tenant], m)
	}
	unbilled := map[string][]Unbilled{}
	found, err := e.Unbilled(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, u := range found {
		if u.Order.Status != ledger.Parked {
			unbilled[u.Tenant] = append(unbilled[u.Tenant], u)
		}
	}
	progress := e.begin(Step{Name: "look", Unit: "tenants", Total: int64(len(tenants)), Whole: true})
	defer progress.End()
	var all []Status
	for _, t := range tenants {
		s := Status{Tenant: t, Collected: byTenant[t.ID]}
		orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: t.ID})
		if err != nil {
			return nil, err
		}
		for _, o := range slices.SortedFunc(slices.Values(orders), byBlock) {
			switch o.Status {
			case ledger.Settled:
				s.settled(o.Block)
			case ledger.Claimed, ledger.InDoubt, ledger.Parked:
				s.Open = append(s.Open, o)
			}
		}
		if s.Pending, err = e.pending(ctx, t.ID, orders); err != nil {
			return nil, err
		}
		s.Unbilled = unbilled[t.ID]
		all = append(all, s)
		progress.Add(1)
	}
	return all, nil
}

// settled adds a block that is later than all before.
func (s *Status) settled(block usage.Span) {
	if n := len(s.Billed); n > 0 && s.Billed[n-1].End.Equal(block.Start) {
		s.Billed[n-1].End = block.End
		return
	}
	s.Billed = append(s.Billed, block)
}

// pending sums a tenant's pending adjustments by block and service.
func (e *Engine) pending(ctx context.Context, tenant string, orders []ledger.Order) ([]Pending, error) {
	var all []Pending
	for a, err := range e.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: tenant, Pending: true}) {
		if err != nil {
			return nil, err
		}
		order, _ := reserving(orders, a.Window)
		i := slices.IndexFunc(all, func(p Pending) bool {
			return p.Order.Key == order.Key && p.Datacenter == a.Datacenter && p.Service == a.Service && usage.SameUnit(p.Unit, a.Unit)
		})
		if i < 0 {
			i = len(all)
			all = append(all, Pending{Order: order, Datacenter: a.Datacenter, Service: a.Service, Unit: a.Unit})
		}
		all[i].Count++
		all[i].Volume = all[i].Volume.Add(a.Volume.Volume)
	}
	slices.SortFunc(all, func(a, b Pending) int {
		return cmp.Or(byBlock(a.Order, b.Order), cmp.Compare(a.Datacenter, b.Datacenter), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Unit, b.Unit))
	})
	return all, nil
}

// Next is what is to be done about an order that is not settled: "" where there
// is nothing.
func Next(o ledger.Order) string {
	switch o.Status {
	case ledger.Claimed:
		if o.Holder != "" {
			return "is being billed by " + o.Holder + " until " + o.HeldUntil.UTC().Format(time.RFC3339) + "; after that artifice bill goes on with it"
		}
		return "artifice bill looks it up and goes on with it"
	case ledger.InDoubt:
		return "look in the ERP, then artifice resolve " + o.Key + " --billed REFERENCE, or --not-billed"
	case ledger.Parked:
		return "mend the cause, then artifice bill tries again"
	}
	return ""
}
