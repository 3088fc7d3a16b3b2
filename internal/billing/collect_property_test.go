package billing_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// In whatever order samples arrive, however often, in however many runs, with
// files that are gone at times and come back, or a source that gives only what
// is new, with a store that fails in the midst, and with blocks that are billed and voided in between: at the end
// every window is recorded as all of its samples say, and what is billed,
// pending and unbilled comes to that.
func TestCollectIsWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(drawSample), 1, 40).Draw(t, "samples")
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 0, 5).Draw(t, "repeated") {
			all = append(all, all[i])
		}
		r := &run{T: t, source: &giver{}, ctx: context.Background()}
		r.engine = newEngine(r.source, nil)
		r.store = &failing{Store: r.engine.Store}
		r.engine.Store = r.store
		r.engine.Meters = drawnMeters(t)
		r.engine.Workers = rapid.IntRange(0, 3).Draw(t, "workers")
		r.engine.Buffer = rapid.SampledFrom([]int{1, 3000, 0}).Draw(t, "buffer")
		arrival := rapid.Permutation(all).Draw(t, "arrival")
		r.source.sparing = rapid.Bool().Draw(t, "gives only what is new")
		if rapid.Bool().Draw(t, "arrive in time") {
			slices.SortStableFunc(arrival, func(a, b usage.Sample) int { return a.Time.Compare(b.Time) })
		}
		for arrived := 0; arrived < len(arrival); {
			arrived += rapid.IntRange(1, len(arrival)-arrived).Draw(t, "arrive")
			r.source.all = rapid.Permutation(arrival[:arrived]).Draw(t, "order")
			if !r.source.sparing {
				gone := rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "gone")
				r.source.all = r.source.all[min(gone, len(r.source.all)-1):]
			}
			r.source.every = rapid.IntRange(0, 5).Draw(t, "steps of")
			r.source.delays = rapid.SliceOfN(rapid.IntRange(0, 6), 0, 5).Draw(t, "delays")
			r.source.dies = max(0, rapid.IntRange(-20, 20).Draw(t, "dies after"))
			r.source.hides = rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "cannot read")
			r.source.hidden = rapid.IntRange(0, 20).Draw(t, "after")
			r.store.at = max(0, rapid.IntRange(-6, 6).Draw(t, "fails to record"))
			r.collect(august.Start.Add(time.Duration(rapid.IntRange(0, 14).Draw(t, "through")) * time.Hour))
			r.store.at = 0
			if rapid.Bool().Draw(t, "bills") {
				r.claim()
			}
			if rapid.IntRange(0, 3).Draw(t, "voids") == 0 {
				r.void()
			}
		}
		r.source.all, r.source.dies, r.source.hides = rapid.Permutation(arrival).Draw(t, "last order"), 0, ""
		end := august.Start.Add(16 * time.Hour)
		r.collect(end)
		truth := naive(t, r.engine.Meters, all, end)
		r.compareFolds(truth)
		r.compareSums(truth)
		r.source.sparing = false
		if c := r.collect(end); c.Changed != 0 || len(c.Late)+len(c.Gone)+len(c.Gaps) != 0 {
			t.Fatalf("the same samples again: %+v", c)
		}
	})
}

// drawnMeters are meters of every kind, several of them for one meter of the
// source.
func drawnMeters(t *rapid.T) []usage.Meter {
	filter, err := usage.ParseExpression("volume > `10`")
	if err != nil {
		t.Fatal(err)
	}
	holds := rapid.SampledFrom([]time.Duration{20 * time.Minute, 90 * time.Minute, 2 * time.Hour, 5*time.Hour + time.Minute, 50 * time.Hour})
	return append(usage.DefaultMeters(),
		usage.Meter{Name: "large", Meter: "volume.size", Service: "large", Transformer: usage.Integral{Hold: holds.Draw(t, "hold")}, Filters: []*usage.Expression{filter}, Billed: true},
		usage.Meter{Name: "held", Meter: "instance", Service: "held", Transformer: usage.Uptime{Hold: holds.Draw(t, "hold")}, Billed: true},
		usage.Meter{Name: "lasting", Meter: "network.incoming.bytes", Service: "lasting", Transformer: lasting(rapid.SampledFrom([]int{0, 1, 2, 1000}).Draw(t, "windows")), Billed: true},
		usage.Meter{Name: "root_disk", Meter: "instance", Service: "root_disk", Transformer: usage.FromImage{}, Billed: true},
		usage.Meter{Name: "sampled", Meter: "instance", Service: "small", Transformer: usage.UptimeSampled{}, Billed: true},
	)
}

