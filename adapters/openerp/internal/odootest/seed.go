package odootest

import (
	"strings"

	"github.com/shopspring/decimal"
)

// Records that every new server has.
const (
	Company       int64 = 1 // its currency is the US dollar
	SalesJournal  int64 = 1 // "Customer Invoices", INV
	SalesTax      int64 = 1 // 15 %
	UnitOfMeasure int64 = 1 // "Units"
	Hours         int64 = 4 // the unit of measure
)

// seed fills a new database. It stores records as they are: nothing is there
// yet that could check them.
func (s *Server) seed() {
	s.must(func(t *tx) {
		put := func(model string, id int64, values record) {
			t.write(model).next = id
			for name, f := range t.model(model).fields {
				if _, given := values[name]; given || f.compute != nil {
					continue
				}
				if v := f.initial(t); v != nil {
					values[name] = v
				}
			}
			t.insert(model, values)
		}
		s.seedMoney(put)
		for i, name := range []string{"Percentage Analytic", "Product Price", "Discount", "Stock Weight", "Volume", "Product Unit of Measure", "Payment Terms"} {
			digits := int64(2)
			if name == "Payment Terms" {
				digits = 6
			}
			put("decimal.precision", int64(i+1), record{"name": name, "digits": digits})
		}
		if s.version <= 18 {
			for i, name := range []string{"Unit", "Weight", "Working Time"} {
				put("uom.category", int64(i+1), record{"name": name})
			}
		}
		for _, u := range []struct {
			id, category int64
			name, kind   string
			factor       decimal.Decimal
		}{{1, 1, "Units", "reference", decimalOne}, {2, 1, "Dozens", "bigger", decimal.RequireFromString("0.08333333333333333")},
			{3, 3, "Days", "reference", decimalOne}, {Hours, 3, "Hours", "smaller", decimal.New(8, 0)}} {
			values := record{"name": u.name, "factor": u.factor, "rounding": decimal.New(1, -2)}
			if s.version <= 18 {
				values["category_id"], values["uom_type"] = u.category, u.kind
			}
			put("uom.uom", u.id, values)
		}
		put("product.category", 1, record{"name": "All", "property_account_income_categ_id": incomeAccount(s.version)})
		if s.version == 16 {
			put("product.pricelist", 1, record{"name": "Public Pricelist", "currency_id": dollar(s.version)})
		}
		put("res.partner", 1, record{"name": "My Company", "is_company": true, "property_product_pricelist": t.first("product.pricelist")})
		put("res.country", 233, record{"name": "United States", "code": "US"})
		company := record{"name": "My Company", "partner_id": int64(1), "currency_id": dollar(s.version), "account_sale_tax_id": SalesTax}
		if s.version > 16 {
			company["country_id"] = int64(233)
		}
		put("res.company", Company, company)
		users := []struct {
			id, partner int64
			login       string
			groups      []string
		}{{2, 3, Admin, []string{GroupUser, GroupBilling, GroupManager, GroupPartners, GroupSystem, GroupSales}},
			{6, 4, Biller, []string{GroupUser, GroupBilling}}, {7, 5, Plain, []string{GroupUser}}}
		for _, u := range users {
			name := map[string]string{Admin: "Administrator", Biller: "Bill Bot", Plain: "Plain"}[u.login]
			put("res.partner", u.partner, record{"name": name, "property_product_pricelist": t.first("product.pricelist")})
			put("res.users", u.id, record{"name": name, "login": u.login, "password": u.login, "api_key": u.login + "-key", "partner_id": u.partner,
				"company_ids": []int64{Company}, "groups": strings.Join(u.groups, " ")})
		}
		t.write("res.partner").next = 7
	})
}

// AddUser makes a user with a password, who is in the groups, and returns its
// id. Its API key is its login followed by "-key".
func (s *Server) AddUser(login, password string, groups ...string) int64 {
	return s.Add("res.users", Values{"name": login, "login": login, "password": password, "api_key": login + "-key",
		"company_ids": []int64{Company}, "groups": strings.Join(groups, " ")})
}

// The ids that records had in the recordings.
func idIn(version int, in16, later int64) int64 {
	if version == 16 {
		return in16
	}
	return later
}

func dollar(version int) int64        { return idIn(version, 2, 1) }
func incomeAccount(version int) int64 { return idIn(version, 21, 24) }

func (s *Server) seedMoney(put func(string, int64, record)) {
	for _, c := range []struct {
		id           int64
		name, symbol string
		places       int64
		active       bool
	}{{dollar(s.version), "USD", "$", 2, true}, {idIn(s.version, 1, 125), "EUR", "€", 2, s.version == 16},
		{idIn(s.version, 5, 4), "CHF", "CHF", 2, false}, {25, "JPY", "¥", 0, true},
		{35, "NZD", "$", 2, false}, {40, "BHD", "BD", 3, true}} {
		put("res.currency", c.id, record{"name": c.name, "symbol": c.symbol, "decimal_places": c.places, "rounding": decimal.New(1, -int32(c.places)), "active": c.active})
	}
	put("account.account", 6, record{"code": "121000", "name": "Account Receivable", "account_type": "asset_receivable"})
	put("account.account", idIn(s.version, 16, 19), record{"code": "251000", "name": "Tax Received", "account_type": "liability_current"})
	put("account.account", incomeAccount(s.version), record{"code": "400000", "name": "Product Sales", "account_type": "income"})
	put("account.journal", SalesJournal, record{"name": "Customer Invoices", "code": "INV", "type": "sale", "default_account_id": incomeAccount(s.version)})
	put("account.journal", 3, record{"name": "Miscellaneous Operations", "code": "MISC", "type": "general"})
	name := "15%"
	if s.version == 16 {
		name = "Tax 15%"
	}
	put("account.tax", SalesTax, record{"name": name, "amount": decimal.New(15, 0)})
	put("account.tax", 2, record{"name": "15%", "amount": decimal.New(15, 0), "type_tax_use": "purchase"})
	for i, term := range []struct {
		name string
		days int64
	}{{"Immediate Payment", 0}, {"15 Days", 15}, {"21 Days", 21}, {"30 Days", 30}, {"45 Days", 45}, {"2 Months", 60}, {"End of Following Month", 30},
		{"30 days End of Month on the 10th", 30}, {"30% Now, Balance 60 Days", 60}, {"2/7 Net 30", 30}} {
		put("account.payment.term", int64(i+1), record{"name": term.name})
		put("account.payment.term.line", int64(i+1), record{"payment_id": int64(i + 1), "days": term.days, "nb_days": term.days})
	}
}
