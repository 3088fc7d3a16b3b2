package cli

import (
	"context"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// tellPruned says of what time only the sums of whole blocks are kept.
func (a *App) tellPruned(ctx context.Context, s *session, span usage.Span, tenants []string) error {
	orders, err := s.Pruned(ctx, span, tenants)
	for i, o := range orders {
		if i == maxTold {
			a.sayf("note: and %s more", plural(len(orders)-i, "pruned block"))
			break
		}
		what := "its sums stand for them"
		if !span.Covers(o.Block) {
			what = "nothing is known of a part of it"
		}
		a.sayf("note: tenant %s: the hourly entries of %s were pruned, and %s (artifice statement %s shows what was billed)",
			ofTenant(o.Tenant.ID), ofBlock(billing.BlockLabel(o.Block, s.Location)), what, ofOrder(o.Key))
	}
	return err
}
