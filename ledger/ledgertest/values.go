package ledgertest

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// midnight is where hour 0 of the tests begins.
var midnight = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)

// hour is the instant n hours after midnight.
func hour(n int) time.Time { return midnight.Add(time.Duration(n) * time.Hour) }

// hours is the span of the hours from the first up to, and without, the last.
func hours(first, last int) usage.Span { return usage.Span{Start: hour(first), End: hour(last)} }

func number(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// vm and disk are series for the tests that need just one or two.
var (
	vm   = ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}
	disk = ledger.Series{Source: "object", Meter: "volume.size", Resource: "disk-1"}
)

// volume is a volume of a tenant in one datacenter.
func volume(tenant, service, v string) usage.Volume {
	return usage.Volume{Tenant: tenant, Datacenter: "wlg", Service: service, Volume: number(v), Unit: "second", Samples: 2}
}

// fold is what a series used in the hour from n.
func fold(s ledger.Series, n int, volumes ...usage.Volume) ledger.Fold {
	f := ledger.Fold{
		Window:  hours(n, n+1),
		Samples: 2 * len(volumes),
		Digest:  fmt.Sprintf("digest of %s at %d", s.Resource, n),
		State:   usage.State{Data: fmt.Sprintf(`{"hour": %d}`, n), Until: hour(n + 2)},
	}
	for _, v := range volumes {
		f.Entries = append(f.Entries, usage.Entry{Source: s.Source, Meter: s.Meter, Resource: s.Resource, Window: f.Window, Volume: v})
	}
	return f
}

// mine is what acme used of the vm in the hour from n.
func mine(n int, v string) ledger.Fold { return fold(vm, n, volume("acme", "c1.small", v)) }

// batch is the batch of one series.
func batch(s ledger.Series, folds ...ledger.Fold) ledger.Batch {
	return ledger.Batch{Series: []ledger.SeriesFolds{{Series: s, Folds: folds}}}
}

// order is an order for a block of whole hours as it is once it was claimed,
// and nobody holds it any more.
func order(key, tenant string, block usage.Span) ledger.Order {
	return ledger.Order{
		Order: invoice.Order{
			Key: key, Attempt: 1, Tenant: invoice.Tenant{ID: tenant, Name: "name of " + tenant},
			Block: block, Currency: "NZD", Digits: 2, Date: hour(1000),
		},
		Deployment: "test", Adapter: "adapters.csv:Invoice",
		Status: ledger.Claimed, Reserves: true, Total: number("36"),
		Claimed: hour(1000), Changed: hour(1000), ValueDigits: 6, Rounding: "half-even",
		Items: []ledger.Item{{
			Item: invoice.Item{
				Datacenter: "wlg", Name: "c1.small", Value: number("30"), Unit: "hour",
				Cost: number("1.2"), Amount: number("36"), // 30 * 1.2 = 36
			},
			Volume: number("108000"), Measured: "second", Meters: []string{"instance"}, // 30 * 3600 = 108000
		}},
	}
}

// parked is an order that was stopped before its claim.
func parked(key, tenant string, block usage.Span) ledger.Order {
	o := order(key, tenant, block)
	o.Status, o.Reserves, o.Reason, o.Items = ledger.Parked, false, "no cost for c1.small", nil
	return o
}

// withoutItems is an order as a list of orders has it.
func withoutItems(o ledger.Order) ledger.Order {
	o.Items = nil
	return o
}

// at is a note of the instant n hours after midnight.
func at(n int, reason string) ledger.Note {
	return ledger.Note{At: hour(n), By: "host-1, a person", Reason: reason}
}

// brief is a lease that has ended as soon as it was given, and long one that
// outlasts the test.
func brief(holder string) ledger.Lease { return ledger.Lease{Holder: holder} }

func long(holder string) ledger.Lease { return ledger.Lease{Holder: holder, For: 24 * time.Hour} }

// claimOf is a claim of an order by the tenant's usage as it is, with a lease
// that has ended at once. It carries what is given.
func claimOf(t *testing.T, store ledger.Store, o ledger.Order, carries ...ledger.Adjustment) ledger.Claim {
	t.Helper()
	return ledger.Claim{
		Order: o, Revision: revision(t, store, o.Tenant.ID), Carries: carries,
		Lease: brief("first"), Note: ledger.Note{At: o.Claimed, By: "host-1", Reason: "claimed"},
	}
}

