package sqlledger

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Entries implements ledger.Usage. Entries that agree in all that they are
// sorted by come by unit. The rows are read as they are asked for, and the
// store may be used meanwhile.
func (l *Ledger) Entries(ctx context.Context, f ledger.EntryFilter) iter.Seq2[usage.Entry, error] {
	return sequence(ctx, l, func(t *tx, yield func(usage.Entry) error) error {
		tenants, err := t.usersOf(f)
		if err != nil {
			return err
		}
		// One tenant after the other: what is to be sorted stays small.
		for _, tenant := range tenants {
			if err := t.entriesOf(tenant, f, yield); err != nil {
				return err
			}
		}
		return nil
	})
}

// A namedTenant is a tenant and its number.
type namedTenant struct {
	id   int64
	name string
}

// usersOf returns the tenants that may have entries which the filter lets
// through, by name.
func (t *tx) usersOf(f ledger.EntryFilter) ([]namedTenant, error) {
	query, args := `SELECT t.id, t.tenant FROM tenants t`, []any(nil)
	switch {
	case f.Tenant != "":
		query, args = query+` WHERE t.tenant = ?`, []any{f.Tenant}
	case f.Resource != "":
		query, args = query+` WHERE t.id IN (SELECT w.tenant_id FROM series s CROSS JOIN owners w WHERE s.resource = ? AND w.series_id = s.id)`, []any{f.Resource}
	}
	var tenants []namedTenant
	err := t.query(query+` ORDER BY t.tenant`, args, func(row scanner) error {
		var tenant namedTenant
		err := row.Scan(&tenant.id, &tenant.name)
		tenants = append(tenants, tenant)
		return err
	})
	return tenants, err
}

// The queries of one tenant's entries. CROSS JOIN keeps SQLite's order of the
// tables, in which the rows come by window, and only what is of one window has
// to be sorted.
const (
	entryColumns = `SELECT e.hour, k.datacenter, k.service, s.meter, s.resource, s.source, k.unit, e.volume, e.samples`
	entryOrder   = ` ORDER BY e.hour, k.datacenter, k.service, s.meter, s.resource, s.source, k.unit`

	entriesOfTenant = entryColumns + ` FROM entries e CROSS JOIN kinds k CROSS JOIN series s
		WHERE e.tenant_id = ? AND e.hour BETWEEN ? AND ? AND k.id = e.kind_id AND s.id = e.series_id` + entryOrder

	// By the owners a resource's windows are found without the tenant's others.
	entriesOfResource = entryColumns + ` FROM series s CROSS JOIN owners w CROSS JOIN folds f CROSS JOIN entries e CROSS JOIN kinds k
		WHERE e.tenant_id = ? AND f.hour BETWEEN ? AND ? AND s.resource = ? AND w.series_id = s.id AND w.tenant_id = e.tenant_id
		AND f.series_id = s.id AND e.hour = f.hour AND e.series_id = s.id AND k.id = e.kind_id` + entryOrder
)

// entriesOf yields the entries of one tenant, with the sums of those that were
// pruned in their places.
func (t *tx) entriesOf(tenant namedTenant, f ledger.EntryFilter, yield func(usage.Entry) error) error {
	sums, err := t.sumsOf(tenant, f)
	if err != nil {
		return err
	}
	first, last := hoursWithin(f.Within)
	query, args := entriesOfTenant, []any{tenant.id, first, last}
	if f.Resource != "" {
		query, args = entriesOfResource, append(args, f.Resource)
	}
	err = t.query(query, args, func(row scanner) error {
		var hour int64
		var e usage.Entry
		err := row.Scan(&hour, &e.Datacenter, &e.Service, &e.Meter, &e.Resource, &e.Source, &e.Unit, &e.Volume.Volume, &e.Samples)
		if err != nil {
			return err
		}
		e.Tenant, e.Window = tenant.name, window(hour)
		for len(sums) > 0 && compareEntries(sums[0].Entry, e) <= 0 {
			if err := yield(sums[0].Entry); err != nil {
				return err
			}
			sums = sums[1:]
		}
		return yield(e)
	})
	if err != nil {
		return err
	}
	for _, sum := range sums {
		if err := yield(sum.Entry); err != nil {
			return err
		}
	}
	return nil
}

