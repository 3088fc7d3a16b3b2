package billing_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/openstack-artifice/artifice/usage"
)

// A rememberer is a source that wants to be told how often it was read.
type rememberer struct {
	samples
	told []string
}

func (r *rememberer) Samples(ctx context.Context, q usage.Query) iter.Seq2[usage.Sample, error] {
	r.told = append(r.told, q.Remembered)
	if q.Remember != nil {
		q.Remember(fmt.Sprintf("reading %d", len(r.told)))
	}
	return r.samples.Samples(ctx, q)
}

// What a source warns of is told, and nothing is lost for it.
func TestWarnings(t *testing.T) {
	lacks := &usage.Warning{Err: errors.New("the first days are dropped")}
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-01T00:10:00Z", "10")}, errs: []error{lacks}}
	e := newEngine(source, nil)
	c := collect(t, e, august.End)[0]
	if len(c.Lacks) != 1 || c.Lacks[0] != error(lacks) || c.Entries != 1 || c.Through != august.End || marked(t, e, "a") != 31*24 {
		t.Errorf("collected %+v", c)
	}
	if _, err := e.Explain(t.Context(), "a", "v1", usage.WindowAt(august.Start)); err != nil {
		t.Error(err)
	}
	for range 100 {
		source.errs = append(source.errs, lacks)
	}
	if c := collect(t, e, august.End)[0]; len(c.Lacks) != 20 {
		t.Errorf("%d warnings are told", len(c.Lacks))
	}
}

// TestRemember tells a source what it gave to be remembered when windows were
// recorded last: not what a reading gave of which nothing was kept.
func TestRemember(t *testing.T) {
	source := &rememberer{samples: samples{all: []usage.Sample{volume("a", "v1", "2013-08-01T00:10:00Z", "10"), volume("a", "v1", "2013-08-01T01:10:00Z", "10")}}}
	e := newEngine(source, nil)
	collect(t, e, august.End)
	source.errs = []error{errors.New("what cannot be right")}
	if _, err := e.Collect(t.Context(), august.End); err == nil {
		t.Error("a mistake was passed over")
	}
	source.errs = nil
	collect(t, e, august.End)
	if _, err := e.Explain(t.Context(), "a", "v1", usage.WindowAt(august.Start)); err != nil {
		t.Fatal(err)
	}
	collect(t, e, august.End)
	if want := []string{"", "reading 1", "reading 1", "reading 3", "reading 3"}; !slices.Equal(source.told, want) {
		t.Errorf("it was told %q, want %q", source.told, want)
	}
}
