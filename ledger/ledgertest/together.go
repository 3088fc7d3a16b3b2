package ledgertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

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

// testLock: one program at a time holds a lock, each name for itself.
func (s suite) testLock(t *testing.T) {
	store := s.open(t)
	able[ledger.Locker](t, store, "Locker")
	var two [2]ledger.Locker
	for i, one := range s.twice(t, store) {
		two[i] = one.(ledger.Locker)
	}
	for i := range 3 {
		first, second := two[i%2], two[1-i%2]
		unlock := get[func() error](t)(first.Lock(t.Context(), "collect"))
		for _, other := range two {
			_, err := other.Lock(t.Context(), "collect")
			wantErr(t, "a lock taken twice", err, ledger.ErrLocked)
		}
		bill := get[func() error](t)(second.Lock(t.Context(), "bill")) // is another
		must(t, bill())
		_, err := second.Lock(t.Context(), "collect")
		wantErr(t, "a lock taken twice", err, ledger.ErrLocked)
		must(t, unlock())
	}
	unlock := get[func() error](t)(two[1].Lock(t.Context(), "collect"))
	must(t, store.Record(t.Context(), batch(vm, mine(0, "1")))) // a lock keeps nobody from writing
	must(t, unlock())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if unlock, err := two[0].Lock(ctx, "collect"); err == nil {
		must(t, unlock())
		t.Error("a lock was given although the context is over")
	}
}

// testConcurrentClaims: of claims that overlap, made at once, one wins.
func (s suite) testConcurrentClaims(t *testing.T) {
	store := s.open(t)
	two := s.twice(t, store)
	for round := range 10 {
		tenant := fmt.Sprintf("tenant-%d", round)
		o := func(i int) ledger.Order { // all of them share hour 10
			return order(fmt.Sprintf("%02x%02x", round, i), tenant, hours(i, 11+i))
		}
		winner := -1
		for i, err := range atOnce(8, func(i int) error {
			_, err := two[i%2].Claim(t.Context(), ledger.Claim{Order: o(i), Note: at(1000, "")})
			return err
		}) {
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
			[]ledger.Order{withoutItems(o(winner))})
	}
}

// testConcurrentTakes: of those that take an order at once one holds it, and
// where each may, the last alone can settle it.
func (s suite) testConcurrentTakes(t *testing.T) {
	store := s.open(t)
	two := s.twice(t, store)
	for round := range 5 {
		key := fmt.Sprintf("%02x", round)
		claim(t, store, order(key, "acme", hours(round, round+1)))
		holds := make([]ledger.Hold, 6)
		errs := atOnce(len(holds), func(i int) (err error) {
			_, holds[i], err = two[i%2].Take(t.Context(), key, long(fmt.Sprint("process ", i)), at(1001, ""))
			return err
		})
		winner := slices.Index(errs, nil)
		if winner < 0 {
			t.Fatalf("nobody took the order: %v", errors.Join(errs...))
		}
		for i, err := range errs {
			if i != winner {
				wantHeld(t, fmt.Sprint("the order taken by process ", i), err, key, fmt.Sprint("process ", winner))
			}
		}
		must(t, store.Release(t.Context(), holds[winner]))

		// Everybody takes it, and then everybody settles it.
		must(t, errors.Join(atOnce(len(holds), func(i int) (err error) {
			_, holds[i], err = two[i%2].Take(t.Context(), key, brief(fmt.Sprint("process ", i)), at(1002, ""))
			return err
		})...))
		settled := 0
		for i, err := range atOnce(len(holds), func(i int) error {
			return two[i%2].Settle(t.Context(), holds[i], fmt.Sprint("INV-", i), at(1003, ""))
		}) {
			switch {
			case err == nil:
				settled++
				if o := get[ledger.Order](t)(store.Order(t.Context(), key)); o.Reference != fmt.Sprint("INV-", i) {
					t.Errorf("process %d settled the order as INV-%d, but it is %s", i, i, o.Reference)
				}
			case !errors.Is(err, ledger.ErrLost) && !errors.Is(err, ledger.ErrNotClaimed):
				t.Errorf("process %d: got error %v, want ErrLost or ErrNotClaimed", i, err)
			}
		}
		history := get[[]ledger.Change](t)(store.History(t.Context(), key))
		if settled != 1 || len(history) != 1+1+len(holds)+1 {
			t.Errorf("%d processes settled the order, want 1; its history has %d changes, want %d", settled, len(history), 1+1+len(holds)+1)
		}
	}
}

