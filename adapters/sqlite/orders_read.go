package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
)

// selectOrders begins a query whose rows scanOrder reads.
const selectOrders = `SELECT o.id, o.items, o.zone, o.key, t.tenant, o.tenant_name, o.tenant_extra, o.start, o.end, o.currency, o.digits, o.date,
	o.deployment, o.attempt, o.adapter, o.status, o.reserves, o.reason, o.reference, o.total, o.claimed, o.changed
	FROM orders o JOIN tenants t ON t.id = o.tenant_id`

// A storedOrder is an order with what only the store knows of it.
type storedOrder struct {
	ledger.Order
	id    int64
	items int // how many
}

// scanOrder reads one row of a query that begins with selectOrders.
func scanOrder(row interface{ Scan(...any) error }, zones zones) (storedOrder, error) {
	var o storedOrder
	var zone string
	err := row.Scan(&o.id, &o.items, &zone, &o.Key, &o.Tenant.ID, &o.Tenant.Name, (*attributes)(&o.Tenant.Extra),
		(*instant)(&o.Block.Start), (*instant)(&o.Block.End), &o.Currency, &o.Digits, (*instant)(&o.Date),
		&o.Deployment, &o.Attempt, &o.Adapter, &o.Status, &o.Reserves, &o.Reason, &o.Reference, &o.Total,
		(*instant)(&o.Claimed), (*instant)(&o.Changed))
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

// Orders implements ledger.Orders.
func (s *Store) Orders(ctx context.Context, f ledger.OrderFilter) ([]ledger.Order, error) {
	statuses, err := json.Marshal(f.Statuses)
	if err != nil {
		return nil, err
	}
	tenant, args := "", []any{string(statuses), f.KeyPrefix}
	if f.Tenant != "" {
		tenant, args = "AND t.tenant = ?3", append(args, f.Tenant)
	}
	var orders []ledger.Order
	err = s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectOrders+`
			WHERE (json_array_length(?1) = 0 OR o.status IN (SELECT value FROM json_each(?1)))
				AND substr(o.key, 1, length(?2)) = ?2 `+tenant+`
			ORDER BY o.start, t.tenant, o.key`, args...)
		zones := zones{}
		return each(rows, err, func(rows *sql.Rows) error {
			o, err := scanOrder(rows, zones)
			orders = append(orders, o.Order)
			return err
		})
	})
	return orders, err
}

// Order implements ledger.Orders.
func (s *Store) Order(ctx context.Context, key string) (ledger.Order, error) {
	var order ledger.Order
	err := s.view(ctx, func(tx *sql.Tx) error {
		o, err := scanOrder(tx.QueryRowContext(ctx, selectOrders+` WHERE o.key = ?`, key), zones{})
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("order %s: %w", key, ledger.ErrNoOrder)
		}
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT datacenter, name, value, unit, resource, description, cost, amount,
			adjusts_start, adjusts_end FROM items WHERE order_id = ? ORDER BY position`, o.id)
		err = each(rows, err, func(rows *sql.Rows) error {
			var i invoice.Item
			err := rows.Scan(&i.Datacenter, &i.Name, &i.Value, &i.Unit, &i.Resource, &i.Description, &i.Cost, &i.Amount,
				(*instant)(&i.Adjusts.Start), (*instant)(&i.Adjusts.End))
			o.Items = append(o.Items, i)
			return err
		})
		if err != nil {
			return err
		}
		if len(o.Items) != o.items {
			return fmt.Errorf("order %s has %d of its %d items: restore the file from a backup", key, len(o.Items), o.items)
		}
		order = o.Order
		return nil
	})
	return order, err
}
