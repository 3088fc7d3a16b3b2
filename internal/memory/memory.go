// Package memory is a ledger that keeps all in memory, for tests and
// simulations. It keeps the contract of package ledger in the plainest way, and
// does what stores do beyond it. Its clock is whatever one likes, and a copy of
// it is a backup.
package memory

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Options are what a store may be made with.
type Options struct {
	// Now is the clock by which leases end, time.Now where it is nil.
	Now func() time.Time
	// Shared lets several processes bill at the same time, as PostgreSQL does:
	// only the lock "collect" keeps anybody out.
	Shared bool
}

// A Store is a ledger in memory. It may be used concurrently.
type Store struct {
	now    func() time.Time
	shared bool

	mu    sync.Mutex
	locks map[string]*bool // by name; whoever holds one knows the pointer
	content
}

// content is all that is kept. What the pointers point to, and what a slice or
// map within a value holds, never changes: it is replaced.
type content struct {
	tenants   map[string]usage.Tenant
	marks     map[markKey]ledger.Mark
	meters    map[meterKey]ledger.MeterMark
	resources map[resourceKey]ledger.Resource
	bookmarks map[bookmarkKey]string
	windows   map[windowKey]*window
	hours     map[ledger.Series]map[int64]bool // the windows of a series
	orders    map[string]*order
	accounts  map[string]*account
	recorded  int64 // batches
}

type markKey struct{ tenant, source string }

type meterKey struct{ source, meter string }

type resourceKey struct{ tenant, id, meter string }

type bookmarkKey struct{ tenant, source string }

// A windowKey names a window of a series by its number since 1970.
type windowKey struct {
	ledger.Series
	hour int64
}

// A window is what is kept of one window of a series.
type window struct {
	fold    ledger.Fold         // without its entries
	entries []usage.Entry       // in the order of compareEntries
	late    []ledger.Adjustment // in that order, then by order
}

// An account is what is kept of one tenant.
type account struct {
	revision int64
	windows  map[windowKey]bool // in which it has entries or adjustments
	orders   map[string]bool    // by key
	sums     []ledger.Sum       // of the entries that were pruned
}

// An order is what is kept of an order. Whether its lease has ended is for the
// clock to say.
type order struct {
	ledger.Order
	fence   int64
	history []ledger.Change
}

var (
	_ ledger.Store         = (*Store)(nil)
	_ ledger.HealthChecker = (*Store)(nil)
	_ ledger.Locker        = (*Store)(nil)
	_ ledger.Archiver      = (*Store)(nil)
	_ ledger.Pruner        = (*Store)(nil)
)

// New returns an empty store.
func New(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Store{now: o.Now, shared: o.Shared, locks: map[string]*bool{}, content: newContent()}
}

func newContent() content {
	return content{
		tenants: map[string]usage.Tenant{}, marks: map[markKey]ledger.Mark{}, meters: map[meterKey]ledger.MeterMark{}, resources: map[resourceKey]ledger.Resource{},
		bookmarks: map[bookmarkKey]string{}, windows: map[windowKey]*window{}, hours: map[ledger.Series]map[int64]bool{},
		orders: map[string]*order{}, accounts: map[string]*account{},
	}
}

// Clone returns a store with the same content and clock, leases included, that
// goes its own way from here: a backup. Nobody holds a lock of it.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := content{
		tenants: maps.Clone(s.tenants), marks: maps.Clone(s.marks), meters: maps.Clone(s.meters), resources: maps.Clone(s.resources),
		bookmarks: maps.Clone(s.bookmarks), windows: maps.Clone(s.windows), hours: make(map[ledger.Series]map[int64]bool, len(s.hours)),
		orders: maps.Clone(s.orders), accounts: make(map[string]*account, len(s.accounts)), recorded: s.recorded,
	}
	for series, hours := range s.hours {
		c.hours[series] = maps.Clone(hours)
	}
	for tenant, a := range s.accounts {
		c.accounts[tenant] = &account{a.revision, maps.Clone(a.windows), maps.Clone(a.orders), a.sums}
	}
	return &Store{now: s.now, shared: s.shared, locks: map[string]*bool{}, content: c}
}

// Restore puts the store back to what a clone of it was: an old backup. Locks
// stay.
func (s *Store) Restore(backup *Store) {
	c := backup.Clone().content
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content = c
}

// begin starts a method, which then ends with s.mu.Unlock.
func (s *Store) begin(ctx context.Context) error {
	s.mu.Lock()
	if err := ctx.Err(); err != nil {
		s.mu.Unlock()
		return err
	}
	return nil
}

// account returns what is kept of a tenant, an empty one to fill where that is
// nothing.
func (c *content) account(tenant string) *account {
	a, known := c.accounts[tenant]
	if !known {
		a = &account{windows: map[windowKey]bool{}, orders: map[string]bool{}}
		c.accounts[tenant] = a
	}
	return a
}

// Lock implements ledger.Locker. The lock ends with unlock, or with Unlock,
// which stands for the end of the process.
func (s *Store) Lock(ctx context.Context, name string) (unlock func() error, err error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if s.shared && name != "collect" {
		return func() error { return nil }, nil
	}
	if s.locks[name] != nil {
		return nil, fmt.Errorf("lock %q: %w", name, ledger.ErrLocked)
	}
	mine := new(bool)
	s.locks[name] = mine
	return func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.locks[name] == mine {
			delete(s.locks, name)
		}
		return nil
	}, nil
}

// Unlock ends all locks, as the end of the process that holds them would.
func (s *Store) Unlock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.locks)
}

// CheckHealth implements ledger.HealthChecker: memory is always well.
func (s *Store) CheckHealth(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield("ledger in memory", nil) }
}
