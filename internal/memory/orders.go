package memory

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Claim implements ledger.Orders.
func (s *Store) Claim(ctx context.Context, c ledger.Claim) (ledger.Hold, error) {
	if err := s.begin(ctx); err != nil {
		return ledger.Hold{}, err
	}
	defer s.mu.Unlock()
	o := copyOrder(c.Order)
	o.Status, o.Reserves, o.Reason, o.Reference, o.Changed = ledger.Claimed, true, "", "", utc(c.Note.At)
	history, err := s.makeWay(o)
	if err != nil {
		return ledger.Hold{}, err
	}
	if s.revision(o.Tenant.ID) != c.Revision {
		return ledger.Hold{}, fmt.Errorf("order %s: tenant %s: %w", o.Key, o.Tenant.ID, ledger.ErrStale)
	}
	change := s.change()
	for _, a := range c.Carries {
		if err := change.carry(a, o); err != nil {
			return ledger.Hold{}, err
		}
	}
	change.apply()
	s.removeParked(o)
	claimed := &order{Order: o, history: history}
	claimed.give(c.Lease, s.now())
	claimed.tell(c.Note, c.Lease.Holder)
	s.put(claimed)
	if len(c.Carries) == 0 && o.Adjusts() {
		s.account(o.Tenant.ID).revision++
	}
	return ledger.Hold{Key: o.Key, Fence: claimed.fence}, nil
}

// carry marks a pending adjustment as carried by an order.
func (c *change) carry(a ledger.Adjustment, by ledger.Order) error {
	key := keyOf(a.Entry)
	if w := c.window(key); w != nil && a.Tenant == by.Tenant.ID {
		cells := w.cells()
		cell := cells[kindOf(a.Entry)]
		if !cell.pending.Volume.Volume.IsZero() && cell.pending.Volume.Volume.Equal(a.Volume.Volume) {
			cell.carried = append(cell.carried, ledger.Adjustment{Entry: cell.pending, Order: by.Key})
			cell.pending = nothing(cell.pending)
			cells[kindOf(a.Entry)] = cell
			c.windows[key] = join(w.fold, cells)
			return nil
		}
	}
	return fmt.Errorf("order %s: the adjustment of %s of %s for %q in %v is not pending any more: %w",
		by.Key, a.Volume.Volume, a.Resource, a.Service, a.Window, ledger.ErrStale)
}

// makeWay returns the history that a new order goes on with, or what is in its
// way.
func (s *Store) makeWay(o ledger.Order) (history []ledger.Change, err error) {
	if err := checkOrder(o); err != nil {
		return nil, err
	}
	if by := s.reservedBy(o.Tenant.ID, o.Block); by != nil {
		return nil, &ledger.OverlapError{Tenant: o.Tenant.ID, Block: o.Block, By: by.listed(s.now())}
	}
	same, taken := s.orders[o.Key]
	if !taken {
		return nil, nil
	}
	if same.Reserves || same.Status == ledger.Void {
		return nil, fmt.Errorf("order %s is there already (%s), for another block or attempt", o.Key, same.Status)
	}
	return same.history, nil
}

// removeParked removes the orders that make way for one: that of its key and,
// where it reserves its block, those that overlap it.
func (c *content) removeParked(o ledger.Order) {
	if same, taken := c.orders[o.Key]; taken {
		c.remove(same)
	}
	if !o.Reserves {
		return
	}
	for other := range c.ordersOf(o.Tenant.ID) {
		if !other.Reserves && other.Status == ledger.Parked && other.Block.Overlaps(o.Block) {
			c.remove(other)
		}
	}
}

func (c *content) remove(o *order) {
	delete(c.orders, o.Key)
	delete(c.account(o.Tenant.ID).orders, o.Key)
}

func (c *content) put(o *order) {
	c.orders[o.Key] = o
	c.account(o.Tenant.ID).orders[o.Key] = true
}

// reservedBy returns an order of the tenant that reserves part of the span, the
// earliest, nil where none does.
func (c *content) reservedBy(tenant string, span usage.Span) (by *order) {
	for o := range c.ordersOf(tenant) {
		if o.Reserves && o.Block.Overlaps(span) && (by == nil || o.Block.Start.Before(by.Block.Start)) {
			by = o
		}
	}
	return by
}

// ordersOf yields the orders of a tenant, with "" all, in no order.
func (c *content) ordersOf(tenant string) iter.Seq[*order] {
	if tenant == "" {
		return maps.Values(c.orders)
	}
	return func(yield func(*order) bool) {
		for _, a := range c.accountsOf(tenant) {
			for key := range a.orders {
				if !yield(c.orders[key]) {
					return
				}
			}
		}
	}
}

// Take implements ledger.Orders.
func (s *Store) Take(ctx context.Context, key string, lease ledger.Lease, note ledger.Note) (ledger.Order, ledger.Hold, error) {
	if err := s.begin(ctx); err != nil {
		return ledger.Order{}, ledger.Hold{}, err
	}
	defer s.mu.Unlock()
	o, err := s.find(key)
	if err == nil {
		err = o.workable()
	}
	if err == nil && o.Holder != lease.Holder {
		err = o.held(s.now())
	}
	if err != nil {
		return ledger.Order{}, ledger.Hold{}, err
	}
	o.give(lease, s.now())
	o.tell(note, lease.Holder)
	s.put(o)
	return o.shown(s.now()), ledger.Hold{Key: key, Fence: o.fence}, nil
}

