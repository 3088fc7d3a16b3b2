package ledgertest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// compareOrders is the order in which a store gives orders.
func compareOrders(a, b ledger.Order) int {
	return cmp.Or(a.Block.Start.Compare(b.Block.Start), strings.Compare(a.Tenant.ID, b.Tenant.ID), strings.Compare(a.Key, b.Key))
}

// lets reports whether a filter lets an order through.
func lets(f ledger.OrderFilter, o ledger.Order) bool {
	return (f.Tenant == "" || f.Tenant == o.Tenant.ID) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, o.Status)) &&
		strings.HasPrefix(o.Key, f.KeyPrefix)
}

// testOverlap: each of the ways in which two spans can lie to one another.
func (s suite) testOverlap(t *testing.T) {
	store := s.open(t)
	reserved := hours(10, 20)
	nanosecond := func(span usage.Span, start, end int) usage.Span {
		return usage.Span{Start: span.Start.Add(time.Duration(start)), End: span.End.Add(time.Duration(end))}
	}
	for i, test := range []struct {
		name     string
		block    usage.Span
		overlaps bool
	}{
		{"before", hours(0, 9), false},
		{"meets", hours(0, 10), false},
		{"overlaps", hours(0, 11), true},
		{"is finished by", hours(0, 20), true},
		{"contains", hours(0, 30), true},
		{"starts", hours(10, 11), true},
		{"equals", hours(10, 20), true},
		{"is started by", hours(10, 30), true},
		{"during", hours(12, 13), true},
		{"finishes", hours(19, 20), true},
		{"is overlapped by", hours(19, 30), true},
		{"is met by", hours(20, 30), false},
		{"after", hours(21, 30), false},
		{"meets, a nanosecond too late", nanosecond(hours(0, 10), 0, 1), true},
		{"meets, a nanosecond too early", nanosecond(hours(0, 10), 0, -1), false},
		{"is met by, a nanosecond too early", nanosecond(hours(20, 30), -1, 0), true},
		{"is met by, a nanosecond too late", nanosecond(hours(20, 30), 1, 0), false},
	} {
		// Each for a tenant of its own. Neighbours on both sides, whom nobody
		// overlaps, are not taken for the one that is overlapped.
		tenant := fmt.Sprintf("tenant-%02d", i)
		by := order(tenant+"-by", tenant, reserved)
		must(t, store.Claim(t.Context(), order(tenant+"-before", tenant, hours(-20, -10))))
		must(t, store.Claim(t.Context(), by))
		must(t, store.Claim(t.Context(), order(tenant+"-after", tenant, hours(40, 50))))
		o := order(tenant+"-claim", tenant, test.block)
		if test.overlaps {
			wantOverlap(t, store.Claim(t.Context(), o), o, by)
			wantOverlap(t, store.Park(t.Context(), withoutItems(o)), o, by)
			if _, err := store.Order(t.Context(), o.Key); !errors.Is(err, ledger.ErrNoOrder) {
				t.Errorf("%s: a refused order: got error %v, want ErrNoOrder", test.name, err)
			}
			continue
		}
		if err := store.Park(t.Context(), withoutItems(o)); err != nil {
			t.Errorf("%s: park: %v", test.name, err)
		}
		if err := store.Claim(t.Context(), o); err != nil {
			t.Errorf("%s: claim: %v", test.name, err)
		}
	}
}

// testOverlapRandom: any steps lead to the orders that a plain list leads to.
func (s suite) testOverlapRandom(t *testing.T) {
	store := s.open(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		m := model{prefix: fmt.Sprintf("%04x", run), tenants: []string{fmt.Sprintf("a-%d", run), fmt.Sprintf("b-%d", run)}}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			m.step(t, rt, store)
		}
		orders, err := store.Orders(t.Context(), ledger.OrderFilter{KeyPrefix: m.prefix})
		if err != nil {
			rt.Fatal(err)
		}
		slices.SortFunc(m.orders, compareOrders)
		if got, want := describe(orders), describe(m.orders); got != want {
			rt.Fatalf("got orders\n%swant\n%s", got, want)
		}
	})
}

// A model does to a list what a store should do.
type model struct {
	prefix  string
	tenants []string
	orders  []ledger.Order
	keys    int
}

// step takes the same random step in the model and in the store.
func (m *model) step(t *testing.T, rt *rapid.T, store ledger.Store) {
	action := rapid.SampledFrom([]string{"claim", "claim", "claim", "park", "settle", "suspend"}).Draw(rt, "action")
	if action == "settle" || action == "suspend" {
		m.change(t, rt, store, action)
		return
	}
	start := rapid.IntRange(0, 20).Draw(rt, "start")
	m.keys++
	o := order(fmt.Sprintf("%s%02x", m.prefix, m.keys), rapid.SampledFrom(m.tenants).Draw(rt, "tenant"),
		hours(start, start+rapid.IntRange(1, 8).Draw(rt, "length")))
	var err error
	if action == "claim" {
		err = store.Claim(t.Context(), o)
	} else {
		o = parked(o.Key, o.Tenant.ID, o.Block)
		err = store.Park(t.Context(), o)
	}
	overlaps := func(other ledger.Order) bool {
		return other.Tenant.ID == o.Tenant.ID && other.Block.Overlaps(o.Block)
	}
	refused := slices.ContainsFunc(m.orders, func(other ledger.Order) bool { return other.Reserves && overlaps(other) })
	overlap, isOverlap := errors.AsType[*ledger.OverlapError](err)
	switch {
	case refused && !isOverlap:
		rt.Fatalf("%s of %v: got error %v, want an *OverlapError", action, o.Block, err)
	case refused:
		if by := overlap.By; !by.Reserves || !overlaps(by) {
			rt.Fatalf("%s of %v: %v is not in its way", action, o.Block, by.Block)
		}
	case err != nil:
		rt.Fatalf("%s of %v: %v", action, o.Block, err)
	default:
		if o.Reserves {
			m.orders = slices.DeleteFunc(m.orders, func(other ledger.Order) bool { return !other.Reserves && overlaps(other) })
		}
		m.orders = append(m.orders, o)
	}
}

// change settles or suspends an order that is there, or not.
func (m *model) change(t *testing.T, rt *rapid.T, store ledger.Store, action string) {
	key := fmt.Sprintf("%s%02x", m.prefix, rapid.IntRange(1, m.keys+1).Draw(rt, "key"))
	var err error
	status := ledger.Settled
	if action == "settle" {
		err = store.Settle(t.Context(), key, "INV-1", hour(1001))
	} else {
		status = rapid.SampledFrom([]ledger.Status{ledger.InDoubt, ledger.Parked}).Draw(rt, "status")
		err = store.Suspend(t.Context(), key, status, "because", hour(1001))
	}
	var want error
	i := slices.IndexFunc(m.orders, func(o ledger.Order) bool { return o.Key == key })
	switch {
	case i < 0:
		want = ledger.ErrNoOrder
	case !m.orders[i].Reserves || m.orders[i].Status == ledger.Settled:
		want = ledger.ErrNotClaimed
	default:
		m.orders[i].Status = status
	}
	if !errors.Is(err, want) {
		rt.Fatalf("%s of order %s: got error %v, want %v", action, key, err, want)
	}
}

// describe is a list of orders as text, as far as the model knows them.
func describe(orders []ledger.Order) string {
	var b strings.Builder
	for _, o := range orders {
		fmt.Fprintf(&b, "%s %s %v %s reserves=%t\n", o.Key, o.Tenant.ID, o.Block, o.Status, o.Reserves)
	}
	return b.String()
}
