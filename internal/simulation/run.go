package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A Result is what became of a simulation in which nothing went wrong that must
// not go wrong.
type Result struct {
	Crashed bool           // whether the process died at the point
	Passed  map[string]int // how often each point was passed
	Kind    Kind
	// What happened, so that a suite can tell that it was not idle.
	Invoices, Cancelled, Adjusted, Doubts int
}

// Run simulates one seed. Without a skip the process dies when it first passes
// the point. An error says what must not be: time that was billed twice or not
// at all, a second invoice, a ledger that does not prove itself, or an order
// that never comes to an end.
func Run(o Options, skip int) (result Result, err error) {
	w, err := newWorld(o)
	if err != nil {
		return Result{}, err
	}
	w.crash = crash{point: o.Point, skip: skip}
	run := &run{world: w}
	err = run.story()
	result = Result{Crashed: w.crashed, Passed: w.passed, Kind: w.server.kind, Doubts: run.doubts}
	for _, inv := range w.server.saved {
		result.Invoices++
		if inv.cancelled {
			result.Cancelled++
		}
		if slices.ContainsFunc(inv.items, adjusts) {
			result.Adjusted++
		}
	}
	return result, err
}

// A run is the story of one world.
type run struct {
	*world
	voids  []string // keys of the orders that a person has cancelled and wants void
	doubts int      // that a person decided
}

func (r *run) story() error {
	for block := range blocks {
		r.stage = 2 * block
		if err := r.month(block); err != nil {
			return fmt.Errorf("block %d: %w", block, err)
		}
	}
	r.calm()
	r.stage = 2*blocks + 1
	// What came late for a block is carried by the order after it was settled.
	for _, last := range []int{blocks - 1, blocks} {
		if err := r.settle(last); err != nil {
			return fmt.Errorf("at the end: %w", err)
		}
	}
	return errors.Join(r.check(), r.restored())
}

// month is what happens after the end of a block: everything that may, in any
// order, and some of it at once.
func (r *run) month(block int) error {
	r.now = r.block(block).End.Add(time.Minute)
	r.server.closed = r.chance(5)
	if r.chance(5) {
		r.server.missing = priceKey(r.block(block), []string{"net", "disk", "small"}[r.rng.IntN(3)])
	}
	if block > 0 && r.chance(2) {
		r.cancel(r.rng.IntN(block))
	}
	for range 2 + r.rng.IntN(3) {
		jobs := []job{r.collect(block)}
		if r.chance(3) {
			jobs = append(jobs, r.collect(block)) // one of them has lost its lock
		}
		for range 1 + r.rng.IntN(2) {
			jobs = append(jobs, r.bill(r.rng.IntN(block+1)), r.bill(block))
		}
		if r.chance(3) {
			jobs = append(jobs, r.reconcile())
		}
		if r.chance(2) {
			jobs = append(jobs, r.person())
		}
		if !r.shared {
			r.do(jobs[r.rng.IntN(len(jobs))])
		} else {
			r.rng.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
			r.do(jobs[:1+r.rng.IntN(len(jobs))]...)
		}
		r.later(time.Duration(r.rng.IntN(int(2 * leaseLength))))
		if r.chance(2) {
			r.stage = 2*block + 1
		}
		if err := errors.Join(r.server.twice(), r.wrong); err != nil {
			return err
		}
	}
	// Somebody mistakes the block.
	if block > 0 && len(r.voids) == 0 && r.left(block-1) == "" {
		start := r.block(block - 1).End.Add(-usage.WindowLength)
		r.do(r.billSpan(usage.Span{Start: start, End: r.block(block).End}))
	}
	return nil
}

// settle goes on until every block up to the last is billed.
func (r *run) settle(last int) error {
	if ended := r.block(last).End.Add(2 * time.Hour); r.now.Before(ended) { // clocks may be an hour behind
		r.now = ended
	}
	var left string
	for range maxRounds {
		r.do(r.collect(last))
		r.do(r.person())
		for block := range last + 1 {
			r.do(r.bill(block))
		}
		if err := errors.Join(r.server.twice(), r.wrong); err != nil {
			return err
		}
		if left = r.left(last); left == "" {
			return nil
		}
		r.later(leaseLength + lookupDelay + time.Duration(r.rng.IntN(int(time.Hour))))
	}
	return fmt.Errorf("after %d rounds it is still so that %s (the last error: %w)", maxRounds, left, r.failed)
}

