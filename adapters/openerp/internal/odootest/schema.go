package odootest

// A kind is the type of a field.
type kind string

const (
	charField      kind = "char"
	textField      kind = "text"
	htmlField      kind = "html"
	intField       kind = "integer"
	floatField     kind = "float"
	moneyField     kind = "monetary"
	boolField      kind = "boolean"
	dateField      kind = "date"
	timeField      kind = "datetime"
	selectionField kind = "selection"
	many2one       kind = "many2one"
	one2many       kind = "one2many"
	many2many      kind = "many2many"
	jsonField      kind = "json"
)

// A field is one of a model's.
type field struct {
	kind     kind
	label    string
	rel      string // the model that it refers to
	inverse  string // of a one2many: the field that refers back
	digits   string // the decimal precision that rounds it
	options  []string
	required bool
	readonly bool
	value    any // of a new record that says nothing
	// compute makes the value of a field that is not stored.
	compute func(t *tx, id int64, r record) any
}

// A model is a kind of record.
type model struct {
	name, label string
	order       string
	fields      map[string]*field
	rights      rights
	// display is how a record is called; its name where it is nil.
	display func(t *tx, id int64, r record) string
	// create and write do what a model does beyond storing its fields; either
	// may be nil.
	create func(t *tx, values map[string]any) int64
	write  func(t *tx, ids []int64, values map[string]any)
	unlink func(t *tx, ids []int64)
}

func newField(kind kind, label string) *field { return &field{kind: kind, label: label} }

func char(label string) *field    { return newField(charField, label) }
func boolean(label string) *field { return newField(boolField, label) }
func integer(label string) *field { return newField(intField, label) }
func money(label string) *field   { return newField(moneyField, label) }
func date(label string) *field    { return newField(dateField, label) }

func active() *field { return &field{kind: boolField, label: "Active", value: true} }

func unrounded(label string) *field { return newField(floatField, label) }

func rounded(label, digits string) *field {
	return &field{kind: floatField, label: label, digits: digits}
}

func choice(label string, options ...string) *field {
	return &field{kind: selectionField, label: label, options: options}
}

func ref(label, model string) *field { return &field{kind: many2one, label: label, rel: model} }

func many(label, model string) *field { return &field{kind: many2many, label: label, rel: model} }

func back(label, model, inverse string) *field {
	return &field{kind: one2many, label: label, rel: model, inverse: inverse}
}

func (f *field) must() *field {
	f.required = true
	return f
}

func (f *field) fixed() *field {
	f.readonly = true
	return f
}

func (f *field) with(value any) *field {
	f.value = value
	return f
}

func computed(f *field, compute func(t *tx, id int64, r record) any) *field {
	f.compute, f.readonly = compute, true
	return f
}

// schema is what models a version has.
func schema(version int) map[string]*model {
	all := map[string]*model{}
	for _, m := range append(append(baseModels(version), productModels(version)...), accountModels(version)...) {
		m.fields["id"] = integer("ID").fixed()
		m.fields["display_name"] = computed(char("Display Name"), func(t *tx, id int64, _ record) any { return t.display(m.name, id) })
		for _, name := range []string{"create_date", "write_date"} {
			m.fields[name] = newField(timeField, name).fixed()
		}
		all[m.name] = m
	}
	return all
}

