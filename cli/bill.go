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
			"A tenant with a service that has no cost is parked, and the others are billed:\n" +
			"the exit code is 3 then, as with an order in doubt, or where another process\n" +
			"bills some of the tenants, or where usage of time that was billed is in no\n" +
			"order, and 1 where something failed.",
		Example: "  artifice bill --month 2013-08\n  artifice bill --month 2013-08 --tenant 931dc699f9934021bb4a2b1088ba4d3b",
		Args:    noArgs,
	}
	flags.register(cmd)
	tenants := tenantFlag(cmd)
	output := outputFlag(cmd)
	workers := cmd.Flags().Int("workers", 4, "how `many` tenants are billed at the same time")
	lease := leaseFlag(cmd)
	cmd.RunE = a.with(needERP, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		block, err := flags.block(cmd, s.Location)
		if err != nil {
			return err
		}
		if *workers < 1 {
			return wrongUse("--workers %d: at least one tenant is billed at a time", *workers)
		}
		if s.Lease, err = lease(); err != nil {
			return err
		}
		s.Workers = *workers
		outcomes, err := s.Bill(ctx, block, *tenants)
		var behind *billing.BehindError
		if errors.As(err, &behind) {
			return fmt.Errorf("%w\nhint: artifice collect --through %s, once all samples up to then are there", err, behind.End.Format(time.RFC3339))
		}
		if len(outcomes) > 0 {
			if werr := a.writeOutcomes(s, outcomes, *output, false); werr != nil {
				return errors.Join(err, werr)
			}
		}
		told := a.tellOutcomes(s, outcomes)
		if err != nil {
			return err
		}
		return a.tellLeftOut(ctx, s, block, *tenants, outcomes, told)
	})
	return cmd
}

// tellLeftOut says what the tenants used, and this run did not try to bill,
// though it is of time that was billed. The error has the exit code.
func (a *App) tellLeftOut(ctx context.Context, s *session, block usage.Span, tenants []string, outcomes []billing.Outcome, told error) error {
	all, err := s.Unbilled(ctx, tenants)
	if err != nil {
		return errors.Join(told, err)
	}
	tried := map[string]bool{}
	for _, o := range outcomes {
		tried[o.Order.Tenant.ID] = o.Result != billing.Overlaps
	}
	all = slices.DeleteFunc(all, func(u billing.Unbilled) bool { return tried[u.Tenant] && block.Covers(u.Block) })
	a.tellUnbilled(s, all)
	if told == nil && len(all) > 0 {
		return &exitError{code: ExitParked}
	}
	return told
}
