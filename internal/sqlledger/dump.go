package sqlledger

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Dump implements ledger.Archiver.
func (l *Ledger) Dump(ctx context.Context) iter.Seq2[ledger.Record, error] {
	return sequence(ctx, l, func(t *tx, yield func(ledger.Record) error) error {
		for _, part := range []func(func(ledger.Record) error) error{t.dumpTexts, t.dumpFolds, t.dumpOrders, t.dumpAdjustments, t.dumpSums} {
			if err := part(yield); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) dumpTexts(yield func(ledger.Record) error) error {
	err := t.tenants(func(tenant usage.Tenant) error { return yield(ledger.Record{Tenant: &tenant}) })
	if err != nil {
		return err
	}
	if err := t.marks(func(mark ledger.Mark) error { return yield(ledger.Record{Mark: &mark}) }); err != nil {
		return err
	}
	if err := t.meters(func(mark ledger.MeterMark) error { return yield(ledger.Record{Meter: &mark}) }); err != nil {
		return err
	}
	return t.resources(func(resource ledger.Resource) error { return yield(ledger.Record{Resource: &resource}) }, "")
}

// dumpedAtOnce is how many series are read together: a year of one is 8,760
// folds.
const dumpedAtOnce = 10

func (t *tx) dumpFolds(yield func(ledger.Record) error) error {
	var all []numberedSeries
	err := t.query(`SELECT id, source, meter, resource FROM series ORDER BY source, meter, resource`, nil, func(row scanner) error {
		var s numberedSeries
		err := row.Scan(&s.id, &s.Source, &s.Meter, &s.Resource)
		all = append(all, s)
		return err
	})
	if err != nil {
		return err
	}
	r := newReader(t)
	for chunk := range slices.Chunk(all, dumpedAtOnce) {
		folds, err := r.folds(chunk, math.MinInt64, false)
		if err != nil {
			return err
		}
		for i, s := range chunk {
			for _, fold := range folds[i] {
				if err := yield(ledger.Record{Fold: &ledger.SeriesFold{Series: s.Series, Fold: fold}}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t *tx) dumpOrders(yield func(ledger.Record) error) error {
	orders, err := t.findOrders(` ORDER BY o.begins, t.tenant, o.attempt, o.key`)
	if err != nil {
		return err
	}
	for _, o := range orders {
		o.Holder, o.HeldUntil = "", time.Time{}
		var record ledger.OrderRecord
		if record.Order, err = t.wholeOrder(o); err != nil {
			return err
		}
		if record.History, err = t.history(o.id); err != nil {
			return err
		}
		if err := yield(ledger.Record{Order: &record}); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) dumpAdjustments(yield func(ledger.Record) error) error {
	return t.adjustments(ledger.AdjustmentFilter{}, func(a ledger.Adjustment) error { return yield(ledger.Record{Adjustment: &a}) })
}

func (t *tx) dumpSums(yield func(ledger.Record) error) error {
	tenants, err := t.usersOf(ledger.EntryFilter{})
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		sums, err := t.sumsOf(tenant, ledger.EntryFilter{})
		if err != nil {
			return err
		}
		for sum := range slices.Values(sums) {
			if err := yield(ledger.Record{Sum: &sum}); err != nil {
				return err
			}
		}
	}
	return nil
}
