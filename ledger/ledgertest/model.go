package ledgertest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A model says what a store should have, from the last folds alone and from
// what each order billed: it remembers no entry that is not billed, and nothing
// that is pending, but computes them whenever they are asked for.
type model struct {
	told   map[place]decimal.Decimal // what the last fold of each window comes to
	orders []*modelOrder
}

// A place is where usage is of one kind: a window of a series, its tenant and
// service.
type place struct {
	hour             int
	resource, tenant string
	service          string
}

// A modelOrder is what a model knows of an order.
type modelOrder struct {
	key, tenant string
	first, last int // its block, in hours
	status      ledger.Status
	reserves    bool
	pruned      bool
	changes     int                       // how long its history is
	holds       []ledger.Hold             // the last of which is good
	billed      map[place]decimal.Decimal // of its block, while it reserves it
	carried     map[place]decimal.Decimal // of other blocks, until it is void
}

func (o *modelOrder) covers(hour int) bool { return o.first <= hour && hour < o.last }

func (o *modelOrder) overlaps(first, last int) bool { return o.first < last && first < o.last }

// order returns the order of a key, nil where there is none.
func (m *model) order(key string) *modelOrder {
	if i := slices.IndexFunc(m.orders, func(o *modelOrder) bool { return o.key == key }); i >= 0 {
		return m.orders[i]
	}
	return nil
}

// reserving returns the order that reserves a tenant's hour, nil where none
// does.
func (m *model) reserving(tenant string, hour int) *modelOrder {
	for _, o := range m.orders {
		if o.reserves && o.tenant == tenant && o.covers(hour) {
			return o
		}
	}
	return nil
}

// carried is what all orders carry for a place.
func (m *model) carried(p place) (sum decimal.Decimal) {
	for _, o := range m.orders {
		sum = sum.Add(o.carried[p])
	}
	return sum
}

// places lists all places of a tenant of which anything is known.
func (m *model) places(tenant string) []place {
	all := map[place]bool{}
	for p := range m.told {
		all[p] = true
	}
	for _, o := range m.orders {
		for p := range o.billed {
			all[p] = true
		}
		for p := range o.carried {
			all[p] = true
		}
	}
	maps.DeleteFunc(all, func(p place, _ bool) bool { return p.tenant != tenant })
	return slices.SortedFunc(maps.Keys(all), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), strings.Compare(a.service, b.service), strings.Compare(a.resource, b.resource))
	})
}

// used is what is billed of a place, or will be where nobody reserves it, and
// what is pending for it.
func (m *model) used(p place) (entry, pending decimal.Decimal) {
	if o := m.reserving(p.tenant, p.hour); o != nil {
		return o.billed[p], m.told[p].Sub(o.billed[p]).Sub(m.carried(p))
	}
	return m.told[p].Sub(m.carried(p)), decimal.Decimal{}
}

