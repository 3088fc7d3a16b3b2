package openerp

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/usage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A recorder passes requests on to a server and keeps what goes by.
type recorder struct {
	server nethttp.Handler
	around func(body string, serve func()) // may be nil
	mu     sync.Mutex
	sent   bytes.Buffer
}

func (r *recorder) ServeHTTP(w nethttp.ResponseWriter, req *nethttp.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(err)
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	serve := func() { r.server.ServeHTTP(answer, req) }
	if r.around != nil {
		r.around(string(body), serve)
	} else {
		serve()
	}
	r.mu.Lock()
	fmt.Fprintf(&r.sent, "%s %s\n%s\n\n", req.Method, req.URL.Path, body)
	r.mu.Unlock()
	w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// recorded puts a recorder before a house.
func (h *house) recorded(t testing.TB) *recorder {
	t.Helper()
	r := &recorder{server: h.Server}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.url = u
	return r
}

// goldenItems have one of everything that makes a line another one: a
// resource, a correction, hostile text, a price to rescale, a long value.
func goldenItems() []invoice.Item {
	items := threeItems()
	items[0].Resource, items[0].Description = "9b2c", "web & mail <1>\x00\n=1+1"
	items[1].Adjusts = usage.Span{Start: august(0).Block.Start.AddDate(0, -1, 0), End: august(0).Block.Start}
	items = append(items, item("north.volume.size", "3000.5", "0.0000004")) // x 1000: 3.0005 x 0.0004
	return append(items, item("south.m1.nano", "12345678901234.567891", "0.0125"))
}

// What is sent for an order, byte by byte, over each protocol.
func TestGoldenRequests(t *testing.T) {
	for _, tc := range []struct {
		name   string
		server odootest.Options
		change func(*testing.T, *house, *Config)
	}{
		{"jsonrpc", odootest.Options{Version: 17}, func(*testing.T, *house, *Config) {}},
		{"xmlrpc", odootest.Options{Version: 16}, func(_ *testing.T, h *house, c *Config) {
			c.Protocol, c.PartnerBy, c.Taxes, c.PaymentTerm = "xmlrpc", "tag", []string{"none"}, "30 Days"
			tag := h.Add("res.partner.category", odootest.Values{"name": tenant(0).ID})
			h.Set("res.partner", h.partners[0], odootest.Values{"category_id": []int64{tag}})
		}},
		{"json2", odootest.Options{Version: 19}, func(t *testing.T, _ *house, c *Config) {
			t.Setenv("OPENERP_TEST_KEY", odootest.Biller+"-key")
			c.Protocol, c.Password, c.APIKey = "json2", config.Secret{}, secret(t, "env:OPENERP_TEST_KEY")
			c.Taxes = []string{"15%"}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := build(t, tc.server)
			r := h.recorded(t)
			erp := h.erp(t, func(c *Config) {
				c.Post, c.Chunk, c.Rescale = true, 4, []int64{1000}
				tc.change(t, h, c)
			})
			inv := filled(t, erp, august(0), goldenItems()...)
			for range 2 { // the second time there is nothing left to ask
				if _, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := inv.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.wantSum(t, goldenItems())
			golden(t, tc.name+".golden.txt", strings.ReplaceAll(r.sent.String(), "><", ">\n<"))
		})
	}
}

// wantSum holds the only invoice's total against its items.
func (h *house) wantSum(t testing.TB, items []invoice.Item) {
	t.Helper()
	_, move := h.only(t)
	want := dec("0")
	for _, i := range items {
		want = want.Add(i.Amount)
	}
	if !figureOf(move["amount_untaxed"]).Equal(want) {
		t.Errorf("the invoice comes to %v, want %s", move["amount_untaxed"], want)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%v (go test ./adapters/openerp -update writes it)", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-golden +now)\n%s", diff)
	}
}
