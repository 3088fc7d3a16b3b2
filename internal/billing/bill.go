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
	"github.com/shopspring/decimal"
)

// An Outcome is what billing a block came to for one tenant.
type Outcome struct {
	Order   ledger.Order // as it is now; the zero Order where there is none
	Result  Result
	Missing []Missing // of a parked order
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
// block is billed once. An error says why no tenant could be billed, or that
// ctx ended before all were; what stops one tenant is in its outcome.
func (e *Engine) Bill(ctx context.Context, block usage.Span, tenants []string) ([]Outcome, error) {
	if err := e.billable(block); err != nil {
		return nil, err
	}
	all, err := e.Tenants(ctx, tenants)
	if err != nil {
		return nil, err
	}
	unlock, err := e.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := e.ready(ctx); err != nil {
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
	for _, t := range all {
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

// lock keeps two programs from collecting, billing or resolving at once, where
// the store can.
func (e *Engine) lock(ctx context.Context) (unlock func(), err error) {
	locker, ok := e.Store.(ledger.Locker)
	if !ok {
		return func() {}, nil
	}
	release, err := locker.Lock(ctx)
	if err != nil {
		return nil, err
	}
	return func() {
		// The lock ends with the process at the latest.
		_ = release()
	}, nil
}

// ready asks the ERP, before anything is frozen, whether invoices could be
// saved.
func (e *Engine) ready(ctx context.Context) error {
	checker, ok := e.ERP.(invoice.HealthChecker)
	if !ok {
		return nil
	}
	var errs []error
	for check, err := range checker.CheckHealth(ctx) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", check, err))
		}
	}
	if len(errs) > 0 {
		errs = append(errs, errors.New("nothing was billed: invoices could not be saved"))
	}
	return errors.Join(errs...)
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
	if invoice.IsPermanent(err) {
		return e.park(ctx, draft, err.Error())
	}
	if err != nil {
		return notBilled(none, err)
	}
	order = draft.Order
	if reasons := draft.Reasons(); len(reasons) > 0 {
		return e.park(ctx, draft, strings.Join(reasons, "; "))
	}
	order.Status, order.Reserves = ledger.Claimed, true
	if err := e.Store.Claim(ctx, order); err != nil {
		return notBilled(none, err)
	}
	return e.commit(ctx, order)
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

// park records that a tenant cannot be billed before somebody mends something.
// Nothing is reserved or frozen: the next run drafts it anew.
func (e *Engine) park(ctx context.Context, draft Draft, reason string) Outcome {
	order := draft.Order
	order.Status, order.Items, order.Total, order.Reason = ledger.Parked, nil, decimal.Zero, reason
	if err := e.Store.Park(ctx, order); err != nil {
		return notBilled(ledger.Order{Order: order.Order}, err)
	}
	return Outcome{Order: order, Result: Parked, Missing: draft.Missing}
}

// lookUp goes on with an order that an earlier run claimed: the ERP may have
// the invoice, so it is asked before anything is sent again.
func (e *Engine) lookUp(ctx context.Context, order ledger.Order) Outcome {
	if order.Adapter != e.Adapter {
		return notBilled(order, fmt.Errorf("order %s was claimed for %s, and this program bills through %s: finish it with the program that claimed it", order.Key, order.Adapter, e.Adapter))
	}
	if len(order.Items) == 0 {
		return e.settle(ctx, order, "")
	}
	inv, err := e.fill(ctx, order)
	if err != nil {
		// Nothing was looked up: what is known of the order stays as it is.
		return notBilled(order, fmt.Errorf("tenant %s: order %s stays %s: %w", order.Tenant.ID, order.Key, order.Status, err))
	}
	finder, ok := inv.(invoice.Finder)
	if !ok && order.Status == ledger.Parked {
		// It is known not to be there. From here on that is no longer so.
		if o := e.suspend(ctx, order, ledger.InDoubt, errors.New("it was being sent when the program ended")); o.Result != InDoubt {
			return o
		}
		return e.send(ctx, order, inv)
	}
	if !ok {
		return e.suspend(ctx, order, ledger.InDoubt, fmt.Errorf("%s cannot look up whether the invoice was saved", e.Adapter))
	}
	reference, err := finder.Find(ctx)
	switch {
	case errors.Is(err, invoice.ErrNotFound):
		return e.send(ctx, order, inv)
	case err != nil:
		return e.stopped(ctx, order, inv, err)
	}
	return e.settle(ctx, order, reference)
}

// commit saves a claimed order that was never sent.
func (e *Engine) commit(ctx context.Context, order ledger.Order) Outcome {
	if len(order.Items) == 0 {
		return e.settle(ctx, order, "")
	}
	inv, err := e.fill(ctx, order)
	if err != nil {
		return e.stopped(ctx, order, inv, err)
	}
	return e.send(ctx, order, inv)
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
		if !slices.Contains(sections, item.Datacenter) {
			sections = append(sections, item.Datacenter)
			if err := inv.AddSection(item.Datacenter); err != nil {
				return inv, err
			}
		}
		if err := inv.AddLine(item); err != nil {
			return inv, fmt.Errorf("%s in %s: %w", item.Name, item.Datacenter, err)
		}
	}
	return inv, nil
}

// send commits a filled invoice.
func (e *Engine) send(ctx context.Context, order ledger.Order, inv invoice.Invoice) Outcome {
	reference, err := inv.Commit(ctx)
	if err == nil && reference == "" {
		err = invoice.UnknownOutcome(fmt.Errorf("%s does not say what the ERP calls the invoice", e.Adapter))
	}
	if err != nil {
		return e.stopped(ctx, order, inv, err)
	}
	return e.settle(ctx, order, reference)
}

func (e *Engine) settle(ctx context.Context, order ledger.Order, reference string) Outcome {
	at := e.Now().UTC()
	// The ERP has the invoice: that is written down even where the run was
	// interrupted.
	if err := e.Store.Settle(context.WithoutCancel(ctx), order.Key, reference, at); err != nil {
		return notBilled(order, fmt.Errorf("tenant %s: order %s: %w", order.Tenant.ID, order.Key, err))
	}
	order.Status, order.Reference, order.Changed, order.Reason = ledger.Settled, reference, at, ""
	if len(order.Items) == 0 {
		return Outcome{Order: order, Result: NothingToBill}
	}
	return Outcome{Order: order, Result: Billed}
}

// stopped is a claimed order that could not be saved. It stays claimed where
// the next run can look it up. Where the adapter cannot, what is known now is
// written down: that the ERP does not have it, or that nobody can tell.
func (e *Engine) stopped(ctx context.Context, order ledger.Order, inv invoice.Invoice, err error) Outcome {
	_, canFind := inv.(invoice.Finder)
	switch {
	case invoice.IsPermanent(err):
		return e.suspend(ctx, order, ledger.Parked, err)
	case canFind:
		return notBilled(order, fmt.Errorf("tenant %s: order %s stays claimed: %w", order.Tenant.ID, order.Key, err))
	case invoice.IsUnknownOutcome(err):
		return e.suspend(ctx, order, ledger.InDoubt, err)
	}
	return e.suspend(ctx, order, ledger.Parked, err)
}

func (e *Engine) suspend(ctx context.Context, order ledger.Order, status ledger.Status, cause error) Outcome {
	at := e.Now().UTC()
	// What is known must be written down even where the run was interrupted.
	if err := e.Store.Suspend(context.WithoutCancel(ctx), order.Key, status, cause.Error(), at); err != nil {
		return notBilled(order, errors.Join(cause, err))
	}
	order.Status, order.Reason, order.Changed = status, cause.Error(), at
	result := Parked
	if status == ledger.InDoubt {
		result = InDoubt
	}
	return Outcome{Order: order, Result: result, Err: cause}
}

// Resolve records what a person found out about an order in doubt: the ERP has
// it, under a reference, or it has not. Where it has not, the next run of bill
// sends it again.
func (e *Engine) Resolve(ctx context.Context, order ledger.Order, billed bool, reference string) error {
	// An order is in doubt, too, while another program sends it again.
	unlock, err := e.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if order.Status != ledger.InDoubt {
		return fmt.Errorf("order %s is %s, not in doubt: there is nothing to resolve", order.Key, order.Status)
	}
	if billed {
		return e.Store.Settle(ctx, order.Key, reference, e.Now().UTC())
	}
	return e.Store.Suspend(ctx, order.Key, ledger.Parked, "a person found that it was not billed", e.Now().UTC())
}

func notBilled(order ledger.Order, err error) Outcome {
	var overlap *ledger.OverlapError
	if errors.As(err, &overlap) {
		return Outcome{Order: order, Result: Overlaps, Err: err}
	}
	return Outcome{Order: order, Result: NotBilled, Err: err}
}
