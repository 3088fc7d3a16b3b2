package odootest

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// A loadError is a row that load cannot read.
type loadError struct {
	field, name, message string
	model                string // that no record was found in
}

// load imports records from rows of text. Rows without a value of the record's
// own fields are further lines of the record before them. What goes wrong is
// told in messages, and nothing is saved then; but a field that is not there
// is raised.
func load(t *tx, c *bound) any {
	fields := names(c.args["fields"])
	data, _ := c.args["data"].([]any)
	m := t.model(c.model)
	t.loadable(m, fields)
	before, own := maps.Clone(t.state), maps.Clone(t.own)
	ids, messages := []any{}, []any{}
	for from := 0; from < len(data); {
		to := from + 1
		for to < len(data) && isContinued(m, fields, data[to]) {
			to++
		}
		id, problem := t.loadRecord(m, fields, data[from:to])
		if problem == nil {
			ids = append(ids, id)
		} else {
			message := rowMessage(from, to-1, problem.message)
			if problem.field != "" {
				message["field"], message["field_name"] = problem.field, problem.name
			}
			if problem.model != "" {
				message["moreinfo"] = possibleValues(problem.model)
			}
			messages = append(messages, message)
		}
		from = to
	}
	if len(messages) > 0 {
		t.state, t.own, t.claims, t.names = before, own, nil, nil
		return failedLoad(messages)
	}
	return map[string]any{"ids": ids, "messages": messages, "nextrow": int64(0)}
}

// failedLoad is load's answer where nothing was saved.
func failedLoad(messages []any) any {
	return map[string]any{"ids": false, "messages": messages, "nextrow": int64(0)}
}

// possibleValues is the action by which the web client lists what could have
// been meant.
func possibleValues(model string) map[string]any {
	return map[string]any{"name": "Possible Values", "type": "ir.actions.act_window", "target": "new", "view_mode": "tree,form",
		"views": []any{[]any{false, "list"}, []any{false, "form"}}, "context": map[string]any{"create": false}, "help": "See all possible values",
		"res_model": externals, "domain": []any{[]any{"model", "=", model}}}
}

func rowMessage(from, to int, text string) map[string]any {
	return map[string]any{"type": "error", "record": int64(0), "message": text, "rows": map[string]any{"from": int64(from), "to": int64(to)}}
}

// loadable raises for a column that is not there.
func (t *tx) loadable(m *model, fields []string) {
	for _, path := range fields {
		at := m
		for part := range strings.SplitSeq(path, "/") {
			if part == "id" || part == ".id" {
				continue
			}
			f := at.fields[part]
			if f == nil {
				raise(keyError, "'%s'", part)
			}
			if f.rel != "" {
				at = t.model(f.rel)
			}
		}
	}
}

// isContinued reports whether a row has no value of the record's own.
func isContinued(m *model, fields []string, row any) bool {
	cells, _ := row.([]any)
	for i, path := range fields {
		name, _, _ := strings.Cut(path, "/")
		own := name == "id" || name == ".id" || m.fields[name].kind != one2many
		if own && i < len(cells) && cells[i] != "" && cells[i] != false {
			return false
		}
	}
	return true
}

// loadRecord imports one record with its lines.
func (t *tx) loadRecord(m *model, fields []string, rows []any) (id int64, problem *loadError) {
	raised := catch(func() {
		first, _ := rows[0].([]any)
		values, external, bad := t.cells(m, "", fields, first)
		if bad != nil {
			problem = bad
			return
		}
		var lines []any
		var lineIDs []string
		for _, row := range rows {
			cells, _ := row.([]any)
			command, line, bad := t.loadLine(m, fields, cells)
			if bad != nil {
				problem = bad
				return
			}
			if command != nil {
				lines, lineIDs = append(lines, command), append(lineIDs, line)
			}
		}
		if lines != nil {
			values["invoice_line_ids"] = lines
		}
		id = t.save(m, values, external, lineIDs)
	})
	if raised != nil {
		if raised.class == serialize {
			panic(raised)
		}
		problem = &loadError{message: raised.message}
	}
	return id, problem
}

