package cli

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func usageCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:   "usage",
		Short: "show what each tenant used",
		Long: "usage shows the usage entries of a block as they are in the store, summed by\n" +
			"service, by resource, or hour by hour. With --gaps it lists the time in which a\n" +
			"resource that had not stopped sent no samples for longer than one of them\n" +
			"holds: that time is billed to nobody. Only the transformers under which a sample\n" +
			"holds can tell, uptime and integral: of meters that count hour by hour, what has\n" +
			"no samples has no usage, and there are no gaps.",
		Example: "  artifice usage --month 2013-08\n  artifice usage --month 2013-08 --by window --output csv\n  artifice usage --gaps",
		Args:    noArgs,
	}
	flags.register(cmd)
	tenants := tenantFlag(cmd)
	by := cmd.Flags().String("by", "service", "what to sum by: `service`, resource or window")
	gaps := cmd.Flags().Bool("gaps", false, "list the time of which nothing is known; of all that is collected unless a block is named")
	output := outputFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		if *gaps && !flags.given() {
			return s.writeGaps(ctx, a, usage.Span{}, *tenants, *output)
		}
		block, err := flags.block(cmd, s.Location)
		if err != nil {
			return err
		}
		if err := s.Began(block); err != nil {
			return err
		}
		if *gaps {
			return s.writeGaps(ctx, a, block, *tenants, *output)
		}
		write, ok := map[string]func(*grid, []usageRow){"service": byService, "resource": byResource, "window": byWindow}[*by]
		if !ok {
			return wrongUse("--by %q: write service, resource or window", *by)
		}
		known, err := s.Tenants(ctx, *tenants)
		if err != nil {
			return err
		}
		var g grid
		write(&g, nil)
		for _, t := range known {
			rows, err := s.usageOf(ctx, t, block)
			if err != nil {
				return err
			}
			write(&g, rows)
		}
		if err := s.tellBehind(ctx, a, block, *tenants); err != nil {
			return err
		}
		if err := s.tellPruned(ctx, a, block, *tenants); err != nil {
			return err
		}
		return g.write(a.Stdout, *output)
	})
	return cmd
}

// A usageRow is an entry with what is known of its resource.
type usageRow struct {
	usage.Entry
	tenant   string // its name
	resource ledger.Resource
}

// usageOf reads a tenant's entries.
func (s *session) usageOf(ctx context.Context, tenant usage.Tenant, block usage.Span) ([]usageRow, error) {
	known, err := s.Store.Resources(ctx, tenant.ID)
	if err != nil {
		return nil, err
	}
	type id struct{ resource, meter string }
	resources := make(map[id]ledger.Resource, len(known))
	for _, r := range known {
		resources[id{r.ID, r.Meter}] = r
	}
	var rows []usageRow
	for e, err := range s.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant.ID, Within: block}) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, usageRow{e, tenant.Name, resources[id{e.Resource, e.Meter}]})
	}
	return rows, nil
}

// summed adds up rows that the key makes the same, in order of appearance.
func summed(rows []usageRow, key func(usageRow) string, add func(usageRow, decimal.Decimal, int)) {
	type sum struct {
		row       usageRow
		volume    decimal.Decimal
		resources map[string]bool
	}
	sums := map[string]*sum{}
	var order []*sum
	for _, r := range rows {
		k := key(r)
		if sums[k] == nil {
			sums[k] = &sum{row: r, resources: map[string]bool{}}
			order = append(order, sums[k])
		}
		sums[k].volume = sums[k].volume.Add(r.Volume.Volume)
		sums[k].resources[r.Resource] = true
	}
	for _, s := range order {
		add(s.row, s.volume, len(s.resources))
	}
}

func join(fields ...string) string {
	var all []byte
	for _, f := range fields {
		all = strconv.AppendQuote(all, f)
	}
	return string(all)
}

// sortRows sorts rows by what the key gives.
func sortRows(rows []usageRow, key func(usageRow) []string) {
	slices.SortStableFunc(rows, func(a, b usageRow) int { return slices.Compare(key(a), key(b)) })
}

func byService(g *grid, rows []usageRow) {
	g.columns = []string{"tenant", "tenant name", "datacenter", "service", "meter", "#resources", "#volume", "unit"}
	sortRows(rows, func(r usageRow) []string { return []string{r.Datacenter, r.Service, r.Meter, r.Unit} })
	summed(rows, func(r usageRow) string { return join(r.Datacenter, r.Service, r.Meter, r.Unit) },
		func(r usageRow, volume decimal.Decimal, resources int) {
			g.add(r.Tenant, r.tenant, r.Datacenter, r.Service, r.Meter, strconv.Itoa(resources), volume.String(), r.Unit)
		})
}

func byResource(g *grid, rows []usageRow) {
	g.columns = []string{"tenant", "tenant name", "datacenter", "service", "meter", "resource", "type", "name", "#volume", "unit"}
	sortRows(rows, func(r usageRow) []string { return []string{r.Datacenter, r.Service, r.Meter, r.Resource, r.Unit} })
	summed(rows, func(r usageRow) string { return join(r.Datacenter, r.Service, r.Meter, r.Resource, r.Unit) },
		func(r usageRow, volume decimal.Decimal, _ int) {
			g.add(r.Tenant, r.tenant, r.Datacenter, r.Service, r.Meter, r.Resource, r.resource.Type, r.resource.Info["name"], volume.String(), r.Unit)
		})
}

func byWindow(g *grid, rows []usageRow) {
	g.columns = []string{"tenant", "tenant name", "datacenter", "service", "meter", "resource", "start", "end", "#volume", "unit", "#samples"}
	for _, r := range rows {
		g.add(r.Tenant, r.tenant, r.Datacenter, r.Service, r.Meter, r.Resource, r.Window.Start.UTC().Format(time.RFC3339), r.Window.End.UTC().Format(time.RFC3339),
			r.Volume.Volume.String(), r.Unit, strconv.Itoa(r.Samples))
	}
}

// tellBehind says who is not collected to the block's end.
func (s *session) tellBehind(ctx context.Context, a *App, block usage.Span, tenants []string) error {
	lags, err := s.Behind(ctx, block, tenants)
	for _, l := range lags {
		a.sayf("note: %v: there may be more to come", l)
	}
	return err
}
