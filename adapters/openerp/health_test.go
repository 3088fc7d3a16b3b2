package openerp

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/config"
)

// A house that is set up as the README says is healthy, with every key of the
// config, and looking changes nothing.
func TestHealth(t *testing.T) {
	h := build(t, odootest.Options{Version: 18})
	h.Add("uom.uom", odootest.Values{"name": "1000 Units", "category_id": int64(1), "uom_type": "bigger", "factor": dec("0.001")})
	h.Add("product.pricelist", odootest.Values{"name": "Contract"})
	common := []string{"server", "login", "rights", "company", "journal", "currency", "precision", "partners"}
	for _, tc := range []struct {
		name   string
		change func(*Config)
		more   []string
	}{
		{"defaults", func(*Config) {}, []string{"products", "taxes"}},
		{"everything", func(c *Config) {
			c.Company, c.Journal, c.Pricelist, c.PaymentTerm, c.Taxes = "My Company", "INV", "Contract", "30 Days", []string{"15%"}
			c.Rescale, c.RescaleUnit = []int64{1000}, map[string]string{"1000": "1000 Units"}
		}, []string{"products", "pricelist", "taxes", "payment term", "units of measure"}},
		{"partners' pricelists", func(c *Config) { c.Pricelist, c.Taxes = "partner", []string{"none"} }, []string{"products", "pricelist"}},
		{"rates", func(c *Config) {
			c.Rates.File, c.Account, c.Taxes = "testdata/rates.csv", "400000", []string{"none"}
		}, []string{"account", "rates file"}},
	} {
		before := fmt.Sprint(h.moves(), h.Find("res.partner"), h.Find("ir.model.data"))
		var names []string
		for name, err := range h.erp(t, tc.change).CheckHealth(t.Context()) {
			if err != nil {
				t.Errorf("%s: %s: %v", tc.name, name, err)
			}
			names = append(names, name)
		}
		if want := append(slices.Clone(common), tc.more...); !slices.Equal(names, want) {
			t.Errorf("%s: %q, want %q", tc.name, names, want)
		}
		if after := fmt.Sprint(h.moves(), h.Find("res.partner"), h.Find("ir.model.data")); after != before {
			t.Errorf("%s: %s was %s", tc.name, after, before)
		}
	}
	for _, call := range h.Calls() {
		if !slices.Contains([]string{"search_read", "search_count", "read", "fields_get", "check_access_rights"}, call.Method) {
			t.Errorf("it calls %s.%s", call.Model, call.Method)
		}
	}
}

// Every check fails for what is wrong, and no other: all that is wrong is told
// at once.
func TestIllHealth(t *testing.T) {
	for _, tc := range []struct {
		name   string
		server odootest.Options
		change func(*testing.T, *house, *Config)
		want   map[string]string
	}{
		{"nobody there", odootest.Options{}, func(_ *testing.T, _ *house, c *Config) { c.URL = &url.URL{Scheme: "http", Host: "127.0.0.1:1"} }, map[string]string{"server": "connection refused"}},
		{"not Odoo", odootest.Options{}, func(_ *testing.T, h *house, c *Config) { c.URL = h.url.JoinPath("shop") }, map[string]string{"server": "no Odoo server answers here"}},
		{"wrong password", odootest.Options{}, func(t *testing.T, _ *house, c *Config) {
			t.Setenv("OPENERP_TEST_WRONG", "wrong")
			c.Password = secret(t, "env:OPENERP_TEST_WRONG")
		}, map[string]string{"login": `user "billbot" and its password or API key are not accepted for database "bill"`}},
		{"no password", odootest.Options{}, func(t *testing.T, _ *house, c *Config) { c.Password = secret(t, "env:OPENERP_TEST_UNSET") }, map[string]string{"server": "OPENERP_TEST_UNSET"}},
		{"wrong database", odootest.Options{Version: 16}, func(_ *testing.T, _ *house, c *Config) { c.Database = "nodb" }, map[string]string{"login": `database "nodb" does not exist`}},
		{"a user without rights", odootest.Options{}, func(t *testing.T, _ *house, c *Config) {
			t.Setenv("OPENERP_TEST_PLAIN", odootest.Plain)
			c.Username, c.Password = odootest.Plain, secret(t, "env:OPENERP_TEST_PLAIN")
		}, map[string]string{"rights": "the user has no right to create account.move, write account.move, read account.move (give it Invoicing: Billing"}},
		{"all at once", odootest.Options{Version: 16}, func(t *testing.T, h *house, c *Config) {
			h.SetDigits("Product Unit of Measure", 2)
			h.Add("account.journal", odootest.Values{"name": "Second", "code": "INV2", "type": "sale"})
			for _, id := range h.partners {
				h.Set("res.partner", id, odootest.Values{"ref": false})
			}
			for _, id := range h.products {
				h.Set("product.product", id, odootest.Values{"active": false})
			}
			c.Pricelist, c.Taxes, c.PaymentTerm = "Contract", []string{"GST", "PST"}, "99 Days"
			c.Rescale, c.RescaleUnit = []int64{10, 100}, map[string]string{"10": "Ten", "100": "Hundred"}
		}, map[string]string{
			"precision":        `odoo keeps 2 digits after the point of a quantity, and invoices have up to 6 (set "Product Unit of Measure" to 6`,
			"journal":          `journal: My Company has 2 sales journals, so name one (there are INV, INV2)`,
			"partners":         `no partner has a reference`,
			"products":         `no active product has an internal reference like "{datacenter}.{name}"`,
			"pricelist":        `pricelist: there is no pricelist "Contract"`,
			"taxes":            `taxes: there is no tax on sales "GST"`,
			"payment term":     `payment_term: there is no payment term "99 Days"`,
			"units of measure": `rescale_unit.10: there is no unit of measure "Ten"`,
		}},
		{"the second of several, too", odootest.Options{Version: 16}, func(_ *testing.T, _ *house, c *Config) {
			c.Taxes, c.Rescale, c.RescaleUnit = []string{"GST", "PST"}, []int64{10, 100}, map[string]string{"10": "Units", "100": "Hundred"}
		}, map[string]string{"taxes": `there is no tax on sales "PST"`, "units of measure": `there is no unit of measure "Hundred"`}},
		{"names", odootest.Options{}, func(_ *testing.T, _ *house, c *Config) { c.Journal = "NONE" }, map[string]string{"journal": `journal: 0 sales journals of My Company have the code "NONE" (there are INV)`}},
		{"no such company", odootest.Options{}, func(_ *testing.T, _ *house, c *Config) { c.Company = "None" }, map[string]string{"company": `company: there is no company "None" that the user may see`}},
		{"two of a name", odootest.Options{}, func(_ *testing.T, h *house, c *Config) {
			h.Add("account.payment.term", odootest.Values{"name": "30 Days"})
			c.PaymentTerm = "30 Days"
		}, map[string]string{"payment term": `payment_term: 2 have the name "30 Days" (rename one of them in Odoo)`}},
		{"a company's currency that is not active", odootest.Options{}, func(_ *testing.T, h *house, _ *Config) {
			h.Set("res.currency", h.currency("USD"), odootest.Values{"active": false})
		}, map[string]string{"currency": "the currency USD is not active"}},
		{"rates that are not there", odootest.Options{}, func(_ *testing.T, _ *house, c *Config) {
			c.Rates.File, c.Account, c.Taxes = "testdata/none.csv", "9", []string{"none"}
		},
			map[string]string{"rates file": "none.csv", "account": `account: there is no account "9"`}},
		{"a field that is not there", odootest.Options{}, func(_ *testing.T, _ *house, c *Config) { c.PartnerBy, c.PartnerField = "field", "x_none" }, map[string]string{"partners": "x_none"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := build(t, tc.server)
			erp := h.erp(t, func(c *Config) { tc.change(t, h, c) })
			for name, err := range health(t, erp) {
				want, bad := tc.want[name]
				switch {
				case err == nil && bad:
					t.Errorf("%s is well", name)
				case err != nil && !bad && tc.name != "no such company" && !(tc.name == "a user without rights" && name == "precision"):
					t.Errorf("%s: %v", name, err)
				case bad && !strings.Contains(err.Error(), want):
					t.Errorf("%s: %v\nwant %s", name, err, want)
				}
				delete(tc.want, name)
			}
			if len(tc.want) > 0 {
				t.Errorf("no check %v", tc.want)
			}
		})
	}
}

