package rpc

import (
	"context"
	"errors"
	"io"
	nethttp "net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

// A row has a field of each kind that replies have.
type row struct {
	ID       int64           `json:"id"`
	Ref      Text            `json:"ref"`
	Partner  Many2One        `json:"partner_id"`
	Total    decimal.Decimal `json:"amount_total"`
	Quantity decimal.Decimal `json:"quantity"`
	Lines    Records         `json:"invoice_line_ids"`
	Posted   bool            `json:"posted_before"`
}

// TestReplies reads the same rows over each protocol, and no digit is lost.
func TestReplies(t *testing.T) {
	const rows = `[{"id": 7, "ref": false, "partner_id": false, "amount_total": 0.016999999999999998, "quantity": 9007199254740993.5, "invoice_line_ids": [], "posted_before": false, "more": null},
		{"id": 8, "ref": "r\u00e9f <&>", "partner_id": [3, "Al"], "amount_total": 1e-05, "quantity": 5, "invoice_line_ids": [1, 2], "posted_before": true, "more": {}}]`
	const xmlRows = `<array><data><value><struct>
		<member><name>id</name><value><int>7</int></value></member><member><name>ref</name><value><boolean>0</boolean></value></member>
		<member><name>partner_id</name><value><boolean>0</boolean></value></member><member><name>amount_total</name><value><double>0.016999999999999998</double></value></member>
		<member><name>quantity</name><value><double>9007199254740993.5</double></value></member><member><name>invoice_line_ids</name><value><array><data></data></array></value></member>
		<member><name>posted_before</name><value><boolean>0</boolean></value></member><member><name>more</name><value><nil/></value></member>
		</struct></value><value><struct>
		<member><name>id</name><value><i4>8</i4></value></member><member><name>ref</name><value>r&#233;f <!-- no --><![CDATA[<&>]]></value></member>
		<member><name>partner_id</name><value><array><data><value><i8>3</i8></value><value><string>Al</string></value></data></array></value></member>
		<member><name>amount_total</name><value><double>1e-05</double></value></member><member><name>quantity</name><value><double> 5 </double></value></member>
		<member><name>invoice_line_ids</name><value><array><data><value><int>1</int></value><value><int>2</int></value></data></array></value></member>
		<member><name>posted_before</name><value><boolean>1</boolean></value></member><member><name>more</name><value><struct></struct></value></member>
		</struct></value></data></array>`
	want := []row{
		{ID: 7, Total: decimal.RequireFromString("0.016999999999999998"), Quantity: decimal.RequireFromString("9007199254740993.5")},
		{ID: 8, Ref: "réf <&>", Partner: Many2One{3, "Al"}, Total: decimal.RequireFromString("0.00001"), Quantity: decimal.RequireFromString("5"), Lines: Records{1, 2}, Posted: true},
	}
	for protocol, answer := range map[Protocol]string{JSONRPC: `{"jsonrpc": "2.0", "id": 1, "result": ` + rows + `}`, JSON2: rows, XMLRPC: xmlResult(xmlRows)} {
		t.Run(string(protocol), func(t *testing.T) {
			at := serve(t, func(w nethttp.ResponseWriter, _ *nethttp.Request) { io.WriteString(w, answer) })
			c := mustNew(t, testConfig(t, at, protocol))
			var got []row
			if err := c.Call(context.Background(), "account.move", "search_read", nil, &got); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if len(got[i].Lines) == 0 {
					got[i].Lines = nil
				}
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(decimal.Decimal.Equal)); diff != "" {
				t.Error(diff)
			}
			var loose []map[string]any
			if err := c.Call(context.Background(), "account.move", "search_read", nil, &loose); err != nil || loose[0]["amount_total"].(decimal.Decimal).String() != "0.016999999999999998" {
				t.Error(loose, err)
			}
			var wrong []struct {
				ID string `json:"id"`
			}
			err := c.Call(context.Background(), "account.move", "search_read", nil, &wrong)
			if err == nil || outcomeOf(t, err) != Lost || !strings.Contains(err.Error(), "not what was expected") {
				t.Error(err)
			}
		})
	}
}

