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

// vm is a series for the tests that need just one.
var vm = ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}

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

// batch is the batch of one series.
func batch(s ledger.Series, folds ...ledger.Fold) ledger.Batch {
	return ledger.Batch{Series: []ledger.SeriesFolds{{Series: s, Folds: folds}}}
}

// order is a claimed order for a block of whole hours.
func order(key, tenant string, block usage.Span) ledger.Order {
	return ledger.Order{
		Order: invoice.Order{
			Key: key, Tenant: invoice.Tenant{ID: tenant, Name: "name of " + tenant},
			Block: block, Currency: "NZD", Digits: 2, Date: hour(1000),
		},
		Deployment: "test", Attempt: 1, Adapter: "adapters.csv:Invoice",
		Status: ledger.Claimed, Reserves: true, Total: number("36"),
		Claimed: hour(1000), Changed: hour(1000),
		Items: []invoice.Item{{
			Datacenter: "wlg", Name: "c1.small", Value: number("30"), Unit: "hour",
			Cost: number("1.2"), Amount: number("36"), // 30 * 1.2 = 36
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
func collect(t *testing.T, entries iter.Seq2[usage.Entry, error]) []usage.Entry {
	t.Helper()
	var all []usage.Entry
	for e, err := range entries {
		must(t, err)
		all = append(all, e)
	}
	return all
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
		strings.Compare(a.Unit, b.Unit), // beyond the contract: which of two units comes first is open
	)
}

// wantOverlap checks that a claim was refused because of an order.
func wantOverlap(t *testing.T, err error, claim, by ledger.Order) {
	t.Helper()
	overlap, ok := errors.AsType[*ledger.OverlapError](err)
	if !ok {
		t.Errorf("order %s over %v: got error %v, want an *OverlapError", claim.Key, claim.Block, err)
		return
	}
	same(t, "the error", *overlap, ledger.OverlapError{Tenant: claim.Tenant.ID, Block: claim.Block, By: withoutItems(by)})
}

// wantFrozen checks that a change was refused because its window is billed.
func wantFrozen(t *testing.T, err error, tenant string, window usage.Span) {
	t.Helper()
	frozen, ok := errors.AsType[*ledger.FrozenError](err)
	if !ok {
		t.Errorf("usage of %s in %v: got error %v, want a *FrozenError", tenant, window, err)
		return
	}
	// A store that cannot tell may leave either out.
	if frozen.Tenant != "" && frozen.Tenant != tenant {
		t.Errorf("the error names tenant %q, want %q", frozen.Tenant, tenant)
	}
	if !frozen.Window.IsZero() {
		same(t, "the window of the error", frozen.Window, window)
	}
}
