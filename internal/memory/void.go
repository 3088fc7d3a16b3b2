package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// Void implements ledger.Orders.
func (s *Store) Void(ctx context.Context, key string, note ledger.Note) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	o, err := s.find(key)
	if err != nil {
		return err
	}
	if !o.Reserves || o.Status != ledger.Settled && o.Status != ledger.Parked {
		return fmt.Errorf("order %s is %s: %w", key, o.Status, ledger.ErrNotClaimed)
	}
	if err := o.held(s.now()); err != nil {
		return err
	}
	if slices.ContainsFunc(s.account(o.Tenant.ID).sums, func(sum ledger.Sum) bool { return sum.Order == key }) {
		return fmt.Errorf("order %s was pruned: its usage is no longer there to be billed again", key)
	}
	o.Status, o.Reserves, o.Reason, o.Changed = ledger.Void, false, note.Reason, utc(note.At)
	o.Holder, o.HeldUntil = "", time.Time{}
	o.tell(note, "")
	s.put(o)
	s.free(o.Order)
	return nil
}

// free makes what a void order carries pending again, and what is pending in
// windows that nobody reserves any more a part of their usage.
func (c *content) free(void ledger.Order) {
	change := c.change()
	for key, w := range c.windowsOf(void.Tenant.ID) {
		cells, changed := w.cells(), false
		for kind, cell := range cells {
			if kind.tenant != void.Tenant.ID {
				continue
			}
			for _, a := range cell.carried {
				if a.Order == void.Key {
					cell.pending, changed = add(cell.pending, a.Entry), true
				}
			}
			cell.carried = slices.DeleteFunc(cell.carried, func(a ledger.Adjustment) bool { return a.Order == void.Key })
			if !cell.pending.Volume.Volume.IsZero() && c.reservedBy(kind.tenant, w.fold.Window) == nil {
				cell.merge()
				changed = true
			}
			cells[kind] = cell
		}
		if changed {
			change.windows[key] = join(w.fold, cells)
		}
	}
	change.apply()
}

// merge makes what is pending a part of the window's usage.
func (c *cell) merge() {
	late := c.pending
	c.pending = nothing(late)
	c.entry = add(c.entry, late)
	// An entry of 0 stays where the fold has one.
	c.exists = !c.entry.Volume.Volume.IsZero() || !add(c.entry, c.beyond()).Volume.Volume.IsZero()
}
