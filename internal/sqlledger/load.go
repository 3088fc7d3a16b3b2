package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
)

// loadAtOnce is how many folds are written together.
const loadAtOnce = 5000

// Load implements ledger.Archiver.
func (l *Ledger) Load(ctx context.Context, records iter.Seq2[ledger.Record, error]) error {
	begun := false
	return l.update(ctx, func(t *tx) error {
		var there int
		if _, err := t.first(`SELECT 1 FROM tenants UNION ALL SELECT 1 FROM meters UNION ALL SELECT 1 FROM series UNION ALL SELECT 1 FROM orders LIMIT 1`, nil, &there); err != nil {
			return err
		}
		if there != 0 {
			return ledger.ErrNotEmpty
		}
		if begun { // the records may be there to be read only once
			return errors.New("another program wrote to the store while it was filled: stop that one, and try again")
		}
		begun = true
		b := loader{recorder: newRecorder(t), orders: map[string]loadedOrder{}}
		n := 0
		for record, err := range records {
			n++
			if err == nil {
				err = b.load(record)
			}
			if err != nil {
				return fmt.Errorf("record %d: %w", n, err)
			}
		}
		if err := b.flush(); err != nil {
			return err
		}
		return b.bump(b.changed)
	})
}

// A loader fills a store that is empty.
type loader struct {
	*recorder
	kind    int // of the record before
	waiting []ledger.SeriesFold
	orders  map[string]loadedOrder
}

// A loadedOrder is what later records may be about.
type loadedOrder struct {
	ledger.Order // without items
	id, tenant   int64
}

// load takes the next record in.
func (b *loader) load(record ledger.Record) error {
	fields := []struct {
		set  bool
		load func() error
	}{
		{record.Tenant != nil, func() error { return b.loadTenant(record) }},
		{record.Mark != nil, func() error { return b.loadMark(*record.Mark) }},
		{record.Meter != nil, func() error { return b.loadMeter(*record.Meter) }},
		{record.Resource != nil, func() error { return b.loadResource(*record.Resource) }},
		{record.Fold != nil, func() error { return b.loadFold(*record.Fold) }},
		{record.Order != nil, func() error { return b.loadOrder(*record.Order) }},
		{record.Adjustment != nil, func() error { return b.loadAdjustment(*record.Adjustment) }},
		{record.Sum != nil, func() error { return b.loadSum(*record.Sum) }},
	}
	kind := -1
	for i, field := range fields {
		if field.set && kind >= 0 {
			return errors.New("it is two things at once")
		}
		if field.set {
			kind = i
		}
	}
	if kind < 0 {
		return errors.New("it is nothing")
	}
	if kind < b.kind {
		return errors.New("it comes too late: first tenants, then marks, marks of meters, resources, folds, orders, adjustments and sums")
	}
	if b.kind = kind; record.Fold == nil {
		if err := b.flush(); err != nil {
			return err
		}
	}
	return fields[kind].load()
}

func (b *loader) tenant(id string) (int64, error) {
	b.names.tenants.want(tenantName(id))
	err := b.names.tenants.resolve(b.tx)
	return b.names.tenants.ids[tenantName(id)], err
}

func (b *loader) loadTenant(record ledger.Record) error {
	if err := validateTenant(*record.Tenant); err != nil {
		return err
	}
	id, err := b.tenant(record.Tenant.ID)
	if err != nil {
		return err
	}
	return b.exec(`INSERT INTO tenant_texts (tenant_id, name, extra) VALUES (?, ?, ?)`, id, record.Tenant.Name, attributes(record.Tenant.Extra))
}

func (b *loader) loadMark(mark ledger.Mark) error {
	if err := validateMark(mark); err != nil {
		return err
	}
	id, err := b.tenant(mark.Tenant)
	if err != nil {
		return err
	}
	return b.exec(`INSERT INTO marks (tenant_id, source, since, through) VALUES (?, ?, ?, ?)`, id, mark.Source, instant(mark.From), instant(mark.Through))
}

func (b *loader) loadMeter(mark ledger.MeterMark) error {
	if err := validateMeter(mark); err != nil {
		return err
	}
	return b.exec(`INSERT INTO meters (source, meter, through, rule) VALUES (?, ?, ?, ?)`, mark.Source, mark.Meter, instant(mark.Through), mark.Rule)
}

func (b *loader) loadResource(r ledger.Resource) error {
	if err := validateResource(r); err != nil {
		return err
	}
	id, err := b.tenant(r.Tenant)
	if err != nil {
		return err
	}
	return b.exec(`INSERT INTO resources (tenant_id, resource, meter, type, info, seen) VALUES (?, ?, ?, ?, ?, ?)`,
		id, r.ID, r.Meter, r.Type, attributes(r.Info), instant(r.Seen))
}

func (b *loader) loadFold(fold ledger.SeriesFold) error {
	errs := validateFold(fold.Series, &fold.Fold)
	if err := errors.Join(append(errs, validateTexts(fold.Source, fold.Meter, fold.Resource))...); err != nil {
		return err
	}
	b.waiting = append(b.waiting, fold)
	if len(b.waiting) < loadAtOnce {
		return nil
	}
	return b.flush()
}

