package billing

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// An adjusting is an item that adjusts an earlier block, and the order that
// bills it.
type adjusting struct {
	*ledger.Order
	item ledger.Item
}

// sameLine reports whether two items for a block are of one service at one cost.
// They may be measured in different units.
func sameLine(a, b ledger.Item) bool {
	return a.Datacenter == b.Datacenter && a.Name == b.Name && a.Resource == b.Resource && a.Begun == b.Begun && a.Cost.Equal(b.Cost)
}

// before proves what items that adjust a block say was billed for it before: the
// first that was claimed, what the block's own order billed, and each later one,
// what that and those before it came to.
func (p *proof) before() {
	var lines [][]adjusting
	for i := range p.orders {
		o := &p.orders[i]
		for _, item := range o.Items {
			if item.Adjusts.IsZero() || len(item.Meters) == 0 {
				continue
			}
			same := func(l []adjusting) bool {
				return sameSpan(l[0].item.Adjusts, item.Adjusts) && sameService(l[0].item, item) && usage.SameUnit(l[0].item.Measured, item.Measured)
			}
			if at := slices.IndexFunc(lines, same); at >= 0 {
				lines[at] = append(lines[at], adjusting{o, item})
			} else {
				lines = append(lines, []adjusting{{o, item}})
			}
		}
	}
	for _, line := range lines {
		slices.SortStableFunc(line, func(a, b adjusting) int { return a.Claimed.Compare(b.Claimed) })
		p.beforeLine(line)
	}
}

// beforeLine proves the items of one service. Once an order was void that billed
// any of it, each must follow from some of what was billed, at whatever cost
// that was.
func (p *proof) beforeLine(line []adjusting) {
	block := line[0].item.Adjusts
	var attempts []*ledger.Order // at the block
	void := slices.ContainsFunc(line, func(a adjusting) bool { return a.Status == ledger.Void })
	for i := range p.orders {
		o := &p.orders[i]
		if o.Status == ledger.Parked && !o.Reserves || !o.Block.Overlaps(block) {
			continue
		}
		if !sameSpan(o.Block, block) {
			return // the time was billed in other blocks since
		}
		void = void || o.Status == ledger.Void
		attempts = append(attempts, o)
	}
	switch {
	case len(attempts) == 0: // said elsewhere
	case void:
		p.sums(attempts, line)
	default:
		for len(line) > 0 {
			of := line[0]
			other := func(a adjusting) bool { return !sameLine(a.item, of.item) }
			if own, ok := ownVolume(attempts[0], of); ok {
				p.chain(own, slices.DeleteFunc(slices.Clone(line), other))
			}
			line = slices.DeleteFunc(line, func(a adjusting) bool { return !other(a) })
		}
	}
}

// ownVolume is what an order's own items come to of a line, as its items that
// adjust it measure it.
func ownVolume(o *ledger.Order, of adjusting) (decimal.Decimal, bool) {
	rounding := HalfAwayFromZero
	if of.Rounding == HalfEven.String() {
		rounding = HalfEven
	}
	sum := decimal.Zero
	for _, item := range o.Items {
		if !item.Adjusts.IsZero() || !sameLine(item, of.item) {
			continue
		}
		volume, ok := rounding.convert(item.Volume, item.Measured, of.item.Measured, of.ValueDigits)
		if !ok {
			return sum, false
		}
		sum = sum.Add(volume)
	}
	return sum, true
}

// chain proves that each item begins where another ends.
func (p *proof) chain(own decimal.Decimal, line []adjusting) {
	at, rest := own, slices.Clone(line)
	for len(rest) > 0 {
		next := slices.IndexFunc(rest, func(a adjusting) bool { return a.item.Before.Equal(at) })
		if next < 0 && chains(own, line) {
			return
		}
		if next < 0 {
			for _, a := range rest {
				p.failBefore(a, at)
			}
			return
		}
		at = at.Add(rest[next].item.Volume)
		rest = slices.Delete(rest, next, next+1)
	}
}

