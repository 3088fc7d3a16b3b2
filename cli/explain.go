package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

func explainCommand(a *App) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain --tenant T --resource R --window TIME | ORDER ITEM",
		Short: "show what usage, or an item of an order, was made from",
		Long: "explain reads the samples of a resource again and shows what became of those\n" +
			"of one hour: which were counted, which were left out and why, what the meter\n" +
			"remembered of the time before, what it made of them, and whether that is what\n" +
			"was collected and billed.\n\n" +
			"With the key of an order and the number of an item, counted from 1 as in its\n" +
			"statement, it shows the usage that the item sums, resource by resource, how\n" +
			"that was converted and rounded, and at what cost.",
		Example: "  artifice explain --tenant 5f2c --resource 9b31 --window 2013-08-05T10:00Z\n  artifice explain 3f1c29a0 2 --entries",
		Args: func(_ *cobra.Command, args []string) error {
			if n := len(args); n != 0 && n != 2 {
				return wrongUse("explain takes the key of an order and the number of an item, or neither\nhint: artifice orders lists keys, and artifice statement ORDER has the items")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&f.tenant, "tenant", "", "the tenant's `id`")
	cmd.Flags().StringVar(&f.resource, "resource", "", "the resource's `id`")
	cmd.Flags().StringVar(&f.window, "window", "", "when the hour begins, a `time` on a window border")
	cmd.Flags().BoolVar(&f.entries, "entries", false, "with an order: every hour of every resource")
	output := outputFlag(cmd)
	window := a.with(needSources, func(ctx context.Context, s *session, _ *cobra.Command, _ []string) error {
		return a.explainWindow(ctx, s, f, *output)
	})
	// What an item sums is in the store: no source is asked, nor need it be there.
	item := a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, args []string) error {
		return a.explainItem(ctx, s, args, f.entries, *output)
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return window(cmd, args)
		}
		if f.tenant+f.resource+f.window != "" {
			return wrongUse("an order says which tenant and resources: leave --tenant, --resource and --window out")
		}
		return item(cmd, args)
	}
	return cmd
}

type explainFlags struct {
	tenant, resource, window string
	entries                  bool
}

func (a *App) explainWindow(ctx context.Context, s *session, f explainFlags, output string) error {
	if f.tenant == "" || f.resource == "" || f.window == "" {
		return wrongUse("say which tenant, resource and hour, or which order and item\nhint: artifice usage --month %s --by window lists tenants, resources and hours", a.monthOver(s.Location))
	}
	at, err := billing.ParseTime(f.window, s.Location)
	if err != nil {
		return wrongUse("--window: %w", err)
	}
	window := usage.WindowAt(at)
	explanations, err := s.Explain(ctx, f.tenant, f.resource, window)
	if perr := a.tellPruned(ctx, s, window, []string{f.tenant}); perr != nil {
		return errors.Join(err, perr)
	}
	if terr := a.tellWhose(ctx, s, f, explanations); terr != nil {
		return errors.Join(err, terr)
	}
	if len(explanations) == 0 {
		return errors.Join(err, fmt.Errorf("there is no sample of resource %s, and no usage in %s\nhint: artifice usage --month %s --by resource lists resources", f.resource, window.Start.In(s.Location).Format(time.RFC3339), window.Start.In(s.Location).Format(monthLayout)))
	}
	if output != "table" {
		if werr := s.explanationGrid(explanations).write(a.Stdout, output); werr != nil {
			return werr
		}
		return err
	}
	for i, x := range explanations {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		if werr := s.writeExplanation(a.Stdout, x); werr != nil {
			return werr
		}
	}
	return err
}

// tellWhose says whose the samples are where none is of the tenant. It is an
// error where nothing at all is known of the tenant.
func (a *App) tellWhose(ctx context.Context, s *session, f explainFlags, explanations []billing.Explanation) error {
	var of []string
	for _, x := range explanations {
		for _, r := range x.Readings {
			of = append(of, r.Tenant)
		}
	}
	if slices.Contains(of, f.tenant) {
		return nil
	}
	slices.Sort(of)
	whose := ""
	if of = slices.Compact(of); len(of) > 0 {
		whose = fmt.Sprintf("the samples of resource %s are of tenant %s", f.resource, strings.Join(of, ", "))
	}
	if _, err := s.Tenants(ctx, []string{f.tenant}); err != nil {
		if whose != "" {
			whose = "; " + whose
		}
		return fmt.Errorf("%w%s\nhint: artifice status lists tenants", err, whose)
	}
	if whose != "" {
		a.sayf("note: %s", mention{whose, append(ofTenant(f.tenant).fields, slog.String(logResource, f.resource))})
	}
	return nil
}

