package billing_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// tampered is a store in which somebody changed something.
type tampered struct {
	ledger.Store
	order      func(*ledger.Order)
	history    func([]ledger.Change) []ledger.Change
	entry      func(*usage.Entry) bool      // false drops it
	adjustment func(*ledger.Adjustment) int // how often it is there
	mark       func(*ledger.Mark) bool      // false drops it
	fold       func(*ledger.Fold) bool      // false drops it
	extra      []ledger.Order               // orders that are there as well
}

func (s *tampered) Folds(ctx context.Context, series ledger.Series, from time.Time) ([]ledger.Fold, error) {
	folds, err := s.Store.Folds(ctx, series, from)
	if s.fold != nil {
		folds = slices.DeleteFunc(folds, func(f ledger.Fold) bool { return !s.fold(&f) })
	}
	return folds, err
}

func (s *tampered) Orders(ctx context.Context, f ledger.OrderFilter) ([]ledger.Order, error) {
	orders, err := s.Store.Orders(ctx, f)
	for i := range orders {
		s.change(&orders[i])
	}
	return append(orders, s.extra...), err
}

func (s *tampered) Order(ctx context.Context, key string) (ledger.Order, error) {
	for _, o := range s.extra {
		if o.Key == key {
			return o, nil
		}
	}
	o, err := s.Store.Order(ctx, key)
	o.Items = slices.Clone(o.Items)
	s.change(&o)
	return o, err
}

func (s *tampered) change(o *ledger.Order) {
	if s.order != nil {
		s.order(o)
	}
}

func (s *tampered) History(ctx context.Context, key string) ([]ledger.Change, error) {
	for _, o := range s.extra {
		if o.Key == key {
			return []ledger.Change{{Status: o.Status, Reference: o.Reference}}, nil
		}
	}
	changes, err := s.Store.History(ctx, key)
	if s.history != nil {
		changes = s.history(slices.Clone(changes))
	}
	return changes, err
}

