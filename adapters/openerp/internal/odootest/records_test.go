package odootest

import (
	"fmt"
	"strings"
	"testing"
)

// as calls a method as a user and tells what comes of it.
func as(s *Server, user int64, model, method string, args []any, kw map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, result, err := s.run(&call{user: user, model: model, method: method, args: args, kw: kw})
	if err != nil {
		return err.class + ": " + err.message
	}
	s.state = t.state
	return pyRepr(result)
}

// TestDomains searches partners.
func TestDomains(t *testing.T) {
	s := New(Options{})
	tag := s.Add("res.partner.category", Values{"name": "tenant"})
	a := s.Add("res.partner", Values{"name": "Alpha", "ref": "A_1", "x_tenant": "t-1", "category_id": []int64{tag}})
	b := s.Add("res.partner", Values{"name": "Beta", "ref": "A-1"})
	c := s.Add("res.partner", Values{"name": "Gamma", "ref": "a_1", "active": false, "parent_id": a})
	list := func(ids ...int64) string { return pyRepr(anyList(ids)) }
	ref := func(op string, v any) []any { return []any{"ref", op, v} }
	for _, d := range []struct {
		domain []any
		want   string
	}{
		{[]any{ref("=", "A_1")}, list(a)},
		{[]any{ref("in", []any{"A_1", "a_1"})}, list(a)},
		{[]any{ref("in", []any{"A_1", "a_1"}), []any{"active", "in", []any{true, false}}}, list(a, c)},
		{[]any{ref("=ilike", "a_1")}, list(a, b)},
		{[]any{ref("=like", "A_%")}, list(a, b)},
		{[]any{ref("like", "_1")}, list(a, b)},
		{[]any{ref("not like", "-"), ref("!=", false)}, list(a)},
		{[]any{"|", ref("=", "A_1"), ref("=", "A-1")}, list(a, b)},
		{[]any{"!", ref("=", "A_1"), ref("!=", false)}, list(b)},
		{[]any{"&", ref("=", "A_1"), []any{"name", "=", "Beta"}}, list()},
		{[]any{[]any{"x_tenant", "=", "t-1"}}, list(a)},
		{[]any{[]any{"category_id", "in", []any{tag}}}, list(a)},
		{[]any{[]any{"category_id", "=", tag}}, list(a)},
		{[]any{[]any{"category_id.name", "=", "tenant"}}, list(a)},
		{[]any{[]any{"parent_id", "=", a}, []any{"active", "=", false}}, list(c)},
		{[]any{[]any{"parent_id", "=", "Alpha"}, []any{"active", "=", false}}, list(c)},
		{[]any{[]any{"id", ">=", b}, []any{"id", "<", c}}, list(b)},
		{[]any{ref("=", false), []any{"name", "=", "Administrator"}}, list(3)},
		{[]any{[]any{"nothing.x", "=", 1}}, "builtins.ValueError: Invalid field res.partner.nothing in leaf ('nothing.x', '=', 1)"},
		{[]any{"&", ref("=", "x")}, "builtins.ValueError: Domain is not well-formed"},
		{[]any{"x"}, "builtins.ValueError: Invalid leaf 'x'"},
	} {
		if got := as(s, 6, "res.partner", "search", []any{fromAny(d.domain)}, nil); got != d.want {
			t.Errorf("%v: got %s, want %s", d.domain, got, d.want)
		}
	}
	if got := as(s, 6, "res.partner", "search", []any{fromAny([]any{ref("!=", false)})}, map[string]any{"context": map[string]any{"active_test": false}, "order": "name desc", "limit": int64(2), "offset": int64(1)}); got != list(b, a) {
		t.Errorf("second page, last first: %s", got)
	}
}

// TestRights is what a billing user may do, and what it may not.
func TestRights(t *testing.T) {
	s := New(Options{})
	const denied = "odoo.exceptions.AccessError: You are not allowed to "
	for _, c := range []struct {
		user          int64
		model, method string
		args          []any
		want          string
	}{
		{6, move, "check_access_rights", []any{"create", false}, "True"},
		{7, move, "check_access_rights", []any{"create", false}, "False"},
		{7, move, "check_access_rights", []any{"create"}, denied + "create"},
		{6, "res.partner", "create", []any{map[string]any{"name": "x"}}, denied + "create"},
		{6, "product.product", "write", []any{int64(1), map[string]any{}}, denied + "modify"},
		{6, "decimal.precision", "search", []any{[]any{}}, denied + "access"},
		{6, externals, "search", []any{[]any{}}, denied + "access"},
		{6, "account.journal", "search", []any{[]any{}}, "[3, 1]"},
		{7, move, "search", []any{[]any{}}, denied + "access"},
		{6, "res.users", "has_group", []any{GroupBilling}, "True"},
		{7, "res.users", "has_group", []any{GroupBilling}, "False"},
		{6, move, "_post", []any{}, "odoo.exceptions.AccessError: Private methods"},
		{2, "res.partner", "write", []any{[]any{int64(999)}, map[string]any{"name": "x"}}, "odoo.exceptions.MissingError: Record does not exist"},
		{2, "res.partner", "read", []any{[]any{int64(999)}}, "[]"},
		{2, "res.partner", "search", []any{}, "builtins.TypeError: search() missing 1 required positional argument: 'domain'"},
		{2, "res.partner", "search", []any{int64(1), int64(2), int64(3), int64(4), int64(5), int64(6)}, "builtins.TypeError: search() takes 6 positional arguments but 7 were given"},
	} {
		if got := as(s, c.user, c.model, c.method, c.args, nil); !strings.HasPrefix(got, c.want) {
			t.Errorf("%d %s.%s%v: got %s, want %s", c.user, c.model, c.method, c.args, got, c.want)
		}
	}
	if got := as(s, 2, "res.partner", "search", []any{[]any{}}, map[string]any{"fields": []any{}}); got != "builtins.TypeError: search() got an unexpected keyword argument 'fields'" {
		t.Error(got)
	}
}

