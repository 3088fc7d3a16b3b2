package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// An Outcome is what billing a block came to for one tenant.
type Outcome struct {
	Order   ledger.Order // as it is now; the zero Order where there is none
	Result  Result
	Missing []Missing // of a parked order
	Unknown []string  // as of a Draft
	Err     error     // why, for Overlaps and NotBilled
}

// A Result is how billing one tenant went.
type Result string

// The results of billing.
const (
	Billed        Result = "billed"          // the ERP has the invoice now
	AlreadyBilled Result = "already billed"  // it had it before
	NothingToBill Result = "nothing to bill" // settled without an invoice
	Parked        Result = "parked"          // a known cause must be mended first
	InDoubt       Result = "in doubt"        // a person must look whether the ERP has it
	Overlaps      Result = "overlaps"        // an order for another block reserves part of this one
	NotBilled     Result = "not billed"      // an error; the next run tries again
)

// Bill bills the block for the tenants, for all that were ever collected where
// none are named. It may be called again at any time, also after a crash: a
// block is billed once. An error says that no tenant could be billed; what
// stops one tenant is in its outcome.
func (e *Engine) Bill(ctx context.Context, block usage.Span, tenants []string) ([]Outcome, error) {
	if err := e.billable(block); err != nil {
		return nil, err
	}
	all, err := e.Tenants(ctx, tenants)
	if err != nil {
		return nil, err
	}
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
	var outcomes []Outcome
	for done, t := range all {
		e.observe("billing", done, len(all))
		if err := ctx.Err(); err != nil {
			return outcomes, err
		}
		if lag, ok := behind[t.ID]; ok {
			outcomes = append(outcomes, notBilled(ledger.Order{Order: invoice.Order{Tenant: t, Block: block}}, fmt.Errorf("tenant %s: source %s is collected through %s only: artifice collect says why", t.ID, lag.Source, lag.Through.Format(time.RFC3339))))
			continue
		}
		outcomes = append(outcomes, e.billTenant(ctx, t, block))
	}
	return outcomes, nil
}

