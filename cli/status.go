package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

func statusCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "show how far each tenant is collected and billed, and what is left to do",
		Long: "status shows for each tenant up to when its usage is collected, from every\n" +
			"source, and billed; what came late for a block that was billed and waits for\n" +
			"the next order; usage of time that was billed, for others or once before, that\n" +
			"is in no order; and every order that is not settled, with what to do next.",
		Example: "  artifice status\n  artifice status --output json",
		Args:    noArgs,
	}
	tenants := tenantFlag(cmd)
	output := outputFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, _ []string) error {
		all, err := s.Status(ctx, *tenants)
		if err != nil {
			return err
		}
		g := newGrid("tenant", "tenant name", "what", "name", "from", "through", "datacenter", "service", "#count", "#volume", "unit", "next")
		for _, status := range all {
			a.addStatus(g, s, status)
		}
		return g.write(a.Stdout, *output)
	})
	return cmd
}

// addStatus adds a tenant's rows: what is collected, billed, pending, open.
func (a *App) addStatus(g *grid, s *session, status billing.Status) {
	at := func(t time.Time) string { return t.In(s.Location).Format(time.RFC3339) }
	id, name := status.Tenant.ID, status.Tenant.Name
	for _, m := range status.Collected {
		g.add(id, name, "collected", m.Source, at(m.From), at(m.Through), "", "", "", "", "", "")
	}
	for _, block := range status.Billed {
		g.add(id, name, "billed", "", at(block.Start), at(block.End), "", "", "", "", "", "")
	}
	for _, p := range status.Pending {
		g.add(id, name, "pending", billing.BlockLabel(p.Order.Block, s.Location), "", "", p.Datacenter, p.Service, strconv.Itoa(p.Count), p.Volume.String(), p.Unit, pendingNext(p))
	}
	for _, u := range status.Unbilled {
		g.add(id, name, "not billed", "", at(u.Block.Start), at(u.Block.End), "", "", strconv.Itoa(u.Entries), "", "", a.named(u.Command(s.Location)))
	}
	for _, o := range status.Open {
		g.add(id, name, string(o.Status), shortKey(o.Key), at(o.Block.Start), at(o.Block.End), "", "", "", "", "", a.named(billing.Next(o)))
	}
}

// pendingNext is what becomes of late usage.
func pendingNext(p billing.Pending) string {
	if p.Order.Status == ledger.Settled {
		if p.Volume.IsNegative() {
			return "the tenant's next order that bears it gives it back"
		}
		return "the tenant's next order bills it"
	}
	return "waits until order " + shortKey(p.Order.Key) + " is settled"
}
