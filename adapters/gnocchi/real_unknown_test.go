package gnocchi

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/openstack"
	"github.com/openstack-artifice/artifice/internal/openstack/rig"
	"github.com/openstack-artifice/artifice/usage"
)

// TestRealUnknown hears from a real Gnocchi that it knows aggregates, and serves,
// by what it says of a metric that it does not have.
func TestRealUnknown(t *testing.T) {
	r := rig.Shared(t)
	s, err := newSource(plainConfig(), openstack.Options{Getenv: func(k string) string { return r.Env()[k] }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	reading, e := &reading{Source: s}, errand{"mean", 5 * time.Minute, usage.Span{Start: day, End: day.Add(time.Hour)}}
	if err := reading.knowsAggregates(t.Context(), e); err != nil {
		t.Error(err)
	}
	if !reading.serves(t.Context(), e) {
		t.Error("it does not serve")
	}
}
