package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
)

func collectCommand(a *App) *cobra.Command {
	var through string
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "read samples and keep what each resource used in each hour",
		Long: "collect reads the samples of every source, turns them into hourly usage\n" +
			"entries and writes these to the store. It goes on where it stopped: windows\n" +
			"that were collected are left alone, unless samples came late to them.\n\n" +
			"Files do not tell whether they are complete. Without --through, usage is\n" +
			"collected up to the last hour that samples follow; with it, up to the time\n" +
			"that you vouch for.",
		Example: "  artifice collect\n  artifice collect --through 2013-09-01",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&through, "through", "", "the samples are complete up to this `time`, on a window border")
	output := outputFlag(cmd)
	cmd.RunE = a.with(needSources, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		var until time.Time
		if through != "" {
			t, err := billing.ParseTime(through, s.Location)
			if err != nil {
				return wrongUse("--through: %w", err)
			}
			until = t
		}
		collected, err := s.Collect(ctx, until)
		g := newGrid("source", "#samples", "#counted", "#tenants", "#series", "#windows", "#entries", "through")
		for _, c := range collected {
			end := "-"
			if !c.Through.IsZero() {
				end = c.Through.In(s.Location).Format(time.RFC3339)
			}
			g.add(c.Source, strconv.Itoa(c.Read), strconv.Itoa(c.Counted), strconv.Itoa(len(c.Tenants)), strconv.Itoa(c.Series),
				strconv.Itoa(c.Changed), strconv.Itoa(c.Entries), end)
			a.tellLate(s, c)
		}
		if len(collected) > 0 {
			if werr := g.write(a.Stdout, *output); werr != nil {
				return werr
			}
		}
		if err != nil {
			return err
		}
		for _, c := range collected {
			if len(c.Gone) > 0 {
				return &exitError{code: ExitFailed}
			}
		}
		return nil
	})
	return cmd
}

// tellLate says what came too late, and what could not be computed again.
func (a *App) tellLate(s *session, c billing.Collected) {
	for _, l := range c.Late {
		what := "a late sample would reach"
		if l.Samples > 0 {
			what = plural(l.Samples, "sample") + " came late"
		}
		a.sayf("late: tenant %s, meter %s, resource %s: %s into %s, which order %s has billed; nothing is changed",
			l.Tenant, l.Meter, l.Resource, what, l.Window.Start.In(s.Location).Format(time.RFC3339), shortKey(l.Order))
	}
	if len(c.Late) > 0 {
		a.sayf("hint: what came late is not counted, and told again by every collect for as long as the samples are there")
	}
	if c.Kept > 0 {
		a.sayf("note: %s collected under another config of their meters, and keep it: their samples are no longer in source %s",
			plural(c.Kept, "window"), c.Source)
	}
	for _, g := range c.Gone {
		a.sayf("meter %s, resource %s: samples came late for %s, but of those counted for %s some are no longer in source %s; the tenants' time does not move on: put those files back, or take the late ones out, and collect again",
			g.Meter, g.Resource, g.Late.Start.In(s.Location).Format(time.RFC3339), g.Missing.Start.In(s.Location).Format(time.RFC3339), c.Source)
	}
}
