package openerp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
)

// A bill is what an order is saved as.
type bill struct {
	terms  *terms
	kind   string // out_invoice or out_refund
	mark   mark
	period string
	rows   []row
}

// A row is a line as Odoo has it, or a section.
type row struct {
	section         bool
	text            string
	product         int64
	account, unit   int64 // 0 where Odoo says it
	quantity, price decimal.Decimal
	taxes           []int64
}

// The types of a move.
const (
	outInvoice = "out_invoice"
	outRefund  = "out_refund"
)

// A mark is what the header says of the whole, in a field that people see as
// the source of the invoice.
type mark struct {
	key    string
	lines  int             // with sections
	total  decimal.Decimal // untaxed, of a credit note above zero
	digest string          // of what is billed
}

const markBegins = "artifice"

func (m mark) String() string {
	return strings.Join([]string{markBegins, m.key, strconv.Itoa(m.lines), m.total.String(), m.digest}, ":")
}

// parseMark reads a mark. ok is false where the text is none.
func parseMark(text string) (m mark, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 5 || parts[0] != markBegins {
		return mark{}, false
	}
	lines, err := strconv.Atoi(parts[2])
	total, totalErr := config.Decimal(parts[3])
	m = mark{parts[1], lines, total, parts[4]}
	return m, err == nil && totalErr == nil && m.String() == text
}

// total is what the items come to.
func (d *draft) total() decimal.Decimal {
	var sum decimal.Decimal
	for i := range d.Items {
		sum = sum.Add(d.Items[i].Amount)
	}
	return sum
}

