package openerp

import (
	"bytes"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openstack-artifice/artifice/config"
)

// bind binds a section as generated code does.
func bind(t testing.TB, text string) (Config, error) {
	t.Helper()
	file, err := config.Parse("artifice.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var c Config
	b := config.Bind(file.Section("invoice:object"))
	config.Field(b, &c.URL, config.URL, "url", config.Required())
	config.Field(b, &c.Database, config.String, "database_name", config.Alias("database"), config.Required())
	config.Field(b, &c.Username, config.String, "username")
	config.Field(b, &c.Password, config.ParseSecret, "password")
	config.Field(b, &c.APIKey, config.ParseSecret, "api_key")
	config.Field(b, &c.Protocol, config.String, "protocol", config.Default("auto"))
	config.Field(b, &c.Company, config.String, "company")
	config.Field(b, &c.Journal, config.String, "journal")
	config.Field(b, &c.PartnerBy, config.String, "partner_by", config.Default("ref"))
	config.Field(b, &c.PartnerField, config.String, "partner_field")
	config.Field(b, &c.TenantValue, config.String, "tenant_value", config.Default("id"))
	config.Field(b, &c.CreatePartner, config.Bool, "create_partner")
	config.Field(b, &c.Product, config.String, "product", config.Default("{datacenter}.{name}"))
	config.Field(b, &c.Account, config.String, "account")
	config.Field(b, &c.PerResource, config.Bool, "per_resource")
	config.Field(b, &c.Pricelist, config.String, "pricelist")
	config.Field(b, &c.Rates.File, b.Path, "rates.file")
	config.Field(b, &c.Rates.Names, b.Path, "rates.names", config.Alias("rates.name"))
	config.Field(b, &c.Rates.Region, config.String, "rates.region")
	config.Text(b, &c.Rates.Delimiter, "rates.delimiter", config.Default("|"))
	config.List(b, &c.Taxes, config.String, "taxes", config.Default("product"))
	config.Field(b, &c.Post, config.Bool, "post")
	config.Field(b, &c.CreditNotes, config.Bool, "credit_notes")
	config.Field(b, &c.InvoiceDate, config.String, "invoice_date", config.Default("block_end"))
	config.Field(b, &c.LockedPeriod, config.String, "locked_period", config.Default("refuse"))
	config.Field(b, &c.PaymentTerm, config.String, "payment_term")
	config.Field(b, &c.DueDays, config.Int[int], "due_days")
	config.Field(b, &c.QuantityDigits, config.Int[int32], "quantity_digits", config.Default("6"))
	config.List(b, &c.Rescale, config.Int[int64], "rescale")
	config.Map(b, &c.RescaleUnit, "rescale_unit")
	config.Field(b, &c.CAFile, b.Path, "ca_file")
	config.Field(b, &c.ClientCertificate, b.Path, "client_certificate")
	config.Field(b, &c.ClientKey, config.ParseSecret, "client_key")
	config.Field(b, &c.Insecure, config.Bool, "insecure")
	config.Field(b, &c.Timeout, config.Duration, "timeout", config.Default("5m"))
	config.Field(b, &c.Patience, config.Duration, "patience", config.Default("3m"))
	config.Field(b, &c.Chunk, config.Int[int], "chunk", config.Default("1000"))
	return c, b.Validate(c)
}

// least is the smallest config that is valid.
const least = "[invoice:object]\nurl = https://erp.example.org\ndatabase_name = bill\nusername = billbot\npassword = env:OPENERP_TEST_PASSWORD\n"

// What is left out is what the other tests use.
func TestDefaults(t *testing.T) {
	c, err := bind(t, least)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults(t, &url.URL{Scheme: "https", Host: "erp.example.org"})
	secrets := cmp.Comparer(func(a, b config.Secret) bool { return a.IsZero() == b.IsZero() })
	if diff := cmp.Diff(want, c, secrets, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-tests +config)\n%s", diff)
	}
}

