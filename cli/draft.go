package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

func draftCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:   "draft",
		Short: "show what would be billed, and save it nowhere",
		Long: "draft prices what each tenant used within a block, just as bill would, and\n" +
			"shows the items. Services that the ERP has no cost for are listed with the\n" +
			"volume at stake: their tenants would be parked, and the exit code is 3.",
		Example: "  artifice draft --month 2013-08\n  artifice draft --from 2013-08-01 --to 2013-08-08",
		Args:    noArgs,
	}
	flags.register(cmd)
	tenants := tenantFlag(cmd)
	output := outputFlag(cmd)
	cmd.RunE = a.with(needERP, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		block, err := flags.block(cmd, s.Location)
		if err != nil {
			return err
		}
		if err := s.Began(block); err != nil {
			return err
		}
		known, err := s.Tenants(ctx, *tenants)
		if err != nil {
			return err
		}
		var drafts []billing.Draft
		for _, t := range known {
			d, err := s.Draft(ctx, t, block)
			if err != nil {
				return err
			}
			drafts = append(drafts, d)
		}
		if err := s.tellBehind(ctx, a, block, *tenants); err != nil {
			return err
		}
		if err := a.writeDrafts(drafts, *output, billing.BlockLabel(block, s.Location)); err != nil {
			return err
		}
		return a.tellMissing(drafts)
	})
	return cmd
}

// writeDrafts writes drafts: a table each, or all rows together.
func (a *App) writeDrafts(drafts []billing.Draft, output, block string) error {
	if output != "table" {
		g := itemGrid()
		for _, d := range drafts {
			addItems(g, d.Order)
		}
		return g.write(a.Stdout, output)
	}
	for i, d := range drafts {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		fmt.Fprintf(a.Stdout, "draft for tenant %s, %s\n", clean(tenantLabel(d.Order)), block)
		if err := writeDraft(a.Stdout, d); err != nil {
			return err
		}
	}
	return nil
}

// writeDraft writes the items of one draft, and what cannot become one.
func writeDraft(w io.Writer, d billing.Draft) error {
	if len(d.Order.Items) == 0 && len(d.Missing) == 0 {
		_, err := fmt.Fprintln(w, "nothing to bill")
		return err
	}
	g := itemTable(d.Order)
	for _, m := range d.Missing {
		g.add(m.Datacenter, m.Service, "", m.Volume.String(), m.Unit, "no cost", "")
	}
	if len(d.Missing) > 0 {
		g.footer[0] += " (incomplete)"
	}
	return g.write(w, "table")
}

// tellMissing lists every service without a cost.
func (a *App) tellMissing(drafts []billing.Draft) error {
	g := newGrid("tenant", "datacenter", "service", "#resources", "#volume", "unit")
	for _, d := range drafts {
		for _, m := range d.Missing {
			g.add(d.Order.Tenant.ID, m.Datacenter, m.Service, strconv.Itoa(m.Resources), m.Volume.String(), m.Unit)
		}
		a.tellUnknown(d.Order, d.Unknown)
	}
	if len(g.rows) == 0 {
		return nil
	}
	a.sayf("no cost for these: their tenants would be parked")
	if err := g.write(a.Stderr, "table"); err != nil {
		return err
	}
	a.sayf("hint: give them a cost in the ERP's price list, or write billed = false in the meter's section")
	return &exitError{code: ExitParked}
}

func (a *App) tellUnknown(order ledger.Order, meters []string) {
	for _, m := range meters {
		a.sayf("note: tenant %s has usage of meter %s, which is no longer in the config: it is not billed (put [meter:%s] back to bill it)", order.Tenant.ID, m, m)
	}
}
