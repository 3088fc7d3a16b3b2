package openerp

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/invoice"
)

// Prices come out of the server as they went in, through its floats, for each
// way to say where they are.
func TestCost(t *testing.T) {
	h := build(t, odootest.Options{Version: 17, Noise: true})
	cloud := h.Add("product.category", odootest.Values{"name": "Cloud", "parent_id": int64(1)})
	compute := h.Add("product.category", odootest.Values{"name": "Compute", "parent_id": cloud})
	h.Set("product.product", h.products["north.m1.nano"], odootest.Values{"categ_id": compute})
	base := h.Add("product.pricelist", odootest.Values{"name": "Base"})
	cost := h.Add("product.pricelist", odootest.Values{"name": "Contract"})
	rule := func(v odootest.Values) int64 { return h.Add("product.pricelist.item", v) }
	rule(odootest.Values{"pricelist_id": base, "applied_on": "0_product_variant", "product_id": h.products["south.m1.nano"], "fixed_price": dec("0.0123")})
	rule(odootest.Values{"pricelist_id": cost, "applied_on": "2_product_category", "categ_id": cloud, "compute_price": "percentage", "percent_price": dec("10")})
	rule(odootest.Values{"pricelist_id": cost, "applied_on": "3_global", "compute_price": "formula", "base": "pricelist", "base_pricelist_id": base,
		"price_surcharge": dec("0.0001")})
	over := rule(odootest.Values{"pricelist_id": cost, "applied_on": "0_product_variant", "product_id": h.products["north.volume.size"], "fixed_price": dec("0.0004"),
		"date_start": "2013-07-31 12:00:00", "date_end": "2013-08-31 11:59:59"}) // just August in the order's zone
	for _, n := range []int{0} {
		h.Set("res.partner", h.partners[n], odootest.Values{"property_product_pricelist": cost})
	}
	for _, tc := range []struct{ pricelist, north, volume, south string }{
		{"", "0.015", "0.00032", "0.0125"},
		{"Base", "0.015", "0.00032", "0.0123"},
		// 0.015 - 10 % = 0.0135; its own rule; 0.0123 + 0.0001
		{"Contract", "0.0135", "0.0004", "0.0124"},
		{"partner", "0.0135", "0.0004", "0.0124"},
	} {
		inv := filled(t, h.erp(t, func(c *Config) { c.Pricelist = tc.pricelist }), august(0))
		for service, want := range map[string]string{"north.m1.nano": tc.north, "north.volume.size": tc.volume, "south.m1.nano": tc.south} {
			datacenter, name, _ := strings.Cut(service, ".")
			got, err := inv.Cost(t.Context(), datacenter, name)
			if err != nil || !got.Equal(dec(want)) {
				t.Errorf("by %q, %s costs %s, %v; want %s", tc.pricelist, service, got, err, want)
			}
		}
	}

	h.Set("product.pricelist.item", over, odootest.Values{"date_end": "2013-08-20 11:59:59"})
	_, err := filled(t, h.erp(t, func(c *Config) { c.Pricelist = "Contract" }), august(0)).Cost(t.Context(), "north", "volume.size")
	wantPermanent(t, err, fmt.Sprintf(`"volume.size" in "north": its price changes within the block: 0.0004 by rule %d of the pricelist "Contract", and from 2013-08-20T12:00:00Z on 0.00042 by rule`, over))
	_, err = filled(t, h.erp(t, func(c *Config) { c.Pricelist = "Nowhere" }), august(0)).Cost(t.Context(), "north", "volume.size")
	wantPermanent(t, err, `pricelist: there is no pricelist "Nowhere" that the user may see`)
	h.Set("res.partner", h.partners[1], odootest.Values{"property_product_pricelist": false})
	_, err = filled(t, h.erp(t, func(c *Config) { c.Pricelist = "partner" }), august(1)).Cost(t.Context(), "north", "volume.size")
	wantPermanent(t, err, `has no pricelist (give it one, or name one with pricelist)`)
}

