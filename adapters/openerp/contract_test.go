package openerp

import (
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/invoice/invoicetest"
)

// The contract is kept over every protocol and version, with all that the
// config may ask for at least once.
func TestContract(t *testing.T) {
	for _, tc := range []struct {
		name   string
		server odootest.Options
		change func(*Config)
	}{
		{"JSON-RPC", odootest.Options{Version: 17, Noise: true}, func(*Config) {}},
		{"XML-RPC, posted", odootest.Options{Version: 16}, func(c *Config) { c.Protocol, c.Post = "xmlrpc", true }},
		{"JSON-2, posted, on an account", odootest.Options{Version: 19}, func(c *Config) {
			c.Password, c.Post, c.Taxes = config.Secret{}, true, []string{"15%"}
			c.Account, c.Product = "400000", "none.{datacenter}.{name}"
			c.Rates.File, c.Rates.Delimiter = "testdata/rates.csv", '|'
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { invoicetest.Run(t, contract(tc.server, tc.change)) })
	}
}

func contract(o odootest.Options, change func(*Config)) invoicetest.Setup {
	houses := map[invoice.ERP]*house{}
	var c Config
	change(&c)
	return invoicetest.Setup{
		Once: true, NeedsLines: true, KnownOnly: c.Account == "",
		Currency: "USD", Digits: 2, Prices: housePrices, Tenant: tenant,
		New: func(t testing.TB) invoice.ERP {
			h := build(t, o)
			erp := h.erp(t, func(c *Config) {
				c.CreditNotes = true
				change(c)
				if o.Version == 19 {
					t.Setenv("OPENERP_TEST_KEY", odootest.Biller+"-key")
					c.APIKey = secret(t, "env:OPENERP_TEST_KEY")
				}
			})
			houses[erp] = h
			return erp
		},
		Saved: func(_ testing.TB, erp invoice.ERP) []invoicetest.Saved { return houses[erp].saved() },
	}
}
