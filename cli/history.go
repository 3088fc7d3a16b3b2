package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func historyCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history ORDER",
		Short: "show what became of an order, when, and by whom",
		Long: "history lists every change of an order: when it was claimed, taken over, parked,\n" +
			"settled or voided, by whom, on which host, and why. Nothing of it is ever\n" +
			"changed or deleted. ORDER is the order's key, or as much of its beginning as\n" +
			"is unique.",
		Example: "  artifice orders\n  artifice history 3f1c29a0",
		Args:    oneOrder,
	}
	output := outputFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, args []string) error {
		order, err := s.order(ctx, args[0])
		if err != nil {
			return err
		}
		changes, err := s.Store.History(ctx, order.Key)
		if err != nil {
			return err
		}
		g := newGrid("at", "status", "reference", "by", "process", "reason")
		for _, c := range changes {
			g.add(c.At.In(s.Location).Format(time.RFC3339), string(c.Status), c.Reference, c.By, c.Holder, c.Reason)
		}
		return g.write(a.Stdout, *output)
	})
	return cmd
}