// testConcurrentCarriers: of orders for one tenant that would carry the same
// adjustment one does.
func (s suite) testConcurrentCarriers(t *testing.T) {
	store := s.open(t)
	two := s.twice(t, store)
	billed(t, store, order("aa", "acme", hours(0, 5)))
	must(t, store.Record(t.Context(), batch(vm, mine(0, "1"), mine(1, "1"), mine(2, "1"), mine(3, "1"), mine(4, "1"))))
	for n := range 5 {
		late := pending(t, store, "acme")
		now := revision(t, store, "acme")
		won := 0
		for i, err := range atOnce(6, func(i int) error {
			c := ledger.Claim{Order: order(fmt.Sprintf("%02x%02x", n, i), "acme", hours(10*n+10+i, 10*n+11+i)), Revision: now, Carries: late[:1], Note: at(1000, "")}
			_, err := two[i%2].Claim(t.Context(), c)
			return err
		}) {
			if err == nil {
				won++
			} else if !errors.Is(err, ledger.ErrStale) {
				t.Errorf("claim %d: got error %v, want ErrStale", i, err)
			}
		}
		if left := pending(t, store, "acme"); won != 1 || len(left) != len(late)-1 {
			t.Fatalf("%d orders carry an adjustment, and %d of %d are pending still", won, len(left), len(late))
		}
	}
}

// testConcurrentRecords: batches recorded at once are all kept, and readers see
// each of them whole or not at all.
func (s suite) testConcurrentRecords(t *testing.T) {
	store := s.open(t)
	two := s.twice(t, store)
	const writers, folds = 4, 5
	errs := atOnce(writers+1, func(i int) error {
		if i == writers {
			return readWhole(t.Context(), store, writers, folds)
		}
		for n := range folds {
			a := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("a-%d", i)}
			b := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("b-%d", i)}
			err := two[i%2].Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{
				{Series: a, Folds: []ledger.Fold{fold(a, n, volume("acme", "c1.small", "1"))}},
				{Series: b, Folds: []ledger.Fold{fold(b, n, volume("acme", "c1.small", "1"))}},
			}, Marks: []ledger.Mark{mark("acme", a.Resource, n, n+1), mark("", "object", -(n+1)*(i%2), (n+1)*(1-i%2))}})
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
	marks := get[[]ledger.Mark](t)(store.Marks(t.Context()))
	if len(marks) != writers+1 {
		t.Errorf("got %d marks, want %d", len(marks), writers+1)
	}
	for _, m := range marks {
		from := hour(0)
		if m.Tenant == "" { // which some of them extended at one end, and some at the other
			from = hour(-folds)
		}
		if !m.From.Equal(from) || !m.Through.Equal(hour(folds)) {
			t.Errorf("the mark of %q for %s is from %s through %s", m.Tenant, m.Source, m.From, m.Through)
		}
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

// testConcurrentWork: while usage comes, orders are claimed, settled and made
// void. In the end what was billed is what it was drafted from, and everything
// is billed, carried or pending once.
func (s suite) testConcurrentWork(t *testing.T) {
	store := s.open(t)
	two := s.twice(t, store)
	const writers, rounds = 2, 6
	var billers [2]biller
	must(t, errors.Join(atOnce(writers+len(billers), func(i int) error {
		if i >= writers {
			b := &billers[i-writers]
			*b = biller{store: two[i%2], name: fmt.Sprint("biller-", i), blocks: 3, length: 4, drafts: map[string][]string{}}
			return b.billAll(t.Context())
		}
		series := ledger.Series{Source: "object", Meter: "instance", Resource: fmt.Sprintf("vm-%d", i)}
		for round := range rounds {
			b := batch(series)
			for n := range 12 {
				b.Series[0].Folds = append(b.Series[0].Folds, fold(series, n, volume("acme", "c1.small", fmt.Sprint(round+n))))
			}
			if err := two[i%2].Record(t.Context(), b); err != nil {
				return err
			}
		}
		return nil
	})...))
	for _, o := range get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})) {
		if o.Reserves {
			drafted := cmp.Or(billers[0].draft(o.Key), billers[1].draft(o.Key))
			same(t, "what "+o.Key+" billed", strings.Join(entriesOf(t, store, o.Block), "\n"), drafted)
		}
	}
	sums, want := map[string]string{}, map[string]string{}
	total := map[string]decimal.Decimal{}
	for _, e := range collect(t, store.Entries(t.Context(), ledger.EntryFilter{})) {
		total[entryLine(e)] = total[entryLine(e)].Add(e.Volume.Volume)
	}
	for _, a := range collect(t, store.Adjustments(t.Context(), ledger.AdjustmentFilter{})) {
		total[entryLine(a.Entry)] = total[entryLine(a.Entry)].Add(a.Volume.Volume)
	}
	for line, volume := range total {
		sums[line] = volume.String()
	}
	for i := range writers {
		for n := range 12 {
			want[fmt.Sprintf("%d vm-%d c1.small ", n, i)] = fmt.Sprint(rounds - 1 + n) // the last round's
		}
	}
	same(t, "usage with all adjustments", sums, want)
}

// entriesOf is what acme has in a block, adjustments apart.
func entriesOf(t *testing.T, store ledger.Store, block usage.Span) (lines []string) {
	t.Helper()
	for _, e := range collect(t, store.Entries(t.Context(), ledger.EntryFilter{Tenant: "acme", Within: block})) {
		lines = append(lines, entryLine(e)+e.Volume.Volume.String())
	}
	return lines
}

// A biller bills acme as an engine does.
type biller struct {
	store          ledger.Store
	name           string
	blocks, length int
	drafts         map[string][]string // the entries from which each order was drafted
}

