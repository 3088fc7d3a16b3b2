package billing_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// world is a cloud, its ERP, and the engine between them. It knows what is
// used, and what the ERP was sent, and nothing of how the engine works.
type world struct {
	*rapid.T
	e      *billing.Engine
	desk   *desk
	used   map[used]*big.Rat // by hour; the volume of the key is ""
	voided map[string]bool   // keys of invoices that were cancelled
	voids  int
	narrow bool // usage is of one block, and mostly of begun hours: its orders carry, and are void, more often
}

const (
	worldBlocks = 3
	blockHours  = 4
)

func newWorld(t *rapid.T) *world {
	costs, disk, vm := map[string]string{}, []string{"0.01", "0.333", "2", "17.5"}, []string{"0.0001", "0.013"}
	first := rapid.IntRange(0, 3).Draw(t, "first price")
	for block := range worldBlocks + 40 { // a price of its own in each block
		at := hours(block*blockHours, 0).Start.UTC().Format("02T15")
		costs["disk "+at], costs["vm "+at] = disk[(first+block)%len(disk)], vm[(first+block)%len(vm)]
	}
	w := &world{T: t, desk: newDesk(costs), used: map[used]*big.Rat{}, voided: map[string]bool{}, narrow: rapid.Bool().Draw(t, "narrow")}
	var erp invoice.ERP = searchable{w.desk}
	switch rapid.IntRange(0, 2).Draw(t, "ERP") {
	case 1:
		erp = searchableCrediter{searchable{w.desk}}
	case 2:
		erp = searchableList{searchable{w.desk}}
	}
	w.e = lateEngine(erp)
	w.e.Digits = rapid.SampledFrom([]int32{0, 2, 3}).Draw(t, "digits")
	w.e.Rounding = rapid.SampledFrom([]billing.Rounding{billing.HalfAwayFromZero, billing.HalfEven}).Draw(t, "rounding")
	return w
}

type searchableCrediter struct{ searchable }

func (searchableCrediter) Credits() bool { return true }

type searchableList struct{ searchable }

func (searchableList) PerResource() bool { return true }

// use lets somebody use something, or something else than was known.
func (w *world) use() {
	meters, last, most := []string{"disk", "vm", "free"}, worldBlocks*blockHours-1, 4
	if w.narrow {
		meters, last, most = []string{"vm", "vm", "disk"}, 2, 2
	}
	for range rapid.IntRange(1, most).Draw(w.T, "hours") {
		meter := rapid.SampledFrom(meters).Draw(w.T, "meter")
		u := used{
			tenant: rapid.SampledFrom([]string{"a", "b"}).Draw(w.T, "tenant"), meter: meter,
			resource: rapid.SampledFrom([]string{"1", "2"}).Draw(w.T, "resource"),
			hour:     rapid.IntRange(0, last).Draw(w.T, "hour"),
			volume:   rapid.SampledFrom([]string{"0", "1", "2.5", "0.000001", "40", "3600"}).Draw(w.T, "volume"),
		}
		u.resource = u.tenant + u.resource
		volume, _ := new(big.Rat).SetString(u.volume)
		record(w, w.e, u)
		u.volume = ""
		w.used[u] = volume
	}
}

// bill bills a block, and again until the ERP has answered.
func (w *world) bill(block int) []billing.Outcome {
	w.desk.commit = func() (bool, error) {
		if rapid.IntRange(0, 9).Draw(w.T, "lost") == 0 {
			return rapid.Bool().Draw(w.T, "saved"), invoice.UnknownOutcome(errors.New("lost"))
		}
		return true, nil
	}
	outcomes, err := w.e.Bill(context.Background(), hours(block*blockHours, (block+1)*blockHours), nil)
	if err != nil {
		w.Fatal(err)
	}
	for _, o := range outcomes {
		if o.Result == billing.Overlaps {
			w.Fatalf("%v", o.Err)
		}
		if o.Order.Total.IsNegative() && !w.credits() {
			w.Fatalf("order %s comes to %s", o.Order.Key, o.Order.Total)
		}
	}
	return outcomes
}

func (w *world) credits() bool {
	_, ok := w.e.ERP.(invoice.Crediter)
	return ok
}

