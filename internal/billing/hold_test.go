package billing_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// hooked is a store that lets a test do something just before a call.
type hooked struct {
	ledger.Store
	before map[string]func()
	calls  []string
}

func (h *hooked) hook(call string) {
	h.calls = append(h.calls, call)
	if do := h.before[call]; do != nil {
		do()
	}
}

func (h *hooked) Claim(ctx context.Context, claim ledger.Claim) (ledger.Hold, error) {
	h.hook("claim")
	return h.Store.Claim(ctx, claim)
}

func (h *hooked) Entries(ctx context.Context, f ledger.EntryFilter) iter.Seq2[usage.Entry, error] {
	return func(yield func(usage.Entry, error) bool) {
		h.Store.Entries(ctx, f)(yield)
		if do := h.before["after entries"]; do != nil {
			do()
		}
	}
}

func (h *hooked) Take(ctx context.Context, key string, lease ledger.Lease, note ledger.Note) (ledger.Order, ledger.Hold, error) {
	h.hook("take")
	return h.Store.Take(ctx, key, lease, note)
}

func (h *hooked) Settle(ctx context.Context, hold ledger.Hold, reference string, note ledger.Note) error {
	h.hook("settle")
	return h.Store.Settle(ctx, hold, reference, note)
}

func (h *hooked) Suspend(ctx context.Context, hold ledger.Hold, status ledger.Status, note ledger.Note) error {
	h.hook("suspend")
	return h.Store.Suspend(ctx, hold, status, note)
}

func (h *hooked) Release(ctx context.Context, hold ledger.Hold) error {
	h.hook("release")
	return h.Store.Release(ctx, hold)
}

// two are two processes that bill from one store, through one ERP.
type two struct {
	here, there *billing.Engine
	store       *hooked // as the first one has it
	desk        *desk
	now         time.Time
}

func newTwo(t *testing.T, erp func(*desk) invoice.ERP) *two {
	t.Helper()
	w := &two{desk: newDesk(map[string]string{"disk": "2"}), now: october}
	clock := func() time.Time { return w.now }
	w.here, w.there = lateEngine(erp(w.desk)), lateEngine(erp(w.desk))
	shared := memory.New(memory.Options{Now: clock, Shared: true})
	w.store = &hooked{Store: shared, before: map[string]func(){}}
	w.here.Store, w.there.Store = w.store, shared
	w.here.Now, w.there.Now = clock, clock
	w.here.Lease, w.there.Lease = time.Hour, time.Hour
	w.there.Holder, w.there.By = "there:2", "somebody"
	record(t, w.here, used{"a", "disk", "d1", 0, "5"})
	return w
}

