package odootest

import "slices"

// positionTax is how fiscal positions map taxes up to Odoo 18.
const positionTax = "account.fiscal.position.tax"

// mapsByTax reports whether the taxes themselves say which others they replace,
// and in which fiscal positions, as from Odoo 19 on.
func mapsByTax(version int) bool { return version >= 19 }

// mapTaxes are taxes as a fiscal position has them; 0 is none.
func (t *tx) mapTaxes(position int64, taxes []int64) []int64 {
	if position == 0 {
		return taxes
	}
	replaced, empty := t.replacements(position)
	if empty {
		return nil
	}
	var mapped []int64
	for _, tax := range taxes {
		others, ok := replaced[tax]
		if !ok {
			others = []int64{tax}
		}
		for _, other := range others {
			if !slices.Contains(mapped, other) {
				mapped = append(mapped, other)
			}
		}
	}
	return mapped
}

// replacements are the taxes that a fiscal position has in place of others. One
// that is empty drops all, where positions consist of taxes.
func (t *tx) replacements(position int64) (replaced map[int64][]int64, empty bool) {
	replaced = map[int64][]int64{}
	if !mapsByTax(t.server.version) {
		for _, id := range t.ids(positionTax) {
			row := t.get(positionTax, id)
			if row.link("position_id") != position {
				continue
			}
			from := row.link("tax_src_id")
			to := replaced[from] // by nothing, perhaps: it is replaced all the same
			if tax := row.link("tax_dest_id"); tax != 0 {
				to = append(to, tax)
			}
			replaced[from] = to
		}
		return replaced, false
	}
	empty = true
	for _, id := range t.ids("account.tax") {
		row := t.get("account.tax", id)
		if !slices.Contains(row.links("fiscal_position_ids"), position) {
			continue
		}
		empty = false
		for _, from := range row.links("original_tax_ids") {
			replaced[from] = append(replaced[from], id)
		}
	}
	return replaced, empty
}

// positionModels are fiscal positions, and what maps taxes in a version that
// has a model for it.
func positionModels(version int, named func(map[string]*field) map[string]*field) []*model {
	position := named(map[string]*field{"sequence": integer("Sequence").with(int64(10)), "auto_apply": boolean("Detect Automatically"), "country_id": ref("Country", "res.country")})
	if mapsByTax(version) {
		position["tax_ids"] = computed(many("Taxes", "account.tax"), func(t *tx, id int64, _ record) any {
			var taxes []int64
			for _, tax := range t.ids("account.tax") {
				if slices.Contains(t.get("account.tax", tax).links("fiscal_position_ids"), id) {
					taxes = append(taxes, tax)
				}
			}
			return taxes
		})
	} else {
		position["tax_ids"] = back("Tax Mapping", positionTax, "position_id")
	}
	models := []*model{{name: "account.fiscal.position", label: "Fiscal Position", order: "sequence", rights: readable(accountants...), fields: position}}
	if mapsByTax(version) {
		return models
	}
	return append(models, &model{name: positionTax, label: "Tax Mapping of Fiscal Position", order: "id", rights: readable(accountants...), fields: map[string]*field{
		"position_id": ref("Fiscal Position", "account.fiscal.position"), "tax_src_id": ref("Tax on Product", "account.tax"), "tax_dest_id": ref("Tax to Apply", "account.tax")}})
}