// lines is what wantUsage says of a tenant, its sums apart.
func (m *model) lines(tenant string) (lines []string) {
	sums := map[string]decimal.Decimal{}
	for _, p := range m.places(tenant) {
		entry, _ := m.used(p)
		if o := m.reserving(tenant, p.hour); o != nil && o.pruned {
			at := entryLine(usage.Entry{Window: hours(o.first, o.last), Resource: p.resource, Volume: volume(tenant, p.service, "0")})
			sums[at] = sums[at].Add(entry)
		} else if !entry.IsZero() {
			lines = append(lines, entryLine(p.entry(entry))+entry.String())
		}
	}
	for at, sum := range sums {
		if !sum.IsZero() {
			lines = append(lines, at+sum.String())
		}
	}
	for _, p := range m.places(tenant) {
		if _, pending := m.used(p); !pending.IsZero() {
			lines = append(lines, adjustmentLine(ledger.Adjustment{Entry: p.entry(pending)}))
		}
		for _, o := range m.orders {
			if carried, ok := o.carried[p]; ok {
				lines = append(lines, adjustmentLine(ledger.Adjustment{Entry: p.entry(carried), Order: o.key}))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// placeOf is where an entry is.
func placeOf(e usage.Entry) place {
	return place{int(e.Window.Start.Sub(midnight) / usage.WindowLength), e.Resource, e.Tenant, e.Service}
}

// entry is an entry at a place.
func (p place) entry(v decimal.Decimal) usage.Entry {
	return usage.Entry{
		Source: vm.Source, Meter: vm.Meter, Resource: p.resource, Window: hours(p.hour, p.hour+1),
		Volume: usage.Volume{Tenant: p.tenant, Datacenter: "wlg", Service: p.service, Volume: v, Unit: "second", Samples: 1},
	}
}

// pruned reports whether entries of a window were pruned, of whichever tenant.
// Where they were 0 only a store may think either.
func (m *model) pruned(resource string, hour int) (pruned, open bool) {
	for _, o := range m.orders {
		for p, volume := range o.billed {
			if o.pruned && p.resource == resource && p.hour == hour {
				pruned, open = pruned || !volume.IsZero(), open || volume.IsZero()
			}
		}
	}
	return pruned, open && !pruned
}

// foldOf is what the last fold of a window came to.
func (m *model) foldOf(resource string, hour int) map[place]decimal.Decimal {
	volumes := maps.Clone(m.told)
	maps.DeleteFunc(volumes, func(p place, _ decimal.Decimal) bool { return p.resource != resource || p.hour != hour })
	return volumes
}

// wasVoid reports whether a void order had the hour.
func (m *model) wasVoid(hour int) bool {
	return slices.ContainsFunc(m.orders, func(o *modelOrder) bool { return o.status == ledger.Void && o.covers(hour) })
}

// record says what a fold comes to now.
func (m *model) record(resource string, hour int, volumes map[place]decimal.Decimal) {
	maps.DeleteFunc(m.told, func(p place, _ decimal.Decimal) bool { return p.resource == resource && p.hour == hour })
	maps.Copy(m.told, volumes)
}

// claim adds an order that reserves its block, and carries adjustments.
func (m *model) claim(o *modelOrder, carries []ledger.Adjustment) {
	o.billed, o.carried = map[place]decimal.Decimal{}, map[place]decimal.Decimal{}
	for _, p := range m.places(o.tenant) {
		entry, _ := m.used(p)
		if _, told := m.told[p]; o.covers(p.hour) && (told || !entry.IsZero()) {
			o.billed[p] = entry
		}
	}
	o.changes = m.before(o.key) + 1
	for _, a := range carries {
		o.carried[placeOf(a.Entry)] = a.Volume.Volume
	}
	m.orders = slices.DeleteFunc(m.orders, func(other *modelOrder) bool {
		return other.key == o.key || other.tenant == o.tenant && other.status == ledger.Parked && !other.reserves && other.overlaps(o.first, o.last)
	})
	o.status, o.reserves = ledger.Claimed, true
	m.orders = append(m.orders, o)
}

// before is how many changes an order of the key has that makes way.
func (m *model) before(key string) int {
	if o := m.order(key); o != nil {
		return o.changes
	}
	return 0
}

// prune drops what the settled orders that end by an hour billed. Where the
// store has entries, if only of 0, and where adjustments, it is told.
func (m *model) prune(before int, entries, adjustments map[place]bool) {
	for _, o := range m.orders {
		if o.status != ledger.Settled || o.last > before || len(o.billed) == 0 {
			continue
		}
		kept := false
		for _, p := range m.places(o.tenant) {
			_, pending := m.used(p)
			kept = kept || o.covers(p.hour) && (!pending.IsZero() || slices.ContainsFunc(m.orders, func(other *modelOrder) bool {
				_, carries := other.carried[p]
				return carries && other.status != ledger.Settled
			}))
		}
		for p := range entries {
			kept = kept || p.tenant == o.tenant && o.covers(p.hour) && (m.shared(p, entries) || m.shared(p, adjustments))
		}
		o.pruned = !kept || o.pruned
	}
}

// shared reports whether one of the places is in the same window of a series as
// another, of another tenant, of whom no settled order has it.
func (m *model) shared(with place, places map[place]bool) bool {
	for p := range places {
		if p.hour == with.hour && p.resource == with.resource && p.tenant != with.tenant {
			if by := m.reserving(p.tenant, p.hour); by == nil || by.status != ledger.Settled {
				return true
			}
		}
	}
	return false
}

// listed is what a model knows of its orders, as text.
func (m *model) listed() (lines []string) {
	for _, o := range m.orders {
		lines = append(lines, fmt.Sprintf("%s %s %d-%d %s reserves=%t changes=%d", o.key, o.tenant, o.first, o.last, o.status, o.reserves, o.changes))
	}
	slices.Sort(lines)
	return lines
}
