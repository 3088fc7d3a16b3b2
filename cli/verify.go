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
			"from its items, every item from the usage that it sums, at its cost, and this\n" +
			"from what was folded; that late usage is carried once; and that the keys and\n" +
			"histories of orders are what they must be. It says what it looked at, changes\n" +
			"nothing, and names all mistakes at once: the exit code is 1 then. It is 3 where\n" +
			"there is no mistake, but usage that is in no order, of time that was billed:\n" +
			"artifice status lists it as well.",
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
			{"usage entries", v.Entries}, {"windows of resources", v.Windows}, {"adjustments", v.Adjustments},
			{"blocks not billed", len(v.Unbilled)}, {"mistakes", len(v.Mistakes)},
		} {
			g.add(c.what, strconv.Itoa(c.count))
		}
		if err := g.write(a.Stdout, *output); err != nil {
			return err
		}
		for _, m := range v.Mistakes {
			a.warnf("mistake: %v", ofMistake(m))
		}
		if v.Unprovable > 0 {
			a.sayf("note: %s from before volumes were kept with orders: their amounts are proved, and not that they sum their entries", plural(v.Unprovable, "item"))
		}
		a.tellUnbilled(s, v.Unbilled)
		switch {
		case len(v.Mistakes) > 0:
			return &exitError{code: ExitFailed}
		case len(v.Unbilled) > 0:
			return &exitError{code: ExitParked}
		}
		return nil
	})
	return cmd
}
