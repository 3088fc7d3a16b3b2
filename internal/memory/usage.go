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
	"github.com/openstack-artifice/artifice/usage"
)

// Folds implements ledger.Usage. A fold's entries are what is billed in its
// block, what orders carry for it and what is pending together.
func (s *Store) Folds(ctx context.Context, series ledger.Series, from time.Time) ([]ledger.Fold, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	hours := slices.Sorted(maps.Keys(s.hours[series]))
	first := 0
	for first+1 < len(hours) && s.windows[windowKey{series, hours[first+1]}].fold.Window.Start.Before(from) {
		first++
	}
	var folds []ledger.Fold
	for _, hour := range hours[min(first, len(hours)):] {
		folds = append(folds, s.windows[windowKey{series, hour}].recorded())
	}
	return folds, nil
}

// recorded is the fold with its entries as they were recorded.
func (w *window) recorded() ledger.Fold {
	fold := copyFold(w.fold)
	for _, c := range w.cells() {
		late := len(c.carried) > 0 || !c.pending.Volume.Volume.IsZero()
		total := add(c.entry, c.beyond())
		if c.exists && !late || !total.Volume.Volume.IsZero() {
			fold.Entries = append(fold.Entries, total)
		}
	}
	slices.SortFunc(fold.Entries, compareEntries)
	return fold
}

// Reaching implements ledger.Usage.
func (s *Store) Reaching(ctx context.Context, source string) iter.Seq2[ledger.Reach, error] {
	return listed(ctx, s, func() []ledger.Reach {
		var all []ledger.Reach
		for series, hours := range s.hours {
			if series.Source != source || len(hours) == 0 {
				continue
			}
			last := s.windows[windowKey{series, slices.Max(slices.Collect(maps.Keys(hours)))}].fold
			if until := last.State.Until; !until.IsZero() && !until.Before(last.Window.End) {
				all = append(all, ledger.Reach{Series: series, Through: last.Window.End, Until: until})
			}
		}
		slices.SortFunc(all, func(a, b ledger.Reach) int { return compareSeries(a.Series, b.Series) })
		return all
	})
}

// Marks implements ledger.Usage.
func (s *Store) Marks(ctx context.Context) ([]ledger.Mark, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.marks), compareMarks), nil
}

// Meters implements ledger.Usage.
func (s *Store) Meters(ctx context.Context) ([]ledger.MeterMark, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.meters), compareMeters), nil
}

// Bookmarks implements ledger.Usage.
func (s *Store) Bookmarks(ctx context.Context, source string) ([]ledger.Bookmark, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var bookmarks []ledger.Bookmark
	for key, text := range s.bookmarks {
		if key.source == source {
			bookmarks = append(bookmarks, ledger.Bookmark{Tenant: key.tenant, Source: source, Text: text})
		}
	}
	slices.SortFunc(bookmarks, func(a, b ledger.Bookmark) int { return strings.Compare(a.Tenant, b.Tenant) })
	return bookmarks, nil
}

// Tenants implements ledger.Usage.
func (s *Store) Tenants(ctx context.Context) ([]usage.Tenant, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var tenants []usage.Tenant
	for _, id := range slices.Sorted(maps.Keys(s.tenants)) {
		tenants = append(tenants, copyTenant(s.tenants[id]))
	}
	return tenants, nil
}

// Resources implements ledger.Usage.
func (s *Store) Resources(ctx context.Context, tenant string) ([]ledger.Resource, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var resources []ledger.Resource
	for key, r := range s.resources {
		if key.tenant == tenant {
			resources = append(resources, copyResource(r))
		}
	}
	slices.SortFunc(resources, compareResources)
	return resources, nil
}

func compareResources(a, b ledger.Resource) int {
	return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.ID, b.ID), strings.Compare(a.Meter, b.Meter))
}

// Revision implements ledger.Usage.
func (s *Store) Revision(ctx context.Context, tenant string) (int64, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	return s.revision(tenant), nil
}

func (c *content) revision(tenant string) int64 {
	if tenant == "" {
		return 1 + c.recorded
	}
	if a, known := c.accounts[tenant]; known {
		return a.revision
	}
	return 0
}

