package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// forever is later than any time in a ledger.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Read gathers the facts of a calendar month, of the tenants with these ids or
// of all. Its Order reads on from the engine's store.
func Read(ctx context.Context, e *billing.Engine, month usage.Span, ids []string) (Facts, error) {
	f := Facts{Deployment: e.Deployment, Sources: e.SourceNames, Location: e.Location, Month: month, Now: e.Now(), Holds: e.Holds()}
	var err error
	if f.Last, err = LastMonth(month, e.Location); err != nil {
		return f, err
	}
	tenants, err := e.Tenants(ctx, ids)
	if err != nil {
		return f, err
	}
	known := map[string]usage.Tenant{}
	for _, t := range tenants {
		known[t.ID] = t
	}
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Overlaps: usage.Span{Start: f.Last.Start, End: month.End}})
	if err != nil {
		return f, err
	}
	for _, o := range orders {
		if _, wanted := known[o.Tenant.ID]; !wanted && len(ids) > 0 {
			continue
		} else if !wanted {
			known[o.Tenant.ID] = o.Tenant
		}
		f.Orders = append(f.Orders, o)
	}
	f.Tenants = slices.SortedFunc(maps.Values(known), func(a, b usage.Tenant) int { return strings.Compare(a.ID, b.ID) })
	if f.Marks, err = e.Store.Marks(ctx); err != nil {
		return f, err
	}
	// A gap of the month may be closed long after it.
	for gap, err := range e.Store.Gaps(ctx, ledger.EntryFilter{Within: usage.Span{Start: month.Start.UTC(), End: forever}}) {
		if err != nil {
			return f, err
		}
		if _, wanted := known[gap.Tenant]; wanted && gap.From.Before(month.End) && !gap.To.IsZero() {
			f.Gaps = append(f.Gaps, gap)
		}
	}
	f.Order = func(key string) (ledger.Order, error) { return e.Store.Order(ctx, key) }
	return f, nil
}

// LastMonth is the calendar month before a block, which must be one itself.
func LastMonth(month usage.Span, in *time.Location) (usage.Span, error) {
	label := billing.BlockLabel(month, in)
	first, err := time.Parse("2006-01", label)
	if err != nil {
		return usage.Span{}, fmt.Errorf("%s is not a calendar month, and has no month before it", label)
	}
	return billing.Month(first.AddDate(0, -1, 0).Format("2006-01"), in)
}
