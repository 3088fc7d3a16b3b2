package odootest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// createMove makes a journal entry, an invoice most of all, with its lines.
func createMove(t *tx, values map[string]any) int64 {
	partnerDefaults(t, values)
	if !truth(values["journal_id"]) {
		values["journal_id"] = t.journal(values)
	}
	if !truth(values["currency_id"]) {
		values["currency_id"] = t.get("account.journal", idOf(values["journal_id"]))["currency_id"]
		if !truth(values["currency_id"]) {
			values["currency_id"] = companyCurrency(t)
		}
	}
	if values["date"] == nil {
		values["date"] = t.today()
		if truth(values["invoice_date"]) {
			values["date"] = values["invoice_date"]
		}
	}
	row := t.prepare(move, values)
	row["name"] = "/"
	t.demandMove(row)
	id := t.insert(move, row)
	t.dueDate(id)
	t.commands(id, values["invoice_line_ids"])
	t.balance(id)
	if t.lastNumber(id) == 0 {
		t.update(move, id, record{"name": t.number(id, 1)}) // the first of a year has its number as a draft
	}
	return id
}

func idOf(v any) int64 {
	id, _ := v.(int64)
	return id
}

// partnerDefaults takes over what is agreed with the partner.
func partnerDefaults(t *tx, values map[string]any) {
	partner := t.get("res.partner", idOf(values["partner_id"]))
	for field, property := range map[string]string{"invoice_payment_term_id": "property_payment_term_id", "fiscal_position_id": "property_account_position_id"} {
		if _, given := values[field]; !given && partner[property] != nil {
			values[field] = partner[property]
		}
	}
}

// journal is the journal that a move without one goes to.
func (t *tx) journal(values map[string]any) any {
	kind := "general"
	if values["move_type"] == "out_invoice" || values["move_type"] == "out_refund" {
		kind = "sale"
	}
	company := t.companies[0]
	if id := idOf(values["company_id"]); id != 0 {
		company = id
	}
	for _, id := range t.ids("account.journal") {
		if row := t.get("account.journal", id); row.text("type") == kind && row.link("company_id") == company && row.is("active") {
			return id
		}
	}
	raise(userError, "No journal could be found in company %s for any of those types: %s", t.display("res.company", company), kind)
	return nil
}

// dueDate fills in a due date that nobody gave: by the payment term, or today.
func (t *tx) dueDate(id int64) {
	row := t.get(move, id)
	term := row.link("invoice_payment_term_id")
	switch {
	case row.text("move_type") == "entry":
	case term != 0:
		due := row.text("invoice_date")
		if due == "" {
			due = t.today()
		}
		for _, line := range t.lines(t.server.models["account.payment.term"].fields["line_ids"], term) {
			days := t.get("account.payment.term.line", line).link("days")
			day, _ := time.Parse(time.DateOnly, due)
			due = max(due, day.AddDate(0, 0, int(days)).Format(time.DateOnly))
		}
		t.update(move, id, record{"invoice_date_due": due})
	case row.text("invoice_date_due") == "":
		t.update(move, id, record{"invoice_date_due": t.today()})
	}
}

// commands runs the commands for an invoice's lines.
func (t *tx) commands(id int64, v any) {
	list, _ := v.([]any)
	for _, each := range list {
		c, _ := each.([]any)
		if len(c) == 0 {
			continue
		}
		var line int64
		if len(c) > 1 {
			line = idOf(c[1])
		}
		switch c[0] {
		case int64(0):
			values := maps.Clone(c[2].(map[string]any))
			values["move_id"] = id
			t.known(t.model(moveLine), values)
			t.insertLine(values)
		case int64(1):
			values := c[2].(map[string]any)
			t.known(t.model(moveLine), values)
			t.changeLine(line, values)
		case int64(2):
			t.delete(moveLine, line)
			t.dropExternal(moveLine, line)
		case int64(5), int64(6):
			for _, old := range t.lines(t.server.models[move].fields["invoice_line_ids"], id) {
				if c[0] == int64(5) || !slices.Contains(idList(c[2]), old) {
					t.delete(moveLine, old)
					t.dropExternal(moveLine, old)
				}
			}
		}
	}
}

// writeMove changes moves. A posted one is changed too, as the versions up to
// 17 do: nobody should.
func writeMove(t *tx, ids []int64, values map[string]any) {
	for _, id := range ids {
		before := t.get(move, id)
		row := t.stored(t.model(move), id, values)
		if date := row.text("invoice_date"); date != "" && values["date"] == nil && before.text("state") == "draft" {
			row["date"] = date
		}
		t.update(move, id, row)
		t.demandMove(t.get(move, id))
		if _, given := values["invoice_date_due"]; !given && (values["invoice_payment_term_id"] != nil || values["invoice_date"] != nil) {
			t.dueDate(id)
		}
		t.commands(id, values["invoice_line_ids"])
		t.balance(id)
	}
}

func unlinkMove(t *tx, ids []int64) {
	for _, id := range ids {
		row := t.get(move, id)
		if row == nil {
			t.missing(move, id)
		}
		if row.text("state") == "posted" {
			if t.server.version == 16 {
				raise(userError, "You cannot delete an item linked to a posted entry.")
			}
			raise(userError, "You can't delete a posted journal item. Don’t play games with your accounting records; reset the journal entry to draft before deleting it.")
		}
		for _, line := range t.ids(moveLine) {
			if t.get(moveLine, line).link("move_id") == id {
				t.delete(moveLine, line)
				t.dropExternal(moveLine, line)
			}
		}
	}
}

func moveDisplay(t *tx, id int64, r record) string {
	name := r.text("name")
	if r.text("state") == "draft" {
		kind := map[string]string{"out_invoice": "Invoice ", "out_refund": "Credit Note "}[r.text("move_type")]
		if name == "/" {
			name = fmt.Sprintf("(* %d)", id)
		}
		name = "Draft " + kind + name
	}
	if ref := r.text("ref"); ref != "" {
		name += " (" + ref + ")"
	}
	return name
}

var numbered = regexp.MustCompile(`^(.*/)(\d+)$`)

func sequenceNumber(name string) int {
	if m := numbered.FindStringSubmatch(name); m != nil {
		n, err := strconv.Atoi(m[2])
		if err == nil {
			return n
		}
	}
	return 0
}

func sequencePrefix(name string) string {
	if m := numbered.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// number is the number of a move in its journal and year.
func (t *tx) number(id int64, n int) string {
	row := t.get(move, id)
	prefix := t.get("account.journal", row.link("journal_id")).text("code")
	if row.text("move_type") == "out_refund" {
		prefix = "R" + prefix
	}
	return fmt.Sprintf("%s/%s/%05d", prefix, row.text("date")[:4], n)
}

// lastNumber is the highest number that is taken in a move's journal and year.
func (t *tx) lastNumber(id int64) int {
	prefix, last := sequencePrefix(t.number(id, 0)), 0
	for _, other := range t.ids(move) {
		if name := t.get(move, other).text("name"); other != id && sequencePrefix(name) == prefix {
			last = max(last, sequenceNumber(name))
		}
	}
	return last
}