func TestReplyTypes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`false`, `0 ""|`}, {`null`, `0 ""|`}, {`7`, `7 ""|7`}, {`[7, "x"]`, `7 "x"|`}, {`[7, false]`, `7 ""|`}, {`[7, 8]`, `|7 8`}, {`[7]`, `|7`}, {`[]`, `|`}, {`"7"`, `|`}, {`[1.5]`, `|`}, {`true`, `|`},
	} {
		var one Many2One
		var many Records
		got := ""
		if json.Unmarshal([]byte(c.text), &one) == nil {
			got = itoa(one.ID) + ` "` + one.Name + `"`
		}
		got += "|"
		if json.Unmarshal([]byte(c.text), &many) == nil {
			parts := []string{}
			for _, id := range many {
				parts = append(parts, itoa(id))
			}
			got += strings.Join(parts, " ")
		}
		if got != c.want {
			t.Errorf("%s reads as %s, want %s", c.text, got, c.want)
		}
	}
	var text Text
	for in, want := range map[string]Text{`false`: "", `null`: "", `"x"`: "x", `""`: ""} {
		if err := json.Unmarshal([]byte(in), &text); err != nil || text != want {
			t.Errorf("%s: %q, %v", in, text, err)
		}
	}
	if err := json.Unmarshal([]byte(`true`), &text); err == nil {
		t.Error("true is a text")
	}
}

func itoa(n int64) string { return decimal.NewFromInt(n).String() }

// TestNone reads a method's None over each protocol: it is a success.
func TestNone(t *testing.T) {
	none := xmlFaultText("1", "Traceback (most recent call last):\n  File \"rpc.py\", line 131, in _xmlrpc\n    return xmlrpc.client.dumps((result,), methodresponse=1, allow_none=False)\n"+
		"TypeError: cannot marshal None unless allow_none is enabled\n")
	for protocol, answer := range map[Protocol]string{JSONRPC: `{"jsonrpc": "2.0", "id": 1}`, JSON2: `null`, XMLRPC: none} {
		at := serve(t, func(w nethttp.ResponseWriter, _ *nethttp.Request) { io.WriteString(w, answer) })
		reply := "as it was"
		if err := mustNew(t, testConfig(t, at, protocol)).Call(context.Background(), "account.move", "button_draft", Args{IDs(1)}, &reply); err != nil || reply != "as it was" {
			t.Errorf("%s: %q, %v", protocol, reply, err)
		}
	}
}

// TestFaultsOfJSON2 sorts errors as JSON-2's documentation has them.
func TestFaultsOfJSON2(t *testing.T) {
	for _, c := range []struct {
		status  int
		name    string
		message string
		want    Kind
	}{
		{401, "werkzeug.exceptions.Unauthorized", `"Invalid apikey"`, AccessDenied},
		{403, "odoo.exceptions.AccessError", `"You are not allowed"`, NoAccess},
		{403, "odoo.exceptions.AccessDenied", `"Access Denied"`, AccessDenied},
		{404, "odoo.exceptions.MissingError", `"Record does not exist"`, MissingRecord},
		{404, "werkzeug.exceptions.NotFound", `"the model 'x' does not exist"`, BadCall},
		{422, "odoo.exceptions.UserError", `"must be in draft"`, Invalid},
		{422, "odoo.exceptions.ValidationError", `"The operation cannot be completed: duplicate key value violates unique constraint \"x\""`, Duplicate},
		{422, "werkzeug.exceptions.UnprocessableEntity", `"missing a required argument: 'vals'"`, BadCall},
		{500, "psycopg2.errors.SerializationFailure", `"could not serialize access due to concurrent update"`, Concurrency},
		{500, "psycopg2.OperationalError", `"the database system is shutting down"`, Unavailable},
		{500, "builtins.ValueError", `"External ID not found in the system: a.b"`, MissingRecord},
		{500, "builtins.KeyError", `7`, BadCall},
		{500, "acme.Strange", `null`, Other},
	} {
		at := serve(t, jsonAnswer(c.status, `{"name": "`+c.name+`", "message": `+c.message+`, "arguments": ["`+canary+`"], "context": {}, "debug": "Traceback `+canary+`"}`))
		err := call(mustNew(t, testConfig(t, at, JSON2)))
		var fault *Fault
		if !errors.As(err, &fault) || fault.Kind != c.want || fault.Name != c.name {
			t.Errorf("%s: %v (%T), want %v", c.name, err, err, c.want)
			continue
		}
		quiet(t, err, *fault)
		if Retryable(err) != (c.want == Concurrency) || Unknown(err) != (c.want == Unavailable) {
			t.Errorf("%s: retryable %v, unknown %v", c.name, Retryable(err), Unknown(err))
		}
	}
}

