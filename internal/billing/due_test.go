package billing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// dueEngine is an engine whose tenants were collected from the middle of July
// to October, and used something in some hours, counted from the start of August.
func dueEngine(tenants []string, hoursUsed ...int) *billing.Engine {
	e := lateEngine(newDesk(map[string]string{"disk": "1"}))
	e.SettleAfter = 24 * time.Hour
	from := time.Date(2013, 7, 15, 0, 0, 0, 0, time.UTC)
	batch := ledger.Batch{Marks: []ledger.Mark{{Source: "object", From: from, Through: october}}}
	for _, t := range tenants {
		batch.Marks = append(batch.Marks, ledger.Mark{Tenant: t, Source: "object", From: from, Through: october},
			ledger.Mark{Tenant: t, Source: "gone", From: august.Start, Through: august.End})
		series := ledger.SeriesFolds{Series: ledger.Series{Source: "object", Meter: "disk", Resource: t}}
		for _, hour := range hoursUsed {
			series.Folds = append(series.Folds, diskFold(t, hour, "1"))
		}
		batch.Series = append(batch.Series, series)
	}
	if err := e.Store.Record(context.Background(), batch); err != nil {
		panic(err)
	}
	return e
}

// diskFold is an hour in which a tenant used a disk of its own.
func diskFold(tenant string, hour int, size string) ledger.Fold {
	window := hours(hour, hour+1)
	return ledger.Fold{Window: window, Samples: 1, Digest: size, Entries: []usage.Entry{{
		Source: "object", Meter: "disk", Resource: tenant, Window: window,
		Volume: usage.Volume{Tenant: tenant, Datacenter: "nz-1", Service: serviceOf("disk"), Volume: decimal.RequireFromString(size), Unit: unitOf("disk"), Samples: 1},
	}}}
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
		}, []string{"2013-07 [b]", "2013-08 [b]", "2013-08-04 to 2013-08-11 [a]", "2013-08-18 to 2013-09-01 [a]"}},
		{"what is left around it was used by nobody", func(t *testing.T, e *billing.Engine) {
			billSpan(t, e, day(7, 28), day(9, 1))
			e.SettleAfter = 0
		}, []string{"2013-09 [a b]"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// One hour of July, three of August, one of September.
			e := dueEngine([]string{"a", "b"}, -24, 5*24, 20*24, 25*24, 33*24)
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
// no hour unbilled in which there was usage, and bills none twice. The oracle
// counts hours.
func TestDueCoversAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2013, 7, 15, 0, 0, 0, 0, time.UTC)
		var used []int
		for _, hour := range rapid.SliceOfNDistinct(rapid.IntRange(0, 1100), 0, 5, rapid.ID).Draw(t, "used") {
			used = append(used, hour-int(august.Start.Sub(start).Hours()))
		}
		slices.Sort(used)
		e := dueEngine([]string{"a"}, used...)
		first := time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC)
		if rapid.Bool().Draw(t, "bill from") {
			e.BillFrom = first.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "hour")) * time.Hour)
			first = e.BillFrom
		}
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
		end := time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)
		for hour := first; hour.Before(end); hour = hour.Add(time.Hour) {
			n := 0
			for _, o := range orders {
				if !hour.Before(o.Block.Start) && hour.Before(o.Block.End) {
					n++
				}
			}
			if n > 1 || n == 0 && slices.Contains(used, int(hour.Sub(august.Start).Hours())) {
				t.Fatalf("%v is billed %d times", hour, n)
			}
		}
		if due := dueText(t, e); len(due) > 0 {
			t.Fatalf("still due: %v", due)
		}
	})
}

