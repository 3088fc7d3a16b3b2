package gnocchi

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
	"github.com/openstack-artifice/artifice/usage"
)

// TestRealUnknown hears from a real Gnocchi that it serves, and has no such metric,
// nor such a type of resources: in words that nobody else answers 404 with.
func TestRealUnknown(t *testing.T) {
	r := rig.Shared(t)
	s, err := newSource(plainConfig(), openstack.Options{Getenv: func(k string) string { return r.Env()[k] }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	reading, e := &reading{Source: s}, errand{"mean", 5 * time.Minute, usage.Span{Start: day, End: day.Add(time.Hour)}}
	if got, err := reading.measures(t.Context(), e, []job{{metric: unknownMetric}}); err != nil || len(got.measures)+len(got.mistakes) > 0 {
		t.Errorf("of an unknown metric %+v, %v", got, err)
	}
	for res, err := range reading.search(t.Context(), "nosuchtype") {
		t.Errorf("of an unknown type %+v, %v", res, err)
	}
	if !reading.serves(t.Context(), e) {
		t.Error("it does not serve")
	}
}