func (s *tampered) Entries(ctx context.Context, f ledger.EntryFilter) iter.Seq2[usage.Entry, error] {
	return func(yield func(usage.Entry, error) bool) {
		for entry, err := range s.Store.Entries(ctx, f) {
			if s.entry != nil && !s.entry(&entry) {
				continue
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

func (s *tampered) Adjustments(ctx context.Context, f ledger.AdjustmentFilter) iter.Seq2[ledger.Adjustment, error] {
	return func(yield func(ledger.Adjustment, error) bool) {
		for a, err := range s.Store.Adjustments(ctx, f) {
			n := 1
			if s.adjustment != nil {
				n = s.adjustment(&a)
			}
			for range n {
				if !yield(a, err) {
					return
				}
			}
		}
	}
}

func (s *tampered) Marks(ctx context.Context) ([]ledger.Mark, error) {
	marks, err := s.Store.Marks(ctx)
	if s.mark != nil {
		var kept []ledger.Mark
		for _, m := range marks {
			if s.mark(&m) {
				kept = append(kept, m)
			}
		}
		marks = kept
	}
	return marks, err
}

// billedWorld is a ledger of three blocks of one tenant: the second order
// carries late usage of the first, and some waits for the third.
func billedWorld(t *testing.T) (*billing.Engine, []ledger.Order) {
	t.Helper()
	e := lateEngine(searchable{newDesk(map[string]string{"disk": "2", "vm": "0.001"})})
	record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"a", "disk", "d2", 0, "1"}, used{"a", "vm", "v1", 1, "3000"}, used{"a", "free", "f1", 1, "3"},
		used{"a", "disk", "d1", 4, "3"}, used{"a", "disk", "d1", 9, "2"})
	orders := []ledger.Order{billOne(t, e, 0, 4)}
	record(t, e, used{"a", "disk", "d1", 1, "1"}, used{"a", "disk", "d1", 2, "2"}, used{"a", "vm", "v1", 2, "3000"})
	orders = append(orders, billOne(t, e, 4, 8), billOne(t, e, 8, 12))
	record(t, e, used{"a", "disk", "d1", 2, "4"})
	return e, orders
}

func TestVerify(t *testing.T) {
	e, _ := billedWorld(t)
	got := verified(t, e)
	want := billing.Verified{Tenants: 1, Orders: 3, Changes: 6, Items: 6, Entries: 6, Windows: 9, Adjustments: 4}
	if got.Mistakes = nil; !sameCounts(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, err := e.Verify(t.Context(), []string{"z"}); err == nil || !strings.Contains(err.Error(), "tenant z is not in the ledger") {
		t.Errorf("%v", err)
	}
}

func sameCounts(a, b billing.Verified) bool {
	return a.Tenants == b.Tenants && a.Orders == b.Orders && a.Changes == b.Changes && a.Items == b.Items && a.Entries == b.Entries && a.Windows == b.Windows &&
		a.Adjustments == b.Adjustments && a.Unprovable == b.Unprovable
}

// Whatever is wrong in a ledger is found, and named.
func TestVerifyFinds(t *testing.T) {
	d := decimal.RequireFromString
	is := func(n int, change func(*ledger.Order)) func(*tampered, []ledger.Order) {
		return func(s *tampered, orders []ledger.Order) {
			s.order = func(o *ledger.Order) {
				if o.Key == orders[n].Key {
					change(o)
				}
			}
		}
	}
	item := func(n, i int, change func(*ledger.Item)) func(*tampered, []ledger.Order) {
		return is(n, func(o *ledger.Order) {
			if len(o.Items) > 0 {
				change(&o.Items[i])
			}
		})
	}
	onHistory := func(change func([]ledger.Change) []ledger.Change) func(*tampered, []ledger.Order) {
		return func(s *tampered, _ []ledger.Order) { s.history = change }
	}
	tests := []struct {
		name   string
		tamper func(*tampered, []ledger.Order)
		want   string
	}{
		{"another total", is(0, func(o *ledger.Order) { o.Total = d("1") }), "the total is 1, and its items come to 15.6"},
		{"another amount", item(0, 0, func(i *ledger.Item) { i.Amount = d("13") }), "6 at 2 comes to 12, not 13"},
		{"another cost", item(0, 0, func(i *ledger.Item) { i.Cost = d("3") }), "6 at 3 comes to 18, not 12"},
		{"another value", item(0, 1, func(i *ledger.Item) { i.Value = d("3000") }), "3000 second comes to 3600 second, not 3000"},
		{"another volume", item(0, 0, func(i *ledger.Item) { i.Volume, i.Value, i.Amount = d("7"), d("7"), d("14") }), "7 GB hour were billed, and its entries come to 6"},
		{"an item is gone", is(0, func(o *ledger.Order) { o.Items = o.Items[:min(1, len(o.Items))] }), "the total is 15.6, and its items come to 12"},
		{"usage that is in no item", item(0, 0, func(i *ledger.Item) { i.Name = "other" }), "disk in nz-1: 6 GB hour of meter disk are in no item"},
		{"an item twice", is(0, func(o *ledger.Order) { o.Items = append(o.Items, o.Items[:min(1, len(o.Items))]...) }), "two items sum the usage of meter disk"},
		{"another key", is(1, func(o *ledger.Order) { o.Attempt = 2 }), "its key should be "},
		{"another block", is(1, func(o *ledger.Order) { o.Block.Start = o.Block.Start.Add(-time.Hour) }), "overlaps the block of order "},
		{"a state that does not reserve", is(1, func(o *ledger.Order) { o.Reserves = false }), "is settled, and should not say reserves = false"},
		{"no reference", is(1, func(o *ledger.Order) { o.Reference = "" }), `is settled as "", with 3 items`},
		{"another adjustment", item(1, 1, func(i *ledger.Item) { i.Volume, i.Value, i.Amount = d("4"), d("4"), d("8") }), "adjusts 4 GB hour, and the adjustments that it carries come to 3"},
		{"another begun hour before", item(1, 2, func(i *ledger.Item) { i.Before = d("600") }), "3000 second comes to 0 second, not 3600"},
		{"another volume before", item(1, 1, func(i *ledger.Item) { i.Before = d("60") }), "60 GB hour are said to be billed before, and the orders before it billed 6"},
		{"another volume billed before", item(0, 0, func(i *ledger.Item) { i.Volume = d("5") }), "6 GB hour are said to be billed before, and the orders before it billed 5"},
		{"another block adjusted", item(1, 1, func(i *ledger.Item) { i.Adjusts.End = i.Adjusts.End.Add(time.Hour) }), "adjusts a block that was never billed"},
		{"an order without a history", onHistory(func([]ledger.Change) []ledger.Change { return nil }), "it has no history"},
		{"a history that ends early", onHistory(func(c []ledger.Change) []ledger.Change { return c[:len(c)-1] }), `is settled "INV-`},
		{"a history after the end", onHistory(func(c []ledger.Change) []ledger.Change {
			return append(c, ledger.Change{Status: ledger.Claimed}, c[len(c)-1])
		}), "was settled, and then claimed"},
		{"a history after void", onHistory(func(c []ledger.Change) []ledger.Change {
			return slices.Insert(c, 1, ledger.Change{Status: ledger.Void})
		}), "was void, and then settled"},
		{"another reference", onHistory(func(c []ledger.Change) []ledger.Change {
			return slices.Insert(c, 1, ledger.Change{Status: ledger.Settled, Reference: "INV-0"})
		}), "was settled, and then settled"},
		{"another reference at the end", onHistory(func(c []ledger.Change) []ledger.Change {
			c[len(c)-1].Reference = "INV-0"
			return c
		}), `and its history ends in settled "INV-0"`},
		{"an entry is gone", func(s *tampered, _ []ledger.Order) { s.entry = func(e *usage.Entry) bool { return e.Resource != "d2" } }, "6 GB hour were billed, and its entries come to 5"},
		{"an entry has changed", func(s *tampered, _ []ledger.Order) {
			s.entry = func(e *usage.Entry) bool {
				if e.Meter == "vm" {
					e.Volume.Volume = d("3001")
				}
				return true
			}
		}, "3000 second were billed, and its entries come to 3001"},
		{"usage before what was collected", func(s *tampered, _ []ledger.Order) {
			s.mark = func(m *ledger.Mark) bool { m.From = m.From.Add(time.Hour); return true }
		}, "has usage from source object, which is not collected so early"},
		{"not collected", func(s *tampered, _ []ledger.Order) {
			s.mark = func(m *ledger.Mark) bool { return m.Tenant == "" }
		}, "was billed, and is not collected to its end"},
		{"not collected to the end", func(s *tampered, _ []ledger.Order) {
			s.mark = func(m *ledger.Mark) bool { m.Through = hours(7, 8).Start; return true }
		}, "was billed, and is not collected to its end"},
		{"an adjustment is gone", func(s *tampered, _ []ledger.Order) {
			s.adjustment = func(a *ledger.Adjustment) int {
				return map[bool]int{true: 0, false: 1}[a.Window.Start.Equal(hours(1, 2).Start)]
			}
		}, "adjusts 3 GB hour, and the adjustments that it carries come to 2"},
		{"an adjustment twice", func(s *tampered, _ []ledger.Order) {
			s.adjustment = func(*ledger.Adjustment) int { return 2 }
		}, "the adjustment of meter disk, resource d1 is there twice"},
		{"an adjustment of nobody", func(s *tampered, _ []ledger.Order) {
			s.adjustment = func(a *ledger.Adjustment) int { a.Order = "ffff"; return 1 }
		}, "is carried by order ffff, which is not there"},
		{"an adjustment of another order", func(s *tampered, orders []ledger.Order) {
			s.adjustment = func(a *ledger.Adjustment) int { a.Order = orders[2].Key; return 1 }
		}, "carries an adjustment of disk in nz-1 (meter disk, resource d1), and no item of it is for that"},
		{"an adjustment that a void order carries", is(1, func(o *ledger.Order) { o.Status, o.Reserves = ledger.Void, false }), "is void, and carries an adjustment of meter disk"},
		{"pending where nobody reserves", is(0, func(o *ledger.Order) { o.Status, o.Reserves = ledger.Void, false }), "is pending, and no order reserves its block"},
		{"an entry that is not billed is gone", func(s *tampered, _ []ledger.Order) {
			record(t, &billing.Engine{Store: s.Store}, used{"a", "disk", "d1", 20, "3"})
			s.entry = func(e *usage.Entry) bool { return !e.Window.Start.Equal(hours(20, 21).Start) }
		}, "2013-08-01T20:00:00Z to 2013-08-01T21:00:00Z: disk in nz-1: meter disk, resource d1 of source object has 0 GB hour, and what was folded came to 3"},
		{"an entry that is not billed has changed", func(s *tampered, _ []ledger.Order) {
			record(t, &billing.Engine{Store: s.Store}, used{"a", "disk", "d1", 20, "3"}, used{"a", "disk", "d1", 21, "4"})
			s.entry = func(e *usage.Entry) bool {
				switch { // the sum stays
				case e.Window.Start.Equal(hours(20, 21).Start):
					e.Volume.Volume = d("4")
				case e.Window.Start.Equal(hours(21, 22).Start):
					e.Volume.Volume = d("3")
				}
				return true
			}
		}, "resource d1 of source object has 4 GB hour, and what was folded came to 3"},
		{"an entry that nothing was folded for", func(s *tampered, _ []ledger.Order) {
			s.fold = func(f *ledger.Fold) bool { return !f.Window.Start.Equal(hours(9, 10).Start) }
		}, "resource d1 of source object has 2 GB hour, and nothing was folded for that window"},
		{"an adjustment that nothing was folded for", func(s *tampered, _ []ledger.Order) {
			s.fold = func(f *ledger.Fold) bool { return !f.Window.Start.Equal(hours(1, 2).Start) }
		}, "2013-08-01T01:00:00Z to 2013-08-01T02:00:00Z: disk in nz-1: meter disk, resource d1 of source object has 1 GB hour, and nothing was folded"},
		{"a block that was forgotten", is(1, func(o *ledger.Order) { o.Status, o.Reserves = ledger.Void, false }), "lies between billed blocks, has usage (1 entries), and is not billed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, orders := billedWorld(t)
			s := &tampered{Store: e.Store}
			test.tamper(s, orders)
			e.Store = s
			v, err := e.Verify(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, m := range v.Mistakes {
				found = found || strings.Contains(m.String(), test.want)
			}
			if !found {
				t.Errorf("mistakes %v, want %q", v.Mistakes, test.want)
			}
		})
	}
}

// Where the clocks of machines differ, what was billed before is proved all the
// same.
func TestVerifyWithOtherClocks(t *testing.T) {
	e := lateEngine(newDesk(map[string]string{"disk": "2"}))
	at := october
	e.Now = func() time.Time { return at }
	record(t, e, used{"a", "disk", "d1", 0, "6"})
	billOne(t, e, 0, 4)
	for i, volume := range []string{"8", "6", "9"} { // 2 more, 2 less, 3 more
		at = october.Add(-time.Duration(i+1) * time.Hour)
		hour := 4 * (i + 1)
		record(t, e, used{"a", "disk", "d1", 0, volume}, used{"a", "disk", "d1", hour, "50"})
		billOne(t, e, hour, hour+4)
	}
	verified(t, e)
	e.Store = &tampered{Store: e.Store, order: func(o *ledger.Order) {
		for i := range o.Items {
			if o.Items[i].Volume.Equal(decimal.NewFromInt(3)) {
				o.Items[i].Before = decimal.NewFromInt(8)
			}
		}
	}}
	if v, err := e.Verify(t.Context(), nil); err != nil || len(v.Mistakes) == 0 {
		t.Errorf("%v, %v", v.Mistakes, err)
	}
}

// Orders from before volumes were kept prove their amounts, and no more.
func TestVerifyOldOrders(t *testing.T) {
	e, orders := billedWorld(t)
	s := &tampered{Store: e.Store, order: func(o *ledger.Order) {
		if o.Key != orders[2].Key {
			return
		}
		o.Rounding, o.ValueDigits = "", 0
		for i := range o.Items {
			o.Items[i].Volume, o.Items[i].Measured, o.Items[i].Meters = o.Items[i].Value, o.Items[i].Unit, nil
		}
	}}
	e.Store = s
	if v := verified(t, e); v.Unprovable != 1 {
		t.Errorf("%+v", v)
	}
}

// What changes while it is read is read again before anything is said of it.
func TestVerifyWhileBilling(t *testing.T) {
	e, _ := billedWorld(t)
	s := &tampered{Store: e.Store}
	n := 0
	s.entry = func(entry *usage.Entry) bool {
		if n++; n <= 6 { // the first time that they are read
			entry.Volume.Volume = decimal.NewFromInt(99)
			record(t, &billing.Engine{Store: s.Store}, used{"a", "disk", "d1", 20, decimal.NewFromInt(int64(n)).String()})
		}
		return true
	}
	e.Store = s
	verified(t, e)
}

// Late usage of an order from before volumes were kept is at its cost, and in
// its unit.
func TestLateUsageOfAnOldOrder(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	d.units = map[string]string{"disk": "GB day"}
	e := lateEngine(d)
	e.ValueDigits = 3
	record(t, e, used{"a", "disk", "d1", 0, "60"}) // 2.5 GB day
	billOne(t, e, 0, 4)
	e.Store = &tampered{Store: e.Store, order: func(o *ledger.Order) {
		for i := range o.Items {
			o.Items[i].Volume, o.Items[i].Measured, o.Items[i].Meters = o.Items[i].Value, o.Items[i].Unit, nil
		}
	}}
	record(t, e, used{"a", "disk", "d1", 1, "12"})
	d.costs["disk"], d.units["disk"] = "5", "GB hour"
	draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, hours(4, 8))
	if err != nil {
		t.Fatal(err)
	}
	want := "00h: disk: 12 after 60 GB hour = 0.5 GB day at 2 is 1" // 12 / 24
	if got := lines(draft.Order.Items); len(got) != 1 || got[0] != want {
		t.Errorf("%v, want %s", got, want)
	}
}