// Products that cannot be told apart, or are no more, have no cost.
func TestProducts(t *testing.T) {
	h := build(t, odootest.Options{})
	twin := func(active bool, code string) {
		h.Add("product.product", odootest.Values{"name": "twin", "default_code": code, "list_price": dec("1"), "active": active})
	}
	twin(true, "north.twin")
	twin(true, "north.twin")
	twin(false, "north.old")
	twin(false, "north.m1.nano")
	twin(true, "NORTH.CASE")
	other := h.Add("res.company", odootest.Values{"name": "Other", "currency_id": h.currency("EUR")})
	h.Add("product.product", odootest.Values{"name": "theirs", "default_code": "north.theirs", "list_price": dec("1"), "company_id": other})
	inv := filled(t, h.erp(t), august(0))
	if got, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil || !got.Equal(dec("0.015")) {
		t.Errorf("beside an archived one: %s, %v", got, err)
	}
	_, err := inv.Cost(t.Context(), "north", "twin")
	wantPermanent(t, err, `"twin" in "north": 2 products have the internal reference "north.twin": product.product`)
	for name, want := range map[string]string{
		"old":    `is archived: product.product`,
		"case":   `no product has the internal reference "north.case"`,
		"theirs": `no product has the internal reference "north.theirs"`,
	} {
		if _, err := inv.Cost(t.Context(), "north", name); !errors.Is(err, invoice.ErrNoCost) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := inv.Unit(t.Context(), "north", name); !errors.Is(err, invoice.ErrNoCost) {
			t.Errorf("the unit of %s: %v", name, err)
		}
	}
}

// The unit of a price is the product's, or nothing where that is a unit of
// whatever is counted.
func TestUnit(t *testing.T) {
	h := build(t, odootest.Options{})
	h.Set("product.product", h.products["south.m1.nano"], odootest.Values{"uom_id": odootest.Hours})
	inv := filled(t, h.erp(t), august(0))
	for datacenter, want := range map[string]string{"north": "", "south": "Hours"} {
		if got, err := inv.Unit(t.Context(), datacenter, "m1.nano"); err != nil || got != want {
			t.Errorf("in %s it is %q, %v; want %q", datacenter, got, err, want)
		}
	}
}

// However many lines and orders there are, products and pricelists are read
// once, and what an order needs is read once for it.
func TestReadsInBulk(t *testing.T) {
	h := build(t, odootest.Options{Version: 16})
	list := h.Add("product.pricelist", odootest.Values{"name": "Contract"})
	for _, id := range h.products {
		h.Add("product.pricelist.item", odootest.Values{"pricelist_id": list, "applied_on": "0_product_variant", "product_id": id, "fixed_price": dec("0.02")})
	}
	erp := h.erp(t, func(c *Config) { c.Pricelist = "Contract" })
	ask := func(n int) (calls map[string]int) {
		before := len(h.Calls())
		inv := filled(t, erp, august(n))
		for range 50 {
			for _, p := range housePrices {
				if _, err := inv.Cost(t.Context(), p.Datacenter, p.Name); err != nil {
					t.Fatal(err)
				}
				if _, err := inv.Unit(t.Context(), p.Datacenter, p.Name); err != nil {
					t.Fatal(err)
				}
			}
		}
		calls = map[string]int{}
		for _, c := range h.Calls()[before:] {
			calls[c.Model]++
		}
		return calls
	}
	first := ask(0)
	if first["product.product"] != 1 || first["product.pricelist.item"] > 2 {
		t.Errorf("the first order: %v", first)
	}
	total := 0
	for _, n := range ask(1) {
		total += n
	}
	if total > 4 {
		t.Errorf("the second order takes %d calls", total)
	}
}