// digest is the same for the same items in the same order, whatever the server
// and the config are.
func (d *draft) digest() string {
	h := sha256.New()
	for i := range d.Items {
		item := &d.Items[i]
		adjusts := ""
		if !item.Adjusts.IsZero() {
			adjusts = item.Adjusts.Start.UTC().Format(time.RFC3339Nano) + "/" + item.Adjusts.End.UTC().Format(time.RFC3339Nano)
		}
		for _, text := range []string{item.Datacenter, item.Name, item.Resource, item.Value.String(), item.Cost.String(), item.Amount.String(), adjusts} {
			fmt.Fprintf(h, "%d:%s,", len(text), text)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// bill makes the bill of the order's items. Its error joins what is wrong with
// each.
func (d *draft) bill(ctx context.Context, t *terms) (*bill, error) {
	total := d.total()
	sign := decimal.NewFromInt(1)
	b := &bill{terms: t, kind: outInvoice, period: period(d.order.Block, d.order.Block.Start.Location())}
	if total.IsNegative() {
		if !d.erp.config.CreditNotes {
			return nil, permanent("the order comes to %s %s, and Odoo posts no invoice below zero (write credit_notes = true)", total, d.order.Currency)
		}
		b.kind, sign = outRefund, sign.Neg()
	}
	w := &writer{draft: d, terms: t, sign: sign}
	if err := w.read(ctx); err != nil {
		return nil, err
	}
	for _, section := range d.Sections {
		begun := false
		for item := range d.In(section) {
			if !begun {
				b.rows = append(b.rows, row{section: true, text: printable(section)})
				begun = true
			}
			rows, err := w.item(ctx, item)
			if err != nil {
				w.fail(fmt.Errorf("%q in %q: %w", item.Name, section, err))
			}
			b.rows = append(b.rows, rows...)
		}
	}
	if total := total.Mul(sign); !keeps(total, d.order.Digits) {
		w.fail(permanent("the order comes to %s, which has more digits than Odoo keeps", total))
	}
	if err := all(w.errs...); err != nil {
		return nil, err
	}
	b.mark = mark{d.order.Key, len(b.rows), total.Mul(sign), d.digest()}
	return b, nil
}

// A writer writes items as rows.
type writer struct {
	draft *draft
	terms *terms
	sign  decimal.Decimal
	units map[int64]unit // where rescaled lines have units of their own
	// account is that of items without a product, 0 where there may be none.
	account int64
	errs    []error
}

// maxErrors is how many lines that are wrong are told.
const maxErrors = 20

func (w *writer) fail(err error) {
	switch {
	case len(w.errs) < maxErrors:
		w.errs = append(w.errs, err)
	case len(w.errs) == maxErrors:
		w.errs = append(w.errs, permanent("and more lines"))
	}
}

func (w *writer) read(ctx context.Context) (err error) {
	a := w.draft.erp
	if len(a.config.RescaleUnit) > 0 {
		if w.units, err = a.unitsOf(ctx); err != nil {
			return err
		}
	}
	if a.config.Account != "" {
		w.account, err = a.account(ctx)
	}
	return err
}

// item writes an item as one row, or as two where its value has more digits
// than Odoo keeps.
func (w *writer) item(ctx context.Context, item *invoice.Item) ([]row, error) {
	a := w.draft.erp
	p, account, err := w.sold(ctx, item)
	if err != nil {
		return nil, err
	}
	taxes, err := w.terms.taxer.of(p)
	if err != nil {
		return nil, err
	}
	base := row{account: account, taxes: taxes}
	if p != nil {
		base.product = p.ID
	}
	parts, factor, err := w.parts(item)
	if err != nil {
		return nil, err
	}
	if factor != 1 && p != nil && w.units != nil {
		u, err := a.rescaleUnit(w.units, factor)
		if err == nil && u.ID != 0 {
			err = u.holds(factor, w.units[p.Unit.ID])
			base.unit = u.ID
		}
		if err != nil {
			return nil, err
		}
	}
	var rows []row
	var sum decimal.Decimal
	zone := w.draft.order.Block.Start.Location()
	for i, quantity := range parts {
		r := base
		r.quantity, r.price = quantity.Mul(w.sign), item.Cost.Mul(decimal.NewFromInt(factor))
		r.text = describe(*item, factorText(factor), zone)
		if i > 0 {
			r.text += "\n" + restOfLine
		}
		amount := halfAway(r.quantity.Mul(r.price), w.draft.order.Digits)
		if !keeps(amount, w.draft.order.Digits) {
			return nil, permanent("its amount %s has more digits than Odoo keeps", amount)
		}
		sum = sum.Add(amount)
		rows = append(rows, r)
	}
	if want := item.Amount.Mul(w.sign); !sum.Equal(want) {
		return nil, permanent("it is billed at %s x %s = %s %s, and Odoo would make it %s (Odoo rounds half away from zero: do not set rounding to another way in [main])",
			item.Value, item.Cost, want, w.draft.order.Currency, sum)
	}
	return rows, nil
}

// restOfLine is in the text of a row that goes on with the one above it.
const restOfLine = "continued"

// sold returns the product that an item is, or the account of one that is none.
func (w *writer) sold(ctx context.Context, item *invoice.Item) (*product, int64, error) {
	a := w.draft.erp
	p, err := a.product(ctx, item.Datacenter, item.Name)
	switch {
	case err == nil:
		return p, 0, nil
	case !errors.Is(err, invoice.ErrNoCost):
		return nil, 0, err
	case w.account == 0:
		return nil, 0, permanent("no active product has the internal reference %q (make or restore it, or write account)", a.pattern.code(item.Datacenter, item.Name))
	}
	return nil, w.account, nil
}

// parts returns the quantities of the rows that an item becomes, and the factor
// by which its price is rescaled: the least with which Odoo rounds neither.
func (w *writer) parts(item *invoice.Item) ([]decimal.Decimal, int64, error) {
	g := w.terms.ground
	for k, factor := range w.draft.erp.factors() {
		quantity, price := item.Value, item.Cost.Mul(decimal.NewFromInt(factor))
		if k > 0 {
			digits, _ := shape(decimal.NewFromInt(factor - 1)) // 999 has as many as 1000 has zeros
			quantity = quantity.Shift(-int32(digits))
		}
		_, after := shape(quantity)
		if !keeps(price, g.price) || after > g.quantity {
			continue
		}
		if keeps(quantity, g.quantity) {
			return []decimal.Decimal{quantity}, factor, nil
		}
		if head, rest, ok := split(quantity, price, w.draft.order.Digits); ok {
			return []decimal.Decimal{head, rest}, factor, nil
		}
	}
	_, value := shape(item.Value)
	_, cost := shape(item.Cost)
	return nil, 0, permanent("odoo would round %s x %s: it keeps %d digits after the point of a quantity and %d of a price, of %d in all (set \"Product Unit of Measure\" to %d and \"Product Price\" to %d under %s, or write a rescale that helps)",
		item.Value, item.Cost, g.quantity, g.price, floatDigits, max(value, g.quantity), max(cost, g.price), precisionWhere)
}