// windowsOf yields the windows in which a tenant has anything, with "" all, in
// no order.
func (c *content) windowsOf(tenant string) iter.Seq2[windowKey, *window] {
	if tenant == "" {
		return maps.All(c.windows)
	}
	return func(yield func(windowKey, *window) bool) {
		for _, a := range c.accountsOf(tenant) {
			for key := range a.windows {
				if !yield(key, c.windows[key]) {
					return
				}
			}
		}
	}
}

// accountsOf yields the account of a tenant, with "" all, in no order.
func (c *content) accountsOf(tenant string) iter.Seq2[string, *account] {
	if tenant == "" {
		return maps.All(c.accounts)
	}
	return func(yield func(string, *account) bool) {
		if a, known := c.accounts[tenant]; known {
			yield(tenant, a)
		}
	}
}

func within(span, window usage.Span) bool { return span.IsZero() || span.Covers(window) }

// Entries implements ledger.Usage.
func (s *Store) Entries(ctx context.Context, f ledger.EntryFilter) iter.Seq2[usage.Entry, error] {
	return listed(ctx, s, func() []usage.Entry {
		var all []usage.Entry
		add := func(e usage.Entry) {
			if (f.Tenant == "" || f.Tenant == e.Tenant) && (f.Resource == "" || f.Resource == e.Resource) && within(f.Within, e.Window) {
				all = append(all, e)
			}
		}
		for _, w := range s.windowsOf(f.Tenant) {
			for _, e := range w.entries {
				add(e)
			}
		}
		for _, a := range s.accountsOf(f.Tenant) {
			for _, sum := range a.sums {
				add(sum.Entry)
			}
		}
		slices.SortFunc(all, compareEntries)
		return all
	})
}

// Adjustments implements ledger.Usage.
func (s *Store) Adjustments(ctx context.Context, f ledger.AdjustmentFilter) iter.Seq2[ledger.Adjustment, error] {
	return listed(ctx, s, func() []ledger.Adjustment {
		var all []ledger.Adjustment
		for _, w := range s.windowsOf(f.Tenant) {
			for _, a := range w.late {
				if (f.Tenant == "" || f.Tenant == a.Tenant) && within(f.Within, a.Window) && (!f.Pending || a.Order == "") {
					all = append(all, a)
				}
			}
		}
		slices.SortFunc(all, compareAdjustments)
		return all
	})
}

// Gaps implements ledger.Usage.
func (s *Store) Gaps(ctx context.Context, f ledger.EntryFilter) iter.Seq2[ledger.Gap, error] {
	type gapKey struct {
		ledger.Series
		tenant string
		from   time.Time
	}
	return listed(ctx, s, func() []ledger.Gap {
		ends, let := map[gapKey]time.Time{}, map[gapKey]bool{}
		for key, w := range s.windows {
			for _, g := range w.fold.Gaps {
				id := gapKey{key.Series, g.Tenant, g.From}
				if g.To.After(ends[id]) {
					ends[id] = g.To
				}
				if (f.Tenant == "" || f.Tenant == g.Tenant) && (f.Resource == "" || f.Resource == key.Resource) && within(f.Within, w.fold.Window) {
					let[id] = true
				}
			}
		}
		var all []ledger.Gap
		for id := range let {
			all = append(all, ledger.Gap{Series: id.Series, Gap: usage.Gap{Tenant: id.tenant, From: id.from, To: ends[id]}})
		}
		slices.SortFunc(all, func(a, b ledger.Gap) int {
			return cmp.Or(strings.Compare(a.Tenant, b.Tenant), compareSeries(a.Series, b.Series), a.From.Compare(b.From))
		})
		return all
	})
}

// listed yields what list returns when the sequence is gone through, and does
// not hold the store up meanwhile.
func listed[T any](ctx context.Context, s *Store, list func() []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := s.begin(ctx); err != nil {
			yield(none, err)
			return
		}
		all := list()
		s.mu.Unlock()
		for _, v := range all {
			if err := ctx.Err(); err != nil {
				yield(none, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}
