package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

func billCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:   "bill",
		Short: "bill a block: one invoice for each tenant, once",
		Long: "bill prices what each tenant used within a block, reserves the block in the\n" +
			"store, and saves one invoice for each tenant through the ERP adapter. A block\n" +
			"that is billed stays billed: bill may be run again at any time, and goes on\n" +
			"where an earlier run was stopped.\n\n" +
			"A tenant with a service that has no cost is parked, and the others are billed;\n" +
			"the exit code is 3 then.",
		Example: "  artifice bill --month 2013-08\n  artifice bill --month 2013-08 --tenant 931dc699f9934021bb4a2b1088ba4d3b",
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
		outcomes, err := s.Bill(ctx, block, *tenants)
		var behind *billing.BehindError
		if errors.As(err, &behind) {
			return fmt.Errorf("%w\nhint: artifice collect --through %s, once all samples up to then are there", err, behind.End.Format(time.RFC3339))
		}
		if len(outcomes) > 0 {
			if werr := a.writeOutcomes(s, outcomes, *output); werr != nil {
				return errors.Join(err, werr)
			}
		}
		told := a.tellOutcomes(s, outcomes)
		if err != nil {
			return err
		}
		return told
	})
	return cmd
}

func (a *App) writeOutcomes(s *session, outcomes []billing.Outcome, output string) error {
	g := newGrid("tenant", "tenant name", "result", "order", "#total", "currency", "reference")
	for _, o := range outcomes {
		total := ""
		if o.Order.Reserves {
			total = money(o.Order.Total, o.Order)
		}
		g.add(o.Order.Tenant.ID, o.Order.Tenant.Name, string(o.Result), key(o.Order, output), total, o.Order.Currency, o.Order.Reference)
	}
	return g.write(a.Stdout, output)
}

// tellOutcomes says what a person should know of each tenant, and gives the
// exit code.
func (a *App) tellOutcomes(s *session, outcomes []billing.Outcome) error {
	var failed, parked, again, unpriced, doubt bool
	for _, o := range outcomes {
		tenant := o.Order.Tenant.ID
		switch o.Result {
		case billing.AlreadyBilled:
			a.sayf("%s", alreadyBilled(s, o))
		case billing.Parked:
			parked = true
			a.sayf("parked: tenant %s: %s", tenant, o.Order.Reason)
			for _, m := range o.Missing {
				a.sayf("  %s in %s: %s %s at stake", m.Service, m.Datacenter, m.Volume, m.Unit)
				unpriced = true
			}
		case billing.InDoubt:
			doubt = true
			a.sayf("in doubt: tenant %s: order %s: %s", tenant, o.Order.Key, o.Order.Reason)
		case billing.Overlaps:
			failed = true
			a.sayf("%s", overlaps(s, o))
		case billing.NotBilled:
			failed, again = true, true
			a.report(o.Err)
		}
	}
	if unpriced {
		a.sayf("hint: give these services a cost in the ERP's price list, or write billed = false in the meter's section")
	}
	if parked {
		a.sayf("hint: mend the cause and run the same command again; the other tenants are not billed twice")
	}
	if doubt {
		a.sayf("hint: look in the ERP, and then say artifice resolve ORDER --billed REFERENCE, or --not-billed")
	}
	if again {
		a.sayf("hint: what was not billed is tried again by the next artifice bill")
	}
	switch {
	case failed:
		return &exitError{code: ExitFailed}
	case parked || doubt:
		return &exitError{code: ExitParked}
	}
	return nil
}

// overlaps says which order is in the way.
func overlaps(s *session, o billing.Outcome) string {
	var err *ledger.OverlapError
	if !errors.As(o.Err, &err) {
		return o.Err.Error()
	}
	return fmt.Sprintf("tenant %s: %s overlaps %s, which order %s reserves (%s); nothing was written", o.Order.Tenant.ID,
		billing.BlockLabel(o.Order.Block, s.Location), billing.BlockLabel(err.By.Block, s.Location), shortKey(err.By.Key), err.By.Status)
}

// alreadyBilled says when and as what a block was billed.
func alreadyBilled(s *session, o billing.Outcome) string {
	when := o.Order.Changed.In(s.Location).Format(time.RFC3339)
	as := "as " + o.Order.Reference
	if len(o.Order.Items) == 0 {
		as = "with nothing to bill"
	}
	return fmt.Sprintf("tenant %s: %s was billed on %s %s (order %s); nothing was written",
		o.Order.Tenant.ID, billing.BlockLabel(o.Order.Block, s.Location), when, as, shortKey(o.Order.Key))
}
