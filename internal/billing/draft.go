package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
