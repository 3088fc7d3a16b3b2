package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

func reconcileCommand(a *App) *cobra.Command {
	var flags blockFlags
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "look every order up in the ERP, and send nothing",
		Long: "reconcile asks the ERP for the key of every order. What is claimed, or parked\n" +
			"with its items, and found, is settled; what is not found is sent by the next\n" +
			"bill. Of settled orders it names those that the ERP has not, as after it was\n" +
			"restored from a backup, or has under another reference or with other lines: the\n" +
			"exit code is 1 then. Of void orders it names those whose invoice is there still.\n" +
			"The exit code is 3 then, and where something is left for bill, for a person, or\n" +
			"for another process that is at work. What another adapter billed is not looked\n" +
			"at.",
		Example: "  artifice reconcile\n  artifice reconcile --month 2013-08",
		Args:    noArgs,
	}
	flags.register(a, cmd)
	tenants := tenantFlag(cmd)
	output := outputFlag(cmd)
	lease := leaseFlag(cmd)
	cmd.RunE = a.with(needERP, func(ctx context.Context, s *session, cmd *cobra.Command, _ []string) error {
		var block usage.Span
		var err error
		if flags.given() {
			if block, err = flags.block(cmd, s.Location); err != nil {
				return err
			}
		}
		if s.Lease, err = lease(); err != nil {
			return err
		}
		outcomes, err := s.Reconcile(ctx, block, *tenants)
		if err != nil && len(outcomes) == 0 {
			return err
		}
		if len(outcomes) > 0 {
			err = errors.Join(err, a.writeOutcomes(s, outcomes, *output))
		}
		told := a.tellReconciled(s, outcomes)
		if err != nil {
			return err
		}
		return told
	})
	return cmd
}

// tellReconciled says what came of it, and gives the exit code.
func (a *App) tellReconciled(s *session, outcomes []billing.Outcome) error {
	counts := map[billing.Result]int{}
	for _, o := range outcomes {
		counts[o.Result]++
	}
	a.sayf("%s, %s as recorded, %d settled now, %d not sent yet", plural(len(outcomes), "order"), plural(counts[billing.Confirmed], "invoice"), counts[billing.Found], counts[billing.NotSent])
	err := a.tellOutcomes(s, outcomes)
	if counts[billing.NotSent] > 0 && a.talk.words() {
		a.sayf("hint: " + unsentHint)
	}
	return err
}
