package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"
)

// everyValue are arguments of every kind that a value can be of.
var everyValue = Args{
	IDs(7, 8),
	Pos("vals", map[string]any{"name": "Zürich <&> \"東京\"\r\n\t", "quantity": decimal.RequireFromString("0.0170"), "sequence": 3, "ref": nil,
		"big": int64(1) << 40, "lines": []any{[]any{int64(0), 0, map[string]any{}}}, "tiny": decimal.RequireFromString("0.000000000000000000123")}),
	Named("fields", []string{"a", "b"}),
	Named("records", []map[string]any{{"ok": true}}),
	Context(map[string]any{"lang": "en_US", "active_test": false}),
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		protocol Protocol
		path     string
		header   map[string]string
		body     string
	}{
		{JSONRPC, "/jsonrpc", map[string]string{"Content-Type": "application/json", "Authorization": ""},
			`{"id":1,"jsonrpc":"2.0","method":"call","params":{"args":["bill",6,"c4n4ry-s3cr3t","account.move","write",[[7,8],` +
				`{"big":1099511627776,"lines":[[0,0,{}]],"name":"Zürich <&> \"東京\"\r\n\t","quantity":0.017,"ref":null,"sequence":3,"tiny":0.000000000000000000123}],` +
				`{"context":{"active_test":false,"lang":"en_US"},"fields":["a","b"],"records":[{"ok":true}]}],"method":"execute_kw","service":"object"}}`},
		{XMLRPC, "/xmlrpc/2/object", map[string]string{"Content-Type": "text/xml", "Authorization": ""},
			`<?xml version="1.0"?><methodCall><methodName>execute_kw</methodName><params>` +
				`<param><value><string>bill</string></value></param><param><value><int>6</int></value></param><param><value><string>c4n4ry-s3cr3t</string></value></param>` +
				`<param><value><string>account.move</string></value></param><param><value><string>write</string></value></param>` +
				`<param><value><array><data><value><array><data><value><int>7</int></value><value><int>8</int></value></data></array></value>` +
				`<value><struct><member><name>big</name><value><i8>1099511627776</i8></value></member>` +
				`<member><name>lines</name><value><array><data><value><array><data><value><int>0</int></value><value><int>0</int></value><value><struct></struct></value>` +
				`</data></array></value></data></array></value></member>` +
				`<member><name>name</name><value><string>Zürich &lt;&amp;&gt; &#34;東京&#34;&#xD;&#xA;&#x9;</string></value></member>` +
				`<member><name>quantity</name><value><double>0.017</double></value></member><member><name>ref</name><value><nil/></value></member>` +
				`<member><name>sequence</name><value><int>3</int></value></member><member><name>tiny</name><value><double>0.000000000000000000123</double></value></member>` +
				`</struct></value></data></array></value></param>` +
				`<param><value><struct><member><name>context</name><value><struct><member><name>active_test</name><value><boolean>0</boolean></value></member>` +
				`<member><name>lang</name><value><string>en_US</string></value></member></struct></value></member>` +
				`<member><name>fields</name><value><array><data><value><string>a</string></value><value><string>b</string></value></data></array></value></member>` +
				`<member><name>records</name><value><array><data><value><struct><member><name>ok</name><value><boolean>1</boolean></value></member></struct></value>` +
				`</data></array></value></member></struct></value></param></params></methodCall>`},
		{JSON2, "/json/2/account.move/write", map[string]string{"Content-Type": "application/json; charset=utf-8", "Authorization": "bearer " + canary,
			"X-Odoo-Database": "bill", "User-Agent": "artifice"},
			`{"context":{"active_test":false,"lang":"en_US"},"fields":["a","b"],"ids":[7,8],"records":[{"ok":true}],` +
				`"vals":{"big":1099511627776,"lines":[[0,0,{}]],"name":"Zürich <&> \"東京\"\r\n\t","quantity":0.017,"ref":null,"sequence":3,"tiny":0.000000000000000000123}}`},
	} {
		t.Run(string(c.protocol), func(t *testing.T) {
			seen := false
			at := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
				seen = true
				body, err := io.ReadAll(r.Body)
				if err != nil || string(body) != c.body {
					t.Errorf("sent %s\nwant %s", body, c.body)
				}
				if r.URL.Path != c.path || r.Method != "POST" {
					t.Errorf("sent to %s %s", r.Method, r.URL.Path)
				}
				for name, want := range c.header {
					if got := r.Header.Get(name); got != want {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
				switch c.protocol {
				case JSONRPC:
					jsonAnswer(200, `{"jsonrpc": "2.0", "id": 1, "result": true}`)(w, r)
				case JSON2:
					jsonAnswer(200, `true`)(w, r)
				default:
					io.WriteString(w, xmlResult("<boolean>1</boolean>"))
				}
			})
			var done bool
			if err := mustNew(t, testConfig(t, at, c.protocol)).Call(context.Background(), "account.move", "write", everyValue, &done); err != nil || !done || !seen {
				t.Errorf("%v, %v, seen %v", done, err, seen)
			}
		})
	}
}

