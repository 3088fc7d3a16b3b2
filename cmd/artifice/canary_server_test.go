package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// A misfortune is a server that does not do what it should.
type misfortune struct {
	name    string
	scheme  string
	address string
	arrived *atomic.Int64 // how often the secret arrived there
	slow    bool          // whether every command takes as long as it may wait
	all     bool          // whether every place meets it with every command
}

// commands are those that are run while it lasts: of those that wait for the
// same silence, one kind.
func (m misfortune) commands(all bool) [][]string {
	switch {
	case m.slow:
		return said[:1]
	case m.all || all:
		return said
	default:
		return brief
	}
}

// places leaves out all but each secret by itself where a place takes long.
func (m misfortune) places(c candidate, all []place) []place {
	if m.slow {
		return slices.DeleteFunc(all, func(p place) bool { return !slices.Contains(c.secrets, p.name) })
	}
	return all
}

// newMisfortunes starts the servers. Those that answer repeat all that they
// were told.
func newMisfortunes(t *testing.T) []misfortune {
	t.Helper()
	var all []misfortune
	add := func(name, scheme, address string) *atomic.Int64 {
		m := misfortune{name: name, scheme: scheme, address: address, arrived: &atomic.Int64{}}
		all = append(all, m)
		return m.arrived
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	add("refused", "http://", nobody.Addr().String())
	noError(t, nobody.Close())

	secure := httptest.NewTLSServer(nil)
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // that nobody trusts it
	add("TLS", "https://", secure.Listener.Addr().String())

	for _, answer := range []struct {
		name   string
		status int
		all    bool
		write  func(echo string) string
	}{
		{"401 text", http.StatusUnauthorized, false, func(echo string) string { return echo }},
		{"500 text", http.StatusInternalServerError, false, func(echo string) string { return echo }},
		{"400 JSON", http.StatusBadRequest, false, jsonEcho},
		{"200 JSON", http.StatusOK, true, jsonEcho},
		{"302", http.StatusFound, false, func(echo string) string { return echo }},
	} {
		arrived := new(atomic.Int64)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			dump, _ := httputil.DumpRequest(r, true)
			echo := string(dump)
			// What is cut short begins with the secret.
			if at := strings.Index(echo, canary); at >= 0 {
				echo = echo[at:] + "\n" + echo
			}
			if user, password, ok := r.BasicAuth(); ok {
				echo = user + ":" + password + "\n" + echo
			}
			if slices.ContainsFunc(traces(), func(trace []byte) bool { return bytes.Contains([]byte(echo), trace) }) {
				arrived.Add(1)
			} else if version := versionAnswer(echo); version != "" {
				fmt.Fprint(w, version)
				return
			}
			w.Header().Set("Location", "/"+strings.ReplaceAll(r.Header.Get("Authorization"), " ", "/")+"?"+r.URL.RawQuery)
			w.WriteHeader(answer.status)
			fmt.Fprint(w, answer.write(echo))
		}))
		t.Cleanup(server.Close)
		all = append(all, misfortune{name: answer.name, scheme: "http://", address: server.Listener.Addr().String(), arrived: arrived, all: answer.all})
	}
	return append(all, newSilence(t))
}

// newSilence starts a server that takes connections, reads, and never answers.
func newSilence(t *testing.T) misfortune {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { noError(t, l.Close()) })
	m := misfortune{name: "silence", scheme: "http://", address: l.Addr().String(), arrived: &atomic.Int64{}, slow: true}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer conn.Close()
				var told bytes.Buffer
				_, _ = io.Copy(&told, conn) // until the client gives up
				if slices.ContainsFunc(traces(), func(trace []byte) bool { return bytes.Contains(told.Bytes(), trace) }) {
					m.arrived.Add(1)
				}
			}()
		}
	}()
	return m
}

// versionAnswer is what Odoo answers to who asks for its version, before a
// secret is sent: "" for any other question.
func versionAnswer(request string) string {
	switch {
	case strings.Contains(request, "<methodName>version<"):
		return `<?xml version="1.0"?><methodResponse><params><param><value><struct>
			<member><name>server_version</name><value><string>17.0</string></value></member>
			<member><name>server_serie</name><value><string>17.0</string></value></member></struct></value></param></params></methodResponse>`
	case strings.Contains(request, `"version"`):
		return `{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "17.0", "server_version_info": [17, 0, 0, "final", 0, ""], "server_serie": "17.0"}}`
	case strings.HasPrefix(request, "GET /web/version") || strings.HasPrefix(request, "GET /canary/web/version"):
		return `{"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}`
	}
	return ""
}

// jsonEcho is an answer as JSON APIs, and JSON-RPC, tell of errors.
func jsonEcho(echo string) string {
	text, _ := json.Marshal(echo) // it is text
	return fmt.Sprintf(`{"jsonrpc": "2.0", "id": 1, "message": %[1]s, "detail": %[1]s, "title": %[1]s,
		"error": {"code": 200, "message": %[1]s, "data": {"name": "odoo.exceptions.AccessDenied", "message": %[1]s, "debug": %[1]s, "arguments": [%[1]s]}}}`, text)
}
