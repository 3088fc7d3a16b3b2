package sqlledger

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Folds implements ledger.Usage. The entries of a fold come by tenant,
// datacenter, service and unit.
func (l *Ledger) Folds(ctx context.Context, series ledger.Series, from time.Time) ([]ledger.Fold, error) {
	var folds []ledger.Fold
	err := l.view(ctx, func(t *tx) error {
		var id int64
		there, err := t.first(`SELECT id FROM series WHERE source = ? AND meter = ? AND resource = ?`, []any{series.Source, series.Meter, series.Resource}, &id)
		if err != nil || !there {
			return err
		}
		border := hourOf(from)
		if !usage.OnBorder(from) {
			border++
		}
		var before int64
		there, err = t.first(`SELECT hour FROM folds WHERE series_id = ? AND hour < ? ORDER BY hour DESC LIMIT 1`, []any{id, border}, &before)
		if err != nil {
			return err
		}
		if there {
			border = before
		}
		found, err := newReader(t).folds([]numberedSeries{{series, id}}, border, true)
		folds = found[0]
		return err
	})
	return folds, err
}

// A reader turns what is stored into what it stands for. It remembers the
// names of numbers.
type reader struct {
	*tx
	tenants map[int64]string
	kinds   map[int64]name
}

func newReader(t *tx) *reader { return &reader{t, map[int64]string{}, map[int64]name{}} }

// A numberedSeries is a series and its number.
type numberedSeries struct {
	ledger.Series
	id int64
}

// folds returns for each of the series its folds from an hour on, by window: as
// they were recorded, or with the entries that are stored.
func (r *reader) folds(of []numberedSeries, from int64, recorded bool) ([][]ledger.Fold, error) {
	stretches := make([]stretch, len(of))
	index := make(map[int64]int, len(of))
	for i, s := range of {
		stretches[i], index[s.id] = stretch{s.id, from, math.MaxInt64}, i
	}
	folds := make([][]ledger.Fold, len(of))
	stored, err := r.readStretches(stretches)
	if err != nil {
		return folds, err
	}
	if err := r.learn(stored); err != nil {
		return folds, err
	}
	for p, f := range stored {
		if recorded {
			f.entries = f.asRecorded()
		}
		i := index[p.series]
		folds[i] = append(folds[i], r.fold(of[i].Series, p, f))
	}
	for i := range folds {
		slices.SortFunc(folds[i], func(a, b ledger.Fold) int { return a.Window.Start.Compare(b.Window.Start) })
	}
	return folds, nil
}

// asRecorded returns the entries that a fold came with: those that are kept,
// and all adjustments of them.
func (f *storedFold) asRecorded() []storedEntry {
	if len(f.adjustments) == 0 {
		return f.entries
	}
	var recorded []storedEntry
	for _, s := range shares(f, new(storedFold)) {
		sum, _ := findEntry(f.entries, s)
		adjusted := false
		for _, a := range f.adjustments {
			if a.share == s {
				sum, adjusted = sum.plus(a.amount), true
			}
		}
		if !adjusted || !sum.isZero() {
			recorded = append(recorded, storedEntry{s, sum})
		}
	}
	return recorded
}

// learn looks up the names of numbers that are not known yet.
func (r *reader) learn(stored map[place]*storedFold) error {
	tenants, kinds := map[int64]bool{}, map[int64]bool{}
	tenant := func(id int64) {
		if _, known := r.tenants[id]; !known {
			tenants[id] = true
		}
	}
	for _, f := range stored {
		for i := range f.entries {
			tenant(f.entries[i].tenant)
			if _, known := r.kinds[f.entries[i].kind]; !known {
				kinds[f.entries[i].kind] = true
			}
		}
		for _, a := range f.adjustments {
			tenant(a.tenant)
			if _, known := r.kinds[a.kind]; !known {
				kinds[a.kind] = true
			}
		}
		for _, g := range f.gaps {
			tenant(g.tenant)
		}
	}
	err := r.byID(tenants, `SELECT id, tenant FROM tenants`, func(row scanner) error {
		var id int64
		var tenant string
		err := row.Scan(&id, &tenant)
		r.tenants[id] = tenant
		return err
	})
	if err != nil {
		return err
	}
	return r.byID(kinds, `SELECT id, datacenter, service, unit FROM kinds`, func(row scanner) error {
		var id int64
		var n name
		err := row.Scan(&id, &n[0], &n[1], &n[2])
		r.kinds[id] = n
		return err
	})
}

