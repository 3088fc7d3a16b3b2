package odootest

import (
	"slices"
	"strings"
)

// What a server refuses of a move and its lines, whoever sends them. The texts
// of these were not recorded.

// demandMove raises for a move that cannot be.
func (t *tx) demandMove(row record) {
	invoice := strings.HasPrefix(row.text("move_type"), "out_")
	if journal := t.get("account.journal", row.link("journal_id")); invoice && journal.text("type") != "sale" {
		raise(validation, "Cannot create an invoice of type %s with a journal having %s as type.", row.text("move_type"), journal.text("type"))
	}
	t.demandCompany(row.link("company_id"), row, map[string]string{"journal_id": "account.journal", "partner_id": "res.partner",
		"fiscal_position_id": "account.fiscal.position", "invoice_payment_term_id": "account.payment.term"})
}

// demandLine raises for a line that cannot be.
func (t *tx) demandLine(row, owner record) {
	if !isInvoiceLine(row) {
		return
	}
	account := row.link("account_id")
	switch {
	case !isProduct(row) && account != 0:
		raise(check, "Forbidden balance or account on non-accountable line")
	case isProduct(row) && account == 0:
		raise(check, "Missing required account on accountable line.")
	}
	if unit, product := t.get("uom.uom", row.link("product_uom_id")), t.get("product.product", row.link("product_id")); unit != nil && product != nil {
		if of := t.get("uom.uom", product.link("uom_id")); unit.link("category_id") != of.link("category_id") {
			raise(userError, "The Unit of Measure (UoM) '%s' you have selected for product '%s', is incompatible with its category : %s.",
				unit.text("name"), product.text("name"), t.get("uom.category", of.link("category_id")).text("name"))
		}
	}
	company := owner.link("company_id")
	t.demandCompany(company, row, map[string]string{"product_id": "product.product", "account_id": "account.account"})
	for _, tax := range row.links("tax_ids") {
		t.demandCompany(company, record{"tax_ids": tax}, map[string]string{"tax_ids": "account.tax"})
	}
}

// demandCompany raises where a record refers to one of another company.
func (t *tx) demandCompany(company int64, row record, refs map[string]string) {
	for field, model := range refs {
		if of := t.get(model, row.link(field)).link("company_id"); company != 0 && of != 0 && of != company {
			raise(userError, "Incompatible companies on records:\n- it belongs to company '%s' and '%s' (%s) belongs to another company.",
				t.display("res.company", company), t.display(model, row.link(field)), field)
		}
	}
}

// demandPostable raises for an account that nothing is booked to any more.
func (t *tx) demandPostable(lines []int64) {
	if slices.ContainsFunc(lines, func(line int64) bool {
		return t.get("account.account", t.get(moveLine, line).link("account_id")).is("deprecated")
	}) {
		raise(userError, "A line of this move is using a deprecated account, you cannot post it.")
	}
}
