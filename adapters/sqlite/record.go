package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Record implements ledger.Usage. It compares the batch with what is stored
// and writes what differs, so that usage which is billed may be recorded again
// as long as it is the same.
func (s *Store) Record(ctx context.Context, batch ledger.Batch) error {
	if err := validateBatch(batch); err != nil {
		return err
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		r := recorder{writer: newWriter(ctx, tx), blocks: map[int64][]block{}}
		for _, series := range batch.Series {
			if err := r.series(series); err != nil {
				return err
			}
		}
		for _, resource := range batch.Resources {
			if err := r.resource(resource); err != nil {
				return err
			}
		}
		for _, tenant := range batch.Tenants {
			if err := r.tenant(tenant); err != nil {
				return err
			}
		}
		for _, mark := range batch.Marks {
			if err := r.mark(mark); err != nil {
				return err
			}
		}
		return nil
	})
}

// A recorder writes one batch.
type recorder struct {
	writer
	blocks map[int64][]block // the reserved blocks of the tenants seen so far
}

// A storedFold is what the store has for a window of a series.
type storedFold struct {
	samples int
	digest  string
	state   usage.State
	entries []storedEntry
}

// A storedEntry is an entry of a known series and window.
type storedEntry struct {
	tenant, kind int64
	volume       string
	samples      int
}

func (r *recorder) series(series ledger.SeriesFolds) error {
	if len(series.Folds) == 0 {
		return nil
	}
	id, err := r.seriesID(series.Series)
	if err != nil {
		return err
	}
	stored, err := r.storedFolds(id, series.Folds)
	if err != nil {
		return err
	}
	for _, fold := range series.Folds {
		hour := hourOf(fold.Window.Start)
		before, exists := stored[hour]
		after, err := r.fold(id, hour, fold, before, exists)
		if err != nil {
			return err
		}
		stored[hour] = after // the batch may hold the window again
	}
	return nil
}

// storedFolds returns what the store has of a series, by hour, for the time
// that the folds lie in.
func (r *recorder) storedFolds(series int64, folds []ledger.Fold) (map[int64]storedFold, error) {
	stored := make(map[int64]storedFold)
	first, last := hourOf(folds[0].Window.Start), hourOf(folds[0].Window.Start)
	for _, fold := range folds {
		hour := hourOf(fold.Window.Start)
		first, last = min(first, hour), max(last, hour)
	}
	err := r.query(`SELECT hour, samples, digest, data, until FROM folds WHERE series_id = ? AND hour BETWEEN ? AND ?`,
		func(rows *sql.Rows) error {
			var hour int64
			var f storedFold
			err := rows.Scan(&hour, &f.samples, &f.digest, &f.state.Data, (*instant)(&f.state.Until))
			stored[hour] = f
			return err
		}, series, first, last)
	if err != nil || len(stored) == 0 {
		return stored, err
	}
	err = r.query(`SELECT hour, tenant_id, kind_id, volume, samples FROM entries WHERE series_id = ? AND hour BETWEEN ? AND ?`,
		func(rows *sql.Rows) error {
			var hour int64
			var e storedEntry
			err := rows.Scan(&hour, &e.tenant, &e.kind, &e.volume, &e.samples)
			f := stored[hour]
			f.entries = append(f.entries, e)
			stored[hour] = f
			return err
		}, series, first, last)
	return stored, err
}

// fold writes how a fold differs from what was stored of its window, and
// returns what is stored then.
func (r *recorder) fold(series, hour int64, fold ledger.Fold, before storedFold, exists bool) (storedFold, error) {
	after := storedFold{samples: fold.Samples, digest: fold.Digest, state: fold.State}
	for _, e := range fold.Entries {
		tenant, err := r.tenantID(e.Tenant)
		if err != nil {
			return after, err
		}
		kind, err := r.kindID(kind{e.Datacenter, e.Service, e.Unit})
		if err != nil {
			return after, err
		}
		after.entries = append(after.entries, storedEntry{tenant, kind, e.Volume.Volume.String(), e.Samples})
	}
	switch {
	case !exists:
		err := r.exec(`INSERT INTO folds (series_id, hour, samples, digest, data, until) VALUES (?, ?, ?, ?, ?, ?)`,
			series, hour, after.samples, after.digest, after.state.Data, instant(after.state.Until))
		if err != nil {
			return after, err
		}
	case before.samples != after.samples || before.digest != after.digest ||
		before.state.Data != after.state.Data || !before.state.Until.Equal(after.state.Until):
		err := r.exec(`UPDATE folds SET samples = ?, digest = ?, data = ?, until = ? WHERE series_id = ? AND hour = ?`,
			after.samples, after.digest, after.state.Data, instant(after.state.Until), series, hour)
		if err != nil {
			return after, err
		}
	}
	return after, r.entries(series, hour, before.entries, after.entries)
}