// restored puts an old backup of the ERP back: the ledger must tell which
// invoices it lacks, no more and no less, and which it has of void orders.
func (r *run) restored() error {
	if r.server.kind == Blind {
		return nil
	}
	r.later(lookupDelay)
	kept := r.rng.IntN(len(r.server.saved) + 1)
	lacks := map[string]bool{}
	for _, inv := range r.server.saved[kept:] {
		lacks[inv.order.Key] = !inv.cancelled
	}
	r.server.saved = r.server.saved[:kept]
	r.server.tells = r.chance(2)
	var errs []error
	look := func(ctx context.Context, e *billing.Engine) error {
		outcomes, err := e.Reconcile(ctx, usage.Span{}, nil)
		if err != nil {
			return err
		}
		errs = nil
		lacks := maps.Clone(lacks) // a process may die here, too
		for _, o := range outcomes {
			want := billing.Confirmed
			switch {
			case lacks[o.Order.Key]:
				want = billing.Absent
			case o.Order.Reference == "":
				want = billing.NothingToBill
			case o.Order.Status == ledger.Void && (r.server.tells || r.server.find(o.Order.Key) == nil):
				want = billing.Cancelled
			case o.Order.Status == ledger.Void:
				want = billing.StillThere
			}
			if o.Result != want {
				errs = append(errs, fmt.Errorf("the ERP was restored: order %s is %s, want %s (%w)", o.Order.Key, o.Result, want, o.Err))
			}
			delete(lacks, o.Order.Key)
		}
		for key, lacked := range lacks {
			if lacked {
				errs = append(errs, fmt.Errorf("the ERP was restored: it lacks order %s, and nobody says so", key))
			}
		}
		return nil
	}
	if !r.surely(look) {
		errs = append(errs, errors.New("nothing could be reconciled"))
	}
	return errors.Join(errs...)
}

// left says what is still to be done, "" for nothing.
func (r *run) left(last int) string {
	orders, err := r.ledger.Orders(context.Background(), ledger.OrderFilter{})
	if err != nil {
		return err.Error()
	}
	if len(r.voids) > 0 {
		return "an order waits to be void"
	}
	for _, tenant := range r.tenants {
		for block := range last + 1 {
			if !slices.ContainsFunc(orders, func(o ledger.Order) bool {
				return o.Tenant.ID == tenant && o.Block.Start.Equal(r.block(block).Start) && o.Status == ledger.Settled
			}) {
				return fmt.Sprintf("block %d of tenant %s is not settled: %s", block, tenant, states(orders, tenant))
			}
		}
	}
	return ""
}

func states(orders []ledger.Order, tenant string) string {
	var all []string
	for _, o := range orders {
		if o.Tenant.ID == tenant {
			all = append(all, fmt.Sprintf("%s attempt %d is %s (%s) %s", o.Block.Start.Format("15h"), o.Attempt, o.Status, o.Reason, o.Holder))
		}
	}
	return strings.Join(all, "; ")
}

func (r *run) collect(block int) job {
	return func(ctx context.Context, e *billing.Engine) error {
		_, err := e.Collect(ctx, r.block(block).End)
		return err
	}
}

func (r *run) bill(block int) job { return r.billSpan(r.block(block)) }

func (r *run) billSpan(span usage.Span) job {
	return func(ctx context.Context, e *billing.Engine) error {
		_, err := e.Bill(ctx, span, nil)
		return err
	}
}

func (r *run) reconcile() job {
	return func(ctx context.Context, e *billing.Engine) error {
		_, err := e.Reconcile(ctx, usage.Span{}, nil)
		return err
	}
}

// cancel is a person who cancels an invoice of a block in the ERP.
func (r *run) cancel(block int) {
	orders, err := r.ledger.Orders(context.Background(), ledger.OrderFilter{Tenant: r.tenants[r.rng.IntN(len(r.tenants))], Overlaps: r.block(block)})
	if err != nil {
		return
	}
	for _, o := range orders {
		if o.Status == ledger.Settled && !slices.Contains(r.voids, o.Key) {
			r.cancelOrder(o.Key)
			return
		}
	}
}