// void cancels an invoice.
func (w *world) void() {
	orders, err := w.e.Store.Orders(context.Background(), ledger.OrderFilter{Statuses: []ledger.Status{ledger.Settled}})
	if err != nil {
		w.Fatal(err)
	}
	if len(orders) == 0 {
		return
	}
	o := rapid.SampledFrom(orders).Draw(w.T, "order")
	if err := w.e.Void(context.Background(), o.Key, "cancelled"); err != nil {
		w.Fatal(err)
	}
	w.voided[o.Key] = true
	w.voids++
}

// settle bills all that can be billed, and then, with enough new usage to bear
// what is owed to the tenants, until nothing is pending any more.
func (w *world) settle() {
	settled := 0
	for block := 0; block < worldBlocks+40; block++ {
		at := block
		if block >= worldBlocks {
			for _, tenant := range []string{"a", "b"} {
				u := used{tenant, "disk", tenant + "1", block * blockHours, "100000"}
				record(w, w.e, u)
				u.volume = ""
				w.used[u] = big.NewRat(100000, 1)
			}
		}
		done := false
		for try := 0; !done && try < 60; try++ {
			done = true
			for _, o := range w.bill(at) {
				switch o.Result {
				case billing.NotBilled:
					done = false
				case billing.Parked: // more was billed for it, by later orders, than was used
					done = false
					w.voidCarriers(o.Order)
				}
			}
		}
		if !done {
			w.Fatalf("block %d is never billed", block)
		}
		if block >= worldBlocks && w.pending() == 0 && w.open() == 0 {
			if settled++; settled > 1 {
				return // with an order after the last, for what a void left
			}
			continue
		}
		settled = 0
		if block >= worldBlocks && w.open() > 0 {
			block, at = -1, 0 // a block was void again
		}
	}
	w.Fatalf("%d adjustments stay pending", w.pending())
}

// voidCarriers does what a parked order asks for.
func (w *world) voidCarriers(parked ledger.Order) {
	carriers := map[string]bool{}
	for a, err := range w.e.Store.Adjustments(context.Background(), ledger.AdjustmentFilter{Tenant: parked.Tenant.ID, Within: parked.Block}) {
		if err != nil {
			w.Fatal(err)
		}
		if a.Order != "" {
			carriers[a.Order] = true
		}
	}
	if len(carriers) == 0 {
		w.Fatalf("parked: %s", parked.Reason)
	}
	for key := range carriers {
		order, err := w.e.Store.Order(context.Background(), key)
		if err != nil {
			w.Fatal(err)
		}
		if order.Status != ledger.Settled { // it is not known yet whether it was sent
			w.bill(int(order.Block.Start.Sub(august.Start).Hours()) / blockHours)
			continue
		}
		if err := w.e.Void(context.Background(), key, "more was billed than used"); err != nil {
			w.Fatal(err)
		}
		w.voided[key] = true
		w.voids++
	}
}

func (w *world) pending() (n int) {
	for _, err := range w.e.Store.Adjustments(context.Background(), ledger.AdjustmentFilter{Pending: true}) {
		if err != nil {
			w.Fatal(err)
		}
		n++
	}
	return n
}

// open is how many of the first blocks are not billed, of both tenants.
func (w *world) open() int {
	orders, err := w.e.Store.Orders(context.Background(), ledger.OrderFilter{Statuses: []ledger.Status{ledger.Settled}})
	if err != nil {
		w.Fatal(err)
	}
	settled := map[string]bool{}
	latest := 0
	for _, o := range orders {
		block := int(o.Block.Start.Sub(august.Start).Hours()) / blockHours
		settled[fmt.Sprint(o.Tenant.ID, block)] = true
		latest = max(latest, block)
	}
	n := 0
	for block := range latest + 1 {
		for _, tenant := range []string{"a", "b"} {
			if !settled[fmt.Sprint(tenant, block)] {
				n++
			}
		}
	}
	return n
}