// TestVersions is where versions differ in what they have.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		version int
		field   string // of a model
		has     bool
	}{
		{16, "product.product/detailed_type", true}, {17, "product.product/detailed_type", true}, {18, "product.product/detailed_type", false},
		{17, "res.company/period_lock_date", true}, {18, "res.company/period_lock_date", false}, {18, "res.company/sale_lock_date", true},
		{17, "product.pricelist/discount_policy", true}, {18, "product.pricelist/discount_policy", false},
		{18, "uom.uom/category_id", true}, {19, "uom.uom/category_id", false},
	} {
		model, field, _ := strings.Cut(c.field, "/")
		got := as(New(Options{Version: c.version}), 2, model, "search_read", []any{[]any{}, []any{field}}, nil)
		if has := !strings.Contains(got, "Invalid field"); has != c.has {
			t.Errorf("%d %s: %s", c.version, c.field, got)
		}
	}
	for version, want := range map[int]string{16: "type object 'res.partner' has no attribute 'nothing'", 17: "The method 'nothing' does not exist on the model 'res.partner'"} {
		if got := as(New(Options{Version: version}), 2, "res.partner", "nothing", nil, nil); got != "builtins.AttributeError: "+want {
			t.Error(version, got)
		}
	}
	if got := as(New(Options{Version: 18}), 6, "res.users", "has_group", []any{[]any{int64(6)}, GroupBilling}, nil); got != "True" {
		t.Error(got)
	}
	if got := as(New(Options{Version: 19}), 6, move, "check_access_rights", []any{"read"}, nil); !strings.Contains(got, "does not exist") {
		t.Error(got)
	}
}

// TestMistakesOfATest panic, and say why.
func TestMistakesOfATest(t *testing.T) {
	for name, mistake := range map[string]func(){
		"no Odoo 15":              func() { New(Options{Version: 15}) },
		"Invalid field 'nme'":     func() { New(Options{}).Add("res.partner", Values{"nme": "x"}) },
		"Object res.partnr":       func() { New(Options{}).Set("res.partnr", 1, Values{}) },
		"no decimal precision":    func() { New(Options{}).SetDigits("Prices", 6) },
		"Record does not exist":   func() { New(Options{}).Set("res.partner", 999, Values{"name": "x"}) },
		"Contacts require a name": func() { New(Options{}).Add("res.partner", Values{}) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, name) {
					t.Errorf("%s: %s", name, got)
				}
			}()
			mistake()
		}()
	}
}

// TestCompanies hides the records of other companies, and gives new ones to
// the company of the call.
func TestCompanies(t *testing.T) {
	s := New(Options{})
	other := s.Add("res.company", Values{"name": "Other", "currency_id": s.Find("res.currency", []any{"name", "=", "JPY"})[0]})
	s.Add("account.journal", Values{"name": "Theirs", "code": "OINV", "type": "sale", "company_id": other})
	theirs := s.Add("res.partner", Values{"name": "Theirs", "company_id": other})
	find := []any{[]any{[]any{"name", "=", "Theirs"}}}
	in := func(ids ...int64) map[string]any {
		return map[string]any{"context": map[string]any{"allowed_company_ids": anyList(ids)}}
	}
	if got := as(s, 6, "res.partner", "search", find, nil); got != "[]" {
		t.Errorf("another company's partner: %s", got)
	}
	for _, got := range []string{as(s, 6, "res.partner", "read", []any{[]any{theirs}, []any{"name"}}, nil), as(s, 6, "res.partner", "search", find, in(other))} {
		if !strings.HasPrefix(got, accessError) {
			t.Error(got)
		}
	}
	s.Set("res.users", 6, Values{"company_ids": []int64{Company, other}})
	if got := as(s, 6, "res.partner", "search", find, in(other)); got != fmt.Sprintf("[%d]", theirs) {
		t.Errorf("the user's second company: %s", got)
	}
	if got := as(s, 6, "res.partner", "search", find, in(Company)); got != "[]" {
		t.Errorf("the first company alone: %s", got)
	}
	made := as(s, 6, move, "create", []any{map[string]any{"move_type": "out_invoice"}}, in(other))
	if row := s.Get(move, s.Find(move)[0]); row["company_id"] != other || row["currency_id"] != s.Get("res.company", other)["currency_id"] || row["name"] != "OINV/2026/00001" {
		t.Errorf("%s: %v", made, row)
	}
}
