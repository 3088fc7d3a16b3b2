package cli

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
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
	flags.register(a, cmd)
	tenants := tenantFlag(cmd)
	by := cmd.Flags().String("by", "service", "what to sum by: `service`, resource or window")
	gaps := cmd.Flags().Bool("gaps", false, "list the time of which nothing is known; of all that is collected unless a block is named")
	output := outputFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		if *gaps && !flags.given() {
			return a.writeGaps(ctx, s, usage.Span{}, *tenants, *output)
		}
		block, err := flags.block(cmd, s.Location)
		if err != nil {
			return err
		}
		if err := s.Began(block); err != nil {
			return err
		}
		if *gaps {
			return a.writeGaps(ctx, s, block, *tenants, *output)
		}
		if usageColumns[*by] == nil {
			return wrongUse("--by %q: write service, resource or window", *by)
		}
		known, err := s.Tenants(ctx, *tenants)
		if err != nil {
			return err
		}
		if err := a.tellBehind(ctx, s, block, *tenants); err != nil {
			return err
		}
		if err := a.tellPruned(ctx, s, block, *tenants); err != nil {
			return err
		}
		return a.writeUsage(ctx, s, block, known, *by, *output)
	})
	return cmd
}

// writeUsage writes what tenants used, one tenant after the other.
func (a *App) writeUsage(ctx context.Context, s *session, block usage.Span, tenants []usage.Tenant, by, output string) error {
	progress := a.watch.begin(billing.Step{Name: "read", Of: billing.BlockLabel(block, s.Location), Unit: "tenants", Total: int64(len(tenants)), Whole: true})
	defer progress.End()
	g := newGrid(usageColumns[by]...)
	out := g.writer(a.Stdout, output)
	for _, t := range tenants {
		var err error
		if by == "window" {
			err = s.addWindows(ctx, g, t, block)
		} else {
			err = s.addSums(ctx, g, t, block, by == "resource")
		}
		if err != nil {
			return err
		}
		if err := out.flush(); err != nil {
			return err
		}
		progress.Add(1)
	}
	return out.end()
}

// usageColumns are the columns of usage, by what it is summed by.
var usageColumns = map[string][]string{
	"service":  {"tenant", "tenant name", "datacenter", "service", "meter", "#resources", "#volume", "unit"},
	"resource": {"tenant", "tenant name", "datacenter", "service", "meter", "resource", "type", "name", "#volume", "unit"},
	"window":   {"tenant", "tenant name", "datacenter", "service", "meter", "resource", "start", "end", "#volume", "unit", "#samples"},
}

// addWindows adds a tenant's entries as they are.
func (s *session) addWindows(ctx context.Context, g *grid, tenant usage.Tenant, block usage.Span) error {
	for e, err := range s.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant.ID, Within: block}) {
		if err != nil {
			return err
		}
		g.add(e.Tenant, tenant.Name, e.Datacenter, e.Service, e.Meter, e.Resource, e.Window.Start.UTC().Format(time.RFC3339), e.Window.End.UTC().Format(time.RFC3339),
			e.Volume.Volume.String(), e.Unit, strconv.Itoa(e.Samples))
	}
	return nil
}

// A usageKey is what entries have in common that are summed: the resource is ""
// where resources are.
type usageKey struct{ datacenter, service, meter, resource, unit string }

func (k usageKey) compare(other usageKey) int {
	return cmp.Or(strings.Compare(k.datacenter, other.datacenter), strings.Compare(k.service, other.service), strings.Compare(k.meter, other.meter),
		strings.Compare(k.resource, other.resource), strings.Compare(k.unit, other.unit))
}

// addSums adds a tenant's entries, summed by service or by resource.
func (s *session) addSums(ctx context.Context, g *grid, tenant usage.Tenant, block usage.Span, byResource bool) error {
	type sum struct {
		volume    decimal.Decimal
		resources map[string]bool
	}
	sums := map[usageKey]*sum{}
	for e, err := range s.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant.ID, Within: block}) {
		if err != nil {
			return err
		}
		key := usageKey{datacenter: e.Datacenter, service: e.Service, meter: e.Meter, unit: e.Unit}
		if byResource {
			key.resource = e.Resource
		}
		if sums[key] == nil {
			sums[key] = &sum{resources: map[string]bool{}}
		}
		sums[key].volume = sums[key].volume.Add(e.Volume.Volume)
		sums[key].resources[e.Resource] = true
	}
	known, err := s.Store.Resources(ctx, tenant.ID)
	if err != nil {
		return err
	}
	type id struct{ resource, meter string }
	resources := make(map[id]ledger.Resource, len(known))
	for _, r := range known {
		resources[id{r.ID, r.Meter}] = r
	}
	for _, k := range slices.SortedFunc(maps.Keys(sums), usageKey.compare) {
		volume := sums[k].volume.String()
		if byResource {
			r := resources[id{k.resource, k.meter}]
			g.add(tenant.ID, tenant.Name, k.datacenter, k.service, k.meter, k.resource, r.Type, r.Info["name"], volume, k.unit)
		} else {
			g.add(tenant.ID, tenant.Name, k.datacenter, k.service, k.meter, strconv.Itoa(len(sums[k].resources)), volume, k.unit)
		}
	}
	return nil
}

// tellBehind says who is not collected to the block's end: people hear of all
// tenants of a source at once, and a log has a line for each.
func (a *App) tellBehind(ctx context.Context, s *session, block usage.Span, tenants []string) error {
	lags, err := s.Behind(ctx, block, tenants)
	if !a.talk.words() {
		lags = apart(lags)
	}
	for _, l := range lags {
		a.sayf("note: %v: there may be more to come", ofLag(l))
	}
	return err
}

// apart is the same lags, of one tenant each.
func apart(lags []billing.Lag) []billing.Lag {
	var all []billing.Lag
	for _, l := range lags {
		if len(l.Tenants) == 0 {
			all = append(all, l)
		}
		for _, tenant := range l.Tenants {
			all = append(all, billing.Lag{Source: l.Source, Through: l.Through, Tenants: []string{tenant}})
		}
	}
	return all
}
