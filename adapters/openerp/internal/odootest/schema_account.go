package odootest

import (
	"slices"
	"strings"
)

const (
	move     = "account.move"
	moveLine = "account.move.line"
)

// lineTypes are a line's display types, as Odoo 16 and 17 have them.
var lineTypes = []string{"product", "Product", "cogs", "Cost of Goods Sold", "tax", "Tax", "discount", "Discount", "rounding", "Rounding",
	"payment_term", "Payment Term", "line_section", "Section", "line_note", "Note", "epd", "Early Payment Discount"}

func accountModels(version int) []*model {
	types := lineTypes
	if version == 16 {
		types = slices.DeleteFunc(slices.Clone(lineTypes), func(text string) bool { return strings.EqualFold(text, "discount") })
	}
	moveFields := map[string]*field{
		"name": char("Number").with("/"), "ref": char("Reference"), "date": date("Date").must(),
		"state":      choice("Status", "draft", "Draft", "posted", "Posted", "cancel", "Cancelled").must().fixed().with("draft"),
		"move_type":  choice("Type", "entry", "Journal Entry", "out_invoice", "Customer Invoice", "out_refund", "Customer Credit Note").must().fixed().with("entry"),
		"partner_id": ref("Partner", "res.partner"), "journal_id": ref("Journal", "account.journal").must(),
		"company_id": ref("Company", "res.company").with(ownCompany), "currency_id": ref("Currency", "res.currency").must(),
		"invoice_date": date("Invoice/Bill Date"), "invoice_date_due": date("Due Date"),
		"invoice_origin": char("Origin").fixed(), "payment_reference": char("Payment Reference"), "narration": newField(htmlField, "Terms and Conditions"),
		"invoice_payment_term_id": ref("Payment Terms", "account.payment.term"), "fiscal_position_id": ref("Fiscal Position", "account.fiscal.position"),
		"invoice_line_ids": back("Invoice lines", moveLine, "move_id"), "reversed_entry_id": ref("Reversal of", move),
		"amount_untaxed": money("Untaxed Amount").fixed(), "amount_tax": money("Tax").fixed(), "amount_total": money("Total").fixed(),
		"amount_residual": money("Amount Due").fixed(), "posted_before": boolean("Posted Before"),
		"payment_state":         choice("Payment Status", "not_paid", "Not Paid", "paid", "Paid").fixed().with("not_paid"),
		"auto_post":             choice("Auto-post", "no", "No", "at_date", "At Date").with("no"),
		"duplicated_ref_ids":    computed(many("Duplicated reference", move), func(*tx, int64, record) any { return []int64(nil) }),
		"amount_untaxed_signed": computed(money("Untaxed Amount Signed"), func(_ *tx, _ int64, r record) any { return r["amount_untaxed"] }),
		"amount_total_signed":   computed(money("Total Signed"), func(_ *tx, _ int64, r record) any { return r["amount_total"] }),
		"sequence_number":       computed(integer("Sequence Number"), func(_ *tx, _ int64, r record) any { return int64(sequenceNumber(r.text("name"))) }),
		"sequence_prefix":       computed(char("Sequence Prefix"), func(_ *tx, _ int64, r record) any { return sequencePrefix(r.text("name")) }),
	}
	line := map[string]*field{
		"move_id": ref("Journal Entry", move).must(), "sequence": integer("Sequence"), "name": char("Label"),
		"display_type": choice("Display Type", types...).must().with("product"),
		"product_id":   ref("Product", "product.product"), "product_uom_id": ref("Unit of Measure", "uom.uom"), "account_id": ref("Account", "account.account"),
		"quantity": rounded("Quantity", "Product Unit of Measure"), "price_unit": rounded("Unit Price", "Product Price"), "discount": rounded("Discount (%)", "Discount"),
		"tax_ids": many("Taxes", "account.tax"), "tax_line_id": ref("Originator Tax", "account.tax"),
		"price_subtotal": money("Subtotal").fixed(), "price_total": money("Total").fixed(),
		"amount_currency": money("Amount in Currency"), "balance": money("Balance"),
		"date_maturity": date("Due Date"), "analytic_distribution": newField(jsonField, "Analytic Distribution"),
		"currency_id":  ofMove(ref("Currency", "res.currency"), "currency_id"),
		"partner_id":   ofMove(ref("Partner", "res.partner"), "partner_id"),
		"date":         ofMove(date("Date"), "date"),
		"move_name":    ofMove(char("Number"), "name"),
		"parent_state": ofMove(char("Status"), "state"),
		"company_id":   ofMove(ref("Company", "res.company"), "company_id"),
	}
	named := func(also map[string]*field) map[string]*field {
		also["name"] = char("Name").must()
		also["active"] = active()
		also["company_id"] = ref("Company", "res.company").with(ownCompany)
		return also
	}
	sequenced := func(also map[string]*field) map[string]*field {
		also["sequence"] = integer("Sequence").with(int64(10))
		return named(also)
	}
	tax := sequenced(map[string]*field{
		"amount": unrounded("Amount"), "amount_type": choice("Tax Computation", "percent", "Percentage of Price", "fixed", "Fixed", "division", "Division", "group", "Group").with("percent"),
		"type_tax_use": choice("Tax Type", "sale", "Sales", "purchase", "Purchases", "none", "None").with("sale"), "price_include": boolean("Included in Price"),
		"country_id": ref("Country", "res.country")})
	if mapsByTax(version) {
		tax["fiscal_position_ids"], tax["original_tax_ids"] = many("Fiscal Positions", "account.fiscal.position"), many("Replaces", "account.tax")
	}
	return append(positionModels(version, named), []*model{
		{name: move, label: "Journal Entry", order: "date desc, name desc, invoice_date desc, id desc", rights: moveRights, fields: moveFields,
			create: createMove, write: writeMove, unlink: unlinkMove, display: moveDisplay},
		{name: moveLine, label: "Journal Item", order: "date desc, move_name desc, id", rights: moveRights, fields: line,
			create: createLine, write: writeLine, unlink: unlinkLine},
		{name: "account.account", label: "Account", order: "code", rights: readable(accountants...), fields: map[string]*field{
			"name": char("Account Name").must(), "code": char("Code"), "account_type": char("Type"), "deprecated": boolean("Deprecated"),
			"company_id": ref("Company", "res.company")},
			display: func(_ *tx, _ int64, r record) string { return r.text("code") + " " + r.text("name") }},
		{name: "account.journal", label: "Journal", order: "sequence, type, code", rights: readable(accountants...), fields: sequenced(map[string]*field{
			"code": char("Short Code").must(), "type": choice("Type", "sale", "Sales", "purchase", "Purchase", "cash", "Cash", "bank", "Bank", "general", "Miscellaneous").must(),
			"currency_id": ref("Currency", "res.currency"), "default_account_id": ref("Default Account", "account.account")})},
		{name: "account.tax", label: "Tax", order: "sequence, id", rights: readable(accountants...), fields: tax},
		{name: "account.payment.term", label: "Payment Terms", order: "sequence, id", rights: readable(accountants...), fields: sequenced(map[string]*field{
			"line_ids": back("Terms", "account.payment.term.line", "payment_id")})},
		{name: "account.payment.term.line", label: "Payment Terms Line", order: "id", rights: readable(accountants...), fields: map[string]*field{
			"payment_id": ref("Payment Terms", "account.payment.term"), "days": integer("Days"), "nb_days": integer("Days")}},
		{name: "sale.order", label: "Sales Order", order: "id", rights: only("Sales/Administrator", "Sales/User: Own Documents Only"), fields: map[string]*field{
			"partner_id": ref("Customer", "res.partner"), "name": char("Order Reference")}},
	}...)
}

// ofMove is a field of a line that its move has.
func ofMove(f *field, name string) *field {
	return computed(f, func(t *tx, _ int64, r record) any { return t.get(move, r.link("move_id"))[name] })
}
