package sqlledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// Take implements ledger.Orders.
func (l *Ledger) Take(ctx context.Context, key string, lease ledger.Lease, note ledger.Note) (ledger.Order, ledger.Hold, error) {
	if err := validateNote(key, note, lease.Holder); err != nil {
		return ledger.Order{}, ledger.Hold{}, err
	}
	var order ledger.Order
	var hold ledger.Hold
	err := l.update(ctx, func(t *tx) error {
		o, err := t.findOrder(key)
		if err != nil {
			return err
		}
		if !isOpen(o) {
			return fmt.Errorf("order %s is %s: %w", key, o.Status, ledger.ErrNotClaimed)
		}
		if o.Holder != lease.Holder {
			if err := t.checkHeld(&o); err != nil {
				return err
			}
		}
		now, err := t.db.Now(ctx, t.Conn)
		if err != nil {
			return err
		}
		o.Holder, o.HeldUntil = lease.Holder, now.Add(lease.For)
		hold = ledger.Hold{Key: key, Fence: o.fence + 1}
		err = t.exec(`UPDATE orders SET fence = ?, holder = ?, held_until = ? WHERE id = ?`, hold.Fence, o.Holder, instant(o.HeldUntil), o.id)
		if err != nil {
			return err
		}
		err = t.addHistory(o.id, ledger.Change{Note: note, Status: o.Status, Reference: o.Reference, Holder: lease.Holder})
		if err != nil {
			return err
		}
		order, err = t.wholeOrder(o)
		return err
	})
	if err != nil {
		return ledger.Order{}, ledger.Hold{}, err
	}
	return order, hold, nil
}

// isOpen reports whether an order is in a state to be worked on.
func isOpen(o storedOrder) bool {
	return o.Reserves && o.Status != ledger.Settled && o.Status != ledger.Void
}

// checkHeld is an *ledger.HeldError where a lease of the order runs.
func (t *tx) checkHeld(o *storedOrder) error {
	held, err := t.held(o)
	if err != nil || !held || t.db.Alone() {
		return err
	}
	return &ledger.HeldError{Key: o.Key, Holder: o.Holder, Until: o.HeldUntil}
}

// Settle implements ledger.Orders.
func (l *Ledger) Settle(ctx context.Context, hold ledger.Hold, reference string, note ledger.Note) error {
	if err := validateNote(hold.Key, note, reference); err != nil {
		return err
	}
	return l.change(ctx, hold, note, func(o *ledger.Order) {
		o.Status, o.Reason, o.Reference = ledger.Settled, "", reference
		o.Holder, o.HeldUntil = "", time.Time{}
	})
}

// Suspend implements ledger.Orders.
func (l *Ledger) Suspend(ctx context.Context, hold ledger.Hold, status ledger.Status, note ledger.Note) error {
	if !slices.Contains([]ledger.Status{ledger.Claimed, ledger.InDoubt, ledger.Parked}, status) {
		return fmt.Errorf("order %s: an order is suspended as %s, %s or %s, not as %s", hold.Key, ledger.Claimed, ledger.InDoubt, ledger.Parked, status)
	}
	if err := validateNote(hold.Key, note); err != nil {
		return err
	}
	return l.change(ctx, hold, note, func(o *ledger.Order) {
		o.Status, o.Reason = status, note.Reason
	})
}

// change writes how an order stands, for the one who holds it.
func (l *Ledger) change(ctx context.Context, hold ledger.Hold, note ledger.Note, set func(*ledger.Order)) error {
	return l.update(ctx, func(t *tx) error {
		o, err := t.findOrder(hold.Key)
		if err != nil {
			return err
		}
		if !isOpen(o) {
			return fmt.Errorf("order %s is %s: %w", hold.Key, o.Status, ledger.ErrNotClaimed)
		}
		if o.fence != hold.Fence {
			return fmt.Errorf("order %s: %w", hold.Key, ledger.ErrLost)
		}
		set(&o.Order)
		// The fence is written too, so that the database itself refuses one
		// that is too low.
		err = t.exec(`UPDATE orders SET status = ?, reason = ?, reference = ?, changed = ?, fence = ?, holder = ?, held_until = ? WHERE id = ?`,
			string(o.Status), o.Reason, o.Reference, instant(note.At), hold.Fence, o.Holder, instant(o.HeldUntil), o.id)
		if err != nil {
			return err
		}
		return t.addHistory(o.id, ledger.Change{Note: note, Status: o.Status, Reference: o.Reference})
	})
}

// Release implements ledger.Orders.
func (l *Ledger) Release(ctx context.Context, hold ledger.Hold) error {
	return l.update(ctx, func(t *tx) error {
		return t.exec(`UPDATE orders SET fence = ?, holder = '', held_until = NULL
			WHERE key = ? AND fence = ? AND status NOT IN ('settled', 'void')`, hold.Fence, hold.Key, hold.Fence)
	})
}