func baseModels(version int) []*model {
	companyFields := map[string]*field{
		"name":                 char("Company Name").must(),
		"partner_id":           ref("Partner", "res.partner"),
		"currency_id":          ref("Currency", "res.currency").must(),
		"country_id":           ref("Country", "res.country"),
		"fiscalyear_lock_date": date("All Users Lock Date"),
		"tax_lock_date":        date("Tax Return Lock Date"),
		"account_sale_tax_id":  ref("Default Sale Tax", "account.tax"),
		"tax_calculation_rounding_method": choice("Tax Calculation Rounding Method", "round_per_line", "Round per Line", "round_globally", "Round Globally").
			with("round_per_line"),
	}
	if version >= 18 {
		companyFields["sale_lock_date"] = date("Sales Lock Date")
		companyFields["hard_lock_date"] = date("Hard Lock Date")
	} else {
		companyFields["period_lock_date"] = date("Journals Entries Lock Date")
	}
	return []*model{
		{name: "res.company", label: "Companies", order: "id", rights: readable("Administration/Settings"), fields: companyFields},
		{name: "res.country", label: "Country", order: "name", rights: readable("Administration/Settings"), fields: map[string]*field{
			"name": char("Country Name").must(), "code": char("Country Code")}},
		{name: "res.users", label: "User", order: "name, login", rights: readable("Administration/Access Rights"), fields: map[string]*field{
			"name": char("Name").must(), "login": char("Login").must(), "password": char("Password"), "api_key": char("API Key"),
			"active": active(), "partner_id": ref("Related Partner", "res.partner"), "company_id": ref("Company", "res.company").with(int64(1)),
			"company_ids": many("Companies", "res.company"), "lang": char("Language").with("en_US"), "tz": char("Timezone"),
			"groups": newField(jsonField, "Groups")}},
		{name: "res.currency", label: "Currency", order: "active desc, name", rights: readable("Administration/Settings", "Invoicing/Billing Administrator"),
			fields: map[string]*field{"name": char("Currency").must(), "symbol": char("Symbol"), "rounding": unrounded("Rounding Factor"),
				"decimal_places": integer("Decimal Places"), "active": active()}},
		{name: "res.currency.rate", label: "Currency Rate", order: "name desc, id", rights: readable("Administration/Settings"), fields: map[string]*field{
			"name": date("Date"), "rate": unrounded("Technical Rate"), "currency_id": ref("Currency", "res.currency"), "company_id": ref("Company", "res.company")}},
		{name: "res.partner.category", label: "Partner Tags", order: "name", rights: readable("Extra Rights/Contact Creation"), fields: map[string]*field{
			"name": char("Tag Name").must(), "active": active(), "parent_id": ref("Parent Category", "res.partner.category")}},
		{name: "res.partner", label: "Contact", order: "display_name, id desc", rights: partnerRights, create: createPartner, fields: map[string]*field{
			"name": char("Name"), "ref": char("Reference"), "email": char("Email"), "vat": char("Tax ID"), "comment": newField(htmlField, "Notes"),
			"is_company": boolean("Is a Company"), "active": active(), "parent_id": ref("Related Company", "res.partner"),
			"company_id": ref("Company", "res.company"), "category_id": many("Tags", "res.partner.category"), "lang": char("Language").with("en_US"),
			"country_id":                     ref("Country", "res.country"),
			"commercial_partner_id":          computed(ref("Commercial Entity", "res.partner"), commercialPartner),
			"property_product_pricelist":     ref("Pricelist", "product.pricelist"),
			"property_payment_term_id":       ref("Customer Payment Terms", "account.payment.term"),
			"property_account_position_id":   ref("Fiscal Position", "account.fiscal.position"),
			"property_account_receivable_id": ref("Account Receivable", "account.account"),
			// Stands for the fields that people add in the web client.
			"x_tenant": char("Tenant"),
		}},
		{name: "ir.model.data", label: "Model Data", order: "module, model, name", rights: only("Administration/Access Rights"), create: createExternal,
			fields: map[string]*field{"module": char("Module").with(""), "name": char("External Identifier").must(), "model": char("Model Name").must(),
				"res_id": integer("Record ID"), "noupdate": boolean("Non Updatable")}},
		{name: "ir.module.module", label: "Module", order: "name", rights: readable("Administration/Settings"), fields: map[string]*field{
			"name": char("Technical Name"), "state": char("Status")}},
		{name: "decimal.precision", label: "Decimal Precision", order: "id", rights: only("Administration/Settings"), fields: map[string]*field{
			"name": char("Usage").must(), "digits": integer("Digits").with(int64(2))}},
	}
}

// commercialPartner is the company that a contact belongs to.
func commercialPartner(t *tx, id int64, r record) any {
	if parent := r.link("parent_id"); parent != 0 && !r.is("is_company") {
		return commercialPartner(t, parent, t.get("res.partner", parent))
	}
	return id
}

func createPartner(t *tx, values map[string]any) int64 {
	if !truth(values["name"]) {
		raise(notNull, "Contacts require a name")
	}
	row := t.prepare("res.partner", values)
	if row["property_product_pricelist"] == nil {
		row["property_product_pricelist"] = t.first("product.pricelist")
	}
	return t.insert("res.partner", row)
}

// first is the first record of a model, or nil.
func (t *tx) first(model string) any {
	if ids := t.ids(model); len(ids) > 0 {
		return ids[0]
	}
	return nil
}
