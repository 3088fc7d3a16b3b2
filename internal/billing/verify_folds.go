package billing

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// folds proves that the tenant's usage is what was folded: of every window of a
// series its entry, and the adjustments for it, come to what the fold came to,
// and no window is left out that a state reaches into.
//
// All entries at once would not fit into memory. They are added up, by series,
// each times a number that stands for its window and kind: two sums are alike
// only where all volumes are. Where they are not, the series is read again.
func (p *proof) folds(ctx context.Context) error {
	sources := map[string]bool{}
	for _, m := range p.marks {
		sources[m.Source] = true
	}
	resources, err := p.Store.Resources(ctx, p.tenant)
	if err != nil {
		return err
	}
	for _, r := range resources {
		for source := range sources {
			// Whatever is gone of it was there.
			id := ledger.Series{Source: source, Meter: r.Meter, Resource: r.ID}
			p.weighed[id] = p.weighed[id].Add(decimal.Zero)
		}
	}
	meters := p.metersByName()
	bySeries := func(a, b ledger.Series) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Meter, b.Meter), strings.Compare(a.Resource, b.Resource))
	}
	for _, id := range slices.SortedFunc(maps.Keys(p.weighed), bySeries) {
		folds, err := p.Store.Folds(ctx, id, time.Time{})
		if err != nil {
			return err
		}
		p.Windows += len(folds)
		sum := decimal.Zero
		for i := range folds {
			for _, entry := range folds[i].Entries {
				if entry.Tenant == p.tenant {
					sum = sum.Add(weight(entry))
				}
			}
		}
		if !sum.Equal(p.weighed[id]) {
			if err := p.foldsOf(ctx, id, folds); err != nil {
				return err
			}
		}
		if m, known := meters[id.Meter]; known {
			p.reached(id, usage.NewWalker(m.Transformer), folds)
		}
	}
	return nil
}

// weigh adds usage to that of its series. Sums of what was pruned are of no
// window.
func (p *proof) weigh(entry usage.Entry) {
	if !isWindow(entry.Window) {
		return
	}
	id := ledger.Series{Source: entry.Source, Meter: entry.Meter, Resource: entry.Resource}
	p.weighed[id] = p.weighed[id].Add(weight(entry))
}

func isWindow(span usage.Span) bool { return span.End.Sub(span.Start) == usage.WindowLength }

// weight is a volume times a number that stands for its window and kind.
func weight(entry usage.Entry) decimal.Decimal {
	if entry.Volume.Volume.IsZero() {
		return decimal.Zero
	}
	h := fnv.New64a()
	var hour [8]byte
	for i, at := 0, uint64(entry.Window.Start.Unix()); i < len(hour); i++ {
		hour[i] = byte(at >> (8 * i))
	}
	h.Write(hour[:])
	for _, text := range []string{entry.Datacenter, entry.Service, entry.Unit} {
		h.Write([]byte(text))
		h.Write([]byte{0})
	}
	return entry.Volume.Volume.Mul(decimal.NewFromUint64(h.Sum64() | 1))
}

// foldsOf names the windows of a series whose usage is not what was folded.
func (p *proof) foldsOf(ctx context.Context, id ledger.Series, folds []ledger.Fold) error {
	type kind struct {
		start                     int64
		datacenter, service, unit string
	}
	of := func(e usage.Entry) kind {
		return kind{e.Window.Start.Unix(), e.Datacenter, e.Service, e.Unit}
	}
	folded, recorded, pruned := map[kind]decimal.Decimal{}, map[int64]bool{}, map[int64]bool{}
	for i := range folds {
		recorded[folds[i].Window.Start.Unix()] = true
		pruned[folds[i].Window.Start.Unix()] = folds[i].Pruned
		for _, e := range folds[i].Entries {
			if e.Tenant == p.tenant {
				folded[of(e)] = folded[of(e)].Add(e.Volume.Volume)
			}
		}
	}
	kept := map[kind]decimal.Decimal{}
	add := func(e usage.Entry) {
		if e.Source == id.Source && e.Meter == id.Meter && e.Resource == id.Resource && isWindow(e.Window) {
			kept[of(e)] = kept[of(e)].Add(e.Volume.Volume)
			folded[of(e)] = folded[of(e)].Add(decimal.Zero)
		}
	}
	for e, err := range p.Store.Entries(ctx, ledger.EntryFilter{Tenant: p.tenant, Resource: id.Resource}) {
		if err != nil {
			return err
		}
		add(e)
	}
	for a, err := range p.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: p.tenant}) {
		if err != nil {
			return err
		}
		add(a.Entry)
	}
	for k, volume := range folded {
		window := usage.WindowAt(time.Unix(k.start, 0).UTC())
		switch {
		case kept[k].Equal(volume), pruned[k.start]: // the sum of a block of one hour
		case !recorded[k.start]:
			p.fail(nil, window, "%s in %s: meter %s, resource %s of source %s has %s %s, and nothing was folded for that window", k.service, k.datacenter, id.Meter, id.Resource, id.Source, kept[k], k.unit)
		default:
			p.fail(nil, window, "%s in %s: meter %s, resource %s of source %s has %s %s, and what was folded came to %s", k.service, k.datacenter, id.Meter, id.Resource, id.Source, kept[k], k.unit, volume)
		}
	}
	return nil
}

// reached proves that no window of the tenant is missing that the state after
// the one before reaches into.
func (p *proof) reached(id ledger.Series, walker *usage.Walker, folds []ledger.Fold) {
	var through time.Time
	for _, m := range p.marks {
		if m.Source == id.Source {
			through = m.Through
		}
	}
	for i := range folds {
		f := &folds[i]
		others := func(e usage.Entry) bool { return e.Tenant != p.tenant }
		switch end := f.Window.End; {
		case f.Pruned || !end.Before(through) || !walker.Reaches(f.State, end):
		case i+1 < len(folds) && folds[i+1].Window.Start.Equal(end):
		case len(f.Entries) == 0 || slices.ContainsFunc(f.Entries, others): // whose it would be is not known
		default:
			p.fail(nil, usage.WindowAt(end), "meter %s, resource %s of source %s: what came before reaches into this window, and it was not folded (collect again, with the samples of the hours before)", id.Meter, id.Resource, id.Source)
		}
	}
}
