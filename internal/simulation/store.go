package simulation

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// errStore is a store that cannot be reached, or that went away before it
// answered: the transaction may have been kept.
var errStore = errors.New("the connection to the store is lost")

// A store is how one process sees the store.
type store struct {
	process *process
	world   *world
	inner   ledger.Store
	faults  int // a call fails once in so many times, 0 for never
}

// call runs one transaction between two points.
func call[T any](s *store, name string, f func() (T, error)) (T, error) {
	var zero T
	if err := s.process.step(name + ", before"); err != nil {
		return zero, err
	}
	if s.process.chance(s.faults) {
		return zero, errStore
	}
	value, err := f()
	if err := s.process.step(name + ", after"); err != nil {
		return zero, err
	}
	if s.process.chance(s.faults) {
		return zero, errStore
	}
	return value, err
}

func do(s *store, name string, f func() error) error {
	_, err := call(s, name, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// list runs one transaction that yields many values, and yields them after it.
func list[T any](s *store, name string, f func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		values, err := call(s, name, func() ([]T, error) {
			var values []T
			for value, err := range f() {
				if err != nil {
					return nil, err
				}
				values = append(values, value)
			}
			return values, nil
		})
		if err != nil {
			var zero T
			yield(zero, err)
			return
		}
		for _, value := range values {
			if !yield(value, nil) {
				return
			}
		}
	}
}

func (s *store) Record(ctx context.Context, batch ledger.Batch) error {
	return do(s, "record", func() error {
		err := s.inner.Record(ctx, batch)
		if err == nil {
			s.recorded(batch)
		}
		return err
	})
}

func (s *store) Folds(ctx context.Context, series ledger.Series, from time.Time) ([]ledger.Fold, error) {
	return call(s, "folds", func() ([]ledger.Fold, error) { return s.inner.Folds(ctx, series, from) })
}

func (s *store) Reaching(ctx context.Context, source string) iter.Seq2[ledger.Reach, error] {
	return list(s, "reaching", func() iter.Seq2[ledger.Reach, error] { return s.inner.Reaching(ctx, source) })
}

func (s *store) Marks(ctx context.Context) ([]ledger.Mark, error) {
	return call(s, "marks", func() ([]ledger.Mark, error) { return s.inner.Marks(ctx) })
}

func (s *store) Meters(ctx context.Context) ([]ledger.MeterMark, error) {
	return call(s, "meters", func() ([]ledger.MeterMark, error) { return s.inner.Meters(ctx) })
}

func (s *store) Bookmarks(ctx context.Context, source string) ([]ledger.Bookmark, error) {
	return call(s, "bookmarks", func() ([]ledger.Bookmark, error) { return s.inner.Bookmarks(ctx, source) })
}

func (s *store) Tenants(ctx context.Context) ([]usage.Tenant, error) {
	return call(s, "tenants", func() ([]usage.Tenant, error) { return s.inner.Tenants(ctx) })
}

func (s *store) Entries(ctx context.Context, f ledger.EntryFilter) iter.Seq2[usage.Entry, error] {
	return list(s, "entries", func() iter.Seq2[usage.Entry, error] { return s.inner.Entries(ctx, f) })
}

func (s *store) Adjustments(ctx context.Context, f ledger.AdjustmentFilter) iter.Seq2[ledger.Adjustment, error] {
	return list(s, "adjustments", func() iter.Seq2[ledger.Adjustment, error] { return s.inner.Adjustments(ctx, f) })
}

func (s *store) Gaps(ctx context.Context, f ledger.EntryFilter) iter.Seq2[ledger.Gap, error] {
	return list(s, "gaps", func() iter.Seq2[ledger.Gap, error] { return s.inner.Gaps(ctx, f) })
}

func (s *store) Revision(ctx context.Context, tenant string) (int64, error) {
	return call(s, "revision", func() (int64, error) {
		if tenant == "" {
			s.process.read = s.process.batches
		}
		return s.inner.Revision(ctx, tenant)
	})
}

func (s *store) Resources(ctx context.Context, tenant string) ([]ledger.Resource, error) {
	return call(s, "resources", func() ([]ledger.Resource, error) { return s.inner.Resources(ctx, tenant) })
}

func (s *store) Claim(ctx context.Context, claim ledger.Claim) (ledger.Hold, error) {
	return call(s, "claim", func() (ledger.Hold, error) {
		hold, err := s.inner.Claim(ctx, claim)
		if err == nil {
			s.claimed(claim)
		}
		return hold, s.given(claim.Order.Key, err)
	})
}

// given notes which process was given an order, and until when it may send it:
// the rest of what it asked for is until others can find that.
func (s *store) given(key string, err error) error {
	if err == nil {
		s.process.lease = s.process.now.Add(s.world.lease)
		s.process.owners[key] = s.process.name
	}
	return err
}

// changed notes where a process could change an order that another was given
// since.
func (s *store) changed(hold ledger.Hold, err error) error {
	if owner := s.process.owners[hold.Key]; err == nil && owner != s.process.name {
		s.accuse("changed order %s, which was given to %s", hold.Key, owner)
	}
	return err
}

// taken is what Take returns.
type taken struct {
	order ledger.Order
	hold  ledger.Hold
}

func (s *store) Take(ctx context.Context, key string, lease ledger.Lease, note ledger.Note) (ledger.Order, ledger.Hold, error) {
	t, err := call(s, "take", func() (taken, error) {
		order, hold, err := s.inner.Take(ctx, key, lease, note)
		return taken{order, hold}, s.given(key, err)
	})
	return t.order, t.hold, err
}

func (s *store) Settle(ctx context.Context, hold ledger.Hold, reference string, note ledger.Note) error {
	return do(s, "settle", func() error { return s.changed(hold, s.inner.Settle(ctx, hold, reference, note)) })
}

func (s *store) Suspend(ctx context.Context, hold ledger.Hold, status ledger.Status, note ledger.Note) error {
	return do(s, "suspend", func() error { return s.changed(hold, s.inner.Suspend(ctx, hold, status, note)) })
}

func (s *store) Release(ctx context.Context, hold ledger.Hold) error {
	return do(s, "release", func() error { return s.inner.Release(ctx, hold) })
}

func (s *store) Park(ctx context.Context, order ledger.Order, note ledger.Note) error {
	return do(s, "park", func() error { return s.inner.Park(ctx, order, note) })
}

func (s *store) Void(ctx context.Context, key string, note ledger.Note) error {
	return do(s, "void", func() error { return s.inner.Void(ctx, key, note) })
}

func (s *store) Orders(ctx context.Context, f ledger.OrderFilter) ([]ledger.Order, error) {
	return call(s, "orders", func() ([]ledger.Order, error) { return s.inner.Orders(ctx, f) })
}

func (s *store) Order(ctx context.Context, key string) (ledger.Order, error) {
	return call(s, "order", func() (ledger.Order, error) { return s.inner.Order(ctx, key) })
}

func (s *store) History(ctx context.Context, key string) ([]ledger.Change, error) {
	return call(s, "history", func() ([]ledger.Change, error) { return s.inner.History(ctx, key) })
}