func (r *run) cancelOrder(key string) {
	for _, inv := range r.server.saved {
		if inv.order.Key == key {
			inv.cancelled = true
		}
	}
	r.voids = append(r.voids, key)
}

// person is somebody who does what the program asks a person to do: to look
// what became of orders in doubt, to mend what parks others, and to say which
// invoices were cancelled.
func (r *run) person() job {
	return func(ctx context.Context, e *billing.Engine) error {
		var errs []error
		for _, key := range slices.Clone(r.voids) {
			order, err := e.Store.Order(ctx, key)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if order.Status != ledger.Void {
				err = e.Void(ctx, key, "cancelled")
			}
			if err == nil {
				r.voids = slices.DeleteFunc(r.voids, func(k string) bool { return k == key })
			}
			errs = append(errs, err)
		}
		orders, err := e.Store.Orders(ctx, ledger.OrderFilter{})
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, o := range orders {
			switch {
			case o.Status == ledger.InDoubt && o.Holder == "":
				errs = append(errs, r.decide(ctx, e, o))
			case o.Status == ledger.Parked && strings.Contains(o.Reason, "artifice void"):
				r.cancelCarriers(ctx, o)
			case o.Status == ledger.Parked:
				r.server.mend()
			}
		}
		return errors.Join(errs...)
	}
}

// decide looks whether the ERP has an order, once nothing can be on its way.
func (r *run) decide(ctx context.Context, e *billing.Engine, o ledger.Order) error {
	if r.now.Sub(o.Changed) < leaseLength+lookupDelay {
		return nil
	}
	r.server.arrive(r.now)
	r.doubts++
	if inv := r.server.find(o.Key); inv != nil {
		return e.Resolve(ctx, o.Key, true, inv.reference)
	}
	return e.Resolve(ctx, o.Key, false, "")
}

// cancelCarriers cancels the orders that carry adjustments for a block which
// comes to less than nothing, as its order says.
func (r *run) cancelCarriers(ctx context.Context, o ledger.Order) {
	for a, err := range r.ledger.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: o.Tenant.ID, Within: o.Block}) {
		if err == nil && a.Order != "" && !slices.Contains(r.voids, a.Order) {
			if carrier, err := r.ledger.Order(ctx, a.Order); err == nil && carrier.Status == ledger.Settled {
				r.cancelOrder(a.Order)
			}
		}
	}
}

// twice is an error where the ERP has two invoices of one order, or where two
// that were not cancelled bill the same block.
func (s *server) twice() error {
	keys, billed := map[string]string{}, map[string]string{}
	for _, inv := range s.saved {
		if first, ok := keys[inv.order.Key]; ok {
			return fmt.Errorf("%s and %s are two invoices of order %s", first, inv.reference, inv.order.Key)
		}
		keys[inv.order.Key] = inv.reference
		if inv.cancelled {
			continue
		}
		block := inv.order.Tenant.ID + " " + inv.order.Block.String()
		if first, ok := billed[block]; ok {
			return fmt.Errorf("%s and %s both bill %s", first, inv.reference, block)
		}
		billed[block] = inv.reference
	}
	return nil
}

// adjusts reports whether an item is for an earlier block.
func adjusts(item invoice.Item) bool { return !item.Adjusts.IsZero() }

// A place is what usage is compared by.
type place struct {
	tenant, service string
	block           time.Time
}

// used is what was really used: of all samples, walked at once.
func (r *run) used() (map[place]decimal.Decimal, error) {
	series := map[[2]string][]usage.Sample{}
	for _, s := range r.all {
		key := [2]string{s.Meter, s.Resource}
		series[key] = append(series[key], s.Sample)
	}
	total := map[place]decimal.Decimal{}
	for key, samples := range series {
		i := slices.IndexFunc(meters(), func(m usage.Meter) bool { return m.Name == key[0] })
		meter := meters()[i]
		for step, err := range usage.Walk(meter.Transformer, epoch, usage.State{}, usage.Sort(samples), r.block(blocks).End) {
			if err != nil {
				return nil, err
			}
			for _, v := range step.Volumes {
				service := v.Service
				if service == "" {
					service = meter.Service
				}
				at := place{v.Tenant, service, step.Window.Start.Truncate(blockHours * time.Hour)}
				total[at] = total[at].Add(v.Volume)
			}
		}
	}
	return total, nil
}
