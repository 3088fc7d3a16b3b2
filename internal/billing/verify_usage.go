package billing

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A strand is usage of one meter that goes into one item, if into any.
type strand struct{ meter, datacenter, service, unit, resource string }

// in reports whether a strand belongs to an item.
func (s strand) in(item ledger.Item) bool {
	return s.datacenter == item.Datacenter && s.service == item.Name && usage.SameUnit(s.unit, item.Measured) &&
		slices.Contains(item.Meters, s.meter) && (item.Resource == "" || item.Resource == s.resource)
}

// strandOf is the strand of an entry; of all resources together where items are
// for none.
func strandOf(entry usage.Entry, perResource bool) strand {
	s := strand{entry.Meter, entry.Datacenter, entry.Service, entry.Unit, ""}
	if perResource {
		s.resource = entry.Resource
	}
	return s
}

// A place is where the usage that goes into an item may come from.
type place struct{ datacenter, service, resource string }

func (s strand) place() place { return place{s.datacenter, s.service, s.resource} }

func perResource(items []ledger.Item) bool {
	return slices.ContainsFunc(items, func(i ledger.Item) bool { return i.Resource != "" })
}

// covering returns the index of the reserved block that a window lies in, or
// -1.
func (p *proof) covering(window usage.Span) int {
	i := sort.Search(len(p.reserved), func(i int) bool { return p.reserved[i].Block.Start.After(window.Start) }) - 1
	if i >= 0 && p.reserved[i].Block.Covers(window) {
		return i
	}
	return -1
}

// usage proves that every item is what its entries come to, that no usage of a
// reserved block is in none, and that none lies between billed blocks or before
// what was collected.
func (p *proof) usage(ctx context.Context) error {
	sums := make([]map[strand]decimal.Decimal, len(p.reserved))
	itemized := make([]bool, len(p.reserved))
	for i, o := range p.reserved {
		sums[i], itemized[i] = map[strand]decimal.Decimal{}, perResource(o.Items)
	}
	meters := p.metersByName()
	holes := map[usage.Span]int{}
	early := map[string]usage.Span{} // by source, the first such window
	twice := map[[3]string]bool{}    // told already, by meter and the two sources
	var once onceOnly
	for entry, err := range p.Store.Entries(ctx, ledger.EntryFilter{Tenant: p.tenant}) {
		if err != nil {
			return err
		}
		p.Entries++
		p.weigh(entry)
		if !isWindow(entry.Window) {
			// Of which hours a sum is, is not known.
		} else if err := once.check(entry); err != nil {
			if id := [3]string{entry.Meter, entry.Source, once.from[[2]string{entry.Meter, entry.Resource}]}; !twice[id] {
				twice[id] = true
				p.fail(nil, entry.Window, "%v", err)
			}
		}
		if i := p.covering(entry.Window); i >= 0 {
			s := strandOf(entry, itemized[i])
			sums[i][s] = sums[i][s].Add(entry.Volume.Volume)
		} else if m, known := meters[entry.Meter]; !entry.Volume.Volume.IsZero() && (m.Billed || !known) {
			if hole, ok := p.hole(entry.Window); ok {
				holes[hole]++
			}
		}
		if _, told := early[entry.Source]; !told && p.isEarly(entry) {
			early[entry.Source] = entry.Window
		}
	}
	for i, o := range p.reserved {
		p.entries(o, sums[i])
	}
	for hole, entries := range holes {
		p.fail(nil, hole, "lies between billed blocks, has usage (%d entries), and is not billed (artifice status says what bills it)", entries)
	}
	for source, window := range early {
		p.fail(nil, window, "has usage from source %s, which is not collected so early", source)
	}
	return nil
}

// hole returns the time between two billed blocks that a window lies in.
func (p *proof) hole(window usage.Span) (usage.Span, bool) {
	i := sort.Search(len(p.reserved), func(i int) bool { return p.reserved[i].Block.Start.After(window.Start) })
	if i == 0 || i == len(p.reserved) {
		return usage.Span{}, false
	}
	return usage.Span{Start: p.reserved[i-1].Block.End.UTC(), End: p.reserved[i].Block.Start.UTC()}, true
}

// isEarly reports whether an entry lies before what was collected. The sums of a
// block begin where that does.
func (p *proof) isEarly(entry usage.Entry) bool {
	return slices.ContainsFunc(p.marks, func(m ledger.Mark) bool {
		return m.Source == entry.Source && !entry.Window.End.After(m.From) // a pruned block may begin before
	})
}

