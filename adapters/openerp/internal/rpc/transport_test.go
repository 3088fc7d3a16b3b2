package rpc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// outcomeOf is the outcome of a call without an answer.
func outcomeOf(t *testing.T, err error) Outcome {
	t.Helper()
	var transport *TransportError
	if !errors.As(err, &transport) {
		t.Fatalf("%v (%T) is no transport error", err, err)
	}
	quiet(t, err, transport, *transport)
	if Unknown(err) != (transport.Outcome == Lost) || Retryable(err) != (transport.Outcome == NotSent) {
		t.Errorf("%v: unknown %v, retryable %v", err, Unknown(err), Retryable(err))
	}
	return transport.Outcome
}

func TestOutcomeOfAnswers(t *testing.T) {
	page := func(status int) nethttp.HandlerFunc {
		return func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			io.WriteString(w, "<html>"+canary+"</html>")
		}
	}
	for _, c := range []struct {
		name   string
		answer nethttp.HandlerFunc
		want   Outcome
		says   string
	}{
		{"200 with a page", page(200), Lost, "cannot be read"},
		{"400", page(400), Refused, "400 Bad Request"},
		{"404", page(404), Refused, "404 Not Found"},
		{"405", page(405), Refused, "405"},
		{"413", page(413), Refused, "413"},
		{"429", page(429), NotSent, "429"},
		{"408", page(408), Lost, "408"},
		{"500", page(500), Lost, "500"},
		{"502", page(502), Lost, "502"},
		{"503", page(503), Lost, "503"},
		{"504", page(504), Lost, "504"},
		{"500 without a body", func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(500) }, Lost, "500"},
		{"502 in JSON", jsonAnswer(502, `{"error": "no upstream"}`), Lost, "502"},
		{"500 in JSON", jsonAnswer(500, `{"oops": true}`), Lost, "cannot be read"},
		{"403 in JSON", jsonAnswer(403, `{"oops": true}`), Refused, "cannot be read"},
		{"201", page(201), Lost, "201"},
		{"204", func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(204) }, Lost, "204"},
		{"closed", func(nethttp.ResponseWriter, *nethttp.Request) { panic(nethttp.ErrAbortHandler) }, Lost, "EOF"},
		{"cut", func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"jsonrpc"`)
			nethttp.NewResponseController(w).Flush()
			panic(nethttp.ErrAbortHandler)
		}, Lost, "cut short"},
		{"too large", func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": "`+strings.Repeat("x", 5000)+`"}`)
		}, Lost, "larger than 4096 bytes"},
		{"another call's", jsonAnswer(200, `{"jsonrpc": "2.0", "id": 2, "result": true}`), Lost, "another call"},
		{"not JSON-RPC", jsonAnswer(200, `{"result": true}`), Lost, "not JSON-RPC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := testConfig(t, serve(t, c.answer), JSONRPC)
			config.Limits.Bytes = 4096
			err := call(mustNew(t, config))
			if got := outcomeOf(t, err); got != c.want || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v: %v\nwant %v: ...%s...", got, err, c.want, c.says)
			}
			if !strings.HasPrefix(err.Error(), "account.move.action_post: ") {
				t.Errorf("%v does not say what was called", err)
			}
		})
	}
}

// TestGateways are answers of a proxy's, though they look like JSON-2's: what
// the server behind it did is not known.
func TestGateways(t *testing.T) {
	for status, want := range map[int]bool{500: false, 502: true, 503: true, 504: true} {
		at := serve(t, jsonAnswer(status, `{"name": "odoo.exceptions.UserError", "message": "no"}`))
		if err := call(mustNew(t, testConfig(t, at, JSON2))); err == nil || Unknown(err) != want {
			t.Errorf("%d: %v, unknown %v", status, err, Unknown(err))
		}
	}
}

// TestRedirect looks that no other host gets the secret.
func TestRedirect(t *testing.T) {
	for _, protocol := range []Protocol{JSONRPC, XMLRPC, JSON2, Auto} {
		t.Run(string(protocol), func(t *testing.T) {
			other := httptest.NewServer(nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) { t.Error("the redirect was followed") }))
			defer other.Close()
			server := httptest.NewServer(nethttp.RedirectHandler(other.URL+"/elsewhere?x="+canary, nethttp.StatusTemporaryRedirect))
			defer server.Close()
			err := call(mustNew(t, testConfig(t, server.URL, protocol)))
			if outcomeOf(t, err) != Refused || !strings.Contains(err.Error(), other.URL+"; put the right address into url") {
				t.Error(err)
			}
		})
	}
}

func TestNotSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	listener.Close()
	secure := httptest.NewUnstartedServer(nethttp.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name, url string
		ctx       context.Context
	}{
		{"refused", closed, context.Background()},
		{"no such host", "http://nothing.invalid", context.Background()},
		{"a certificate of nobody's", secure.URL, context.Background()},
		{"cancelled before", closed, cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := mustNew(t, testConfig(t, c.url, JSONRPC))
			err := client.Call(c.ctx, "account.move", "action_post", Args{IDs(1)}, nil)
			if got := outcomeOf(t, err); got != NotSent {
				t.Errorf("got %v: %v", got, err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(jsonAnswer(200, `{"jsonrpc": "2.0", "id": 1, "result": 6}`))
	defer server.Close()
	config := testConfig(t, server.URL, JSONRPC)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	config.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if err := call(mustNew(t, config)); err != nil {
		t.Error(err)
	}
}

func TestTimeout(t *testing.T) {
	for name, stall := range map[string]nethttp.HandlerFunc{
		"before the answer": func(_ nethttp.ResponseWriter, r *nethttp.Request) { <-r.Context().Done() },
		"within the answer": func(w nethttp.ResponseWriter, r *nethttp.Request) {
			io.WriteString(w, `{"jsonrpc": "2.0", `)
			nethttp.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := testConfig(t, serve(t, stall), JSONRPC)
			config.Timeout = 300 * time.Millisecond
			c := mustNew(t, config)
			c.uid = 6 // or a login, too, would have to be in time
			err := call(c)
			if outcomeOf(t, err) != Lost || !strings.Contains(err.Error(), "no answer within 300ms") || !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		t.Run(name+", cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			handler := func(w nethttp.ResponseWriter, r *nethttp.Request) {
				cancel()
				stall(w, r)
			}
			err := mustNew(t, testConfig(t, serve(t, handler), JSONRPC)).Call(ctx, "account.move", "action_post", nil, nil)
			if outcomeOf(t, err) != Lost || !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

// TestNothingIsSentTwice counts what a server gets: whatever goes wrong, one
// call is one request.
func TestNothingIsSentTwice(t *testing.T) {
	var mu sync.Mutex
	requests, peers := 0, map[string]bool{}
	at := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		mu.Lock()
		requests++
		peers[r.RemoteAddr] = true
		third := requests == 3
		mu.Unlock()
		if third {
			jsonAnswer(200, `{"jsonrpc": "2.0", "id": 1, "result": true}`)(w, r)
			return
		}
		panic(nethttp.ErrAbortHandler)
	})
	c := mustNew(t, testConfig(t, at, JSONRPC))
	for i := 1; i <= 4; i++ {
		if err := call(c); Unknown(err) != (i != 3) {
			t.Error(err)
		}
		// Each has a connection of its own: an old one could be closed under it.
		mu.Lock()
		if requests != i || len(peers) != i {
			t.Errorf("%d requests over %d connections for %d calls", requests, len(peers), i)
		}
		mu.Unlock()
	}
}

func TestConfigMistakes(t *testing.T) {
	config := testConfig(t, "ftp://user:"+canary+"@erp.example/x?db=1#y", "soap")
	config.Database, config.Username, config.Secret, config.Timeout = "", "a\x00b", nil, -time.Second
	_, err := New(config)
	want := []string{"url: wants http or https", "protocol: wants auto", "database: wants", "username: a control character U+0000", "password: wants", "timeout: wants"}
	for _, text := range want {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %q", err, text)
		}
	}
	quiet(t, err)
	for at, text := range map[string]string{
		"http://u:" + canary + "@erp.example": "user or a password", "http://erp.example/?x=" + canary: "query", "erp.example": "wants the server's address",
	} {
		_, err := New(testConfig(t, at, JSONRPC))
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", at, err)
		}
		quiet(t, err)
	}
	if _, err := New(Config{}); err == nil {
		t.Error("no config is one")
	}
	config = testConfig(t, "https://erp.example", JSON2)
	config.APIKey, config.Database, config.Username = false, "", ""
	if _, err := New(config); err == nil || !strings.Contains(err.Error(), "API key") {
		t.Error(err)
	}
}

// TestPath calls a server that is below a path.
func TestPath(t *testing.T) {
	at := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		jsonAnswer(200, fmt.Sprintf(`{"jsonrpc": "2.0", "id": 1, "result": %q}`, r.URL.Path))(w, r)
	})
	var path string
	if err := mustNew(t, testConfig(t, at+"/odoo/", JSONRPC)).Call(context.Background(), "res.partner", "search", nil, &path); err != nil || path != "/odoo/jsonrpc" {
		t.Error(path, err)
	}
}
