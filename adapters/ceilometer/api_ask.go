package ceilometer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/usage"
)

var inAnswer = medium{"answer", "collect", "Ceilometer has it so: set since to a later time, or leave the meter out"}

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
	answer, err := r.service.Do(ctx, openstack.Request{Path: path, Query: q})
	var status *openstack.StatusError
	switch {
	case !errors.As(err, &status):
	case status.Status == http.StatusForbidden:
		err = fmt.Errorf("%w (give the login the role admin in its project)", err)
	case status.Status == http.StatusNotFound:
		err = fmt.Errorf("%w (is it Ceilometer's API that answers there? correct the endpoint, or set shape)", err)
	}
	return answer, err
}

// page asks for a span. It returns what is to be yielded, and how many samples
// the answer has.
func (r *apiReader) page(ctx context.Context, s span) (all []found, count int, err error) {
	answer, err := r.ask(ctx, s, r.limit)
	if err != nil {
		return nil, 0, err
	}
	return r.parse(ctx, answer, s)
}

// parse makes samples of an answer, and counts all that are in it. What is not
// within the span comes with another, or is not to be read.
func (r *apiReader) parse(ctx context.Context, a *openstack.Answer, within span) (all []found, count int, err error) {
	d := &document{medium: inAnswer, name: a.URL.String()}
	if body := bytes.TrimSpace(a.Body); len(body) == 0 || body[0] != '[' {
		return []found{{err: fmt.Errorf("%s: the answer is not a JSON list of samples (is this Ceilometer?)", d.name)}}, 0, nil
	}
	d.read(bytes.NewReader(a.Body))
	leaveOut := func(s usage.Sample, why string) {
		if r.query.LeftOut != nil && within.has(s.Time) {
			all = append(all, found{sample: s, leftOut: why})
		}
	}
	r.parser.leftOut = leaveOut
	// Parsing is quick: an answer is small.
	r.parser.samples(context.Background(), d, func(s usage.Sample, wrong error) bool {
		if wrong != nil {
			all = append(all, found{err: wrong})
			return true
		}
		if err = r.tenants.Ask(ctx, s.Tenant); err != nil {
			return false
		}
		if why := r.tenants.Stranger(s.Tenant); why != "" {
			leaveOut(s, why)
		} else if within.has(s.Time) {
			all = append(all, found{sample: s})
		}
		return true
	})
	return all, d.count, err
}
