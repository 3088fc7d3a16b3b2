package billing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// descriptionNotBilled is what a person is told of late usage that is carried
// and costs nothing, as the usage of its block did.
const descriptionNotBilled = "not billed in its block"

// A past is what was billed for an earlier block until now, and what came late
// for it.
type past struct {
	*Engine
	order       ledger.Order
	rows        []ledger.Adjustment // of the block, carried and pending
	items       []ledger.Item       // the order's own, and then those that adjusted it
	own         int                 // how many of them are the order's own
	alike       bool                // whether the orders that they are of rounded as is done now
	late        bool                // whether anything is pending
	perResource bool                // whether items are for each resource
	names       map[[2]string]string
	meters      map[string]usage.Meter
	inv         invoice.Invoice      // of the block's order, once a price is asked for
	prices      map[[4]string]*price // that were asked for, by datacenter, service, unit and begun unit
	used        map[[3]string]bool   // meter, datacenter and service of what the block used, and was not billed for
	unknown     map[string]bool      // meters that are no longer in the config
	lines       []*line
	known       map[lateSeries]*line // that were looked for before; nil for those of a meter that is gone
}

// A lateSeries is late usage that is of one line, hour after hour.
type lateSeries struct{ meter, resource, datacenter, service, unit string }

// A price is what one unit of a service cost in the block.
type price struct {
	item    ledger.Item // without volumes
	missing error       // why there is none
	per     string      // what it is for, where that does not fit
}

// A line is what becomes one item: late usage of one service, at one cost.
type line struct {
	price
	use     *use // what is pending
	carries []ledger.Adjustment
}

// past reads what was billed for the block of a settled order, by it, by those
// that carry adjustments of the block, and by the adjusters.
func (e *Engine) past(ctx context.Context, order ledger.Order, perResource bool, adjusters []string) (*past, error) {
	p := &past{Engine: e, meters: e.metersByName(), prices: map[[4]string]*price{}, unknown: map[string]bool{}, known: map[lateSeries]*line{}}
	var err error
	if p.order, err = e.Store.Order(ctx, order.Key); err != nil {
		return nil, err
	}
	carriers := map[string]bool{}
	for _, key := range adjusters {
		carriers[key] = true
	}
	for a, err := range e.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: order.Tenant.ID, Within: order.Block}) {
		if err != nil {
			return nil, err
		}
		p.rows = append(p.rows, a)
		if a.Order != "" {
			carriers[a.Order] = true
		}
	}
	p.items = slices.Clone(p.order.Items)
	// What the order itself carried is of other blocks.
	p.items = slices.DeleteFunc(p.items, func(i ledger.Item) bool { return !i.Adjusts.IsZero() })
	p.own, p.alike = len(p.items), e.roundsLike(p.order)
	for _, key := range slices.Sorted(maps.Keys(carriers)) {
		carrier, err := e.Store.Order(ctx, key)
		if err != nil {
			return nil, err
		}
		p.alike = p.alike && e.roundsLike(carrier)
		for _, item := range carrier.Items {
			if item.Adjusts.Overlaps(order.Block) {
				p.items = append(p.items, item)
			}
		}
	}
	p.perResource = perResource
	if len(p.items) > 0 {
		p.perResource = slices.ContainsFunc(p.items, func(i ledger.Item) bool { return i.Resource != "" })
	}
	p.names, err = e.names(ctx, order.Tenant.ID, p.perResource)
	return p, err
}

