package odootest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// filter returns the records that a domain matches, in the model's order.
func (t *tx) filter(name string, domain any, ctx context) []int64 {
	m := t.model(name)
	t.demand(m, "read")
	terms, _ := domain.([]any)
	match := t.compile(m, terms)
	testActive := m.fields["active"] != nil && m.fields["active"].compute == nil && ctx["active_test"] != false && !mentions(terms, "active")
	var ids []int64
	for _, id := range t.ids(name) {
		row := t.get(name, id)
		if (!testActive || row.is("active")) && t.sees(m, id, row) && match(id, row) {
			ids = append(ids, id)
		}
	}
	t.sort(m, ids, m.order)
	return ids
}

func mentions(terms []any, field string) bool {
	return slices.ContainsFunc(terms, func(term any) bool {
		leaf, ok := term.([]any)
		return ok && len(leaf) == 3 && leaf[0] == field
	})
}

type matcher func(id int64, row record) bool

// compile reads a domain: leaves with operators before them, joined by and.
func (t *tx) compile(m *model, terms []any) matcher {
	all := matcher(func(int64, record) bool { return true })
	for len(terms) > 0 {
		var next matcher
		next, terms = t.term(m, terms)
		before := all
		all = func(id int64, row record) bool { return before(id, row) && next(id, row) }
	}
	return all
}

func (t *tx) term(m *model, terms []any) (matcher, []any) {
	if len(terms) == 0 {
		raise(valueError, "Domain is not well-formed")
	}
	switch op := terms[0]; op {
	case "!":
		inner, rest := t.term(m, terms[1:])
		return func(id int64, row record) bool { return !inner(id, row) }, rest
	case "&", "|":
		left, rest := t.term(m, terms[1:])
		right, rest := t.term(m, rest)
		if op == "&" {
			return func(id int64, row record) bool { return left(id, row) && right(id, row) }, rest
		}
		return func(id int64, row record) bool { return left(id, row) || right(id, row) }, rest
	}
	leaf, ok := terms[0].([]any)
	if !ok || len(leaf) != 3 {
		raise(valueError, "Invalid leaf %s", pyRepr(terms[0]))
	}
	return t.leaf(m, leaf), terms[1:]
}

var operators = []string{"=", "!=", "<>", "<", "<=", ">", ">=", "in", "not in", "like", "ilike", "not like", "not ilike", "=like", "=ilike", "child_of"}

func (t *tx) leaf(m *model, leaf []any) matcher {
	path, _ := leaf[0].(string)
	op, _ := leaf[1].(string)
	if !slices.Contains(operators, op) {
		raise(valueError, "Invalid leaf %s", pyTuple(leaf))
	}
	name, rest, deeper := strings.Cut(path, ".")
	f := m.fields[name]
	if f == nil {
		raise(valueError, "Invalid field %s.%s in leaf %s", m.name, name, pyTuple(leaf))
	}
	if deeper {
		inner := t.leaf(t.model(f.rel), []any{rest, op, leaf[2]})
		return func(id int64, row record) bool {
			return slices.ContainsFunc(idList(t.value(m, name, id, row)), func(to int64) bool { return inner(to, t.get(f.rel, to)) })
		}
	}
	return func(id int64, row record) bool {
		v := t.value(m, name, id, row)
		if f.kind == many2many || f.kind == one2many {
			return matchMany(v, op, leaf[2])
		}
		if f.kind == many2one {
			if _, text := leaf[2].(string); text && leaf[2] != "" {
				v = t.display(f.rel, row.link(name))
			}
		}
		return matchOne(f, v, op, leaf[2])
	}
}

// matchMany matches a field of many records: any of them will do.
func matchMany(v any, op string, want any) bool {
	ids, wanted := idList(v), idList(want)
	if want == false || want == nil {
		return (len(ids) == 0) == (op == "=" || op == "in")
	}
	any := slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(wanted, id) })
	return any != (op == "!=" || op == "not in" || op == "<>")
}

func matchOne(f *field, v any, op string, want any) bool {
	switch op {
	case "=":
		return same(f, v, want)
	case "!=", "<>":
		return !same(f, v, want)
	case "in", "not in":
		list, ok := want.([]any)
		if !ok {
			list = []any{want}
		}
		return slices.ContainsFunc(list, func(each any) bool { return same(f, v, each) }) == (op == "in")
	case "like", "ilike", "not like", "not ilike", "=like", "=ilike":
		return matchText(v, op, want)
	}
	if v == nil || !truth(v) && f.kind == boolField {
		return false
	}
	order := compare(v, want)
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func same(f *field, v, want any) bool {
	if f.kind == boolField {
		return truth(v) == truth(want)
	}
	if !truth(want) && want != int64(0) {
		return !truth(v)
	}
	if v == nil {
		return false
	}
	return compare(v, want) == 0
}

// matchText is like and its kin: % stands for any text, _ for any character.
func matchText(v any, op string, want any) bool {
	text, _ := v.(string)
	pattern, _ := want.(string)
	if strings.Contains(op, "ilike") {
		text, pattern = strings.ToLower(text), strings.ToLower(pattern)
	}
	if !strings.HasPrefix(op, "=") {
		pattern = "%" + pattern + "%"
	}
	return wildcard([]rune(text), []rune(pattern)) != strings.HasPrefix(op, "not ")
}

func wildcard(text, pattern []rune) bool {
	for i, c := range pattern {
		switch {
		case c == '%':
			for skip := range len(text) + 1 {
				if wildcard(text[skip:], pattern[i+1:]) {
					return true
				}
			}
			return false
		case len(text) == 0 || c != '_' && c != text[0]:
			return false
		}
		text = text[1:]
	}
	return len(text) == 0
}

// compare orders two values: numbers by size, texts as the database does, with
// none at the end.
func compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(btoi(a == nil), btoi(b == nil))
	}
	x, numbers := number(a)
	y, ok := number(b)
	_, text := a.(string)
	if numbers && ok && !text {
		return x.Cmp(y)
	}
	s, t := strings.Trim(pyRepr(a), "'"), strings.Trim(pyRepr(b), "'")
	// Odoo's databases are collated by letters first, then by the rest.
	if order := cmp.Compare(letters(s), letters(t)); order != 0 {
		return order
	}
	return cmp.Compare(s, t)
}

func letters(text string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(" -_./()[]:,'", c) {
			return -1
		}
		return c
	}, strings.ToLower(text))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sort orders records as an order clause says.
func (t *tx) sort(m *model, ids []int64, order string) {
	type key struct {
		field string
		desc  bool
	}
	var keys []key
	for part := range strings.SplitSeq(order, ",") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		if m.fields[words[0]] == nil {
			raise(valueError, "Invalid field '%s' on model '%s'", words[0], m.name)
		}
		keys = append(keys, key{words[0], len(words) > 1 && strings.EqualFold(words[1], "desc")})
	}
	values := map[int64][]any{}
	for _, id := range ids {
		for _, k := range keys {
			v := t.value(m, k.field, id, t.get(m.name, id))
			if d, ok := v.(bool); ok {
				v = decimal.NewFromInt(int64(btoi(d)))
			}
			values[id] = append(values[id], v)
		}
	}
	slices.SortStableFunc(ids, func(a, b int64) int {
		for i, k := range keys {
			order := compare(values[a][i], values[b][i])
			if k.desc {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
}