func (b *biller) draft(key string) string { return strings.Join(b.drafts[key], "\n") }

// billAll bills block after block, drafting anew where usage came meanwhile,
// and makes some orders void.
func (b *biller) billAll(ctx context.Context) error {
	for n := range b.blocks {
		block := hours(n*b.length, (n+1)*b.length)
		for attempt := 1; ; attempt++ {
			hold, err := b.bill(ctx, order(fmt.Sprintf("%s-%d-%d", b.name, n, attempt), "acme", block))
			if errors.Is(err, ledger.ErrStale) {
				continue
			}
			if _, overlaps := errors.AsType[*ledger.OverlapError](err); overlaps {
				break // the other has it
			}
			if err != nil {
				return err
			}
			if n%2 == 0 && attempt > 1 || attempt > 3 {
				break
			}
			if err := b.store.Void(ctx, hold.Key, at(1002, "")); err != nil {
				return err
			}
		}
	}
	return nil
}

// bill drafts, claims and settles one order, which carries all that is pending.
func (b *biller) bill(ctx context.Context, o ledger.Order) (ledger.Hold, error) {
	revision, err := b.store.Revision(ctx, "acme")
	if err != nil {
		return ledger.Hold{}, err
	}
	c := ledger.Claim{Order: o, Revision: revision, Lease: long(b.name), Note: at(1000, "")}
	for e, err := range b.store.Entries(ctx, ledger.EntryFilter{Tenant: "acme", Within: o.Block}) {
		if err != nil {
			return ledger.Hold{}, err
		}
		b.drafts[o.Key] = append(b.drafts[o.Key], entryLine(e)+e.Volume.Volume.String())
	}
	for a, err := range b.store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: "acme", Pending: true}) {
		if err != nil {
			return ledger.Hold{}, err
		}
		c.Carries = append(c.Carries, a)
	}
	hold, err := b.store.Claim(ctx, c)
	if err != nil {
		return hold, err
	}
	return hold, b.store.Settle(ctx, hold, "INV-"+hold.Key, at(1001, ""))
}

// testCancelled: with a context that is over every method says so, and does
// nothing.
func (s suite) testCancelled(t *testing.T) {
	store := s.open(t)
	hold := recordAcme(t, store)
	billed(t, store, order("bb", "acme", hours(7, 8)))
	before := usageOf(t, store, "", usage.Span{})
	orders := get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{}))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs := map[string]error{
		"Record":  store.Record(ctx, batch(vm, mine(30, "1"))),
		"Park":    store.Park(ctx, parked("cc", "acme", hours(24, 48)), at(1000, "")),
		"Settle":  store.Settle(ctx, hold, "INV-1", at(1001, "")),
		"Suspend": store.Suspend(ctx, hold, ledger.InDoubt, at(1001, "because")),
		"Release": store.Release(ctx, hold),
		"Void":    store.Void(ctx, "bb", at(1001, "because")),
	}
	told := func(method string, err error) { errs[method] = err }
	_, err := store.Claim(ctx, claimOf(t, store, order("dd", "acme", hours(24, 48))))
	told("Claim", err)
	_, _, err = store.Take(ctx, "aa", brief("second"), at(1001, ""))
	told("Take", err)
	_, err = store.Folds(ctx, vm, time.Time{})
	told("Folds", err)
	_, err = store.Marks(ctx)
	told("Marks", err)
	_, err = store.Bookmarks(ctx, "object")
	told("Bookmarks", err)
	_, err = store.Tenants(ctx)
	told("Tenants", err)
	_, err = store.Resources(ctx, "acme")
	told("Resources", err)
	_, err = store.Revision(ctx, "acme")
	told("Revision", err)
	_, err = store.Orders(ctx, ledger.OrderFilter{})
	told("Orders", err)
	_, err = store.Order(ctx, "aa")
	told("Order", err)
	_, err = store.History(ctx, "aa")
	told("History", err)
	for _, err := range store.Entries(ctx, ledger.EntryFilter{}) {
		told("Entries", err)
	}
	for _, err := range store.Adjustments(ctx, ledger.AdjustmentFilter{}) {
		told("Adjustments", err)
	}
	for _, err := range store.Gaps(ctx, ledger.EntryFilter{}) {
		told("Gaps", err)
	}
	if pruner, ok := store.(ledger.Pruner); ok {
		_, err = pruner.Prune(ctx, hour(1000))
		told("Prune", err)
	}
	if archiver, ok := store.(ledger.Archiver); ok {
		for _, err := range archiver.Dump(ctx) {
			told("Dump", err)
		}
	}
	if len(errs) < 20 {
		t.Errorf("%d methods ended in an error, want 20 at least", len(errs))
	}
	for method, err := range errs {
		wantErr(t, method, err, context.Canceled)
	}
	same(t, "usage", usageOf(t, store, "", usage.Span{}), before)
	same(t, "orders", get[[]ledger.Order](t)(store.Orders(t.Context(), ledger.OrderFilter{})), orders)
}