// entries proves the items of an order by the sums of its block's entries.
func (p *proof) entries(o *ledger.Order, sums map[strand]decimal.Decimal) {
	byPlace := map[place][]strand{}
	for s := range sums {
		byPlace[s.place()] = append(byPlace[s.place()], s)
	}
	billed, covered := map[string]bool{}, map[strand]bool{}
	for _, item := range o.Items {
		if !item.Adjusts.IsZero() {
			continue
		}
		if len(item.Meters) == 0 {
			return // nothing is known of how the order was made
		}
		sum := decimal.Zero
		for _, s := range byPlace[place{item.Datacenter, item.Name, item.Resource}] {
			if !s.in(item) {
				continue
			}
			if covered[s] {
				p.fail(o, usage.Span{}, "%s in %s: two items sum the usage of meter %s", item.Name, item.Datacenter, s.meter)
			}
			covered[s] = true
			sum = sum.Add(sums[s])
		}
		if !sum.Equal(item.Volume) {
			p.fail(o, usage.Span{}, "%s in %s: %s%s %s were billed, and its entries come to %s", item.Name, item.Datacenter, forResource(item), item.Volume, item.Measured, sum)
		}
		for _, meter := range item.Meters {
			billed[meter] = true
		}
	}
	for s, volume := range sums {
		if billed[s.meter] && !covered[s] && !comesToNothing(s, byPlace[s.place()], sums) {
			p.fail(o, usage.Span{}, "%s in %s: %s %s of meter %s are in no item", s.service, s.datacenter, volume, s.unit, s.meter)
		}
	}
}

// comesToNothing reports whether the usage of a service is nothing altogether,
// so that there is no item for it.
func comesToNothing(s strand, together []strand, sums map[strand]decimal.Decimal) bool {
	sum := decimal.Zero
	for _, other := range together {
		if usage.SameUnit(other.unit, s.unit) {
			sum = sum.Add(sums[other])
		}
	}
	return sum.IsZero() || sums[s].IsZero()
}

func forResource(item ledger.Item) string {
	if item.Resource == "" {
		return ""
	}
	return "of resource " + item.Resource + ", "
}

// A carried is an adjustment that an order carries.
type carried struct {
	strand strand
	window usage.Span
	volume decimal.Decimal
	found  bool
}

// adjustments proves that every adjustment is carried once, by an order whose
// items account for it, or is pending for a block that is reserved.
func (p *proof) adjustments(ctx context.Context) error {
	byKey := map[string]*ledger.Order{}
	for i := range p.orders {
		byKey[p.orders[i].Key] = &p.orders[i]
	}
	type id struct {
		start time.Time
		ledger.Series
		datacenter, service, unit, order string
	}
	seen := map[id]bool{}
	all := map[*ledger.Order][]*carried{}
	for a, err := range p.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: p.tenant}) {
		if err != nil {
			return err
		}
		p.Adjustments++
		p.weigh(a.Entry)
		key := id{a.Window.Start.UTC(), ledger.Series{Source: a.Source, Meter: a.Meter, Resource: a.Resource}, a.Datacenter, a.Service, a.Unit, a.Order}
		if seen[key] {
			p.fail(byKey[a.Order], a.Window, "the adjustment of meter %s, resource %s is there twice", a.Meter, a.Resource)
		}
		seen[key] = true
		o := byKey[a.Order]
		switch {
		case a.Order == "" && p.covering(a.Window) < 0:
			p.fail(nil, a.Window, "an adjustment of meter %s, resource %s is pending, and no order reserves its block", a.Meter, a.Resource)
		case a.Order == "":
		case o == nil:
			p.fail(nil, a.Window, "an adjustment of meter %s, resource %s is carried by order %s, which is not there", a.Meter, a.Resource, a.Order)
		case !o.Reserves:
			p.fail(o, a.Window, "is %s, and carries an adjustment of meter %s, resource %s", o.Status, a.Meter, a.Resource)
		default:
			all[o] = append(all[o], &carried{strand: strandOf(a.Entry, true), window: a.Window, volume: a.Volume.Volume})
		}
	}
	for _, o := range p.reserved {
		p.carries(o, all[o])
	}
	return nil
}

// carries proves the items of an order that adjust earlier blocks, by all the
// adjustments that it carries.
func (p *proof) carries(o *ledger.Order, all []*carried) {
	for _, item := range o.Items {
		if item.Adjusts.IsZero() {
			continue
		}
		if !slices.ContainsFunc(p.orders, func(other ledger.Order) bool { return sameSpan(other.Block, item.Adjusts) }) {
			p.fail(o, item.Adjusts, "%s in %s: adjusts a block that was never billed", item.Name, item.Datacenter)
		}
		sum := decimal.Zero
		for _, c := range all {
			if !item.Adjusts.Covers(c.window) || !c.strand.in(item) {
				continue
			}
			if c.found {
				p.fail(o, c.window, "%s in %s: two items are for one adjustment", item.Name, item.Datacenter)
			}
			c.found = true
			sum = sum.Add(c.volume)
		}
		if !sum.Equal(item.Volume) {
			p.fail(o, item.Adjusts, "%s in %s: adjusts %s%s %s, and the adjustments that it carries come to %s", item.Name, item.Datacenter, forResource(item), item.Volume, item.Measured, sum)
		}
	}
	for _, c := range all {
		if !c.found {
			p.fail(o, c.window, "carries an adjustment of %s in %s (meter %s, resource %s), and no item of it is for that", c.strand.service, c.strand.datacenter, c.strand.meter, c.strand.resource)
		}
	}
}
