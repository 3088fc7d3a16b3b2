package ledgertest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A memory is a store that keeps the contract in the plainest way, but for one
// planted fault, "" for none.
type memory struct {
	fault string

	mu        sync.Mutex
	folds     map[ledger.Series]map[time.Time]ledger.Fold
	marks     map[[2]string]ledger.Mark
	resources map[[3]string]ledger.Resource
	tenants   map[string]usage.Tenant
	orders    map[string]ledger.Order
}

func newMemory(fault string) *memory {
	return &memory{fault: fault, folds: map[ledger.Series]map[time.Time]ledger.Fold{}, marks: map[[2]string]ledger.Mark{},
		resources: map[[3]string]ledger.Resource{}, tenants: map[string]usage.Tenant{}, orders: map[string]ledger.Order{}}
}

// has reports whether the fault is planted.
func (m *memory) has(fault string) bool { return m.fault == fault }

// lock begins a method.
func (m *memory) lock(ctx context.Context) error {
	m.mu.Lock()
	if err := ctx.Err(); err != nil && !m.has("context ignored") {
		m.mu.Unlock()
		return err
	}
	return nil
}

func (m *memory) Record(ctx context.Context, b ledger.Batch) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, s := range b.Series {
		for _, f := range s.Folds {
			w := usage.WindowAt(f.Window.Start)
			if !m.has("any window") && (!w.Start.Equal(f.Window.Start) || !w.End.Equal(f.Window.End) || w.Start.Year() < 1700) {
				return errors.New("a window is an hour")
			}
			if err := m.checkFrozen(s.Series, f); err != nil && !m.has("half a batch kept") {
				return err
			}
		}
	}
	for _, s := range b.Series {
		if m.folds[s.Series] == nil {
			m.folds[s.Series] = map[time.Time]ledger.Fold{}
		}
		for _, f := range s.Folds {
			if err := m.checkFrozen(s.Series, f); err != nil {
				return err
			}
			m.recordFold(s.Series, f)
		}
	}
	for _, t := range b.Tenants {
		if old, known := m.tenants[t.ID]; known && m.has("first name stands") {
			t = old
		}
		if m.has("extra of tenants lost") {
			t.Extra = nil
		}
		m.tenants[t.ID] = t
	}
	for _, r := range b.Resources {
		key := [3]string{r.Tenant, r.ID, r.Meter}
		if m.has("meters of a resource mixed up") {
			key[2] = ""
		}
		m.resources[key] = r
	}
	for _, mark := range b.Marks {
		key := [2]string{mark.Tenant, mark.Source}
		if old, ok := m.marks[key]; !ok || mark.Through.After(old.Through) || m.has("mark moves back") {
			m.marks[key] = mark
		}
	}
	return nil
}

func (m *memory) recordFold(s ledger.Series, f ledger.Fold) {
	old := m.folds[s][f.Window.Start]
	f.Entries = slices.Clone(f.Entries)
	switch {
	case m.has("fold without entries dropped") && len(f.Entries) == 0:
		return
	case m.has("first fold stands") && old.Digest != "":
		return
	case m.has("entries added, not replaced"):
		f.Entries = append(slices.DeleteFunc(slices.Clone(old.Entries), func(e usage.Entry) bool {
			return slices.ContainsFunc(f.Entries, func(n usage.Entry) bool { return n.Tenant == e.Tenant && n.Service == e.Service })
		}), f.Entries...)
	case m.has("state of the fold lost"):
		f.State.Until = time.Time{}
	case m.has("volumes rounded"):
		for i := range f.Entries {
			f.Entries[i].Volume.Volume = f.Entries[i].Volume.Volume.Truncate(20)
		}
	case m.has("units mixed up"):
		f.Entries = slices.CompactFunc(f.Entries, func(a, b usage.Entry) bool { return a.Tenant == b.Tenant && a.Service == b.Service })
		slices.SortFunc(f.Entries, func(a, b usage.Entry) int { return cmp.Compare(a.Service+a.Tenant, b.Service+b.Tenant) })
		f.Entries = slices.CompactFunc(f.Entries, func(a, b usage.Entry) bool { return a.Tenant == b.Tenant && a.Service == b.Service })
	}
	m.folds[s][f.Window.Start] = f
}

