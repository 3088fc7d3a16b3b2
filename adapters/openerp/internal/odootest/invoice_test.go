package odootest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// TestRounding holds the simulator's rounding against decimal's own.
func TestRounding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(name string) decimal.Decimal {
			return decimal.New(rapid.Int64Range(-1e12, 1e12).Draw(t, name), int32(rapid.IntRange(-12, 3).Draw(t, name+" exponent")))
		}
		a, b, digits := number("a"), number("b"), rapid.IntRange(0, 9).Draw(t, "digits")
		if got, want := roundTo(a, digits), a.Round(int32(digits)); !got.Equal(want) {
			t.Errorf("%s to %d digits: %s, want %s", a, digits, got, want)
		}
		if b.IsZero() {
			return
		}
		if got, want := ratio(a, b, digits), a.DivRound(b, int32(digits)); !got.Equal(want) {
			t.Errorf("%s/%s to %d digits: %s, want %s", a, b, digits, got, want)
		}
		if n := noisy(a); !roundTo(n, 12).Equal(roundTo(a, 12)) && a.NumDigits() < 5 {
			t.Errorf("%s is %s with noise", a, n)
		}
	})
	for in, want := range map[string]string{"0.017": "0.016999999999999998", "0.000123": "0.00012299999999999998", "5": "5", "-0": "0"} {
		if got := noisy(dec(in)).String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// An item is a line of an invoice to be made.
type item Values

// bill makes an invoice and returns its totals: untaxed, tax, total.
func bill(s *Server, header Values, items ...item) (id int64, totals string) {
	lines := []any{}
	for _, i := range items {
		lines = append(lines, []any{0, 0, Values(i)})
	}
	values := Values{"move_type": "out_invoice", "partner_id": 1, "invoice_date": "2026-10-31", "invoice_line_ids": lines}
	for name, v := range header {
		values[name] = v
	}
	id = s.Add(move, values)
	got := s.Get(move, id)
	return id, fmt.Sprintf("%s %s %s", got["amount_untaxed"], got["amount_tax"], got["amount_total"])
}

func TestTotals(t *testing.T) {
	s := New(Options{})
	s.SetDigits("Product Price", 6)
	s.SetDigits("Product Unit of Measure", 6)
	included := s.Add("account.tax", Values{"name": "15% in it", "amount": 15, "price_include": true})
	fixed := s.Add("account.tax", Values{"name": "fee", "amount": dec("0.25"), "amount_type": "fixed"})
	currency := func(name string) int64 { return s.Find("res.currency", []any{"name", "=", name})[0] }
	none := []int64{}
	for _, c := range []struct {
		name   string
		header Values
		items  []item
		want   string
	}{
		{"exact", nil, []item{{"quantity": 3, "price_unit": dec("0.335"), "tax_ids": none}}, "1.01 0 1.01"},                                                              // 1.005
		{"below half a cent", nil, []item{{"quantity": 1, "price_unit": dec("0.004999"), "tax_ids": none}}, "0 0 0"},                                                     //
		{"each line by itself", nil, []item{{"quantity": 1, "price_unit": dec("0.005"), "tax_ids": none}, {"price_unit": dec("0.005"), "tax_ids": none}}, "0.02 0 0.02"}, // 0.01 + 0.01
		{"a tax", nil, []item{{"quantity": 744, "price_unit": dec("0.02"), "tax_ids": []int64{SalesTax}}}, "14.88 2.23 17.11"},                                           // 14.88 * 0.15 = 2.232
		{"a tax in the price", nil, []item{{"quantity": 1, "price_unit": 115, "tax_ids": []int64{included}}}, "100 15 115"},                                              // 115 * 15/115
		{"a fee", nil, []item{{"quantity": 4, "price_unit": 1, "tax_ids": []int64{fixed}}}, "4 1 5"},                                                                     // 4 * 0.25
		{"a discount", nil, []item{{"quantity": 1, "price_unit": 10, "discount": dec("12.5"), "tax_ids": none}}, "8.75 0 8.75"},                                          // 10 * 0.875
		{"yen", Values{"currency_id": currency("JPY")}, []item{{"quantity": 1, "price_unit": dec("10.5"), "tax_ids": none}}, "11 0 11"},                                  //
		{"dinars", Values{"currency_id": currency("BHD")}, []item{{"quantity": 1, "price_unit": dec("0.0125"), "tax_ids": none}}, "0.013 0 0.013"},                       //
		{"no tax on a section", nil, []item{{"display_type": "line_section", "name": "x"}, {"quantity": 1, "price_unit": 2, "tax_ids": none}}, "2 0 2"},
	} {
		if _, got := bill(s, c.header, c.items...); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestTaxes takes a line's taxes from its product, through the fiscal position
// of the partner, and from the company on 16 only.
func TestTaxes(t *testing.T) {
	for version := 16; version <= 19; version++ {
		s := New(Options{Version: version})
		product := s.Add("product.product", Values{"name": "p", "list_price": 100})
		abroad := s.Add("account.fiscal.position", Values{"name": "abroad", "tax_ids": []any{[]any{0, 0, Values{"tax_src_id": SalesTax}}}})
		partner := s.Add("res.partner", Values{"name": "foreign", "property_account_position_id": abroad})
		company := "100 0 100"
		if version == 16 {
			company = "100 15 115"
		}
		for _, c := range []struct {
			header Values
			line   item
			want   string
		}{
			{nil, item{"product_id": product}, "100 15 115"},
			{nil, item{"product_id": product, "tax_ids": []int64{}}, "100 0 100"},
			{Values{"partner_id": partner}, item{"product_id": product}, "100 0 100"},
			{nil, item{"name": "no product", "price_unit": 100}, company},
		} {
			if _, got := bill(s, c.header, c.line); got != c.want {
				t.Errorf("%d: %v: got %s, want %s", version, c.line, got, c.want)
			}
		}
	}
}

// TestLocks moves the date out of a locked period when an invoice is posted,
// and into the year that its number is of.
func TestLocks(t *testing.T) {
	for _, c := range []struct {
		version       int
		lock, day     string
		invoice, want string
		taxed         bool
		number        string
	}{
		{17, "fiscalyear_lock_date", "2026-09-30", "2026-09-30", "2026-11-01", false, "INV/2026/00001"},
		{17, "fiscalyear_lock_date", "2026-09-30", "2026-10-01", "2026-10-01", false, "INV/2026/00001"},
		{17, "fiscalyear_lock_date", "2026-12-31", "2026-10-31", "2027-01-01", false, "INV/2027/00001"},
		{17, "tax_lock_date", "2026-10-31", "2026-10-31", "2026-10-31", false, "INV/2026/00001"},
		{17, "tax_lock_date", "2026-10-31", "2026-10-31", "2026-11-01", true, "INV/2026/00001"},
		{17, "period_lock_date", "2026-10-31", "2026-10-31", "2026-11-01", false, "INV/2026/00001"},
		{18, "sale_lock_date", "2026-10-31", "2026-10-31", "2026-11-01", false, "INV/2026/00001"},
		{18, "hard_lock_date", "2026-10-31", "2026-10-31", "2026-11-01", false, "INV/2026/00001"},
	} {
		s := New(Options{Version: c.version})
		s.Set("res.company", Company, Values{c.lock: c.day})
		taxes := []int64{}
		if c.taxed {
			taxes = append(taxes, SalesTax)
		}
		id, _ := bill(s, Values{"invoice_date": c.invoice}, item{"quantity": 1, "price_unit": 1, "tax_ids": taxes})
		s.must(func(t *tx) {
			t.user = 6 // the billing user, who is no adviser
			t.post(id)
		})
		got := s.Get(move, id)
		if got["date"] != c.want || got["invoice_date"] != c.invoice || got["name"] != c.number {
			t.Errorf("%+v: date %v, invoice date %v, %v", c, got["date"], got["invoice_date"], got["name"])
		}
	}
}

// loads calls load as the billing user, and returns its ids and its message.
func loads(t *testing.T, s *Server, header []any, rows ...[]any) (ids any, message string) {
	t.Helper()
	data := []any{}
	for _, row := range rows {
		data = append(data, row)
	}
	s.mu.Lock()
	tr, result, err := s.run(&call{user: 6, model: move, method: "load", args: []any{header, data}})
	if err != nil {
		s.mu.Unlock()
		t.Fatal(err)
	}
	s.state = tr.state
	s.mu.Unlock()
	answer := result.(map[string]any)
	for _, each := range answer["messages"].([]any) {
		message += each.(map[string]any)["message"].(string) + "; "
	}
	return answer["ids"], message
}

// TestLoad repeats loads, with external ids on the lines and without.
func TestLoad(t *testing.T) {
	header := []any{"id", "move_type", "partner_id/.id", "invoice_date", "invoice_line_ids/id", "invoice_line_ids/name", "invoice_line_ids/quantity", "invoice_line_ids/price_unit",
		"invoice_line_ids/tax_ids/.id"}
	rows := func(key, line, quantity string) [][]any {
		name := func(n string) string {
			if line == "" {
				return ""
			}
			return line + n
		}
		return [][]any{{key, "out_invoice", "1", "2026-10-31", name("1"), "l1", quantity, "5", ""}, {"", "", "", "", name("2"), "l2", "2", "6", "1"}}
	}
	for version := 16; version <= 17; version++ {
		s := New(Options{Version: version})
		products := func(id any) int {
			return len(s.Find(moveLine, []any{"move_id", "=", id}, []any{"display_type", "=", "product"}))
		}
		first, message := loads(t, s, header, rows("a.one", "a.one-", "1")...)
		id := idList(first)[0]
		if message != "" || products(id) != 2 || s.Get(move, id)["amount_tax"].(decimal.Decimal).String() != "1.8" { // 2 * 6 * 0.15
			t.Error(version, message, products(id), s.Get(move, id)["amount_tax"])
		}
		again, message := loads(t, s, header, rows("a.one", "a.one-", "3")...)
		if fmt.Sprint(again) != fmt.Sprint(first) || message != "" || products(id) != 2 || s.Get(move, id)["amount_untaxed"].(decimal.Decimal).String() != "27" { // 3*5 + 2*6
			t.Error(version, again, message, products(id), s.Get(move, id)["amount_untaxed"])
		}
		unnamed, _ := loads(t, s, header, rows("a.two", "", "1")...)
		loads(t, s, header, rows("a.two", "", "1")...)
		if n := products(idList(unnamed)[0]); n != 4 {
			t.Errorf("%d: without external ids on them there are %d lines", version, n)
		}
		s.must(func(t *tx) { t.post(id) })
		ids, message := loads(t, s, header, rows("a.one", "a.one-", "4")...)
		total := s.Get(move, id)["amount_untaxed"].(decimal.Decimal).String()
		if version == 16 && (ids != false || !strings.Contains(message, "cannot modify the taxes") || total != "27") || version == 17 && (ids == false || total != "32") {
			t.Errorf("%d: loaded onto a posted invoice: %v, %q, %s", version, ids, message, total)
		}
	}
	s := New(Options{})
	for _, c := range []struct {
		column, cell, says string
	}{
		{"partner_id/.id", "999", "No matching record found for database id '999'"},
		{"partner_id/.id", "one", "No matching record found for database id 'one'"},
		{"partner_id", "Nobody", "No matching record found for name 'Nobody'"},
		{"partner_id/id", "a.nobody", "No matching record found for external id 'a.nobody'"},
		{"move_type", "out_invoce", "Value 'out_invoce' not found in selection field"},
		{"invoice_date", "31/10/2026", "does not match format"},
		{"invoice_line_ids/quantity", "many", "'many' does not seem to be a number"},
		{"invoice_line_ids/sequence", "1.5", "'1.5' does not seem to be an integer"},
		{"currency_id/.id", "999", "No matching record found"},
	} {
		ids, message := loads(t, s, []any{"id", "ref", c.column}, []any{"a.bad", "x", c.cell})
		if ids != false || !strings.Contains(message, c.says) {
			t.Errorf("%s = %s: %v, %q", c.column, c.cell, ids, message)
		}
	}
	// One bad record takes the good ones before it along, and so does a name
	// that the database refuses after everything was stored.
	for name, partner := range map[string]string{"a.bad name": "1", "a.bad": "99"} {
		ids, message := loads(t, s, []any{"id", "move_type", "partner_id/.id"}, []any{"a.good", "out_invoice", "1"}, []any{name, "out_invoice", partner})
		if ids != false || message == "" {
			t.Errorf("%v, %q", ids, message)
		}
	}
	if all := append(s.Find(move), s.Find(externals)...); len(all) != 0 {
		t.Errorf("saved all the same: %v", all)
	}
}