// oneSource is an error where usage that came late is of a meter and resource
// that another source had billed in that window: it is that usage again.
func (p *past) oneSource(ctx context.Context) error {
	type at struct {
		meter, resource string
		start           int64
	}
	late := map[at]string{} // the source
	var pruned []usage.Entry
	for _, row := range p.rows {
		id := at{row.Meter, row.Resource, row.Window.Start.UnixNano()}
		if first, known := late[id]; known && first != row.Source {
			return twoSources(row.Entry, first)
		}
		late[id] = row.Source
	}
	for entry, err := range p.Store.Entries(ctx, ledger.EntryFilter{Tenant: p.order.Tenant.ID, Within: p.order.Block}) {
		if err != nil {
			return err
		}
		if !isWindow(entry.Window) {
			pruned = append(pruned, entry)
			continue
		}
		source, known := late[at{entry.Meter, entry.Resource, entry.Window.Start.UnixNano()}]
		if known && source != entry.Source {
			return twoSources(entry, source)
		}
	}
	// Of what was pruned it is still known which windows there were.
	for _, sum := range pruned {
		if !slices.ContainsFunc(p.rows, func(row ledger.Adjustment) bool {
			return row.Meter == sum.Meter && row.Resource == sum.Resource && row.Source != sum.Source
		}) {
			continue
		}
		folds, err := p.Store.Folds(ctx, ledger.Series{Source: sum.Source, Meter: sum.Meter, Resource: sum.Resource}, p.order.Block.Start)
		if err != nil {
			return err
		}
		for _, fold := range folds {
			source, known := late[at{sum.Meter, sum.Resource, fold.Window.Start.UnixNano()}]
			if known && fold.Pruned && source != sum.Source {
				sum.Window = fold.Window
				return twoSources(sum, source)
			}
		}
	}
	return nil
}

// gather puts every adjustment into its line.
func (p *past) gather(ctx context.Context) error {
	if p.late {
		if err := p.oneSource(ctx); err != nil {
			return err
		}
	}
	for _, row := range p.rows {
		of := lateSeries{row.Meter, row.Resource, row.Datacenter, row.Service, row.Unit}
		l, known := p.known[of]
		if !known {
			var err error
			if l, err = p.lineOf(ctx, row); err != nil {
				return err
			}
			p.known[of] = l
		}
		switch {
		case l == nil:
			p.unknown[row.Meter] = p.late
		case row.Order != "":
			l.item.Before = l.item.Before.Add(row.Volume.Volume)
		default:
			l.use.add(row.Entry)
			l.carries = append(l.carries, row)
		}
	}
	// Of what is billed and no longer carried there is no adjustment.
	for _, item := range p.items[p.own:] {
		if len(item.Meters) > 0 && !slices.ContainsFunc(p.lines, func(l *line) bool { return sameService(l.item, item) && usage.SameUnit(l.item.Measured, item.Measured) }) {
			volume := usage.Volume{Datacenter: item.Datacenter, Service: item.Name, Unit: item.Measured}
			p.line(price{item: item}, ledger.Adjustment{Entry: usage.Entry{Meter: item.Meters[0], Volume: volume}}, item.Resource)
		}
	}
	return nil
}

// lineOf returns the line of an adjustment, nil where nobody can tell whether
// its meter is billed.
func (p *past) lineOf(ctx context.Context, row ledger.Adjustment) (*line, error) {
	resource := ""
	if p.perResource {
		resource = row.Resource
	}
	cost, err := p.template(ctx, row, resource)
	if err != nil || cost == nil {
		return nil, err
	}
	return p.line(*cost, row, resource), nil
}

// line returns the line of an adjustment at a cost, a new one where it is the
// first.
func (p *past) line(cost price, row ledger.Adjustment, resource string) *line {
	of := cost.item
	of.Resource = resource
	same := func(item ledger.Item) bool {
		return sameLine(item, of)
	}
	for _, l := range p.lines {
		if same(l.item) && usage.SameUnit(l.item.Measured, row.Unit) && (l.missing == nil) == (cost.missing == nil) {
			return l
		}
	}
	l := &line{price: cost, use: newUse(row.Entry, cost.item.Begun, resource, "")}
	if l.item.Resource != resource || l.item.Description == "" {
		l.item.Resource = resource
		l.item.Description = describe(p.meters[row.Meter], p.names[[2]string{resource, row.Meter}])
	}
	l.item.Adjusts = usage.Span{Start: p.order.Block.Start.In(p.Location), End: p.order.Block.End.In(p.Location)}
	l.item.Before = decimal.Zero
	if !usage.SameUnit(l.item.Measured, row.Unit) {
		l.item.Measured = row.Unit
	}
	for _, billed := range p.items[:p.own] {
		if !same(billed) {
			continue
		}
		if volume, ok := p.Rounding.convert(billed.Volume, billed.Measured, l.item.Measured, p.ValueDigits); ok {
			l.item.Before = l.item.Before.Add(volume)
		}
	}
	p.lines = append(p.lines, l)
	return l
}

