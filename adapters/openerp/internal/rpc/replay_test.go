package rpc

import (
	"context"
	"fmt"
	"io"
	nethttp "net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/recorded"
	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest/wire"
)

// A player answers a login with the recorded user, and any other request with
// the recorded answer. It keeps the request.
type player struct {
	exchange recorded.Exchange
	uid      int64
	login    bool // the exchange is the login itself
	got      *nethttp.Request
	body     []byte
}

func (p *player) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	reply := func(status int, contentType, text string) *nethttp.Response {
		return &nethttp.Response{StatusCode: status, Header: nethttp.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}
	}
	if !p.login && strings.Contains(string(body), "authenticate") && p.uid != 0 {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") {
			return reply(200, "text/xml", fmt.Sprintf("<methodResponse><params><param><value><int>%d</int></value></param></params></methodResponse>", p.uid)), nil
		}
		return reply(200, "application/json", fmt.Sprintf(`{"jsonrpc": "2.0", "id": 1, "result": %d}`, p.uid)), nil
	}
	p.got, p.body = r, body
	contentType := "text/html"
	if p.exchange.Status == 200 {
		contentType = "text/xml"
		if p.exchange.JSON {
			contentType = "application/json"
		}
	}
	return reply(p.exchange.Status, contentType, string(p.exchange.Response)), nil
}

// TestReplay makes every recorded call anew, compares what is sent with what
// was, and sorts what comes back.
func TestReplay(t *testing.T) {
	t.Run("excerpt", func(t *testing.T) { replayAll(t, filepath.Join("testdata", "odoo17"), 49, 26) })
	t.Run("odoo16", func(t *testing.T) { replayAll(t, filepath.Join(recorded.Dir(t), "odoo16"), 314, 65) })
	t.Run("odoo17", func(t *testing.T) { replayAll(t, filepath.Join(recorded.Dir(t), "odoo17"), 266, 69) })
}

func replayAll(t *testing.T, dir string, calls, faults int) {
	gotCalls, gotFaults := 0, 0
	for _, e := range recorded.Read(t, dir) {
		p := &player{exchange: e}
		err, ok := replayOne(t, p)
		if !ok {
			continue
		}
		gotCalls++
		if failed := isFault(t, e); failed != (err != nil) {
			t.Errorf("%s: err = %v", e.Name, err)
		} else if failed {
			gotFaults++
			checkFault(t, e, err)
		}
	}
	if gotCalls != calls || gotFaults != faults {
		t.Errorf("replayed %d calls, %d of them faults; want %d and %d", gotCalls, gotFaults, calls, faults)
	}
}

// replayOne makes the call of an exchange. ok is false for one that the client
// cannot make: of another service, or not well-formed.
func replayOne(t *testing.T, p *player) (err error, ok bool) {
	e := p.exchange
	method, params, parseErr := e.Call()
	known := e.Path == "/jsonrpc" || e.Path == "/xmlrpc/2/object" || e.Path == "/xmlrpc/2/common"
	if parseErr != nil || !known || e.Method != "POST" || e.Status != 200 {
		return nil, false
	}
	config := Config{URL: &url.URL{Scheme: "http", Host: "erp.example"}, Protocol: XMLRPC, Transport: p}
	if e.JSON {
		config.Protocol = JSONRPC
	}
	secret := "secret"
	config.Database, config.Username = "bill", "admin"
	config.Secret = func() (string, error) { return secret, nil }
	ctx := context.Background()
	switch {
	case method == "version" && len(params) == 0:
		c := mustNew(t, config)
		v, err := c.Version(ctx)
		if err == nil && (v.Major < 16 || v.Major > 17) {
			t.Errorf("%s: version %v", e.Name, v)
		}
		return err, sameRequest(t, e, p)
	case method == "authenticate" && len(params) == 4:
		config.Database, config.Username, secret = params[0].(string), params[1].(string), params[2].(string)
		p.login = true
		_, err := mustNew(t, config).Login(ctx)
		return err, sameRequest(t, e, p)
	case method == "execute_kw" && len(params) >= 6:
		config.Database, secret, p.uid = params[0].(string), params[2].(string), params[1].(int64)
		list, _ := params[5].([]any)
		var kw map[string]any
		if len(params) > 6 {
			kw = params[6].(map[string]any)
		}
		var reply any
		model, name := params[3].(string), params[4].(string)
		err := mustNew(t, config).Call(ctx, model, name, argsOf(list, kw), &reply)
		if control(e.Name) {
			return err, false // checked by TestControlCharacters
		}
		if !sameRequest(t, e, p) {
			t.Errorf("%s: %v", e.Name, err)
			return err, false
		}
		if err == nil {
			sameReply(t, e, reply)
		}
		return err, true
	}
	return nil, false
}

