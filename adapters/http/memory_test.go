package http

import (
	"bytes"
	"context"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

// A memory is a receiver that keeps invoices in memory, and does something
// else where a fault says so. The example receiver has tests of its own.
type memory struct {
	mu     sync.Mutex
	saved  map[string][]byte // by key
	took   map[string]int    // how often each key was sent and served
	twice  []string          // keys that were sent again with other content
	seen   []*nethttp.Request
	bodies [][]byte
	// faults are what happens to the first requests; nil is none.
	faults []fault
	rates  string // the answer of /rates
}

// A fault answers a request in the receiver's place. serve does what the
// receiver would have done, and throws its answer away.
type fault func(w nethttp.ResponseWriter, r *nethttp.Request, serve func())

func (m *memory) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	m.mu.Lock()
	n := len(m.seen)
	m.seen, m.bodies = append(m.seen, r), append(m.bodies, nil)
	var f fault
	if n < len(m.faults) {
		f = m.faults[n]
	}
	m.mu.Unlock()
	if f != nil {
		f(w, r, func() { m.serve(httptest.NewRecorder(), r, n) })
		return
	}
	m.serve(w, r, n)
}

func (m *memory) serve(w nethttp.ResponseWriter, r *nethttp.Request, n int) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bodies[n] = body
	if r.URL.Path == "/rates" {
		fmt.Fprint(w, m.rates)
		return
	}
	key := r.URL.Query().Get("key")
	if r.Method == nethttp.MethodPost {
		key = strings.Trim(r.Header.Get("Idempotency-Key"), `"`)
		there, ok := m.saved[key]
		if ok && !bytes.Equal(there, body) {
			m.twice = append(m.twice, key)
			w.WriteHeader(nethttp.StatusUnprocessableEntity)
			return
		}
		if m.saved == nil {
			m.saved, m.took = map[string][]byte{}, map[string]int{}
		}
		m.saved[key] = body
		m.took[key]++
	} else if m.saved[key] == nil {
		w.WriteHeader(nethttp.StatusNotFound)
		return
	}
	w.Header().Set("Location", "/invoices/"+key)
	if r.Method == nethttp.MethodPost {
		w.WriteHeader(nethttp.StatusCreated)
	}
	fmt.Fprintf(w, `{"id": "id-%s", "number": 12, "at": {"a/b": ["x", "y"]}}`, key)
}

func (m *memory) requests() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.seen)
}

func (m *memory) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saved[key] != nil
}

// start serves the memory and returns its URL.
func (m *memory) start(t testing.TB) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return server
}

// defaults are what the tags of Config say; the test of that is TestDefaults.
func defaults(t testing.TB, base string) Config {
	t.Helper()
	return Config{URL: parse(t, base+"/invoices"), Timeout: 30 * time.Second, RetryFor: 2 * time.Minute, MaxAnswer: 8 << 20}
}

func parse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A clock stands still but for the waits, which take no time.
type clock struct {
	mu    sync.Mutex
	time  time.Time
	waits []time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) sleep(ctx context.Context, wait time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time, c.waits = c.time.Add(wait), append(c.waits, wait)
	return ctx.Err()
}

// open returns the adapter with a clock, and with jitter that is always the
// most there can be.
func open(t testing.TB, config Config) (*Invoice, *clock) {
	t.Helper()
	a, err := NewInvoice(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{time: time.Date(2013, 9, 2, 0, 0, 0, 0, time.UTC)}
	a.now, a.sleep, a.jitter = c.now, c.sleep, func(most time.Duration) time.Duration { return most }
	return a, c
}

const testKey = "5f0e8c6a7d5b4c3a2b1c0d9e8f7a6b5c"

func august() invoice.Order {
	zone := time.FixedZone("NZST", 12*60*60)
	return invoice.Order{
		Key:      testKey,
		Tenant:   invoice.Tenant{ID: "cd3deadd3d5a4f11802d03928195f4ef", Name: "acme"},
		Block:    usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, zone), End: time.Date(2013, 9, 1, 0, 0, 0, 0, zone)},
		Currency: "NZD", Digits: 2,
		Date: time.Date(2013, 9, 2, 9, 30, 0, 0, zone),
	}
}

func item(datacenter, name, value, unit, cost, amount string) invoice.Item {
	return invoice.Item{
		Datacenter: datacenter, Name: name, Unit: unit,
		Value:  decimal.RequireFromString(value),
		Cost:   decimal.RequireFromString(cost),
		Amount: decimal.RequireFromString(amount),
	}
}

// filled is an invoice with the items, and the sections that they need.
func filled(t testing.TB, a *Invoice, order invoice.Order, items ...invoice.Item) invoice.Invoice {
	t.Helper()
	inv, err := a.NewInvoice(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, item := range items {
		if !slices.Contains(sections, item.Datacenter) {
			sections = append(sections, item.Datacenter)
			if err := inv.AddSection(item.Datacenter); err != nil {
				t.Fatal(err)
			}
		}
		if err := inv.AddLine(item); err != nil {
			t.Fatal(err)
		}
	}
	return inv
}

// small is an invoice of one line: 744 * 0.015 = 11.16.
func small(t testing.TB, a *Invoice) invoice.Invoice {
	t.Helper()
	return filled(t, a, august(), item("north", "m1.nano", "744", "hour", "0.015", "11.16"))
}

// class is what an error says may be done.
func class(err error) string {
	switch {
	case err == nil:
		return "none"
	case invoice.IsUnknownOutcome(err):
		return "unknown"
	case invoice.IsPermanent(err):
		return "permanent"
	}
	return "later"
}