// template returns what an adjustment's item is to have of the block's own: its
// cost, unit and begun unit. Where the block never priced the service, that is
// asked of the ERP now, for the block's order. It is nil where nobody can tell
// whether the meter is billed.
func (p *past) template(ctx context.Context, row ledger.Adjustment, resource string) (*price, error) {
	billed, exact := p.billed(row, resource)
	if exact {
		return &price{item: billed}, nil
	}
	unbilled, err := p.unbilled(ctx, row)
	if err != nil {
		return nil, err
	}
	m, known := p.meters[row.Meter]
	switch {
	case unbilled || known && !m.Billed:
		free := invoice.Item{Datacenter: row.Datacenter, Name: row.Service, Unit: row.Unit, Resource: resource, Description: descriptionNotBilled}
		return &price{item: ledger.Item{Item: free, Measured: row.Unit}}, nil
	case !known:
		return nil, nil
	case billed.Name != "":
		return &price{item: billed}, nil
	}
	return p.ask(ctx, row, m)
}

// billed returns the item of the block that an adjustment corrects, or one of
// the same service from which its cost is known. It is exact where the item
// sums usage of the same meter.
func (p *past) billed(row ledger.Adjustment, resource string) (best ledger.Item, exact bool) {
	bestRank := 0
	for i, item := range p.items {
		if item.Datacenter != row.Datacenter || item.Name != row.Service || !measures(item, row.Unit) {
			continue
		}
		own := i < p.own
		rank := 0
		if own {
			rank++
		}
		if item.Resource == resource {
			rank += 2
		}
		sameMeter := slices.Contains(item.Meters, row.Meter) || own && len(item.Meters) == 0
		if sameMeter {
			rank += 4
		}
		if (own || sameMeter) && rank > bestRank {
			best, bestRank, exact = item, rank, sameMeter
		}
	}
	return best, exact
}

// measures reports whether an item sums volumes in a unit. Of one from before
// volumes were kept only its value is known, which may be in another.
func measures(item ledger.Item, unit string) bool {
	if usage.SameUnit(item.Measured, unit) {
		return true
	}
	_, _, converts := usage.Conversion(item.Measured, unit)
	return converts && len(item.Meters) == 0
}

// unbilled reports whether the block had usage like the adjustment's: no item
// is for it, so it was not billed then.
func (p *past) unbilled(ctx context.Context, row ledger.Adjustment) (bool, error) {
	if p.used == nil {
		sums := map[[3]string]decimal.Decimal{}
		for entry, err := range p.Store.Entries(ctx, ledger.EntryFilter{Tenant: p.order.Tenant.ID, Within: p.order.Block}) {
			if err != nil {
				return false, err
			}
			id := [3]string{entry.Meter, entry.Datacenter, entry.Service}
			if !p.itemized(entry) {
				sums[id] = sums[id].Add(entry.Volume.Volume)
			}
		}
		p.used = map[[3]string]bool{}
		for id, sum := range sums {
			p.used[id] = !sum.IsZero()
		}
	}
	return p.used[[3]string{row.Meter, row.Datacenter, row.Service}], nil
}

// itemized reports whether an entry of the block is summed by an item of its
// order, in whatever unit.
func (p *past) itemized(entry usage.Entry) bool {
	return slices.ContainsFunc(p.items[:p.own], func(i ledger.Item) bool {
		return i.Datacenter == entry.Datacenter && i.Name == entry.Service && slices.Contains(i.Meters, entry.Meter)
	})
}

// ask asks what a service cost in the block.
func (p *past) ask(ctx context.Context, row ledger.Adjustment, m usage.Meter) (*price, error) {
	id := [4]string{row.Datacenter, row.Service, row.Unit, m.Begun}
	if known := p.prices[id]; known != nil {
		return known, nil
	}
	var err error
	if p.inv == nil {
		if p.inv, err = p.ERP.NewInvoice(ctx, p.order.Order); err != nil {
			return nil, err
		}
	}
	cost := &price{}
	cost.item, cost.per, err = p.price(ctx, p.inv, newUse(row.Entry, m.Begun, "", ""))
	if isMissing(err) {
		cost.missing, err = err, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s in %s for late usage of %s: %w", row.Service, row.Datacenter, BlockLabel(p.order.Block, p.Location), err)
	}
	p.prices[id] = cost
	return cost, nil
}

