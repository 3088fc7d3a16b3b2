package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
)

func resolveCommand(a *App) *cobra.Command {
	var reference string
	var notBilled bool
	cmd := &cobra.Command{
		Use:   "resolve ORDER",
		Short: "say whether the ERP has the invoice of an order in doubt",
		Long: "resolve records what you found out about an order in doubt: that the ERP has\n" +
			"its invoice, and what it calls it, or that it has not. Nothing is sent. Where\n" +
			"it was not billed, the next bill sends it.",
		Example: "  artifice orders\n  artifice resolve 3f1c29a0 --billed INV/2013/0042\n  artifice resolve 3f1c29a0 --not-billed",
		Args:    oneOrder,
	}
	cmd.Flags().StringVar(&reference, "billed", "", "the ERP has the invoice, under this `reference`")
	cmd.Flags().BoolVar(&notBilled, "not-billed", false, "the ERP has no such invoice")
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, args []string) error {
		if notBilled == (reference != "") {
			return wrongUse("say one of --billed REFERENCE and --not-billed")
		}
		order, err := s.order(ctx, args[0])
		if err != nil {
			return err
		}
		if err := s.Resolve(ctx, order.Key, !notBilled, reference); err != nil {
			return held(err)
		}
		if notBilled {
			a.sayf("order %s was not billed: the next artifice bill sends it", ofOrder(order.Key))
		} else {
			a.sayf("order %s is settled as %s", ofOrder(order.Key), mentionOf(billing.LogReference, reference))
		}
		return nil
	})
	return cmd
}