// lasting bills the tenant of the last sample for each window, and for as many
// more after that.
type lasting int

func (l lasting) Transform(w usage.Span, before usage.State, samples []usage.Sample) ([]usage.Volume, usage.State, error) {
	after := before
	if n := len(samples); n > 0 {
		data, err := json.Marshal(samples[n-1].Tenant)
		if err != nil {
			return nil, usage.State{}, err
		}
		after = usage.State{Data: string(data), Until: w.End.Add(time.Duration(l) * time.Hour)}
	}
	var tenant string
	if err := json.Unmarshal([]byte(after.Data), &tenant); err != nil {
		return nil, usage.State{}, err
	}
	return []usage.Volume{{Tenant: tenant, Datacenter: "nz-1", Volume: decimal.NewFromInt(1), Unit: "hour", Samples: len(samples)}}, after, nil
}

// A giver is a source that can leave out what was collected before: of a series
// the windows before the marks of all of its tenants, and before any sample that
// is not in its tenant's bookmark. It can also give them by time, some of them
// late, tell every so many hours that all before came, and die.
type giver struct {
	samples
	sparing bool
	every   int    // hours; 0 for never
	delays  []int  // hours, of each sample in turn; none where all are in order
	dies    int    // after so many samples; 0 for not at all
	hides   string // the tenant of whom it gives nothing more after so many samples, "" for nobody
	hidden  int
}

var (
	errDied   = errors.New("the source died")
	errUnread = errors.New("no access")
)

func (g *giver) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	given := map[string]map[string]bool{} // by tenant
	for tenant, text := range q.Bookmarks {
		if err := json.Unmarshal([]byte(text), &given); err != nil || len(given[tenant]) == 0 {
			panic(fmt.Sprint("a bookmark of ", tenant, " is ", text))
		}
	}
	from := map[[2]string]time.Time{}
	for _, s := range g.all {
		series := [2]string{s.Meter, s.Resource}
		needed := usage.WindowAt(s.Time).Start
		if given[s.Tenant][fmt.Sprint(s)] {
			needed = q.Collected[s.Tenant]
		}
		if at, known := from[series]; !known || needed.Before(at) {
			from[series] = needed
		}
	}
	bookmark := func() {
		if q.Bookmark == nil {
			return
		}
		for tenant, samples := range given {
			text, err := json.Marshal(map[string]map[string]bool{tenant: samples})
			if err != nil {
				panic(err)
			}
			q.Bookmark(tenant, string(text))
		}
	}
	last := august.Start // of the marks
	for _, through := range q.Collected {
		if through.After(last) {
			last = through
		}
	}
	gives := g.samples
	next := august.End
	if g.every > 0 {
		next = last.Add(time.Duration(g.every) * time.Hour)
		gives.all = g.inTurn()
	}
	gives.all = slices.DeleteFunc(slices.Clone(gives.all), func(s usage.Sample) bool {
		return g.sparing && s.Time.Before(from[[2]string{s.Meter, s.Resource}]) || !slices.Contains(q.Meters, s.Meter)
	})
	return func(yield func(usage.Sample, error) bool) {
		n := 0
		for s, err := range gives.Samples(ctx, q) {
			earlier := func(s usage.Sample) bool { return s.Time.Before(next) }
			for g.every > 0 && !slices.ContainsFunc(gives.all[n:], earlier) {
				bookmark()
				q.Reached(next)
				next = next.Add(time.Duration(g.every) * time.Hour)
			}
			if n++; n == g.dies {
				yield(usage.Sample{}, errDied)
				return
			}
			if g.hides != "" {
				if n == g.hidden+1 && !yield(usage.Sample{}, &usage.TenantError{Tenant: g.hides, Err: errUnread}) {
					return
				}
				if n > g.hidden && s.Tenant == g.hides {
					continue
				}
			}
			if given[s.Tenant] == nil {
				given[s.Tenant] = map[string]bool{}
			}
			given[s.Tenant][fmt.Sprint(s)] = true
			if !yield(s, err) {
				return
			}
		}
		bookmark()
	}
}