// corrections computes the items of what is pending.
func (p *past) corrections(d *Draft) ([]correction, error) {
	slices.SortFunc(p.lines, func(a, b *line) int {
		return cmp.Or(cmp.Compare(a.item.Datacenter, b.item.Datacenter), cmp.Compare(a.item.Name, b.item.Name), cmp.Compare(a.item.Resource, b.item.Resource),
			cmp.Compare(a.item.Measured, b.item.Measured), cmp.Compare(a.item.Begun, b.item.Begun), a.item.Cost.Cmp(b.item.Cost))
	})
	for _, meter := range slices.Sorted(maps.Keys(p.unknown)) {
		if p.unknown[meter] && !slices.Contains(d.Unknown, meter) {
			d.Unknown = append(d.Unknown, meter)
		}
	}
	var all []correction
	for _, l := range p.lines {
		switch {
		case len(l.carries) == 0:
			if p.lacks(&l.item) {
				all = append(all, correction{item: l.item})
			}
			continue
		case l.missing != nil:
			d.miss(l.use, l.per, l.missing, BlockLabel(p.order.Block, p.Location))
			continue
		}
		l.item.Volume, l.item.Meters = l.use.volume, slices.Sorted(maps.Keys(l.use.meters))
		if err := p.correct(&l.item); err != nil {
			return nil, err
		}
		all = append(all, correction{l.item, l.carries})
	}
	return all, nil
}

// correct computes the value and amount of an adjustment: what its block comes
// to with it, less what the items that stand have billed. Where these cannot be
// compared, it is less what the volume before comes to: the same, unless an
// order was void.
func (p *past) correct(item *ledger.Item) error {
	err := p.figure(item)
	billed, known := p.stands(*item)
	if err != nil || !known {
		return err
	}
	if item.Value, err = p.Rounding.lacking(*item, billed, p.ValueDigits); err != nil {
		return err
	}
	item.Amount = p.Rounding.round(item.Value.Mul(item.Cost), p.Digits)
	return nil
}

// stands returns the value that was billed of what an item adjusts, by the
// block's order and those that adjusted it. It is not known where that was
// counted in other units, rounded otherwise, or for more than the block, and
// where these items sum something else than the volume before.
func (p *past) stands(of ledger.Item) (value decimal.Decimal, known bool) {
	volume := decimal.Zero
	for i, item := range p.items {
		switch {
		case !sameService(item, of):
			continue
		case !usage.SameUnit(item.Unit, of.Unit), !usage.SameUnit(item.Measured, of.Measured), i >= p.own && !sameSpan(item.Adjusts, of.Adjusts):
			return decimal.Zero, false
		}
		value, volume = value.Add(item.Value), volume.Add(item.Volume)
	}
	lines := 0
	for _, l := range p.lines {
		if sameService(l.item, of) {
			lines++
		}
	}
	return value, p.alike && lines == 1 && volume.Equal(of.Before)
}

// lacks makes an adjustment of no volume where the items that stand have billed
// something else than they come to together: an order was void that billed the
// difference, or the block was billed again. It reports whether there is one
// that is worth anything: less than a digit of a rounded value is not.
func (p *past) lacks(item *ledger.Item) bool {
	meters := map[string]bool{}
	for _, billed := range p.items {
		if sameService(billed, *item) {
			for _, meter := range billed.Meters {
				meters[meter] = true
			}
		}
	}
	item.Volume, item.Meters = decimal.Zero, slices.Sorted(maps.Keys(meters))
	if err := p.correct(item); err != nil {
		return false // its unit is none any more: there is nothing to compare
	}
	return !item.Value.IsZero() && !item.Cost.IsZero() && (item.Begun != "" || !item.Amount.IsZero())
}

// sameService reports whether two items for a block are of one service, and both
// billed or both not: at what cost does not matter, as it may be another in each
// attempt at the block.
func sameService(a, b ledger.Item) bool {
	return a.Datacenter == b.Datacenter && a.Name == b.Name && a.Resource == b.Resource && a.Begun == b.Begun && a.Cost.IsZero() == b.Cost.IsZero()
}

// roundsLike reports whether an order was rounded as is done now.
func (e *Engine) roundsLike(o ledger.Order) bool {
	return o.ValueDigits == e.ValueDigits && o.Rounding == e.Rounding.String()
}
