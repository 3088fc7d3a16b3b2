package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// atOnce runs f in n goroutines that start together, and returns their errors.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// testConcurrentClaims: of claims that overlap, made at once, one wins.
func (s suite) testConcurrentClaims(t *testing.T) {
	store := s.open(t)
	for round := range 10 {
		tenant := fmt.Sprintf("tenant-%d", round)
		claim := func(i int) ledger.Order { // all of them share hour 10
			return order(fmt.Sprintf("%02x%02x", round, i), tenant, hours(i, 11+i))
		}
		winner := -1
		for i, err := range atOnce(8, func(i int) error { return store.Claim(t.Context(), claim(i)) }) {
			_, refused := errors.AsType[*ledger.OverlapError](err)
			switch {
			case err == nil && winner < 0:
				winner = i
			case err == nil:
				t.Errorf("the claims %d and %d overlap, and both won", winner, i)
			case !refused:
				t.Errorf("claim %d: got error %v, want an *OverlapError", i, err)
			}
		}
		if winner < 0 {
			t.Fatal("nobody won")
		}
		same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{Tenant: tenant})),
			[]ledger.Order{withoutItems(claim(winner))})
	}
}

// testConcurrentRecords: batches recorded at once are all kept, and readers see
// each of them whole or not at all.
func (s suite) testConcurrentRecords(t *testing.T) {
	store := s.open(t)
	const writers, folds = 4, 5
	errs := atOnce(writers+1, func(i int) error {
		if i == writers {
			return readWhole(t.Context(), store, writers, folds)
		}
		for n := range folds {
			a := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("a-%d", i)}
			b := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("b-%d", i)}
			err := store.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{
				{Series: a, Folds: []ledger.Fold{fold(a, n, volume("acme", "c1.small", "1"))}},
				{Series: b, Folds: []ledger.Fold{fold(b, n, volume("acme", "c1.small", "1"))}},
			}, Marks: []ledger.Mark{{Tenant: "acme", Source: a.Resource, Through: hour(n + 1)}}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	must(t, errors.Join(errs...))
	if got := len(collect(t, store.Entries(t.Context(), ledger.EntryFilter{}))); got != 2*writers*folds {
		t.Errorf("got %d entries, want %d", got, 2*writers*folds)
	}
	if got := len(get[[]ledger.Mark](t)(store.Marks(t.Context()))); got != writers {
		t.Errorf("got %d marks, want %d", got, writers)
	}
}

// readWhole reads while testConcurrentRecords writes: of the two entries of a
// batch none is ever seen without the other.
func readWhole(ctx context.Context, store ledger.Store, writers, folds int) error {
	for range writers * folds {
		seen := map[string]int{}
		for e, err := range store.Entries(ctx, ledger.EntryFilter{}) {
			if err != nil {
				return err
			}
			seen[fmt.Sprint(e.Resource[2:], e.Window)]++
		}
		for batch, entries := range seen {
			if entries != 2 {
				return fmt.Errorf("saw %d entries of batch %s, want 2", entries, batch)
			}
		}
	}
	return nil
}

// testCancelled: with a context that is over every method says so, and does
// nothing.
func (s suite) testCancelled(t *testing.T) {
	store := s.open(t)
	b := batch(vm, fold(vm, 0, volume("acme", "c1.small", "1")))
	o := order("aa", "acme", hours(0, 24))
	must(t, store.Record(t.Context(), b))
	must(t, store.Claim(t.Context(), o))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, foldsErr := store.Folds(ctx, vm)
	_, marksErr := store.Marks(ctx)
	_, tenantsErr := store.Tenants(ctx)
	_, resourcesErr := store.Resources(ctx, "acme")
	_, ordersErr := store.Orders(ctx, ledger.OrderFilter{})
	_, orderErr := store.Order(ctx, "aa")
	var entriesErr error
	for e, err := range store.Entries(ctx, ledger.EntryFilter{}) {
		if err == nil {
			t.Errorf("got entry %v with a cancelled context", e)
		}
		entriesErr = err
	}
	for method, err := range map[string]error{
		"Record":  store.Record(ctx, batch(vm, fold(vm, 30, volume("acme", "c1.small", "1")))),
		"Claim":   store.Claim(ctx, order("bb", "acme", hours(24, 48))),
		"Park":    store.Park(ctx, parked("cc", "acme", hours(24, 48))),
		"Settle":  store.Settle(ctx, "aa", "INV-1", hour(1001)),
		"Suspend": store.Suspend(ctx, "aa", ledger.InDoubt, "because", hour(1001)),
		"Folds":   foldsErr, "Marks": marksErr, "Tenants": tenantsErr, "Resources": resourcesErr, "Orders": ordersErr, "Order": orderErr, "Entries": entriesErr,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want context.Canceled", method, err)
		}
	}
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), []usage.Entry(b.Series[0].Folds[0].Entries))
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), []ledger.Order{withoutItems(o)})
}