// inTurn are the samples by time, each as late as it is delayed.
func (g *giver) inTurn() []usage.Sample {
	type delayed struct {
		usage.Sample
		at time.Time
	}
	var all []delayed
	for i, s := range g.all {
		at := s.Time
		if len(g.delays) > 0 {
			at = at.Add(time.Duration(g.delays[i%len(g.delays)]) * time.Hour)
		}
		all = append(all, delayed{s, at})
	}
	slices.SortStableFunc(all, func(a, b delayed) int { return a.at.Compare(b.at) })
	sorted := make([]usage.Sample, len(all))
	for i := range all {
		sorted[i] = all[i].Sample
	}
	return sorted
}

// A run is one that the property is checked for.
type run struct {
	*rapid.T
	ctx    context.Context
	source *giver
	store  *failing
	engine *billing.Engine
	claims int
}

func (r *run) collect(through time.Time) billing.Collected {
	all, err := r.engine.Collect(r.ctx, through)
	if err != nil && !errors.Is(err, errDied) && !errors.Is(err, errUnread) && !errors.Is(err, errFull) {
		r.Fatal(err)
	}
	if err != nil {
		return billing.Collected{}
	}
	return all[0]
}

// claim reserves a block of a tenant that is collected, with what is pending.
func (r *run) claim() {
	tenant := rapid.SampledFrom([]string{"a", "b"}).Draw(r.T, "bill")
	from := rapid.IntRange(0, 12).Draw(r.T, "block from")
	block := usage.Span{Start: august.Start.Add(time.Duration(from) * time.Hour), End: august.Start.Add(time.Duration(from+rapid.IntRange(1, 6).Draw(r.T, "block hours")) * time.Hour)}
	if marks, err := r.engine.Store.Marks(r.ctx); err != nil {
		r.Fatal(err)
	} else if !slices.ContainsFunc(marks, func(m ledger.Mark) bool { return m.Tenant == tenant }) {
		return // Bill refuses who was never collected
	}
	if lags, err := r.engine.Behind(r.ctx, block, []string{tenant}); err != nil {
		r.Fatal(err)
	} else if len(lags) > 0 {
		return
	}
	revision, err := r.engine.Store.Revision(r.ctx, tenant)
	if err != nil {
		r.Fatal(err)
	}
	var carries []ledger.Adjustment
	for a, err := range r.engine.Store.Adjustments(r.ctx, ledger.AdjustmentFilter{Tenant: tenant, Pending: true}) {
		if err != nil {
			r.Fatal(err)
		}
		carries = append(carries, a)
	}
	r.claims++
	order := ledger.Order{
		Order:      invoice.Order{Key: fmt.Sprintf("key%d", r.claims), Attempt: r.claims, Tenant: invoice.Tenant{ID: tenant}, Block: block, Currency: "NZD", Date: october},
		Deployment: "test", Adapter: "test:Desk", Claimed: october, Rounding: "half-even", ValueDigits: 6,
	}
	hold, err := r.engine.Store.Claim(r.ctx, ledger.Claim{Order: order, Revision: revision, Carries: carries, Lease: ledger.Lease{Holder: "here"}, Note: ledger.Note{At: october}})
	if _, overlaps := err.(*ledger.OverlapError); overlaps {
		return
	}
	if err != nil {
		r.Fatal(err)
	}
	if err := r.engine.Store.Settle(r.ctx, hold, "ref", ledger.Note{At: october}); err != nil {
		r.Fatal(err)
	}
}

// void voids the first order that is settled.
func (r *run) void() {
	orders, err := r.engine.Store.Orders(r.ctx, ledger.OrderFilter{Statuses: []ledger.Status{ledger.Settled}})
	if err != nil {
		r.Fatal(err)
	}
	if len(orders) == 0 {
		return
	}
	if err := r.engine.Store.Void(r.ctx, orders[0].Key, ledger.Note{At: october, Reason: "test"}); err != nil {
		r.Fatal(err)
	}
}

