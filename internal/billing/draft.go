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
	// Unknown lists meters that have usage in the block, but are no longer in
	// the config. Their usage is not billed.
	Unknown []string
}

// Missing is a service without a cost, and the volume that is at stake.
type Missing struct {
	Datacenter, Service, Unit string
	Volume                    decimal.Decimal
	Resources                 int
}

// use is the usage of one service in one datacenter and unit.
type use struct {
	datacenter, service, unit string
	description               string
	volume                    decimal.Decimal
	resources                 map[string]bool
}

// Draft prices what a tenant used within the block. Nothing is stored, and
// nothing written to the ERP.
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
	uses, unknown, err := e.sum(ctx, tenant.ID, block)
	if err != nil {
		return Draft{}, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	d.Unknown = unknown
	inv, err := e.ERP.NewInvoice(ctx, d.Order.Order)
	if err != nil {
		return Draft{}, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	for _, u := range uses {
		item, err := e.price(ctx, inv, u)
		switch {
		case errors.Is(err, invoice.ErrNoCost):
			d.Missing = append(d.Missing, Missing{Datacenter: u.datacenter, Service: u.service, Unit: u.unit, Volume: u.volume, Resources: len(u.resources)})
		case err != nil:
			return Draft{}, fmt.Errorf("tenant %s: %s in %s: %w", tenant.ID, u.service, u.datacenter, err)
		default:
			d.Order.Items = append(d.Order.Items, item)
			d.Order.Total = d.Order.Total.Add(item.Amount)
		}
	}
	return d, nil
}

// sum adds up what a tenant used, by datacenter, service and unit, in that
// order. What comes to nothing is left out.
func (e *Engine) sum(ctx context.Context, tenant string, block usage.Span) ([]*use, []string, error) {
	meters := make(map[string]usage.Meter, len(e.Meters))
	for _, m := range e.Meters {
		meters[m.Name] = m
	}
	type id struct{ datacenter, service, unit string }
	uses := map[id]*use{}
	unknown := map[string]bool{}
	for entry, err := range e.Store.Entries(ctx, ledger.EntryFilter{Tenant: tenant, Within: block}) {
		if err != nil {
			return nil, nil, err
		}
		m, ok := meters[entry.Meter]
		if !ok {
			unknown[entry.Meter] = true
			continue
		}
		if !m.Billed {
			continue
		}
		key := id{entry.Datacenter, entry.Service, entry.Unit}
		u := uses[key]
		if u == nil {
			u = &use{datacenter: entry.Datacenter, service: entry.Service, unit: entry.Unit, description: m.Type, resources: map[string]bool{}}
			uses[key] = u
		}
		u.volume = u.volume.Add(entry.Volume.Volume)
		u.resources[entry.Resource] = true
	}
	all := slices.SortedFunc(maps.Values(uses), func(a, b *use) int {
		return cmp.Or(cmp.Compare(a.datacenter, b.datacenter), cmp.Compare(a.service, b.service), cmp.Compare(a.unit, b.unit))
	})
	all = slices.DeleteFunc(all, func(u *use) bool { return u.volume.IsZero() })
	return all, slices.Sorted(maps.Keys(unknown)), nil
}

// price makes an item of a use: its value is converted to the unit of the
// cost, then rounded once; its amount is value times cost, rounded once.
func (e *Engine) price(ctx context.Context, inv invoice.Invoice, u *use) (invoice.Item, error) {
	cost, err := inv.Cost(ctx, u.datacenter, u.service)
	if err != nil {
		return invoice.Item{}, err
	}
	item := invoice.Item{Datacenter: u.datacenter, Name: u.service, Unit: u.unit, Description: u.description, Cost: cost}
	unit := ""
	if uniter, ok := inv.(invoice.Uniter); ok {
		if unit, err = uniter.Unit(ctx, u.datacenter, u.service); err != nil {
			return invoice.Item{}, err
		}
	}
	if priced, num, den, ok := conversion(u.unit, unit); ok {
		item.Unit = priced
		item.Value = e.Rounding.quotient(u.volume, num, den, e.ValueDigits)
	} else {
		item.Value = e.Rounding.round(u.volume, e.ValueDigits)
	}
	item.Amount = e.Rounding.round(item.Value.Mul(cost), e.Digits)
	return item, nil
}

// conversion turns a volume into the unit that a price is for. Price lists are
// brief: a price per gigabyte of what is kept for hours is per gigabyte and
// hour, as the original's were, and one per day of what is counted in "ip
// hour" is per ip and day. A unit that converts in none of these ways is a
// remark, and the price is for one unit of whatever the usage is measured in.
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
