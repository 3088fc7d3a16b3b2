package ledgertest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// testRandom: whatever is done, in whatever order, a store has what the model
// says, and of each window what is billed, carried and pending adds up to what
// its last fold came to.
func (s suite) testRandom(t *testing.T) {
	store := s.open(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++ // all share a store, which is empty for these tenants and resources
		w := &walker{
			t: t, T: rt, store: store, prefix: fmt.Sprintf("%04x", run), model: &model{told: map[place]decimal.Decimal{}},
			tenants:   []string{fmt.Sprintf("a-%d", run), fmt.Sprintf("b-%d", run)},
			resources: []string{fmt.Sprintf("r-%d", run), fmt.Sprintf("s-%d", run)}, revisions: map[string]int64{},
		}
		steps := []func(){
			w.record, w.record, w.record, w.record, w.claim, w.claim, w.claim, w.settle, w.settle, w.settle,
			w.suspend, w.take, w.park, w.void, w.void, w.prune,
		}
		for range rapid.IntRange(10, 60).Draw(rt, "steps") {
			w.step(rapid.SampledFrom(steps).Draw(rt, "step"))
		}
		for _, tenant := range w.tenants {
			w.checkUsage(tenant)
		}
		w.checkOrders()
	})
}

// A walker takes the same random steps in a model and in a store.
type walker struct {
	t *testing.T
	*rapid.T
	store     ledger.Store
	model     *model
	prefix    string // of the keys
	tenants   []string
	resources []string
	keys      int
	revisions map[string]int64 // of the tenants, after the last step

	what string // was done by the last step
	free bool   // whether the revision may change by it though usage does not
	kept bool   // whether it may stay although usage changes
}

// step takes a step, and compares what came of it.
func (w *walker) step(do func()) {
	before := map[string][]string{}
	for _, tenant := range w.tenants {
		before[tenant] = w.model.lines(tenant)
	}
	w.what, w.free, w.kept = "nothing", false, false
	do()
	for _, tenant := range w.tenants {
		changed, earlier, now := !slices.Equal(before[tenant], w.model.lines(tenant)), w.revisions[tenant], w.revision(tenant)
		if changed || now != earlier {
			w.checkUsage(tenant) // else at the end, to save time
		}
		if changed && now == earlier && !w.kept {
			w.Fatalf("%s: the usage of %s changed, but its revision is still %d", w.what, tenant, now)
		}
		if !changed && now != earlier && !w.free {
			w.Fatalf("%s: the usage of %s did not change, but its revision went from %d to %d", w.what, tenant, earlier, now)
		}
		w.revisions[tenant] = now
	}
}

