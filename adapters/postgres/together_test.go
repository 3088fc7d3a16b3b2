package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/sqlledger"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// How much is billed together.
const (
	manyTenants = 4
	manyBlocks  = 6
	blockHours  = 8
)

func tenantName(n int) string { return fmt.Sprint("tenant-", n) }

// TestBillTogether lets several stores, each as another process would have one,
// bill the same blocks of the same tenants at once, while usage of them keeps
// changing: each block is billed once, and in the end every window's usage is
// what was billed, and carried, and is pending.
func TestBillTogether(t *testing.T) {
	db := newDatabase(t)
	first := openStore(t, db)
	for n := range manyTenants {
		must(t, first.Record(t.Context(), tenantBatch(n, 0, manyBlocks*blockHours, 1000)))
	}
	erp := &countingERP{invoices: map[string]int{}}
	var all sync.WaitGroup
	for n := range 4 {
		s := openStore(t, db)
		all.Go(func() {
			if err := erp.billAll(t.Context(), s, fmt.Sprint("process-", n)); err != nil {
				t.Error(err)
			}
		})
	}
	s := openStore(t, db)
	all.Go(func() {
		for round := range 20 {
			n := round % manyTenants
			if err := s.Record(t.Context(), tenantBatch(n, round, round+8, 1001+round)); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if len(erp.invoices) != manyTenants*manyBlocks {
		t.Errorf("%d invoices were made, want %d", len(erp.invoices), manyTenants*manyBlocks)
	}
	for key, n := range erp.invoices {
		if n != 1 {
			t.Errorf("order %s was billed %d times", key, n)
		}
	}
	checkConserved(t, first)
}

// tenantBatch is usage of a tenant's resource.
func tenantBatch(n, first, last, volume int) ledger.Batch {
	series := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprint("vm-", n)}
	return entryBatch(series, first, last, tenantName(n), fmt.Sprint(volume))
}

// A countingERP counts how often each order was sent to it.
type countingERP struct {
	mu       sync.Mutex
	invoices map[string]int
}

// billAll bills all blocks of all tenants, in an order of its own.
func (e *countingERP) billAll(ctx context.Context, s *Store, holder string) error {
	for _, i := range rand.Perm(manyTenants * manyBlocks) {
		tenant, block := i%manyTenants, i/manyTenants
		o := newOrder(fmt.Sprintf("%02x%02x", tenant, block), tenantName(tenant), hours(block*blockHours, (block+1)*blockHours), 3)
		hold, err := draftAndClaim(ctx, s, o, ledger.Lease{Holder: holder, For: lease.For})
		if _, taken := errors.AsType[*ledger.OverlapError](err); taken {
			continue
		}
		if err != nil {
			return err
		}
		e.mu.Lock()
		e.invoices[o.Key]++
		e.mu.Unlock()
		if err := s.Settle(ctx, hold, "INV-"+o.Key, note); err != nil {
			return err
		}
	}
	return nil
}

// draftAndClaim claims an order with all that is pending of its tenant, and
// drafts it again where the usage changed meanwhile.
func draftAndClaim(ctx context.Context, s *Store, o ledger.Order, l ledger.Lease) (ledger.Hold, error) {
	for {
		revision, err := s.Revision(ctx, o.Tenant.ID)
		if err != nil {
			return ledger.Hold{}, err
		}
		var late []ledger.Adjustment
		for a, err := range s.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: o.Tenant.ID, Pending: true}) {
			if err != nil {
				return ledger.Hold{}, err
			}
			late = append(late, a)
		}
		hold, err := s.Claim(ctx, ledger.Claim{Order: o, Revision: revision, Carries: late, Lease: l, Note: note})
		if !errors.Is(err, ledger.ErrStale) {
			return hold, err
		}
	}
}

