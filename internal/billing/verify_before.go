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
				return sameSpan(l[0].item.Adjusts, item.Adjusts) && sameLine(l[0].item, item) && usage.SameUnit(l[0].item.Measured, item.Measured)
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

// beforeLine proves the items of one line. Once an order was void that billed
// any of it, each must follow from some of what was billed.
func (p *proof) beforeLine(line []adjusting) {
	block := line[0].item.Adjusts
	var own []decimal.Decimal // of each attempt at the block
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
		volume, ok := ownVolume(o, line[0])
		if !ok {
			return
		}
		own = append(own, volume)
	}
	switch {
	case len(own) == 0: // said elsewhere
	case !void:
		p.chain(own[0], line)
	default:
		p.sums(own, line)
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
func (p *proof) sums(own []decimal.Decimal, line []adjusting) {
	if len(line) > maxSums {
		return
	}
	for i, a := range line {
		some := slices.Clone(own)
		for j, other := range line {
			if i == j {
				continue
			}
			for _, sum := range slices.Clone(some) {
				some = append(some, sum.Add(other.item.Volume))
			}
		}
		if !slices.ContainsFunc(some, a.item.Before.Equal) {
			p.failBefore(a, own[len(own)-1])
		}
	}
}

func (p *proof) failBefore(a adjusting, was decimal.Decimal) {
	p.fail(a.Order, a.item.Adjusts, "%s in %s: %s%s %s are said to be billed before, and the orders before it billed %s",
		a.item.Name, a.item.Datacenter, forResource(a.item), a.item.Before, a.item.Measured, was)
}
