package odootest

import (
	"maps"
	"slices"
	"strings"
)

// A method is a public method of a model's.
type method struct {
	params   string // names in the signature's order; those that may be left out after a "|"
	onModel  bool   // it is called on the model, not on records
	operates func(t *tx, c *bound) any
}

// A bound is a call with its arguments sorted.
type bound struct {
	model string
	ids   []int64
	args  map[string]any
	ctx   context
	named bool // JSON-2, which answers a list where records are returned
}

// methods are those of every model, or with the model's name before them of
// one.
var methods = map[string]method{
	"search":              {"domain | offset limit order count", true, search},
	"search_read":         {"| domain fields offset limit order", true, searchRead},
	"search_count":        {"domain | limit", true, func(t *tx, c *bound) any { return int64(len(t.filter(c.model, c.args["domain"], c.ctx))) }},
	"read":                {"| fields load", false, func(t *tx, c *bound) any { return t.read(c.model, c.ids, names(c.args["fields"])) }},
	"create":              {"vals_list", true, create},
	"write":               {"vals", false, write},
	"unlink":              {"", false, func(t *tx, c *bound) any { t.remove(c.model, c.ids); return true }},
	"fields_get":          {"| allfields attributes", true, fieldsGet},
	"load":                {"fields data", true, load},
	"export_data":         {"fields_to_export", false, exportData},
	"check_access_rights": {"operation | raise_exception", true, checkAccessRights},
	"has_access":          {"operation", false, func(t *tx, c *bound) any { op, _ := c.args["operation"].(string); return t.may(t.model(c.model), op) }},

	"account.move.action_post":             {"", false, actionPost},
	"account.move.button_draft":            {"", false, buttonDraft},
	"account.move.button_cancel":           {"", false, buttonCancel},
	"ir.model.data.check_object_reference": {"module xml_id | raise_on_access_error", true, checkObjectReference},
	"res.users.has_group":                  {"group_ext_id", true, hasGroup},
	"res.users.context_get":                {"", true, func(t *tx, _ *bound) any { return map[string]any{"lang": "en_US", "tz": false, "uid": t.user} }},
}

// call serves a call.
func (t *tx) call(c *call) any {
	if strings.HasPrefix(c.method, "_") {
		raise(accessError, "Private methods (such as %s) cannot be called remotely.", c.method)
	}
	if c.named && t.server.models[c.model] == nil {
		raise(notFound, "the model '%s' does not exist", c.model)
	}
	m := t.model(c.model)
	found, ok := methods[c.model+"."+c.method]
	if !ok {
		found, ok = methods[c.method]
	}
	if c.method == "check_access_rights" && t.server.version >= 19 {
		ok = false // has_access is there instead
	}
	if c.method == "has_access" && t.server.version < 18 {
		ok = false
	}
	if !ok {
		t.noMethod(c)
	}
	if c.method == "has_group" && t.server.version >= 18 {
		found.onModel = false
	}
	b := t.bind(found, c)
	b.model = m.name
	t.useCompanies(b.ctx)
	var result any
	if e := catch(func() { result = found.operates(t, b) }); e != nil {
		panic(t.translated(e, b.ctx))
	}
	return result
}

// translated is an exception of Odoo's own in the language of the call, or else
// of the user. Whoever looks for English words finds none. A language that no
// user has is not installed, and the answer is English.
func (t *tx) translated(e *exc, ctx context) *exc {
	lang, _ := ctx["lang"].(string)
	if lang == "" {
		lang = t.get("res.users", t.user).text("lang")
	}
	installed := slices.ContainsFunc(t.ids("res.users"), func(id int64) bool { return t.get("res.users", id).text("lang") == lang })
	if lang == "" || lang == "en_US" || !installed || !strings.HasPrefix(e.class, "odoo.exceptions.") {
		return e
	}
	return &exc{e.class, "En " + lang + " : " + strings.ToUpper(e.message)}
}

func (t *tx) noMethod(c *call) {
	switch {
	case c.named:
		raise(notFound, "The method '%s' does not exist on the model '%s'", c.method, c.model)
	case t.server.version == 16:
		raise(attribute, "type object '%s' has no attribute '%s'", c.model, c.method)
	}
	raise(attribute, "The method '%s' does not exist on the model '%s'", c.method, c.model)
}

