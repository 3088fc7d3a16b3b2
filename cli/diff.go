package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// mostChanges is how many changes a table shows.
const mostChanges = 20

// writeDiff holds drafts against what was billed for the month before: what
// changed, the greatest difference first.
func (a *App) writeDiff(ctx context.Context, s *session, block usage.Span, drafts []billing.Draft, tenants, failed []string, output string) error {
	last, err := report.LastMonth(block, s.Location)
	if err != nil {
		return err
	}
	c, err := s.compare(ctx, block, last, drafts, tenants, failed)
	if err != nil {
		return err
	}
	if n := len(c.early); n > 0 {
		are := "is"
		if n > 1 {
			are = "are"
		}
		a.sayf("note: %s %s neither collected nor billed to the end of %s yet, and left out here", plural(n, "tenant"), are, billing.BlockLabel(block, s.Location))
		if output == "table" && c.drafted == 0 {
			return nil
		}
	}
	label := billing.BlockLabel(last, s.Location)
	if c.billed == 0 {
		a.sayf("note: nothing was billed for %s: all is new", label)
	}
	changes := c.Changes()
	more := changes[:0]
	if output == "table" && len(changes) > mostChanges {
		changes, more = changes[:mostChanges], changes[mostChanges:]
	}
	if len(changes) == 0 && output == "table" {
		a.sayf("nothing would cost more or less than what was billed for %s", label)
		return nil
	}
	if err := changeGrid(changes, c.Totals()).write(a.Stdout, output); err != nil {
		return err
	}
	a.tellMore(more)
	return nil
}

// A compared is drafts beside what was billed for the month before.
type compared struct {
	*report.Comparison
	early   map[string]bool // tenants left out, whose month is not over yet
	drafted int             // drafts of the others
	billed  int             // orders of the month before, those of tenants left out as well
}

// compare compares drafts with the orders of the last month. Of the tenants that
// failed nothing is known, and nothing is said. Those that are neither collected
// nor billed to the end of the block are left out: what they have not used yet
// is not gone.
func (s *session) compare(ctx context.Context, block, last usage.Span, drafts []billing.Draft, tenants, failed []string) (*compared, error) {
	lags, err := s.Behind(ctx, block, tenants)
	if err != nil {
		return nil, err
	}
	headers, err := s.Store.Orders(ctx, ledger.OrderFilter{Overlaps: usage.Span{Start: last.Start, End: block.End}})
	if err != nil {
		return nil, err
	}
	orders := map[string][]ledger.Order{}
	for _, o := range headers {
		orders[o.Tenant.ID] = append(orders[o.Tenant.ID], o)
	}
	c := &compared{Comparison: report.NewComparison(), early: map[string]bool{}}
	early := func(tenant string) bool {
		if !behind(lags, tenant) || report.Reserved(block, orders[tenant]) {
			return false
		}
		c.early[tenant] = true
		return true
	}
	for _, d := range drafts {
		if !early(d.Order.Tenant.ID) {
			c.drafted++
			c.After(d.Order)
			c.NoCost(d.Order, d.Missing)
		}
	}
	for _, o := range headers {
		// An order is of the month in which its block begins, so that none
		// is in two.
		wanted := len(tenants) == 0 || slices.Contains(tenants, o.Tenant.ID)
		if !o.Reserves || !last.Contains(o.Block.Start) || !wanted || slices.Contains(failed, o.Tenant.ID) {
			continue
		}
		c.billed++
		if early(o.Tenant.ID) {
			continue
		}
		if o, err = s.Store.Order(ctx, o.Key); err != nil {
			return nil, err
		}
		c.Before(o)
	}
	return c, nil
}

// behind reports whether a tenant, or a whole source, is one that lags.
func behind(lags []billing.Lag, tenant string) bool {
	return slices.ContainsFunc(lags, func(l billing.Lag) bool {
		return len(l.Tenants) == 0 || slices.Contains(l.Tenants, tenant)
	})
}

// changeGrid is changes, and what the two months come to.
func changeGrid(changes []report.Change, totals []report.Total) *grid {
	g := newGrid("tenant", "tenant name", "datacenter", "service", "change", "#quantity before", "unit before", "#quantity", "unit", "#before", "#now", "#difference", "currency")
	for _, c := range changes {
		service := c.Service
		if c.Adjusts {
			service += " (adjusts earlier months)"
		}
		before, unitBefore := quantity(c.Before)
		now, unit := quantity(c.After)
		amount, difference := c.After.Amount.StringFixed(c.Digits), plus(c.Difference(), c.Digits)
		if c.Kind == report.NoCost {
			amount, difference = "", ""
		}
		g.add(c.Tenant.ID, c.Tenant.Name, c.Datacenter, service, string(c.Kind), before, unitBefore, now, unit,
			c.Before.Amount.StringFixed(c.Digits), amount, difference, c.Currency)
	}
	// A footer is one row: in more than one currency there is no total.
	if len(totals) == 1 {
		t := totals[0]
		g.footer = []string{"total", "", "", "", "", "", "", "", "", t.Before.StringFixed(t.Digits), t.After.StringFixed(t.Digits), plus(t.After.Sub(t.Before), t.Digits), t.Currency}
		if t.Incomplete {
			g.footer[3] = "incomplete"
		}
	}
	return g
}

// quantity is a figure's quantity and unit, where it is in one.
func quantity(f report.Figure) (value, unit string) {
	if f.Items == 0 || f.Several {
		return "", ""
	}
	return f.Quantity.String(), f.Unit
}

// plus writes a difference, with its sign also where that is a plus.
func plus(d decimal.Decimal, digits int32) string {
	text := d.StringFixed(digits)
	if d.IsPositive() {
		return "+" + text
	}
	return text
}

// tellMore says what the smaller changes come to, by currency.
func (a *App) tellMore(more []report.Change) {
	if len(more) == 0 {
		return
	}
	sums, digits := map[string]decimal.Decimal{}, map[string]int32{}
	var currencies []string
	unpriced := 0
	for _, c := range more {
		if c.Kind == report.NoCost {
			unpriced++
			continue
		}
		if !slices.Contains(currencies, c.Currency) {
			currencies = append(currencies, c.Currency)
		}
		sums[c.Currency], digits[c.Currency] = sums[c.Currency].Add(c.Difference()), max(digits[c.Currency], c.Digits)
	}
	var texts []string
	for _, currency := range currencies {
		texts = append(texts, plus(sums[currency], digits[currency])+" "+currency)
	}
	var told []string
	if unpriced > 0 {
		told = append(told, strconv.Itoa(unpriced)+" more without a cost")
	}
	if len(texts) > 0 {
		told = append(told, plural(len(more)-unpriced, "smaller change")+", together "+strings.Join(texts, ", "))
	}
	a.sayf("note: %s: --output csv or json shows all", strings.Join(told, "; "))
}
