package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"math"
	"slices"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Folds implements ledger.Usage. The entries of a fold come by tenant,
// datacenter, service and unit.
func (s *Store) Folds(ctx context.Context, series ledger.Series) ([]ledger.Fold, error) {
	var folds []ledger.Fold
	err := s.view(ctx, func(tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT id FROM series WHERE source = ? AND meter = ? AND resource = ?`,
			series.Source, series.Meter, series.Resource).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT hour, samples, digest, data, until FROM folds WHERE series_id = ? ORDER BY hour`, id)
		err = each(rows, err, func(rows *sql.Rows) error {
			var hour int64
			var f ledger.Fold
			err := rows.Scan(&hour, &f.Samples, &f.Digest, &f.State.Data, (*instant)(&f.State.Until))
			f.Window = window(hour)
			folds = append(folds, f)
			return err
		})
		if err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT e.hour, t.tenant, k.datacenter, k.service, k.unit, e.volume, e.samples
			FROM entries e JOIN tenants t ON t.id = e.tenant_id JOIN kinds k ON k.id = e.kind_id
			WHERE e.series_id = ? ORDER BY e.hour, t.tenant, k.datacenter, k.service, k.unit`, id)
		i := 0
		return each(rows, err, func(rows *sql.Rows) error {
			var hour int64
			e := usage.Entry{Source: series.Source, Meter: series.Meter, Resource: series.Resource}
			err := rows.Scan(&hour, &e.Tenant, &e.Datacenter, &e.Service, &e.Unit, &e.Volume.Volume, &e.Samples)
			if err != nil {
				return err
			}
			e.Window = window(hour)
			i += slices.IndexFunc(folds[i:], func(f ledger.Fold) bool { return f.Window == e.Window })
			folds[i].Entries = append(folds[i].Entries, e)
			return nil
		})
	})
	return folds, err
}

// Marks implements ledger.Usage.
func (s *Store) Marks(ctx context.Context) ([]ledger.Mark, error) {
	var marks []ledger.Mark
	err := s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT t.tenant, m.source, m.through
			FROM marks m JOIN tenants t ON t.id = m.tenant_id ORDER BY t.tenant, m.source`)
		return each(rows, err, func(rows *sql.Rows) error {
			var m ledger.Mark
			err := rows.Scan(&m.Tenant, &m.Source, (*instant)(&m.Through))
			marks = append(marks, m)
			return err
		})
	})
	return marks, err
}

// Entries implements ledger.Usage. Entries that agree in all that they are
// sorted by come by unit. The rows are read as they are asked for, and the
// store may be used meanwhile.
func (s *Store) Entries(ctx context.Context, f ledger.EntryFilter) iter.Seq2[usage.Entry, error] {
	return func(yield func(usage.Entry, error) bool) {
		err := s.view(ctx, func(tx *sql.Tx) error {
			first, last := windowsWithin(f.Within)
			tenants, args := "", []any{first, last}
			if f.Tenant != "" {
				tenants, args = "AND t.tenant = ?", append(args, f.Tenant)
			}
			// CROSS JOIN keeps the tables in this order, in which the rows come
			// by tenant and window without sorting more than one window.
			rows, err := tx.QueryContext(ctx, `
				SELECT t.tenant, e.hour, k.datacenter, k.service, s.meter, s.resource, s.source, k.unit, e.volume, e.samples
				FROM tenants t CROSS JOIN entries e CROSS JOIN kinds k CROSS JOIN series s
				WHERE e.tenant_id = t.id AND k.id = e.kind_id AND s.id = e.series_id
					AND e.hour BETWEEN ? AND ? `+tenants+`
				ORDER BY t.tenant, e.hour, k.datacenter, k.service, s.meter, s.resource, s.source, k.unit`, args...)
			return each(rows, err, func(rows *sql.Rows) error {
				var hour int64
				var e usage.Entry
				err := rows.Scan(&e.Tenant, &hour, &e.Datacenter, &e.Service, &e.Meter, &e.Resource, &e.Source, &e.Unit, &e.Volume.Volume, &e.Samples)
				if err != nil {
					return err
				}
				e.Window = window(hour)
				if !yield(e, nil) {
					return errStopped
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(usage.Entry{}, err)
		}
	}
}

// errStopped ends a query whose rows nobody wants any more.
var errStopped = errors.New("stopped")

// windowsWithin returns the numbers of the first and the last window that lie
// wholly within a span, of all windows where it is zero.
func windowsWithin(s usage.Span) (first, last int64) {
	if s.IsZero() {
		return math.MinInt64, math.MaxInt64
	}
	first, last = hourOf(s.Start), hourOf(s.End)-1
	if !usage.OnBorder(s.Start) {
		first++
	}
	return first, last
}

// Resources implements ledger.Usage.
func (s *Store) Resources(ctx context.Context, tenant string) ([]ledger.Resource, error) {
	var resources []ledger.Resource
	err := s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT r.resource, r.meter, r.type, r.info, r.seen
			FROM resources r JOIN tenants t ON t.id = r.tenant_id WHERE t.tenant = ? ORDER BY r.resource, r.meter`, tenant)
		return each(rows, err, func(rows *sql.Rows) error {
			r := ledger.Resource{Tenant: tenant}
			err := rows.Scan(&r.ID, &r.Meter, &r.Type, (*attributes)(&r.Info), (*instant)(&r.Seen))
			resources = append(resources, r)
			return err
		})
	})
	return resources, err
}

// Tenants implements ledger.Usage.
func (s *Store) Tenants(ctx context.Context) ([]usage.Tenant, error) {
	var tenants []usage.Tenant
	err := s.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT t.tenant, x.name, x.extra
			FROM tenant_texts x JOIN tenants t ON t.id = x.tenant_id ORDER BY t.tenant`)
		return each(rows, err, func(rows *sql.Rows) error {
			var t usage.Tenant
			err := rows.Scan(&t.ID, &t.Name, (*attributes)(&t.Extra))
			tenants = append(tenants, t)
			return err
		})
	})
	return tenants, err
}
