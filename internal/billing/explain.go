package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/openstack-artifice/artifice/internal/spool"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// An Explanation says what one meter made of a resource's samples from one
// source within one window, and how that compares with what is recorded.
type Explanation struct {
	Source, Meter string
	Resource      string
	Rule          string // what the config says of the meter, "" for nothing
	Window        usage.Span
	Readings      []Reading   // oldest first
	Before        usage.State // what the transformer remembered of the time before
	After         usage.State
	Volumes       []usage.Entry // that the samples come to, of all tenants
	Gaps          []usage.Gap
	Recorded      *ledger.Fold // nil for nothing
	// Differences are why the store says something else than the samples do,
	// none where both agree.
	Differences []string
	Entries     []usage.Entry       // of the tenant, as billed where the window is
	Adjustments []ledger.Adjustment // of the tenant, what came later
}

// A Reading is a sample and what became of it.
type Reading struct {
	usage.Sample
	Counted bool
	Why     string // it was left out, or what it is there for
}

// Explain reads the sources again, and tells what became of the samples of a
// tenant's resource within a window: one explanation for each meter that reads
// some, or has recorded something. The error names samples that cannot be
// right; what there is beside them is explained.
func (e *Engine) Explain(ctx context.Context, tenant, resource string, window usage.Span) ([]Explanation, error) {
	var all []Explanation
	var mistakes []error
	for _, source := range e.Sources {
		c := &collector{Engine: e, source: source}
		if err := c.recallMeters(ctx); err != nil {
			return nil, err
		}
		if err := c.prepare(ctx); err != nil {
			return nil, fmt.Errorf("source %s: %w", source.Name, err)
		}
		x := explainer{collector: c, resource: resource, window: window}
		err := x.explain(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("source %s: %w", source.Name, err))
		}
		for i := range x.found {
			if err := e.recorded(ctx, tenant, &x.found[i]); err != nil {
				return nil, err
			}
		}
		all = append(all, x.found...)
	}
	return all, errors.Join(mistakes...)
}

// recorded adds what the store has of a tenant's window.
func (e *Engine) recorded(ctx context.Context, tenant string, x *Explanation) error {
	of := func(entry usage.Entry, resource string) bool {
		return entry.Resource == resource && entry.Meter == x.Meter && entry.Source == x.Source
	}
	for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant, Within: x.Window}) {
		if err != nil {
			return err
		}
		if of(entry, x.Resource) {
			x.Entries = append(x.Entries, entry)
		}
	}
	for a, err := range e.Store.Adjustments(ctx, ledger.AdjustmentFilter{Tenant: tenant, Within: x.Window}) {
		if err != nil {
			return err
		}
		if of(a.Entry, x.Resource) {
			x.Adjustments = append(x.Adjustments, a)
		}
	}
	return nil
}

// An explainer explains a window of a resource from one source.
type explainer struct {
	*collector
	resource string
	window   usage.Span
	left     []Reading // out by the source, within the window
	found    []Explanation
}

func (x *explainer) explain(ctx context.Context) error {
	samples := spool.New(spool.Options{Buffer: x.Buffer, Metadata: x.keys})
	err := x.readAgain(ctx, samples)
	if ctx.Err() == nil {
		var parts []*spool.Part
		var failed error
		if parts, failed = samples.Parts(); failed == nil {
			parts[0].Repeated = true
			failed = x.parts(ctx, parts[0])
		}
		err = errors.Join(err, failed)
	}
	return errors.Join(err, samples.Close())
}

// readAgain takes in the samples of the resource.
func (x *explainer) readAgain(ctx context.Context, samples *spool.Spool) error {
	query := x.query()
	query.Resources = []string{x.resource}
	query.LeftOut = func(s usage.Sample, why string) {
		if s.Resource == x.resource && x.window.Contains(s.Time) {
			x.left = append(x.left, Reading{Sample: s, Why: why})
		}
	}
	progress := x.begin(Step{Name: "read", Of: x.source.Name, Unit: "samples of the resource", Whole: true})
	defer progress.End()
	latest := x.Now().Add(clockSkew)
	var mistakes mistakes
	for s, err := range x.source.Samples(ctx, query) {
		if _, warning := err.(*usage.Warning); warning || err == nil && s.Resource != x.resource {
			continue
		}
		if err == nil {
			err = plausible(&s, latest)
		}
		if err != nil {
			mistakes.add(err)
			continue
		}
		progress.Add(1)
		if err := samples.Add(&s); err != nil {
			return err
		}
	}
	return mistakes.join()
}

func (x *explainer) parts(ctx context.Context, part *spool.Part) error {
	read := map[string]bool{} // what the source calls the meters
	for {
		series, err := part.Next()
		if err != nil {
			return err
		}
		if series == nil {
			return x.withoutSamples(ctx, read)
		}
		read[series.Meter] = true
		var tellers []*teller
		for _, m := range x.meters {
			if m.Meter == series.Meter {
				t, err := x.teller(ctx, m)
				if err != nil {
					return err
				}
				tellers = append(tellers, t)
			}
		}
		for {
			w, err := series.Next()
			if err != nil {
				return err
			}
			if w == nil {
				break
			}
			for _, t := range tellers {
				t.see(w)
			}
		}
		for _, t := range tellers {
			told, err := t.told()
			if err != nil {
				return err
			}
			x.found = append(x.found, told)
		}
	}
}

// withoutSamples explains what is recorded for meters of which the source has
// no samples of the resource any more.
func (x *explainer) withoutSamples(ctx context.Context, read map[string]bool) error {
	for _, m := range x.meters {
		if read[m.Meter] {
			continue
		}
		t, err := x.teller(ctx, m)
		if err != nil {
			return err
		}
		if t.x.Recorded == nil {
			continue
		}
		told, err := t.told()
		if err != nil {
			return err
		}
		x.found = append(x.found, told)
	}
	return nil
}
