package ceilometer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

// A span is the samples of a meter within some time; of every meter for "".
type span struct {
	meter    string
	from, to time.Time
}

func (s span) String() string {
	meter := "all meters"
	if s.meter != "" {
		meter = "meter " + s.meter
	}
	return fmt.Sprintf("%s, %s to %s", meter, s.from.Format(time.RFC3339), s.to.Format(time.RFC3339))
}

const day = 24 * time.Hour

// spans are the days of each meter.
func (r *apiReading) spans() []span {
	meters := r.query.Meters
	if len(meters) == 0 {
		meters = []string{""}
	}
	var all []span
	for from := r.from; from.Before(r.to); {
		to := from.Truncate(day).Add(day)
		if to.After(r.to) {
			to = r.to
		}
		for _, m := range meters {
			all = append(all, span{m, from, to})
		}
		from = to
	}
	return all
}

// A gathered is what came of a part of a span.
type gathered struct {
	samples []usage.Sample
	errs    []error
}

// read reads all spans, several at a time, and yields what comes.
func (r *apiReading) read(ctx context.Context, yield func(usage.Sample, error) bool) {
	asking, stop := context.WithCancel(ctx)
	todo, came := make(chan span), make(chan gathered)
	var workers sync.WaitGroup
	defer func() {
		stop()
		workers.Wait()
	}()
	for range r.config.Concurrency {
		workers.Go(func() {
			w := newAPIReader(r)
			for s := range todo {
				if _, failed := r.failed.Load(s.meter); !failed {
					w.span(asking, s, came)
				}
			}
		})
	}
	workers.Go(func() {
		defer close(todo)
		for _, s := range r.spans() {
			select {
			case todo <- s:
			case <-asking.Done():
				return
			}
		}
	})
	go func() {
		workers.Wait()
		close(came)
	}()
	if r.yieldAll(ctx, came, yield) && ctx.Err() == nil {
		r.kept.dropBefore(r.from)
	}
}

// yieldAll yields what comes, and reports whether all of it was taken.
func (r *apiReading) yieldAll(ctx context.Context, came <-chan gathered, yield func(usage.Sample, error) bool) bool {
	for c := range came {
		if ctx.Err() != nil {
			break
		}
		for i := range c.samples {
			if !yield(c.samples[i], nil) {
				return false
			}
		}
		for _, err := range c.errs {
			if !yield(usage.Sample{}, err) || errors.Is(err, openstack.ErrLogin) {
				return false
			}
		}
	}
	if ctx.Err() != nil {
		yield(usage.Sample{}, ctx.Err())
		return false
	}
	return true
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

var inAnswer = medium{"answer", "collect", "Ceilometer has it so: set since to a later time, or leave the meter out"}

// span sends on what is in a span: from where it is kept, or else from the API.
func (r *apiReader) span(ctx context.Context, s span, came chan<- gathered) {
	send := func(c gathered) bool {
		select {
		case came <- c:
			return true
		case <-ctx.Done():
			return false
		}
	}
	if r.kept.has(s) {
		if c := r.readKept(ctx, s); len(c.errs) == 0 {
			send(c)
			return
		}
	}
	var bodies [][]byte
	settled := r.kept.takes(s) && !s.to.Add(r.config.Late).After(r.now())
	err := r.pages(ctx, s, func(body []byte, c gathered) bool {
		settled = settled && len(c.errs) == 0
		if settled {
			bodies = append(bodies, body)
		}
		return send(c)
	})
	if err == nil && settled {
		err = r.kept.put(s, bodies)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	// One error for a meter is enough.
	if _, failed := r.failed.LoadOrStore(s.meter, true); !failed {
		send(gathered{errs: []error{fmt.Errorf("%v: %w", s, err)}})
	}
}

// shortest is how short a span is that is not asked for in halves any more.
const shortest = time.Second

// pages asks for all of a span, as much at a time as an answer may hold. The
// API does not say which samples it left out of an answer that is full, nor
// in which order they come, so that time is asked for again in halves; where
// so many samples are of one instant, more at once.
func (r *apiReader) pages(ctx context.Context, s span, page func(body []byte, c gathered) bool) error {
	length := s.to.Sub(s.from)
	for from := s.from; from.Before(s.to); {
		part := span{s.meter, from, from.Add(length)}
		if part.to.After(s.to) {
			part.to = s.to
		}
		answer, err := r.ask(ctx, part, r.limit)
		if err != nil {
			return err
		}
		c, count := r.parse(answer)
		switch {
		case count < r.limit:
			if !page(answer.Body, c) {
				return ctx.Err()
			}
			from = part.to
			if count < r.limit/4 {
				length = min(2*length, day)
			}
		case part.to.Sub(from) > shortest:
			length = max(part.to.Sub(from)/2, shortest).Round(time.Microsecond)
		case r.limit < maxPage:
			r.limit = min(2*r.limit, maxPage)
		default:
			return fmt.Errorf("there are more than %d samples from %s on, within %v, which is more than can be asked for", r.limit, from.Format(time.RFC3339Nano), shortest)
		}
	}
	return nil
}

// ask asks for up to so many samples of a span.
func (r *apiReading) ask(ctx context.Context, s span, limit int) (*openstack.Answer, error) {
	const format = "2006-01-02T15:04:05.999999"
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	where := func(field, op, value string) {
		q.Add("q.field", field)
		q.Add("q.op", op)
		q.Add("q.value", value)
	}
	where("timestamp", "ge", s.from.Format(format))
	where("timestamp", "lt", s.to.Format(format))
	path := r.prefix + "samples"
	switch {
	case r.shape == shapeMeters:
		path = r.prefix + "meters/" + url.PathEscape(s.meter)
	case s.meter != "":
		where("meter", "eq", s.meter)
	}
	return r.service.Do(ctx, openstack.Request{Path: path, Query: q})
}

// parse makes samples of an answer, and counts all that are in it.
func (r *apiReader) parse(a *openstack.Answer) (c gathered, count int) {
	d := &document{medium: inAnswer, name: a.URL.String()}
	if body := bytes.TrimSpace(a.Body); len(body) == 0 || body[0] != '[' {
		c.errs = append(c.errs, fmt.Errorf("%s: the answer is not a JSON list of samples (is this Ceilometer?)", d.name))
		return c, 0
	}
	d.read(bytes.NewReader(a.Body))
	r.gather(d, &c)
	return c, d.count
}

// gather makes samples of a document.
func (r *apiReader) gather(d *document, c *gathered) {
	// Parsing is quick: an answer is small.
	r.parser.samples(context.Background(), d, func(s usage.Sample, err error) bool {
		switch {
		case err != nil:
			c.errs = append(c.errs, err)
		case s.Time.Before(r.from):
			// Of a window all is read, or nothing.
		case r.tenants != nil && !r.tenants[s.Tenant]:
			if r.query.LeftOut != nil {
				r.query.LeftOut(s, "its tenant is not among those of tenants.*")
			}
		default:
			c.samples = append(c.samples, s)
		}
		return true
	})
}
