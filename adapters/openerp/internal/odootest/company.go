package odootest

import "slices"

// ownCompany is the company that new records are of.
func ownCompany(t *tx) any { return t.companies[0] }

func companyCurrency(t *tx) any { return t.get("res.company", t.companies[0])["currency_id"] }

// useCompanies takes the companies of a call from its context, or else from
// its user.
func (t *tx) useCompanies(ctx context) {
	if t.sudo {
		return
	}
	user := t.get("res.users", t.user)
	own := append([]int64{user.link("company_id")}, user.links("company_ids")...)
	t.companies = own
	if asked := idList(ctx["allowed_company_ids"]); len(asked) > 0 {
		t.companies = asked
		for _, id := range asked {
			if !slices.Contains(own, id) {
				raise(accessError, "Access to unauthorized or invalid companies.")
			}
		}
	}
}

// sees reports whether a record is of one of the companies, or of none.
func (t *tx) sees(m *model, id int64, row record) bool {
	f := m.fields["company_id"]
	switch {
	case t.sudo, m.name == "res.users":
		return true
	case m.name == "res.company":
		return slices.Contains(t.companies, id)
	case f == nil:
		return true
	}
	company := idOf(t.value(m, "company_id", id, row))
	return company == 0 || slices.Contains(t.companies, company)
}

// demandSight raises for a record of another company's.
func (t *tx) demandSight(m *model, id int64, row record) {
	if !t.sees(m, id, row) {
		raise(accessError, "Due to security restrictions, you are not allowed to access '%s' (%s) records.\n\nThis restriction is due to the following rules:\n- multi-company", m.label, m.name)
	}
}
