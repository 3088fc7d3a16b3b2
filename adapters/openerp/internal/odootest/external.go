package odootest

import "strings"

const externals = "ir.model.data"

// splitExternal splits module.name. Without a module it is __import__'s.
func splitExternal(id string) (module, name string) {
	module, name, ok := strings.Cut(id, ".")
	if !ok {
		return "__import__", id
	}
	return module, name
}

// look reads the external ids, once in a transaction.
func (t *tx) look() {
	if t.names != nil {
		return
	}
	t.names, t.res = map[string]int64{}, map[owner][]int64{}
	for _, id := range t.ids(externals) {
		t.note(id)
	}
}

func (t *tx) note(id int64) {
	row := t.get(externals, id)
	t.names[row.text("module")+"."+row.text("name")] = id
	to := owner{row.text("model"), row.link("res_id")}
	t.res[to] = append(t.res[to], id)
}

// external returns the record that an external id stands for.
func (t *tx) external(id string) (model string, res int64) {
	t.look()
	module, name := splitExternal(id)
	row := t.get(externals, t.names[module+"."+name])
	return row.text("model"), row.link("res_id")
}

// nameExternal makes an external id for a record.
func (t *tx) nameExternal(id, model string, res int64) {
	module, name := splitExternal(id)
	if strings.Contains(name, " ") {
		raise(check, "new row for relation \"ir_model_data\" violates check constraint \"ir_model_data_name_nospaces\"\n"+
			"DETAIL:  Failing row contains (%d, null, %s, %s, null, %d, f, %s, %s, %s).\n", t.write(externals).next, t.stamp(), t.stamp(), res, name, module, model)
	}
	if _, other := t.external(id); other != 0 {
		raise(unique, "duplicate key value violates unique constraint \"ir_model_data_module_name_uniq_index\"\nDETAIL:  Key (module, name)=(%s, %s) already exists.\n",
			module, name)
	}
	t.claims = append(t.claims, id)
	t.note(t.insert(externals, record{"module": module, "name": name, "model": model, "res_id": res}))
}

func createExternal(t *tx, values map[string]any) int64 {
	row := t.prepare(externals, values)
	t.nameExternal(row.text("module")+"."+row.text("name"), row.text("model"), row.link("res_id"))
	return t.write(externals).next - 1
}

// dropExternal deletes what stands for a record that is gone.
func (t *tx) dropExternal(model string, res int64) {
	t.look()
	for _, id := range t.res[owner{model, res}] {
		t.delete(externals, id)
	}
}

func checkObjectReference(t *tx, c *bound) any {
	module, _ := c.args["module"].(string)
	name, _ := c.args["xml_id"].(string)
	model, id := t.external(module + "." + name)
	if id == 0 {
		raise(valueError, "External ID not found in the system: %s.%s", module, name)
	}
	// It searches for the record as the user: one that is gone, or that the
	// company's rules hide, has no id.
	m := t.model(model)
	t.demand(m, "read")
	if row := t.get(model, id); row == nil || !t.sees(m, id, row) || row["active"] == false {
		if truth(c.args["raise_on_access_error"]) {
			raise(accessError, "Not enough access rights on the external ID %q", module+"."+name)
		}
		return []any{model, false}
	}
	return []any{model, id}
}
