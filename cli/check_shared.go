package cli

import (
	"context"
	"io"
	"maps"
	"slices"

	"github.com/openstack-artifice/artifice/deployment"
	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/usage"
)

// checkShared looks whether two sources read the same. That one cannot be opened
// is told by its own checks.
func checkShared(ctx context.Context, c *checks, bounds []deployment.Bound[usage.Source]) {
	var sources []billing.Source
	for _, bound := range bounds {
		source, err := bound.Open(ctx)
		if err != nil {
			continue
		}
		if closer, ok := source.(io.Closer); ok {
			defer closer.Close()
		}
		sources = append(sources, billing.Source{Name: bound.Name(), Source: source})
	}
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
