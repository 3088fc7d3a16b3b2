package openerp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/internal/web"
)

// protocols are what the key protocol may say.
var protocols = map[string]rpc.Protocol{"auto": rpc.Auto, "jsonrpc": rpc.JSONRPC, "xmlrpc": rpc.XMLRPC, "json2": rpc.JSON2}

// mistakes gathers what is wrong, by key.
type mistakes []error

func (m *mistakes) add(key, format string, args ...any) {
	*m = append(*m, &config.KeyError{Key: key, Err: fmt.Errorf(format, args...)})
}

// oneOf reports a value that is none of those that there are.
func (m *mistakes) oneOf(key, value string, known ...string) {
	if slices.Contains(known, value) {
		return
	}
	hint := "there are " + strings.Join(known, ", ")
	if near := config.Suggest(value, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	m.add(key, "there is no %q (%s)", value, hint)
}

// Validate reports what no key can tell alone. What only Odoo knows is checked
// by CheckHealth.
func (c Config) Validate() error {
	var m mistakes
	c.checkServer(&m)
	c.checkTLS(&m)
	c.checkTenants(&m)
	c.checkItems(&m)
	c.checkRescale(&m)
	m.oneOf("invoice_date", c.InvoiceDate, "block_end", "claim")
	m.oneOf("locked_period", c.LockedPeriod, "refuse", "move")
	switch {
	case c.DueDays < 0 || c.DueDays > 3650:
		m.add("due_days", "%d is no number of days after the invoice's date (write 30)", c.DueDays)
	case c.DueDays > 0 && c.PaymentTerm != "":
		m.add("due_days", "payment_term says when an invoice is due (remove one)")
	}
	if c.Timeout <= 0 {
		m.add("timeout", "%v is no time to wait (write 5m)", c.Timeout)
	}
	if c.Patience < 0 {
		m.add("patience", "%v is negative (write 0s to look once)", c.Patience)
	}
	if c.Chunk < 1 || c.Chunk > 100_000 {
		m.add("chunk", "%d is not between 1 and 100000 lines (write 1000)", c.Chunk)
	}
	return errors.Join(m...)
}

func (c Config) checkServer(m *mistakes) {
	switch u := c.URL; {
	case u == nil:
		m.add("url", "is missing (write https://erp.example.org)")
	case u.Scheme != "https" && u.Scheme != "http":
		m.add("url", "begins with %s://, not with https://", u.Scheme)
	case u.Hostname() == "":
		m.add("url", "names no host (write https://erp.example.org)")
	case u.User != nil:
		m.add("url", "holds a user (use username, and password or api_key)")
	case u.RawQuery != "" || u.Fragment != "":
		m.add("url", "has a query or a fragment (end it after the path)")
	case web.LeavesOpenly(u) && !c.Insecure:
		m.add("url", "the password would go to %s unencrypted (write https://, or insecure = true)", u.Host)
	}
	if c.Database == "" {
		m.add("database_name", "is missing")
	}
	known := []string{"auto", "jsonrpc", "xmlrpc", "json2"}
	m.oneOf("protocol", c.Protocol, known...)
	password, key := !c.Password.IsZero(), !c.APIKey.IsZero()
	switch {
	case password && key:
		m.add("api_key", "the user logs in by password or by api_key, not by both (remove one)")
	case c.Protocol == "json2" && !key:
		m.add("protocol", "json2 needs api_key")
	case !password && !key:
		m.add("url", "needs password or api_key as well")
	}
	if c.Username == "" && c.Protocol != "json2" {
		m.add("url", "needs username as well")
	}
	for key, text := range map[string]string{"database_name": c.Database, "username": c.Username} {
		if text != "" && printable(text) != text {
			m.add(key, "%q holds what is no text, or blanks around it", text)
		}
	}
}

func (c Config) checkTLS(m *mistakes) {
	for _, k := range []struct {
		key string
		set bool
	}{
		{"ca_file", c.CAFile != ""},
		{"client_certificate", c.ClientCertificate != ""},
		{"client_key", !c.ClientKey.IsZero()},
	} {
		if k.set && c.URL != nil && c.URL.Scheme != "https" {
			m.add(k.key, "is for https://, which the url does not begin with")
		}
	}
	switch certificate, key := c.ClientCertificate != "", !c.ClientKey.IsZero(); {
	case certificate && !key:
		m.add("client_certificate", "needs client_key as well")
	case key && !certificate:
		m.add("client_key", "needs client_certificate as well")
	}
}

func (c Config) checkTenants(m *mistakes) {
	m.oneOf("partner_by", c.PartnerBy, "ref", "field", "tag")
	switch field := c.PartnerField; {
	case c.PartnerBy == "field" && field == "":
		m.add("partner_by", "needs partner_field as well, such as x_tenant")
	case c.PartnerBy != "field" && field != "":
		m.add("partner_field", "is for partner_by = field")
	case field != "" && !isField(field):
		m.add("partner_field", "%q is no name of a field (write it as Odoo's developer mode shows it, such as x_tenant)", field)
	}
	if key, ok := strings.CutPrefix(c.TenantValue, "extra."); !ok || key == "" {
		m.oneOf("tenant_value", c.TenantValue, "id", "name", "extra.KEY")
	}
	if c.CreatePartner && c.PartnerBy == "tag" {
		m.add("create_partner", "a partner cannot be created by its tag (write partner_by = ref or field)")
	}
	if c.CreatePartner && c.Pricelist == partnersList {
		m.add("create_partner", "a new partner has no pricelist of its own to price by (name one with pricelist)")
	}
}

func isField(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) && (name[0] < '0' || name[0] > '9')
}

