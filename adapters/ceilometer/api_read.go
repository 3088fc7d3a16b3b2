package ceilometer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// An apiReading is what one call of API.Samples reads. Time is cut into
// stretches, one read after the other; several requests of one are under way at
// the same time, and no more is held than their answers.
type apiReading struct {
	*API
	query    usage.Query
	from, to time.Time
	prefix   string // of every path
	shape    string // samples or meters
	place    placing
	tenants  *openstack.Selection
	meters   apiMeters
	done     time.Duration // how much of the meters' time was read
}

// meterNames are those of the query, "" for all in one.
func (r *apiReading) meterNames() []string {
	if len(r.query.Meters) == 0 {
		return []string{""}
	}
	return r.query.Meters
}

// read reads stretch by stretch, and tells when one was read whole.
func (r *apiReading) read(ctx context.Context, yield func(usage.Sample, error) bool) {
	readers := make([]*apiReader, max(1, r.config.Concurrency))
	for i := range readers {
		readers[i] = newAPIReader(r)
	}
	for from := r.from; from.Before(r.to); {
		to := r.stretch(from)
		if !r.readStretch(ctx, readers, from, to, yield) {
			return
		}
		// A day that is not over gets more samples; at the end nobody needs to know.
		if r.query.Reached != nil && to.Before(r.to) && !to.After(r.now()) && !r.meters.anyFailed() {
			r.query.Reached(to)
		}
		from = to
	}
}

const day = 24 * time.Hour

// stretch returns where the stretch ends that begins at a time: with a day, but
// not before all that was collected lies behind.
func (r *apiReading) stretch(from time.Time) time.Time {
	for _, through := range r.query.Collected {
		if through.After(from) {
			from = through.UTC()
		}
	}
	if to := from.Truncate(day).Add(day); to.Before(r.to) {
		return to
	}
	return r.to
}

// readStretch reads some time of all meters, and reports whether to go on.
func (r *apiReading) readStretch(ctx context.Context, readers []*apiReader, from, to time.Time, yield func(usage.Sample, error) bool) bool {
	asking, stop := context.WithCancel(ctx)
	todo, came := newSpans(r.meterNames(), from, to), make(chan page)
	var workers sync.WaitGroup
	defer func() {
		stop()
		todo.end()
		workers.Wait()
	}()
	for _, reader := range readers {
		workers.Go(func() {
			for s, ok := todo.next(); ok; s, ok = todo.next() {
				reader.span(asking, s, todo, came)
				todo.finished()
			}
		})
	}
	go func() {
		workers.Wait()
		close(came)
	}()
	for p := range came {
		if ctx.Err() != nil {
			break
		}
		if !r.yieldPage(p, yield) {
			return false
		}
	}
	if ctx.Err() != nil {
		yield(usage.Sample{}, ctx.Err())
		return false
	}
	return true
}

// yieldPage yields what came, and reports whether to go on.
func (r *apiReading) yieldPage(p page, yield func(usage.Sample, error) bool) bool {
	for i := range p.found {
		switch f := &p.found[i]; {
		case f.err != nil:
			if !yield(usage.Sample{}, f.err) || errors.Is(f.err, openstack.ErrLogin) {
				return false
			}
		case f.leftOut != "":
			r.query.LeftOut(f.sample, f.leftOut)
		case !yield(f.sample, nil):
			return false
		}
	}
	r.done += p.read
	if r.query.Progress != nil {
		total := time.Duration(len(r.meterNames())) * r.to.Sub(r.from)
		r.query.Progress(int64(r.done/time.Second), int64(total/time.Second))
	}
	return true
}

// A page is what came of a part of a span.
type page struct {
	found []found
	read  time.Duration // how long the part is
}

// A found is a sample, one that is left out, or a mistake.
type found struct {
	sample  usage.Sample
	leftOut string // why, "" if it is not
	err     error
}

// An apiReader reads spans. It is for one goroutine.
type apiReader struct {
	*apiReading
	parser *parser
	limit  int // how many samples are asked for at a time
}

func newAPIReader(r *apiReading) *apiReader {
	p := newParser(r.place, r.query)
	p.trusted, p.remedy = r.trusted, inAnswer.remedy
	return &apiReader{apiReading: r, parser: p, limit: int(r.config.Page)}
}

// span sends on what is in a span, as far as an answer may hold so much; the
// rest goes back to todo. The API does not say which samples it left out of an
// answer that is full, nor in which order they come, so that time is asked for
// again in halves; where so many samples are of one instant, more at once.
func (r *apiReader) span(ctx context.Context, s span, todo *spans, came chan<- page) {
	send := func(p page) {
		select {
		case came <- p:
		case <-ctx.Done():
		}
	}
	for {
		if r.meters.hasFailed(s.meter) {
			send(page{read: s.length()})
			return
		}
		for s.length() > shortest && r.meters.expected(s) > r.limit {
			s = todo.putHalf(s)
		}
		all, count, err := r.page(ctx, s)
		if err == nil && count < r.limit {
			r.meters.note(s, count)
			send(page{all, s.length()})
			return
		}
		switch {
		case err != nil:
		case s.length() > shortest:
			s = todo.putHalf(s)
			continue
		case r.limit < maxPage:
			r.limit = min(2*r.limit, maxPage)
			continue
		default:
			err = fmt.Errorf("there are more than %d samples, which is more than can be asked for", r.limit)
		}
		p := page{read: s.length()}
		// One error for a meter is enough.
		if ctx.Err() == nil && r.meters.fail(s.meter) {
			p.found = []found{{err: fmt.Errorf("%v: %w", s, err)}}
		}
		send(p)
		return
	}
}
