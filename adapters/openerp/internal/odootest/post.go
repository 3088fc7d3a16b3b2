package odootest

import (
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// balance computes a move's totals, and the lines that the server makes for
// its books.
func (t *tx) balance(id int64) {
	owner := t.get(move, id)
	places := t.places(owner.link("currency_id"))
	perLine := t.get("res.company", owner.link("company_id")).text("tax_calculation_rounding_method") != "round_globally"
	untaxed := decimal.Decimal{}
	taxes := map[int64]decimal.Decimal{}
	hundred := decimal.New(100, 0)
	for _, line := range t.lines(t.server.models[move].fields["invoice_line_ids"], id) {
		row := t.get(moveLine, line)
		if !isProduct(row) {
			continue
		}
		untaxed = untaxed.Add(amount(row["price_subtotal"]))
		gross := amount(row["quantity"]).Mul(amount(row["price_unit"])).Mul(hundred.Sub(amount(row["discount"]))).Shift(-2)
		for _, tax := range t.taxAmounts(row, gross) {
			value := tax.amount
			if perLine {
				value = roundTo(value, places)
			}
			taxes[tax.tax] = taxes[tax.tax].Add(value)
		}
	}
	tax := decimal.Decimal{}
	for each, value := range taxes {
		taxes[each] = roundTo(value, places)
		tax = tax.Add(taxes[each])
	}
	total := untaxed.Add(tax)
	t.update(move, id, record{"amount_untaxed": untaxed, "amount_tax": tax, "amount_total": total, "amount_residual": total, "write_date": t.stamp()})
	t.books(id, taxes, total)
}

// books keeps one line for each tax, and one for what is due.
func (t *tx) books(id int64, taxes map[int64]decimal.Decimal, total decimal.Decimal) {
	owner := t.get(move, id)
	if owner.text("move_type") == "entry" {
		return
	}
	var due int64
	have := map[int64]int64{}
	for _, line := range t.ids(moveLine) {
		row := t.get(moveLine, line)
		if row.link("move_id") != id {
			continue
		}
		switch row.text("display_type") {
		case "tax":
			have[row.link("tax_line_id")] = line
		case "payment_term":
			due = line
		}
	}
	put := func(line int64, row record) {
		row["price_subtotal"], row["price_total"] = decimal.Decimal{}, decimal.Decimal{}
		if line != 0 {
			t.update(moveLine, line, row)
			return
		}
		row["move_id"], row["create_date"], row["write_date"] = id, t.stamp(), t.stamp()
		t.insert(moveLine, row)
	}
	for _, tax := range slices.Sorted(maps.Keys(taxes)) {
		put(have[tax], record{"display_type": "tax", "tax_line_id": tax, "name": t.display("account.tax", tax), "sequence": int64(10000),
			"quantity": decimal.Decimal{}, "account_id": t.account("liability_current"), "balance": taxes[tax].Neg(), "amount_currency": taxes[tax].Neg()})
		delete(have, tax)
	}
	for _, line := range have {
		t.delete(moveLine, line)
	}
	put(due, record{"display_type": "payment_term", "name": owner.text("payment_reference"), "sequence": int64(12000), "quantity": decimal.Decimal{},
		"account_id": t.account("asset_receivable"), "balance": total, "amount_currency": total, "date_maturity": owner["invoice_date_due"]})
}

// account is the first account of a type, or nil.
func (t *tx) account(kind string) any {
	for _, id := range t.ids("account.account") {
		if t.get("account.account", id).text("account_type") == kind {
			return id
		}
	}
	return nil
}

func actionPost(t *tx, c *bound) any {
	t.demand(t.model(move), "write")
	for _, id := range c.ids {
		t.post(id)
	}
	return false
}

// post checks a move and posts it. What it refuses, it refuses in the server's
// order.
func (t *tx) post(id int64) {
	row := t.get(move, id)
	if row == nil {
		t.missing(move, id)
	}
	if state := row.text("state"); state == "posted" && t.server.version == 16 {
		raise(userError, "The entry %s (id %d) is already posted.", row.text("name"), id)
	} else if state != "draft" {
		raise(userError, "The entry %s (id %d) must be in draft.", row.text("name"), id)
	}
	lines := t.lines(t.server.models[move].fields["invoice_line_ids"], id)
	if !slices.ContainsFunc(lines, func(line int64) bool { return isProduct(t.get(moveLine, line)) }) {
		raise(userError, "You need to add a line before posting.")
	}
	t.demandPostable(lines)
	if !t.get("account.journal", row.link("journal_id")).is("active") {
		raise(userError, "You cannot post an entry in an archived journal (%s)", t.display("account.journal", row.link("journal_id")))
	}
	if currency := t.get("res.currency", row.link("currency_id")); !currency.is("active") {
		raise(userError, "You cannot validate a document with an inactive currency: %s", currency.text("name"))
	}
	invoice := row.text("move_type") != "entry"
	if invoice && row.link("partner_id") == 0 {
		raise(userError, "The field 'Customer' is required, please complete it to validate the Customer Invoice.")
	}
	if invoice && amount(row["amount_total"]).Sign() < 0 {
		raise(userError, "You cannot validate an invoice with a negative total amount. You should create a credit note instead. "+
			"Use the action menu to transform it into a credit note or refund.")
	}
	if invoice && row.text("invoice_date") == "" {
		t.update(move, id, record{"invoice_date": t.today(), "date": t.today()})
		t.dueDate(id)
	}
	if lock := t.lock(row); lock != "" && t.get(move, id).text("date") <= lock {
		t.update(move, id, record{"date": max(t.today(), nextDay(lock))})
	}
	row = t.get(move, id)
	done := record{"state": "posted", "posted_before": true, "write_date": t.stamp()}
	if row.text("name") == "/" || sequencePrefix(row.text("name")) != sequencePrefix(t.number(id, 0)) {
		done["name"] = t.number(id, t.lastNumber(id)+1)
	}
	if row.text("payment_reference") == "" {
		done["payment_reference"] = row["name"]
		if name, ok := done["name"]; ok {
			done["payment_reference"] = name
		}
	}
	if amount(row["amount_total"]).IsZero() {
		done["payment_state"] = "paid"
	}
	t.update(move, id, done)
}

// lock is the last day that a move cannot be booked on, or empty.
func (t *tx) lock(row record) string {
	company := t.get("res.company", row.link("company_id"))
	lock := max(company.text("fiscalyear_lock_date"), company.text("sale_lock_date"), company.text("hard_lock_date"))
	if !slices.Contains(t.groups(), GroupManager) {
		lock = max(lock, company.text("period_lock_date")) // advisers may
	}
	if !amount(row["amount_tax"]).IsZero() {
		lock = max(lock, company.text("tax_lock_date"))
	}
	return lock
}

func nextDay(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.AddDate(0, 0, 1).Format(time.DateOnly)
}

func buttonDraft(t *tx, c *bound) any {
	t.demand(t.model(move), "write")
	for _, id := range c.ids {
		row := t.get(move, id)
		if row == nil {
			t.missing(move, id)
		}
		if row.text("state") == "draft" {
			raise(userError, "Only posted/cancelled journal entries can be reset to draft.")
		}
		t.update(move, id, record{"state": "draft", "write_date": t.stamp()})
	}
	return none{}
}

func buttonCancel(t *tx, c *bound) any {
	t.demand(t.model(move), "write")
	for _, id := range c.ids {
		row := t.get(move, id)
		if row == nil {
			t.missing(move, id)
		}
		if row.text("state") != "draft" {
			raise(userError, "Only draft journal entries can be cancelled.")
		}
		t.update(move, id, record{"state": "cancel", "write_date": t.stamp()})
	}
	return none{}
}
