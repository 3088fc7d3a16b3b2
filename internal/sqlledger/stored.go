package sqlledger

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/usage"
)

// A place is a window of a series.
type place struct{ series, hour int64 }

// A stretch is the windows of a series from the first to the last.
type stretch struct{ series, first, last int64 }

// A storedFold is what the store has for a window of a series.
type storedFold struct {
	samples     int64
	digest      []byte // packed
	data        string
	until       time.Time
	pruned      flag
	entries     []storedEntry
	adjustments []storedAdjustment
	gaps        []storedGap
}

// A share is whose, and of what, an entry of a known window of a series is.
type share struct{ tenant, kind int64 }

// An amount is a volume and how many samples it is of.
type amount struct {
	volume  decimal.Decimal
	samples int64
}

func (a amount) plus(b amount) amount  { return amount{a.volume.Add(b.volume), a.samples + b.samples} }
func (a amount) minus(b amount) amount { return amount{a.volume.Sub(b.volume), a.samples - b.samples} }
func (a amount) isZero() bool          { return a.volume.IsZero() && a.samples == 0 }
func (a amount) equal(b amount) bool   { return a.samples == b.samples && a.volume.Equal(b.volume) }

// A storedEntry is an entry of a known window of a series.
type storedEntry struct {
	share
	amount
}

// A storedAdjustment is an adjustment of a known window of a series.
type storedAdjustment struct {
	storedEntry
	order int64 // 0 while it is pending
}

// A storedGap is a gap of a known window of a series.
type storedGap struct {
	tenant      int64
	since, till time.Time
}

// The queries over stretches begin with a list of them, and look each up in
// turn: CROSS JOIN keeps SQLite from another order.
const (
	foldsIn = ` AS v CROSS JOIN folds f
		WHERE f.series_id = v.column1 AND f.hour BETWEEN v.column2 AND v.column3`
	entriesIn = ` AS v CROSS JOIN folds f CROSS JOIN owners w CROSS JOIN entries e
		WHERE f.series_id = v.column1 AND f.hour BETWEEN v.column2 AND v.column3 AND w.series_id = v.column1
		AND e.tenant_id = w.tenant_id AND e.hour = f.hour AND e.series_id = f.series_id`
	adjustmentsIn = ` AS v CROSS JOIN adjustments a
		WHERE a.series_id = v.column1 AND a.hour BETWEEN v.column2 AND v.column3`
	gapsIn = ` AS v CROSS JOIN gaps g
		WHERE g.series_id = v.column1 AND g.hour BETWEEN v.column2 AND v.column3`
)

// readStretches returns what the store has of some stretches.
func (t *tx) readStretches(stretches []stretch) (map[place]*storedFold, error) {
	stored := make(map[place]*storedFold)
	for chunk := range slices.Chunk(stretches, atOnce) {
		if err := t.readChunk(chunk, stored); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

func (t *tx) readChunk(chunk []stretch, stored map[place]*storedFold) error {
	args := make([]any, 0, 3*len(chunk))
	for _, s := range chunk {
		args = append(args, s.series, s.first, s.last)
	}
	list := ` FROM (VALUES ` + numberTuples(len(chunk), 3) + `)`
	found := false
	err := t.query(`SELECT f.series_id, f.hour, f.samples, f.digest, f.data, f.until, f.pruned`+list+foldsIn, args, func(row scanner) error {
		found = true
		var p place
		f := new(storedFold)
		err := row.Scan(&p.series, &p.hour, &f.samples, &f.digest, &f.data, (*instant)(&f.until), &f.pruned)
		stored[p] = f
		return err
	})
	if err != nil || !found {
		return err
	}
	err = t.query(`SELECT e.series_id, e.hour, e.tenant_id, e.kind_id, e.volume, e.samples`+list+entriesIn, args, func(row scanner) error {
		var p place
		var e storedEntry
		if err := row.Scan(&p.series, &p.hour, &e.tenant, &e.kind, &e.volume, &e.samples); err != nil {
			return err // the query was stopped: p may be anything
		}
		stored[p].entries = append(stored[p].entries, e)
		return nil
	})
	if err != nil {
		return err
	}
	err = t.query(`SELECT a.series_id, a.hour, a.tenant_id, a.kind_id, a.volume, a.samples, coalesce(a.order_id, 0)`+list+adjustmentsIn, args, func(row scanner) error {
		var p place
		var a storedAdjustment
		if err := row.Scan(&p.series, &p.hour, &a.tenant, &a.kind, &a.volume, &a.samples, &a.order); err != nil {
			return err // the query was stopped: p may be anything
		}
		stored[p].adjustments = append(stored[p].adjustments, a)
		return nil
	})
	if err != nil {
		return err
	}
	return t.query(`SELECT g.series_id, g.hour, g.tenant_id, g.since, g.until`+list+gapsIn+` ORDER BY g.since`, args, func(row scanner) error {
		var p place
		var g storedGap
		if err := row.Scan(&p.series, &p.hour, &g.tenant, (*instant)(&g.since), (*instant)(&g.till)); err != nil {
			return err // the query was stopped: p may be anything
		}
		stored[p].gaps = append(stored[p].gaps, g)
		return nil
	})
}

// A block is a reserved block, in nanoseconds.
type block struct{ begins, ends int64 }

// blocks are the reserved blocks of tenants.
type blocks map[int64][]block

// read adds the reserved blocks of tenants that share time with the hours from
// the first to the last.
func (b blocks) read(t *tx, tenants []int64, first, last int64) error {
	for chunk := range slices.Chunk(tenants, atOnce) {
		args := []any{window(first).Start.UnixNano(), window(last).End.UnixNano()}
		for _, id := range chunk {
			args = append(args, id)
		}
		err := t.query(`SELECT tenant_id, begins, ends FROM orders WHERE reserves = 1 AND ends > ? AND begins < ? AND tenant_id IN `+tuples(1, len(chunk)),
			args, func(row scanner) error {
				var tenant int64
				var r block
				err := row.Scan(&tenant, &r.begins, &r.ends)
				b[tenant] = append(b[tenant], r)
				return err
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// reserved reports whether an order of the tenant reserves part of a window.
func (b blocks) reserved(tenant, hour int64) bool {
	all := b[tenant]
	if len(all) == 0 {
		return false
	}
	begins := hour * int64(usage.WindowLength)
	return slices.ContainsFunc(all, func(r block) bool { return r.begins < begins+int64(usage.WindowLength) && begins < r.ends })
}
