package openerp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The columns of a load.

const lineField = "invoice_line_ids/"

// line is the column of a field of a line.
func lineColumn(name string) string { return lineField + name }

// header is what a load says of the move itself, the external id first.
func (b *bill) header() (columns, values []string) {
	t := b.terms
	add := func(column, value string) { columns, values = append(columns, column), append(values, value) }
	add("id", externalID(b.mark.key))
	add("move_type", b.kind)
	add("partner_id/.id", number(t.partner.ID))
	add("journal_id/.id", number(t.journal.ID))
	add("currency_id/.id", number(t.currency.ID))
	add("invoice_date", t.date.Format(time.DateOnly))
	if t.term != 0 {
		add("invoice_payment_term_id/.id", number(t.term))
	} else {
		add("invoice_date_due", t.due.Format(time.DateOnly))
	}
	add("ref", b.period)
	add("invoice_origin", b.mark.String())
	add("narration", "Usage: "+b.period)
	return columns, values
}

// externalID is that of an order's move, and lineID that of its nth line.
func externalID(key string) string           { return module + "." + key }
func lineID(key string, sequence int) string { return fmt.Sprintf("%s_%d", externalID(key), sequence) }

func number(id int64) string { return strconv.FormatInt(id, 10) }

// A chunk is the rows that one call saves, by their sequence, which counts from
// 1. Rows that say a field which others leave to Odoo are in a chunk of their
// own: an empty cell is no value, rather than Odoo's choice.
type chunk struct {
	account, unit bool
	sequences     []int
}

// chunks parts the rows that are not there yet into chunks of some size.
func (b *bill) chunks(there map[int]bool, size int) []chunk {
	var done []chunk
	open := map[[2]bool]int{} // chunks that may have more, by their fields
	for i := range b.rows {
		r := &b.rows[i]
		if there[i+1] {
			continue
		}
		fields := [2]bool{r.account != 0, r.unit != 0}
		at, ok := open[fields]
		if !ok || len(done[at].sequences) >= size {
			done = append(done, chunk{account: fields[0], unit: fields[1]})
			at = len(done) - 1
			open[fields] = at
		}
		done[at].sequences = append(done[at].sequences, i+1)
	}
	return done
}

// load returns the fields and rows that save a chunk: with the header where
// the move is new, else with nothing of it but its external id.
func (b *bill) load(c chunk, fresh bool) (columns []string, data [][]string) {
	head := []string{"id"}
	first := []string{externalID(b.mark.key)}
	if fresh {
		head, first = b.header()
	}
	columns = append(columns, head...)
	for _, name := range []string{"id", "sequence", "display_type", "name", "product_id/.id", "quantity", "price_unit", "tax_ids/.id"} {
		columns = append(columns, lineColumn(name))
	}
	if c.account {
		columns = append(columns, lineColumn("account_id/.id"))
	}
	if c.unit {
		columns = append(columns, lineColumn("product_uom_id/.id"))
	}
	for n, sequence := range c.sequences {
		cells := make([]string, len(head), len(columns))
		if n == 0 {
			copy(cells, first)
		}
		data = append(data, append(cells, b.rows[sequence-1].cells(lineID(b.mark.key, sequence), sequence, c)...))
	}
	return columns, data
}

// cells are the row's part of a load. An empty cell is none.
func (r *row) cells(id string, sequence int, c chunk) []string {
	cells := []string{id, strconv.Itoa(sequence), lineSection, r.text, "", "", "", ""}
	if !r.section {
		cells[2] = lineProduct
		if r.product != 0 {
			cells[4] = number(r.product)
		}
		cells[5], cells[6] = r.quantity.String(), r.price.String()
		taxes := make([]string, len(r.taxes))
		for i, tax := range r.taxes {
			taxes[i] = number(tax)
		}
		cells[7] = strings.Join(taxes, ",")
	}
	for _, more := range []struct {
		set bool
		id  int64
	}{{c.account, r.account}, {c.unit, r.unit}} {
		if more.set {
			cells = append(cells, number(more.id))
		}
	}
	return cells
}

// The display types of lines.
const (
	lineProduct = "product"
	lineSection = "line_section"
	lineNote    = "line_note"
)
