package sqlledger

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
)

// Void implements ledger.Orders. An order that was pruned stays as it is.
func (l *Ledger) Void(ctx context.Context, key string, note ledger.Note) error {
	if err := validateNote(key, note); err != nil {
		return err
	}
	return l.update(ctx, func(t *tx) error {
		o, err := t.findOrder(key)
		if err != nil {
			return err
		}
		if err := t.lock(o.tenant); err != nil {
			return err
		}
		if o.Status != ledger.Settled && (o.Status != ledger.Parked || !o.Reserves) {
			return fmt.Errorf("order %s is %s: %w", key, o.Status, ledger.ErrNotClaimed)
		}
		if err := t.checkHeld(&o); err != nil {
			return err
		}
		var pruned int
		if _, err := t.first(`SELECT count(*) FROM sums WHERE order_id = ?`, []any{o.id}, &pruned); err != nil {
			return err
		}
		if pruned > 0 {
			return fmt.Errorf("order %s was pruned: its usage is no longer there to be billed again", key)
		}
		err = t.exec(`UPDATE orders SET status = 'void', reserves = 0, reason = ?, changed = ?, holder = '', held_until = NULL WHERE id = ?`,
			note.Reason, instant(note.At), o.id)
		if err != nil {
			return err
		}
		if err := t.addHistory(o.id, ledger.Change{Note: note, Status: ledger.Void, Reference: o.Reference}); err != nil {
			return err
		}
		return t.unbill(o)
	})
}

// A placedAdjustment is an adjustment with its place.
type placedAdjustment struct {
	place
	storedAdjustment
}

// freedBy finds the adjustments that an order carries, and those that are
// pending for its block.
const freedBy = ` WHERE order_id = ? OR (order_id IS NULL AND tenant_id = ? AND hour BETWEEN ? AND ?)`

// unbill makes adjustments pending that a void order carried, and those that
// nobody's block holds back any more a part of the usage.
func (t *tx) unbill(o storedOrder) error {
	first, last := hoursOverlapping(o.Block)
	freed, err := t.placedAdjustments(freedBy, o.id, o.tenant, first, last)
	if err != nil || len(freed) == 0 {
		return err
	}
	for _, a := range freed {
		first, last = min(first, a.hour), max(last, a.hour)
	}
	reserved := blocks{}
	if err := reserved.read(t, []int64{o.tenant}, first, last); err != nil {
		return err
	}
	changed := false
	for _, a := range freed {
		switch {
		case !reserved.reserved(o.tenant, a.hour):
			err = t.absorb(a)
		case a.order != 0:
			err = t.release(a)
		default:
			continue // pending, and some other order reserves its window
		}
		if err != nil {
			return err
		}
		changed = true
	}
	if !changed {
		return nil
	}
	return t.bump(map[int64]bool{o.tenant: true})
}

func (t *tx) placedAdjustments(where string, args ...any) ([]placedAdjustment, error) {
	var all []placedAdjustment
	err := t.query(`SELECT series_id, hour, tenant_id, kind_id, volume, samples, coalesce(order_id, 0) FROM adjustments`+where, args, func(row scanner) error {
		var a placedAdjustment
		err := row.Scan(&a.series, &a.hour, &a.tenant, &a.kind, &a.volume, &a.samples, &a.order)
		all = append(all, a)
		return err
	})
	return all, err
}

// drop removes an adjustment.
func (t *tx) drop(a placedAdjustment) error {
	if a.order == 0 {
		return t.deletePending(a.place, a.share)
	}
	return t.exec(`DELETE FROM adjustments`+entryAt+` AND order_id = ?`, a.tenant, a.hour, a.series, a.kind, a.order)
}

// release makes an adjustment pending again, together with one that is.
func (t *tx) release(a placedAdjustment) error {
	var pending amount
	there, err := t.first(`SELECT volume, samples FROM adjustments`+pendingAt, []any{a.tenant, a.hour, a.series, a.kind}, &pending.volume, &pending.samples)
	switch sum := pending.plus(a.amount); {
	case err != nil:
		return err
	case !there:
		return t.exec(`UPDATE adjustments SET order_id = NULL`+entryAt+` AND order_id = ?`, a.tenant, a.hour, a.series, a.kind, a.order)
	case sum.volume.IsZero():
		err = t.deletePending(a.place, a.share)
	default:
		err = t.updatePending(a.place, a.share, sum)
	}
	if err != nil {
		return err
	}
	return t.drop(a)
}

// absorb makes an adjustment a part of the usage.
func (t *tx) absorb(a placedAdjustment) error {
	if err := t.drop(a); err != nil {
		return err
	}
	var entry amount
	there, err := t.first(`SELECT volume, samples FROM entries`+entryAt, []any{a.tenant, a.hour, a.series, a.kind}, &entry.volume, &entry.samples)
	if err != nil {
		return err
	}
	sum := entry.plus(a.amount)
	if sum.isZero() {
		// A fold that came to what orders carry for it has an entry of
		// nothing; one without an entry has none.
		carried, err := t.carried(a.place, a.share)
		if err != nil {
			return err
		}
		if carried.IsZero() {
			if !there {
				return nil
			}
			return t.deleteEntry(a.place, a.share)
		}
	}
	if there {
		return t.updateEntry(a.place, a.share, sum)
	}
	return t.exec(`INSERT INTO entries (tenant_id, hour, series_id, kind_id, volume, samples) VALUES (?, ?, ?, ?, ?, ?)`,
		a.tenant, a.hour, a.series, a.kind, sum.volume.String(), sum.samples)
}

// carried sums the adjustments that orders carry.
func (t *tx) carried(p place, s share) (decimal.Decimal, error) {
	var sum decimal.Decimal
	err := t.query(`SELECT volume FROM adjustments`+entryAt+` AND order_id IS NOT NULL`, []any{s.tenant, p.hour, p.series, s.kind}, func(row scanner) error {
		var volume decimal.Decimal
		err := row.Scan(&volume)
		sum = sum.Add(volume)
		return err
	})
	return sum, err
}