// What is used and has no price is told, and what has a price and is not used.
func TestCheckPrices(t *testing.T) {
	h := build(t, odootest.Options{})
	used := func(pairs ...[2]string) iter.Seq2[string, string] {
		return func(yield func(string, string) bool) {
			for _, p := range pairs {
				if !yield(p[0], p[1]) {
					return
				}
			}
		}
	}
	check := func(erp *Invoice, currency string) []string {
		var said []string
		for name, err := range erp.CheckPrices(t.Context(), augustBlock, currency, used([2]string{"north", "m1.nano"}, [2]string{"north", "none"})) {
			class := "note"
			if errors.Is(err, invoice.ErrNoCost) || invoice.IsPermanent(err) {
				class = "FAILED"
			}
			said = append(said, class+" "+name)
		}
		return said
	}
	list := h.Add("product.pricelist", odootest.Values{"name": "Contract"})
	h.Add("product.pricelist.item", odootest.Values{"pricelist_id": list, "fixed_price": dec("1"), "min_quantity": dec("5")})
	unused := []string{`note product "north.volume.size"`, `note product "south.m1.nano"`}
	for _, tc := range []struct {
		name     string
		currency string
		change   func(*Config)
		want     []string
	}{
		{"list prices", "USD", func(*Config) {}, append([]string{`FAILED "none" in "north"`}, unused...)},
		{"another currency", "EUR", func(*Config) {}, append([]string{`FAILED "m1.nano" in "north"`, `FAILED "none" in "north"`}, unused...)},
		{"a pricelist with a minimum", "USD", func(c *Config) { c.Pricelist = "Contract" }, append([]string{`FAILED "m1.nano" in "north"`, `FAILED "none" in "north"`}, unused...)},
		{"no pricelist", "USD", func(c *Config) { c.Pricelist = "None" }, []string{"FAILED pricelist"}},
		{"each partner's", "EUR", func(c *Config) { c.Pricelist = "partner" }, append([]string{`FAILED "none" in "north"`}, unused...)},
		{"rates", "USD", func(c *Config) { c.Rates.File = "testdata/rates.csv" }, []string{`FAILED "none" in "north"`, "note testdata/rates.csv:2", "note testdata/rates.csv:3"}},
		{"no rates", "USD", func(c *Config) { c.Rates.File = "testdata/none.csv" }, []string{"note rates file"}},
	} {
		if got := check(h.erp(t, tc.change), tc.currency); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	for range h.erp(t).CheckPrices(t.Context(), augustBlock, "USD", used()) {
		break // stopping early must not panic
	}
}

// An item without a product is one on an account, with the price of the rates
// file; one with a product has it all the same.
func TestAccount(t *testing.T) {
	h := build(t, odootest.Options{Version: 17})
	erp := h.erp(t, func(c *Config) {
		c.Account, c.Rates.File, c.Taxes, c.Chunk = "400000", "testdata/rates.csv", []string{"none"}, 2
		c.Product = "only.{datacenter}.{name}"
	})
	h.Add("product.product", odootest.Values{"name": "nano", "default_code": "only.south.m1.nano", "list_price": dec("9")})
	items := threeItems()
	commit(t, erp, august(0), items...)
	h.wantOne(t, august(0), "draft", items...)
	id, _ := h.only(t)
	income := h.Find("account.account", []any{"code", "=", "400000"})[0]
	var products []bool
	for _, l := range h.lines(id) {
		if l["display_type"] == "product" {
			products = append(products, l["product_id"] != nil)
			if l["account_id"] != income {
				t.Errorf("%v", l)
			}
		}
	}
	if !slices.Equal(products, []bool{false, false, true}) {
		t.Errorf("%v", products)
	}
	_, err := filled(t, h.erp(t, func(c *Config) {
		c.Account, c.Rates.File, c.Taxes, c.Product = "999", "testdata/rates.csv", []string{"none"}, "none.{name}"
	}), august(1), items...).Commit(t.Context())
	wantPermanent(t, err, `account: there is no account "999"`)
	if _, err := filled(t, erp, august(1)).Cost(t.Context(), "north", "none"); !errors.Is(err, invoice.ErrNoCost) {
		t.Errorf("no rate: %v", err)
	}
}

// Taxes are said for each line, whatever Odoo would choose.
func TestTaxes(t *testing.T) {
	for _, version := range []int{16, 18, 19} {
		h := build(t, odootest.Options{Version: version})
		name := h.Get("account.tax", odootest.SalesTax)["name"].(string)
		export := h.Add("account.tax", odootest.Values{"name": "Export 0%", "amount": dec("0")})
		second := h.Add("account.tax", odootest.Values{"name": "Levy", "amount": dec("1")})
		included := h.Add("account.tax", odootest.Values{"name": "Included", "amount": dec("5"), "price_include": true})
		abroad := h.Add("account.fiscal.position", odootest.Values{"name": "Abroad"})
		exempt := h.Add("account.fiscal.position", odootest.Values{"name": "Exempt"})
		emptied := map[int]string{19: `taxes: the fiscal position 2 has no taxes, and what such a one does differs between versions of Odoo (give it taxes, or write names of taxes)`}[version]
		if version < 19 {
			h.Add("account.fiscal.position.tax", odootest.Values{"position_id": abroad, "tax_src_id": odootest.SalesTax, "tax_dest_id": export})
			h.Add("account.fiscal.position.tax", odootest.Values{"position_id": exempt, "tax_src_id": odootest.SalesTax})
		} else { // nothing maps a tax to nothing
			h.Set("account.tax", export, odootest.Values{"fiscal_position_ids": []int64{abroad}, "original_tax_ids": []int64{odootest.SalesTax}})
		}
		h.Set("product.product", h.products["north.volume.size"], odootest.Values{"taxes_id": []int64{odootest.SalesTax, second, 2}}) // 2 is on purchases
		h.Set("product.product", h.products["south.m1.nano"], odootest.Values{"taxes_id": []int64{}})
		for i, tc := range []struct {
			name              string
			taxes             []string
			position          any
			nano, volume, off []int64 // of each line
			fail              string
		}{
			{"the product's", []string{"product"}, false, []int64{odootest.SalesTax}, []int64{odootest.SalesTax, second}, nil, ""},
			{"mapped", []string{"product"}, abroad, []int64{export}, []int64{export, second}, nil, ""},
			{"mapped to nothing", []string{"product"}, exempt, nil, []int64{second}, nil, emptied},
			{"none", []string{"none"}, abroad, nil, nil, nil, ""},
			{"named", []string{name, "Levy"}, abroad, []int64{odootest.SalesTax, second}, []int64{odootest.SalesTax, second}, []int64{odootest.SalesTax, second}, ""},
			{"no such tax", []string{"GST"}, false, nil, nil, nil, `taxes: there is no tax on sales "GST"`},
			{"included", []string{"Included"}, false, nil, nil, nil, `the tax "Included" is included in prices`},
		} {
			t.Run(fmt.Sprint(version, " ", tc.name), func(t *testing.T) {
				h.deleted()
				h.Set("res.partner", h.partners[i], odootest.Values{"property_account_position_id": tc.position})
				_, err := filled(t, h.erp(t, func(c *Config) { c.Taxes, c.Post = tc.taxes, true }), august(i), threeItems()...).Commit(t.Context())
				if tc.fail != "" {
					wantPermanent(t, err, tc.fail)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				id, _ := h.only(t)
				var got [][]int64
				for _, l := range h.lines(id) {
					if l["display_type"] == "product" {
						taxes, _ := l["tax_ids"].([]int64)
						got = append(got, taxes)
					}
				}
				for n, want := range [][]int64{tc.nano, tc.volume, tc.off} {
					if !slices.Equal(got[n], want) {
						t.Errorf("line %d has the taxes %v, want %v", n+1, got[n], want)
					}
				}
			})
		}
		h.Set("product.product", h.products["north.m1.nano"], odootest.Values{"taxes_id": []int64{included}})
		_, err := filled(t, h.erp(t), august(9), threeItems()...).Commit(t.Context())
		wantPermanent(t, err, `the product "north.m1.nano": the tax "Included" is included in prices, so that Odoo would take it out of them`)
	}
}

// A fiscal position that Odoo chooses by itself stops an invoice before it is
// posted: the taxes of its lines are those without it.
func TestAnotherFiscalPosition(t *testing.T) {
	h := build(t, odootest.Options{})
	commit(t, h.erp(t), august(0), threeItems()...)
	position := h.Add("account.fiscal.position", odootest.Values{"name": "Domestic", "auto_apply": true})
	id, _ := h.only(t)
	h.Set("account.move", id, odootest.Values{"fiscal_position_id": position})
	_, err := filled(t, h.erp(t, func(c *Config) { c.Post = true }), august(0), threeItems()...).Commit(t.Context())
	wantPermanent(t, err, `odoo chose the fiscal position "Domestic", and the partner "tenant 0"`, "is left a draft")
	h.wantOne(t, august(0), "draft", threeItems()...)
}