func TestArgumentMistakes(t *testing.T) {
	at := serve(t, func(nethttp.ResponseWriter, *nethttp.Request) { t.Error("something was sent") })
	deep := any("x")
	for range 20 {
		deep = []any{deep}
	}
	for _, c := range []struct {
		model, method string
		args          Args
		says          string
	}{
		{"account.move/../x", "read", nil, "no name of a model"},
		{"account.move", "read\r\nX: y", nil, "no name of a model"},
		{"", "read", nil, "no name of a model"},
		{"m", "write", Args{Pos("vals", map[string]any{"lines": []any{"", map[string]any{"name": "ok\x01"}}})}, "vals.lines[1].name: a control character U+0001 at byte 2; take it out"},
		{"m", "write", Args{Pos("rows", []string{"a", "b\x00"})}, "rows[1]: a control character U+0000"},
		{"m", "write", Args{Pos("a", "\xff")}, "a: byte 0 is not UTF-8"},
		{"m", "write", Args{Pos("a", "\ufffe")}, "a: a control character U+FFFE"},
		{"m", "write", Args{Pos("a", map[string]any{"\x07": 1})}, "control character U+0007"},
		{"m", "write", Args{Pos("a", 1.5)}, "a: a float64 cannot be sent"},
		{"m", "write", Args{Pos("a", []map[string]any{{"x": struct{}{}}})}, "a[0].x: a struct {} cannot be sent"},
		{"m", "write", Args{Pos("a", decimal.New(1, 500))}, "a: a number of more than"},
		{"m", "write", Args{Pos("a", deep)}, "nested deeper than 16"},
		{"m", "write", Args{Pos("a", 1), IDs(1)}, "ids: they come first"},
		{"m", "write", Args{Named("a", 1), Pos("b", 1)}, "b: an argument by position comes after one by name"},
		{"m", "write", Args{Named("a", 1), Named("a", 2)}, "a: it is given twice"},
		{"m", "write", Args{Named("a b", 1)}, "wants the name"},
		{"m", "write", Args{Named("context", 1)}, "give it with rpc.IDs or rpc.Context"},
		{"m", "write", Args{{}}, "made by none of"},
	} {
		for _, protocol := range []Protocol{JSONRPC, XMLRPC, JSON2} {
			err := mustNew(t, testConfig(t, at, protocol)).Call(context.Background(), c.model, c.method, c.args, nil)
			if err == nil || !strings.Contains(err.Error(), c.says) || outcomeOf(t, err) != Refused {
				t.Errorf("%v: %v does not say %q", c.args, err, c.says)
			}
		}
	}
}