func control(name string) bool { return strings.HasSuffix(name, "nil-bytes-control") }

func mustNew(t *testing.T, config Config) *Client {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// argsOf makes arguments of what execute_kw got.
func argsOf(list []any, kw map[string]any) Args {
	var args Args
	for i, value := range list {
		args = append(args, Pos(fmt.Sprintf("arg%d", i), value))
	}
	for name, value := range kw {
		if ctx, ok := value.(map[string]any); ok && name == "context" {
			args = append(args, Context(ctx))
			continue
		}
		args = append(args, Named(name, value))
	}
	return args
}

// sameRequest compares what was sent with what was recorded, field by field.
func sameRequest(t *testing.T, e recorded.Exchange, p *player) bool {
	t.Helper()
	if p.got == nil {
		t.Errorf("%s: nothing was sent", e.Name)
		return false
	}
	if p.got.URL.Path != e.Path || p.got.Method != e.Method {
		t.Errorf("%s: sent to %s %s, not %s %s", e.Name, p.got.Method, p.got.URL.Path, e.Method, e.Path)
	}
	var got, want any
	var err, wantErr error
	if e.JSON {
		got, err = wire.ParseJSON(p.body)
		want, wantErr = wire.ParseJSON(e.Request)
	} else {
		got, err = parsedCall(p.body)
		want, wantErr = parsedCall(e.Request)
	}
	if err != nil || wantErr != nil {
		t.Errorf("%s: %v, %v", e.Name, err, wantErr)
		return false
	}
	if diff := differ("", got, want); diff != "" {
		t.Errorf("%s: sent something else: %s", e.Name, diff)
		return false
	}
	return true
}

func parsedCall(body []byte) (any, error) {
	method, params, err := wire.ParseCall(body)
	return []any{method, params}, err
}

// differ says where two values differ, or nothing.
func differ(path string, got, want any) string {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: got %v, want %v", path, got, want)
		}
		for i := range w {
			if diff := differ(fmt.Sprintf("%s[%d]", path, i), g[i], w[i]); diff != "" {
				return diff
			}
		}
		return ""
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: got %v, want %v", path, got, want)
		}
		for name := range w {
			if diff := differ(path+"."+name, g[name], w[name]); diff != "" {
				return diff
			}
		}
		return ""
	case decimal.Decimal:
		if g, ok := got.(decimal.Decimal); ok && g.Equal(w) {
			return ""
		}
		return fmt.Sprintf("%s: got %v, want %v", path, got, want)
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("%s: got %#v, want %#v", path, got, want)
	}
	return ""
}

// sameReply compares what the client read with what another reader does.
func sameReply(t *testing.T, e recorded.Exchange, reply any) {
	t.Helper()
	var want any
	var err error
	if e.JSON {
		var all any
		if all, err = wire.ParseJSON(e.Response); err == nil {
			want = all.(map[string]any)["result"]
		}
	} else {
		var fault bool
		if want, fault, err = wire.ParseResponse(e.Response); fault {
			want = nil // a None, which was served
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	if diff := differ("", reply, asDecimals(want)); diff != "" {
		t.Errorf("%s: read something else: %s", e.Name, diff)
	}
}

// asDecimals makes decimals of whole numbers too: into an any, the client
// reads nothing else.
func asDecimals(value any) any {
	switch v := value.(type) {
	case int64:
		return decimal.NewFromInt(v)
	case []any:
		for i := range v {
			v[i] = asDecimals(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = asDecimals(v[name])
		}
	}
	return value
}
