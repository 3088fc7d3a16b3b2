package cli

import (
	"context"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/usage"
)

// placed is a source that tells what it reads, and has nothing.
type placed usage.Identity

func (placed) Samples(context.Context, usage.Query) iter.Seq2[usage.Sample, error] {
	return func(func(usage.Sample, error) bool) {}
}

func (p placed) Identity(context.Context) (usage.Identity, error) { return usage.Identity(p), nil }

// Two sources that read the same fail a check; two parts of a place are a note.
func TestCheckShared(t *testing.T) {
	bound := func(name, place, part string) deployment.Bound[usage.Source] {
		return deployment.Bound[usage.Source]{
			Compiled: config.Compiled{Key: "source:" + name},
			Open:     func(context.Context) (usage.Source, error) { return placed{place, part}, nil },
		}
	}
	check := func(bounds ...deployment.Bound[usage.Source]) (outcomes [][]string, failed int) {
		c := newChecks()
		checkShared(t.Context(), &c, bounds)
		for _, row := range c.grid.rows {
			outcomes = append(outcomes, row[:3])
		}
		return outcomes, c.failed
	}
	got, failed := check(bound("a", "x", "p"), bound("b", "x", "q"), bound("c", "y", ""), bound("d", "y", ""))
	want := [][]string{{"note", "config", "source:a and source:b"}, {"FAILED", "config", "source:c and source:d"}}
	if diff := cmp.Diff(want, got); diff != "" || failed != 1 {
		t.Errorf("%d failed, -want +got:\n%s", failed, diff)
	}
	if got, failed = check(bound("a", "x", ""), bound("b", "y", "")); len(got) != 1 || got[0][0] != "ok" || failed > 0 {
		t.Errorf("%d failed: %q", failed, got)
	}
}
