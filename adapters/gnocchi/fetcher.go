package gnocchi

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

const (
	batchMeasures = 100_000 // of a call, about
	measureBytes  = 100     // of an answer, at most, for a measure
	batchJobs     = 1000    // of a call
	callMeasures  = 2000    // take as long as a call for none, about
)

// A fetcher reads the series of a reading in batches, some at the same time, and
// yields their samples in the order in which they were asked for.
type fetcher struct {
	*reading
	ctx   context.Context
	yield func(usage.Sample, error) bool
	done  bool // the caller wants no more, or there is no more to be had

	account account
	batches map[errand]*batch
	pending []chan fetched
	told    map[string]bool // of tenants' mistakes
	damaged map[string]bool // metrics that were to blame
	failed  bool            // something that is not one tenant's: nothing can be kept any more
	alive   bool            // something lives of what is asked for
}

// A batch is what the next call for an errand will ask for.
type batch struct {
	errand
	jobs     []job
	measures int64
}

type fetched struct {
	*batch
	got *measured
	err error
}

// readAll yields all samples, step by step. It ends after a step that failed.
func (f *fetcher) readAll() {
	f.told, f.damaged, f.seen = map[string]bool{}, map[string]bool{}, allSeen{}
	f.account = account{tell: f.query.Progress, types: map[string]*tally{}}
	meters := f.asked()
	stock, err := f.stock(f.ctx, metricsOf(meters))
	if err != nil {
		f.fail(err)
		return
	}
	if err := f.recall(stock); err != nil {
		f.fail(err)
		return
	}
	types, estimate := byType(meters), int64(0)
	for kind, meters := range types {
		n := f.estimate(meters, stock)
		f.account.types[kind] = &tally{after: n}
		estimate = min(estimate+n, maxEstimate)
	}
	f.step = f.cut(meters, stock, estimate)
	for {
		f.readStep(types, stock)
		if f.done || f.failed {
			return
		}
		f.bookmark()
		if f.step.End.Equal(f.end) {
			break
		}
		f.query.Reached(f.step.End)
		f.step = f.after(f.step.End, f.account.left())
	}
	for _, warning := range f.warnings() {
		if !f.yield(usage.Sample{}, warning) {
			return
		}
	}
	f.tellOver(types, stock)
}

// readStep yields the samples of a step.
func (f *fetcher) readStep(types map[string]map[string]meter, stock *stock) {
	f.batches = map[errand]*batch{}
	f.account.begin()
	for _, kind := range slices.Sorted(maps.Keys(types)) {
		f.readType(kind, types[kind], stock)
		f.account.end(kind)
	}
	for len(f.batches) > 0 && !f.done { // what is read may be news, and ask for more
		for _, b := range f.joined() {
			f.send(b)
		}
		for len(f.pending) > 0 && !f.done {
			f.take()
		}
	}
	f.seen.endStep(f.step.End)
	if !f.done {
		f.account.say()
	}
}

// An errand is what the jobs of a batch have in common: how measures are asked
// for.
type errand struct {
	aggregation string
	granularity time.Duration
	span        usage.Span
}

func (e errand) compare(other errand) int {
	return cmp.Or(cmp.Compare(e.granularity, other.granularity), cmp.Compare(e.aggregation, other.aggregation),
		e.span.Start.Compare(other.span.Start), e.span.End.Compare(other.span.End))
}

// readType asks for the measures of all resources of a type.
func (f *fetcher) readType(kind string, meters map[string]meter, stock *stock) {
	if f.done || !stock.has(meters) {
		return
	}
	for res, err := range f.search(f.ctx, kind) {
		switch {
		case res == nil:
			f.fail(err)
			f.done = true // nothing of this step is kept, and whoever does not list this type lists no other
		case f.resources != nil && !f.resources[res.name]:
		default:
			f.readResource(kind, res, err, meters, stock)
		}
		if f.done {
			return
		}
	}
}

// readResource asks for the measures of a resource, unless it is wrong.
func (f *fetcher) readResource(kind string, res *resource, wrong error, meters map[string]meter, stock *stock) {
	if err := f.ask(f.ctx, res.revisions); err != nil {
		f.fail(err)
		return
	}
	f.alive = f.alive || f.lives(res, wrong)
	if wrong != nil {
		f.blame(res, wrong)
		return
	}
	jobs, errs := f.jobs(res, meters, stock.policies)
	for _, err := range errs {
		f.blame(res, err)
	}
	for _, j := range jobs {
		if !f.damaged[j.metric] {
			f.add(kind, j)
		}
	}
}

// blame yields an error of a resource, for each tenant that it belonged to, and
// once where many resources have the same.
func (f *fetcher) blame(res *resource, err error) {
	var projects []string
	for _, v := range res.revisions {
		if v.project != "" && !slices.Contains(projects, v.project) {
			projects = append(projects, v.project)
		}
	}
	if len(projects) == 0 { // nobody knows whose it is
		f.fail(err)
	}
	for _, project := range projects {
		wrong := &usage.TenantError{Tenant: project, Err: err}
		if f.stranger(project) == "" && !f.told[wrong.Error()] {
			f.told[wrong.Error()] = true
			f.tell(wrong)
		}
	}
}

