package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// firstFence is the fence of an order that is claimed: there is no hold with
// that of nothing.
const firstFence = int64(1)

// Claim implements ledger.Orders. The order is stored as claimed and
// reserving, whatever the given one says of that.
func (l *Ledger) Claim(ctx context.Context, claim ledger.Claim) (ledger.Hold, error) {
	order := claim.Order
	order.Status, order.Reserves = ledger.Claimed, true
	order.Reason, order.Reference = "", ""
	order.Holder, order.HeldUntil = "", time.Time{}
	order.Changed = claim.Note.At
	if err := errors.Join(validateOrder(order), validateNote(order.Key, claim.Note, claim.Lease.Holder)); err != nil {
		return ledger.Hold{}, err
	}
	err := l.update(ctx, func(t *tx) error {
		tenant, err := t.tenantID(order.Tenant.ID)
		if err != nil {
			return err
		}
		if err := t.lock(tenant); err != nil {
			return err
		}
		if err := t.checkOverlap(tenant, order); err != nil {
			return err
		}
		if err := t.checkRevision(tenant, claim); err != nil {
			return err
		}
		now, err := t.db.Now(ctx, t.Conn)
		if err != nil {
			return err
		}
		order := order
		order.Holder, order.HeldUntil = claim.Lease.Holder, now.Add(claim.Lease.For)
		id, err := t.replace(tenant, order)
		if err != nil {
			return err
		}
		if err := t.carry(tenant, id, claim); err != nil {
			return err
		}
		return t.addHistory(id, ledger.Change{Note: claim.Note, Status: order.Status, Holder: claim.Lease.Holder})
	})
	if err != nil {
		return ledger.Hold{}, err
	}
	return ledger.Hold{Key: order.Key, Fence: firstFence}, nil
}

// Park implements ledger.Orders. The order is stored as parked and reserving
// nothing, whatever the given one says of that.
func (l *Ledger) Park(ctx context.Context, order ledger.Order, note ledger.Note) error {
	order.Status, order.Reserves = ledger.Parked, false
	order.Reference, order.Items = "", nil
	order.Holder, order.HeldUntil = "", time.Time{}
	order.Changed = note.At
	if err := errors.Join(validateOrder(order), validateNote(order.Key, note)); err != nil {
		return err
	}
	return l.update(ctx, func(t *tx) error {
		tenant, err := t.tenantID(order.Tenant.ID)
		if err != nil {
			return err
		}
		if err := t.lock(tenant); err != nil {
			return err
		}
		if err := t.checkOverlap(tenant, order); err != nil {
			return err
		}
		id, err := t.replace(tenant, order)
		if err != nil {
			return err
		}
		return t.addHistory(id, ledger.Change{Note: note, Status: order.Status})
	})
}

// checkOverlap is an *ledger.OverlapError where a part of the order's block is
// reserved.
func (t *tx) checkOverlap(tenant int64, order ledger.Order) error {
	by, err := t.findOrders(` WHERE o.tenant_id = ? AND o.reserves = 1 AND o.begins < ? AND o.ends > ? ORDER BY o.begins LIMIT 1`,
		tenant, instant(order.Block.End), instant(order.Block.Start))
	if err != nil || len(by) == 0 {
		return err
	}
	if err := t.showHolders(by); err != nil {
		return err
	}
	return &ledger.OverlapError{Tenant: order.Tenant.ID, Block: order.Block, By: by[0].Order}
}

// checkRevision is ledger.ErrStale where the tenant's usage is not that of
// which the claim was drafted.
func (t *tx) checkRevision(tenant int64, claim ledger.Claim) error {
	var revision int64
	_, err := t.first(`SELECT revision FROM tenants WHERE id = ?`, []any{tenant}, &revision)
	if err == nil && revision != claim.Revision {
		err = fmt.Errorf("order %s of tenant %s: %w", claim.Order.Key, claim.Order.Tenant.ID, ledger.ErrStale)
	}
	return err
}

// replace writes a new order. A parked order that reserves nothing makes way to
// one with the same key, whose history goes on, and where the new one reserves
// its block those that overlap do.
func (t *tx) replace(tenant int64, order ledger.Order) (id int64, err error) {
	var gone []int64
	err = t.query(`SELECT id, key FROM orders WHERE status = 'parked' AND reserves = 0
		AND (key = ? OR tenant_id = ? AND 1 = ? AND begins < ? AND ends > ?)`,
		[]any{order.Key, tenant, flag(order.Reserves), instant(order.Block.End), instant(order.Block.Start)}, func(row scanner) error {
			var old int64
			var key string
			err := row.Scan(&old, &key)
			if key == order.Key {
				id = old
			} else {
				gone = append(gone, old)
			}
			return err
		})
	if err != nil {
		return 0, err
	}
	if id == 0 {
		var status ledger.Status
		there, err := t.first(`SELECT status FROM orders WHERE key = ?`, []any{order.Key}, &status)
		if err != nil {
			return 0, err
		}
		if there {
			return 0, fmt.Errorf("order %s is there already (%s), for another block or attempt", order.Key, status)
		}
	} else if err := t.exec(`DELETE FROM orders WHERE id = ?`, id); err != nil {
		return 0, err
	}
	for _, old := range gone {
		// The history goes last: while its order is there it stays.
		if err := t.exec(`DELETE FROM orders WHERE id = ?`, old); err != nil {
			return 0, err
		}
		if err := t.exec(`DELETE FROM history WHERE order_id = ?`, old); err != nil {
			return 0, err
		}
	}
	return t.insertOrder(id, tenant, order)
}

