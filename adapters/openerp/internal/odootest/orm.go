package odootest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

type context map[string]any

var (
	decimalOne = decimal.New(1, 0)
	scripts    = regexp.MustCompile(`(?s)<script.*?</script>`)
)

// model returns a model, or raises what the server says of one that it does
// not have.
func (t *tx) model(name string) *model {
	m := t.server.models[name]
	if m == nil {
		raise(userError, "Object %s doesn't exist", name)
	}
	return m
}

func (t *tx) stamp() string { return t.server.now().UTC().Format(time.DateTime) }
func (t *tx) today() string { return t.server.now().UTC().Format(time.DateOnly) }

// display is how a record is called.
func (t *tx) display(name string, id int64) string {
	row := t.get(name, id)
	if row == nil {
		return ""
	}
	if m := t.model(name); m.display != nil {
		return m.display(t, id, row)
	}
	return row.text("name")
}

// create makes records of a model.
func (t *tx) create(name string, list []any) []int64 {
	m := t.model(name)
	t.demand(m, "create")
	var ids []int64
	for _, each := range list {
		values, ok := each.(map[string]any)
		if !ok {
			raise(attribute, "'%s' object has no attribute 'items'", "list")
		}
		values = maps.Clone(values)
		t.known(m, values)
		if m.create != nil {
			ids = append(ids, m.create(t, values))
		} else {
			id := t.insert(name, t.prepare(name, values))
			t.children(m, id, values)
			ids = append(ids, id)
		}
	}
	return ids
}

// known raises for a field that a model does not have.
func (t *tx) known(m *model, values map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if m.fields[name] == nil {
			raise(valueError, "Invalid field '%s' on model '%s'", name, m.name)
		}
	}
}

// prepare makes what is stored of a new record: its values and the defaults.
// Lines of one2many fields are left to the model.
func (t *tx) prepare(name string, values map[string]any) record {
	m := t.model(name)
	row := record{"create_date": t.stamp(), "write_date": t.stamp()}
	for field, f := range m.fields {
		if f.compute != nil || f.kind == one2many {
			continue
		}
		if v := f.initial(t); v != nil {
			row[field] = v
		}
	}
	for field, f := range m.fields {
		if v, ok := values[field]; ok && f.compute == nil && f.kind != one2many {
			row[field] = t.store(m, field, f, v, nil)
		}
		if f.required && f.compute == nil && !truth(row[field]) && f.kind != one2many {
			raise(notNull, "%s requires a %s", m.label, f.label)
		}
	}
	return row
}

// initial is what a new record has that says nothing.
func (f *field) initial(t *tx) any {
	if ask, ok := f.value.(func(*tx) any); ok {
		return ask(t)
	}
	return f.value
}

// children runs the commands for the lines of a record.
func (t *tx) children(m *model, id int64, values map[string]any) {
	for name, f := range m.fields {
		commands, _ := values[name].([]any)
		if f.kind != one2many {
			continue
		}
		for _, each := range commands {
			command, _ := each.([]any)
			if len(command) < 2 {
				continue
			}
			line, _ := command[1].(int64)
			switch command[0] {
			case int64(0):
				values, _ := command[2].(map[string]any)
				values = maps.Clone(values)
				values[f.inverse] = id
				t.create(f.rel, []any{values})
			case int64(1):
				values, _ := command[2].(map[string]any)
				t.change(f.rel, []int64{line}, values)
			case int64(2):
				t.remove(f.rel, []int64{line})
			case int64(5):
				t.remove(f.rel, t.lines(f, id))
			}
		}
	}
}

// change writes fields of records.
func (t *tx) change(name string, ids []int64, values map[string]any) {
	m := t.model(name)
	t.demand(m, "write")
	t.known(m, values)
	for _, id := range ids {
		row := t.get(name, id)
		if row == nil {
			t.missing(name, id)
		}
		t.demandSight(m, id, row)
	}
	if m.write != nil {
		m.write(t, ids, values)
		return
	}
	for _, id := range ids {
		t.update(name, id, t.stored(m, id, values))
		t.children(m, id, values)
	}
}

// stored makes what is stored of the fields that are written.
func (t *tx) stored(m *model, id int64, values map[string]any) record {
	row := record{"write_date": t.stamp()}
	for field, v := range values {
		if f := m.fields[field]; f.compute == nil && f.kind != one2many {
			row[field] = t.store(m, field, f, v, t.get(m.name, id))
		}
	}
	return row
}

// store makes what is stored of a value that a caller gave.
func (t *tx) store(m *model, name string, f *field, v any, old record) any {
	if v == false && f.kind != boolField {
		v = nil
	}
	switch f.kind {
	case boolField:
		return truth(v)
	case intField:
		if v == nil {
			return nil
		}
		d, ok := number(v)
		if !ok || !roundTo(d, 0).Equal(d) {
			raise(valueError, "invalid literal for int() with base 10: %s", pyRepr(v))
		}
		return d.BigInt().Int64()
	case floatField, moneyField:
		if v == nil {
			return nil
		}
		d, ok := number(v)
		if !ok {
			raise(valueError, "could not convert string to float: %s", pyRepr(v))
		}
		if f.digits != "" {
			d = roundTo(d, t.digits(f.digits))
		}
		return d
	case selectionField:
		if v == nil {
			return nil
		}
		for i := 0; i < len(f.options); i += 2 {
			if v == f.options[i] {
				return v
			}
		}
		raise(valueError, "Wrong value for %s.%s: %s", m.name, name, pyRepr(v))
	case dateField:
		if text, ok := v.(string); ok {
			if len(text) > 10 {
				text = text[:10]
			}
			if _, err := time.Parse(time.DateOnly, text); err != nil {
				raise(valueError, "time data %s does not match format '%%Y-%%m-%%d'", pyRepr(v))
			}
			return text
		}
		return nil
	case many2one:
		return t.storeLink(m, name, f, v)
	case many2many:
		return t.storeLinks(f, v, old.links(name))
	case htmlField:
		if text, ok := v.(string); ok {
			if text = scripts.ReplaceAllString(text, ""); !strings.HasPrefix(text, "<") {
				text = "<p>" + text + "</p>"
			}
			return text
		}
	case charField, textField:
		if v != nil {
			if _, ok := v.(string); !ok {
				return pyRepr(v)
			}
		}
	}
	return v
}

