package billing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// use is the usage of one service in one datacenter and unit, of one resource
// where items are for each.
type use struct {
	datacenter, service, unit string
	begun                     string // the unit of which begun ones are billed whole
	resource, description     string
	volume                    decimal.Decimal
	resources, meters         map[string]bool // whose usage it is
}

func (u *use) add(entry usage.Entry) {
	u.volume = u.volume.Add(entry.Volume.Volume)
	u.resources[entry.Resource] = true
	u.meters[entry.Meter] = true
}

func newUse(entry usage.Entry, begun, resource, description string) *use {
	return &use{
		datacenter: entry.Datacenter, service: entry.Service, unit: entry.Unit, begun: begun, resource: resource, description: description,
		resources: map[string]bool{}, meters: map[string]bool{},
	}
}

// sum adds up what a tenant used, by datacenter, service and unit, in that
// order, and by resource where that is asked for. What comes to nothing is left
// out.
func (e *Engine) sum(ctx context.Context, tenant string, block usage.Span, perResource bool) ([]*use, []string, error) {
	names, err := e.names(ctx, tenant, perResource)
	if err != nil {
		return nil, nil, err
	}
	meters := e.metersByName()
	type id struct{ datacenter, service, resource, begun string }
	uses := map[id][]*use{} // by unit, however it is spelled
	unknown := map[string]bool{}
	var once onceOnly
	for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant, Within: block}) {
		if err != nil {
			return nil, nil, err
		}
		if err := once.check(entry); err != nil {
			return nil, nil, err
		}
		m, ok := meters[entry.Meter]
		if !ok {
			unknown[entry.Meter] = unknown[entry.Meter] || !entry.Volume.Volume.IsZero()
			continue
		}
		if !m.Billed {
			continue
		}
		key := id{entry.Datacenter, entry.Service, "", m.Begun}
		description := m.Type
		if perResource {
			key.resource = entry.Resource
			description = describe(m, names[[2]string{entry.Resource, entry.Meter}])
		}
		i := slices.IndexFunc(uses[key], func(u *use) bool { return usage.SameUnit(u.unit, entry.Unit) })
		if i < 0 {
			i = len(uses[key])
			uses[key] = append(uses[key], newUse(entry, m.Begun, key.resource, description))
		}
		uses[key][i].add(entry)
	}
	maps.DeleteFunc(unknown, func(_ string, used bool) bool { return !used })
	all := slices.Concat(slices.Collect(maps.Values(uses))...)
	slices.SortFunc(all, func(a, b *use) int {
		return cmp.Or(cmp.Compare(a.datacenter, b.datacenter), cmp.Compare(a.service, b.service), cmp.Compare(a.resource, b.resource), cmp.Compare(a.unit, b.unit), cmp.Compare(a.begun, b.begun))
	})
	all = slices.DeleteFunc(all, func(u *use) bool { return u.volume.IsZero() })
	return all, slices.Sorted(maps.Keys(unknown)), nil
}

// describe is what a person is told that an item of one resource is for.
func describe(m usage.Meter, name string) string { return strings.TrimSpace(m.Type + " " + name) }

func (e *Engine) metersByName() map[string]usage.Meter {
	meters := make(map[string]usage.Meter, len(e.Meters))
	for _, m := range e.Meters {
		meters[m.Name] = m
	}
	return meters
}

// names are the names of a tenant's resources, by id and meter, where items are
// for each.
func (e *Engine) names(ctx context.Context, tenant string, perResource bool) (map[[2]string]string, error) {
	if !perResource {
		return nil, nil
	}
	resources, err := e.Store.Resources(ctx, tenant)
	names := make(map[[2]string]string, len(resources))
	for _, r := range resources {
		names[[2]string{r.ID, r.Meter}] = r.Info["name"]
	}
	return names, err
}

// onceOnly finds usage that was collected twice, under two names of a source:
// the entries of a window come together.
type onceOnly struct {
	window usage.Span
	from   map[[2]string]string // the source of a meter's resource
}

func (o *onceOnly) check(entry usage.Entry) error {
	if o.from == nil || !o.window.Start.Equal(entry.Window.Start) {
		o.window, o.from = entry.Window, map[[2]string]string{}
	}
	key := [2]string{entry.Meter, entry.Resource}
	if first, ok := o.from[key]; ok && first != entry.Source {
		return twoSources(entry, first)
	}
	o.from[key] = entry.Source
	return nil
}

// twoSources is the error for usage that came under two names of a source.
func twoSources(entry usage.Entry, other string) error {
	return invoice.Permanent(fmt.Errorf("usage of meter %s, resource %s in %s came from two sources, %s and %s, and would be billed twice (no two sources may read the same, and one that was renamed must keep its old name)",
		entry.Meter, entry.Resource, entry.Window.Start.Format(time.RFC3339), min(other, entry.Source), max(other, entry.Source)))
}

// Used returns the billed services that were used within the block by anybody,
// as pairs of datacenter and service, sorted.
func (e *Engine) Used(ctx context.Context, block usage.Span) ([][2]string, error) {
	billed := map[string]bool{}
	for _, m := range e.Meters {
		billed[m.Name] = m.Billed
	}
	progress := e.begin(Step{Name: "read", Of: BlockLabel(block, e.Location), Unit: "entries", Whole: true})
	defer progress.End()
	used := map[[2]string]bool{}
	for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Within: block}) {
		if err != nil {
			return nil, err
		}
		progress.Add(1)
		if billed[entry.Meter] && !entry.Volume.Volume.IsZero() {
			used[[2]string{entry.Datacenter, entry.Service}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(used), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }), nil
}
