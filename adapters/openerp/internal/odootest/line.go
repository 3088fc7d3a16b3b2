package odootest

import (
	"slices"

	"github.com/shopspring/decimal"
)

// isInvoiceLine reports whether a line is one of the invoice's own, not one
// that the server makes for its books.
func isInvoiceLine(r record) bool {
	switch r.text("display_type") {
	case "tax", "payment_term", "rounding", "cogs", "discount":
		return false
	}
	return true
}

func isProduct(r record) bool { return r.text("display_type") == "product" }

func createLine(t *tx, values map[string]any) int64 {
	if !truth(values["move_id"]) {
		raise(keyError, "'move_id'")
	}
	id := t.insertLine(values)
	t.balance(idOf(values["move_id"]))
	return id
}

func writeLine(t *tx, ids []int64, values map[string]any) {
	for _, id := range ids {
		t.changeLine(id, values)
		t.balance(t.get(moveLine, id).link("move_id"))
	}
}

func unlinkLine(t *tx, ids []int64) {
	for _, id := range ids {
		if owner := t.get(moveLine, id).link("move_id"); t.get(move, owner).text("state") == "posted" {
			raise(userError, "You cannot delete an item linked to a posted entry.")
		}
	}
}

// insertLine stores a line with what the server fills in, and computes it.
func (t *tx) insertLine(values map[string]any) int64 {
	owner := t.get(move, idOf(values["move_id"]))
	row := t.prepare(moveLine, values)
	product := t.get("product.product", row.link("product_id"))
	if row["sequence"] == nil {
		row["sequence"] = int64(100)
	}
	_, given := values["tax_ids"]
	if isProduct(row) {
		fill(row, values, "quantity", decimalOne)
		fill(row, values, "account_id", t.income(product, owner))
		if !given {
			row["tax_ids"] = t.taxesOf(product, owner)
		}
	}
	if product != nil {
		fill(row, values, "quantity", decimalOne)
		fill(row, values, "price_unit", product["list_price"])
		fill(row, values, "product_uom_id", product["uom_id"])
		fill(row, values, "name", t.display("product.product", row.link("product_id")))
	}
	if owner.text("state") == "posted" {
		t.demandUnchangedTaxes(len(row.links("tax_ids")) > 0)
	}
	t.demandLine(row, owner)
	id := t.insert(moveLine, row)
	t.compute(id)
	return id
}

// fill sets a field that was not given.
func fill(row record, values map[string]any, field string, v any) {
	if _, given := values[field]; !given {
		row[field] = v
	}
}

// changeLine writes a line's fields and computes it anew.
func (t *tx) changeLine(id int64, values map[string]any) {
	old := t.get(moveLine, id)
	if old == nil {
		t.missing(moveLine, id)
	}
	row := t.stored(t.model(moveLine), id, values)
	if t.get(move, old.link("move_id")).text("state") == "posted" {
		_, taxes := values["tax_ids"]
		changed := !same(t.server.models[moveLine].fields["quantity"], old["quantity"], orZero(row["quantity"])) && row["quantity"] != nil
		t.demandUnchangedTaxes(taxes && (t.byLoad && changed || !slices.Equal(row.links("tax_ids"), old.links("tax_ids"))))
	}
	t.update(moveLine, id, row)
	t.demandLine(t.get(moveLine, id), t.get(move, old.link("move_id")))
	t.compute(id)
}

func orZero(v any) any {
	if v == nil {
		return int64(0)
	}
	return v
}

// demandUnchangedTaxes is what Odoo 16 does to keep the books of a posted
// move. Later versions let it happen.
func (t *tx) demandUnchangedTaxes(changed bool) {
	if changed && t.server.version == 16 {
		raise(userError, "You cannot modify the taxes related to a posted journal item, you should reset the journal entry to draft to do so.")
	}
}

// income is the account that a line is booked to.
func (t *tx) income(product, owner record) any {
	if id := product.link("property_account_income_id"); id != 0 {
		return id
	}
	if id := t.get("product.category", product.link("categ_id")).link("property_account_income_categ_id"); id != 0 {
		return id
	}
	return t.get("account.journal", owner.link("journal_id"))["default_account_id"]
}

// taxesOf are the taxes of a line that names none: the product's, as the
// fiscal position has them. On 16 the company's stand in where there are none.
func (t *tx) taxesOf(product, owner record) []int64 {
	var taxes []int64
	if product != nil {
		taxes = product.links("taxes_id")
	}
	if len(taxes) == 0 && t.server.version == 16 {
		taxes = idList(t.get("res.company", owner.link("company_id"))["account_sale_tax_id"])
	}
	return t.mapTaxes(owner.link("fiscal_position_id"), taxes)
}

func amount(v any) decimal.Decimal {
	d, _ := v.(decimal.Decimal)
	return d
}

// places are the digits after the point of a currency.
func (t *tx) places(currency int64) int {
	return int(t.get("res.currency", currency).link("decimal_places"))
}

// compute fills in a line's subtotal and total.
func (t *tx) compute(id int64) {
	row := t.get(moveLine, id)
	owner := t.get(move, row.link("move_id"))
	places := t.places(owner.link("currency_id"))
	hundred := decimal.New(100, 0)
	// quantity * price * (100 - discount) / 100
	gross := amount(row["quantity"]).Mul(amount(row["price_unit"])).Mul(hundred.Sub(amount(row["discount"]))).Shift(-2)
	subtotal := roundTo(gross, places)
	total := subtotal
	for _, tax := range t.taxAmounts(row, gross) {
		value := roundTo(tax.amount, places)
		if tax.included {
			subtotal = subtotal.Sub(value)
		} else {
			total = total.Add(value)
		}
	}
	done := record{"price_subtotal": subtotal, "price_total": total, "amount_currency": subtotal.Neg(), "balance": subtotal.Neg()}
	if !isProduct(row) {
		done["amount_currency"], done["balance"] = decimal.Decimal{}, decimal.Decimal{}
	}
	t.update(moveLine, id, done)
}

// A taxAmount is what a tax makes of a line, unrounded.
type taxAmount struct {
	tax      int64
	amount   decimal.Decimal
	included bool
}

func (t *tx) taxAmounts(line record, gross decimal.Decimal) []taxAmount {
	var all []taxAmount
	for _, id := range line.links("tax_ids") {
		tax := t.get("account.tax", id)
		rate := amount(tax["amount"])
		a := taxAmount{tax: id, included: tax.is("price_include")}
		switch {
		case tax.text("amount_type") == "fixed":
			a.amount = rate.Mul(amount(line["quantity"]))
		case a.included: // gross * rate / (100 + rate)
			a.amount = ratio(gross.Mul(rate), rate.Add(decimal.New(100, 0)), 12)
		default:
			a.amount = gross.Mul(rate).Shift(-2)
		}
		all = append(all, a)
	}
	return all
}
