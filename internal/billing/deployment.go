package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// ErrNothingCollected says that the store knows of no tenant.
var ErrNothingCollected = errors.New("nothing has been collected yet (run artifice collect)")

// unended is ErrNothingCollected where usage is recorded, by a collect that has
// not come to its end: none of it counts before.
type unended struct{}

func (unended) Error() string {
	return "collecting has begun, and has not come to its end: what is recorded stays, and counts once it has (run artifice collect again)"
}

func (unended) Is(target error) bool { return target == ErrNothingCollected }

// Begun is ErrNothingCollected where the store has neither tenants nor orders,
// as one that was lost, or is not the one that was meant. It makes no store.
func (e *Engine) Begun(ctx context.Context) error {
	_, err := e.begun(ctx)
	return err
}

// begun returns the marks of a store that has begun, as Begun says.
func (e *Engine) begun(ctx context.Context) ([]ledger.Mark, error) {
	if prober, ok := e.Store.(ledger.Prober); ok {
		if presence, err := prober.Probe(ctx); err != nil {
			return nil, err
		} else if presence == ledger.Absent {
			return nil, ErrNothingCollected
		}
	}
	marks, err := e.Store.Marks(ctx)
	if err != nil || len(tenantsOf(marks)) > 0 {
		return marks, err
	}
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
	if err != nil || len(orders) > 0 {
		return marks, err
	}
	// With the last batch of a source comes a mark of it.
	if revision, err := e.Store.Revision(ctx, ""); err != nil || len(marks) == 0 && revision > 1 {
		return nil, cmp.Or[error](err, unended{})
	}
	return nil, ErrNothingCollected
}

// tenantsOf are the tenants that have marks, sorted.
func tenantsOf(marks []ledger.Mark) []string {
	var known []string
	for _, m := range marks {
		if m.Tenant != "" {
			known = append(known, m.Tenant)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// SameDeployment returns an error where the store has orders of a deployment of
// another name. Its name is a part of every key: under another one, an invoice
// that a restored store knows nothing of would not be found in the ERP, and its
// block be billed twice; and a config that names the store of another deployment
// would write into that. A deployment may be renamed once all that was billed
// before is settled, or void, and ends by BillFrom: then no block is billed under
// both names. Orders that were parked before their claim are no matter, as
// nothing was sent under their keys.
func (e *Engine) SameDeployment(ctx context.Context) error {
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
	if err != nil {
		return err
	}
	var last, open ledger.Order // of another name: the one that ends last, and one that is not settled
	for _, o := range orders {
		if o.Deployment == e.Deployment || o.Status == ledger.Parked && !o.Reserves {
			continue
		}
		if o.Block.End.After(last.Block.End) {
			last = o
		}
		if o.Status != ledger.Settled && o.Status != ledger.Void {
			open = o
		}
	}
	switch {
	case open.Key != "":
		return fmt.Errorf("%s: it is %s, and is to be finished under that name first%s", e.otherName(open), open.Status, putBack(open))
	case last.Key == "", !e.BillFrom.IsZero() && !last.Block.End.After(e.BillFrom):
		return nil
	}
	return fmt.Errorf("%s: what the ERP has under its name would not be found under another one, and could be billed twice%s\nhint: to rename it all the same, write bill_from = %s or later beside it: what ends by then keeps the old name, and is not billed under the new one",
		e.otherName(last), putBack(last), last.Block.End.UTC().Format(time.RFC3339))
}

// otherName says whose the ledger is by one of its orders.
func (e *Engine) otherName(o ledger.Order) string {
	return fmt.Sprintf("the ledger is of the deployment %q (order %s of tenant %s, through %s), and the config names it %q",
		o.Deployment, o.Key, o.Tenant.ID, o.Block.End.In(e.Location).Format(time.RFC3339), e.Deployment)
}

func putBack(o ledger.Order) string {
	return fmt.Sprintf("\nhint: write deployment = %q in [main] again, or let [store:...] name the ledger of this deployment", o.Deployment)
}
