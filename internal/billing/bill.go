package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// maxDrafts is how often a tenant is drafted whose usage changes meanwhile.
const maxDrafts = 5

// Bill bills the block for the tenants, for all that were ever collected where
// none are named. It may be called again at any time, also after a crash, and
// by several processes at once: a block is billed once. The outcomes are in the
// order of the tenants' ids. An error says why no tenant could be billed, or
// that ctx ended before all were; what stops one tenant is in its outcome.
func (e *Engine) Bill(ctx context.Context, block usage.Span, tenants []string) (outcomes []Outcome, err error) {
	if err := e.billable(block); err != nil {
		return nil, err
	}
	all, marks, err := e.collected(ctx, tenants)
	if err != nil {
		return nil, err
	}
	if err := e.reachesBack(block, marks); err != nil {
		return nil, err
	}
	unlock, err := e.lock(ctx, lockBill)
	if err != nil {
		return nil, err
	}
	defer unlock(&err)
	if err := e.sameAdapter(ctx); err != nil {
		return nil, err
	}
	if err := e.ready(ctx); err != nil {
		return nil, err
	}
	behind, err := e.behindTenants(ctx, block, tenants)
	if err != nil {
		return nil, err
	}
	step := Step{Name: "bill", Of: BlockLabel(block, e.Location), Unit: "tenants", Total: int64(len(all))}
	return e.each(ctx, step, func(i int) Outcome {
		t := all[i]
		none := ledger.Order{Order: invoice.Order{Tenant: t, Block: block}}
		if lag, ok := behind[t.ID]; ok {
			through := "never collected"
			if !lag.Through.IsZero() {
				through = "collected through " + lag.Through.Format(time.RFC3339) + " only"
			}
			return notBilled(none, fmt.Errorf("tenant %s: source %s is %s: artifice collect says why", t.ID, lag.Source, through))
		}
		return safely(none, func() Outcome { return e.billTenant(ctx, t, block) })
	})
}

// each does the things of a step, as many at the same time as there are workers,
// and returns what they came to in their order. Once ctx has ended nothing more is
// begun: the error is then the context's, and what was not begun is left out.
func (e *Engine) each(ctx context.Context, step Step, do func(i int) Outcome) ([]Outcome, error) {
	n := int(step.Total)
	progress := e.begin(step)
	defer progress.End()
	outcomes := make([]Outcome, n)
	var next atomic.Int64
	work := func() {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			began := e.Now()
			outcomes[i] = do(i)
			e.logOutcome(ctx, step.Name, outcomes[i], began)
			if ctx.Err() == nil || outcomes[i].Result != NotBilled { // else it was stopped
				progress.Add(1)
			}
		}
	}
	if e.Workers <= 1 {
		work()
	} else {
		var all sync.WaitGroup
		for range min(e.Workers, n) {
			all.Go(work)
		}
		all.Wait()
	}
	if begun := int(next.Load()); begun < n {
		return outcomes[:begun], ctx.Err()
	}
	return outcomes, nil
}

func (e *Engine) billTenant(ctx context.Context, tenant invoice.Tenant, block usage.Span) Outcome {
	none := ledger.Order{Order: invoice.Order{Tenant: tenant, Block: block}}
	var cause error
	for range maxDrafts {
		order, err := e.reserved(ctx, tenant.ID, block)
		if err != nil {
			return notBilled(none, err)
		}
		if order.Key != "" {
			return e.goOn(ctx, order)
		}
		draft, err := e.Draft(ctx, tenant, block)
		if err != nil && !invoice.IsPermanent(err) {
			return notBilled(none, err)
		}
		reasons := draft.Reasons()
		if err != nil {
			reasons = []string{err.Error()}
		}
		var outcome Outcome
		if len(reasons) > 0 {
			outcome, err = e.park(ctx, draft, strings.Join(reasons, "; "))
		} else {
			outcome, err = e.commit(ctx, draft)
		}
		if err == nil {
			outcome.Left, outcome.Postponed = draft.Left, draft.Postponed
			return outcome
		}
		if !raced(err, block) {
			return notBilled(none, err)
		}
		cause = err
	}
	return notBilled(none, fmt.Errorf("tenant %s: drafted %d times, and each time: %w", tenant.ID, maxDrafts, cause))
}

