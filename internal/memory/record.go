package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Record implements ledger.Usage.
func (s *Store) Record(ctx context.Context, b ledger.Batch) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if b.Revision != 0 && b.Revision != s.revision("") {
		return ledger.ErrStale
	}
	change := s.change()
	for _, series := range b.Series {
		for _, fold := range series.Folds {
			if err := checkFold(series.Series, fold); err != nil {
				return fmt.Errorf("%s %s of %s: %w", series.Meter, series.Resource, series.Source, err)
			}
			if err := change.record(series.Series, copyFold(fold)); err != nil {
				return err
			}
		}
	}
	marks, err := s.joinMarks(b.Marks)
	if err != nil {
		return err
	}
	for _, m := range b.Meters {
		if err := checkBorder(m.Through); err != nil {
			return fmt.Errorf("mark of meter %s for %s: %w", m.Meter, m.Source, err)
		}
	}
	for _, r := range b.Resources {
		if err := checkInstant(r.Seen); err != nil {
			return fmt.Errorf("resource %s of tenant %s: %w", r.ID, r.Tenant, err)
		}
	}
	change.apply()
	s.recorded++
	maps.Copy(s.marks, marks)
	for _, m := range b.Meters {
		m.Through = utc(m.Through)
		key := meterKey{m.Source, m.Meter}
		if known := s.meters[key].Through; known.After(m.Through) {
			m.Through = known
		}
		s.meters[key] = m
	}
	for _, m := range b.Bookmarks {
		if key := (bookmarkKey{m.Tenant, m.Source}); m.Text != "" {
			s.bookmarks[key] = m.Text
		} else {
			delete(s.bookmarks, key)
		}
	}
	for _, t := range b.Tenants {
		s.tenants[t.ID] = copyTenant(t)
	}
	for _, r := range b.Resources {
		s.resources[resourceKey{r.Tenant, r.ID, r.Meter}] = copyResource(r)
	}
	return nil
}

// joinMarks returns the marks that change, as they are after it.
func (c *content) joinMarks(marks []ledger.Mark) (map[markKey]ledger.Mark, error) {
	joined := map[markKey]ledger.Mark{}
	var errs []error
	for _, m := range marks {
		key := markKey{m.Tenant, m.Source}
		old, known := joined[key]
		if !known {
			old, known = c.marks[key]
		}
		err := checkMark(m)
		if err == nil && known && (m.From.After(old.Through) || m.Through.Before(old.From)) {
			err = fmt.Errorf("%s to %s leaves a hole to %s to %s, which was collected",
				m.From.Format(time.RFC3339), m.Through.Format(time.RFC3339), old.From.Format(time.RFC3339), old.Through.Format(time.RFC3339))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("mark of tenant %q for %s: %w", m.Tenant, m.Source, err))
			continue
		}
		m.From, m.Through = utc(m.From), utc(m.Through)
		if known && old.From.Before(m.From) {
			m.From = old.From
		}
		if known && old.Through.After(m.Through) {
			m.Through = old.Through
		}
		joined[key] = m
	}
	return joined, errors.Join(errs...)
}

// record replaces what there is of the fold's window. What a reserving order
// billed stays, and the difference is pending.
func (c *change) record(series ledger.Series, fold ledger.Fold) error {
	key := windowKey{series, hourOf(fold.Window.Start)}
	before := c.window(key)
	if before == nil {
		before = &window{}
	}
	if before.fold.Pruned {
		if before.fold.Digest != fold.Digest {
			return &ledger.PrunedError{Series: series, Window: before.fold.Window}
		}
		return nil
	}
	cells, told := before.cells(), make(map[kind]usage.Entry, len(fold.Entries))
	for _, e := range fold.Entries {
		told[kindOf(e)] = e
		if _, known := cells[kindOf(e)]; !known {
			cells[kindOf(e)] = cell{entry: nothing(e), pending: nothing(e)}
		}
	}
	for k, cell := range cells {
		total, exists := told[k]
		if !exists {
			total = nothing(cell.entry)
		}
		cell.pending = nothing(cell.pending)
		total = subtract(total, cell.beyond())
		if c.content.reservedBy(k.tenant, fold.Window) != nil {
			cell.pending = subtract(total, cell.entry)
		} else {
			cell.entry, cell.exists = total, exists || !total.Volume.Volume.IsZero()
		}
		cells[k] = cell
	}
	fold.Entries, fold.Pruned = nil, false
	c.windows[key] = join(fold, cells)
	return nil
}
