package openerp

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

// errOther says that the order's key is that of an invoice with other content.
var errOther = errors.New("odoo has other content under the order's key")

// sameContent compares the mark of a move with the items that were added, if
// any were.
func (d *draft) sameContent(s *saved) error {
	if len(d.Items) > 0 && s.mark.digest != d.digest() {
		return invoice.Permanent(errOther)
	}
	return nil
}

// A savedLine is an account.move.line as it is read back.
type savedLine struct {
	Sequence int             `json:"sequence"`
	Text     rpc.Text        `json:"name"`
	Quantity decimal.Decimal `json:"quantity"`
	Price    decimal.Decimal `json:"price_unit"`
	Taxes    rpc.Records     `json:"tax_ids"`
	Type     rpc.Text        `json:"display_type"`
}

// linesOf finds the lines of a move that are not Odoo's own.
func linesOf(move int64) []any {
	return []any{is("move_id", "=", move), is("display_type", "in", []any{lineProduct, lineSection, lineNote})}
}

func (d *draft) readLines(ctx context.Context, at *saved) ([]savedLine, error) {
	g, err := d.erp.ground(ctx)
	if err != nil {
		return nil, err
	}
	return search[savedLine](ctx, g.server, query{
		model: "account.move.line", domain: linesOf(at.ID),
		fields: []string{"sequence", "name", "quantity", "price_unit", "tax_ids", "display_type"},
	})
}

// explainOther is a permanent error that shows both contents: how many lines
// and what total there is, and the first line that differs.
func (d *draft) explainOther(ctx context.Context, at *saved) error {
	text := fmt.Sprintf("%v: %s comes to %s %s untaxed, and the order to %s %s",
		errOther, at, at.mark.total, at.Currency.Name, d.total().Abs(), d.order.Currency)
	lines, err := d.readLines(ctx, at)
	if err != nil {
		return altered("%s", text) // what is known is told all the same
	}
	return altered("%s; %s", text, d.firstDifference(lines))
}

// firstDifference words the first line of a move that is not the order's.
func (d *draft) firstDifference(lines []savedLine) string {
	there := map[int]savedLine{}
	for _, l := range lines {
		there[l.Sequence] = l
	}
	sequence := 0
	for _, section := range d.Sections {
		begun := false
		for item := range d.In(section) {
			if !begun {
				begun = true
				sequence++
			}
			sequence++
			l, ok := there[sequence]
			ours := fmt.Sprintf("%q, %s x %s", printable(item.Name), item.Value, item.Cost)
			if !ok {
				return fmt.Sprintf("line %d of the order is %s, and Odoo has none there", sequence, ours)
			}
			quantity, price := withoutNoise(l.Quantity), withoutNoise(l.Price)
			if !quantity.Mul(price).Abs().Equal(item.Value.Mul(item.Cost).Abs()) {
				return fmt.Sprintf("line %d is %q, %s x %s in Odoo, and %s in the order", sequence, l.Text, quantity, price, ours)
			}
		}
	}
	if len(lines) > sequence {
		return fmt.Sprintf("odoo has %d lines, sections among them, and the order %d", len(lines), sequence)
	}
	return "the lines come to the same and are called otherwise"
}
