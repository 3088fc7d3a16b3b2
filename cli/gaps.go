package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// writeGaps lists the time of which nothing is known, resource by resource.
func (a *App) writeGaps(ctx context.Context, s *session, block usage.Span, tenants []string, output string) error {
	if err := s.Begun(ctx); err != nil {
		return err
	}
	if len(tenants) > 0 {
		if _, err := s.Tenants(ctx, tenants); err != nil {
			return err
		}
	}
	g := newGrid("tenant", "meter", "resource", "source", "silent from", "to", "for")
	progress := a.watch.begin(billing.Step{Name: "read", Unit: "gaps", Whole: true})
	defer progress.End()
	out := g.writer(a.Stdout, output)
	var short billing.ShortGaps
	for gap, err := range counted(progress, s.Store.Gaps(ctx, ledger.EntryFilter{Within: block})) {
		if err != nil {
			return err
		}
		if len(tenants) > 0 && !slices.Contains(tenants, gap.Tenant) {
			continue
		}
		short.Add(gap)
		to, length := "", ""
		if !gap.To.IsZero() {
			to, length = gap.To.In(s.Location).Format(time.RFC3339), billing.DurationText(gap.To.Sub(gap.From))
		}
		g.add(gap.Tenant, gap.Meter, gap.Resource, gap.Source, gap.From.In(s.Location).Format(time.RFC3339), to, length)
		if err := out.flush(); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	a.tellShort(s, &short)
	return nil
}

// gapText is a gap for a person.
func gapText(g usage.Gap, in *time.Location) string {
	from := g.From.In(in).Format(time.RFC3339)
	if g.To.IsZero() {
		return "since " + from
	}
	return fmt.Sprintf("from %s to %s (%s)", from, g.To.In(in).Format(time.RFC3339), billing.DurationText(g.To.Sub(g.From)))
}