// checkFrozen reports entries that would change within a reserved block.
func (m *memory) checkFrozen(s ledger.Series, f ledger.Fold) error {
	before := m.folds[s][f.Window.Start].Entries
	changed := func(from, to []usage.Entry) (tenants []string) {
		for _, e := range from {
			if !slices.ContainsFunc(to, func(o usage.Entry) bool {
				return e.Volume.Volume.Equal(o.Volume.Volume) && describe(e) == describe(o)
			}) {
				tenants = append(tenants, e.Tenant)
			}
		}
		return tenants
	}
	tenants := changed(f.Entries, before)
	if !m.has("removal not frozen") {
		tenants = append(tenants, changed(before, f.Entries)...)
	}
	if m.has("every record frozen") {
		for _, e := range f.Entries {
			tenants = append(tenants, e.Tenant)
		}
	}
	for _, o := range m.orders {
		frozen := o.Reserves && o.Block.Overlaps(f.Window) && (slices.Contains(tenants, o.Tenant.ID) || m.has("other tenants frozen"))
		if frozen && !m.has("usage not frozen") && !(m.has("settled usage not frozen") && o.Status == ledger.Settled) {
			return &ledger.FrozenError{Tenant: o.Tenant.ID, Window: f.Window}
		}
	}
	return nil
}

func describe(e usage.Entry) string {
	e.Volume.Volume = e.Volume.Volume.Sub(e.Volume.Volume)
	return fmt.Sprint(e.Tenant, e.Datacenter, e.Service, e.Unit, e.Samples)
}

func (m *memory) Folds(ctx context.Context, s ledger.Series) ([]ledger.Fold, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	folds := slices.SortedFunc(maps.Values(m.folds[s]), func(a, b ledger.Fold) int { return a.Window.Start.Compare(b.Window.Start) })
	if m.has("newest fold first") {
		slices.Reverse(folds)
	}
	return folds, nil
}

func (m *memory) Marks(ctx context.Context) ([]ledger.Mark, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.marks), func(a, b ledger.Mark) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Source, b.Source))
	}), nil
}

func (m *memory) Entries(ctx context.Context, f ledger.EntryFilter) iter.Seq2[usage.Entry, error] {
	return func(yield func(usage.Entry, error) bool) {
		if err := m.lock(ctx); err != nil {
			yield(usage.Entry{}, err)
			return
		}
		var all []usage.Entry
		for _, folds := range m.folds {
			for _, fold := range folds {
				all = append(all, fold.Entries...)
			}
		}
		m.mu.Unlock()
		slices.SortFunc(all, func(a, b usage.Entry) int {
			byMeter := cmp.Or(cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.Resource, b.Resource))
			if m.has("entries by resource, then meter") {
				byMeter = cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Meter, b.Meter))
			}
			return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), a.Window.Start.Compare(b.Window.Start), cmp.Compare(a.Datacenter, b.Datacenter),
				cmp.Compare(a.Service, b.Service), byMeter, cmp.Compare(a.Source, b.Source))
		})
		for _, e := range all {
			in := f.Within.IsZero() || f.Within.Covers(e.Window)
			if m.has("windows that stick out") {
				in = f.Within.IsZero() || f.Within.Overlaps(e.Window)
			}
			if in && (f.Tenant == "" || f.Tenant == e.Tenant) && !yield(e, nil) {
				return
			}
		}
	}
}

func (m *memory) Tenants(ctx context.Context) ([]usage.Tenant, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.tenants), func(a, b usage.Tenant) int { return cmp.Compare(a.ID, b.ID) }), nil
}

func (m *memory) Resources(ctx context.Context, tenant string) ([]ledger.Resource, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	resources := slices.SortedFunc(maps.Values(m.resources), func(a, b ledger.Resource) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Meter, b.Meter))
	})
	return slices.DeleteFunc(resources, func(r ledger.Resource) bool { return r.Tenant != tenant }), nil
}