// flush writes the folds that wait.
func (b *loader) flush() error {
	if len(b.waiting) == 0 {
		return nil
	}
	for i := range b.waiting {
		b.names.series.want(seriesName(b.waiting[i].Series))
		b.wantFold(&b.waiting[i].Fold)
	}
	if err := b.names.resolve(b.tx); err != nil {
		return err
	}
	folded := map[int64]bool{}
	for i := range b.waiting {
		fold := &b.waiting[i].Fold
		p := place{b.names.series.ids[seriesName(b.waiting[i].Series)], hourOf(fold.Window.Start)}
		folded[p.series] = true
		pruned := int64(0)
		if fold.Pruned {
			pruned = 1
		}
		b.folds = append(b.folds, p.series, p.hour, int64(fold.Samples), pack(fold.Digest), fold.State.Data, nanos(fold.State.Until), pruned)
		for j := range fold.Entries {
			e := &fold.Entries[j]
			b.addEntry(p, storedEntry{share{b.names.tenants.ids[tenantName(e.Tenant)], b.names.kinds.ids[kindName(e)]}, amount{e.Volume.Volume, int64(e.Samples)}})
		}
		for _, g := range fold.Gaps {
			b.gaps = append(b.gaps, p.series, p.hour, b.names.tenants.ids[tenantName(g.Tenant)], nanos(g.From), nanos(g.To))
		}
	}
	b.waiting = b.waiting[:0]
	if err := b.write(); err != nil {
		return err
	}
	return b.reach(slices.Sorted(maps.Keys(folded)))
}

func (b *loader) loadOrder(record ledger.OrderRecord) error {
	o := record.Order
	o.Holder, o.HeldUntil = "", time.Time{}
	if err := validateOrder(o); err != nil {
		return err
	}
	tenant, err := b.tenant(o.Tenant.ID)
	if err != nil {
		return err
	}
	if o.Reserves {
		if err := b.checkOverlap(tenant, o); err != nil {
			return err
		}
	}
	id, err := b.insertOrder(0, tenant, o)
	if err != nil {
		return err
	}
	for _, change := range record.History {
		if err := validateNote(o.Key, change.Note, change.Reference, change.Holder); err != nil {
			return err
		}
		if err := b.addHistory(id, change); err != nil {
			return err
		}
	}
	if o.Reserves {
		b.blocks[tenant] = append(b.blocks[tenant], block{o.Block.Start.UnixNano(), o.Block.End.UnixNano()})
	}
	o.Items = nil
	b.orders[o.Key] = loadedOrder{o, id, tenant}
	return nil
}

// find returns the numbers of what an entry is of. All but its share of the
// series must be known from the folds.
func (b *loader) find(tenant, datacenter, service, unit string, series ledger.Series) (int64, share, error) {
	if err := validateTexts(tenant, datacenter, service, unit); err != nil {
		return 0, share{}, err
	}
	id := b.names.series.ids[seriesName(series)]
	if id == 0 {
		return 0, share{}, fmt.Errorf("nothing was collected of meter %s, resource %s", series.Meter, series.Resource)
	}
	b.names.kinds.want(name{datacenter, service, unit})
	if err := b.names.kinds.resolve(b.tx); err != nil {
		return 0, share{}, err
	}
	of, err := b.tenant(tenant)
	return id, share{of, b.names.kinds.ids[name{datacenter, service, unit}]}, err
}

func (b *loader) loadAdjustment(a ledger.Adjustment) error {
	if !isWindow(a.Window) {
		return fmt.Errorf("adjustment of %v, which is no window", a.Window)
	}
	if err := validateDecimal(a.Volume.Volume); err != nil {
		return err
	}
	if a.Volume.Volume.IsZero() {
		return errors.New("an adjustment of nothing")
	}
	series, s, err := b.find(a.Tenant, a.Datacenter, a.Service, a.Unit, seriesOf(a.Entry))
	if err != nil {
		return err
	}
	hour := hourOf(a.Window.Start)
	var order any
	if a.Order != "" {
		by, known := b.orders[a.Order]
		if !known || !by.Reserves || by.tenant != s.tenant {
			return fmt.Errorf("an adjustment is carried by order %s, which is no order of tenant %s that reserves its block", a.Order, a.Tenant)
		}
		order = by.id
	} else if !b.blocks.reserved(s.tenant, hour) {
		return fmt.Errorf("an adjustment of tenant %s is pending for %v, which is not billed", a.Tenant, a.Window)
	}
	b.own(series, s.tenant)
	b.changed[s.tenant] = true
	b.adjustments = append(b.adjustments, s.tenant, hour, series, s.kind, order, a.Volume.Volume.String(), int64(a.Samples))
	return b.write()
}

func (b *loader) loadSum(sum ledger.Sum) error {
	by, known := b.orders[sum.Order]
	if !known || by.Status != ledger.Settled || by.Tenant.ID != sum.Tenant || !sameSpan(by.Block, sum.Window) {
		return fmt.Errorf("a sum is of order %s, which did not bill %v of tenant %s", sum.Order, sum.Window, sum.Tenant)
	}
	if err := validateDecimal(sum.Volume.Volume); err != nil {
		return err
	}
	series, s, err := b.find(sum.Tenant, sum.Datacenter, sum.Service, sum.Unit, seriesOf(sum.Entry))
	if err != nil {
		return err
	}
	b.changed[s.tenant] = true
	return b.exec(`INSERT INTO sums (order_id, series_id, kind_id, volume, samples, entries) VALUES (?, ?, ?, ?, ?, ?)`,
		by.id, series, s.kind, sum.Volume.Volume.String(), sum.Samples, sum.Entries)
}
