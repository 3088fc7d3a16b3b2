package rpc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// canary is the password: no error may have it.
const canary = "c4n4ry-s3cr3t"

// testConfig is a config for a server.
func testConfig(t *testing.T, at string, protocol Protocol) Config {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return Config{URL: u, Database: "bill", Username: "billbot", Secret: func() (string, error) { return canary, nil }, APIKey: protocol == JSON2, Protocol: protocol}
}

// serve starts a server that grants every login, and answers calls as answer
// does.
func serve(t *testing.T, answer nethttp.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		switch {
		case strings.Contains(string(body), `"authenticate"`):
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": 6}`)
		case strings.Contains(string(body), "<methodName>authenticate<"):
			io.WriteString(w, xmlResult("<int>6</int>"))
		default:
			answer(w, r)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func xmlResult(value string) string {
	return `<?xml version='1.0'?><methodResponse><params><param><value>` + value + `</value></param></params></methodResponse>`
}

func xmlFaultText(code, text string) string {
	return `<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>` + code +
		`</int></value></member><member><name>faultString</name><value><string>` + text + `</string></value></member></struct></value></fault></methodResponse>`
}

// jsonAnswer is a handler that answers JSON.
func jsonAnswer(status int, body string) nethttp.HandlerFunc {
	return func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// call makes a call whose answer is not looked at.
func call(c *Client) error {
	return c.Call(context.Background(), "account.move", "action_post", Args{IDs(1)}, nil)
}

// quiet fails where an error says the secret, however it is printed.
func quiet(t *testing.T, values ...any) {
	t.Helper()
	for _, value := range values {
		for _, text := range []string{fmt.Sprint(value), fmt.Sprintf("%v", value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value), fmt.Sprintf("%s", value), fmt.Sprintf("%q", value)} {
			if strings.Contains(text, canary) {
				t.Errorf("the secret is told: %s", text)
			}
		}
	}
}