func (c Config) checkItems(m *mistakes) {
	if _, err := parsePattern(c.Product); err != nil {
		m.add("product", "%w", err)
	}
	if c.Pricelist != "" && c.Rates.File != "" {
		m.add("pricelist", "prices come from a pricelist or from rates.file, not from both (remove one)")
	}
	if c.Rates.Names != "" && c.Rates.File == "" {
		m.add("rates.names", "needs rates.file as well")
	}
	if c.Account != "" && c.Rates.File == "" {
		m.add("account", "is for items without a product, which have a price only in rates.file (name one, or remove account)")
	}
	switch {
	case len(c.Taxes) == 0:
		m.add("taxes", "is empty (write product, none, or names of taxes)")
	case len(c.Taxes) > 1 && (slices.Contains(c.Taxes, "product") || slices.Contains(c.Taxes, "none")):
		m.add("taxes", "product and none stand alone")
	case c.Account != "" && c.Taxes[0] == "product":
		m.add("taxes", "items without a product have no taxes of their own (write none, or names of taxes, where account is set)")
	}
	for i, name := range c.Taxes {
		if slices.Contains(c.Taxes[:i], name) {
			m.add("taxes", "%q is there twice", name)
		}
	}
}

func (c Config) checkRescale(m *mistakes) {
	if c.QuantityDigits < 0 || c.QuantityDigits > floatDigits {
		m.add("quantity_digits", "%d is not between 0 and %d", c.QuantityDigits, floatDigits)
	}
	for i, factor := range c.Rescale {
		switch {
		case !isPower(factor):
			m.add("rescale", "%d is not 10, 100, 1000 and so on up to 1000000000", factor)
		case i > 0 && factor <= c.Rescale[i-1]:
			m.add("rescale", "%d is not above %d, which stands before it", factor, c.Rescale[i-1])
		}
	}
	for name := range c.RescaleUnit {
		if factor, err := strconv.ParseInt(name, 10, 64); err != nil || !slices.Contains(c.Rescale, factor) {
			m.add("rescale_unit."+name, "rescale does not list %s", name)
		}
	}
}

// isPower reports whether n is a power of ten above 1.
func isPower(n int64) bool {
	text := strconv.FormatInt(n, 10)
	return len(text) > 1 && len(text) <= 10 && text[0] == '1' && strings.Trim(text[1:], "0") == ""
}
