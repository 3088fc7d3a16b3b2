package http

import (
	"context"
	"errors"
	"fmt"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/web"
	"github.com/openstack-artifice/artifice/invoice"
)

func contextCancelled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

// closed is a URL where nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return "http://" + l.Addr().String()
}

// Where nothing was sent, the invoice is not there: it is tried again, and the
// error says that it may be later.
func TestNothingWasSent(t *testing.T) {
	for _, idempotent := range []bool{false, true} {
		config := defaults(t, closed(t))
		config.Idempotent = idempotent
		a, clock := open(t, config)
		_, err := small(t, a).Commit(t.Context())
		if class(err) != "later" || !strings.Contains(err.Error(), "nothing was sent: ") {
			t.Errorf("%s %v", class(err), err)
		}
		if len(clock.waits) != 7 {
			t.Errorf("waited %v", clock.waits)
		}
	}
}

// Nothing is sent behind our back: net/http would send a request with an
// Idempotency-Key again where a connection that it kept was cut.
func TestNoSilentRepeat(t *testing.T) {
	m := &memory{faults: []fault{nil, raw(true, "")}}
	config := defaults(t, m.start(t).URL)
	config.Reference = "/id" // an answer that is read to its end is what keeps a connection
	a, _ := open(t, config)
	if _, err := small(t, a).Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := small(t, a).Commit(t.Context()); class(err) != "unknown" {
		t.Errorf("a cut connection is %s: %v", class(err), err)
	}
	if n := m.requests(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// Of many invoices, not each waits for a receiver that is down; one that
// serves again gets the whole patience.
func TestBudgetIsShared(t *testing.T) {
	m := &memory{faults: slices.Repeat([]fault{status(429)}, 8+5+4+4+1+1)}
	a, clock := open(t, defaults(t, m.start(t).URL))
	// Waits so far. Two minutes are 1+2+4+8+16+30+30 = 91 s, 1+2+4+8 = 15 s,
	// 1+2+4 = 7 s and as much again; then none is left.
	for n, want := range []int{7, 11, 14, 17, 17, 17} {
		if _, err := small(t, a).Commit(t.Context()); class(err) != "later" || len(clock.waits) != want {
			t.Errorf("invoice %d: %v, %d waits, want %d", n, err, len(clock.waits), want)
		}
	}
	if _, err := small(t, a).Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.faults = append(make([]fault, len(m.seen)), slices.Repeat([]fault{status(429)}, 3)...)
	m.mu.Unlock()
	if _, err := small(t, a).Commit(t.Context()); err != nil || len(clock.waits) != 17+3 {
		t.Errorf("after it served: %v, %d waits, want 20", err, len(clock.waits))
	}
}

// A cancelled context ends everything at once, and leaves open only what was
// sent.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := &memory{faults: []fault{func(w nethttp.ResponseWriter, r *nethttp.Request, serve func()) {
		serve()
		cancel()
		<-r.Context().Done()
	}}}
	config := defaults(t, m.start(t).URL)
	config.Idempotent = true
	a, clock := open(t, config)
	_, err := small(t, a).Commit(ctx)
	if class(err) != "unknown" || !errors.Is(err, context.Canceled) || len(clock.waits) != 0 {
		t.Errorf("cancelled after it was sent: %s %v, waited %v", class(err), err, clock.waits)
	}
	_, err = small(t, a).Commit(ctx)
	if class(err) != "later" || !errors.Is(err, context.Canceled) || m.requests() != 1 {
		t.Errorf("cancelled before: %s %v, %d requests", class(err), err, m.requests())
	}

	// While it waits for another attempt.
	for _, tc := range []struct {
		fault fault
		class string
	}{{status(429), "later"}, {raw(true, ""), "unknown"}} {
		m := &memory{faults: []fault{tc.fault}}
		config := defaults(t, m.start(t).URL)
		config.Idempotent = true
		a, _ := open(t, config)
		ctx, cancel := context.WithCancel(t.Context())
		a.sleep = func(ctx context.Context, d time.Duration) error { cancel(); return web.Sleep(ctx, time.Hour) }
		_, err := small(t, a).Commit(ctx)
		if class(err) != tc.class || !errors.Is(err, context.Canceled) || m.requests() != 1 {
			t.Errorf("cancelled while waiting: %s %v, %d requests", class(err), err, m.requests())
		}
	}
}

