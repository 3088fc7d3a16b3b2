package cli

import (
	"context"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
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
	source := func(name, place, part string) billing.Source {
		return billing.Source{Name: name, Source: placed{place, part}}
	}
	check := func(sources ...billing.Source) (outcomes [][]string, failed int) {
		c := newChecks()
		checkShared(t.Context(), &c, sources)
		for _, row := range c.grid.rows {
			outcomes = append(outcomes, row[:3])
		}
		return outcomes, c.failed
	}
	got, failed := check(source("a", "x", "p"), source("b", "x", "q"), source("c", "y", ""), source("d", "y", ""))
	want := [][]string{{"note", "config", "source:a and source:b"}, {"FAILED", "config", "source:c and source:d"}}
	if diff := cmp.Diff(want, got); diff != "" || failed != 1 {
		t.Errorf("%d failed, -want +got:\n%s", failed, diff)
	}
	if got, failed = check(source("a", "x", ""), source("b", "y", "")); len(got) != 1 || got[0][0] != "ok" || failed > 0 {
		t.Errorf("%d failed: %q", failed, got)
	}
}

// countedOpen opens an adapter and counts how often.
func countedOpen[T any](opened map[string]int, key string, adapter T) deployment.Bound[T] {
	return deployment.Bound[T]{Compiled: config.Compiled{Key: key}, Open: func(context.Context) (T, error) {
		opened[key]++
		return adapter, nil
	}}
}

// Every adapter is opened once for all checks, and all are closed.
func TestCheckOpensOnce(t *testing.T) {
	opened, closed := map[string]int{}, 0
	d := &deployment.Deployment{
		Main: deployment.Main{Deployment: "test", Timezone: time.UTC},
		Sources: []deployment.Bound[usage.Source]{
			countedOpen[usage.Source](opened, "source:a", placed{"x", ""}),
			countedOpen[usage.Source](opened, "source:b", placed{"y", ""}),
		},
		Store:   countedOpen[ledger.Store](opened, "store:object", closable{closed: &closed}),
		Invoice: countedOpen[invoice.ERP](opened, "invoice:object", invoice.ERPFunc(nil)),
	}
	app := &App{Stderr: io.Discard, Now: time.Now}
	app.watching()
	august := usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)}
	c := app.check(t.Context(), d, august)
	var outcomes [][]string
	for _, row := range c.grid.rows {
		outcomes = append(outcomes, row[:3])
	}
	want := [][]string{
		{"ok", "config", ""}, {"ok", "config", "meters"},
		{"ok", "source:a", "open (it has no checks of its own)"}, {"ok", "source:b", "open (it has no checks of its own)"},
		{"ok", "config", "no two sources read the same, as far as they can tell"},
		{"ok", "store:object", "open (it has no checks of its own)"}, {"ok", "invoice:object", "open (it has no checks of its own)"},
		{"ok", "invoice:object", "prices (it cannot review them: see artifice draft)"},
	}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"source:a": 1, "source:b": 1, "store:object": 1, "invoice:object": 1}, opened); diff != "" || closed != 1 {
		t.Errorf("closed %d, opened (-want +got)\n%s", closed, diff)
	}
}

// closable is a store that counts how often it is closed.
type closable struct {
	ledger.Store
	closed *int
}

func (c closable) Close() error {
	*c.closed++
	return nil
}