// checkUsage compares what a tenant used.
func (w *walker) checkUsage(tenant string) {
	if got, want := w.lines(tenant), w.model.lines(tenant); !slices.Equal(got, want) {
		w.Fatalf("%s: %s used\n%s\nwant\n%s", w.what, tenant, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (w *walker) revision(tenant string) int64 {
	revision, err := w.store.Revision(w.t.Context(), tenant)
	w.must(err)
	return revision
}

func (w *walker) must(err error) {
	if err != nil {
		w.Fatalf("%s: %v", w.what, err)
	}
}

// wantErr checks the outcome of a step.
func (w *walker) wantErr(err, want error) {
	if !errors.Is(err, want) {
		w.Fatalf("%s: got error %v, want %v", w.what, err, want)
	}
}

// lines is what the store has of a tenant, sorted. What is billed, carried and
// pending of a window that was not pruned adds up to what its last fold came to.
func (w *walker) lines(tenant string) (lines []string) {
	rest := map[place]decimal.Decimal{}
	for p, told := range w.model.told {
		if by := w.model.reserving(tenant, p.hour); p.tenant == tenant && (by == nil || !by.pruned) {
			rest[p] = told
		}
	}
	less := func(e usage.Entry) {
		if p := placeOf(e); e.Window.Duration() == usage.WindowLength {
			rest[p] = rest[p].Sub(e.Volume.Volume)
		}
	}
	for e, err := range w.store.Entries(w.t.Context(), ledger.EntryFilter{Tenant: tenant}) {
		w.must(err)
		less(e)
		if !e.Volume.Volume.IsZero() {
			lines = append(lines, entryLine(e)+e.Volume.Volume.String())
		}
	}
	for a, err := range w.store.Adjustments(w.t.Context(), ledger.AdjustmentFilter{Tenant: tenant}) {
		w.must(err)
		less(a.Entry)
		lines = append(lines, adjustmentLine(a))
	}
	for p, left := range rest {
		if by := w.model.reserving(tenant, p.hour); !left.IsZero() && (by == nil || !by.pruned) {
			w.Fatalf("%s: %s of %s in hour %d is neither billed, carried nor pending", w.what, left, p.resource, p.hour)
		}
	}
	slices.Sort(lines)
	return lines
}

// checkOrders compares all orders.
func (w *walker) checkOrders() {
	orders, err := w.store.Orders(w.t.Context(), ledger.OrderFilter{KeyPrefix: w.prefix})
	w.must(err)
	var got []string
	for _, o := range orders {
		history, err := w.store.History(w.t.Context(), o.Key)
		w.must(err)
		got = append(got, fmt.Sprintf("%s %s %d-%d %s reserves=%t changes=%d", o.Key, o.Tenant.ID,
			int(o.Block.Start.Sub(midnight)/usage.WindowLength), int(o.Block.End.Sub(midnight)/usage.WindowLength), o.Status, o.Reserves, len(history)))
	}
	slices.Sort(got)
	if want := w.model.listed(); !slices.Equal(got, want) {
		w.Fatalf("got orders\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (w *walker) record() {
	resource, hour := rapid.SampledFrom(w.resources).Draw(w.T, "resource"), rapid.IntRange(0, 2).Draw(w.T, "hour")
	series := ledger.Series{Source: vm.Source, Meter: vm.Meter, Resource: resource}
	f := fold(series, hour)
	f.Digest = ""
	volumes := map[place]decimal.Decimal{}
	for _, tenant := range w.tenants {
		for _, service := range []string{"small", "large"} {
			text := rapid.SampledFrom([]string{"", "", "1", "2", "3.5"}).Draw(w.T, "volume")
			if text == "" {
				continue
			}
			p := place{hour, resource, tenant, service}
			volumes[p] = number(text)
			f.Entries = append(f.Entries, p.entry(volumes[p]))
			f.Digest += fmt.Sprintf("%s of %s for %s; ", text, service, tenant)
		}
	}
	pruned, open := w.model.pruned(resource, hour)
	if open {
		return
	}
	w.what = fmt.Sprintf("record %s of %s in hour %d", f.Digest, resource, hour)
	w.free = w.model.wasVoid(hour)
	err := w.store.Record(w.t.Context(), batch(series, f))
	if pruned && !sameVolumes(volumes, w.model.foldOf(resource, hour)) {
		if _, ok := errors.AsType[*ledger.PrunedError](err); !ok {
			w.Fatalf("%s: got error %v, want a *PrunedError", w.what, err)
		}
		return
	}
	w.must(err)
	if !pruned {
		w.model.record(resource, hour, volumes)
	}
}

func sameVolumes(a, b map[place]decimal.Decimal) bool {
	for p, v := range a {
		if other, ok := b[p]; !ok || !other.Equal(v) {
			return false
		}
	}
	return len(a) == len(b)
}

// newOrder draws an order, sometimes one of a key that was parked.
func (w *walker) newOrder() *modelOrder {
	for _, o := range w.model.orders {
		if o.status == ledger.Parked && !o.reserves && rapid.Bool().Draw(w.T, "of a parked key") {
			return &modelOrder{key: o.key, tenant: o.tenant, first: o.first, last: o.last}
		}
	}
	w.keys++
	o := &modelOrder{key: fmt.Sprintf("%s%02x", w.prefix, w.keys), tenant: rapid.SampledFrom(w.tenants).Draw(w.T, "tenant")}
	for range 3 { // rather than one that overlaps another
		o.first = rapid.IntRange(0, 12).Draw(w.T, "first")
		o.last = o.first + rapid.IntRange(1, 3).Draw(w.T, "length")
		if !slices.ContainsFunc(w.model.orders, o.blockedBy) {
			break
		}
	}
	return o
}

// blockedBy reports whether another order reserves time of this one.
func (o *modelOrder) blockedBy(other *modelOrder) bool {
	return other.reserves && other.tenant == o.tenant && other.overlaps(o.first, o.last)
}

// overlapped checks that an order was refused where it overlaps another, and
// reports whether it does.
func (w *walker) overlapped(o *modelOrder, err error) bool {
	overlap, refused := errors.AsType[*ledger.OverlapError](err)
	if by := slices.ContainsFunc(w.model.orders, o.blockedBy); by != refused {
		w.Fatalf("%s: got error %v, but it overlaps an order: %t", w.what, err, by)
	}
	if refused && !o.blockedBy(cmp.Or(w.model.order(overlap.By.Key), &modelOrder{})) {
		w.Fatalf("%s: order %s is not in its way", w.what, overlap.By.Key)
	}
	return refused
}

func (w *walker) claim() {
	o := w.newOrder()
	c := ledger.Claim{
		Order: order(o.key, o.tenant, hours(o.first, o.last)), Revision: w.revision(o.tenant), Lease: brief("somebody"), Note: at(1000, ""),
	}
	stale := rapid.IntRange(0, 9).Draw(w.T, "stale") == 0
	if stale {
		c.Revision--
	}
	for a, err := range w.store.Adjustments(w.t.Context(), ledger.AdjustmentFilter{Tenant: o.tenant, Pending: true}) {
		w.must(err)
		if rapid.IntRange(0, 3).Draw(w.T, "carry") > 0 {
			c.Carries = append(c.Carries, a)
		}
	}
	if len(c.Carries) > 0 && rapid.IntRange(0, 9).Draw(w.T, "another volume") == 0 {
		stale = true
		c.Carries[0].Volume.Volume = c.Carries[0].Volume.Volume.Add(number("0.1"))
	}
	w.what = fmt.Sprintf("claim %s of %s from hour %d to %d, with %d adjustments, stale: %t", o.key, o.tenant, o.first, o.last, len(c.Carries), stale)
	hold, err := w.store.Claim(w.t.Context(), c)
	switch {
	case w.overlapped(o, err):
	case stale:
		w.wantErr(err, ledger.ErrStale)
	default:
		w.must(err)
		o.holds = []ledger.Hold{hold}
		w.model.claim(o, c.Carries)
	}
}

func (w *walker) park() {
	o := w.newOrder()
	w.what = fmt.Sprintf("park %s of %s from hour %d to %d", o.key, o.tenant, o.first, o.last)
	err := w.store.Park(w.t.Context(), parked(o.key, o.tenant, hours(o.first, o.last)), at(1000, ""))
	if w.overlapped(o, err) {
		return
	}
	w.must(err)
	o.status, o.changes = ledger.Parked, w.model.before(o.key)+1
	w.model.orders = append(slices.DeleteFunc(w.model.orders, func(other *modelOrder) bool { return other.key == o.key }), o)
}

// pick draws an order, rather one that the step fits, and a hold of it, which
// may be one that was lost; for a key that is not there the order is nil.
func (w *walker) pick(fits func(*modelOrder) bool) (*modelOrder, ledger.Hold) {
	key := fmt.Sprintf("%s%02x", w.prefix, rapid.IntRange(1, w.keys+1).Draw(w.T, "key"))
	var fitting []string
	for _, o := range w.model.orders {
		if fits(o) {
			fitting = append(fitting, o.key)
		}
	}
	if len(fitting) > 0 && rapid.IntRange(0, 5).Draw(w.T, "fitting") > 0 {
		key = rapid.SampledFrom(fitting).Draw(w.T, "key")
	}
	o, hold := w.model.order(key), ledger.Hold{Key: key, Fence: 1}
	if o != nil && len(o.holds) > 0 {
		last := len(o.holds) - 1
		hold = o.holds[max(0, last-rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(w.T, "hold"))]
	}
	return o, hold
}

func isWorkable(o *modelOrder) bool { return workable(o) == nil }

func isVoidable(o *modelOrder) bool {
	return o.status == ledger.Settled || o.status == ledger.Parked && o.reserves
}

// workable is the error of working on an order.
func workable(o *modelOrder) error {
	switch {
	case o == nil:
		return ledger.ErrNoOrder
	case !o.reserves || o.status == ledger.Settled:
		return ledger.ErrNotClaimed
	}
	return nil
}

// changed checks how a change by a hold ended, and reports whether it was made.
func (w *walker) changed(o *modelOrder, hold ledger.Hold, err error) bool {
	want := workable(o)
	if want == nil && hold != o.holds[len(o.holds)-1] {
		want = ledger.ErrLost
	}
	if errors.Is(want, ledger.ErrNotClaimed) && errors.Is(err, ledger.ErrLost) && (len(o.holds) == 0 || hold != o.holds[len(o.holds)-1]) {
		return false // both are right
	}
	w.wantErr(err, want)
	if want == nil {
		o.changes++
	}
	return want == nil
}

func (w *walker) take() {
	o, hold := w.pick(isWorkable)
	w.what = "take " + hold.Key
	got, taken, err := w.store.Take(w.t.Context(), hold.Key, brief("another"), at(1001, ""))
	w.wantErr(err, workable(o))
	if err != nil {
		return
	}
	if got.Key != o.key || len(got.Items) != 1 || slices.Contains(o.holds, taken) {
		w.Fatalf("%s: got order %s with %d items, and the hold %+v after %+v", w.what, got.Key, len(got.Items), taken, o.holds)
	}
	o.holds = append(o.holds, taken)
	o.changes++
}

func (w *walker) settle() {
	o, hold := w.pick(isWorkable)
	w.what = fmt.Sprintf("settle %+v", hold)
	if w.changed(o, hold, w.store.Settle(w.t.Context(), hold, "INV-1", at(1001, ""))) {
		o.status = ledger.Settled
	}
}

func (w *walker) suspend() {
	o, hold := w.pick(isWorkable)
	status := rapid.SampledFrom([]ledger.Status{ledger.Claimed, ledger.InDoubt, ledger.Parked}).Draw(w.T, "status")
	w.what = fmt.Sprintf("suspend %+v as %s", hold, status)
	if w.changed(o, hold, w.store.Suspend(w.t.Context(), hold, status, at(1001, "because"))) {
		o.status = status
	}
}

func (w *walker) void() {
	o, hold := w.pick(isVoidable)
	if o != nil && o.pruned {
		return // what becomes of sums then is the store's to say
	}
	w.what, w.free = "void "+hold.Key, true
	err := w.store.Void(w.t.Context(), hold.Key, at(1002, "wrong"))
	switch {
	case o == nil:
		w.wantErr(err, ledger.ErrNoOrder)
	case !isVoidable(o):
		w.wantErr(err, ledger.ErrNotClaimed)
	default:
		w.must(err)
		o.status, o.reserves, o.billed, o.carried = ledger.Void, false, nil, nil
		o.changes++
	}
}

func (w *walker) prune() {
	pruner, ok := w.store.(ledger.Pruner)
	if !ok {
		return
	}
	before := rapid.IntRange(1, 14).Draw(w.T, "before")
	w.what, w.free, w.kept = fmt.Sprintf("prune before hour %d", before), true, true
	entries, adjustments := map[place]bool{}, map[place]bool{}
	for _, tenant := range w.tenants {
		for e, err := range w.store.Entries(w.t.Context(), ledger.EntryFilter{Tenant: tenant}) {
			w.must(err)
			entries[placeOf(e)] = true
		}
		for a, err := range w.store.Adjustments(w.t.Context(), ledger.AdjustmentFilter{Tenant: tenant}) {
			w.must(err)
			adjustments[placeOf(a.Entry)] = true
		}
	}
	_, err := pruner.Prune(w.t.Context(), hour(before))
	w.must(err)
	w.model.prune(before, entries, adjustments)
}