func (w *two) orders(t *testing.T) []ledger.Order {
	t.Helper()
	orders, err := w.store.Orders(t.Context(), ledger.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return orders
}

func withSearch(d *desk) invoice.ERP    { return searchable{d} }
func withoutSearch(d *desk) invoice.ERP { return d }

// An order that another process is billing is left to it, for as long as its
// lease lasts.
func TestBusy(t *testing.T) {
	w := newTwo(t, withSearch)
	var during billing.Outcome
	w.desk.commit = func() (bool, error) {
		if w.desk.sent == 1 {
			w.desk.mu.Unlock()
			during = billHours(t, w.there, 0, 4)[0]
			w.desk.mu.Lock()
		}
		return true, nil
	}
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.Billed {
		t.Errorf("%s: %v", got.Result, got.Err)
	}
	if during.Result != billing.Busy || !strings.Contains(during.Err.Error(), "is being billed by here:1 until 2013-10-01T01:00:00Z") {
		t.Errorf("meanwhile: %s: %v", during.Result, during.Err)
	}
	if got := billHours(t, w.there, 0, 4)[0]; got.Result != billing.AlreadyBilled || w.desk.sent != 1 {
		t.Errorf("afterwards: %s, %d sent", got.Result, w.desk.sent)
	}
}

// A process that pauses past its lease cannot settle what another took over.
func TestTakenOver(t *testing.T) {
	for name, search := range map[string]func(*desk) invoice.ERP{"searchable": withSearch, "not searchable": withoutSearch} {
		t.Run(name, func(t *testing.T) {
			w := newTwo(t, search)
			var there billing.Outcome
			w.store.before["settle"] = func() {
				w.now = w.now.Add(2 * time.Hour)
				there = billHours(t, w.there, 0, 4)[0]
			}
			here := billHours(t, w.here, 0, 4)[0]
			if n := strings.Count(here.Err.Error(), "order "+here.Order.Key); n != 1 {
				t.Errorf("here: %v names its order %d times", here.Err, n)
			}
			if here.Result != billing.TakenOver || !errors.Is(here.Err, ledger.ErrLost) && !errors.Is(here.Err, ledger.ErrNotClaimed) {
				t.Errorf("here: %s: %v", here.Result, here.Err)
			}
			for _, want := range []string{"was taken over by there:2", "nothing more was done", "the ERP has its invoice as INV-"} {
				if !strings.Contains(here.Err.Error(), want) {
					t.Errorf("here: %v, want %q", here.Err, want)
				}
			}
			want := billing.Billed // it looked the invoice up
			if name != "searchable" {
				want = billing.InDoubt
			}
			if there.Result != want || w.desk.sent != 1 {
				t.Errorf("there: %s, %d sent", there.Result, w.desk.sent)
			}
		})
	}
}

// A process that pauses past its lease, and whose own request then fails, does
// not say that the order stays claimed where another has settled it.
func TestSettledMeanwhile(t *testing.T) {
	for _, settled := range []bool{true, false} {
		w := newTwo(t, withSearch)
		w.desk.commit = func() (bool, error) {
			if w.desk.sent > 1 {
				return true, nil
			}
			if settled {
				w.now = w.now.Add(2 * time.Hour)
				w.desk.mu.Unlock()
				if there := billHours(t, w.there, 0, 4)[0]; there.Result != billing.Billed {
					t.Errorf("there: %s: %v", there.Result, there.Err)
				}
				w.desk.mu.Lock()
			}
			return false, errors.New("503 Service Unavailable")
		}
		here := billHours(t, w.here, 0, 4)[0]
		result, status, want := billing.NotBilled, ledger.Claimed, "stays claimed: 503 Service Unavailable"
		if settled {
			result, status, want = billing.TakenOver, ledger.Settled, "was taken over by there:2 and is settled; nothing more was done: 503 Service Unavailable"
		}
		if here.Result != result || here.Order.Status != status || !strings.Contains(here.Err.Error(), want) {
			t.Errorf("%s, %s: %v, want %q", here.Result, here.Order.Status, here.Err, want)
		}
	}
}

// A process whose lease has nearly ended makes sure that it still has the order
// before it sends anything.
func TestNothingIsSentAfterTheLease(t *testing.T) {
	slow := func(w *two, pause time.Duration, do func()) invoice.ERP {
		return invoice.ERPFunc(func(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
			if _, err := w.store.Order(ctx, order.Key); err == nil { // it is claimed
				w.now = w.now.Add(pause)
				do()
			}
			return withSearch(w.desk).NewInvoice(ctx, order)
		})
	}
	t.Run("nobody else took it", func(t *testing.T) {
		w := newTwo(t, withSearch)
		w.here.ERP = slow(w, 50*time.Minute, func() {})
		if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.Billed {
			t.Errorf("%s: %v", got.Result, got.Err)
		}
		if diff := cmp.Diff([]string{"claim", "take", "settle"}, w.store.calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
	t.Run("somebody else did", func(t *testing.T) {
		w := newTwo(t, withSearch)
		w.here.ERP = slow(w, 2*time.Hour, func() {
			if got := billHours(t, w.there, 0, 4)[0]; got.Result != billing.Billed {
				t.Errorf("there: %s: %v", got.Result, got.Err)
			}
		})
		if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.TakenOver || w.desk.sent != 1 {
			t.Errorf("%s: %v, %d sent", got.Result, got.Err, w.desk.sent)
		}
	})
}

// The ERP is given no longer than the lease.
func TestCommitEndsWithTheLease(t *testing.T) {
	w := newTwo(t, withSearch)
	var left time.Duration
	w.here.ERP = invoice.ERPFunc(func(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
		inv, err := withSearch(w.desk).NewInvoice(ctx, order)
		return deadline{inv, &left}, err
	})
	billHours(t, w.here, 0, 4)
	if left <= 59*time.Minute || left > time.Hour {
		t.Errorf("the ERP had %v", left)
	}
}

type deadline struct {
	invoice.Invoice
	left *time.Duration
}

func (d deadline) Commit(ctx context.Context) (string, error) {
	end, _ := ctx.Deadline()
	*d.left = time.Until(end)
	return d.Invoice.Commit(ctx)
}

// Usage that comes between a draft and its claim is drafted again; where it
// never ends, the tenant is left for the next run.
func TestStaleDrafts(t *testing.T) {
	w := newTwo(t, withSearch)
	n := 0
	w.store.before["claim"] = func() {
		if n++; n <= 3 {
			record(t, w.there, used{"a", "disk", "d1", n, "1"})
		}
	}
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.Billed || got.Order.Total.String() != "16" { // (5 + 1 + 1 + 1) x 2
		t.Errorf("%s: %v, total %s", got.Result, got.Err, got.Order.Total)
	}
	w = newTwo(t, withSearch)
	n = 0
	w.store.before["claim"] = func() {
		n++
		record(t, w.there, used{"a", "disk", "d1", 1, time.Duration(n).String()[:1]})
	}
	got := billHours(t, w.here, 0, 4)[0]
	if got.Result != billing.NotBilled || !errors.Is(got.Err, ledger.ErrStale) || n != 5 || w.desk.sent != 0 {
		t.Errorf("%s: %v, %d claims, %d sent", got.Result, got.Err, n, w.desk.sent)
	}
}

// Usage that comes while it is drafted makes the draft stale, too.
func TestStaleWhileDrafting(t *testing.T) {
	w := newTwo(t, withSearch)
	n := 0
	w.store.before["after entries"] = func() {
		if n++; n == 1 {
			record(t, w.there, used{"a", "disk", "d1", 1, "1"})
		}
	}
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.Billed || got.Order.Total.String() != "12" { // (5 + 1) x 2
		t.Errorf("%s: %v, total %s", got.Result, got.Err, got.Order.Total)
	}
}

// Two processes that draft the same block: one of them claims it.
func TestClaimedMeanwhile(t *testing.T) {
	w := newTwo(t, withSearch)
	w.store.before["claim"] = func() { billHours(t, w.there, 0, 4) }
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.AlreadyBilled || w.desk.sent != 1 {
		t.Errorf("%s: %v, %d sent", got.Result, got.Err, w.desk.sent)
	}
	// One that cannot be priced here, and could there.
	w = newTwo(t, withSearch)
	w.here.ERP = invoice.ERPFunc(func(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
		billHours(t, w.there, 0, 4)
		return nil, invoice.Permanent(errors.New("no partner"))
	})
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.AlreadyBilled {
		t.Errorf("%s: %v", got.Result, got.Err)
	}
}

// delayed is an ERP that finds what it saved only after a while.
type delayed struct{ searchable }

func (delayed) LookupDelay() time.Duration { return 10 * time.Minute }

// An order that may have been sent is sent again only once a search that finds
// nothing can be trusted.
func TestLookupDelay(t *testing.T) {
	w := newTwo(t, func(d *desk) invoice.ERP { return delayed{searchable{d}} })
	w.desk.commit = func() (bool, error) {
		return w.desk.sent > 1, map[bool]error{true: errors.New("lost")}[w.desk.sent == 1]
	}
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.NotBilled {
		t.Fatalf("%s: %v", got.Result, got.Err)
	}
	history := func() int {
		changes, err := w.store.History(t.Context(), w.orders(t)[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		return len(changes)
	}
	before := history()
	w.now = october.Add(70*time.Minute - time.Second) // an hour of lease, 10 minutes of delay
	if got := billHours(t, w.there, 0, 4)[0]; got.Result != billing.Busy || !strings.Contains(got.Err.Error(), "by here:1 until 2013-10-01T01:10:00Z") {
		t.Errorf("%s: %v", got.Result, got.Err)
	}
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.Waiting || !strings.Contains(got.Err.Error(), "can be trusted from 2013-10-01T01:10:00Z only") {
		t.Errorf("%s: %v", got.Result, got.Err)
	}
	// Whoever only looked has not put it off.
	if after := history(); after != before {
		t.Errorf("%d changes, and %d after looking", before, after)
	}
	w.now = w.now.Add(time.Second)
	if got := billHours(t, w.there, 0, 4)[0]; got.Result != billing.Billed || w.desk.sent != 2 {
		t.Errorf("%s: %v, %d sent", got.Result, got.Err, w.desk.sent)
	}
}

// The store's clock decides when another may take an order, whatever the clock
// of a machine says.
func TestLookupDelayWithAClockThatIsAhead(t *testing.T) {
	w := newTwo(t, func(d *desk) invoice.ERP { return delayed{searchable{d}} })
	w.desk.commit = func() (bool, error) {
		return w.desk.sent > 1, map[bool]error{true: errors.New("lost")}[w.desk.sent == 1]
	}
	billHours(t, w.here, 0, 4)
	w.there.Now = func() time.Time { return w.now.Add(5 * time.Hour) }
	if got := billHours(t, w.there, 0, 4)[0]; got.Result != billing.Busy || w.desk.sent != 1 {
		t.Errorf("%s: %v, %d sent", got.Result, got.Err, w.desk.sent)
	}
	w.now = october.Add(70 * time.Minute)
	if got := billHours(t, w.there, 0, 4)[0]; got.Result != billing.Billed || w.desk.sent != 2 {
		t.Errorf("%s: %v, %d sent", got.Result, got.Err, w.desk.sent)
	}
}

// What was saved and is found late is settled, not sent again.
func TestFoundWhileWaiting(t *testing.T) {
	w := newTwo(t, func(d *desk) invoice.ERP { return delayed{searchable{d}} })
	w.desk.commit = func() (bool, error) { return true, invoice.UnknownOutcome(errors.New("lost")) }
	billHours(t, w.here, 0, 4)
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.Billed || w.desk.sent != 1 {
		t.Errorf("%s: %v, %d sent", got.Result, got.Err, w.desk.sent)
	}
}

// Every change of an order says who made it, and why.
func TestHistory(t *testing.T) {
	w := newTwo(t, withoutSearch)
	w.desk.commit = func() (bool, error) { return false, invoice.UnknownOutcome(errors.New("lost")) }
	key := billHours(t, w.here, 0, 4)[0].Order.Key
	w.desk.commit = nil
	if err := w.there.Resolve(t.Context(), key, false, ""); err != nil {
		t.Fatal(err)
	}
	billHours(t, w.there, 0, 4)
	if err := w.here.Void(t.Context(), key, "wrong price"); err != nil {
		t.Fatal(err)
	}
	history, err := w.store.History(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range history {
		got = append(got, strings.Join([]string{string(c.Status), c.By, c.Holder, c.Reason}, "|"))
	}
	want := []string{
		"claimed|tester|here:1|",
		"in doubt|tester||lost",
		"in doubt|somebody|there:2|a person looked in the ERP",
		"parked|somebody||a person found that it was not billed",
		"parked|somebody|there:2|bill goes on with it",
		"in doubt|somebody||it was being sent when the program ended",
		"settled|somebody||",
		"void|tester||wrong price",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	verified(t, w.here)
}

// Several tenants are billed at the same time, and told of in their order.
func TestWorkers(t *testing.T) {
	const tenants = 40
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	e.Workers = 8
	var all []used
	var want []string
	for i := range tenants {
		tenant := string(rune('a'+i/26)) + string(rune('a'+i%26))
		want = append(want, tenant)
		all = append(all, used{tenant, "disk", tenant, 0, "1"})
	}
	record(t, e, all...)
	var got []string
	for _, o := range billHours(t, e, 0, 4) {
		if o.Result != billing.Billed {
			t.Errorf("%s: %s", o.Order.Tenant.ID, o.Result)
		}
		got = append(got, o.Order.Tenant.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" || d.sent != tenants {
		t.Errorf("%d sent, tenants (-want +got):\n%s", d.sent, diff)
	}
	verified(t, e)
}

// Once it is cancelled, no tenant more is begun, and the one at hand is left so
// that the next run goes on with it.
func TestCancelled(t *testing.T) {
	for _, workers := range []int{0, 1, 3} {
		d := newDesk(map[string]string{"disk": "2"})
		e := lateEngine(d)
		e.Workers = workers
		var all []used
		for _, tenant := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			all = append(all, used{tenant, "disk", tenant, 0, "1"})
		}
		record(t, e, all...)
		ctx, cancel := context.WithCancel(t.Context())
		d.commit = func() (bool, error) {
			cancel()
			return true, nil
		}
		outcomes, err := e.Bill(ctx, hours(0, 4), nil)
		if !errors.Is(err, context.Canceled) || len(outcomes) > max(workers, 1)+1 || d.sent > max(workers, 1) {
			t.Errorf("%d workers: %v, %d outcomes, %d sent", workers, err, len(outcomes), d.sent)
		}
		if slices.ContainsFunc(outcomes, func(o billing.Outcome) bool { return o.Order.Tenant.ID == "" }) {
			t.Errorf("%d workers: %+v", workers, outcomes)
		}
		d.commit = nil
		for _, o := range billHours(t, e, 0, 4) {
			if o.Result != billing.Billed && o.Result != billing.AlreadyBilled {
				t.Errorf("%d workers: afterwards %s: %v", workers, o.Result, o.Err)
			}
		}
		if d.sent != len(all) {
			t.Errorf("%d workers: %d sent", workers, d.sent)
		}
	}
}

// An order that is resolved or voided while somebody is at work on it.
func TestHeldWhileAPersonDecides(t *testing.T) {
	w := newTwo(t, withoutSearch)
	w.desk.commit = func() (bool, error) { return false, invoice.UnknownOutcome(errors.New("lost")) }
	key := billHours(t, w.here, 0, 4)[0].Order.Key
	if _, _, err := w.store.Store.Take(t.Context(), key, ledger.Lease{Holder: "there:2", For: time.Hour}, ledger.Note{}); err != nil {
		t.Fatal(err)
	}
	var held *ledger.HeldError
	if err := w.here.Resolve(t.Context(), key, true, "INV-1"); !errors.As(err, &held) || held.Holder != "there:2" {
		t.Errorf("resolved: %v", err)
	}
	if got := billHours(t, w.here, 0, 4)[0]; got.Result != billing.Busy {
		t.Errorf("%s: %v", got.Result, got.Err)
	}
	got, err := w.here.Reconcile(t.Context(), usage.Span{}, nil)
	if err != nil || got[0].Result != billing.InDoubt { // without a way to look, it is not touched
		t.Errorf("%v, %v", got, err)
	}
	w.now = w.now.Add(time.Hour)
	if err := w.here.Resolve(t.Context(), key, true, "INV-1"); err != nil {
		t.Error(err)
	}
}
