package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// Claim implements ledger.Orders. The order is stored as claimed and
// reserving, whatever the given one says of that.
func (s *Store) Claim(ctx context.Context, order ledger.Order) error {
	order.Status, order.Reserves = ledger.Claimed, true
	order.Reason, order.Reference = "", ""
	return s.add(ctx, order)
}

// Park implements ledger.Orders. The order is stored as parked and reserving
// nothing, whatever the given one says of that.
func (s *Store) Park(ctx context.Context, order ledger.Order) error {
	order.Status, order.Reserves = ledger.Parked, false
	order.Reference, order.Items = "", nil
	return s.add(ctx, order)
}

// add writes a new order.
func (s *Store) add(ctx context.Context, order ledger.Order) error {
	order.Changed = order.Claimed
	if err := validateOrder(order); err != nil {
		return err
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		w := newWriter(ctx, tx)
		tenant, err := w.tenantID(order.Tenant.ID)
		if err != nil {
			return err
		}
		if err := checkOverlap(ctx, tx, tenant, order); err != nil {
			return err
		}
		if err := makeWay(&w, tenant, order); err != nil {
			return err
		}
		return insertOrder(&w, tenant, order)
	})
}

// checkOverlap is an *ledger.OverlapError where a part of the order's block is
// reserved.
func checkOverlap(ctx context.Context, tx *sql.Tx, tenant int64, order ledger.Order) error {
	by, err := scanOrder(tx.QueryRowContext(ctx, selectOrders+
		` WHERE o.tenant_id = ? AND o.reserves = 1 AND o.start < ? AND o.end > ? ORDER BY o.start LIMIT 1`,
		tenant, instant(order.Block.End), instant(order.Block.Start)), zones{})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return &ledger.OverlapError{Tenant: order.Tenant.ID, Block: order.Block, By: by.Order}
}

// makeWay takes parked orders away that reserve nothing: of the same key, and
// where the new order reserves its block those that overlap.
func makeWay(w *writer, tenant int64, order ledger.Order) error {
	err := w.exec(`DELETE FROM orders WHERE status = 'parked' AND reserves = 0
		AND (key = ? OR tenant_id = ? AND ? AND start < ? AND end > ?)`,
		order.Key, tenant, order.Reserves, instant(order.Block.End), instant(order.Block.Start))
	if err != nil {
		return err
	}
	return w.query(`SELECT status FROM orders WHERE key = ?`, func(rows *sql.Rows) error {
		var status ledger.Status
		if err := rows.Scan(&status); err != nil {
			return err
		}
		return fmt.Errorf("order %s is there already (%s), for another block or attempt", order.Key, status)
	}, order.Key)
}

func insertOrder(w *writer, tenant int64, o ledger.Order) error {
	result, err := w.tx.ExecContext(w.ctx, `INSERT INTO orders (key, deployment, attempt, adapter,
		tenant_id, tenant_name, tenant_extra, start, end, zone, currency, digits, date,
		total, items, status, reserves, reason, reference, claimed, changed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.Key, o.Deployment, o.Attempt, o.Adapter,
		tenant, o.Tenant.Name, attributes(o.Tenant.Extra),
		instant(o.Block.Start), instant(o.Block.End), o.Block.Start.Location().String(), o.Currency, o.Digits, instant(o.Date),
		o.Total, len(o.Items), o.Status, o.Reserves, o.Reason, o.Reference, instant(o.Claimed), instant(o.Changed))
	if err != nil {
		return err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return err
	}
	for i, item := range o.Items {
		err := w.exec(`INSERT INTO items (order_id, position, datacenter, name, value, unit,
			resource, description, cost, amount, adjusts_start, adjusts_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, i, item.Datacenter, item.Name, item.Value, item.Unit,
			item.Resource, item.Description, item.Cost, item.Amount, instant(item.Adjusts.Start), instant(item.Adjusts.End))
		if err != nil {
			return err
		}
	}
	return nil
}

// Settle implements ledger.Orders. It is ledger.ErrNoOrder where there is no
// such order.
func (s *Store) Settle(ctx context.Context, key, reference string, at time.Time) error {
	return s.change(ctx, key, ledger.Settled, "", reference, at)
}

// Suspend implements ledger.Orders. It is ledger.ErrNoOrder where there is no
// such order.
func (s *Store) Suspend(ctx context.Context, key string, status ledger.Status, reason string, at time.Time) error {
	if status != ledger.InDoubt && status != ledger.Parked {
		return fmt.Errorf("order %s: an order is suspended as %s or %s, not as %s", key, ledger.InDoubt, ledger.Parked, status)
	}
	return s.change(ctx, key, status, reason, "", at)
}

// change writes how a claimed order stands.
func (s *Store) change(ctx context.Context, key string, status ledger.Status, reason, reference string, at time.Time) error {
	if err := validateInstant(at); err != nil {
		return fmt.Errorf("order %s: %w", key, err)
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		var before ledger.Status
		var reserves bool
		err := tx.QueryRowContext(ctx, `SELECT status, reserves FROM orders WHERE key = ?`, key).Scan(&before, &reserves)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("order %s: %w", key, ledger.ErrNoOrder)
		}
		if err != nil {
			return err
		}
		if !reserves || before == ledger.Settled {
			return fmt.Errorf("order %s is %s: %w", key, before, ledger.ErrNotClaimed)
		}
		_, err = tx.ExecContext(ctx, `UPDATE orders SET status = ?, reason = ?, reference = ?, changed = ? WHERE key = ?`,
			status, reason, reference, instant(at), key)
		return err
	})
}