// Mistakes are found at their keys, all at once.
func TestValidate(t *testing.T) {
	const at = "artifice.ini:6:1: [invoice:object] " // the line after least
	for _, tc := range []struct{ name, text, want string }{
		{"the least", "", ""},
		{"everything", "company = C\njournal = INV\npartner_by = field\npartner_field = x_tenant\ntenant_value = extra.erp\ncreate_partner = yes\nproduct = cloud/{name}@{datacenter}\n" +
			"per_resource = yes\npricelist = Cloud\ntaxes = GST, Levy\npost = yes\ncredit_notes = yes\ninvoice_date = claim\nlocked_period = move\npayment_term = 30 Days\nquantity_digits = 2\n" +
			"rescale = 10, 1000\nrescale_unit.1000 = Thousand\nca_file = ca.pem\nclient_certificate = me.pem\nclient_key = env:K\ntimeout = 10m\npatience = 0s\nchunk = 5000", ""},
		{"rates and an account", "rates.file = rates.csv\nrates.names = names.csv\naccount = 4000\ntaxes = none", ""},

		{"a protocol", "protocol = xmlrcp", at + `protocol: there is no "xmlrcp" (did you mean "xmlrpc"?)`},
		{"another protocol", "protocol = soap", at + `protocol: there is no "soap" (there are auto, jsonrpc, xmlrpc, json2)`},
		{"json2 by password", "protocol = json2", at + "protocol: json2 needs api_key"},
		{"two secrets", "api_key = env:K", at + "api_key: the user logs in by password or by api_key, not by both (remove one)"},
		{"a literal secret", "api_key = canary", "a literal here; write env:NAME or file:/path"},
		{"both names", "database = other", "database"},
		{"partner by dice", "partner_by = dice", at + `partner_by: there is no "dice" (there are ref, field, tag)`},
		{"by a field, which", "partner_by = field", at + "partner_by: needs partner_field as well, such as x_tenant"},
		{"a field for nothing", "partner_field = x", at + "partner_field: is for partner_by = field"},
		{"no field", "partner_field = x tenant\npartner_by = field", at + `partner_field: "x tenant" is no name of a field`},
		{"what of the tenant", "tenant_value = domain", at + `tenant_value: there is no "domain" (there are id, name, extra.KEY)`},
		{"which extra", "tenant_value = extra.", at + `tenant_value: there is no "extra." (`},
		{"a tag cannot be created", "create_partner = yes\npartner_by = tag", at + "create_partner: a partner cannot be created by its tag"},
		{"nor with its own pricelist", "create_partner = yes\npricelist = partner", at + "create_partner: a new partner has no pricelist of its own"},
		{"one product for all", "product = cloud", at + "product: needs {name}, or all services would be one product"},
		{"a brace alone", "product = {name}}", at + `product: a brace stands alone in "{name}}"`},
		{"a brace open", "product = {name", at + `product: a brace stands alone in "{name"`},
		{"a placeholder", "product = {region}.{name}", at + "product: there is no placeholder {region} (there are {datacenter} and {name})"},
		{"two prices", "pricelist = P\nrates.file = r.csv", at + "pricelist: prices come from a pricelist or from rates.file, not from both (remove one)"},
		{"names of nothing", "rates.names = n.csv", at + "rates.names: needs rates.file as well"},
		{"an account without prices", "account = 4000\ntaxes = none", at + "account: is for items without a product, which have a price only in rates.file"},
		{"an account's taxes", "taxes = product\naccount = 4000\nrates.file = r.csv", at + "taxes: items without a product have no taxes of their own"},
		{"taxes and none", "taxes = none, GST", at + "taxes: product and none stand alone"},
		{"a tax twice", "taxes = GST, GST", at + `taxes: "GST" is there twice`},
		{"a date", "invoice_date = today", at + `invoice_date: there is no "today" (there are block_end, claim)`},
		{"locked", "locked_period = post", at + `locked_period: there is no "post" (`},
		{"two ways to be due", "due_days = 30\npayment_term = 30 Days", at + "due_days: payment_term says when an invoice is due (remove one)"},
		{"due before", "due_days = -1", at + "due_days: -1 is no number of days"},
		{"digits", "quantity_digits = 16", at + "quantity_digits: 16 is not between 0 and 15"},
		{"no power", "rescale = 60", at + "rescale: 60 is not 10, 100, 1000 and so on"},
		{"one is no power", "rescale = 1", at + "rescale: 1 is not 10, 100, 1000 and so on"},
		{"powers in disorder", "rescale = 1000, 10", at + "rescale: 10 is not above 1000, which stands before it"},
		{"a unit for another power", "rescale_unit.100 = H\nrescale = 1000", at + "rescale_unit.100: rescale does not list 100"},
		{"a certificate alone", "client_certificate = me.pem", at + "client_certificate: needs client_key as well"},
		{"a key alone", "client_key = env:K", at + "client_key: needs client_certificate as well"},
		{"no time", "timeout = 0s", at + "timeout: 0s is no time to wait (write 5m)"},
		{"no patience", "patience = -1s", at + "patience: -1s is negative"},
		{"no lines", "chunk = 0", at + "chunk: 0 is not between 1 and 100000 lines"},
		{"several", "chunk = 0\ntimeout = 0s\ndue_days = -1", at + "chunk"},
		{"several", "chunk = 0\ntimeout = 0s\ndue_days = -1", "artifice.ini:7:1: [invoice:object] timeout"},
		{"several", "chunk = 0\ntimeout = 0s\ndue_days = -1", "artifice.ini:8:1: [invoice:object] due_days"},
	} {
		wantMistake(t, tc.name, least+tc.text, tc.want)
	}
	for _, tc := range []struct{ name, text, want string }{
		{"the other name", "url = https://a\ndatabase = b\nusername = u\npassword = env:P", ""},
		{"a key", "url = https://a/odoo\ndatabase = b\nusername = u\napi_key = env:K", ""},
		{"JSON-2 needs no user", "url = https://a\ndatabase = b\nprotocol = json2\napi_key = env:K", ""},
		{"http on this machine", "url = http://127.0.0.1:8069\ndatabase = b\nusername = u\npassword = env:P", ""},
		{"http anywhere, if it must be", "url = http://erp:8069\ninsecure = yes\ndatabase = b\nusername = u\npassword = env:P", ""},
		{"nobody", "url = https://a\ndatabase = b\npassword = env:P", "url: needs username as well"},
		{"no secret", "url = https://a\ndatabase = b\nusername = u", "url: needs password or api_key as well"},
		{"no database", "url = https://a\nusername = u\npassword = env:P", `needs the key "database_name"`},
		{"a database's name", "url = https://a\ndatabase = \"b \"\nusername = u\npassword = env:P", `database_name: "b " holds what is no text, or blanks around it`},
		{"http elsewhere", "url = http://erp.example.org\ndatabase = b\nusername = u\npassword = env:P", "url: the password would go to erp.example.org unencrypted (write https://, or insecure = true)"},
		{"TLS without https", "url = http://localhost\nca_file = ca.pem\ndatabase = b\nusername = u\npassword = env:P", "3:1: [invoice:object] ca_file: is for https://"},
		{"another scheme", "url = ftp://a\ndatabase = b\nusername = u\npassword = env:P", "url: begins with ftp://, not with https://"},
		{"a user in the URL", "url = https://u:canary@a\ndatabase = b\nusername = u\npassword = env:P", "url: holds a user"},
		{"a query", "url = https://a?db=b\ndatabase = b\nusername = u\npassword = env:P", "url: has a query or a fragment"},
	} {
		wantMistake(t, tc.name, "[invoice:object]\n"+tc.text, tc.want)
	}
	if err := (Config{}).Validate(); err == nil || !strings.Contains(err.Error(), "url: is missing") {
		t.Errorf("the zero Config: %v", err)
	}
}