// checkConserved finds in each window what its fold came to last: round r of
// TestBillTogether recorded the hours r to r+8 of tenant r%4.
func checkConserved(t *testing.T, s *Store) {
	t.Helper()
	type place struct {
		tenant string
		window usage.Span
	}
	got := map[place]decimal.Decimal{}
	for e, err := range s.Entries(t.Context(), ledger.EntryFilter{}) {
		must(t, err)
		got[place{e.Tenant, e.Window}] = e.Volume.Volume
	}
	carried := 0
	for a, err := range s.Adjustments(t.Context(), ledger.AdjustmentFilter{}) {
		must(t, err)
		p := place{a.Tenant, a.Window}
		got[p] = got[p].Add(a.Volume.Volume)
		if a.Order != "" {
			carried++
		}
	}
	t.Logf("%d adjustments were carried", carried)
	for n := range manyTenants {
		for h := range manyBlocks * blockHours {
			want := 1000
			for round := range 20 {
				if round%manyTenants == n && h >= round && h < round+8 {
					want = 1001 + round
				}
			}
			if v := got[place{tenantName(n), hours(h, h+1)}]; v.String() != fmt.Sprint(want) {
				t.Errorf("hour %d of tenant %d comes to %s, want %d", h, n, v, want)
			}
		}
	}
}

// TestRecordTogether: several stores add the same names, windows, resources and
// marks at once, and none fails.
func TestRecordTogether(t *testing.T) {
	db := newDatabase(t)
	var all sync.WaitGroup
	for n := range 4 {
		s := openStore(t, db)
		all.Go(func() {
			for i := range 10 {
				b := entryBatch(ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprint("vm-", i)}, i, i+3, tenantName(i), "1")
				b.Series[0].Folds[0].Entries = nil // which locks no tenant
				b.Series[0].Folds = b.Series[0].Folds[:1+n%2]
				b.Marks = []ledger.Mark{{Source: "object", From: hour(0), Through: hour(i + 1)}}
				b.Resources = []ledger.Resource{{Tenant: tenantName(i), ID: "vm", Meter: "instance"}}
				b.Tenants = []usage.Tenant{{ID: tenantName(i), Name: fmt.Sprint(n)}}
				if err := s.Record(t.Context(), b); err != nil {
					t.Errorf("store %d, batch %d: %v", n, i, err)
				}
			}
		})
	}
	all.Wait()
	s := openStore(t, db)
	marks, err := s.Marks(t.Context())
	must(t, err)
	tenants, err := s.Tenants(t.Context())
	must(t, err)
	if len(marks) != 1 || !marks[0].Through.Equal(hour(10)) || len(tenants) != 10 {
		t.Errorf("got the marks %v and %d tenants", marks, len(tenants))
	}
}

// TestLockTenants: a transaction that saw a tenant before another one was done
// with it runs again when it locks it, also where that other one changed
// nothing of the tenant's usage.
func TestLockTenants(t *testing.T) {
	s, db := populated(t)
	other := openStore(t, db)
	runs, orders := 0, 0
	must(t, s.db.Transact(t.Context(), false, func(c sqlledger.Conn) error {
		runs++
		count := func() error { return c.Tx.QueryRow(`SELECT count(*) FROM orders`).Scan(&orders) }
		if err := count(); err != nil { // takes the snapshot
			return err
		}
		if runs == 1 {
			must(t, other.Park(t.Context(), newOrder("bb", "acme", hours(45, 50), 0), note))
		}
		if err := s.db.LockTenants(t.Context(), c, []int64{1}); err != nil {
			return err
		}
		return count()
	}))
	if runs != 2 || orders != 6 {
		t.Errorf("it ran %d times and saw %d orders, want 2 and 6", runs, orders)
	}
}

// TestAddedMeanwhile: a transaction that adds what another one has added since
// it began runs again, and finds it.
func TestAddedMeanwhile(t *testing.T) {
	s, db := populated(t)
	other := openStore(t, db)
	fold := entryBatch(vm, 60, 61, "acme", "1")
	fold.Series[0].Folds[0].Entries = nil // which locks no tenant
	runs := 0
	must(t, s.db.Transact(t.Context(), false, func(c sqlledger.Conn) error {
		runs++
		var there bool
		if err := c.Tx.QueryRow(`SELECT EXISTS (SELECT FROM folds WHERE hour = 60)`).Scan(&there); err != nil || there {
			return err
		}
		if runs == 1 {
			must(t, other.Record(t.Context(), fold))
		}
		return s.db.Insert(t.Context(), c, "folds", []string{"series_id", "hour", "samples", "digest", "data"}, []any{int64(1), int64(60), int64(1), []byte("x"), ""})
	}))
	if runs != 2 {
		t.Errorf("it ran %d times, want 2", runs)
	}
}
