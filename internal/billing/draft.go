package billing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// A Draft is what a tenant would be billed for a block.
type Draft struct {
	// Order has the items, and is not claimed.
	Order ledger.Order
	// Missing lists the services that the ERP has no cost for. A draft with
	// any is not billed.
	Missing []Missing
	// Remarks lists prices whose unit is only a remark.
	Remarks []Remark
	// Unknown lists meters that have usage in the block, but are no longer in
	// the config. A draft with any is not billed.
	Unknown []string
}

// Reasons says why a draft cannot be billed as it is; none where it can.
func (d Draft) Reasons() []string {
	var reasons []string
	for _, m := range d.Missing {
		reasons = append(reasons, m.String())
	}
	for _, meter := range d.Unknown {
		reasons = append(reasons, fmt.Sprintf("usage of meter %s, which is no longer in the config (put [meter:%s] back, if only with billed = false)", meter, meter))
	}
	return reasons
}

// Missing is a service that cannot be priced, and the volume that is at stake.
type Missing struct {
	Datacenter, Service, Unit string
	Volume                    decimal.Decimal
	Resources                 int
	// PriceUnit is set where there is a price, but for a unit that the volume
	// does not convert to.
	PriceUnit string
}

func (m Missing) String() string {
	if m.PriceUnit != "" {
		return fmt.Sprintf("the cost of %s in %s is per %s, which %s does not convert to", m.Service, m.Datacenter, m.PriceUnit, m.Unit)
	}
	return fmt.Sprintf("no cost for %s in %s", m.Service, m.Datacenter)
}

// A Remark is a price's unit that is none, and is not looked at: the price is
// for one unit of what the usage is measured in.
type Remark struct{ Datacenter, Service, PriceUnit, Unit string }

// use is the usage of one service in one datacenter and unit, of one resource
// where items are for each.
type use struct {
	datacenter, service, unit string
	resource, description     string
	volume                    decimal.Decimal
	resources                 map[string]bool
}

// Draft prices what a tenant used within the block. Nothing is stored, and
// nothing written to the ERP. Beside a permanent error the draft has its order,
// without all of its items.
func (e *Engine) Draft(ctx context.Context, tenant invoice.Tenant, block usage.Span) (Draft, error) {
	const attempt = 1
	now := e.Now()
	block = usage.Span{Start: block.Start.In(e.Location), End: block.End.In(e.Location)}
	d := Draft{Order: ledger.Order{
		Order: invoice.Order{
			Key:    Key(e.Deployment, tenant.ID, block, attempt),
			Tenant: tenant, Block: block,
			Currency: e.Currency, Digits: e.Digits,
			Date: now.In(e.Location),
		},
		Deployment: e.Deployment, Attempt: attempt, Adapter: e.Adapter,
		Claimed: now.UTC(), Changed: now.UTC(),
	}}
	lister, ok := e.ERP.(invoice.ResourceLister)
	uses, unknown, err := e.sum(ctx, tenant.ID, block, ok && lister.PerResource())
	if err != nil {
		return d, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	d.Unknown = unknown
	if len(uses) == 0 {
		return d, nil
	}
	inv, err := e.ERP.NewInvoice(ctx, d.Order.Order)
	if err != nil {
		return d, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	for _, u := range uses {
		item, priceUnit, err := e.price(ctx, inv, u)
		switch {
		case errors.Is(err, invoice.ErrNoCost):
			d.miss(u, "")
		case errors.Is(err, errUnit):
			d.miss(u, priceUnit)
		case err != nil:
			return d, fmt.Errorf("tenant %s: %s in %s: %w", tenant.ID, u.service, u.datacenter, err)
		default:
			if priceUnit != "" && item.Unit == u.unit && !usage.SameUnit(priceUnit, u.unit) && !usage.IsUnit(priceUnit) {
				d.Remarks = append(d.Remarks, Remark{u.datacenter, u.service, priceUnit, u.unit})
			}
			d.Order.Items = append(d.Order.Items, item)
			d.Order.Total = d.Order.Total.Add(item.Amount)
		}
	}
	return d, nil
}

// sum adds up what a tenant used, by datacenter, service and unit, in that
// order, and by resource where that is asked for. What comes to nothing is left
// out.
func (e *Engine) sum(ctx context.Context, tenant string, block usage.Span, perResource bool) ([]*use, []string, error) {
	names, err := e.names(ctx, tenant, perResource)
	if err != nil {
		return nil, nil, err
	}
	meters := make(map[string]usage.Meter, len(e.Meters))
	for _, m := range e.Meters {
		meters[m.Name] = m
	}
	type id struct{ datacenter, service, resource string }
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
		key := id{entry.Datacenter, entry.Service, ""}
		description := m.Type
		if perResource {
			key.resource = entry.Resource
			description = strings.TrimSpace(m.Type + " " + names[[2]string{entry.Resource, entry.Meter}])
		}
		i := slices.IndexFunc(uses[key], func(u *use) bool { return usage.SameUnit(u.unit, entry.Unit) })
		if i < 0 {
			i = len(uses[key])
			uses[key] = append(uses[key], &use{datacenter: entry.Datacenter, service: entry.Service, unit: entry.Unit, resource: key.resource, description: description, resources: map[string]bool{}})
		}
		u := uses[key][i]
		u.volume = u.volume.Add(entry.Volume.Volume)
		u.resources[entry.Resource] = true
	}
	maps.DeleteFunc(unknown, func(_ string, used bool) bool { return !used })
	all := slices.Concat(slices.Collect(maps.Values(uses))...)
	slices.SortFunc(all, func(a, b *use) int {
		return cmp.Or(cmp.Compare(a.datacenter, b.datacenter), cmp.Compare(a.service, b.service), cmp.Compare(a.resource, b.resource), cmp.Compare(a.unit, b.unit))
	})
	all = slices.DeleteFunc(all, func(u *use) bool { return u.volume.IsZero() })
	return all, slices.Sorted(maps.Keys(unknown)), nil
}

// miss adds a use to what cannot be priced, by service.
func (d *Draft) miss(u *use, priceUnit string) {
	m := Missing{Datacenter: u.datacenter, Service: u.service, Unit: u.unit, Volume: u.volume, Resources: len(u.resources), PriceUnit: priceUnit}
	if n := len(d.Missing); n > 0 {
		last := &d.Missing[n-1]
		if last.Datacenter == m.Datacenter && last.Service == m.Service && last.Unit == m.Unit {
			last.Volume, last.Resources = last.Volume.Add(m.Volume), last.Resources+m.Resources
			return
		}
	}
	d.Missing = append(d.Missing, m)
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
		return invoice.Permanent(fmt.Errorf("usage of meter %s, resource %s in %s came from two sources, %s and %s, and would be billed twice (a source that was renamed must keep its old name)",
			entry.Meter, entry.Resource, entry.Window.Start.Format(time.RFC3339), min(first, entry.Source), max(first, entry.Source)))
	}
	o.from[key] = entry.Source
	return nil
}

