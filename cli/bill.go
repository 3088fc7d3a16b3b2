package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

func billCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:   "bill",
		Short: "bill a block: one invoice for each tenant, once",
		Long: "bill prices what each tenant used within a block, reserves the block in the\n" +
			"store, and saves one invoice for each tenant through the ERP adapter. A block\n" +
			"that is billed stays billed: bill may be run again at any time, and goes on\n" +
			"where an earlier run was stopped. What came late for a block that was billed\n" +
			"already becomes items of this invoice, at the cost of its own block.\n\n" +
			"With --due it bills, oldest first, every month that is over, and settled, and\n" +
			"in which there was usage, as far as it is not billed, and goes on with what is\n" +
			"open: run that every day.\n\n" +
			"A tenant with a service that has no cost is parked, and the others are billed:\n" +
			"the exit code is 3 then, as with an order in doubt, or where another process\n" +
			"bills some of the tenants, or where usage of time that was billed is in no\n" +
			"order, and 1 where something failed.",
		Example: "  artifice bill --month 2013-08\n  artifice bill --month 2013-08 --tenant 931dc699f9934021bb4a2b1088ba4d3b\n  artifice bill --due",
		Args:    noArgs,
	}
	flags.register(a, cmd)
	due := cmd.Flags().Bool("due", false, "whatever may be billed by now, instead of one block")
	tenants := tenantFlag(cmd)
	output := outputFlag(cmd)
	workers := workersFlag(cmd, 4, 1, "the `number` of tenants that are billed at the same time")
	lease := leaseFlag(cmd)
	cmd.RunE = a.with(needERP, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		bill, err := whatToBill(s, cmd, &flags, *due)
		if err != nil {
			return err
		}
		if s.Lease, err = lease(); err != nil {
			return err
		}
		s.Workers = *workers
		outcomes, err := bill(ctx, *tenants)
		if len(outcomes) > 0 {
			err = errors.Join(err, a.writeOutcomes(s, outcomes, *output))
		}
		if *due && len(outcomes) == 0 && err == nil {
			a.sayf("nothing is due")
		}
		told := a.tellOutcomes(s, outcomes)
		var behind *billing.BehindError
		if errors.As(err, &behind) {
			return fmt.Errorf("%w\nhint: artifice collect --through %s, once all samples up to then are there", err, behind.End.Format(time.RFC3339))
		}
		if err != nil {
			return err
		}
		return a.tellLeftOut(ctx, s, *tenants, outcomes, told)
	})
	return cmd
}

// tellLeftOut says what the tenants used, and this run did not try to bill,
// though it is of time that was billed. The error has the exit code.
func (a *App) tellLeftOut(ctx context.Context, s *session, tenants []string, outcomes []billing.Outcome, told error) error {
	all, err := s.Unbilled(ctx, tenants)
	if err != nil {
		return errors.Join(told, err)
	}
	tried := map[string][]usage.Span{}
	for _, o := range outcomes {
		if o.Result != billing.Overlaps {
			tried[o.Order.Tenant.ID] = append(tried[o.Order.Tenant.ID], o.Order.Block)
		}
	}
	all = slices.DeleteFunc(all, func(u billing.Unbilled) bool {
		return slices.ContainsFunc(tried[u.Tenant], func(block usage.Span) bool { return block.Covers(u.Block) })
	})
	a.tellUnbilled(s, all)
	if told == nil && len(all) > 0 {
		return &exitError{code: ExitParked}
	}
	return told
}

// whatToBill is what the flags say: a block, or what is due.
func whatToBill(s *session, cmd *cobra.Command, flags *blockFlags, due bool) (func(context.Context, []string) ([]billing.Outcome, error), error) {
	if due {
		if flags.given() {
			return nil, wrongUse("--due goes without --month, --from and --to")
		}
		return s.BillDue, nil
	}
	block, err := flags.block(cmd, s.Location)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tenants []string) ([]billing.Outcome, error) {
		return s.Bill(ctx, block, tenants)
	}, nil
}
