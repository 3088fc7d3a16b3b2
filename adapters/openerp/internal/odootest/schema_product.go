package odootest

import (
	"maps"
	"strings"
)

// A pricelist's item, from the narrowest to the widest.
var appliedOn = []string{"3_global", "All Products", "2_product_category", "Product Category", "1_product", "Product", "0_product_variant", "Product Variant"}

func productModels(version int) []*model {
	managers := []string{"Administration/Settings", "Invoicing/Billing Administrator", "Sales/Administrator"}
	product := map[string]*field{
		"name": char("Name").must(), "default_code": char("Internal Reference"), "active": active(),
		"list_price":                 rounded("Sales Price", "Product Price").with(decimalOne),
		"standard_price":             rounded("Cost", "Product Price"),
		"price_extra":                rounded("Variant Price Extra", "Product Price"),
		"uom_id":                     ref("Unit of Measure", "uom.uom").with(int64(1)),
		"uom_po_id":                  ref("Purchase UoM", "uom.uom").with(int64(1)),
		"categ_id":                   ref("Product Category", "product.category").with(int64(1)),
		"company_id":                 ref("Company", "res.company"),
		"taxes_id":                   many("Customer Taxes", "account.tax"),
		"type":                       choice("Product Type", "consu", "Consumable", "service", "Service").with("consu"),
		"sale_ok":                    boolean("Can be Sold").with(true),
		"barcode":                    char("Barcode"),
		"invoice_policy":             choice("Invoicing Policy", "order", "Ordered quantities", "delivery", "Delivered quantities").with("order"),
		"product_tmpl_id":            ref("Product Template", "product.template"),
		"property_account_income_id": ref("Income Account", "account.account"),
		"lst_price":                  computed(rounded("Sales Price", "Product Price"), func(t *tx, _ int64, r record) any { return r["list_price"] }),
		"currency_id": computed(ref("Currency", "res.currency"), func(t *tx, _ int64, r record) any {
			if company := r.link("company_id"); company != 0 {
				return t.get("res.company", company)["currency_id"]
			}
			return companyCurrency(t)
		}),
	}
	template := maps.Clone(product)
	delete(template, "product_tmpl_id")
	delete(template, "lst_price")
	if version <= 17 {
		for _, fields := range []map[string]*field{product, template} {
			fields["detailed_type"] = choice("Product Type", "consu", "Consumable", "service", "Service").with("consu")
		}
	}
	item := map[string]*field{
		"pricelist_id": ref("Pricelist", "product.pricelist").must(), "company_id": ref("Company", "res.company"),
		"applied_on": choice("Apply On", appliedOn...).with("3_global"),
		"product_id": ref("Product", "product.product"), "product_tmpl_id": ref("Product", "product.template"), "categ_id": ref("Product Category", "product.category"),
		"compute_price":     choice("Compute Price", "fixed", "Fixed Price", "percentage", "Discount", "formula", "Formula").with("fixed"),
		"base":              choice("Based on", "list_price", "Sales Price", "standard_price", "Cost", "pricelist", "Other Pricelist").with("list_price"),
		"base_pricelist_id": ref("Other Pricelist", "product.pricelist"),
		"fixed_price":       rounded("Fixed Price", "Product Price"),
		"percent_price":     unrounded("Percentage Price"), "price_discount": unrounded("Price Discount"),
		"price_surcharge": rounded("Price Surcharge", "Product Price"), "price_round": rounded("Price Rounding", "Product Price"),
		"price_min_margin": rounded("Min. Price Margin", "Product Price"), "price_max_margin": rounded("Max. Price Margin", "Product Price"),
		"min_quantity": rounded("Min. Quantity", "Product Unit of Measure"),
		"price":        computed(char("Price"), itemPrice), "name": computed(char("Name"), itemName),
		"date_start": newField(timeField, "Start Date"), "date_end": newField(timeField, "End Date"),
		"active": computed(boolean("Active"), func(t *tx, _ int64, r record) any {
			return t.get("product.pricelist", r.link("pricelist_id")).is("active")
		}),
		"currency_id": computed(ref("Currency", "res.currency"), func(t *tx, _ int64, r record) any {
			return t.get("product.pricelist", r.link("pricelist_id"))["currency_id"]
		}),
	}
	pricelist := map[string]*field{"name": char("Pricelist Name").must(), "active": active(), "company_id": ref("Company", "res.company"),
		"currency_id": ref("Currency", "res.currency").with(companyCurrency), "item_ids": back("Pricelist Rules", "product.pricelist.item", "pricelist_id"),
		"sequence": integer("Sequence").with(int64(16))}
	if version <= 17 {
		pricelist["discount_policy"] = choice("Discount Policy", "with_discount", "Discount included in the price",
			"without_discount", "Show public price & discount to the customer").with("with_discount")
	}
	sellers := []string{"Administration/Settings", "Sales/Administrator"}
	uom := map[string]*field{"name": char("Unit of Measure").must(), "factor": unrounded("Ratio").with(decimalOne), "rounding": unrounded("Rounding Precision"), "active": active()}
	if version <= 18 {
		uom["category_id"] = ref("Category", "uom.category")
		uom["uom_type"] = choice("Type", "bigger", "Bigger than the reference", "reference", "Reference", "smaller", "Smaller than the reference").with("reference")
	} else {
		uom["relative_factor"] = unrounded("Contains").with(decimalOne)
		uom["relative_uom_id"] = ref("Reference Unit", "uom.uom")
	}
	models := []*model{
		{name: "uom.uom", label: "Product Unit of Measure", order: "factor desc, id", rights: readable(sellers...), fields: uom},
		{name: "product.category", label: "Product Category", order: "name", rights: readable(managers...), fields: map[string]*field{
			"name": char("Name").must(), "parent_id": ref("Parent Category", "product.category"),
			"property_account_income_categ_id": ref("Income Account", "account.account")}},
		{name: "product.template", label: "Product", order: "name, id", rights: readable(managers...), fields: template, display: productName},
		{name: "product.product", label: "Product Variant", order: "default_code, name, id", rights: readable(managers...), fields: product,
			create: createProduct, display: productName},
		{name: "product.pricelist", label: "Pricelist", order: "sequence, id desc", rights: readable(sellers...), fields: pricelist,
			display: func(t *tx, _ int64, r record) string {
				return r.text("name") + " (" + t.get("res.currency", r.link("currency_id")).text("name") + ")"
			}},
		{name: "product.pricelist.item", label: "Pricelist Rule", order: "applied_on, min_quantity desc, categ_id desc, id desc", rights: readable(sellers...), fields: item},
	}
	if version <= 18 {
		models = append(models, &model{name: "uom.category", label: "Product UoM Categories", order: "id", rights: readable(sellers...), fields: map[string]*field{"name": char("Unit of Measure Category").must()}})
	}
	return models
}

