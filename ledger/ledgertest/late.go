package ledgertest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// recordAcme records that acme used the vm for 10 in each of the hours 0 to 9,
// and umbrella for 20 in hour 5, and claims acme's hours 3 to 6 as order aa.
func recordAcme(t *testing.T, store ledger.Store) ledger.Hold {
	t.Helper()
	b := batch(vm, fold(vm, 5, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "20")))
	for _, n := range []int{0, 1, 2, 3, 4, 6, 7, 8, 9} {
		b.Series[0].Folds = append(b.Series[0].Folds, mine(n, "10"))
	}
	must(t, store.Record(t.Context(), b))
	return claim(t, store, order("aa", "acme", hours(3, 7)))
}

// testLate: usage that comes to a reserved block, or goes from it, leaves what
// was billed, and is pending beside it. Elsewhere usage changes.
func (s suite) testLate(t *testing.T) {
	other := volume("acme", "c1.small", "10")
	other.Datacenter = "akl"
	hourly := volume("acme", "c1.small", "10")
	hourly.Unit = "hour"
	for _, test := range []struct {
		name   string
		series ledger.Series
		fold   ledger.Fold
		want   []string // what acme has of the hour then
	}{
		{"the same", vm, mine(4, "10"), []string{"4 vm-1 c1.small 10"}},
		{"the same, written in another way", vm, mine(4, "10.00"), []string{"4 vm-1 c1.small 10"}},
		{"more", vm, mine(4, "12.5"), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small +2.5 pending"}},
		{"less", vm, mine(4, "7"), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small -3 pending"}},
		{"more in its 30th digit", vm, mine(4, "10.0000000000000000000000000001"), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small +0.0000000000000000000000000001 pending"}},
		{"none any more", vm, fold(vm, 4), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small -10 pending"}},
		{"down to zero", vm, mine(4, "0"), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small -10 pending"}},
		{"another service", vm, fold(vm, 4, volume("acme", "c1.large", "10")), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.large +10 pending", "4 vm-1 c1.small -10 pending"}},
		{"one more service", vm, fold(vm, 4, volume("acme", "c1.small", "10"), volume("acme", "c1.large", "1")), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.large +1 pending"}},
		{"another unit", vm, fold(vm, 4, hourly), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small hour +10 pending", "4 vm-1 c1.small -10 pending"}},
		{"another datacenter", vm, fold(vm, 4, other), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small akl +10 pending", "4 vm-1 c1.small -10 pending"}},
		{"another tenant's now", vm, fold(vm, 4, volume("umbrella", "c1.small", "10")), []string{"4 vm-1 c1.small 10", "4 vm-1 c1.small -10 pending"}},
		{"the block's first hour", vm, mine(3, "11"), []string{"3 vm-1 c1.small 10", "3 vm-1 c1.small +1 pending"}},
		{"the block's last hour", vm, mine(6, "11"), []string{"6 vm-1 c1.small 10", "6 vm-1 c1.small +1 pending"}},
		{"another series", disk, fold(disk, 4, volume("acme", "disk", "1")), []string{"4 vm-1 c1.small 10", "4 disk-1 disk +1 pending"}},
		{"another series, nothing to bill", disk, fold(disk, 4), []string{"4 vm-1 c1.small 10"}},
		{"another series, a volume of zero", disk, fold(disk, 4, volume("acme", "disk", "0")), []string{"4 vm-1 c1.small 10"}},
		{"another tenant's series", disk, fold(disk, 4, volume("umbrella", "disk", "1")), []string{"4 vm-1 c1.small 10"}},
		{"the other tenant's part", vm, fold(vm, 5, volume("acme", "c1.small", "10"), volume("umbrella", "c1.small", "21")), []string{"5 vm-1 c1.small 10"}},
		{"the hour before", vm, mine(2, "11"), []string{"2 vm-1 c1.small 11"}},
		{"the hour after", vm, mine(7, "11"), []string{"7 vm-1 c1.small 11"}},
		{"an hour without usage before", vm, mine(-1, "11"), []string{"-1 vm-1 c1.small 11"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := s.open(t)
			recordAcme(t, store)
			n := int(test.fold.Window.Start.Sub(midnight) / usage.WindowLength)
			var told []string
			for _, e := range test.fold.Entries {
				if !e.Volume.Volume.IsZero() {
					told = append(told, fmt.Sprintf("%d %s %s %s", n, e.Tenant, e.Service, e.Volume.Volume))
				}
			}
			slices.Sort(told)
			elsewhere := usageOf(t, store, "acme", hours(7, 20))
			for range 2 { // and again
				must(t, store.Record(t.Context(), batch(test.series, test.fold)))
				wantAt(t, store, "acme", n, test.want...)
				wantTold(t, store, test.series, n, told...)
			}
			if n < 7 {
				same(t, "usage elsewhere", usageOf(t, store, "acme", hours(7, 20)), elsewhere)
			}
			// Back to what was billed: nothing is pending any more.
			if test.series == vm && n >= 3 && n < 7 {
				must(t, store.Record(t.Context(), batch(vm, fold(vm, n, volume("acme", "c1.small", "10")))))
				wantAt(t, store, "acme", n, fmt.Sprintf("%d vm-1 c1.small 10", n))
			}
		})
	}
	for _, status := range []ledger.Status{ledger.Settled, ledger.InDoubt, ledger.Parked} {
		t.Run("an order that is "+string(status), func(t *testing.T) {
			store := s.open(t)
			hold := recordAcme(t, store)
			if status == ledger.Settled {
				settle(t, store, hold)
			} else {
				must(t, store.Suspend(t.Context(), hold, status, at(1001, "because")))
			}
			must(t, store.Record(t.Context(), batch(vm, mine(4, "11"), mine(7, "11"))))
			wantAt(t, store, "acme", 4, "4 vm-1 c1.small 10", "4 vm-1 c1.small +1 pending")
			wantAt(t, store, "acme", 7, "7 vm-1 c1.small 11")
		})
	}
	t.Run("an order that reserves nothing", func(t *testing.T) {
		store := s.open(t)
		must(t, store.Record(t.Context(), batch(vm, mine(4, "10"))))
		must(t, store.Park(t.Context(), parked("aa", "acme", hours(3, 7)), at(1000, "")))
		must(t, store.Record(t.Context(), batch(vm, mine(4, "11"))))
		wantUsage(t, store, "acme", "4 vm-1 c1.small 11")
	})
}

// testLateAgain: each fold replaces what was pending for its window, whatever
// came before, also within one batch.
func (s suite) testLateAgain(t *testing.T) {
	store := s.open(t)
	recordAcme(t, store)
	for _, test := range []struct {
		volumes []string
		pending string
	}{
		{[]string{"11"}, "+1"},
		{[]string{"14"}, "+4"},
		{[]string{"3.25"}, "-6.75"},
		{[]string{"10"}, ""},
		{[]string{"0"}, "-10"},
		{[]string{"12", "13"}, "+3"},
		{[]string{"12", "10"}, ""},
		{[]string{"10", "12"}, "+2"},
	} {
		var folds []ledger.Fold
		for _, v := range test.volumes {
			folds = append(folds, mine(4, v))
		}
		must(t, store.Record(t.Context(), batch(vm, folds...)))
		want := []string{"4 vm-1 c1.small 10"}
		if test.pending != "" {
			want = append(want, "4 vm-1 c1.small "+test.pending+" pending")
		}
		wantAt(t, store, "acme", 4, want...)
	}
	store = s.reopen(t, store)
	wantAt(t, store, "acme", 4, "4 vm-1 c1.small 10", "4 vm-1 c1.small +2 pending")
	// A window that had no fold when it was billed.
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 5, volume("acme", "disk", "1"), volume("umbrella", "disk", "2")))))
	must(t, store.Record(t.Context(), batch(disk, fold(disk, 5, volume("acme", "disk", "3")))))
	wantAt(t, store, "acme", 5, "5 vm-1 c1.small 10", "5 disk-1 disk +3 pending")
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 20")
}

// testFrozen: what was billed stays to the letter, and all but entries is as it
// was recorded last.
func (s suite) testFrozen(t *testing.T) {
	store := s.open(t)
	billedFold := mine(4, "10")
	must(t, store.Record(t.Context(), batch(vm, billedFold, mine(5, "0"))))
	claim(t, store, order("aa", "acme", hours(3, 7)))
	late := mine(4, "12")
	late.Entries[0].Samples, late.Samples, late.Digest = 7, 8, "late samples"
	late.State = usage.State{Data: "late", Until: hour(30)}
	late.Gaps = []usage.Gap{{Tenant: "acme", From: hour(4).Add(1), To: hour(4).Add(2)}}
	must(t, store.Record(t.Context(), batch(vm, late)))
	store = s.reopen(t, store)
	same(t, "entries", collect(t, store.Entries(t.Context(), ledger.EntryFilter{})), slices.Concat(billedFold.Entries, mine(5, "0").Entries))
	folds := foldsOf(t, store, vm)
	folds[0].Entries[0].Samples = 7 // which a store may not remember
	sameFolds(t, "folds", folds, []ledger.Fold{late, mine(5, "0")})
}

// testLateTenants: a window may be billed for one of its tenants and not for
// another, or for both by orders of their own.
func (s suite) testLateTenants(t *testing.T) {
	store := s.open(t)
	recordAcme(t, store)
	shared := func(acme, umbrella string) ledger.Fold {
		return fold(vm, 5, volume("acme", "c1.small", acme), volume("umbrella", "c1.small", umbrella))
	}
	must(t, store.Record(t.Context(), batch(vm, shared("11", "21"))))
	wantAt(t, store, "acme", 5, "5 vm-1 c1.small 10", "5 vm-1 c1.small +1 pending")
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 21")
	claim(t, store, order("bb", "umbrella", hours(5, 6)))
	must(t, store.Record(t.Context(), batch(vm, shared("12", "19"))))
	wantAt(t, store, "acme", 5, "5 vm-1 c1.small 10", "5 vm-1 c1.small +2 pending")
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 21", "5 vm-1 c1.small -2 pending")
	must(t, store.Record(t.Context(), batch(vm, fold(vm, 5, volume("hooli", "c1.small", "4")))))
	wantAt(t, store, "acme", 5, "5 vm-1 c1.small 10", "5 vm-1 c1.small -10 pending")
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 21", "5 vm-1 c1.small -21 pending")
	wantAt(t, store, "hooli", 5, "5 vm-1 c1.small 4")
	wantTold(t, store, vm, 5, "5 hooli c1.small 4")
	// Each carries its own only.
	billed(t, store, order("cc", "umbrella", hours(6, 7)), pending(t, store, "umbrella")...)
	wantAt(t, store, "acme", 5, "5 vm-1 c1.small 10", "5 vm-1 c1.small -10 pending")
	wantAt(t, store, "umbrella", 5, "5 vm-1 c1.small 21", "5 vm-1 c1.small -21 in cc")
}