func TestAuto(t *testing.T) {
	version := func(major any) string {
		return fmt.Sprintf(`{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "x", "server_version_info": [%v, 2, 0, "final", 0, ""], "server_serie": "x", "protocol_version": 1}}`, major)
	}
	xmlVersion := xmlResult(`<struct><member><name>server_version</name><value><string>8.0</string></value></member><member><name>server_version_info</name>` +
		`<value><array><data><value><int>8</int></value><value><int>0</int></value></data></array></value></member></struct>`)
	for _, c := range []struct {
		name  string
		paths map[string]string // and what they answer
		key   bool
		want  Protocol
		major int
		says  string
	}{
		{"17", map[string]string{"/jsonrpc": version(17)}, false, JSONRPC, 17, ""},
		{"17 with a key", map[string]string{"/jsonrpc": version(17)}, true, JSONRPC, 17, ""},
		{"saas", map[string]string{"/jsonrpc": version(`"saas~18"`)}, false, JSONRPC, 18, ""},
		{"19 with a password", map[string]string{"/jsonrpc": version(19)}, false, JSONRPC, 19, ""},
		{"19 with a key", map[string]string{"/jsonrpc": version(19)}, true, JSON2, 19, ""},
		{"22", map[string]string{"/web/version": `{"version_info": [22, 0, 0, "final", 0, ""], "version": "22.0"}`}, true, JSON2, 22, ""},
		{"22 with a password", map[string]string{"/web/version": `{"version_info": [22, 0, 0, "final", 0, ""], "version": "22.0"}`}, false, "", 0, "give an API key"},
		{"XML-RPC only", map[string]string{"/xmlrpc/2/common": xmlVersion}, false, XMLRPC, 8, ""},
		{"a page everywhere", map[string]string{"/jsonrpc": "<html>", "/web/version": "<html>", "/xmlrpc/2/common": "<html>"}, false, "", 0, "no Odoo server answers here"},
		{"nothing", nil, false, "", 0, "no Odoo server answers here"},
		{"out of order", map[string]string{"/jsonrpc": `{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "data": {"name": "psycopg2.OperationalError", "message": "the database system is starting up"}}}`},
			false, "", 0, "version: the database system is starting up"},
		{"no version", map[string]string{"/jsonrpc": `{"jsonrpc": "2.0", "id": 1, "result": {}}`}, false, "", 0, "no Odoo server answers here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				if answer, ok := c.paths[r.URL.Path]; ok {
					io.WriteString(w, answer)
					return
				}
				nethttp.NotFound(w, r)
			}))
			defer server.Close()
			config := testConfig(t, server.URL, Auto)
			config.APIKey = c.key
			client := mustNew(t, config)
			got, err := client.Protocol(context.Background())
			if got != c.want || c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %q, %v", got, err)
			}
			quiet(t, err)
			if err == nil {
				if v, err := client.Version(context.Background()); err != nil || v.Major != c.major {
					t.Errorf("version %+v, %v", v, err)
				}
			}
		})
	}
}

// TestLogin logs in once for many calls, and once more when the server has
// forgotten, or has another user for the name.
func TestLogin(t *testing.T) {
	var mu sync.Mutex
	logins, uid, secret := 0, 6, canary
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		text := string(body)
		switch {
		case strings.Contains(text, `"authenticate"`):
			logins++
			answer := "false"
			if strings.Contains(text, secret) {
				answer = fmt.Sprint(uid)
			}
			jsonAnswer(200, `{"jsonrpc": "2.0", "id": 1, "result": `+answer+`}`)(w, r)
		case !strings.Contains(text, secret):
			jsonAnswer(200, `{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied"}}}`)(w, r)
		case !strings.Contains(text, fmt.Sprintf(`"bill",%d,`, uid)):
			jsonAnswer(200, `{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.MissingError", "message": "Record does not exist or has been deleted.\n(Record: res.users(6,), User: 6)"}}}`)(w, r)
		default:
			jsonAnswer(200, `{"jsonrpc": "2.0", "id": 1, "result": true}`)(w, r)
		}
	}))
	defer server.Close()
	mine := canary
	config := testConfig(t, server.URL, JSONRPC)
	config.Secret = func() (string, error) { return mine, nil }
	c := mustNew(t, config)
	step := func(name string, wantLogins int, wantDenied bool) {
		t.Helper()
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				err := call(c)
				if kind, _ := KindOf(err); (err != nil) != wantDenied || err != nil && kind != AccessDenied {
					t.Errorf("%s: %v", name, err)
				}
				quiet(t, err)
			})
			if wantDenied {
				group.Wait()
			}
		}
		group.Wait()
		if logins != wantLogins {
			t.Errorf("%s: %d logins, want %d", name, logins, wantLogins)
		}
	}
	step("first", 1, false)
	uid = 9
	step("another uid", 2, false)
	secret = "n3w-" + canary
	step("the password has changed", 6, true) // each tries once
	mine = secret
	step("it has changed here too", 7, false)
	if uid, err := c.Login(context.Background()); uid != 9 || err != nil {
		t.Error(uid, err)
	}
}

// TestSecretOfTheCaller passes on why a secret cannot be read, and refuses one
// that would break a header.
func TestSecretOfTheCaller(t *testing.T) {
	gone := errors.New("the file is gone")
	for _, c := range []struct {
		secret string
		err    error
		says   string
	}{{"", gone, "the file is gone"}, {"", nil, "is empty"}, {canary + "\r\nX: y", nil, "more than one line"}, {canary + "\x00", nil, "control character"}} {
		for _, protocol := range []Protocol{JSONRPC, XMLRPC, JSON2} {
			config := testConfig(t, "http://127.0.0.1:1", protocol)
			config.Secret = func() (string, error) { return c.secret, c.err }
			err := call(mustNew(t, config))
			if outcomeOf(t, err) != Refused || !strings.Contains(err.Error(), c.says) {
				t.Error(err)
			}
		}
	}
}