func (t *tx) byID(ids map[int64]bool, query string, row func(scanner) error) error {
	var args []any
	for id := range ids {
		args = append(args, id)
	}
	for chunk := range slices.Chunk(args, atOnce) {
		if err := t.query(query+` WHERE id IN `+tuples(1, len(chunk)), chunk, row); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) fold(series ledger.Series, p place, f *storedFold) ledger.Fold {
	fold := ledger.Fold{Window: window(p.hour), Samples: int(f.samples), Digest: unpack(f.digest),
		State: usage.State{Data: f.data, Until: f.until}, Pruned: bool(f.pruned)}
	for _, e := range f.entries {
		kind := r.kinds[e.kind]
		fold.Entries = append(fold.Entries, usage.Entry{Source: series.Source, Meter: series.Meter, Resource: series.Resource, Window: fold.Window,
			Volume: usage.Volume{Tenant: r.tenants[e.tenant], Datacenter: kind[0], Service: kind[1], Unit: kind[2], Volume: e.volume, Samples: int(e.samples)}})
	}
	slices.SortFunc(fold.Entries, func(a, b usage.Entry) int {
		return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Datacenter, b.Datacenter), strings.Compare(a.Service, b.Service), strings.Compare(a.Unit, b.Unit))
	})
	for _, g := range f.gaps {
		fold.Gaps = append(fold.Gaps, usage.Gap{Tenant: r.tenants[g.tenant], From: g.since, To: g.till})
	}
	slices.SortFunc(fold.Gaps, func(a, b usage.Gap) int { return cmp.Or(a.From.Compare(b.From), strings.Compare(a.Tenant, b.Tenant)) })
	return fold
}

// Marks implements ledger.Usage.
func (l *Ledger) Marks(ctx context.Context) ([]ledger.Mark, error) {
	return list(ctx, l, (*tx).marks)
}

func (t *tx) marks(yield func(ledger.Mark) error) error {
	return t.query(`SELECT t.tenant, m.source, m.since, m.through
		FROM marks m JOIN tenants t ON t.id = m.tenant_id ORDER BY t.tenant, m.source`, nil, func(row scanner) error {
		var m ledger.Mark
		if err := row.Scan(&m.Tenant, &m.Source, (*instant)(&m.From), (*instant)(&m.Through)); err != nil {
			return err
		}
		return yield(m)
	})
}

// Meters implements ledger.Usage.
func (l *Ledger) Meters(ctx context.Context) ([]ledger.MeterMark, error) {
	return list(ctx, l, (*tx).meters)
}

func (t *tx) meters(yield func(ledger.MeterMark) error) error {
	return t.query(`SELECT source, meter, through, rule FROM meters ORDER BY source, meter`, nil, func(row scanner) error {
		var m ledger.MeterMark
		if err := row.Scan(&m.Source, &m.Meter, (*instant)(&m.Through), &m.Rule); err != nil {
			return err
		}
		return yield(m)
	})
}

// Tenants implements ledger.Usage.
func (l *Ledger) Tenants(ctx context.Context) ([]usage.Tenant, error) {
	return list(ctx, l, (*tx).tenants)
}

func (t *tx) tenants(yield func(usage.Tenant) error) error {
	return t.query(`SELECT t.tenant, x.name, x.extra
		FROM tenant_texts x JOIN tenants t ON t.id = x.tenant_id ORDER BY t.tenant`, nil, func(row scanner) error {
		var tenant usage.Tenant
		if err := row.Scan(&tenant.ID, &tenant.Name, (*attributes)(&tenant.Extra)); err != nil {
			return err
		}
		return yield(tenant)
	})
}

// Resources implements ledger.Usage.
func (l *Ledger) Resources(ctx context.Context, tenant string) ([]ledger.Resource, error) {
	return list(ctx, l, func(t *tx, yield func(ledger.Resource) error) error {
		return t.resources(yield, ` WHERE t.tenant = ?`, tenant)
	})
}

func (t *tx) resources(yield func(ledger.Resource) error, where string, args ...any) error {
	return t.query(`SELECT t.tenant, r.resource, r.meter, r.type, r.info, r.seen
		FROM resources r JOIN tenants t ON t.id = r.tenant_id`+where+` ORDER BY t.tenant, r.resource, r.meter`, args, func(row scanner) error {
		var r ledger.Resource
		if err := row.Scan(&r.Tenant, &r.ID, &r.Meter, &r.Type, (*attributes)(&r.Info), (*instant)(&r.Seen)); err != nil {
			return err
		}
		return yield(r)
	})
}

// Revision implements ledger.Usage.
func (l *Ledger) Revision(ctx context.Context, tenant string) (int64, error) {
	var revision int64
	err := l.view(ctx, func(t *tx) (err error) {
		revision, err = t.revision(tenant)
		return err
	})
	return revision, err
}

// revision is that of a tenant's usage. That of collecting is kept with the
// tenant "", who has marks and no usage, and is one more than what is kept.
func (t *tx) revision(tenant string) (revision int64, err error) {
	if _, err = t.first(`SELECT revision FROM tenants WHERE tenant = ?`, []any{tenant}, &revision); tenant == "" {
		revision++
	}
	return revision, err
}

// list returns all that a query yields.
func list[T any](ctx context.Context, l *Ledger, query func(*tx, func(T) error) error) ([]T, error) {
	var all []T
	err := l.view(ctx, func(t *tx) error {
		all = nil
		return query(t, func(v T) error {
			all = append(all, v)
			return nil
		})
	})
	return all, err
}

// sequence is what a query yields as it is read: the store may be used
// meanwhile.
func sequence[T any](ctx context.Context, l *Ledger, query func(*tx, func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		stopped := false
		err := l.view(ctx, func(t *tx) error {
			err := query(t, func(v T) error {
				if !yield(v, nil) {
					stopped = true
					return errStopped
				}
				return nil
			})
			if stopped {
				return nil
			}
			return err
		})
		if err != nil && !stopped {
			var none T
			yield(none, err)
		}
	}
}
