package sqlledger

import (
	"context"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// Prune implements ledger.Pruner.
func (l *Ledger) Prune(ctx context.Context, before time.Time) (ledger.Pruned, error) {
	var pruned ledger.Pruned
	err := l.update(ctx, func(t *tx) error {
		pruned = ledger.Pruned{}
		orders, err := t.findOrders(` WHERE o.status = 'settled' AND o.ends <= ? ORDER BY o.id`, reach(before))
		if err != nil {
			return err
		}
		tenants := map[int64]bool{}
		var ids []int64
		for _, o := range orders {
			if !tenants[o.tenant] {
				tenants[o.tenant] = true
				ids = append(ids, o.tenant)
			}
		}
		if err := t.lock(ids...); err != nil {
			return err
		}
		changed := map[int64]bool{}
		for _, o := range orders {
			entries, kept, err := t.pruneOrder(o)
			switch {
			case err != nil:
				return err
			case kept:
				pruned.Kept++
			case entries > 0:
				pruned.Orders++
				pruned.Entries += entries
				changed[o.tenant] = true
			}
		}
		return t.bump(changed)
	})
	return pruned, err
}

// What other tenants, who have no settled order for it, have in the windows of
// a tenant's entries: few series have more than one owner. SQLite does not use
// both ends of a BETWEEN here.
const (
	othersEntries     = `SELECT 1` + entriesOfMany + ` CROSS JOIN entries x` + ofOthers
	othersAdjustments = `SELECT 1` + entriesOfMany + ` CROSS JOIN adjustments x` + ofOthers

	entriesOfMany = ` FROM entries e CROSS JOIN owners w`
	ofOthers      = ` WHERE e.tenant_id = ? AND e.hour >= ? AND e.hour <= ? AND w.series_id = e.series_id AND w.tenant_id <> e.tenant_id
		AND x.tenant_id = w.tenant_id AND x.hour = e.hour AND x.series_id = e.series_id
		AND NOT EXISTS (SELECT 1 FROM orders s WHERE s.tenant_id = x.tenant_id AND s.reserves = 1 AND s.status = 'settled'
			AND s.begins < (x.hour + 1) * 3600000000000 AND s.ends > x.hour * 3600000000000) LIMIT 1`
)

// A sumKey says what the entries that one sum stands for have in common.
type sumKey struct{ series, kind int64 }

// pruneOrder puts sums in the place of the entries of an order's block. It
// keeps one with adjustments that are not settled, and one that shares windows
// with tenants who have not settled them.
func (t *tx) pruneOrder(o storedOrder) (entries int, kept bool, err error) {
	first, last := hoursWithin(o.Block)
	sums := map[sumKey]amount{}
	counts := map[sumKey]int64{}
	series := map[int64]bool{}
	err = t.query(`SELECT series_id, kind_id, volume, samples FROM entries WHERE tenant_id = ? AND hour BETWEEN ? AND ?`,
		[]any{o.tenant, first, last}, func(row scanner) error {
			var key sumKey
			var a amount
			err := row.Scan(&key.series, &key.kind, &a.volume, &a.samples)
			sums[key] = sums[key].plus(a)
			counts[key]++
			series[key.series] = true
			entries++
			return err
		})
	if err != nil || entries == 0 {
		return 0, false, err
	}
	var n int
	_, err = t.first(`SELECT count(*) FROM adjustments a LEFT JOIN orders c ON c.id = a.order_id
		WHERE a.tenant_id = ? AND a.hour BETWEEN ? AND ? AND (a.order_id IS NULL OR c.status <> 'settled')`, []any{o.tenant, first, last}, &n)
	if err != nil || n > 0 {
		return 0, n > 0, err
	}
	for _, others := range []string{othersEntries, othersAdjustments} {
		if shared, err := t.first(others, []any{o.tenant, first, last}, &n); err != nil || shared {
			return 0, shared, err
		}
	}
	var values []any
	for _, key := range sortedKeys(sums) {
		values = append(values, o.id, key.series, key.kind, sums[key].volume.String(), sums[key].samples, counts[key])
	}
	if err := t.db.Insert(t.ctx, t.Conn, "sums", []string{"order_id", "series_id", "kind_id", "volume", "samples", "entries"}, values); err != nil {
		return 0, false, err
	}
	err = t.exec(`UPDATE folds SET pruned = 1 WHERE (series_id, hour) IN
		(SELECT series_id, hour FROM entries WHERE tenant_id = ? AND hour BETWEEN ? AND ?)`, o.tenant, first, last)
	if err != nil {
		return 0, false, err
	}
	if err := t.exec(`DELETE FROM entries WHERE tenant_id = ? AND hour BETWEEN ? AND ?`, o.tenant, first, last); err != nil {
		return 0, false, err
	}
	return entries, false, t.pruneStates(series)
}

func sortedKeys(sums map[sumKey]amount) []sumKey {
	keys := make([]sumKey, 0, len(sums))
	for key := range sums {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b sumKey) int {
		return slices.Compare([]int64{a.series, a.kind}, []int64{b.series, b.kind})
	})
	return keys
}

// pruneStates drops the states of pruned windows that no later fold goes on
// from: the next one of the series is pruned too.
func (t *tx) pruneStates(series map[int64]bool) error {
	for id := range series {
		err := t.exec(`UPDATE folds SET data = '', until = NULL WHERE series_id = ? AND pruned = 1 AND (data <> '' OR until IS NOT NULL)
			AND (SELECT n.pruned FROM folds n WHERE n.series_id = folds.series_id AND n.hour > folds.hour ORDER BY n.hour LIMIT 1) = 1`, id)
		if err != nil {
			return err
		}
	}
	return nil
}