// A tenant that used its first hour this month, or long ago by a clock that was
// wrong, has no order for the months of others in which it used nothing.
func TestDueOfWhatWasUsed(t *testing.T) {
	const month2003 = "2003-01-15T00:00:00Z"
	for _, tc := range []struct {
		name string
		all  []usage.Sample
		want []string
	}{
		{"a tenant that is new this month", []usage.Sample{
			volume("old", "v", "2013-07-10T00:00:00Z", "1"), volume("old", "v", "2013-08-10T00:00:00Z", "1"), volume("old", "v", "2013-09-10T00:00:00Z", "1"),
			volume("new", "w", "2013-10-02T00:00:00Z", "1")},
			[]string{"2013-07 [old]", "2013-08 [old]", "2013-09 [old]"}},
		{"a tenant that was new last month", []usage.Sample{volume("old", "v", "2013-07-10T00:00:00Z", "1"), volume("new", "w", "2013-09-10T00:00:00Z", "1")},
			[]string{"2013-07 [old]", "2013-09 [new]"}},
		{"a stray sample of ten years ago", []usage.Sample{volume("a", "v", month2003, "1"), volume("a", "v", "2013-08-10T00:00:00Z", "1"), volume("b", "w", "2013-08-10T00:00:00Z", "1")},
			[]string{"2003-01 [a]", "2013-08 [a b]"}},
		{"nothing but a stray sample", []usage.Sample{volume("a", "v", month2003, "1")}, []string{"2003-01 [a]"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := newEngine(&samples{all: tc.all}, searchable{newDesk(map[string]string{"volume.size": "1"})})
			now := time.Date(2013, 10, 15, 0, 0, 0, 0, time.UTC)
			e.Now = func() time.Time { return now }
			collect(t, e, now)
			if diff := cmp.Diff(tc.want, dueText(t, e)); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
			outcomes, err := e.BillDue(t.Context(), nil)
			if err != nil || slices.ContainsFunc(outcomes, func(o billing.Outcome) bool { return o.Result != billing.Billed }) {
				t.Errorf("%v, %v", outcomes, err)
			}
			if due := dueText(t, e); len(due) > 0 {
				t.Errorf("still due: %v", due)
			}
			unbilled, err := e.Unbilled(t.Context(), nil)
			if err != nil || len(unbilled) > 0 {
				t.Errorf("not billed: %v, %v", unbilled, err)
			}
			if v, err := e.Verify(t.Context(), nil); err != nil || len(v.Mistakes)+len(v.Unbilled) > 0 {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
}

// What came late for a tenant that uses nothing any more is billed all the same,
// by an order for the last month.
func TestDueWaits(t *testing.T) {
	e := dueEngine([]string{"a", "b"}, 5*24)
	e.SettleAfter = 0
	if due, want := dueText(t, e), []string{"2013-08 [a b]"}; !slices.Equal(due, want) {
		t.Fatalf("due is %v, want %v", due, want)
	}
	if _, err := e.BillDue(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	series := ledger.Series{Source: "object", Meter: "disk", Resource: "b"}
	if err := e.Store.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: series, Folds: []ledger.Fold{diskFold("b", 5*24, "3")}}}}); err != nil {
		t.Fatal(err)
	}
	if due, want := dueText(t, e), []string{"2013-09 [b]"}; !slices.Equal(due, want) {
		t.Fatalf("due is %v, want %v", due, want)
	}
	outcomes, err := e.BillDue(t.Context(), nil)
	if err != nil || len(outcomes) != 1 || len(outcomes[0].Order.Items) != 1 || outcomes[0].Order.Items[0].Volume.String() != "2" { // 3 - 1
		t.Fatalf("%v, %v", outcomes, err)
	}
	if due := dueText(t, e); len(due) > 0 {
		t.Errorf("still due: %v", due)
	}
}

// A month in which nothing was used is due as long as it is not known that nothing
// was: a source that went silent is missed.
func TestDueIsNotCollected(t *testing.T) {
	e := newEngine(&samples{all: []usage.Sample{volume("a", "v", "2013-07-10T00:00:00Z", "1")}}, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, time.Date(2013, 8, 20, 0, 0, 0, 0, time.UTC))
	e.SettleAfter = 0
	if due, want := dueText(t, e), []string{"2013-07 [a]", "2013-08 [a]", "2013-09 [a]"}; !slices.Equal(due, want) {
		t.Errorf("due is %v, want %v", due, want)
	}
	collect(t, e, october)
	if due, want := dueText(t, e), []string{"2013-07 [a]"}; !slices.Equal(due, want) {
		t.Errorf("due is %v, want %v", due, want)
	}
	// A tenant that is held back, alone, while its source goes on.
	held := ledger.Mark{Tenant: "held", Source: "object", From: august.Start, Through: august.End.AddDate(0, 0, -5)}
	if err := e.Store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{held}}); err != nil {
		t.Fatal(err)
	}
	if due, want := dueText(t, e), []string{"2013-07 [a]", "2013-08 [held]", "2013-09 [held]"}; !slices.Equal(due, want) {
		t.Errorf("due is %v, want %v", due, want)
	}
	held.Through = october
	if err := e.Store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{held}}); err != nil {
		t.Fatal(err)
	}
	e.SourceNames = append(e.SourceNames, "never")
	if due, want := dueText(t, e), []string{"2013-07 [a]", "2013-08 [a held]", "2013-09 [a held]"}; !slices.Equal(due, want) {
		t.Errorf("due is %v, want %v", due, want)
	}
}

func billSpan(t *testing.T, e *billing.Engine, from, to time.Time, tenants ...string) {
	t.Helper()
	if outcomes, err := e.Bill(t.Context(), usage.Span{Start: from, End: to}, tenants); err != nil || outcomes[0].Order.Status != ledger.Settled {
		t.Fatalf("%v, %v", outcomes, err)
	}
}
