package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
)

func verifyCommand(a *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "prove the ledger: what is billed follows from what was used, once",
		Long: "verify reads the whole ledger and proves it: that no time of a tenant is billed\n" +
			"twice and none between billed blocks is forgotten; that every total follows\n" +
			"from its items, every item from the usage that it sums, at its cost; that late\n" +
			"usage is carried once; and that the keys and histories of orders are what they\n" +
			"must be. It says what it looked at, changes nothing, and names all mistakes at\n" +
			"once: the exit code is 1 then.",
		Example: "  artifice verify\n  artifice verify --tenant 931dc699f9934021bb4a2b1088ba4d3b",
		Args:    noArgs,
	}
	tenants := tenantFlag(cmd)
	output := outputFlag(cmd)
	cmd.RunE = a.with(0, func(ctx context.Context, s *session, _ *cobra.Command, _ []string) error {
		v, err := s.Verify(ctx, *tenants)
		if err != nil {
			return err
		}
		g := newGrid("checked", "#count")
		for _, c := range []struct {
			what  string
			count int
		}{
			{"tenants", v.Tenants}, {"orders", v.Orders}, {"changes of orders", v.Changes}, {"items", v.Items}, {"items not provable by entries", v.Unprovable},
			{"usage entries", v.Entries}, {"adjustments", v.Adjustments}, {"mistakes", len(v.Mistakes)},
		} {
			g.add(c.what, strconv.Itoa(c.count))
		}
		if err := g.write(a.Stdout, *output); err != nil {
			return err
		}
		for _, m := range v.Mistakes {
			a.sayf("mistake: %v", m)
		}
		if v.Unprovable > 0 {
			a.sayf("note: %s from before volumes were kept with orders: their amounts are proved, and not that they sum their entries", plural(v.Unprovable, "item"))
		}
		if len(v.Mistakes) > 0 {
			return &exitError{code: ExitFailed}
		}
		return nil
	})
	return cmd
}