func wantMistake(t *testing.T, name, text, want string) {
	t.Helper()
	_, err := bind(t, text)
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: %v\nwant %s", name, err, want)
	case err != nil && strings.Contains(err.Error(), "canary"):
		t.Errorf("%s: %v", name, err)
	}
}

// NewInvoice connects to nothing, reads no password, refuses what Validate
// refuses, and warns of a password that goes out openly.
func TestNewInvoice(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })

	c := defaults(t, &url.URL{Scheme: "https", Host: "nobody.invalid"})
	c.Password, c.PerResource = secret(t, "env:OPENERP_TEST_UNSET"), true
	erp, err := NewInvoice(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !erp.PerResource() || erp.Close() != nil || log.Len() > 0 {
		t.Errorf("%t, %s", erp.PerResource(), log.String())
	}
	order := august(0)
	if _, err := erp.NewInvoice(t.Context(), order); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"", "A0", "a b", "../a"} {
		order.Key = key
		_, err := erp.NewInvoice(t.Context(), order)
		wantPermanent(t, err, "is not lower-case hexadecimal")
	}

	c.URL, c.Insecure = &url.URL{Scheme: "http", Host: "erp.example.org"}, true
	if _, err := NewInvoice(t.Context(), c); err != nil || !strings.Contains(log.String(), "unencrypted") {
		t.Errorf("%v, %s", err, log.String())
	}
	c.Insecure = false
	if _, err := NewInvoice(t.Context(), c); err == nil || !strings.Contains(err.Error(), "openerp: url: the password would go to") {
		t.Error(err)
	}
	c.URL, c.CAFile = &url.URL{Scheme: "https", Host: "erp.example.org"}, "missing.pem"
	if _, err := NewInvoice(t.Context(), c); err == nil || !strings.Contains(err.Error(), "openerp: ca_file: open missing.pem") {
		t.Error(err)
	}
}

func TestPattern(t *testing.T) {
	for _, tc := range []struct{ pattern, code, like string }{
		{"{datacenter}.{name}", "north.m1.nano", "%.%"},
		{"OS-{name}", "OS-m1.nano", "OS-%"},
		{`a%b\{name}/{datacenter}/{name}!`, `a%b\m1.nano/north/m1.nano!`, `a_b_%/%/%!`},
	} {
		p, err := parsePattern(tc.pattern)
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		if code, like := p.code("north", "m1.nano"), p.like(); code != tc.code || like != tc.like {
			t.Errorf("%s: %q and %q, want %q and %q", tc.pattern, code, like, tc.code, tc.like)
		}
	}
}

func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{"{datacenter}.{name}", "{name", "}{name}", "{{name}}", "%{name}_"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePattern(text)
		if err != nil {
			return
		}
		if code := p.code("{datacenter}", "{name}"); code != text {
			t.Errorf("%q is read as %q", text, code)
		}
	})
}