// claim claims an order.
func claim(t *testing.T, store ledger.Store, o ledger.Order, carries ...ledger.Adjustment) ledger.Hold {
	t.Helper()
	return get[ledger.Hold](t)(store.Claim(t.Context(), claimOf(t, store, o, carries...)))
}

// tryClaim claims an order, and returns the error.
func tryClaim(t *testing.T, store ledger.Store, o ledger.Order, carries ...ledger.Adjustment) error {
	t.Helper()
	_, err := store.Claim(t.Context(), claimOf(t, store, o, carries...))
	return err
}

// settle settles an order that was claimed.
func settle(t *testing.T, store ledger.Store, hold ledger.Hold) {
	t.Helper()
	must(t, store.Settle(t.Context(), hold, "INV-"+hold.Key, at(1001, "")))
}

// billed claims and settles an order.
func billed(t *testing.T, store ledger.Store, o ledger.Order, carries ...ledger.Adjustment) {
	t.Helper()
	settle(t, store, claim(t, store, o, carries...))
}

func revision(t *testing.T, store ledger.Store, tenant string) int64 {
	t.Helper()
	return get[int64](t)(store.Revision(t.Context(), tenant))
}

// pending returns the adjustments of a tenant that no order carries.
func pending(t *testing.T, store ledger.Store, tenant string) []ledger.Adjustment {
	t.Helper()
	return collect(t, store.Adjustments(t.Context(), ledger.AdjustmentFilter{Tenant: tenant, Pending: true}))
}

// foldsOf returns all folds of a series.
func foldsOf(t *testing.T, store ledger.Store, series ledger.Series) []ledger.Fold {
	t.Helper()
	return get[[]ledger.Fold](t)(store.Folds(t.Context(), series, time.Time{}))
}

// must ends the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get ends the test at an error, and else returns the value.
func get[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// collect returns all that a sequence yields, and ends the test at an error.
func collect[T any](t *testing.T, all iter.Seq2[T, error]) []T {
	t.Helper()
	var list []T
	for v, err := range all {
		must(t, err)
		list = append(list, v)
	}
	return list
}

// same compares values, in which decimals are equal by value and instants by
// the instant and, for what a person reads, the time zone.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	options := gocmp.Options{
		cmpopts.EquateEmpty(),
		gocmp.Comparer(decimal.Decimal.Equal),
		gocmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() }),
	}
	if diff := gocmp.Diff(want, got, options); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// sameFolds is same for folds, whose entries come in any order.
func sameFolds(t *testing.T, what string, got, want []ledger.Fold) {
	t.Helper()
	sorted := func(folds []ledger.Fold) []ledger.Fold {
		folds = slices.Clone(folds)
		for i := range folds {
			folds[i].Entries = slices.SortedFunc(slices.Values(folds[i].Entries), compareEntries)
		}
		return folds
	}
	same(t, what, sorted(got), sorted(want))
}

// compareEntries is the order in which a store yields entries.
func compareEntries(a, b usage.Entry) int {
	return cmp.Or(
		strings.Compare(a.Tenant, b.Tenant),
		a.Window.Start.Compare(b.Window.Start),
		strings.Compare(a.Datacenter, b.Datacenter),
		strings.Compare(a.Service, b.Service),
		strings.Compare(a.Meter, b.Meter),
		strings.Compare(a.Resource, b.Resource),
		strings.Compare(a.Source, b.Source),
		strings.Compare(a.Unit, b.Unit),
	)
}

// wantErr checks that a call was refused for a reason.
func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// wantHeld checks that a call was refused because of a holder's lease.
func wantHeld(t *testing.T, what string, err error, key, holder string) {
	t.Helper()
	held, ok := errors.AsType[*ledger.HeldError](err)
	if !ok {
		t.Errorf("%s: got error %v, want a *HeldError", what, err)
		return
	}
	if held.Key != key || held.Holder != holder || held.Until.IsZero() {
		t.Errorf("%s: the error tells of order %s, held by %q until %s; want order %s, held by %q", what, held.Key, held.Holder, held.Until, key, holder)
	}
}

// wantOverlap checks that a claim was refused because of an order that nobody
// holds.
func wantOverlap(t *testing.T, err error, claim, by ledger.Order) {
	t.Helper()
	overlap, ok := errors.AsType[*ledger.OverlapError](err)
	if !ok {
		t.Errorf("order %s over %v: got error %v, want an *OverlapError", claim.Key, claim.Block, err)
		return
	}
	same(t, "the error", *overlap, ledger.OverlapError{Tenant: claim.Tenant.ID, Block: claim.Block, By: withoutItems(by)})
}