// storeLink checks that a reference refers to a record.
func (t *tx) storeLink(m *model, name string, f *field, v any) any {
	if !truth(v) {
		return nil
	}
	id, ok := v.(int64)
	if !ok {
		raise(valueError, "Wrong value for %s.%s: %s", m.name, name, pyRepr(v))
	}
	if t.get(f.rel, id) == nil {
		// What is computed from a partner or a product is read at once; the
		// others are only missed by the database.
		if f.rel == "res.partner" || f.rel == "product.product" {
			t.missing(f.rel, id)
		}
		raise(foreign, "Model: %s (%s)\nConstraint: %s_%s_fkey\n", m.label, m.name, strings.ReplaceAll(m.name, ".", "_"), name)
	}
	return id
}

// storeLinks runs the commands for a field of many records.
func (t *tx) storeLinks(f *field, v any, old []int64) any {
	ids := slices.Clone(old)
	list, _ := v.([]any)
	for _, each := range list {
		command, ok := each.([]any)
		if !ok { // ids alone
			return idList(v)
		}
		var id int64
		if len(command) > 1 {
			id, _ = command[1].(int64)
		}
		switch command[0] {
		case int64(6):
			ids = slices.Clone(idList(command[2]))
		case int64(5):
			ids = nil
		case int64(4):
			ids = append(ids, id)
		case int64(2), int64(3):
			ids = slices.DeleteFunc(ids, func(i int64) bool { return i == id })
		}
	}
	for _, id := range ids {
		if t.get(f.rel, id) == nil {
			t.missing(f.rel, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// digits is the number of digits that a decimal precision rounds to.
func (t *tx) digits(precision string) int {
	for _, id := range t.ids("decimal.precision") {
		if row := t.get("decimal.precision", id); row.text("name") == precision {
			return int(row.link("digits"))
		}
	}
	return 2
}

// value is a field of a record, computed or stored.
func (t *tx) value(m *model, name string, id int64, row record) any {
	f := m.fields[name]
	switch {
	case name == "id":
		return id
	case f.compute != nil:
		return f.compute(t, id, row)
	case f.kind == one2many:
		return t.lines(f, id)
	}
	if v := row[name]; v != nil || f.kind != floatField && f.kind != moneyField && f.kind != intField {
		return v
	}
	return int64(0) // the database has no numbers that are none
}

// lines are the records of a one2many field, in their order.
func (t *tx) lines(f *field, id int64) []int64 {
	var ids []int64
	for _, line := range t.ids(f.rel) {
		row := t.get(f.rel, line)
		if row.link(f.inverse) == id && (f.rel != moveLine || isInvoiceLine(row)) {
			ids = append(ids, line)
		}
	}
	if f.rel == moveLine {
		slices.SortStableFunc(ids, func(a, b int64) int {
			return int(t.get(moveLine, a).link("sequence") - t.get(moveLine, b).link("sequence"))
		})
	}
	return ids
}

// present is a field of a record as read answers it.
func (t *tx) present(f *field, v any) any {
	switch f.kind {
	case floatField, moneyField:
		return float{amount(v)}
	case intField:
		if v == nil {
			return int64(0)
		}
	case boolField:
		return truth(v)
	case many2one:
		id, _ := v.(int64)
		if id == 0 {
			return false
		}
		return []any{id, t.display(f.rel, id)}
	case one2many, many2many:
		ids, _ := v.([]int64)
		return anyList(ids)
	default:
		if v == nil {
			return false
		}
	}
	return v
}

// read answers fields of records.
func (t *tx) read(name string, ids []int64, fields []string) []any {
	m := t.model(name)
	t.demand(m, "read")
	if len(fields) == 0 {
		fields = slices.Sorted(maps.Keys(m.fields))
	}
	for _, field := range fields {
		if m.fields[field] == nil {
			raise(valueError, "Invalid field '%s' on model '%s'", field, name)
		}
	}
	rows := []any{}
	for _, id := range ids {
		row := t.get(name, id)
		if row == nil {
			continue // as real servers do with records that are gone
		}
		t.demandSight(m, id, row)
		out := map[string]any{"id": id}
		for _, field := range fields {
			if field != "id" {
				out[field] = t.present(m.fields[field], t.value(m, field, id, row))
			}
		}
		rows = append(rows, out)
	}
	return rows
}

// remove deletes records, and the external ids that stand for them.
func (t *tx) remove(name string, ids []int64) {
	m := t.model(name)
	t.demand(m, "unlink")
	if m.unlink != nil {
		m.unlink(t, ids)
	}
	for _, id := range ids {
		t.delete(name, id)
		t.dropExternal(name, id)
	}
}
