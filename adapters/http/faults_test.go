package http

import (
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// status answers with a status and header lines, and does nothing else.
func status(code int, header ...string) fault {
	return func(w nethttp.ResponseWriter, _ *nethttp.Request, _ func()) { respond(w, code, header) }
}

// served does what is asked, and then answers otherwise.
func served(code int, header ...string) fault {
	return func(w nethttp.ResponseWriter, _ *nethttp.Request, serve func()) {
		serve()
		respond(w, code, header)
	}
}

func respond(w nethttp.ResponseWriter, code int, header []string) {
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		w.Header()[name] = []string{value}
	}
	w.WriteHeader(code)
}

// raw does what is asked or not, writes bytes to the connection and cuts it.
func raw(do bool, text string) fault {
	return func(w nethttp.ResponseWriter, _ *nethttp.Request, serve func()) {
		if do {
			serve()
		}
		conn, _, err := w.(nethttp.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// slow does what is asked, begins to answer or not, and then says nothing more
// until it is left alone.
func slow(begin bool) fault {
	return func(w nethttp.ResponseWriter, r *nethttp.Request, serve func()) {
		serve()
		if begin {
			w.Header().Set("Location", "/x")
			w.WriteHeader(nethttp.StatusCreated)
			_, _ = io.WriteString(w, `{"id": "`)
			_ = nethttp.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

// endless does what is asked and answers with text without an end.
func endless(head string, code int) fault {
	return func(w nethttp.ResponseWriter, _ *nethttp.Request, serve func()) {
		serve()
		w.Header().Set("Location", "/invoices/x")
		w.WriteHeader(code)
		_, err := io.WriteString(w, head)
		for line := strings.Repeat(" ", 1<<16); err == nil; {
			_, err = io.WriteString(w, line)
		}
	}
}

func body(text string) fault {
	return func(w nethttp.ResponseWriter, _ *nethttp.Request, serve func()) {
		serve()
		w.WriteHeader(nethttp.StatusOK)
		_, _ = io.WriteString(w, text)
	}
}

func location(text string) fault { return served(nethttp.StatusCreated, "Location: "+text) }

// TestFaults commits one invoice to a receiver that does everything wrong.
// What the engine does next depends on the class alone: after "later" and
// "permanent" the invoice is certainly not there.
func TestFaults(t *testing.T) {
	const ok = "/invoices/" + testKey
	s := time.Second
	// 1+2+4+8+16+30+30 = 91 s; another 30 would be more than two minutes.
	all := []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s}
	id := func(c *Config) { c.Reference = "/id" }
	quick := func(c *Config) { c.Timeout = 50 * time.Millisecond }
	repeats := func(c *Config) { c.Idempotent = true }
	for _, tc := range []struct {
		name      string
		config    func(*Config)
		faults    []fault
		reference string // or
		class     string
		message   string // a part of it
		requests  int
		waits     []time.Duration
		saved     bool
	}{
		{name: "good", reference: ok, requests: 1, saved: true},
		{name: "good, 200", faults: []fault{served(200, "Location: /7")}, reference: "/7", requests: 1, saved: true},
		{name: "good, 204", faults: []fault{served(204, "Location: /7")}, reference: "/7", requests: 1, saved: true},
		{name: "good, a pointer", config: id, reference: "id-" + testKey, requests: 1, saved: true},
		{name: "good, a number", config: func(c *Config) { c.Reference = "/number" }, reference: "12", requests: 1, saved: true},
		{name: "good, a deep pointer", config: func(c *Config) { c.Reference = "/at/a~1b/1" }, reference: "y", requests: 1, saved: true},

		// What the receiver says it did not do.
		{name: "400", faults: []fault{status(400)}, class: "permanent", message: "answered 400 Bad Request", requests: 1},
		{name: "401", faults: []fault{status(401)}, class: "permanent", message: "look at bearer", requests: 1},
		{name: "403", faults: []fault{status(403)}, class: "permanent", requests: 1},
		{name: "404", faults: []fault{status(404)}, class: "permanent", message: "(look at url)", requests: 1},
		{name: "405", faults: []fault{status(405)}, class: "permanent", requests: 1},
		{name: "410", faults: []fault{status(410)}, class: "permanent", requests: 1},
		{name: "413", faults: []fault{status(413)}, class: "permanent", requests: 1},
		{name: "422", faults: []fault{status(422)}, class: "permanent", message: "other content under this key", requests: 1},
		{name: "422 with repeats", config: repeats, faults: []fault{status(422)}, class: "permanent", requests: 1},
		{name: "307", faults: []fault{status(307, "Location: /elsewhere")}, class: "permanent", message: "redirects are not followed", requests: 1},
		{name: "308", faults: []fault{status(308, "Location: /elsewhere")}, class: "permanent", requests: 1},

		// What it says it cannot do now.
		{name: "429 once", faults: []fault{status(429)}, reference: ok, requests: 2, waits: all[:1], saved: true},
		{name: "429 three times", faults: []fault{status(429), status(429), status(429)}, reference: ok, requests: 4, waits: all[:3], saved: true},
		{name: "429 for ever", faults: slices.Repeat([]fault{status(429)}, 20), class: "later", message: "answered 429", requests: 8, waits: all},
		{name: "Retry-After in seconds", faults: []fault{status(429, "Retry-After: 7")}, reference: ok, requests: 2, waits: []time.Duration{8 * s}, saved: true},
		{name: "Retry-After as a date", faults: []fault{status(429, "Retry-After: Mon, 02 Sep 2013 00:01:00 GMT")}, reference: ok, requests: 2, waits: []time.Duration{61 * s}, saved: true},
		{name: "Retry-After in the past", faults: []fault{status(429, "Retry-After: Mon, 02 Sep 1999 00:01:00 GMT")}, reference: ok, requests: 2, waits: all[:1], saved: true},
		{name: "Retry-After after the budget", faults: []fault{status(429, "Retry-After: 120")}, class: "later", requests: 1},
		{name: "Retry-After without an end", faults: []fault{status(429, "Retry-After: 99999999999999999999")}, class: "later", requests: 1},
		{name: "Retry-After of nonsense", faults: []fault{status(429, "Retry-After: -3")}, reference: ok, requests: 2, waits: all[:1], saved: true},
		{name: "no budget", config: func(c *Config) { c.RetryFor = 0 }, faults: []fault{status(429)}, class: "later", requests: 1},
		{name: "429, then 400", faults: []fault{status(429), status(400)}, class: "permanent", requests: 2, waits: all[:1]},
		{name: "503, repeated", config: repeats, faults: []fault{served(503), status(503)}, reference: ok, requests: 3, waits: all[:2], saved: true},
		{name: "503 for ever, repeated", config: repeats, faults: slices.Repeat([]fault{status(503)}, 20), class: "later", message: "answered 503", requests: 8, waits: all},

		// What nobody can tell.
		{name: "409", faults: []fault{status(409)}, class: "unknown", message: "still being worked on", requests: 1},
		{name: "408", faults: []fault{served(408)}, class: "unknown", requests: 1, saved: true},
		{name: "500", faults: []fault{served(500)}, class: "unknown", requests: 1, saved: true},
		{name: "501", faults: []fault{status(501)}, class: "unknown", requests: 1},
		{name: "502", faults: []fault{served(502)}, class: "unknown", requests: 1, saved: true},
		{name: "503", faults: []fault{served(503, "Retry-After: 5")}, class: "unknown", message: "or by a proxy after it", requests: 1, saved: true},
		{name: "504", faults: []fault{served(504)}, class: "unknown", requests: 1, saved: true},
		{name: "599", faults: []fault{served(599)}, class: "unknown", message: "answered 599", requests: 1, saved: true},
		{name: "202", faults: []fault{status(202, "Location: /7")}, class: "unknown", message: "does not say that the invoice is saved", requests: 1},
		{name: "206", faults: []fault{status(206, "Location: /7")}, class: "unknown", requests: 1},
		{name: "302", faults: []fault{served(302, "Location: /elsewhere")}, class: "unknown", message: "redirects are not followed", requests: 1, saved: true},
		{name: "303", faults: []fault{served(303, "Location: /elsewhere")}, class: "unknown", requests: 1, saved: true},
		{name: "429, then 500", faults: []fault{status(429), served(500)}, class: "unknown", requests: 2, waits: all[:1], saved: true},
		{name: "cut before", faults: []fault{raw(false, "")}, class: "unknown", message: "the answer was lost", requests: 1},
		{name: "cut after", faults: []fault{raw(true, "")}, class: "unknown", message: "the answer was lost", requests: 1, saved: true},
		{name: "cut within the status", faults: []fault{raw(true, "HTTP/1.1 20")}, class: "unknown", requests: 1, saved: true},
		{name: "cut within the header", faults: []fault{raw(true, "HTTP/1.1 201 Created\r\nLocation: /7")}, class: "unknown", requests: 1, saved: true},
		{name: "cut within the body", config: id, faults: []fault{raw(true, "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"id\":")}, class: "unknown", requests: 1, saved: true},
		{name: "cut within a body that nobody needs", faults: []fault{raw(true, "HTTP/1.1 201 Created\r\nLocation: /7\r\nContent-Length: 99\r\n\r\n{\"id\":")}, reference: "/7", requests: 1, saved: true},
		{name: "not HTTP", faults: []fault{raw(true, "220 mail.example.org ESMTP\r\n")}, class: "unknown", requests: 1, saved: true},
		{name: "a header without an end", faults: []fault{raw(true, "HTTP/1.1 201 Created\r\nX: "+strings.Repeat("x", 1<<20))}, class: "unknown", requests: 1, saved: true},
		{name: "slow", config: quick, faults: []fault{slow(false)}, class: "unknown", message: "no answer within the time that timeout gives", requests: 1, saved: true},
		{name: "slow within the body", config: func(c *Config) { quick(c); id(c) }, faults: []fault{slow(true)}, class: "unknown", requests: 1, saved: true},
		{name: "slow within a body that nobody needs", config: quick, faults: []fault{slow(true)}, reference: "/x", requests: 1, saved: true},
		{name: "huge", config: id, faults: []fault{endless(`{"id": "7"`, 201)}, class: "unknown", message: "larger than max_answer", requests: 1, saved: true},
		{name: "huge and not needed", faults: []fault{endless("", 201)}, reference: "/invoices/x", requests: 1, saved: true},
		{name: "huge and wrong", faults: []fault{endless("no", 400)}, class: "permanent", message: `"no"`, requests: 1, saved: true},

		// Saved, but what it is called is not known.
		{name: "no Location", faults: []fault{served(201)}, class: "unknown", message: "set reference to a JSON pointer", requests: 1, saved: true},
		{name: "no Location is not mended by a repeat", config: repeats, faults: []fault{served(201)}, class: "unknown", requests: 1, saved: true},
		{name: "a control character in Location", faults: []fault{raw(true, "HTTP/1.1 201 Created\r\nLocation: /a\x1b[31m\r\n\r\n")}, class: "unknown", requests: 1, saved: true},
		{name: "Location that is not UTF-8", faults: []fault{location("/a\xff")}, class: "unknown", message: "cannot be printed", requests: 1, saved: true},
		{name: "Location that turns the line", faults: []fault{location("/a\u202eb")}, class: "unknown", message: "cannot be printed", requests: 1, saved: true},
		{name: "long Location", faults: []fault{location("/" + strings.Repeat("a", 1024))}, class: "unknown", message: "1025 bytes", requests: 1, saved: true},
		{name: "malformed JSON", config: id, faults: []fault{body(`{"id": 7`)}, class: "unknown", message: "not JSON", requests: 1, saved: true},
		{name: "no JSON", config: id, faults: []fault{body("<html>")}, class: "unknown", message: "not JSON", requests: 1, saved: true},
		{name: "no body", config: id, faults: []fault{served(204)}, class: "unknown", message: "not JSON", requests: 1, saved: true},
		{name: "no such member", config: id, faults: []fault{body(`{"ID": 7}`)}, class: "unknown", message: "/id: its answer has no such member", requests: 1, saved: true},
		{name: "no string", config: id, faults: []fault{body(`{"id": {"id": 7}}`)}, class: "unknown", message: "neither a string nor a whole number", requests: 1, saved: true},
		{name: "a fraction", config: id, faults: []fault{body(`{"id": 7.5}`)}, class: "unknown", message: "neither a string nor a whole number", requests: 1, saved: true},
		{name: "an empty string", config: id, faults: []fault{body(`{"id": ""}`)}, class: "unknown", message: "/id is empty", requests: 1, saved: true},
		{name: "a control character", config: id, faults: []fault{body(`{"id": "a\u0000\n"}`)}, class: "unknown", message: "cannot be printed", requests: 1, saved: true},
		{name: "the member twice", config: id, faults: []fault{body(`{"id": 7, "id": 8}`)}, class: "unknown", requests: 1, saved: true},

		// A receiver that keeps keys mends what is lost.
		{name: "lost, repeated", config: repeats, faults: []fault{raw(true, "")}, reference: ok, requests: 2, waits: all[:1], saved: true},
		{name: "500, 409, repeated", config: repeats, faults: []fault{served(500), status(409)}, reference: ok, requests: 3, waits: all[:2], saved: true},
		{name: "cut within the body, repeated", config: func(c *Config) { id(c); repeats(c) },
			faults: []fault{raw(true, "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"id\":")}, reference: "id-" + testKey, requests: 2, waits: all[:1], saved: true},
		{name: "500 for ever", config: repeats, faults: slices.Repeat([]fault{served(500)}, 20), class: "unknown", requests: 8, waits: all, saved: true},
		// What is open once stays open, whatever comes later.
		{name: "lost, then 503 for ever", config: repeats, faults: append([]fault{raw(true, "")}, slices.Repeat([]fault{status(503)}, 20)...),
			class: "unknown", message: "before that, ", requests: 8, waits: all, saved: true},
		{name: "lost, then 401", config: repeats, faults: []fault{raw(true, ""), status(401)}, class: "unknown", message: "before that, ", requests: 2, waits: all[:1], saved: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := &memory{faults: tc.faults}
			config := defaults(t, m.start(t).URL)
			if tc.config != nil {
				tc.config(&config)
			}
			a, clock := open(t, config)
			reference, err := small(t, a).Commit(t.Context())
			if tc.class == "" {
				tc.class = "none"
			}
			if class(err) != tc.class || reference != tc.reference {
				t.Errorf("Commit = %q, %s error %v; want %q, %s", reference, class(err), err, tc.reference, tc.class)
			}
			if err != nil && (!strings.Contains(err.Error(), tc.message) || strings.Contains(err.Error(), testKey)) {
				t.Errorf("error %q lacks %q, or names the order, as whoever committed it does", err, tc.message)
			}
			if n := m.requests(); n != tc.requests {
				t.Errorf("%d requests, want %d", n, tc.requests)
			}
			if !slices.Equal(clock.waits, tc.waits) {
				t.Errorf("waited %v, want %v", clock.waits, tc.waits)
			}
			if m.has(testKey) != tc.saved {
				t.Errorf("saved is %v, so that the test does not test what it says", !tc.saved)
			}
		})
	}
}

// No redirect is followed, whatever is asked, to wherever it leads.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := &memory{rates: `{"currency": "NZD", "rates": []}`}
	target := elsewhere.start(t).URL
	for _, code := range []int{301, 302, 303, 307, 308} {
		redirect := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			nethttp.Redirect(w, r, target+r.URL.Path, code)
		}))
		config := defaults(t, redirect.URL)
		config.Find, config.RatesURL = true, parse(t, redirect.URL+"/rates")
		a, _ := open(t, config)
		inv := small(t, a).(*findable)
		if _, err := inv.Cost(t.Context(), "north", "m1.nano"); class(err) != "permanent" {
			t.Errorf("%d: Cost: %v", code, err)
		}
		if _, err := inv.Find(t.Context()); class(err) != "permanent" {
			t.Errorf("%d: Find: %v", code, err)
		}
		if _, err := inv.Commit(t.Context()); err == nil {
			t.Errorf("%d: Commit succeeded", code)
		}
		for name, err := range a.CheckHealth(t.Context()) {
			_ = fmt.Sprint(name, err)
		}
		redirect.Close()
	}
	if n := elsewhere.requests(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}