// naive folds all samples in memory, in one go: the steps of each series.
func naive(t *rapid.T, meters []usage.Meter, all []usage.Sample, end time.Time) map[ledger.Series][]usage.Step {
	truth := map[ledger.Series][]usage.Step{}
	series := map[[2]string][]usage.Sample{}
	for _, s := range all {
		key := [2]string{s.Meter, s.Resource}
		series[key] = append(series[key], s)
	}
	for key, of := range series {
		sorted := usage.Sort(of)
		for _, m := range meters {
			if m.Meter != key[0] {
				continue
			}
			prepared, err := m.Prepare(sorted)
			if err != nil {
				t.Fatal(err)
			}
			id := ledger.Series{Source: "object", Meter: m.Name, Resource: key[1]}
			for step, err := range usage.Walk(m.Transformer, august.Start, usage.State{}, prepared, end) {
				if err != nil {
					t.Fatal(err)
				}
				for i := range step.Volumes {
					step.Volumes[i].Service = cmp.Or(step.Volumes[i].Service, m.Service)
				}
				truth[id] = append(truth[id], step)
			}
		}
	}
	return truth
}

// compareFolds wants every step to be recorded.
func (r *run) compareFolds(truth map[ledger.Series][]usage.Step) {
	for series, steps := range truth {
		folds, err := r.engine.Store.Folds(r.ctx, series, time.Time{})
		if err != nil {
			r.Fatal(err)
		}
		byStart := map[int64]ledger.Fold{}
		for _, f := range folds {
			byStart[f.Window.Start.Unix()] = f
		}
		for _, step := range steps {
			f := byStart[step.Window.Start.Unix()]
			if f.State.Data != step.State.Data || !f.State.Until.Equal(step.State.Until) {
				r.Fatalf("%v %v: state %+v, want %+v", series, step.Window, f.State, step.State)
			}
			if diff := gocmp.Diff(step.Gaps, f.Gaps); diff != "" {
				r.Fatalf("%v %v: gaps (-want +got):\n%s", series, step.Window, diff)
			}
		}
	}
}

// compareSums wants what is billed, pending and unbilled to come to the truth.
func (r *run) compareSums(truth map[ledger.Series][]usage.Step) {
	sums := map[string]decimal.Decimal{}
	add := func(e usage.Entry, factor int64) {
		key := fmt.Sprintf("%s %s %s %s %s %s %s", e.Tenant, e.Window, e.Meter, e.Resource, e.Service, e.Datacenter, e.Unit)
		sums[key] = sums[key].Add(e.Volume.Volume.Mul(decimal.NewFromInt(factor)))
	}
	for e, err := range r.engine.Store.Entries(r.ctx, ledger.EntryFilter{}) {
		if err != nil {
			r.Fatal(err)
		}
		add(e, 1)
	}
	for a, err := range r.engine.Store.Adjustments(r.ctx, ledger.AdjustmentFilter{}) {
		if err != nil {
			r.Fatal(err)
		}
		order, err := ledger.Order{}, error(nil)
		if a.Order != "" {
			order, err = r.engine.Store.Order(r.ctx, a.Order)
		}
		if err != nil || order.Status == ledger.Void {
			r.Fatalf("carried by %s, %s: %v", a.Order, order.Status, err)
		}
		add(a.Entry, 1)
	}
	for series, steps := range truth {
		for _, step := range steps {
			for _, v := range step.Volumes {
				add(usage.Entry{Source: series.Source, Meter: series.Meter, Resource: series.Resource, Window: step.Window, Volume: v}, -1)
			}
		}
	}
	var wrong []string
	for key, sum := range sums {
		if !sum.IsZero() {
			wrong = append(wrong, key+": too much by "+sum.String())
		}
	}
	if slices.Sort(wrong); len(wrong) > 0 {
		r.Fatalf("billed, pending and unbilled usage is not what the samples say:\n%v", wrong)
	}
}