// check holds what the ERP has against what was used.
func (w *world) check() {
	type place struct {
		tenant, service string
		block           int
	}
	values, amounts, items := map[place]*big.Rat{}, map[place]*big.Rat{}, map[place]int64{}
	for key, lines := range w.desk.saved {
		if w.voided[key] {
			continue
		}
		order, err := w.e.Store.Order(context.Background(), key)
		if err != nil {
			w.Fatal(err)
		}
		for _, item := range lines {
			block := order.Block
			if !item.Adjusts.IsZero() {
				block = item.Adjusts
			}
			at := place{order.Tenant.ID, item.Name, int(block.Start.Sub(august.Start).Hours()) / blockHours}
			if price := w.desk.costs[item.Name+" "+block.Start.UTC().Format("02T15")]; !item.Cost.Equal(decimal.RequireFromString(price)) {
				w.Errorf("%s of %s costs %s, and %s in its block", item.Name, key, item.Cost, price)
			}
			if values[at] == nil {
				values[at], amounts[at] = new(big.Rat), new(big.Rat)
			}
			values[at].Add(values[at], item.Value.Rat())
			amounts[at].Add(amounts[at], item.Amount.Rat())
			items[at]++
		}
	}
	want := map[place]*big.Rat{}
	resources := map[place]map[string]*big.Rat{}
	for u, volume := range w.used {
		if u.meter == "free" {
			continue
		}
		at := place{u.tenant, serviceOf(u.meter), u.hour / blockHours}
		if resources[at] == nil {
			resources[at] = map[string]*big.Rat{}
		}
		resource := ""
		if _, each := w.e.ERP.(invoice.ResourceLister); each {
			resource = u.resource
		}
		if resources[at][resource] == nil {
			resources[at][resource] = new(big.Rat)
		}
		resources[at][resource].Add(resources[at][resource], volume)
	}
	for at, each := range resources {
		want[at] = new(big.Rat)
		for _, volume := range each {
			if at.service == "vm" {
				volume = wholeHours(volume)
			}
			want[at].Add(want[at], volume)
		}
		if want[at].Sign() != 0 && values[at] == nil {
			w.Errorf("%+v: used %s, and never billed", at, want[at])
		}
	}
	half := big.NewRat(1, 2)
	for range w.e.Digits {
		half.Mul(half, big.NewRat(1, 10))
	}
	for at, value := range values {
		used := want[at]
		if used == nil {
			used = new(big.Rat)
		}
		if value.Cmp(used) != 0 {
			w.Errorf("%+v: billed %s, used %s", at, value.FloatString(9), used.FloatString(9))
		}
		cost, _ := new(big.Rat).SetString(w.desk.costs[at.service+" "+hours(at.block*blockHours, 0).Start.UTC().Format("02T15")])
		off := new(big.Rat).Sub(amounts[at], new(big.Rat).Mul(used, cost))
		if off.Abs(off).Cmp(new(big.Rat).Mul(half, big.NewRat(items[at], 1))) > 0 {
			w.Errorf("%+v: %s x %s was billed in %d items as %s", at, used.FloatString(9), cost.FloatString(4), items[at], amounts[at].FloatString(4))
		}
	}
}

// wholeHours is a volume in seconds, up to the hour that was begun.
func wholeHours(seconds *big.Rat) *big.Rat {
	h := new(big.Rat).Quo(seconds, big.NewRat(3600, 1))
	n := new(big.Int).Div(h.Num(), h.Denom())
	if !h.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	return new(big.Rat).SetInt(n.Mul(n, big.NewInt(3600)))
}

// Whatever comes late, is cancelled, or is lost on the way: in the end, what
// each block was billed is what billing its final usage once would have come
// to.
func TestAdjustmentsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for _, tenant := range []string{"a", "b"} {
			record(w, w.e, used{tenant, "disk", tenant + "1", 0, "0"})
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 7).Draw(t, "step") {
			case 0, 1, 2:
				w.use()
			case 3, 4, 5:
				w.bill(rapid.IntRange(0, worldBlocks-1).Draw(t, "block"))
			case 6, 7:
				w.void()
			}
		}
		w.settle()
		w.check()
		verified(w, w.e)
		if got, err := w.e.Reconcile(context.Background(), usage.Span{}, nil); err != nil {
			t.Fatal(err)
		} else {
			for _, o := range got {
				still := o.Result == billing.StillThere && o.Order.Status == ledger.Void // nobody takes them away here
				if o.Result != billing.Confirmed && o.Result != billing.NothingToBill && !still {
					t.Errorf("reconciled: %s: %v", o.Result, o.Err)
				}
			}
		}
	})
}
