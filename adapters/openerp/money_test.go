package openerp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/invoice"
)

// wantPermanent reports an error that is not permanent, or does not say each of
// the texts.
func wantPermanent(t testing.TB, err error, texts ...string) {
	t.Helper()
	if !invoice.IsPermanent(err) {
		t.Errorf("%v: not permanent", err)
	}
	for _, text := range texts {
		if !strings.Contains(fmt.Sprint(err), text) {
			t.Errorf("%v\nwant %s", err, text)
		}
	}
}

// costAndCommit asks for the cost of each item before it is saved, as the
// engine does.
func costAndCommit(t testing.TB, erp *Invoice, order invoice.Order, items ...invoice.Item) (costErr, err error) {
	t.Helper()
	inv := filled(t, erp, order, items...)
	for _, i := range items {
		if _, err := inv.Cost(t.Context(), i.Datacenter, i.Name); err != nil {
			return err, err
		}
	}
	_, err = inv.Commit(t.Context())
	return nil, err
}

// A price that Odoo would round is refused when it is asked for, before
// anything is frozen, with the remedy.
func TestPriceThatOdooWouldRound(t *testing.T) {
	h := build(t, odootest.Options{})
	h.SetDigits("Product Price", 3)
	h.Add("product.product", odootest.Values{"name": "fine", "default_code": "north.fine", "list_price": dec("0.017")})
	h.SetDigits("Product Price", 2)
	for _, tc := range []struct{ rescale, want string }{
		{"", `"fine" in "north": its price 0.017, by the product's list price, has 3 digits after the point and Odoo keeps 2 (set "Product Price" to 3 under Settings, Technical, Decimal Accuracy; or write rescale = 10)`},
		{"10", ""},
	} {
		erp := h.erp(t, func(c *Config) {
			if tc.rescale != "" {
				c.Rescale = []int64{10}
			}
		})
		cost, err := filled(t, erp, august(0)).Cost(t.Context(), "north", "fine")
		switch {
		case tc.want == "" && (err != nil || !cost.Equal(dec("0.017"))):
			t.Errorf("%s, %v", cost, err)
		case tc.want != "":
			wantPermanent(t, err, tc.want)
		}
	}
}

// A value that Odoo would round is refused before anything is saved.
func TestValueThatOdooWouldRound(t *testing.T) {
	h := build(t, odootest.Options{})
	h.SetDigits("Product Unit of Measure", 3)
	erp := h.erp(t, func(c *Config) { c.QuantityDigits = 3 })
	if err := health(t, erp)["precision"]; err != nil {
		t.Error(err)
	}
	costErr, err := costAndCommit(t, erp, august(0), item("north.m1.nano", "1.2345", "0.015"))
	if costErr != nil {
		t.Fatal(costErr)
	}
	wantPermanent(t, err, `odoo would round 1.2345 x 0.015: it keeps 3 digits after the point of a quantity and 6 of a price`, `set "Product Unit of Measure" to 4 and "Product Price" to 6`)
	if n := len(h.moves()); n > 0 {
		t.Errorf("%d invoices", n)
	}
	costErr, err = costAndCommit(t, h.erp(t), august(0), item("north.m1.nano", "1", "0.015"))
	wantPermanent(t, costErr, `odoo keeps 3 digits after the point of a quantity, and invoices have up to 6`, "quantity_digits = 3")
	wantPermanent(t, err)
}

