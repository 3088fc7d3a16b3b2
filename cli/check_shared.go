package cli

import (
	"context"
	"maps"
	"slices"

	"github.com/openstack-artifice/artifice/internal/billing"
)

// checkShared looks whether two sources read the same, of those that could be
// opened.
func checkShared(ctx context.Context, c *checks, sources []billing.Source) {
	shared, unknown := billing.SharedPlaces(ctx, sources)
	for _, s := range shared {
		if what := "source:" + s.First + " and source:" + s.Second; s.Twice {
			c.add("config", what, s)
		} else {
			c.grid.add("note", "config", what, s.Error())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		c.add("source:"+name, "what is read", unknown[name])
	}
	if len(shared)+len(unknown) == 0 {
		c.add("config", "no two sources read the same, as far as they can tell", nil)
	}
}
