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
)

// A fetcher reads the series of a reading in batches, some at the same time, and
// yields their samples in the order in which they were asked for.
type fetcher struct {
	*reading
	ctx   context.Context
	yield func(usage.Sample, error) bool
	done  bool // the caller wants no more, or there is no more to be had

	batches map[errand]*batch
	pending []chan fetched
	told    map[string]bool // of tenants' mistakes
}

// A batch is what the next call for an errand will ask for.
type batch struct {
	jobs     []job
	measures int
}

type fetched struct {
	jobs []job
	got  *measured
	err  error
}

// readAll yields all samples.
func (f *fetcher) readAll() {
	f.batches, f.told = map[errand]*batch{}, map[string]bool{}
	types := f.types()
	for _, kind := range slices.Sorted(maps.Keys(types)) {
		f.readType(kind, types[kind])
	}
	for _, e := range slices.SortedFunc(maps.Keys(f.batches), errand.compare) {
		f.flush(e)
	}
	for len(f.pending) > 0 && !f.done {
		f.take()
	}
}

// An errand is what the jobs of a batch have in common.
type errand struct {
	plan
	from time.Time
}

func (e errand) compare(other errand) int {
	return cmp.Or(cmp.Compare(e.granularity, other.granularity), cmp.Compare(e.aggregation, other.aggregation), e.from.Compare(other.from))
}

// readType asks for the measures of all resources of a type.
func (f *fetcher) readType(kind string, meters map[string]meter) {
	if f.done {
		return
	}
	policies, err := f.policies(f.ctx, metricsOf(meters))
	if err != nil {
		f.fail(err)
		return
	}
	if len(policies) == 0 {
		return
	}
	for res, err := range f.search(f.ctx, kind) {
		switch {
		case res == nil:
			f.fail(err)
		case f.resources != nil && !f.resources[res.name]:
		default:
			f.readResource(res, err, meters, policies)
		}
		if f.done {
			return
		}
	}
}

// readResource asks for the measures of a resource, unless it is wrong.
func (f *fetcher) readResource(res *resource, wrong error, meters map[string]meter, policies map[string]*policy) {
	if err := f.tenants.ask(f.ctx, res.revisions); err != nil {
		f.fail(err)
		return
	}
	if wrong != nil {
		f.blame(res, wrong)
		return
	}
	jobs, errs := f.jobs(res, meters, policies)
	for _, err := range errs {
		f.blame(res, err)
	}
	for _, j := range jobs {
		f.add(j)
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
		if f.tenants.stranger(project) == "" && !f.told[wrong.Error()] {
			f.told[wrong.Error()] = true
			f.fail(wrong)
		}
	}
}

// fail yields an error. After those that others would only repeat it ends.
func (f *fetcher) fail(err error) {
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

func (f *fetcher) add(j job) {
	e := errand{j.plan, j.from}
	b := f.batches[e]
	if b == nil {
		b = &batch{}
		f.batches[e] = b
	}
	most := min(batchMeasures, int(f.config.MaxAnswer/measureBytes))
	n := f.buckets(j)
	if len(b.jobs) > 0 && (b.measures+n > most || len(b.jobs) == batchJobs) {
		f.flush(e)
	}
	b.jobs = append(b.jobs, j)
	b.measures += n
}

// flush sends for a batch, once there are few enough others under way.
func (f *fetcher) flush(e errand) {
	b := f.batches[e]
	jobs := b.jobs
	*b = batch{}
	for len(f.pending) >= int(f.config.Concurrency) && !f.done {
		f.take()
	}
	if f.done || len(jobs) == 0 {
		return
	}
	answer := make(chan fetched, 1)
	f.pending = append(f.pending, answer)
	go func() {
		got, err := f.measures(f.ctx, e.plan, jobs)
		answer <- fetched{jobs, got, err}
	}()
}

// take yields the samples of the oldest batch.
func (f *fetcher) take() {
	got := <-f.pending[0]
	f.pending = f.pending[1:]
	if got.err != nil {
		f.fail(got.err)
		return
	}
	for _, j := range got.jobs {
		if err := got.got.mistakes[j.metric]; err != nil {
			f.blame(j.resource, err)
		}
		for s := range f.samples(j, got.got.measures[j.metric]) {
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

// wait returns once nothing is under way any more.
func (f *fetcher) wait() {
	for _, answer := range f.pending {
		<-answer
	}
}