// insertOrder writes a new order with its items, under a number that it gets
// where id is 0.
func (t *tx) insertOrder(id, tenant int64, o ledger.Order) (int64, error) {
	columns := `key, deployment, attempt, adapter, tenant_id, tenant_name, tenant_extra, begins, ends, zone, currency, digits, date,
		total, value_digits, rounding, items, status, reserves, reason, reference, claimed, changed, fence, holder, held_until`
	args := []any{o.Key, o.Deployment, o.Attempt, o.Adapter, tenant, o.Tenant.Name, attributes(o.Tenant.Extra),
		instant(o.Block.Start), instant(o.Block.End), o.Block.Start.Location().String(), o.Currency, o.Digits, instant(o.Date),
		o.Total, o.ValueDigits, o.Rounding, len(o.Items), string(o.Status), flag(o.Reserves), o.Reason, o.Reference, instant(o.Claimed), instant(o.Changed),
		firstFence, o.Holder, instant(o.HeldUntil)}
	if id != 0 {
		columns, args = "id, "+columns, append([]any{id}, args...)
	}
	_, err := t.first(`INSERT INTO orders (`+columns+`) VALUES `+tuples(1, len(args))+` RETURNING id`, args, &id)
	if err != nil || len(o.Items) == 0 {
		return id, err
	}
	var values []any
	for i, item := range o.Items {
		meters, err := texts(item.Meters).Value()
		if err != nil {
			return 0, err
		}
		values = append(values, id, int64(i), item.Datacenter, item.Name, item.Value.String(), item.Unit, item.Resource, item.Description,
			item.Cost.String(), item.Amount.String(), nanos(item.Adjusts.Start), nanos(item.Adjusts.End),
			item.Volume.String(), item.Measured, meters, item.Begun, item.Before.String())
	}
	return id, t.db.Insert(t.ctx, t.Conn, "items", []string{"order_id", "position", "datacenter", "name", "value", "unit", "resource", "description",
		"cost", "amount", "adjusts_begins", "adjusts_ends", "volume", "measured", "meters", "begun", "earlier"}, values)
}

// carry marks the adjustments that an order carries. It is ledger.ErrStale
// where one of them is not pending as the claim has it. An order that adjusts
// changes the tenant's revision, whether it carries anything or not.
func (t *tx) carry(tenant, order int64, claim ledger.Claim) error {
	if len(claim.Carries) == 0 {
		if claim.Order.Adjusts() {
			return t.bump(map[int64]bool{tenant: true})
		}
		return nil
	}
	n := newNames()
	for i := range claim.Carries {
		n.series.want(seriesName(seriesOf(claim.Carries[i].Entry)))
		n.kinds.want(kindName(&claim.Carries[i].Entry))
	}
	if err := errors.Join(n.series.find(t), n.kinds.find(t)); err != nil {
		return err
	}
	for i := range claim.Carries {
		a := &claim.Carries[i]
		stale := func() error {
			return fmt.Errorf("order %s of tenant %s: late usage of %s in %v: %w", claim.Order.Key, claim.Order.Tenant.ID, a.Resource, a.Window, ledger.ErrStale)
		}
		if a.Tenant != claim.Order.Tenant.ID || !isWindow(a.Window) {
			return stale()
		}
		p := place{n.series.ids[seriesName(seriesOf(a.Entry))], hourOf(a.Window.Start)}
		s := share{tenant, n.kinds.ids[kindName(&a.Entry)]}
		var pending amount
		there, err := t.first(`SELECT volume, samples FROM adjustments`+pendingAt, []any{s.tenant, p.hour, p.series, s.kind}, &pending.volume, &pending.samples)
		if err != nil {
			return err
		}
		if !there || !pending.volume.Equal(a.Volume.Volume) {
			return stale()
		}
		if err := t.exec(`UPDATE adjustments SET order_id = ?`+pendingAt, order, s.tenant, p.hour, p.series, s.kind); err != nil {
			return err
		}
	}
	return t.bump(map[int64]bool{tenant: true})
}
