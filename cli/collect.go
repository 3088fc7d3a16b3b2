package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

func collectCommand(a *App) *cobra.Command {
	var through string
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "read samples and keep what each resource used in each hour",
		Long: "collect reads the samples of every source, turns them into hourly usage\n" +
			"entries and writes these to the store. It goes on where it stopped: windows\n" +
			"that were collected are left alone, unless samples came late to them. Where\n" +
			"such a window was billed, the difference goes on the tenant's next invoice.\n\n" +
			"Files do not tell whether they are complete. Without --through, usage is\n" +
			"collected up to the last hour that samples follow; with it, up to the time\n" +
			"that you vouch for.\n\n" +
			"For each source it says how many samples that gave (samples), and how many of\n" +
			"them count (counted): once for each meter that reads them, without repetitions,\n" +
			"and without those that are not before the time that it collected through. They\n" +
			"are of so many tenants, and series: a resource under a meter. Windows and\n" +
			"entries are what was written, 0 where nothing is new.",
		Example: "  artifice collect\n  artifice collect --through 2013-09-01",
		Args:    noArgs,
	}
	cmd.Flags().StringVar(&through, "through", "", "the samples are complete up to this `time`, on a window border; a date is where its day begins")
	workers := workersFlag(cmd, 0, 0, "the `number` of resources that are computed at the same time; 0 for one on each core")
	output := outputFlag(cmd)
	cmd.RunE = a.with(needSources, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		var until time.Time
		if through != "" {
			t, err := billing.ParseTime(through, s.Location)
			if err != nil {
				return wrongUse("--through: %w", err)
			}
			until = t
			a.tellBorder(through, t)
		}
		s.Workers = *workers
		if s.Workers == 0 {
			s.Workers = runtime.GOMAXPROCS(0)
		}
		collected, err := s.Collect(ctx, until)
		a.says.collected = collected
		g := newGrid("source", "#samples", "#counted", "#tenants", "#series", "#windows", "#entries", "through")
		for _, c := range collected {
			end := "-"
			if !c.Through.IsZero() {
				end = c.Through.In(s.Location).Format(time.RFC3339)
			}
			g.add(c.Source, strconv.Itoa(c.Read), strconv.Itoa(c.Counted), strconv.Itoa(len(c.Tenants)), strconv.Itoa(c.Series),
				strconv.Itoa(c.Changed), strconv.Itoa(c.Entries), end)
			a.tellCollected(s, c)
		}
		if len(collected) > 0 {
			err = errors.Join(err, g.write(a.Stdout, *output))
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

// tellBorder says where a date begins, where that is not at midnight.
func (a *App) tellBorder(date string, t time.Time) {
	if len(date) == len(time.DateOnly) && t.Format("15:04") != "00:00" {
		a.sayf("note: %s begins at %s here: windows are whole UTC hours", date, t.Format(time.RFC3339))
	}
}

// maxTold is how many lines a person is told of what is too late.
const maxTold = 50

// tellCollected says what came too late, what could not be computed again, and
// where nothing is known.
func (a *App) tellCollected(s *session, c billing.Collected) {
	at := func(w usage.Span) string { return w.Start.In(s.Location).Format(time.RFC3339) }
	late := a.hinted("the tenant's next invoice carries the difference; artifice draft shows it")
	for i, l := range c.Late {
		if i == maxTold {
			late.sayf("late: and %s like these", plural(len(c.Late)-i, "line"))
			break
		}
		what := "what came before reaches"
		if l.Samples > 0 {
			what = plural(l.Samples, "sample") + " came late"
		}
		late.sayf("late: %v: %s into %s, which order %s has billed", ofLate(l), what, lateWindows(l, at), ofOrder(l.Order))
	}
	late.end()
	for i, l := range c.Pruned {
		if i == maxTold {
			a.warnf("too late: and %s like these", plural(len(c.Pruned)-i, "line"))
			break
		}
		a.warnf("too late: %v: %s for %s, whose usage was billed and pruned; nothing is changed", ofLate(l), lateSamples(l.Samples), lateWindows(l, at))
	}
	if c.Read == 0 {
		a.sayf("note: source %s gave no samples", ofSource(c.Source))
	}
	for _, warning := range c.Lacks {
		a.warnf("warning: source %s: %v", ofSource(c.Source), warning)
	}
	for _, why := range slices.Sorted(maps.Keys(c.LeftOut)) {
		a.sayf("left out: source %s: %s (%s)", ofSource(c.Source), plural(c.LeftOut[why], "sample"), why)
	}
	aside := a.hinted("what is billed is not billed again for a meter or source that is new in the config, or has a new name; artifice void, collect and bill do so for an order")
	for i, o := range c.Aside {
		if i == maxTold {
			aside.sayf("left out: and %s more", plural(len(c.Aside)-i, "order"))
			break
		}
		aside.sayf("left out: tenant %s: %s of meter %s, which order %s billed before source %s was collected with that meter",
			ofTenant(o.Tenant), plural(o.Windows, "window"), ofMeter(o.Meter), ofOrder(o.Order), ofSource(c.Source))
	}
	aside.end()
	if c.Clashes > 0 {
		a.warnf("warning: %s left out: each has the id of another sample that came before it, and another content; look at %v", mention{plural(c.Clashes, "sample"), ofSource(c.Source).fields}, c.Clash)
	}
	if c.Kept > 0 {
		a.sayf("note: %s collected under another config of their meters, and keep it: their samples are no longer in source %s",
			plural(c.Kept, "window"), ofSource(c.Source))
	}
	a.tellGone(s, c)
	a.tellGaps(s, c)
}

// tellGone says of each tenant, in one line, why its time does not move on.
func (a *App) tellGone(s *session, c billing.Collected) {
	stays := a.hinted("let the source give them again (if it reads files: put those back), or leave the late ones out (set since, or take their files away), and collect again")
	of := map[string][]billing.Gone{}
	for _, g := range c.Gone {
		for _, tenant := range g.Tenants {
			of[tenant] = append(of[tenant], g)
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(of)) {
		first, more := of[tenant][0], ""
		if n := len(of[tenant]) - 1; n > 0 {
			more = fmt.Sprintf(" (and %s)", count(n, "other run of hours", "other runs of hours"))
		}
		stays.warnf("tenant %s: samples came late for %s of meter %s, resource %s%s, but of those counted for %s some are no longer in source %s; its time does not move on",
			ofTenant(tenant), first.Late.Start.In(s.Location).Format(time.RFC3339), first.Meter, ofSeries(first.Series), more, first.Missing.Start.In(s.Location).Format(time.RFC3339), c.Source)
	}
	stays.end()
}

// ofLate says of what usage came late.
func ofLate(l billing.Late) mention {
	tenant, meter := ofTenant(l.Tenant), ofMeter(l.Meter)
	if l.Windows == 1 {
		return mention{fmt.Sprintf("tenant %s, meter %s, resource %s", l.Tenant, l.Meter, l.Resource), append(tenant.fields, ofSeries(l.Series).fields...)}
	}
	return mention{fmt.Sprintf("tenant %s, meter %s", l.Tenant, l.Meter), append(append(tenant.fields, ofSource(l.Source).fields...), meter.fields...)}
}

// lateWindows says for when.
func lateWindows(l billing.Late, at func(usage.Span) string) string {
	if l.Windows == 1 {
		return at(l.Window)
	}
	return fmt.Sprintf("%d windows (the first: resource %s, %s)", l.Windows, l.Resource, at(l.Window))
}

func lateSamples(n int) string {
	if n == 0 {
		return "what came before reaches too late"
	}
	return plural(n, "sample") + " came too late"
}

// tellGaps says of what time nothing is known, as far as that is new.
func (a *App) tellGaps(s *session, c billing.Collected) {
	total := len(c.Gaps) + c.MoreGaps + c.Short.Count()
	if total == 0 {
		return
	}
	gaps := a.hinted("artifice usage --gaps lists all")
	gaps.sayf("note: source %s has %s, in which no samples came of what had not stopped; such time is billed to nobody", ofSource(c.Source), plural(total, "new gap"))
	for _, g := range slices.Concat(c.Gaps, c.Short.Few()) {
		a.sayf("gap: tenant %s, meter %s, resource %s: silent %s", ofTenant(g.Tenant), g.Meter, ofSeries(g.Series), gapText(g.Gap, s.Location))
	}
	if c.MoreGaps > 0 {
		a.sayf("gap: and %d more", c.MoreGaps)
	}
	a.tellShort(s, &c.Short)
	gaps.end()
}

// tellShort says in one line of a meter that it has many short gaps, and what
// would have covered them.
func (a *App) tellShort(s *session, short *billing.ShortGaps) {
	holds := s.Holds()
	for _, r := range short.Repeated() {
		a.sayf("gap: meter %s: %v, of %s\nhint: %s", ofMeter(r.Meter), r, plural(r.Tenants(), "tenant"), r.Hint(holds))
	}
}
