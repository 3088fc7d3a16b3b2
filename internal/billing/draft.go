package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	// Order has the items, and is not claimed. Adjustments come last.
	Order ledger.Order
	// Revision is that of the tenant's usage which was drafted.
	Revision int64
	// Carries are the pending adjustments that the items are made from.
	Carries []ledger.Adjustment
	// Left are adjustments of earlier blocks that wait for a later order: they
	// would bring the total below zero.
	Left []ledger.Item
	// Postponed are blocks whose adjustments wait until their own order is
	// settled.
	Postponed []Postponed
	// Missing lists the services that the ERP has no cost for. A draft with
	// any is not billed.
	Missing []Missing
	// Remarks lists prices whose unit is only a remark.
	Remarks []Remark
	// Unknown lists meters that have usage in the block, but are no longer in
	// the config. A draft with any is not billed.
	Unknown []string

	units    []string       // that items have, by one name each
	replaces []ledger.Order // parked before their claim, for other blocks, that make way when this is claimed
	negative string         // why the total is below zero, and what may be done; "" where it is not
}

// Postponed is a block with adjustments that cannot be billed yet.
type Postponed struct {
	Order  ledger.Order // that reserves the block, without items
	Reason string
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
	if d.negative != "" {
		reasons = append(reasons, d.negative)
	}
	return reasons
}

// Negative says why the draft's own items come to less than nothing, and what
// may be done; "" where they do not. Such a draft is not billed.
func (d Draft) Negative() string { return d.negative }

// Missing is a service that cannot be priced, and the volume that is at stake.
type Missing struct {
	Datacenter, Service, Unit string
	Volume                    decimal.Decimal
	Resources                 int
	// PriceUnit is set where there is a price, but for a unit that the volume
	// does not convert to.
	PriceUnit string
	// Why is what the ERP says of the cost that it has not, and what may be done.
	Why string
	// Adjusts names the earlier block that lacks the cost; "" for the order's.
	Adjusts string
}

func (m Missing) String() string {
	in := m.Datacenter
	if m.Adjusts != "" {
		in += " for late usage of " + m.Adjusts
	}
	if m.PriceUnit != "" {
		return fmt.Sprintf("the cost of %s in %s is per %s, which %s does not convert to", m.Service, in, m.PriceUnit, m.Unit)
	}
	return fmt.Sprintf("no cost for %s in %s", m.Service, in)
}

// A Remark is a price's unit that is none, and is not looked at: the price is
// for one unit of what the usage is measured in.
type Remark struct{ Datacenter, Service, PriceUnit, Unit string }

// Draft prices what a tenant used within the block, and what came late for
// earlier ones. Nothing is stored, and nothing written to the ERP. Beside a
// permanent error the draft has its order, without all of its items.
func (e *Engine) Draft(ctx context.Context, tenant invoice.Tenant, block usage.Span) (Draft, error) {
	// What changes from here on makes the draft stale.
	revision, err := e.Store.Revision(ctx, tenant.ID)
	if err != nil {
		return Draft{}, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	orders, err := e.Store.Orders(ctx, ledger.OrderFilter{Tenant: tenant.ID})
	if err != nil {
		return Draft{}, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	d := e.newDraft(tenant, block, nextAttempt(orders, block))
	d.Revision = revision
	for _, o := range orders {
		if o.Status == ledger.Parked && !o.Reserves && o.Block.Overlaps(block) && o.Key != d.Order.Key {
			d.replaces = append(d.replaces, o)
		}
	}
	lister, ok := e.ERP.(invoice.ResourceLister)
	perResource := ok && lister.PerResource()
	uses, unknown, err := e.sum(ctx, tenant.ID, block, perResource)
	if err != nil {
		return d, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	d.Unknown = unknown
	if err := e.priceAll(ctx, &d, uses); err != nil {
		return d, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	if overlapped(orders, block) {
		return d, nil // such a block is not billed, and nothing with it
	}
	if err := e.checkTotal(ctx, &d); err != nil {
		return d, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	corrections, err := e.corrections(ctx, &d, orders, perResource)
	if err != nil {
		return d, fmt.Errorf("tenant %s: %w", tenant.ID, err)
	}
	e.carry(&d, corrections)
	return d, nil
}

func (e *Engine) newDraft(tenant invoice.Tenant, block usage.Span, attempt int) Draft {
	now := e.Now()
	block = usage.Span{Start: block.Start.In(e.Location), End: block.End.In(e.Location)}
	return Draft{Order: ledger.Order{
		Order: invoice.Order{
			Key:     Key(e.Deployment, tenant.ID, block, attempt),
			Attempt: attempt,
			Tenant:  tenant, Block: block,
			Currency: e.Currency, Digits: e.Digits,
			Date: now.In(e.Location),
		},
		Deployment: e.Deployment, Adapter: e.Adapter,
		ValueDigits: e.ValueDigits, Rounding: e.Rounding.String(),
		Claimed: now.UTC(), Changed: now.UTC(),
	}}
}

// nextAttempt is one more than the last attempt at just this block that is
// void.
func nextAttempt(orders []ledger.Order, block usage.Span) int {
	attempt := 0
	for _, o := range orders {
		if o.Status == ledger.Void && sameSpan(o.Block, block) {
			attempt = max(attempt, o.Attempt)
		}
	}
	return attempt + 1
}

func overlapped(orders []ledger.Order, block usage.Span) bool {
	return slices.ContainsFunc(orders, func(o ledger.Order) bool { return o.Reserves && o.Block.Overlaps(block) })
}

// priceAll makes the draft's own items.
func (e *Engine) priceAll(ctx context.Context, d *Draft, uses []*use) error {
	if len(uses) == 0 {
		return nil
	}
	inv, err := e.ERP.NewInvoice(ctx, d.Order.Order)
	if err != nil {
		return err
	}
	for _, u := range uses {
		item, per, err := e.price(ctx, inv, u)
		switch {
		case isMissing(err):
			d.miss(u, per, err, "")
		case err != nil:
			return fmt.Errorf("%s in %s: %w", u.service, u.datacenter, err)
		default:
			if isRemark(item, per) {
				d.Remarks = append(d.Remarks, Remark{u.datacenter, u.service, per, u.unit})
			}
			d.add(item)
		}
	}
	return nil
}

func (d *Draft) add(item ledger.Item) {
	item.Unit = d.unitName(item.Unit)
	d.Order.Items = append(d.Order.Items, item)
	d.Order.Total = d.Order.Total.Add(item.Amount)
}

// unitName is what the draft's items call a unit: one invoice has one name for
// it, however meters and price lists spell it.
func (d *Draft) unitName(unit string) string {
	for _, known := range d.units {
		if usage.SameUnit(known, unit) {
			return known
		}
	}
	d.units = append(d.units, unit)
	return unit
}

// miss adds a use to what cannot be priced, by service.
func (d *Draft) miss(u *use, per string, why error, adjusts string) {
	m := Missing{Datacenter: u.datacenter, Service: u.service, Unit: u.unit, Volume: u.volume, Resources: len(u.resources), Adjusts: adjusts}
	if errors.Is(why, errUnit) {
		m.PriceUnit = per
	} else if why != invoice.ErrNoCost { // which by itself says nothing more
		m.Why = strings.TrimPrefix(why.Error(), invoice.ErrNoCost.Error()+": ")
	}
	if n := len(d.Missing); n > 0 {
		last := &d.Missing[n-1]
		if last.Datacenter == m.Datacenter && last.Service == m.Service && last.Unit == m.Unit && last.Adjusts == m.Adjusts {
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
