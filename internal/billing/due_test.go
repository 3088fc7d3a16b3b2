package billing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// dueEngine is an engine whose tenants were collected from the middle of July
// to October.
func dueEngine(erp invoice.ERP, tenants ...string) *billing.Engine {
	e := newEngine(&samples{}, erp)
	from := time.Date(2013, 7, 15, 0, 0, 0, 0, time.UTC)
	batch := ledger.Batch{Marks: []ledger.Mark{{Source: "object", From: from, Through: october}}}
	for _, t := range tenants {
		batch.Marks = append(batch.Marks, ledger.Mark{Tenant: t, Source: "object", From: from, Through: october},
			ledger.Mark{Tenant: t, Source: "gone", From: august.Start, Through: august.End})
	}
	if err := e.Store.Record(context.Background(), batch); err != nil {
		panic(err)
	}
	return e
}

// dueText is what is due, a line for each block.
func dueText(t interface{ Fatal(...any) }, e *billing.Engine) []string {
	due, err := e.Due(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range due {
		lines = append(lines, fmt.Sprintf("%s %v", billing.BlockLabel(d.Block, e.Location), d.Tenants))
	}
	return lines
}

func TestDue(t *testing.T) {
	day := func(month time.Month, day int) time.Time { return time.Date(2013, month, day, 0, 0, 0, 0, time.UTC) }
	for _, tc := range []struct {
		name    string
		prepare func(*testing.T, *billing.Engine)
		want    []string
	}{
		{"what began in the middle of a month, and settled", func(_ *testing.T, e *billing.Engine) { e.SettleAfter = 0 },
			[]string{"2013-07 [a b]", "2013-08 [a b]", "2013-09 [a b]"}},
		{"the last month has just ended", func(*testing.T, *billing.Engine) {},
			[]string{"2013-07 [a b]", "2013-08 [a b]"}},
		{"billed from the middle of a month", func(_ *testing.T, e *billing.Engine) { e.BillFrom = day(8, 20) },
			[]string{"2013-08-20 to 2013-09-01 [a b]"}},
		{"billed already", func(t *testing.T, e *billing.Engine) { billSpan(t, e, day(7, 1), day(8, 1)) },
			[]string{"2013-08 [a b]"}},
		{"one tenant is billed", func(t *testing.T, e *billing.Engine) { billSpan(t, e, day(7, 1), day(8, 1), "a") },
			[]string{"2013-07 [b]", "2013-08 [a b]"}},
		{"somebody billed a week, and another one", func(t *testing.T, e *billing.Engine) {
			billSpan(t, e, day(7, 28), day(8, 4), "a")
			billSpan(t, e, day(8, 11), day(8, 18), "a")
		}, []string{"2013-07-01 to 2013-07-28 [a]", "2013-07 [b]", "2013-08 [b]", "2013-08-04 to 2013-08-11 [a]", "2013-08-18 to 2013-09-01 [a]"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := dueEngine(newDesk(nil), "a", "b")
			tc.prepare(t, e)
			if diff := cmp.Diff(tc.want, dueText(t, e)); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

// What is due is billed, once; an order that waits is gone on with, and one that was
// voided is due again.
func TestBillDue(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	e.Now = func() time.Time { return august.End.AddDate(0, 0, 9) }
	record(t, e, used{"a", "disk", "a", 0, "1"}, used{"b", "vm", "b", 0, "1"})
	lost := true
	d.commit = func() (bool, error) {
		if lost {
			return false, errors.New("connection refused")
		}
		return true, nil
	}
	want := func(a, b billing.Result) {
		t.Helper()
		outcomes, err := e.BillDue(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := results(outcomes)
		if got["a"] != a || got["b"] != b || len(outcomes) > 2 {
			t.Errorf("outcomes %v, want a %q, b %q", outcomes, a, b)
		}
	}
	want(billing.NotBilled, billing.Parked) // a could not be sent; vm has no cost
	lost = false
	want(billing.Billed, billing.Parked)
	d.costs["vm"] = "3"
	want("", billing.Billed)
	want("", "")
	orders, err := e.Store.Orders(t.Context(), ledger.OrderFilter{Tenant: "a", Statuses: []ledger.Status{ledger.Settled}})
	if err != nil || len(orders) != 1 {
		t.Fatalf("%v, %v", orders, err)
	}
	if err := e.Void(t.Context(), orders[0].Key, "wrong price"); err != nil {
		t.Fatal(err)
	}
	want(billing.Billed, "")
	want("", "")
}

// A month that is not collected to its end keeps it and later ones from being
// billed, and says so.
func TestBillDueIsBehind(t *testing.T) {
	e := newEngine(&samples{all: []usage.Sample{volume("a", "v", "2013-07-10T00:00:00Z", "1"), volume("a", "v", "2013-08-10T00:00:00Z", "1")}}, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, time.Date(2013, 8, 20, 0, 0, 0, 0, time.UTC))
	outcomes, err := e.BillDue(t.Context(), nil)
	var behind *billing.BehindError
	if len(outcomes) != 1 || outcomes[0].Result != billing.Billed || !errors.As(err, &behind) || behind.Block != "2013-08" {
		t.Errorf("%v, %v; want July billed, and August behind", outcomes, err)
	}
}

// Whatever was billed by hand, voided or left open: billing what is due leaves
// no hour unbilled, and bills none twice. The oracle counts hours.
func TestDueCoversAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := dueEngine(newDesk(nil), "a")
		first := time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC)
		if rapid.Bool().Draw(t, "bill from") {
			e.BillFrom = first.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "hour")) * time.Hour)
			first = e.BillFrom
		}
		end := time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			start := first.Add(time.Duration(rapid.IntRange(0, 1600).Draw(t, "start")) * time.Hour)
			block := usage.Span{Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "length")) * time.Hour)}
			outcomes, _ := e.Bill(context.Background(), block, nil)
			for _, o := range outcomes {
				if o.Order.Status == ledger.Settled && rapid.Bool().Draw(t, "void") {
					if err := e.Void(context.Background(), o.Order.Key, "again"); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if _, err := e.BillDue(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		orders, err := e.Store.Orders(context.Background(), ledger.OrderFilter{})
		if err != nil {
			t.Fatal(err)
		}
		orders = slices.DeleteFunc(orders, func(o ledger.Order) bool { return !o.Reserves })
		for hour := first; hour.Before(end); hour = hour.Add(time.Hour) {
			n := 0
			for _, o := range orders {
				if !hour.Before(o.Block.Start) && hour.Before(o.Block.End) {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%v is billed %d times", hour, n)
			}
		}
		if due := dueText(t, e); len(due) > 0 {
			t.Fatalf("still due: %v", due)
		}
	})
}

func billSpan(t *testing.T, e *billing.Engine, from, to time.Time, tenants ...string) {
	t.Helper()
	if outcomes, err := e.Bill(t.Context(), usage.Span{Start: from, End: to}, tenants); err != nil || outcomes[0].Order.Status != ledger.Settled {
		t.Fatalf("%v, %v", outcomes, err)
	}
}