// A price of many digits is rescaled, by the least factor that helps, where the
// config allows it; the unit of measure goes with it.
func TestRescale(t *testing.T) {
	h := build(t, odootest.Options{Version: 17})
	thousand := h.Add("uom.uom", odootest.Values{"name": "1000 Units", "category_id": int64(1), "uom_type": "bigger", "factor": dec("0.001")})
	h.Add("uom.uom", odootest.Values{"name": "Other Thousand", "category_id": int64(1), "uom_type": "bigger", "factor": dec("0.002")})
	fine := item("north.volume.size", "3000", "0.00000125") // 0.00375
	for _, tc := range []struct {
		name                  string
		change                func(*Config)
		quantity, price, text string
		unit                  int64
		fail                  string
	}{
		{"not allowed", func(*Config) {}, "", "", "", 0, "odoo would round 3000 x 0.00000125"},
		{"100 is enough", func(c *Config) { c.Rescale = []int64{10, 100, 1000} }, "30", "0.000125", "volume.size\nper 100 hour", odootest.UnitOfMeasure, ""},
		{"1000", func(c *Config) { c.Rescale = []int64{1000} }, "3", "0.00125", "volume.size\nper 1000 hour", odootest.UnitOfMeasure, ""},
		{"1000 with a unit", func(c *Config) {
			c.Rescale, c.RescaleUnit = []int64{1000}, map[string]string{"1000": "1000 Units"}
		}, "3", "0.00125", "volume.size\nper 1000 hour", thousand, ""},
		{"a unit that is not 1000", func(c *Config) {
			c.Rescale, c.RescaleUnit = []int64{1000}, map[string]string{"1000": "Other Thousand"}
		}, "", "", "", 0, `rescale_unit.1000: one "Other Thousand" is not 1000 "Units"`},
		{"a unit that is not there", func(c *Config) { c.Rescale, c.RescaleUnit = []int64{1000}, map[string]string{"1000": "Myriad"} }, "", "", "", 0,
			`rescale_unit.1000: there is no unit of measure "Myriad"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := h.erp(t, tc.change)
			h.deleted()
			_, err := filled(t, erp, august(0), item("north.m1.nano", "1000", "0.015"), fine).Commit(t.Context())
			if tc.fail != "" {
				wantPermanent(t, err, tc.fail)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			id, move := h.only(t)
			lines := h.lines(id)
			plain, line := lines[1], lines[2]
			if !figureOf(line["quantity"]).Equal(dec(tc.quantity)) || !figureOf(line["price_unit"]).Equal(dec(tc.price)) || line["name"] != tc.text || line["product_uom_id"] != tc.unit {
				t.Errorf("%v", line)
			}
			// 1000 x 0.015 = 15 is not rescaled, and 0.00375 is 0.
			if !figureOf(plain["quantity"]).Equal(dec("1000")) || plain["product_uom_id"] != odootest.UnitOfMeasure || !figureOf(move["amount_untaxed"]).Equal(dec("15")) {
				t.Errorf("%v of %v", plain, move["amount_untaxed"])
			}
		})
	}
}

// Where Odoo makes another amount of a line than the engine did, nothing is
// saved, and both figures are told.
func TestAmountThatOdooWouldMakeAnother(t *testing.T) {
	h := build(t, odootest.Options{})
	tie := item("north.m1.nano", "1", "0.125") // half away from zero: 0.13
	tie.Amount = dec("0.12")                   // half even
	_, err := filled(t, h.erp(t), august(0), tie).Commit(t.Context())
	wantPermanent(t, err, `"m1.nano" in "north": it is billed at 1 x 0.125 = 0.12 USD, and Odoo would make it 0.13`)
	huge := item("north.m1.nano", "99999999999999", "1000")
	_, err = filled(t, h.erp(t), august(0), huge).Commit(t.Context())
	if err != nil {
		t.Errorf("14 digits and zeros: %v", err)
	}
	huge = item("north.m1.nano", "12345678901234", "123.45")
	_, err = filled(t, h.erp(t), august(1), huge).Commit(t.Context())
	wantPermanent(t, err, `its amount 1524074060357337.3 has more digits than Odoo keeps`)
	if n := len(h.moves()); n != 1 {
		t.Errorf("%d invoices", n)
	}
}

// All lines that are wrong are told at once, up to a number.
func TestManyMistakes(t *testing.T) {
	h := build(t, odootest.Options{})
	var items []invoice.Item
	for range 30 {
		items = append(items, item("north.none", "1", "1"))
	}
	_, err := filled(t, h.erp(t), august(0), items...).Commit(t.Context())
	wantPermanent(t, err, `"none" in "north": no active product has the internal reference "north.none"`, "\nand more lines")
	if n := strings.Count(err.Error(), "\n"); n != maxErrors {
		t.Errorf("%d lines of text", n+1)
	}
}

// What a server rounds although it said that it keeps it is found by reading
// back: nothing is posted, and both figures are told. It stays so until
// somebody deletes the draft.
func TestReadBackStopsBeforePosting(t *testing.T) {
	h := build(t, odootest.Options{})
	erp := h.erp(t, func(c *Config) { c.Post = true })
	inv := filled(t, erp, august(0), threeItems()...)
	if _, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil {
		t.Fatal(err)
	}
	h.SetDigits("Product Price", 2) // after the digits were read
	_, err := inv.Commit(t.Context())
	// 0.015 becomes 0.02, 0.00032 becomes 0, 0.0125 becomes 0.01:
	// 744 x 0.02 = 14.88, + 0, + 1.5 x 0.01 = 0.015, which is 0.02
	wantPermanent(t, err, "comes to 14.9 USD untaxed in Odoo, and the order to 50.69 USD")
	if _, move := h.only(t); move["state"] != "draft" {
		t.Errorf("it is %v", move["state"])
	}
	if n := h.called("action_post"); n > 0 {
		t.Errorf("it was posted %d times", n)
	}
	_, err = filled(t, erp, august(0)).Find(t.Context())
	wantPermanent(t, err, "comes to 14.9 USD untaxed in Odoo, and the order to 50.69 USD")
	h.deleted()
	h.SetDigits("Product Price", 6)
	h.settle(t, erp, august(0), threeItems()...)
	h.wantOne(t, august(0), "posted", threeItems()...)
}

// Negative orders are credit notes where the config says so, and refused where
// it does not. Within an order that is not negative, lines may be.
func TestCreditNotes(t *testing.T) {
	h := build(t, odootest.Options{Version: 16})
	back := []invoice.Item{item("north.m1.nano", "-744", "0.015"), item("south.m1.nano", "10", "0.0125")} // -11.16 + 0.13
	_, err := filled(t, h.erp(t), august(0), back...).Commit(t.Context())
	wantPermanent(t, err, "the order comes to -11.03 USD, and Odoo posts no invoice below zero (write credit_notes = true)")

	erp := h.erp(t, func(c *Config) { c.CreditNotes, c.Post = true, true })
	if !erp.Credits() || h.erp(t).Credits() {
		t.Error("Credits does not say what the config says")
	}
	reference := commit(t, erp, august(0), back...)
	id, move := h.only(t)
	if move["move_type"] != "out_refund" || !figureOf(move["amount_untaxed"]).Equal(dec("11.03")) || move["state"] != "posted" || !strings.HasPrefix(reference, "RINV/2013/") {
		t.Errorf("%s: %v", reference, move)
	}
	if lines := h.lines(id); !figureOf(lines[1]["quantity"]).Equal(dec("744")) || !figureOf(lines[3]["quantity"]).Equal(dec("-10")) {
		t.Errorf("%v", lines)
	}
	if again := h.settle(t, erp, august(0), back...); again != reference {
		t.Errorf("it is %q again", again)
	}
	commit(t, erp, august(1), item("north.m1.nano", "744", "0.015"), item("south.m1.nano", "-10", "0.0125"))
	if ids := h.Find("account.move", []any{"move_type", "=", "out_invoice"}); len(ids) != 1 || !figureOf(h.Get("account.move", ids[0])["amount_untaxed"]).Equal(dec("11.03")) {
		t.Errorf("%v", ids)
	}
}

// Whatever is not in the order's currency is refused before anything is priced.
func TestCurrencies(t *testing.T) {
	euro := func(h *house) int64 { return h.currency("EUR") }
	for _, tc := range []struct {
		name   string
		change func(*house, *Config, *invoice.Order)
		want   string
	}{
		{"Odoo does not know it", func(_ *house, _ *Config, o *invoice.Order) { o.Currency = "XTS" }, "there are 0 currencies XTS in Odoo"},
		{"it is not active", func(_ *house, _ *Config, o *invoice.Order) { o.Currency = "NZD" }, "the currency NZD is not active in Odoo (activate it"},
		{"other digits", func(_ *house, _ *Config, o *invoice.Order) { o.Digits = 3 }, "amounts in USD have 3 digits after the point here, and 2 in Odoo"},
		{"the journal's", func(h *house, _ *Config, _ *invoice.Order) {
			h.Set("account.journal", odootest.SalesJournal, odootest.Values{"currency_id": euro(h)})
		}, "the journal INV is in EUR, and the order in USD"},
		{"the partner's", func(h *house, _ *Config, _ *invoice.Order) {
			list := h.Add("product.pricelist", odootest.Values{"name": "Europe", "currency_id": euro(h)})
			h.Set("res.partner", h.partners[0], odootest.Values{"property_product_pricelist": list})
		}, `is billed in EUR, by the pricelist "Europe", and the order is in USD (give the partner a pricelist in USD)`},
		{"the list price's", func(h *house, _ *Config, o *invoice.Order) { euro(h); o.Currency = "EUR" }, `"m1.nano" in "north" costs 0.015 USD by the product's list price, and invoices are in EUR (price it in EUR`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := build(t, odootest.Options{})
			order := august(0)
			erp := h.erp(t, func(c *Config) { tc.change(h, c, &order) })
			costErr, err := costAndCommit(t, erp, order, item("north.m1.nano", "1", "0.02"))
			wantPermanent(t, costErr, tc.want)
			wantPermanent(t, err)
			if n := len(h.moves()); n > 0 {
				t.Errorf("%d invoices", n)
			}
		})
	}
	t.Run("an order in another currency than the company's", func(t *testing.T) {
		h := build(t, odootest.Options{})
		list := h.Add("product.pricelist", odootest.Values{"name": "Europe", "currency_id": euro(h)})
		h.Add("product.pricelist.item", odootest.Values{"pricelist_id": list, "fixed_price": dec("0.01")})
		h.Set("res.partner", h.partners[0], odootest.Values{"property_product_pricelist": list})
		order := august(0)
		order.Currency = "EUR"
		if _, err := costAndCommit(t, h.erp(t, func(c *Config) { c.Pricelist = "Europe" }), order, item("north.m1.nano", "744", "0.01")); err != nil {
			t.Fatal(err)
		}
		if _, move := h.only(t); move["currency_id"] != euro(h) || !figureOf(move["amount_untaxed"]).Equal(dec("7.44")) {
			t.Errorf("%v", move)
		}
	})
}

// A currency without digits, and one with three.
func TestCurrencyDigits(t *testing.T) {
	for _, tc := range []struct {
		currency string
		digits   int32
		want     string // 744.5 x 0.015 = 11.1675
	}{{"JPY", 0, "11"}, {"BHD", 3, "11.168"}} {
		h := build(t, odootest.Options{Version: 18})
		h.Set("res.company", odootest.Company, odootest.Values{"currency_id": h.currency(tc.currency)})
		order := august(0)
		order.Currency, order.Digits = tc.currency, tc.digits
		i := item("north.m1.nano", "744.5", "0.015")
		i.Amount = dec(tc.want)
		if _, err := costAndCommit(t, h.erp(t), order, i); err != nil {
			t.Errorf("%s: %v", tc.currency, err)
			continue
		}
		if _, move := h.only(t); !figureOf(move["amount_untaxed"]).Equal(dec(tc.want)) {
			t.Errorf("%s: %v", tc.currency, move["amount_untaxed"])
		}
	}
}

// health runs all checks.
func health(t testing.TB, erp *Invoice) map[string]error {
	t.Helper()
	all := map[string]error{}
	for name, err := range erp.CheckHealth(t.Context()) {
		all[name] = err
	}
	return all
}