// Rights are asked for by the method that the server has, over any protocol.
func TestRightsByVersion(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		h := build(t, odootest.Options{Version: version})
		for user, missing := range map[string]bool{odootest.Biller: false, odootest.Plain: true} {
			t.Setenv("OPENERP_TEST_USER", user)
			erp := h.erp(t, func(c *Config) { c.Username, c.Password = user, secret(t, "env:OPENERP_TEST_USER") }) // 19 by JSON-RPC
			if err := erp.checkRights(t.Context()); (err != nil) != missing || missing && !strings.Contains(err.Error(), "no right to create account.move") {
				t.Errorf("%d, %s: %v", version, user, err)
			}
		}
	}
}

// An old server is refused by its version, before it is asked for anything
// that it has not.
func TestOldServer(t *testing.T) {
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"result":{"server_version":"12.0","server_version_info":[12,0,0,"final",0,""],"protocol_version":1}}`)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	erp := adapter(t, defaults(t, u))
	const want = "this is Odoo 12.0, and invoices are saved in 16 and later only"
	got := health(t, erp)
	wantPermanent(t, got["server"], want)
	if len(got) != 1 {
		t.Errorf("%v", got)
	}
	_, err = filled(t, erp, august(0), threeItems()...).Commit(t.Context())
	wantPermanent(t, err, want)
}

// A server is trusted by the file of certificates that the config names, and
// knows us by ours.
func TestTLS(t *testing.T) {
	h := build(t, odootest.Options{})
	server := httptest.NewUnstartedServer(h.Server)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate := config.Path(file("server.pem", "CERTIFICATE", pair.Certificate[0]))
	clientKey := secret(t, "file:"+file("key.pem", "PRIVATE KEY", key))
	garbage := config.Path(file("garbage.pem", "GARBAGE", nil))

	c := defaults(t, u)
	c.CAFile, c.ClientCertificate, c.ClientKey = certificate, certificate, clientKey
	for name, err := range health(t, adapter(t, c)) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no certificate in it":        {func(c *Config) { c.CAFile = garbage }, "garbage.pem holds no certificate in PEM"},
		"no client certificate in it": {func(c *Config) { c.ClientCertificate = garbage }, "client_certificate and client_key: "},
		"no key":                      {func(c *Config) { c.ClientKey = secret(t, "file:"+dir+"/none") }, "client_key: "},
		"no client certificate":       {func(c *Config) { c.ClientCertificate = config.Path(dir + "/none") }, "client_certificate: open "},
	} {
		bad := c
		tc.change(&bad)
		if _, err := NewInvoice(t.Context(), bad); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.CAFile = ""
	if err := health(t, adapter(t, c))["server"]; err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
}