// bind sorts a call's arguments as Python does.
func (t *tx) bind(m method, c *call) *bound {
	b := &bound{args: map[string]any{}, ctx: context{}, named: c.named}
	kw := maps.Clone(c.kw)
	if ctx, ok := kw["context"].(map[string]any); ok {
		b.ctx = ctx
	}
	delete(kw, "context")
	args := c.args
	switch {
	case c.named:
		b.ids = idList(kw["ids"])
		delete(kw, "ids")
		if m.onModel && len(b.ids) > 0 {
			raise(unprocessed, "cannot call %s.%s with ids", c.model, c.method)
		}
	case !m.onModel && len(args) > 0:
		b.ids, args = idList(args[0]), args[1:]
	}
	class := typeError
	if c.named {
		class = unprocessed
	}
	required, optional, _ := strings.Cut(m.params, "|")
	params := append(strings.Fields(required), strings.Fields(optional)...)
	if len(args) > len(params) {
		raise(class, "%s() takes %d positional arguments but %d were given", c.method, len(params)+1, len(args)+1)
	}
	for i, name := range params {
		if i < len(args) {
			b.args[name] = args[i]
		} else if v, ok := kw[name]; ok {
			b.args[name] = v
		} else if i < len(strings.Fields(required)) {
			raise(class, "%s() missing 1 required positional argument: '%s'", c.method, name)
		}
		delete(kw, name)
	}
	for _, name := range slices.Sorted(maps.Keys(kw)) {
		raise(class, "%s() got an unexpected keyword argument '%s'", c.method, name)
	}
	return b
}

func names(value any) []string {
	list, _ := value.([]any)
	var all []string
	for _, each := range list {
		if text, ok := each.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// page cuts a search to what was asked for.
func (t *tx) page(c *bound) []int64 {
	ids := t.filter(c.model, c.args["domain"], c.ctx)
	if order, _ := c.args["order"].(string); order != "" {
		slices.Sort(ids)
		t.sort(t.model(c.model), ids, order)
	}
	offset, _ := c.args["offset"].(int64)
	ids = ids[min(int(offset), len(ids)):]
	if limit, _ := c.args["limit"].(int64); limit > 0 {
		ids = ids[:min(int(limit), len(ids))]
	}
	return ids
}

func search(t *tx, c *bound) any {
	if truth(c.args["count"]) {
		return int64(len(t.filter(c.model, c.args["domain"], c.ctx)))
	}
	return anyList(t.page(c))
}

func searchRead(t *tx, c *bound) any {
	// A field that is not there is found before anything is searched.
	fields := names(c.args["fields"])
	t.read(c.model, nil, fields)
	return t.read(c.model, t.page(c), fields)
}

func create(t *tx, c *bound) any {
	list, many := c.args["vals_list"].([]any)
	if !many {
		list = []any{c.args["vals_list"]}
	}
	ids := t.create(c.model, list)
	if !many && !c.named {
		return ids[0]
	}
	return anyList(ids)
}

func write(t *tx, c *bound) any {
	values, ok := c.args["vals"].(map[string]any)
	if !ok {
		raise(attribute, "'list' object has no attribute 'items'")
	}
	t.change(c.model, c.ids, values)
	return true
}

func fieldsGet(t *tx, c *bound) any {
	m := t.model(c.model)
	wanted, attributes := names(c.args["allfields"]), names(c.args["attributes"])
	all := map[string]any{}
	for name, f := range m.fields {
		if len(wanted) > 0 && !slices.Contains(wanted, name) {
			continue
		}
		about := map[string]any{"type": string(f.kind), "string": f.label, "required": f.required, "readonly": f.readonly,
			"store": f.compute == nil, "name": name, "searchable": true, "sortable": f.compute == nil}
		if f.digits != "" {
			about["digits"] = []any{int64(16), int64(t.digits(f.digits))}
		}
		if f.kind == selectionField {
			options := []any{}
			for i := 0; i < len(f.options); i += 2 {
				options = append(options, []any{f.options[i], f.options[i+1]})
			}
			about["selection"] = options
		}
		if f.rel != "" {
			about["relation"] = f.rel
		}
		if len(attributes) > 0 {
			maps.DeleteFunc(about, func(name string, _ any) bool { return !slices.Contains(attributes, name) })
		}
		all[name] = about
	}
	return all
}

func exportData(t *tx, _ *bound) any {
	if !slices.Contains(t.groups(), GroupSystem) {
		raise(userError, "You don't have the rights to export data. Please contact an Administrator.")
	}
	return map[string]any{"datas": []any{}}
}

func checkAccessRights(t *tx, c *bound) any {
	operation, _ := c.args["operation"].(string)
	m := t.model(c.model)
	if raises, given := c.args["raise_exception"]; !given || truth(raises) {
		t.demand(m, operation)
	}
	return t.may(m, operation)
}

func hasGroup(t *tx, c *bound) any {
	group, _ := c.args["group_ext_id"].(string)
	return slices.Contains(t.groups(), group)
}