// explanationGrid is explanations as data: a row for each sample, volume, entry
// and adjustment.
func (s *session) explanationGrid(all []billing.Explanation) *grid {
	g := newGrid("what", "source", "meter", "resource", "tenant", "time", "service", "datacenter", "#volume", "unit", "id", "origin", "counted", "why")
	for _, x := range all {
		for _, r := range x.Readings {
			g.add("sample", x.Source, x.Meter, x.Resource, r.Tenant, r.Time.Format(time.RFC3339Nano), "", r.Datacenter, volumeText(r.Sample), r.Unit, r.ID, r.Origin.String(),
				strconv.FormatBool(r.Counted), r.Why)
		}
		entry := func(what string, e usage.Entry, why string) {
			g.add(what, x.Source, x.Meter, x.Resource, e.Tenant, e.Window.Start.UTC().Format(time.RFC3339), e.Service, e.Datacenter, e.Volume.Volume.String(), e.Unit, "", "", "", why)
		}
		for _, e := range x.Volumes {
			entry("volume", e, "")
		}
		for _, e := range x.Entries {
			entry("entry", e, "")
		}
		for _, adj := range x.Adjustments {
			why := "pending"
			if adj.Order != "" {
				why = "carried by order " + adj.Order
			}
			entry("adjustment", adj.Entry, why)
		}
		state := func(what, data string) {
			g.add(what, x.Source, x.Meter, x.Resource, "", x.Window.Start.UTC().Format(time.RFC3339), "", "", "", "", "", "", "", data)
		}
		state("state before", x.Before.Data)
		state("state after", x.After.Data)
		state("rule", strings.Join(append([]string{s.transformers[x.Meter]}, options(x.Rule)...), "\n"))
		for _, d := range x.Differences {
			state("difference", d)
		}
	}
	return g
}

func volumeText(s usage.Sample) string {
	if !s.HasVolume {
		return ""
	}
	return s.Volume.String()
}

// options are the lines of a meter's rule beside its transformer.
func options(rule string) []string {
	return slices.DeleteFunc(strings.Split(rule, "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "transformer = ")
	})
}

// writeExplanation renders an explanation for a person.
func (s *session) writeExplanation(w io.Writer, x billing.Explanation) error {
	in := s.Location
	fmt.Fprintf(w, "meter %s of source %s, resource %s, %s to %s\n", clean(x.Meter), clean(x.Source), clean(x.Resource),
		x.Window.Start.In(in).Format(time.RFC3339), x.Window.End.In(in).Format(time.RFC3339))
	fmt.Fprintf(w, "transformer %s\n", clean(s.transformers[x.Meter]))
	for _, line := range options(x.Rule) {
		fmt.Fprintf(w, "  %s\n", clean(line))
	}
	fmt.Fprintf(w, "remembered before  %s\nremembered after   %s\n\n", stateText(x.Before), stateText(x.After))
	readings := newGrid("time", "tenant", "says", "#volume", "unit", "id", "origin", "counted", "why")
	for _, r := range x.Readings {
		counted := "no"
		if r.Counted {
			counted = "yes"
		}
		readings.add(r.Time.In(in).Format(time.RFC3339Nano), r.Tenant, metadataText(r.Metadata), volumeText(r.Sample), r.Unit, r.ID, r.Origin.String(), counted, r.Why)
	}
	if err := readings.write(w, "table"); err != nil {
		return err
	}
	results := newGrid("what", "tenant", "service", "datacenter", "#volume", "unit", "order")
	add := func(what string, e usage.Entry, order string) {
		results.add(what, e.Tenant, e.Service, e.Datacenter, e.Volume.Volume.String(), e.Unit, order)
	}
	for _, e := range x.Volumes {
		add("comes to", e, "")
	}
	for _, e := range x.Entries {
		add("is kept as", e, "")
	}
	for _, adj := range x.Adjustments {
		order := "pending"
		if adj.Order != "" {
			order = shortKey(adj.Order)
		}
		add("adjusted by", adj.Entry, order)
	}
	fmt.Fprintln(w)
	if len(results.rows) == 0 {
		fmt.Fprintln(w, "no usage")
	} else if err := results.write(w, "table"); err != nil {
		return err
	}
	for _, g := range x.Gaps {
		fmt.Fprintf(w, "silent: %s\n", gapText(g, in))
	}
	for _, d := range x.Differences {
		fmt.Fprintf(w, "note: %s\n", clean(d))
	}
	return nil
}

func stateText(s usage.State) string {
	switch {
	case s.Data == "" && s.Until.IsZero():
		return "nothing"
	case s.Until.IsZero():
		return clean(s.Data)
	}
	return fmt.Sprintf("%s, until %s", clean(s.Data), s.Until.UTC().Format(time.RFC3339Nano))
}