// entries writes how the entries of a window differ from those before.
func (r *recorder) entries(series, hour int64, before, after []storedEntry) error {
	for _, e := range before {
		if find(after, e) != nil {
			continue
		}
		if err := r.checkFrozen(e.tenant, hour); err != nil {
			return err
		}
		err := r.exec(`DELETE FROM entries WHERE tenant_id = ? AND hour = ? AND series_id = ? AND kind_id = ?`,
			e.tenant, hour, series, e.kind)
		if err != nil {
			return err
		}
	}
	for _, e := range after {
		old := find(before, e)
		if old != nil && *old == e {
			continue
		}
		if err := r.checkFrozen(e.tenant, hour); err != nil {
			return err
		}
		err := r.exec(`INSERT INTO entries (tenant_id, hour, series_id, kind_id, volume, samples) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET volume = excluded.volume, samples = excluded.samples`,
			e.tenant, hour, series, e.kind, e.volume, e.samples)
		if err != nil {
			return err
		}
	}
	return nil
}

// find returns the entry of e's tenant and kind. A window of one series has
// only a few entries.
func find(entries []storedEntry, e storedEntry) *storedEntry {
	for i := range entries {
		if entries[i].tenant == e.tenant && entries[i].kind == e.kind {
			return &entries[i]
		}
	}
	return nil
}

func (r *recorder) resource(resource ledger.Resource) error {
	tenant, err := r.tenantID(resource.Tenant)
	if err != nil {
		return err
	}
	return r.exec(`INSERT INTO resources (tenant_id, resource, meter, type, info, seen) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET type = excluded.type, info = excluded.info, seen = excluded.seen
		WHERE (type, info, seen) IS NOT (excluded.type, excluded.info, excluded.seen)`,
		tenant, resource.ID, resource.Meter, resource.Type, attributes(resource.Info), instant(resource.Seen))
}

func (r *recorder) tenant(tenant usage.Tenant) error {
	id, err := r.tenantID(tenant.ID)
	if err != nil {
		return err
	}
	return r.exec(`INSERT INTO tenant_texts (tenant_id, name, extra) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET name = excluded.name, extra = excluded.extra
		WHERE (name, extra) IS NOT (excluded.name, excluded.extra)`,
		id, tenant.Name, attributes(tenant.Extra))
}

func (r *recorder) mark(mark ledger.Mark) error {
	tenant, err := r.tenantID(mark.Tenant)
	if err != nil {
		return err
	}
	return r.exec(`INSERT INTO marks (tenant_id, source, through) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET through = excluded.through WHERE through < excluded.through`,
		tenant, mark.Source, instant(mark.Through))
}

// A block is a reserved block, in nanoseconds.
type block struct{ start, end int64 }

// checkFrozen reports usage of a tenant in a window that is billed.
func (r *recorder) checkFrozen(tenant, hour int64) error {
	blocks, ok := r.blocks[tenant]
	if !ok {
		err := r.query(`SELECT start, end FROM orders WHERE tenant_id = ? AND reserves = 1`, func(rows *sql.Rows) error {
			var b block
			err := rows.Scan(&b.start, &b.end)
			blocks = append(blocks, b)
			return err
		}, tenant)
		if err != nil {
			return err
		}
		r.blocks[tenant] = blocks
	}
	w := window(hour)
	start, end := w.Start.UnixNano(), w.End.UnixNano()
	if !slices.ContainsFunc(blocks, func(b block) bool { return b.start < end && start < b.end }) {
		return nil
	}
	var name string
	if err := r.tx.QueryRowContext(r.ctx, `SELECT tenant FROM tenants WHERE id = ?`, tenant).Scan(&name); err != nil {
		return errors.Join(&ledger.FrozenError{Window: w}, err)
	}
	return &ledger.FrozenError{Tenant: name, Window: w}
}
