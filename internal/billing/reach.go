package billing

import (
	"context"

	"github.com/openstack-artifice/artifice/usage"
)

// goOn brings up to date what no sample of this run is of: series whose state
// reaches into windows that are due. Those with samples do not reach any
// further once they are recorded. What no meter of the config is of stays as it
// is.
func (c *collector) goOn(ctx context.Context) error {
	if c.report.Through.IsZero() {
		return nil
	}
	if c.folds > 0 {
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	folders := make(map[string]*folder, len(c.meters))
	for _, m := range c.meters {
		folders[m.Name] = c.newFolder(m)
	}
	for reach, err := range c.Store.Reaching(ctx, c.source.Name) {
		if err != nil {
			return err
		}
		f, known := folders[reach.Meter]
		if !known || c.stuck[reach.Series] || !reach.Through.Before(c.report.Through) || !f.walker.Reaches(usage.State{Until: reach.Until}, reach.Through) {
			continue
		}
		if err := f.begin(ctx, reach.Resource, reach.Through); err != nil {
			return err
		}
		if c.unread[f.about.tenant] {
			continue // who has samples of it, perhaps
		}
		r := &folded{key: seriesKey{f.meter.Meter, reach.Resource}}
		f.finish(r)
		if err := c.write(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