// save creates the record, or writes the one that the external id stands for,
// and names what is new.
func (t *tx) save(m *model, values map[string]any, external string, lineIDs []string) int64 {
	var id int64
	if external != "" {
		_, id = t.external(external)
	}
	next := int64(1)
	if table := t.state[moveLine]; table != nil {
		next = table.next
	}
	commands, _ := values["invoice_line_ids"].([]any)
	if id != 0 {
		t.byLoad = true
		t.change(m.name, []int64{id}, values)
		t.byLoad = false
	} else {
		id = t.create(m.name, []any{values})[0]
		if external != "" {
			t.nameExternal(external, m.name, id)
		}
	}
	for i, each := range commands {
		if command := each.([]any); command[0] == int64(0) {
			if lineIDs[i] != "" {
				t.nameExternal(lineIDs[i], moveLine, next)
			}
			next++
		}
	}
	return id
}

// loadLine reads a row's line: a command, or nil for a row without one.
func (t *tx) loadLine(m *model, fields []string, cells []any) (command []any, external string, problem *loadError) {
	f := m.fields["invoice_line_ids"]
	if f == nil {
		return nil, "", nil
	}
	empty := true
	for i, path := range fields {
		if strings.HasPrefix(path, "invoice_line_ids/") && i < len(cells) && cells[i] != "" && cells[i] != false {
			empty = false
		}
	}
	if empty {
		return nil, "", nil
	}
	values, external, problem := t.cells(t.model(f.rel), "invoice_line_ids/", fields, cells)
	if problem != nil {
		return nil, "", &loadError{"invoice_line_ids", f.label, problem.message + " in field '" + f.label + "/" + problem.name + "'", problem.model}
	}
	if external != "" {
		if _, id := t.external(external); id != 0 {
			return []any{int64(1), id, values}, external, nil
		}
	}
	return []any{int64(0), int64(0), values}, external, nil
}

// cells reads the columns below a prefix into values.
func (t *tx) cells(m *model, prefix string, fields []string, cells []any) (values map[string]any, external string, problem *loadError) {
	values = map[string]any{}
	for i, path := range fields {
		column, ok := strings.CutPrefix(path, prefix)
		if !ok || i >= len(cells) {
			continue
		}
		cell := cells[i]
		if cell == nil || cell == false {
			cell = ""
		}
		text, isText := cell.(string)
		if !isText {
			text = pyRepr(cell)
		}
		name, how, _ := strings.Cut(column, "/")
		if name == "id" {
			external = text
			continue
		}
		f := m.fields[name]
		if f == nil || f.kind == one2many {
			continue
		}
		v, err := t.cell(f, how, text)
		if err != "" {
			problem := &loadError{field: name, name: f.label, message: err}
			if f.rel != "" {
				problem.model = f.rel
			}
			return nil, "", problem
		}
		values[name] = v
	}
	return values, external, nil
}

// cell reads one cell.
func (t *tx) cell(f *field, how, text string) (any, string) {
	if f.kind == many2many {
		ids := []any{}
		for part := range strings.SplitSeq(text, ",") {
			if part == "" {
				continue
			}
			id, err := t.find(f, how, part)
			if err != "" {
				return nil, err
			}
			ids = append(ids, id)
		}
		return []any{[]any{int64(6), int64(0), ids}}, ""
	}
	if text == "" {
		return false, ""
	}
	switch f.kind {
	case many2one:
		id, err := t.find(f, how, text)
		return id, err
	case floatField, moneyField:
		if _, ok := number(text); !ok {
			return nil, fmt.Sprintf("'%s' does not seem to be a number for field '%%(field)s'", text)
		}
	case intField:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Sprintf("'%s' does not seem to be an integer for field '%%(field)s'", text)
		}
		return n, ""
	case boolField:
		return text == "1" || strings.EqualFold(text, "true") || strings.EqualFold(text, "yes"), ""
	case selectionField:
		for i := 0; i < len(f.options); i += 2 {
			if text == f.options[i] || text == f.options[i+1] {
				return f.options[i], ""
			}
		}
		return nil, fmt.Sprintf("Value '%s' not found in selection field '%%(field)s'", text)
	}
	return text, ""
}

// find finds the record that a cell refers to: by database id, by external id
// or by name.
func (t *tx) find(f *field, how, text string) (any, string) {
	switch how {
	case ".id":
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || t.get(f.rel, id) == nil {
			return nil, fmt.Sprintf("No matching record found for database id '%s'", text)
		}
		return id, ""
	case "id":
		if model, id := t.external(text); id != 0 && model == f.rel {
			return id, ""
		}
		return nil, fmt.Sprintf("No matching record found for external id '%s'", text)
	}
	for _, id := range t.ids(f.rel) {
		if t.display(f.rel, id) == text || t.get(f.rel, id).text("name") == text {
			return id, ""
		}
	}
	return nil, fmt.Sprintf("No matching record found for name '%s'", text)
}