// fail yields an error that is not one tenant's.
func (f *fetcher) fail(err error) {
	f.failed = true
	f.tell(err)
}

// tell yields an error. After those that others would only repeat it ends.
func (f *fetcher) tell(err error) {
	if f.done {
		return
	}
	if f.ctx.Err() != nil {
		err, f.done = f.ctx.Err(), true
	}
	if !f.yield(usage.Sample{}, err) || errors.Is(err, openstack.ErrLogin) {
		f.done = true
	}
}

func (f *fetcher) add(kind string, j job) {
	n := j.buckets(j.span)
	if b := f.batches[j.errand]; b != nil && (b.measures+n > f.most() || len(b.jobs) == batchJobs) {
		delete(f.batches, j.errand)
		f.send(b) // what is taken meanwhile may begin another
	}
	b := f.batches[j.errand]
	if b == nil {
		b = &batch{errand: j.errand}
		f.batches[j.errand] = b
	}
	b.jobs = append(b.jobs, j)
	b.measures += n
	after := int64(0)
	if j.span.End.Equal(f.step.End) {
		after = j.buckets(usage.Span{Start: f.step.End, End: f.end}) - 1
	}
	f.account.list(kind, n, after)
}

// most is how many measures are asked for with one call, about.
func (f *fetcher) most() int64 { return min(batchMeasures, int64(f.config.MaxAnswer/measureBytes)) }

// joined takes what was not sent for yet. Batches whose spans are not the same are
// one where it costs less to be told more than is asked for than to ask twice.
func (f *fetcher) joined() []*batch {
	var all []*batch
	for _, e := range slices.SortedFunc(maps.Keys(f.batches), errand.compare) {
		b := f.batches[e]
		if n := len(all); n == 0 || !f.join(all[n-1], b) {
			all = append(all, b)
		}
	}
	clear(f.batches)
	return all
}

// join adds a batch to another where that costs less than a call.
func (f *fetcher) join(to, b *batch) bool {
	if to.aggregation != b.aggregation || to.granularity != b.granularity || len(to.jobs)+len(b.jobs) > batchJobs {
		return false
	}
	span := usage.Span{Start: earlier(to.span.Start, b.span.Start), End: later(to.span.End, b.span.End)}
	jobs, more := slices.Concat(to.jobs, b.jobs), int64(0)
	for _, j := range jobs {
		more += j.buckets(span) - j.buckets(j.errand.span)
	}
	if more > callMeasures || to.measures+b.measures+more > f.most() {
		return false
	}
	to.jobs, to.span = jobs, span
	to.measures += b.measures
	return true
}

// send sends for a batch, once there are few enough others under way.
func (f *fetcher) send(b *batch) {
	for len(f.pending) >= int(f.config.Concurrency) && !f.done {
		f.take()
	}
	if f.done {
		return
	}
	answer := make(chan fetched, 1)
	f.pending = append(f.pending, answer)
	go func() {
		got, err := f.measures(f.ctx, b.errand, b.jobs)
		answer <- fetched{b, got, err}
	}()
}

// take yields the samples of the oldest batch.
func (f *fetcher) take() {
	got := <-f.pending[0]
	f.pending = f.pending[1:]
	if got.err != nil {
		f.fail(got.err)
		f.done = true // or each batch would ask a Gnocchi that does not serve, and say the same
	} else {
		f.deliver(got.jobs, got.got)
	}
	if !f.done {
		f.account.read(got.measures)
	}
}

// deliver yields the samples of jobs.
func (f *fetcher) deliver(jobs []job, got *measured) {
	for _, j := range jobs {
		if !j.again {
			f.seen.see(j, got.measures[j.metric], f.step)
			f.drop(j, got.measures[j.metric])
		}
		list, err := got.judge(j)
		if err != nil {
			f.blame(j.resource, err)
			f.damaged[j.metric] = true // its tenants are held back: nobody waits for more of it
		}
		if j.news != nil && countFrom(got.measures[j.metric], j.news.settled) != j.news.count {
			f.readAgain(j.resource, j.meter, j.meterOf, j.news)
		}
		for s := range f.samples(j, list) {
			if f.done {
				return
			}
			if f.ctx.Err() != nil {
				f.fail(f.ctx.Err())
				return
			}
			if !f.yield(s, nil) {
				f.done = true
				return
			}
		}
	}
}

// readAgain asks for a series again, of which there is news.
func (f *fetcher) readAgain(res *resource, name string, m meter, news *news) {
	id := seriesID{res.id, name}
	if f.again[id] { // for another of its metrics
		return
	}
	f.again[id] = true
	for i, p := range news.parts {
		for _, j := range f.within(job{resource: res, meter: name, meterOf: m, first: i == 0, again: true}, p, news.span, news.span) {
			f.add(m.resource, j)
		}
	}
}

// wait returns once nothing is under way any more.
func (f *fetcher) wait() {
	for _, answer := range f.pending {
		<-answer
	}
}
