package gnocchi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/openstack"
)

// A measure is the aggregate of what was measured within a bucket.
type measure struct {
	at    time.Time // when the bucket begins
	value decimal.Decimal
	wrong error // why the value cannot be right; it then is zero
}

// measured is what Gnocchi has of some metrics, by id. What is no measure is
// missing, and told of.
type measured struct {
	measures map[string][]measure
	mistakes map[string]error
	served   bool // whether measures were read
	silent   bool // whether the last call was not answered
	broken   int  // calls that failed
}

func newMeasured() *measured {
	return &measured{measures: map[string][]measure{}, mistakes: map[string]error{}}
}

// measures asks for the measures of an errand's jobs. A metric that is not there,
// any more or yet, has none. One that Gnocchi cannot read is a mistake, and does
// not keep the others from being read. An error says that Gnocchi does not serve.
func (r *reading) measures(ctx context.Context, e errand, jobs []job) (*measured, error) {
	got := newMeasured()
	err := r.measure(ctx, e, jobs, got, false)
	if err == nil && !got.served && len(got.mistakes) > maxAlone {
		first := slices.Sorted(maps.Keys(got.mistakes))[0]
		err = fmt.Errorf("of %d metrics that were asked for together none can be read (does Gnocchi reach what it stores them in?): %w",
			len(got.mistakes), got.mistakes[first])
	}
	return got, err
}

// measure adds to got. What fails because of one of many metrics is asked for in
// halves; with once, what fails is not asked for again as it is.
func (r *reading) measure(ctx context.Context, e errand, jobs []job, got *measured, once bool) error {
	request := r.aggregates(e, metricIDs(jobs))
	request.Once = once
	answer, err := r.service.Do(ctx, request)
	if err == nil {
		got.served, got.silent = true, false
		if err := decodeMeasures(answer.Body, e, got); err != nil {
			return fmt.Errorf("%s: the answer of POST %s is not as Gnocchi's are: %w (does something else answer there? correct the endpoint, or what stands before Gnocchi)",
				r.cloud, answer.Place(), err)
		}
		return nil
	}
	fault := faultOf(err)
	if fault == unreadable || fault == refused {
		got.broken++
	}
	switch {
	case ctx.Err() != nil, fault == general, got.broken > maxBroken,
		(fault == tooLarge || fault == silent) && len(jobs) == 1, fault == silent && got.silent,
		fault == unreadable && !r.serves(ctx, e):
		return advised(err)
	case len(jobs) > 1:
		got.silent = fault == silent
		half, once := len(jobs)/2, fault == unreadable || fault == silent
		if err := r.measure(ctx, e, jobs[:half], got, once); err != nil {
			return err
		}
		return r.measure(ctx, e, jobs[half:], got, once)
	case fault == absent:
		return nil
	}
	got.mistakes[jobs[0].metric] = fmt.Errorf("metric %s: %w", strconv.Quote(jobs[0].metric), err)
	return nil
}

// metricIDs are those of jobs, each once: meters may be made of the same.
func metricIDs(jobs []job) []string {
	ids, known := make([]string, 0, len(jobs)), map[string]bool{}
	for _, j := range jobs {
		if !known[j.metric] {
			known[j.metric] = true
			ids = append(ids, j.metric)
		}
	}
	return ids
}

// aggregates is a request for the measures of many metrics, as they are.
func (r *reading) aggregates(e errand, metrics []string) openstack.Request {
	operations := []any{"metric"}
	for _, id := range metrics {
		operations = append(operations, []string{id, e.aggregation})
	}
	body, _ := json.Marshal(map[string]any{"operations": operations}) // texts only: it cannot fail
	query := url.Values{
		"granularity": {secondsOf(e.granularity)},
		"start":       {e.span.Start.Format(time.RFC3339Nano)},
		"stop":        {e.span.End.Format(time.RFC3339Nano)},
	}
	return openstack.Request{Method: http.MethodPost, Path: "v1/aggregates", Query: query, Body: body, Repeatable: true}
}

