package odootest

import (
	"fmt"
	"strings"
	"testing"
)

// TestRefuses loads what a real server does not take, and posts what it does
// not post.
func TestRefuses(t *testing.T) {
	for version := 16; version <= 19; version++ {
		s := New(Options{Version: version})
		other := s.Add("res.company", Values{"name": "Other", "currency_id": dollar(version)})
		of := func(model string, values Values) string {
			values["company_id"] = other
			return fmt.Sprint(s.Add(model, values))
		}
		product := s.Add("product.product", Values{"name": "nano"})
		s.Set("res.users", 6, Values{"company_ids": []int64{Company, other}})
		account := fmt.Sprint(incomeAccount(version))
		for i, tc := range []struct{ column, cell, want string }{
			{"journal_id/.id", "3", "Cannot create an invoice of type out_invoice with a journal having general as type."},
			{"journal_id/.id", of("account.journal", Values{"name": "Sales", "code": "S", "type": "sale"}), "Incompatible companies"},
			{"partner_id/.id", of("res.partner", Values{"name": "Theirs"}), "Incompatible companies"},
			{"invoice_payment_term_id/.id", of("account.payment.term", Values{"name": "Theirs"}), "Incompatible companies"},
			{"invoice_line_ids/product_id/.id", of("product.product", Values{"name": "Theirs"}), "Incompatible companies"},
			{"invoice_line_ids/tax_ids/.id", of("account.tax", Values{"name": "Theirs"}), "Incompatible companies"},
			{"invoice_line_ids/account_id/.id", of("account.account", Values{"name": "Theirs", "code": "9"}), "Incompatible companies"},
			{"invoice_line_ids/product_uom_id/.id", fmt.Sprint(Hours), "is incompatible with its category"},
			{"invoice_date", "31.10.2026", "31.10.2026"},
			{"invoice_line_ids/account_id/.id", account, ""},
		} {
			if version == 19 && strings.HasSuffix(tc.column, "product_uom_id/.id") {
				continue // there are no categories
			}
			header, row := []any{"id", "move_type"}, []any{fmt.Sprint("a.k", i), "out_invoice"}
			for column, cell := range map[string]string{"partner_id/.id": "1", "invoice_date": "2026-10-31", "invoice_line_ids/name": "l",
				"invoice_line_ids/product_id/.id": fmt.Sprint(product), "invoice_line_ids/quantity": "1", "invoice_line_ids/price_unit": "5"} {
				if column != tc.column {
					header, row = append(header, column), append(row, cell)
				}
			}
			ids, message := loads(t, s, append(header, tc.column), append(row, tc.cell))
			if (ids == false) != (tc.want != "") || !strings.Contains(message, tc.want) {
				t.Errorf("%d: %s = %s: %v, %q, want %q", version, tc.column, tc.cell, ids, message, tc.want)
			}
		}
		section := []any{"a.section", "out_invoice", "1", "line_section", "north", account}
		if ids, message := loads(t, s, []any{"id", "move_type", "partner_id/.id", "invoice_line_ids/display_type", "invoice_line_ids/name", "invoice_line_ids/account_id/.id"}, section); ids != false ||
			!strings.Contains(message, "Forbidden balance or account on non-accountable line") {
			t.Errorf("%d: a section on an account: %v, %q", version, ids, message)
		}
		s.Set("account.account", incomeAccount(version), Values{"deprecated": true})
		id, _ := bill(s, nil, item{"name": "l", "quantity": 1, "price_unit": 5})
		s.mu.Lock()
		if _, _, err := s.run(&call{user: 6, model: move, method: "action_post", args: []any{[]any{id}}}); err == nil || !strings.Contains(fmt.Sprint(err), "deprecated account") {
			t.Errorf("%d: posted on a deprecated account: %v", version, err)
		}
		s.mu.Unlock()
	}
}
