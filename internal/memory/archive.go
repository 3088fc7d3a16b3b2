package memory

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// Dump implements ledger.Archiver.
func (s *Store) Dump(ctx context.Context) iter.Seq2[ledger.Record, error] {
	return listed(ctx, s, s.records)
}

// records are all that the store holds, in the order of Dump.
func (c *content) records() (all []ledger.Record) {
	for _, id := range slices.Sorted(maps.Keys(c.tenants)) {
		t := copyTenant(c.tenants[id])
		all = append(all, ledger.Record{Tenant: &t})
	}
	for _, m := range slices.SortedFunc(maps.Values(c.marks), compareMarks) {
		all = append(all, ledger.Record{Mark: &m})
	}
	for _, m := range slices.SortedFunc(maps.Values(c.meters), compareMeters) {
		all = append(all, ledger.Record{Meter: &m})
	}
	for _, r := range slices.SortedFunc(maps.Values(c.resources), compareResources) {
		r = copyResource(r)
		all = append(all, ledger.Record{Resource: &r})
	}
	keys := slices.SortedFunc(maps.Keys(c.windows), func(a, b windowKey) int {
		return cmp.Or(compareSeries(a.Series, b.Series), cmp.Compare(a.hour, b.hour))
	})
	var late []ledger.Adjustment
	for _, key := range keys {
		w := c.windows[key]
		fold := copyFold(w.fold)
		fold.Entries = slices.Clone(w.entries)
		all = append(all, ledger.Record{Fold: &ledger.SeriesFold{Series: key.Series, Fold: fold}})
		late = append(late, w.late...)
	}
	for _, o := range slices.SortedFunc(maps.Values(c.orders), func(a, b *order) int { return compareOrders(a.Order, b.Order) }) {
		dumped := ledger.OrderRecord{Order: copyOrder(o.Order), History: slices.Clone(o.history)}
		dumped.Holder, dumped.HeldUntil = "", time.Time{}
		all = append(all, ledger.Record{Order: &dumped})
	}
	slices.SortFunc(late, compareAdjustments)
	for _, a := range late {
		all = append(all, ledger.Record{Adjustment: &a})
	}
	var sums []ledger.Sum
	for _, a := range c.accounts {
		sums = append(sums, a.sums...)
	}
	slices.SortFunc(sums, compareSums)
	for _, sum := range sums {
		all = append(all, ledger.Record{Sum: &sum})
	}
	return all
}

func compareMarks(a, b ledger.Mark) int {
	return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Source, b.Source))
}

func compareMeters(a, b ledger.MeterMark) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Meter, b.Meter))
}

// empty reports whether nothing is kept.
func (c *content) empty() bool {
	return len(c.tenants)+len(c.marks)+len(c.meters)+len(c.resources)+len(c.bookmarks)+len(c.windows)+len(c.orders) == 0
}

// Load implements ledger.Archiver.
func (s *Store) Load(ctx context.Context, records iter.Seq2[ledger.Record, error]) error {
	filled := newContent()
	l := loader{content: &filled, late: map[windowKey][]ledger.Adjustment{}}
	for r, err := range records {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		if err := l.load(r); err != nil {
			return err
		}
	}
	l.finish()
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if !s.empty() {
		return ledger.ErrNotEmpty
	}
	s.content = filled
	return nil
}

// finish puts the adjustments into their windows, and the windows into the
// accounts of their tenants.
func (l *loader) finish() {
	change := l.content.change()
	for key, w := range l.content.windows {
		w.late = l.late[key]
		slices.SortFunc(w.late, compareAdjustments)
		change.windows[key] = w
		delete(l.content.windows, key) // apply counts it as new
	}
	change.apply()
	for _, a := range l.content.accounts {
		if len(a.sums) > 0 {
			a.revision = max(a.revision, 1)
		}
	}
}