// Settle implements ledger.Orders.
func (s *Store) Settle(ctx context.Context, hold ledger.Hold, reference string, note ledger.Note) error {
	return s.update(ctx, hold, func(o *order) {
		o.Status, o.Reason, o.Reference, o.Changed = ledger.Settled, "", reference, utc(note.At)
		o.Holder, o.HeldUntil = "", time.Time{}
		o.tell(note, "")
	})
}

// Suspend implements ledger.Orders.
func (s *Store) Suspend(ctx context.Context, hold ledger.Hold, status ledger.Status, note ledger.Note) error {
	if status != ledger.Claimed && status != ledger.InDoubt && status != ledger.Parked {
		return fmt.Errorf("order %s: an order is suspended as %s, %s or %s, not as %q", hold.Key, ledger.Claimed, ledger.InDoubt, ledger.Parked, status)
	}
	return s.update(ctx, hold, func(o *order) {
		o.Status, o.Reason, o.Changed = status, note.Reason, utc(note.At)
		o.tell(note, "")
	})
}

// update changes an order that the hold is still good for.
func (s *Store) update(ctx context.Context, hold ledger.Hold, f func(*order)) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	o, err := s.find(hold.Key)
	if err == nil {
		err = o.workable()
	}
	if err == nil && o.fence != hold.Fence {
		err = fmt.Errorf("order %s: %w", hold.Key, ledger.ErrLost)
	}
	if err == nil {
		f(o)
		s.put(o)
	}
	return err
}

// Release implements ledger.Orders.
func (s *Store) Release(ctx context.Context, hold ledger.Hold) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	o, err := s.find(hold.Key)
	if err != nil {
		return err
	}
	if o.fence == hold.Fence {
		o.Holder, o.HeldUntil = "", time.Time{}
		s.put(o)
	}
	return nil
}

// Park implements ledger.Orders.
func (s *Store) Park(ctx context.Context, parked ledger.Order, note ledger.Note) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	o := copyOrder(parked)
	o.Status, o.Reserves, o.Reference, o.Changed = ledger.Parked, false, "", utc(note.At)
	o.Holder, o.HeldUntil, o.Items = "", time.Time{}, nil
	history, err := s.makeWay(o)
	if err != nil {
		return err
	}
	s.removeParked(o)
	stored := &order{Order: o, history: history}
	stored.tell(note, "")
	s.put(stored)
	return nil
}

// find returns a copy of an order, to be changed and put back.
func (c *content) find(key string) (*order, error) {
	o, known := c.orders[key]
	if !known {
		return nil, fmt.Errorf("order %s: %w", key, ledger.ErrNoOrder)
	}
	found := *o
	return &found, nil
}

// workable reports an order that is in no state to be worked on.
func (o *order) workable() error {
	if !o.Reserves || o.Status == ledger.Settled {
		return fmt.Errorf("order %s is %s: %w", o.Key, o.Status, ledger.ErrNotClaimed)
	}
	return nil
}

// held reports whose lease has not ended.
func (o *order) held(now time.Time) error {
	if !o.HeldUntil.After(now) {
		return nil
	}
	return &ledger.HeldError{Key: o.Key, Holder: o.Holder, Until: o.HeldUntil}
}

func (o *order) give(lease ledger.Lease, now time.Time) {
	o.fence++
	o.Holder, o.HeldUntil = lease.Holder, utc(now).Add(max(lease.For, 0))
}

// tell adds to the history how the order stands now.
func (o *order) tell(note ledger.Note, holder string) {
	o.history = append(slices.Clip(o.history), ledger.Change{
		Note: copyNote(note), Status: o.Status, Reference: o.Reference, Holder: holder,
	})
}

// shown is the order as others see it.
func (o *order) shown(now time.Time) ledger.Order {
	shown := copyOrder(o.Order)
	if o.held(now) == nil {
		shown.Holder, shown.HeldUntil = "", time.Time{}
	}
	return shown
}

// listed is shown, without items.
func (o *order) listed(now time.Time) ledger.Order {
	short := *o
	short.Items = nil
	return short.shown(now)
}

// Orders implements ledger.Orders.
func (s *Store) Orders(ctx context.Context, f ledger.OrderFilter) ([]ledger.Order, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var orders []ledger.Order
	for o := range s.ordersOf(f.Tenant) {
		if (len(f.Statuses) == 0 || slices.Contains(f.Statuses, o.Status)) &&
			(f.Overlaps.IsZero() || f.Overlaps.Overlaps(o.Block)) &&
			strings.HasPrefix(o.Key, f.KeyPrefix) {
			orders = append(orders, o.listed(s.now()))
		}
	}
	slices.SortFunc(orders, compareOrders)
	return orders, nil
}

// Order implements ledger.Orders.
func (s *Store) Order(ctx context.Context, key string) (ledger.Order, error) {
	if err := s.begin(ctx); err != nil {
		return ledger.Order{}, err
	}
	defer s.mu.Unlock()
	o, err := s.find(key)
	if err != nil {
		return ledger.Order{}, err
	}
	return o.shown(s.now()), nil
}

// History implements ledger.Orders.
func (s *Store) History(ctx context.Context, key string) ([]ledger.Change, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	o, err := s.find(key)
	if err != nil {
		return nil, err
	}
	return slices.Clone(o.history), nil
}