// raced reports whether an order could not be claimed because somebody else
// was faster: usage has changed, or just this block is reserved now.
func raced(err error, block usage.Span) bool {
	var overlap *ledger.OverlapError
	return errors.Is(err, ledger.ErrStale) || errors.As(err, &overlap) && sameSpan(overlap.By.Block, block)
}

func sameSpan(a, b usage.Span) bool { return a.Start.Equal(b.Start) && a.End.Equal(b.End) }

// reserved returns the order that reserves just this block, without items; the
// zero Order where there is none. One that overlaps it is for the store to
// refuse.
func (e *Engine) reserved(ctx context.Context, tenant string, block usage.Span) (ledger.Order, error) {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: tenant, Overlaps: block})
	if err != nil {
		return ledger.Order{}, err
	}
	for _, o := range orders {
		if o.Reserves && sameSpan(o.Block, block) {
			return e.Store.Order(ctx, o.Key)
		}
	}
	return ledger.Order{}, nil
}

// park records that a tenant cannot be billed before somebody mends something.
// Nothing is reserved or frozen: the next run drafts it anew.
func (e *Engine) park(ctx context.Context, draft Draft, reason string) (Outcome, error) {
	order := draft.Order
	order.Status, order.Items, order.Total, order.Reason = ledger.Parked, nil, decimal.Zero, reason
	if err := e.Store.Park(ctx, order, e.note(reason)); err != nil {
		return Outcome{}, err
	}
	return Outcome{Order: order, Result: Parked, Missing: draft.Missing}, nil
}

// commit claims a draft and sends it: it was never sent before. An error says
// that it could not be claimed.
func (e *Engine) commit(ctx context.Context, draft Draft) (Outcome, error) {
	h, err := e.claim(ctx, draft)
	if err != nil {
		return Outcome{}, err
	}
	defer e.release(ctx, h)
	if !sends(h.Items) {
		return e.settle(ctx, h, ""), nil
	}
	inv, err := e.fill(ctx, h.Order)
	if err != nil {
		return e.stopped(ctx, h, inv, err), nil
	}
	return e.send(ctx, h, inv), nil
}

// goOn goes on with an order of an earlier run, or of another process.
func (e *Engine) goOn(ctx context.Context, order ledger.Order) Outcome {
	switch {
	case order.Status == ledger.Settled:
		return Outcome{Order: order, Result: AlreadyBilled}
	case order.Status == ledger.InDoubt && order.Holder == "":
		return Outcome{Order: order, Result: InDoubt}
	}
	if err := e.claimedHere(order); err != nil {
		return notBilled(order, err)
	}
	if outcome, ok := e.lookAhead(ctx, order); ok {
		return outcome
	}
	h, outcome := e.takeOver(ctx, order, "bill goes on with it")
	if h == nil {
		return outcome
	}
	defer e.release(ctx, h)
	if h.Status == ledger.InDoubt {
		return Outcome{Order: h.Order, Result: InDoubt}
	}
	found, outcome := e.lookUp(ctx, h)
	if found == nil {
		return outcome
	}
	return e.send(ctx, h, found)
}

// takeOver takes an order. Where that cannot be, the hold is nil and the
// outcome says why.
func (e *Engine) takeOver(ctx context.Context, order ledger.Order, reason string) (*held, Outcome) {
	h, err := e.take(ctx, order.Key, reason)
	var taken *ledger.HeldError
	switch {
	case err == nil:
		return h, Outcome{}
	case errors.As(err, &taken):
		return nil, busy(order, taken.Holder, taken.Until)
	case errors.Is(err, ledger.ErrNotClaimed):
		// Somebody was done with it since it was read.
		if now, err := e.Store.Order(ctx, order.Key); err == nil && now.Status == ledger.Settled {
			return nil, Outcome{Order: now, Result: AlreadyBilled}
		}
	}
	return nil, notBilled(order, fmt.Errorf("tenant %s: order %s: %w", order.Tenant.ID, order.Key, after(order.Key, err)))
}