// TestEchoedSecret has servers say the secret wherever they can.
func TestEchoedSecret(t *testing.T) {
	for _, c := range []struct {
		protocol Protocol
		status   int
		answer   string
	}{
		{JSONRPC, 200, `{"jsonrpc": "2.0", "id": 1, "error": {"code": "` + canary + `", "message": "` + canary + `", "data": {"name": "` + canary + `", "message": "x ` + canary + `", "debug": "` + canary + `"}}}`},
		{JSONRPC, 200, `{"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "` + canary + `"}}`},
		{JSONRPC, 200, canary},
		{JSONRPC, 200, `{"` + canary + `": 1, "` + canary + `": 2}`},
		{JSONRPC, 200, `{"jsonrpc": "` + canary + `"}`},
		{JSONRPC, 200, `{"jsonrpc": "2.0", "id": 1, "result": {"ID": "` + canary + `"}}`},
		{XMLRPC, 200, xmlFaultText("1", "Traceback (most recent call last):\n  File\n"+canary+": "+canary)},
		{XMLRPC, 200, xmlFaultText("3", canary)},
		{XMLRPC, 200, "<" + canary + ">"},
		{XMLRPC, 200, xmlResult("<" + canary + "/>")},
		{XMLRPC, 200, xmlResult("<int>" + canary + "</int>")},
		{JSON2, 500, `{"name": "` + canary + `", "message": "` + canary + `"}`},
		{JSON2, 400, `"` + canary + `"`},
		{JSON2, 200, `{"ID": "` + canary + `"}`},
	} {
		at := serve(t, jsonAnswer(c.status, c.answer))
		var reply struct{ ID int64 }
		err := mustNew(t, testConfig(t, at, c.protocol)).Call(context.Background(), "account.move", "read", nil, &reply)
		if err == nil {
			t.Errorf("%s: no error", c.answer)
		}
		quiet(t, err)
		var fault *Fault
		if errors.As(err, &fault) {
			quiet(t, fault, *fault)
		}
		for wrapped := errors.Unwrap(err); wrapped != nil; wrapped = errors.Unwrap(wrapped) {
			quiet(t, wrapped)
		}
	}
	quiet(t, mustNew(t, testConfig(t, "http://erp.example", JSON2)), testConfig(t, "http://erp.example", JSON2))
}

// TestOneLine makes what a server says safe to print.
func TestOneLine(t *testing.T) {
	f := &Fault{Model: "m", Method: "x", Message: "a\n\n\tb\x1b[31m c" + strings.Repeat("é", 600)}
	text := f.Error()
	if !strings.HasPrefix(text, "m.x: a b [31m cééé") || len(text) > 620 || strings.ContainsAny(text, "\n\t\x1b") || !strings.HasSuffix(text, "...") {
		t.Errorf("%q", text)
	}
}