// sumsOf returns what is left of a tenant's entries that were pruned, in the
// order of entries and then by order.
func (t *tx) sumsOf(tenant namedTenant, f ledger.EntryFilter) ([]ledger.Sum, error) {
	where, args := ` WHERE o.tenant_id = ?`, []any{tenant.id}
	if !f.Within.IsZero() {
		where, args = where+` AND o.begins >= ? AND o.ends <= ?`, append(args, reach(f.Within.Start), reach(f.Within.End))
	}
	if f.Resource != "" {
		where, args = where+` AND s.resource = ?`, append(args, f.Resource)
	}
	var sums []ledger.Sum
	err := t.query(`SELECT o.key, o.begins, o.ends, k.datacenter, k.service, s.meter, s.resource, s.source, k.unit, x.volume, x.samples, x.entries
		FROM orders o JOIN sums x ON x.order_id = o.id JOIN kinds k ON k.id = x.kind_id JOIN series s ON s.id = x.series_id`+where, args, func(row scanner) error {
		var sum ledger.Sum
		err := row.Scan(&sum.Order, (*instant)(&sum.Window.Start), (*instant)(&sum.Window.End), &sum.Datacenter, &sum.Service, &sum.Meter, &sum.Resource,
			&sum.Source, &sum.Unit, &sum.Volume.Volume, &sum.Samples, &sum.Entries)
		sum.Tenant = tenant.name
		sums = append(sums, sum)
		return err
	})
	slices.SortFunc(sums, func(a, b ledger.Sum) int {
		return cmp.Or(compareEntries(a.Entry, b.Entry), strings.Compare(a.Order, b.Order))
	})
	return sums, err
}

// compareEntries is the order in which entries come.
func compareEntries(a, b usage.Entry) int {
	return cmp.Or(
		strings.Compare(a.Tenant, b.Tenant),
		a.Window.Start.Compare(b.Window.Start),
		strings.Compare(a.Datacenter, b.Datacenter),
		strings.Compare(a.Service, b.Service),
		strings.Compare(a.Meter, b.Meter),
		strings.Compare(a.Resource, b.Resource),
		strings.Compare(a.Source, b.Source),
		strings.Compare(a.Unit, b.Unit),
	)
}

// Adjustments implements ledger.Usage.
func (l *Ledger) Adjustments(ctx context.Context, f ledger.AdjustmentFilter) iter.Seq2[ledger.Adjustment, error] {
	return sequence(ctx, l, func(t *tx, yield func(ledger.Adjustment) error) error {
		return t.adjustments(f, yield)
	})
}

const selectAdjustments = `SELECT t.tenant, a.hour, k.datacenter, k.service, s.meter, s.resource, s.source, k.unit, a.volume, a.samples, coalesce(o.key, '')
	FROM adjustments a JOIN tenants t ON t.id = a.tenant_id JOIN kinds k ON k.id = a.kind_id JOIN series s ON s.id = a.series_id LEFT JOIN orders o ON o.id = a.order_id`

func (t *tx) adjustments(f ledger.AdjustmentFilter, yield func(ledger.Adjustment) error) error {
	first, last := hoursWithin(f.Within)
	where, args := ` WHERE a.hour BETWEEN ? AND ?`, []any{first, last}
	if f.Tenant != "" {
		where, args = where+` AND t.tenant = ?`, append(args, f.Tenant)
	}
	if f.Pending {
		where += ` AND a.order_id IS NULL`
	}
	return t.query(selectAdjustments+where+` ORDER BY t.tenant, a.hour, k.datacenter, k.service, s.meter, s.resource, s.source, k.unit, coalesce(o.key, '')`, args, func(row scanner) error {
		var hour int64
		var a ledger.Adjustment
		err := row.Scan(&a.Tenant, &hour, &a.Datacenter, &a.Service, &a.Meter, &a.Resource, &a.Source, &a.Unit, &a.Volume.Volume, &a.Samples, &a.Order)
		if err != nil {
			return err
		}
		a.Window = window(hour)
		return yield(a)
	})
}

// A gap is closed by whichever window closes it.
const selectGaps = `SELECT DISTINCT t.tenant, s.source, s.meter, s.resource, g.since,
	(SELECT max(x.until) FROM gaps x WHERE x.tenant_id = g.tenant_id AND x.series_id = g.series_id AND x.since = g.since)
	FROM gaps g JOIN tenants t ON t.id = g.tenant_id JOIN series s ON s.id = g.series_id`

// Gaps implements ledger.Usage.
func (l *Ledger) Gaps(ctx context.Context, f ledger.EntryFilter) iter.Seq2[ledger.Gap, error] {
	first, last := hoursWithin(f.Within)
	where, args := ` WHERE g.hour BETWEEN ? AND ?`, []any{first, last}
	if f.Tenant != "" {
		where, args = where+` AND t.tenant = ?`, append(args, f.Tenant)
	}
	if f.Resource != "" {
		where, args = where+` AND s.resource = ?`, append(args, f.Resource)
	}
	return sequence(ctx, l, func(t *tx, yield func(ledger.Gap) error) error {
		return t.query(selectGaps+where+` ORDER BY t.tenant, s.source, s.meter, s.resource, g.since`, args, func(row scanner) error {
			var g ledger.Gap
			var since, till time.Time
			if err := row.Scan(&g.Gap.Tenant, &g.Source, &g.Meter, &g.Resource, (*instant)(&since), (*instant)(&till)); err != nil {
				return err
			}
			g.From, g.To = since, till
			return yield(g)
		})
	})
}