// Find tells of an invoice whose answer was lost, and never takes a fault for
// its absence.
func TestFind(t *testing.T) {
	for _, tc := range []struct {
		name    string
		config  func(*Config)
		faults  []fault // after the commit
		class   string
		message string
		waits   int
	}{
		{name: "good", class: "none"},
		{name: "a pointer", config: func(c *Config) { c.Reference = "/id" }, class: "none"},
		{name: "500 once", faults: []fault{status(500)}, class: "none", waits: 1},
		{name: "cut, slow, 429, 408", config: func(c *Config) { c.Timeout = 100 * time.Millisecond },
			faults: []fault{raw(false, ""), slow(false), status(429), status(408)}, class: "none", waits: 4},
		{name: "503 for ever", faults: slices.Repeat([]fault{status(503)}, 20), class: "later", waits: 7},
		{name: "500 for ever", faults: slices.Repeat([]fault{status(500)}, 20), class: "later", waits: 7},
		{name: "405", faults: []fault{status(405)}, class: "permanent", message: "whether the receiver has what find = true says"},
		{name: "410", faults: []fault{status(410)}, class: "permanent"},
		{name: "401", faults: []fault{status(401)}, class: "permanent"},
		{name: "302", faults: []fault{status(302)}, class: "permanent"},
		{name: "204", faults: []fault{status(204)}, class: "permanent"},
		{name: "no Location", faults: []fault{body("{}")}, class: "later", message: "what it is called is not known"},
		{name: "no member", config: func(c *Config) { c.Reference = "/id" }, faults: []fault{body("[]")}, class: "later", message: "no such member"},
		{name: "huge", config: func(c *Config) { c.Reference = "/id" }, faults: []fault{endless(`{"id": "7"`, 200)}, class: "permanent", message: "larger than max_answer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := &memory{faults: append([]fault{raw(true, "")}, tc.faults...)}
			config := defaults(t, m.start(t).URL)
			config.Find = true
			if tc.config != nil {
				tc.config(&config)
			}
			a, clock := open(t, config)
			inv := small(t, a)
			if _, err := inv.Commit(t.Context()); class(err) != "unknown" {
				t.Fatal(err)
			}
			next, err := a.NewInvoice(t.Context(), august()) // as another process does
			if err != nil {
				t.Fatal(err)
			}
			reference, err := next.(invoice.Finder).Find(t.Context())
			if class(err) != tc.class || errors.Is(err, invoice.ErrNotFound) || err == nil && !strings.HasSuffix(reference, testKey) {
				t.Errorf("Find = %q, %s %v; want %s", reference, class(err), err, tc.class)
			}
			if err != nil && !strings.Contains(err.Error(), tc.message) {
				t.Errorf("error %q lacks %q", err, tc.message)
			}
			if len(clock.waits) != tc.waits {
				t.Errorf("waited %v, want %d times", clock.waits, tc.waits)
			}
			for _, r := range m.seen[1:] {
				if r.Method != nethttp.MethodGet || r.URL.String() != "/invoices?key="+testKey {
					t.Errorf("%s %s", r.Method, r.URL)
				}
			}
		})
	}
}

// Find is there only where the receiver has it, and keeps the URL's own query.
func TestFindIsAnAbility(t *testing.T) {
	m := &memory{}
	config := defaults(t, m.start(t).URL)
	config.URL.RawQuery = "company=7"
	a, _ := open(t, config)
	if _, ok := small(t, a).(invoice.Finder); ok {
		t.Error("an invoice.Finder without find = true")
	}
	config.Find = true
	a, _ = open(t, config)
	inv := small(t, a)
	if _, err := inv.(invoice.Finder).Find(t.Context()); !errors.Is(err, invoice.ErrNotFound) {
		t.Error(err)
	}
	if _, err := inv.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	got := []string{m.seen[0].URL.String(), m.seen[1].URL.String()}
	if want := []string{"/invoices?company=7&key=" + testKey, "/invoices?company=7"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// The health check finds what would stop invoices, and sends none.
func TestCheckHealth(t *testing.T) {
	check := func(config Config) string {
		a, _ := open(t, config)
		var all []string
		for name, err := range a.CheckHealth(t.Context()) {
			all = append(all, fmt.Sprintf("%s: %v", name, err))
		}
		return strings.Join(all, "\n")
	}
	answering := func(code int) string {
		s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.Method != nethttp.MethodGet && r.Method != nethttp.MethodHead {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			w.WriteHeader(code)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	for _, tc := range []struct {
		find     bool
		receiver int
		rates    int
		want     []string
	}{
		{false, 200, 200, []string{"receiver: <nil>", "rates URL: <nil>"}},
		{false, 405, 405, []string{"receiver: <nil>", "rates URL: <nil>"}},
		{false, 404, 404, []string{"receiver: <nil>", "rates URL: HEAD http://", "answered 404"}},
		{false, 401, 503, []string{"receiver: HEAD http://", "answered 401", "answered 503"}},
		{false, 500, 403, []string{"receiver: HEAD http://", "answered 500", "answered 403"}},
		{true, 404, 200, []string{"receiver: <nil>"}},
		{true, 200, 200, []string{"finds an invoice for a key that no order has"}},
		{true, 405, 200, []string{"receiver: GET http://", "whether the receiver has what find = true says"}},
		{true, 500, 200, []string{"answered 500"}},
	} {
		config := defaults(t, answering(tc.receiver))
		config.Find, config.RatesURL = tc.find, parse(t, answering(tc.rates)+"/rates")
		got := check(config)
		for _, want := range append(tc.want, "files and secrets: <nil>") {
			if !strings.Contains(got, want) {
				t.Errorf("%d, %d: the checks lack %q:\n%s", tc.receiver, tc.rates, want, got)
			}
		}
	}
	got := check(defaults(t, closed(t)))
	if !strings.Contains(got, "receiver: HEAD http://") || !strings.Contains(got, "rates file: none is configured") {
		t.Errorf("nobody listens:\n%s", got)
	}
}