// Tenants returns the tenants with these ids, or all that were collected.
func (e *Engine) Tenants(ctx context.Context, ids []string) ([]invoice.Tenant, error) {
	marks, err := e.Store.Marks(ctx)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, m := range marks {
		if m.Tenant != "" {
			known = append(known, m.Tenant)
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	if len(known) == 0 {
		return nil, errors.New("nothing has been collected yet (run artifice collect)")
	}
	var unknown []error
	for _, id := range ids {
		if !slices.Contains(known, id) {
			unknown = append(unknown, fmt.Errorf("tenant %s was never collected", id))
		}
	}
	if len(unknown) > 0 {
		return nil, errors.Join(unknown...)
	}
	named, err := e.Store.Tenants(ctx)
	if err != nil {
		return nil, err
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
	return tenants, nil
}

func (e *Engine) billTenant(ctx context.Context, tenant invoice.Tenant, block usage.Span) Outcome {
	none := ledger.Order{Order: invoice.Order{Tenant: tenant, Block: block}}
	order, err := e.reserved(ctx, tenant.ID, block)
	if err != nil {
		return notBilled(none, err)
	}
	switch order.Status {
	case ledger.Settled:
		return Outcome{Order: order, Result: AlreadyBilled}
	case ledger.InDoubt:
		return Outcome{Order: order, Result: InDoubt}
	case ledger.Claimed, ledger.Parked:
		return e.lookUp(ctx, order)
	}
	draft, err := e.Draft(ctx, tenant, block)
	if err != nil {
		return notBilled(none, err)
	}
	order = draft.Order
	if len(draft.Missing) > 0 {
		return e.park(ctx, draft)
	}
	order.Status, order.Reserves = ledger.Claimed, true
	if err := e.Store.Claim(ctx, order); err != nil {
		return notBilled(none, err)
	}
	outcome := e.commit(ctx, order, nil)
	outcome.Unknown = draft.Unknown
	return outcome
}

// reserved returns the order that reserves just this block, with its items;
// the zero Order where there is none. One that overlaps it is for the store to
// refuse.
func (e *Engine) reserved(ctx context.Context, tenant string, block usage.Span) (ledger.Order, error) {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: tenant})
	if err != nil {
		return ledger.Order{}, err
	}
	for _, o := range orders {
		if o.Reserves && o.Block.Start.Equal(block.Start) && o.Block.End.Equal(block.End) {
			return e.Store.Order(ctx, o.Key)
		}
	}
	return ledger.Order{}, nil
}

// park records that a tenant cannot be billed for want of a cost. Nothing is
// reserved or frozen: the next run drafts it anew.
func (e *Engine) park(ctx context.Context, draft Draft) Outcome {
	order := draft.Order
	var services []string
	for _, m := range draft.Missing {
		services = append(services, fmt.Sprintf("%s in %s", m.Service, m.Datacenter))
	}
	order.Status, order.Items = ledger.Parked, nil
	order.Reason = "no cost for " + strings.Join(services, ", ")
	if err := e.Store.Park(ctx, order); err != nil {
		return notBilled(ledger.Order{Order: order.Order}, err)
	}
	return Outcome{Order: order, Result: Parked, Missing: draft.Missing, Unknown: draft.Unknown}
}

// lookUp goes on with an order that an earlier run claimed: the ERP may have
// the invoice, so it is asked before anything is sent again.
func (e *Engine) lookUp(ctx context.Context, order ledger.Order) Outcome {
	if order.Adapter != e.Adapter {
		return notBilled(order, fmt.Errorf("order %s was claimed for %s, and this program bills through %s: finish it with the program that claimed it", order.Key, order.Adapter, e.Adapter))
	}
	if len(order.Items) == 0 {
		return e.commit(ctx, order, nil)
	}
	inv, err := e.ERP.NewInvoice(ctx, order.Order)
	if err != nil {
		return e.stopped(ctx, order, err)
	}
	finder, ok := inv.(invoice.Finder)
	if !ok && order.Status == ledger.Parked {
		// The ERP refused it: it is known not to be there.
		return e.commit(ctx, order, inv)
	}
	if !ok {
		return e.suspend(ctx, order, ledger.InDoubt, fmt.Errorf("%s cannot look up whether the invoice was saved", e.Adapter))
	}
	reference, err := finder.Find(ctx)
	switch {
	case errors.Is(err, invoice.ErrNotFound):
		return e.commit(ctx, order, inv)
	case err != nil:
		return e.stopped(ctx, order, err)
	}
	return e.settle(ctx, order, reference)
}

// commit sends the items of a claimed order, and nothing else, to the ERP.
func (e *Engine) commit(ctx context.Context, order ledger.Order, inv invoice.Invoice) Outcome {
	if len(order.Items) == 0 {
		return e.settle(ctx, order, "")
	}
	if inv == nil {
		var err error
		if inv, err = e.ERP.NewInvoice(ctx, order.Order); err != nil {
			return e.stopped(ctx, order, err)
		}
	}
	var sections []string
	for _, item := range order.Items {
		if !slices.Contains(sections, item.Datacenter) {
			sections = append(sections, item.Datacenter)
			if err := inv.AddSection(item.Datacenter); err != nil {
				return e.stopped(ctx, order, err)
			}
		}
		if err := inv.AddLine(item); err != nil {
			return e.stopped(ctx, order, fmt.Errorf("%s in %s: %w", item.Name, item.Datacenter, err))
		}
	}
	reference, err := inv.Commit(ctx)
	if _, canFind := inv.(invoice.Finder); invoice.IsUnknownOutcome(err) && !canFind {
		return e.suspend(ctx, order, ledger.InDoubt, err)
	}
	if err != nil {
		return e.stopped(ctx, order, err)
	}
	return e.settle(ctx, order, reference)
}

func (e *Engine) settle(ctx context.Context, order ledger.Order, reference string) Outcome {
	at := e.Now().UTC()
	if err := e.Store.Settle(ctx, order.Key, reference, at); err != nil {
		return notBilled(order, err)
	}
	order.Status, order.Reference, order.Changed, order.Reason = ledger.Settled, reference, at, ""
	if len(order.Items) == 0 {
		return Outcome{Order: order, Result: NothingToBill}
	}
	return Outcome{Order: order, Result: Billed}
}

// stopped is a claimed order that the adapter could not save: parked where
// somebody must mend something first, otherwise for the next run.
func (e *Engine) stopped(ctx context.Context, order ledger.Order, err error) Outcome {
	if invoice.IsPermanent(err) {
		return e.suspend(ctx, order, ledger.Parked, err)
	}
	return notBilled(order, fmt.Errorf("tenant %s: order %s stays claimed: %w", order.Tenant.ID, order.Key, err))
}

func (e *Engine) suspend(ctx context.Context, order ledger.Order, status ledger.Status, cause error) Outcome {
	at := e.Now().UTC()
	if err := e.Store.Suspend(ctx, order.Key, status, cause.Error(), at); err != nil {
		return notBilled(order, errors.Join(cause, err))
	}
	order.Status, order.Reason, order.Changed = status, cause.Error(), at
	result := Parked
	if status == ledger.InDoubt {
		result = InDoubt
	}
	return Outcome{Order: order, Result: result, Err: cause}
}

func notBilled(order ledger.Order, err error) Outcome {
	var overlap *ledger.OverlapError
	if errors.As(err, &overlap) {
		return Outcome{Order: order, Result: Overlaps, Err: err}
	}
	return Outcome{Order: order, Result: NotBilled, Err: err}
}