// errUnit says that a price is for a unit that the usage does not convert to.
var errUnit = errors.New("the price is for another unit")

// Used returns the billed services that were used within the block by anybody,
// as pairs of datacenter and service, sorted.
func (e *Engine) Used(ctx context.Context, block usage.Span) ([][2]string, error) {
	billed := map[string]bool{}
	for _, m := range e.Meters {
		billed[m.Name] = m.Billed
	}
	used := map[[2]string]bool{}
	for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Within: block}) {
		if err != nil {
			return nil, err
		}
		if billed[entry.Meter] && !entry.Volume.Volume.IsZero() {
			used[[2]string{entry.Datacenter, entry.Service}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(used), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }), nil
}

// price makes an item of a use: its value is converted to the unit of the
// cost, then rounded once; its amount is value times cost, rounded once.
func (e *Engine) price(ctx context.Context, inv invoice.Invoice, u *use) (item invoice.Item, priceUnit string, err error) {
	cost, err := inv.Cost(ctx, u.datacenter, u.service)
	if err != nil {
		return invoice.Item{}, "", err
	}
	if cost.IsNegative() {
		return invoice.Item{}, "", invoice.Permanent(fmt.Errorf("the cost is %s: a price cannot be negative", cost))
	}
	item = invoice.Item{Datacenter: u.datacenter, Name: u.service, Unit: u.unit, Resource: u.resource, Description: u.description, Cost: cost}
	if uniter, ok := inv.(invoice.Uniter); ok {
		if priceUnit, err = uniter.Unit(ctx, u.datacenter, u.service); err != nil {
			return invoice.Item{}, "", err
		}
	}
	switch unit, num, den, ok := conversion(u.unit, priceUnit); {
	case ok:
		item.Unit = unit
		item.Value = e.Rounding.quotient(u.volume, num, den, e.ValueDigits)
	case usage.IsUnit(priceUnit):
		return invoice.Item{}, priceUnit, errUnit
	default:
		item.Value = e.Rounding.round(u.volume, e.ValueDigits)
	}
	item.Amount = e.Rounding.round(item.Value.Mul(cost), e.Digits)
	return item, priceUnit, nil
}

// conversion turns a volume into the unit that a price is for. Price lists are
// brief: a price per gigabyte of what is kept for hours is per gigabyte and
// hour, as the original's were, and one per day of what is counted in "ip
// hour" is per ip and day. Text that is no unit is a remark, and the price is
// for one unit of whatever the usage is measured in.
func conversion(from, to string) (unit string, num, den *big.Int, ok bool) {
	if to == "" {
		return "", nil, nil, false
	}
	thing, _, _ := strings.Cut(from, " ")
	for _, unit := range []string{to, to + " hour", thing + " " + to} {
		if num, den, ok := usage.Conversion(from, unit); ok {
			if usage.SameUnit(from, unit) {
				unit = from
			}
			return unit, num, den, true
		}
	}
	return "", nil, nil, false
}

// Key is the idempotency key of an order: the same wherever and whenever it is
// computed, so that a store restored from a backup finds its invoices again.
func Key(deployment, tenant string, block usage.Span, attempt int) string {
	fields := []string{deployment, tenant, strconv.FormatInt(block.Start.UnixNano(), 10), strconv.FormatInt(block.End.UnixNano(), 10), strconv.Itoa(attempt)}
	var text strings.Builder
	for _, f := range fields {
		// With its length before it, no field runs into the next.
		fmt.Fprintf(&text, "%d:%s,", len(f), f)
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:16])
}