func (m *memory) add(ctx context.Context, o ledger.Order) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if !o.Block.End.After(o.Block.Start) && !m.has("any block") {
		return errors.New("the block ends before it starts")
	}
	overlaps := func(other ledger.Order) bool {
		if other.Tenant.ID != o.Tenant.ID && !m.has("tenants share their time") {
			return false
		}
		if m.has("closed blocks") {
			return !other.Block.Start.After(o.Block.End) && !o.Block.Start.After(other.Block.End)
		}
		return other.Block.Overlaps(o.Block)
	}
	for _, other := range m.orders {
		if other.Reserves && overlaps(other) && !m.has("no overlap check") && !(m.has("parked over reserved") && !o.Reserves) &&
			!(m.has("in doubt reserves nothing") && other.Status == ledger.InDoubt) {
			other.Items = nil
			return &ledger.OverlapError{Tenant: o.Tenant.ID, Block: o.Block, By: other}
		}
	}
	if old, ok := m.orders[o.Key]; ok && old.Reserves && !m.has("key taken over") {
		return errors.New("the key is taken")
	}
	maps.DeleteFunc(m.orders, func(_ string, other ledger.Order) bool {
		return o.Reserves && !other.Reserves && overlaps(other) && !m.has("parked makes no way")
	})
	o.Changed, o.Items = o.Claimed, slices.Clone(o.Items)
	if m.has("items sorted") {
		slices.SortStableFunc(o.Items, func(a, b itemOf) int { return cmp.Compare(a.Name, b.Name) })
	}
	if m.has("adjusted block lost") {
		for i := range o.Items {
			o.Items[i].Adjusts = usage.Span{}
		}
	}
	if m.has("times in UTC") {
		o.Block.Start, o.Block.End, o.Date = o.Block.Start.UTC(), o.Block.End.UTC(), o.Date.UTC()
	}
	if m.has("times in microseconds") {
		o.Block.Start, o.Block.End = o.Block.Start.Truncate(time.Microsecond), o.Block.End.Truncate(time.Microsecond)
	}
	o.Date = o.Date.In(o.Block.Start.Location())
	m.orders[o.Key] = o
	return nil
}

func (m *memory) Claim(ctx context.Context, o ledger.Order) error {
	o.Status, o.Reserves, o.Reason, o.Reference = ledger.Claimed, true, "", ""
	return m.add(ctx, o)
}

func (m *memory) Park(ctx context.Context, o ledger.Order) error {
	o.Status, o.Reserves, o.Reference = ledger.Parked, m.has("parked reserves"), ""
	if !m.has("parked with items") {
		o.Items = nil
	}
	return m.add(ctx, o)
}

func (m *memory) change(ctx context.Context, key string, status ledger.Status, reason, reference string, at time.Time) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	o, ok := m.orders[key]
	switch {
	case !ok && !m.has("unknown order settled"):
		return ledger.ErrNoOrder
	case !ok:
		return nil
	case !o.Reserves && !m.has("parked settled"), o.Status == ledger.Settled && !m.has("settled twice"):
		return ledger.ErrNotClaimed
	}
	o.Status, o.Reason, o.Reference, o.Changed = status, reason, reference, at
	m.orders[key] = o
	return nil
}

func (m *memory) Settle(ctx context.Context, key, reference string, at time.Time) error {
	return m.change(ctx, key, ledger.Settled, "", reference, at)
}

func (m *memory) Suspend(ctx context.Context, key string, status ledger.Status, reason string, at time.Time) error {
	if status != ledger.InDoubt && status != ledger.Parked && !m.has("suspended as anything") {
		return errors.New("an order is suspended as in doubt or parked")
	}
	return m.change(ctx, key, status, reason, "", at)
}

func (m *memory) Orders(ctx context.Context, f ledger.OrderFilter) ([]ledger.Order, error) {
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	orders := slices.SortedFunc(maps.Values(m.orders), func(a, b ledger.Order) int {
		if m.has("orders by key") {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Or(a.Block.Start.Compare(b.Block.Start), cmp.Compare(a.Tenant.ID, b.Tenant.ID), cmp.Compare(a.Key, b.Key))
	})
	for i := range orders {
		if !m.has("orders with items") {
			orders[i].Items = nil
		}
	}
	return slices.DeleteFunc(orders, func(o ledger.Order) bool {
		prefixed := strings.HasPrefix(o.Key, f.KeyPrefix)
		if m.has("key contains") {
			prefixed = strings.Contains(o.Key, f.KeyPrefix)
		}
		return f.Tenant != "" && o.Tenant.ID != f.Tenant || len(f.Statuses) > 0 && !slices.Contains(f.Statuses, o.Status) || !prefixed
	}), nil
}

func (m *memory) Order(ctx context.Context, key string) (ledger.Order, error) {
	if err := m.lock(ctx); err != nil {
		return ledger.Order{}, err
	}
	defer m.mu.Unlock()
	o, ok := m.orders[key]
	if !ok {
		return o, ledger.ErrNoOrder
	}
	return o, nil
}