// chains reports whether the items can come one after the other in some order:
// by the clocks of several machines it may be another than they were claimed in.
// As many begin at a volume as end there, but for the first and the last.
func chains(own decimal.Decimal, line []adjusting) bool {
	open := map[string]int{own.String(): 1} // ends at a volume, less what begins there
	end := own
	for _, a := range line {
		after := a.item.Before.Add(a.item.Volume)
		open[a.item.Before.String()]--
		open[after.String()]++
		end = end.Add(a.item.Volume)
	}
	open[end.String()]--
	for _, n := range open {
		if n != 0 {
			return false
		}
	}
	return true
}

// maxSums is of how many items all sums are looked at.
const maxSums = 12

// sums proves that each item begins with what some attempt at the block, and
// some of the other items, come to.
func (p *proof) sums(attempts []*ledger.Order, line []adjusting) {
	if len(line) > maxSums {
		return
	}
	for i, a := range line {
		var some []decimal.Decimal
		for _, o := range attempts {
			own, ok := ownVolume(o, a)
			if !ok {
				return
			}
			some = append(some, own)
		}
		last := some[len(some)-1]
		for j, other := range line {
			if i == j {
				continue
			}
			for _, sum := range slices.Clone(some) {
				some = append(some, sum.Add(other.item.Volume))
			}
		}
		if !slices.ContainsFunc(some, a.item.Before.Equal) {
			p.failBefore(a, last)
		}
	}
}

// lacked reports whether an adjustment is worth what its block lacked once an
// order was void: what it comes to with it, less the values of items that stood
// then, of some attempt at the block and of some other orders that adjusted it.
// Of very many items, and of a block that was billed in other blocks since,
// nobody can tell.
func (p *proof) lacked(of *ledger.Order, item ledger.Item) bool {
	if item.Adjusts.IsZero() {
		return false
	}
	var own, others []ledger.Item // each the sum of an order's
	void := false
	for i := range p.orders {
		o := &p.orders[i]
		if o.Status == ledger.Parked && !o.Reserves || o.Key == of.Key {
			continue
		}
		if o.Block.Overlaps(item.Adjusts) && !sameSpan(o.Block, item.Adjusts) {
			return true
		}
		if sameSpan(o.Block, item.Adjusts) {
			sum, _ := standing(o, item, usage.Span{})
			own, void = append(own, sum), void || o.Status == ledger.Void
		} else if sum, any := standing(o, item, item.Adjusts); any {
			others, void = append(others, sum), void || o.Status == ledger.Void
		}
	}
	if !void || len(others) > maxSums {
		return void
	}
	rounding := HalfAwayFromZero
	if of.Rounding == HalfEven.String() {
		rounding = HalfEven
	}
	for _, other := range others {
		for _, sum := range slices.Clone(own) {
			sum.Volume, sum.Value = sum.Volume.Add(other.Volume), sum.Value.Add(other.Value)
			own = append(own, sum)
		}
	}
	return slices.ContainsFunc(own, func(sum ledger.Item) bool {
		value, err := rounding.lacking(item, sum.Value, of.ValueDigits)
		return err == nil && sum.Volume.Equal(item.Before) && value.Equal(item.Value)
	})
}

// standing sums the items of an order that are of an item's service, and for the
// block that they adjust, zero for those of its own.
func standing(o *ledger.Order, of ledger.Item, adjusts usage.Span) (sum ledger.Item, any bool) {
	for _, item := range o.Items {
		if sameSpan(item.Adjusts, adjusts) && sameService(item, of) && usage.SameUnit(item.Measured, of.Measured) && usage.SameUnit(item.Unit, of.Unit) {
			sum.Volume, sum.Value, any = sum.Volume.Add(item.Volume), sum.Value.Add(item.Value), true
		}
	}
	return sum, any
}

func (p *proof) failBefore(a adjusting, was decimal.Decimal) {
	p.fail(a.Order, a.item.Adjusts, "%s in %s: %s%s %s are said to be billed before, and the orders before it billed %s",
		a.item.Name, a.item.Datacenter, forResource(a.item), a.item.Before, a.item.Measured, was)
}
