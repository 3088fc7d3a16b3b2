package sqlledger

import (
	"context"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// selectOrders begins a query whose rows scanOrder reads.
const selectOrders = `SELECT o.id, o.tenant_id, o.items, o.fence, o.zone, o.key, t.tenant, o.tenant_name, o.tenant_extra, o.begins, o.ends, o.currency, o.digits, o.date,
	o.deployment, o.attempt, o.adapter, o.status, o.reserves, o.reason, o.reference, o.total, o.claimed, o.changed, o.value_digits, o.rounding, o.holder, o.held_until
	FROM orders o JOIN tenants t ON t.id = o.tenant_id`

// A storedOrder is an order with what only the store knows of it. Its holder
// may be one whose lease has ended.
type storedOrder struct {
	ledger.Order
	id, tenant int64
	items      int // how many
	fence      int64
}

// scanOrder reads one row of a query that begins with selectOrders.
func scanOrder(row scanner, zones zones) (storedOrder, error) {
	var o storedOrder
	var zone string
	err := row.Scan(&o.id, &o.tenant, &o.items, &o.fence, &zone, &o.Key, &o.Tenant.ID, &o.Tenant.Name, (*attributes)(&o.Tenant.Extra),
		(*instant)(&o.Block.Start), (*instant)(&o.Block.End), &o.Currency, &o.Digits, (*instant)(&o.Date),
		&o.Deployment, &o.Attempt, &o.Adapter, &o.Status, (*flag)(&o.Reserves), &o.Reason, &o.Reference, &o.Total,
		(*instant)(&o.Claimed), (*instant)(&o.Changed), &o.ValueDigits, &o.Rounding, &o.Holder, (*instant)(&o.HeldUntil))
	if err != nil {
		return o, err
	}
	location, err := zones.find(zone)
	if err != nil {
		return o, fmt.Errorf("order %s: %w", o.Key, err)
	}
	for _, t := range []*time.Time{&o.Block.Start, &o.Block.End, &o.Date} {
		if !t.IsZero() {
			*t = t.In(location)
		}
	}
	return o, nil
}

// findOrders returns the orders of a query that goes on from selectOrders.
func (t *tx) findOrders(rest string, args ...any) ([]storedOrder, error) {
	var orders []storedOrder
	zones := zones{}
	err := t.query(selectOrders+rest, args, func(row scanner) error {
		o, err := scanOrder(row, zones)
		orders = append(orders, o)
		return err
	})
	return orders, err
}

// findOrder returns the order with a key. It is ledger.ErrNoOrder where there
// is none.
func (t *tx) findOrder(key string) (storedOrder, error) {
	orders, err := t.findOrders(` WHERE o.key = ?`, key)
	if err != nil {
		return storedOrder{}, err
	}
	if len(orders) == 0 {
		return storedOrder{}, fmt.Errorf("order %s: %w", key, ledger.ErrNoOrder)
	}
	return orders[0], nil
}

// held reports whether a lease of the order runs, by the store's clock.
func (t *tx) held(o *storedOrder) (bool, error) {
	if o.Holder == "" || o.HeldUntil.IsZero() {
		return false, nil
	}
	now, err := t.db.Now(t.ctx, t.Conn)
	return now.Before(o.HeldUntil), err
}

// showHolders leaves out the holders whose lease has ended.
func (t *tx) showHolders(orders []storedOrder) error {
	var now time.Time
	for i := range orders {
		o := &orders[i]
		if o.Holder != "" && now.IsZero() {
			var err error
			if now, err = t.db.Now(t.ctx, t.Conn); err != nil {
				return err
			}
		}
		if o.Holder == "" || !now.Before(o.HeldUntil) {
			o.Holder, o.HeldUntil = "", time.Time{}
		}
	}
	return nil
}

// Orders implements ledger.Orders.
func (l *Ledger) Orders(ctx context.Context, f ledger.OrderFilter) ([]ledger.Order, error) {
	where, args := ` WHERE 1 = 1`, []any(nil)
	if f.Tenant != "" {
		where, args = where+` AND t.tenant = ?`, append(args, f.Tenant)
	}
	if len(f.Statuses) > 0 {
		where += ` AND o.status IN ` + tuples(1, len(f.Statuses))
		for _, status := range f.Statuses {
			args = append(args, string(status))
		}
	}
	if !f.Overlaps.IsZero() {
		where, args = where+` AND o.begins < ? AND o.ends > ?`, append(args, reach(f.Overlaps.End), reach(f.Overlaps.Start))
	}
	if f.KeyPrefix != "" {
		where, args = where+` AND substr(o.key, 1, ?) = ?`, append(args, len([]rune(f.KeyPrefix)), f.KeyPrefix)
	}
	var orders []ledger.Order
	err := l.view(ctx, func(t *tx) error {
		stored, err := t.findOrders(where+` ORDER BY o.begins, t.tenant, o.attempt, o.key`, args...)
		if err == nil {
			err = t.showHolders(stored)
		}
		orders = nil
		for _, o := range stored {
			orders = append(orders, o.Order)
		}
		return err
	})
	return orders, err
}

// Order implements ledger.Orders.
func (l *Ledger) Order(ctx context.Context, key string) (ledger.Order, error) {
	var order ledger.Order
	err := l.view(ctx, func(t *tx) error {
		o, err := t.findOrder(key)
		if err != nil {
			return err
		}
		order, err = t.wholeOrder(o)
		return err
	})
	return order, err
}

// wholeOrder is an order as it is shown, with its items.
func (t *tx) wholeOrder(o storedOrder) (ledger.Order, error) {
	shown := []storedOrder{o}
	if err := t.showHolders(shown); err != nil {
		return ledger.Order{}, err
	}
	order := shown[0].Order
	err := t.query(`SELECT datacenter, name, value, unit, resource, description, cost, amount, adjusts_begins, adjusts_ends,
		volume, measured, meters, begun, earlier FROM items WHERE order_id = ? ORDER BY position`, []any{o.id}, func(row scanner) error {
		var i ledger.Item
		err := row.Scan(&i.Datacenter, &i.Name, &i.Value, &i.Unit, &i.Resource, &i.Description, &i.Cost, &i.Amount,
			(*instant)(&i.Adjusts.Start), (*instant)(&i.Adjusts.End), &i.Volume, &i.Measured, (*texts)(&i.Meters), &i.Begun, &i.Before)
		order.Items = append(order.Items, i)
		return err
	})
	if err == nil && len(order.Items) != o.items {
		err = fmt.Errorf("order %s has %d of its %d items: restore the store from a backup", o.Key, len(order.Items), o.items)
	}
	return order, err
}

// History implements ledger.Orders.
func (l *Ledger) History(ctx context.Context, key string) ([]ledger.Change, error) {
	var changes []ledger.Change
	err := l.view(ctx, func(t *tx) error {
		o, err := t.findOrder(key)
		if err != nil {
			return err
		}
		changes, err = t.history(o.id)
		return err
	})
	return changes, err
}

func (t *tx) history(order int64) ([]ledger.Change, error) {
	var changes []ledger.Change
	err := t.query(`SELECT at, who, why, status, reference, holder FROM history WHERE order_id = ? ORDER BY position`, []any{order}, func(row scanner) error {
		var c ledger.Change
		err := row.Scan((*instant)(&c.At), &c.By, &c.Reason, &c.Status, &c.Reference, &c.Holder)
		changes = append(changes, c)
		return err
	})
	return changes, err
}

// addHistory writes a change of an order down.
func (t *tx) addHistory(order int64, c ledger.Change) error {
	return t.exec(`INSERT INTO history (order_id, position, at, who, why, status, reference, holder)
		VALUES (?, (SELECT count(*) FROM history WHERE order_id = ?), ?, ?, ?, ?, ?, ?)`,
		order, order, instant(c.At), c.By, c.Reason, string(c.Status), c.Reference, c.Holder)
}