func productName(_ *tx, _ int64, r record) string {
	if code := r.text("default_code"); code != "" {
		return "[" + code + "] " + r.text("name")
	}
	return r.text("name")
}

// createProduct makes a product and its template.
func createProduct(t *tx, values map[string]any) int64 {
	if _, ok := values["taxes_id"]; !ok {
		if tax, _ := t.get("res.company", t.companies[0])["account_sale_tax_id"].(int64); tax != 0 {
			values["taxes_id"] = []any{[]any{int64(6), int64(0), []any{tax}}}
		}
	}
	for _, pair := range [][2]string{{"type", "detailed_type"}, {"detailed_type", "type"}} {
		if v, ok := values[pair[0]]; ok && t.server.models["product.product"].fields[pair[1]] != nil && values[pair[1]] == nil {
			values[pair[1]] = v
		}
	}
	row := t.prepare("product.product", values)
	if row["product_tmpl_id"] == nil {
		template := maps.Clone(row)
		delete(template, "product_tmpl_id")
		row["product_tmpl_id"] = t.insert("product.template", template)
	}
	return t.insert("product.product", row)
}

// itemPrice is the price of a pricelist's rule in words.
func itemPrice(t *tx, _ int64, r record) any {
	switch r.text("compute_price") {
	case "fixed":
		digits := t.digits("Product Price")
		whole, fraction, _ := strings.Cut(roundTo(amount(r["fixed_price"]), digits).String(), ".")
		currency := t.get("res.currency", t.get("product.pricelist", r.link("pricelist_id")).link("currency_id"))
		symbol := currency.text("symbol")
		if symbol == "" {
			symbol = currency.text("name")
		}
		return symbol + "\u00a0" + whole + "." + fraction + strings.Repeat("0", max(0, digits-len(fraction)))
	case "percentage":
		return floatText(amount(r["percent_price"])) + " % discount"
	}
	return floatText(amount(r["price_discount"])) + " % discount and " + floatText(amount(r["price_surcharge"])) + " surcharge"
}

// itemName is what a pricelist's rule applies to in words.
func itemName(t *tx, _ int64, r record) any {
	switch r.text("applied_on") {
	case "0_product_variant":
		if t.server.version == 16 {
			return "Variant: " + t.get("product.product", r.link("product_id")).text("name")
		}
		return "Variant: " + t.display("product.product", r.link("product_id"))
	case "1_product":
		return "Product: " + t.display("product.template", r.link("product_tmpl_id"))
	case "2_product_category":
		return "Category: " + t.display("product.category", r.link("categ_id"))
	}
	return "All Products"
}
