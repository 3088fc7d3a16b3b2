package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
)

func voidCommand(a *App) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "void ORDER",
		Short: "say that an invoice was cancelled, so that its block is billed again",
		Long: "void records that the invoice of a settled order was cancelled or credited in\n" +
			"the ERP: do that first, for nothing is sent. The order is kept, with the\n" +
			"reason, and its block is free: the next bill makes another invoice of it, under\n" +
			"another key. What later orders have billed for the block already is left out of\n" +
			"it, and what the order itself billed for earlier blocks is billed again.",
		Example: "  artifice orders\n  artifice void 3f1c29a0 --reason \"wrong price of m1.large\"",
		Args:    oneOrder,
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever reads the history")
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, args []string) error {
		if reason == "" {
			return wrongUse("say why: --reason \"wrong price of m1.large\"")
		}
		order, err := s.order(ctx, args[0])
		if err != nil {
			return err
		}
		if err := s.Void(ctx, order.Key, reason); err != nil {
			return held(err)
		}
		free := a.hinted(billing.Unbilled{Tenant: order.Tenant.ID, Block: order.Block}.Command(s.Location))
		sayf := a.sayf
		if !order.Block.Start.Before(s.BillFrom) {
			sayf = free.sayf
		}
		sayf("order %s is void: %s of tenant %s may be billed again", ofOrder(order.Key), ofBlock(billing.BlockLabel(order.Block, s.Location)), ofTenant(order.Tenant.ID))
		if order.Reference != "" {
			a.warnf("note: %s must be cancelled or credited in the ERP, if it is not yet: artifice reconcile names it as long as it is there", mention{order.Reference, withFields(ofOrder(order.Key).fields, ofTenant(order.Tenant.ID).fields...)})
		}
		free.end()
		return nil
	})
	return cmd
}

// held gives the exit code of an order that another process is at work on.
func held(err error) error {
	var by *ledger.HeldError
	if errors.As(err, &by) {
		return &exitError{code: ExitParked, err: fmt.Errorf("%w\nhint: run the same command again then", err)}
	}
	return err
}
