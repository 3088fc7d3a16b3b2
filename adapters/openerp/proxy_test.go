package openerp

import (
	"bytes"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/invoice"
)

// A proxy before Odoo answers with pages of its own. What it turned away was
// not saved, and what it gave up waiting for may have been.
func TestProxy(t *testing.T) {
	for _, tc := range []struct {
		name, method string
		status       int
		passes       bool // Odoo gets the call all the same
		want         string
		permanent    bool
		unknown      bool
	}{
		{"too large", "load", 413, false, "413 Request Entity Too Large (lower chunk, or let what stands before Odoo take larger requests)", true, false},
		{"gave up waiting for load", "load", 504, true, "", false, false},
		{"gave up waiting for action_post", "action_post", 502, true, "", false, false},
		{"nobody behind it", "load", 502, false, "the server answers 502 Bad Gateway", false, true},
		{"nobody behind it to read from", "search_read", 502, false, "the server answers 502 Bad Gateway", false, false},
		{"wants a login of its own", "load", 401, false, "the server answers 401 Unauthorized", true, false},
		{"slow down", "load", 429, false, "the server answers 429 Too Many Requests", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := build(t, odootest.Options{})
			proxy := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				if !bytes.Contains(body, []byte(`"`+tc.method+`"`)) {
					h.ServeHTTP(w, r)
					return
				}
				if tc.passes {
					h.ServeHTTP(httptest.NewRecorder(), r)
				}
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(tc.status)
				fmt.Fprint(w, "<html><h1>nginx</h1></html>")
			}))
			t.Cleanup(proxy.Close)
			u, err := url.Parse(proxy.URL)
			if err != nil {
				t.Fatal(err)
			}
			reference, err := filled(t, h.erp(t, func(c *Config) { c.URL, c.Post = u, true }), august(0), threeItems()...).Commit(t.Context())
			if tc.want == "" {
				if err != nil || !strings.HasPrefix(reference, "INV/2013/00001, ") {
					t.Fatalf("%q, %v", reference, err)
				}
				h.wantOne(t, august(0), "posted", threeItems()...)
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "nginx") {
				t.Fatalf("%v, want %s", err, tc.want)
			}
			if invoice.IsPermanent(err) != tc.permanent || invoice.IsUnknownOutcome(err) != tc.unknown {
				t.Errorf("permanent %t, unknown %t: %v", invoice.IsPermanent(err), invoice.IsUnknownOutcome(err), err)
			}
			if n := len(h.moves()); n != 0 {
				t.Errorf("%d invoices", n)
			}
		})
	}
}