// secondsOf writes a span in seconds, exactly.
func secondsOf(d time.Duration) string { return decimal.New(d.Nanoseconds(), -9).String() }

// decodeMeasures reads
//
//	{"measures": {METRIC: {AGGREGATION: [[TIME, GRANULARITY, VALUE], ...]}}}
//
// and passes over what else there may be. Its error says that the answer is not
// of this form; what it added to got then is part of it.
func decodeMeasures(body []byte, e errand, got *measured) error {
	r := measureReader{d: jsontext.NewDecoder(bytes.NewReader(body)), granularity: decimal.New(e.granularity.Nanoseconds(), -9), got: got}
	found := false
	err := r.object(func(name string) error {
		if name != "measures" {
			return r.d.SkipValue()
		}
		found = true
		return r.object(func(metric string) error {
			return r.object(func(aggregation string) error {
				if aggregation != e.aggregation {
					return r.d.SkipValue()
				}
				return r.list(metric)
			})
		})
	})
	if err == nil && !found {
		err = errors.New("it holds no measures")
	}
	if err == nil && len(bytes.TrimSpace(body[r.d.InputOffset():])) > 0 {
		err = errors.New("there is text after it")
	}
	return err
}

type measureReader struct {
	d           *jsontext.Decoder
	granularity decimal.Decimal
	got         *measured

	text  string // of a value that was read before: values repeat
	value decimal.Decimal
}

// object calls member for each member of the object that comes next.
func (r *measureReader) object(member func(name string) error) error {
	if err := r.open('{'); err != nil {
		return err
	}
	for r.d.PeekKind() != '}' {
		name, err := r.d.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	_, err := r.d.ReadToken()
	return err
}

func (r *measureReader) open(kind jsontext.Kind) error {
	token, err := r.d.ReadToken()
	if err == nil && token.Kind() != kind {
		err = fmt.Errorf("%v, where %v should be", token.Kind(), kind)
	}
	return err
}

// list reads the measures of a metric. What is no measure comes to one mistake.
func (r *measureReader) list(metric string) error {
	if err := r.open('['); err != nil {
		return err
	}
	var (
		list  []measure
		wrong int
		first error
	)
	for r.d.PeekKind() != ']' {
		text, err := r.d.ReadValue()
		if err != nil {
			return err
		}
		m, ours, err := r.measure(text)
		switch {
		case err != nil:
			if wrong++; first == nil {
				first = err
			}
		case ours:
			list = append(list, m)
		}
	}
	if wrong > 0 {
		r.got.mistakes[metric] = fmt.Errorf("metric %s: %w (%d of its measures are wrong)", quote(metric), first, wrong)
	}
	r.got.measures[metric] = list // in halves of a call it may come twice
	_, err := r.d.ReadToken()
	return err
}

// measure reads [TIME, GRANULARITY, VALUE]. It is not ours where it is of another
// granularity than was asked for.
func (r *measureReader) measure(text jsontext.Value) (m measure, ours bool, err error) {
	parts := bytes.Split(bytes.Trim(text, "[]"), []byte(","))
	if text.Kind() != '[' || len(parts) != 3 {
		return m, false, fmt.Errorf("%s is no measure", quote(string(text)))
	}
	for i := range parts {
		parts[i] = bytes.TrimSpace(parts[i])
	}
	at, granularity, value := parts[0], string(parts[1]), string(parts[2])
	if len(at) < 2 || at[0] != '"' {
		return m, false, fmt.Errorf("%s is no measure", quote(string(text)))
	}
	if m.at, err = parseInstant(string(at[1 : len(at)-1])); err != nil {
		return m, false, err
	}
	g, err := parseValue(granularity)
	if err != nil || !g.Equal(r.granularity) {
		return m, false, err
	}
	if value != r.text || r.text == "" {
		if r.value, err = parseValue(value); err != nil {
			r.text = ""
			m.wrong = fmt.Errorf("at %s: %w", m.at.Format(time.RFC3339), err)
			return m, true, nil
		}
		r.text = value
	}
	m.value = r.value
	return m, true, nil
}
