package openerp

import (
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/invoice"
)

// A tenant's partner is found in every way that the config may say.
func TestPartnerBy(t *testing.T) {
	h := build(t, odootest.Options{Version: 16})
	tag := h.Add("res.partner.category", odootest.Values{"name": "acme-tag"})
	partner := h.Add("res.partner", odootest.Values{"name": "Acme", "ref": "acme-ref", "x_tenant": "acme-field", "category_id": []int64{tag}})
	for _, tc := range []struct {
		by, field, value string
		tenant           invoice.Tenant
	}{
		{"ref", "", "id", invoice.Tenant{ID: "acme-ref"}},
		{"ref", "", "name", invoice.Tenant{ID: "0", Name: "acme-ref"}},
		{"ref", "", "extra.erp", invoice.Tenant{ID: "0", Extra: map[string]string{"erp": "acme-ref"}}},
		{"field", "x_tenant", "id", invoice.Tenant{ID: "acme-field"}},
		{"tag", "", "name", invoice.Tenant{ID: "0", Name: "acme-tag"}},
	} {
		h.deleted()
		order := august(0)
		order.Tenant = tc.tenant
		commit(t, h.erp(t, func(c *Config) { c.PartnerBy, c.PartnerField, c.TenantValue = tc.by, tc.field, tc.value }), order, threeItems()...)
		if _, move := h.only(t); move["partner_id"] != partner {
			t.Errorf("by %s %s of %s it is %v", tc.by, tc.field, tc.value, move["partner_id"])
		}
	}
}

// A tenant whose partner is not known for sure is refused when a cost is asked
// for, so that nothing is frozen.
func TestNoPartner(t *testing.T) {
	h := build(t, odootest.Options{Version: 16})
	add := func(v odootest.Values) { h.Add("res.partner", v) }
	add(odootest.Values{"name": "One", "ref": "twin"})
	add(odootest.Values{"name": "Two", "ref": "twin"})
	add(odootest.Values{"name": "Old", "ref": "old", "active": false})
	add(odootest.Values{"name": "Gone", "ref": "moved", "active": false})
	add(odootest.Values{"name": "Here", "ref": "moved"})
	add(odootest.Values{"name": "Blank", "ref": "blank "})
	other := h.Add("res.company", odootest.Values{"name": "Other", "currency_id": h.currency("EUR")})
	add(odootest.Values{"name": "Theirs", "ref": "theirs", "company_id": other})
	for _, tc := range []struct{ id, want string }{
		{"none", `tenant none: no partner has the reference "none" (give it to one, or write create_partner = true)`},
		{"twin", `tenant twin: 2 partners have the reference "twin": "One" (res.partner `},
		{"old", `tenant old: the partner with the reference "old" is archived: "Old" (res.partner `},
		{"moved", ""},
		{"MOVED", `no partner has the reference "MOVED"`},
		{"blank", `no partner has the reference "blank"`},
		{"blank ", `its id "blank " can be no partner's ref`},
		{"theirs", `no partner has the reference "theirs"`},
		{"", `tenant - has no id, by which its partner is found in Odoo`},
		{"a\x00b", `its id "a\x00b" can be no partner's ref: it holds what is no text`},
	} {
		order := august(0)
		order.Tenant.ID = tc.id
		costErr, err := costAndCommit(t, h.erp(t), order, threeItems()...)
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tc.id, err)
			}
			continue
		}
		wantPermanent(t, costErr, tc.want)
		wantPermanent(t, err)
	}
	_, err := filled(t, h.erp(t, func(c *Config) { c.TenantValue = "extra.erp" }), august(1), threeItems()...).Commit(t.Context())
	wantPermanent(t, err, `has no extra.erp, by which its partner is found in Odoo`)
	if n := len(h.moves()); n != 1 {
		t.Errorf("%d invoices", n)
	}
}

// A partner is created only where the config says so, when the invoice is
// saved, and once, whatever fails.
func TestCreatePartner(t *testing.T) {
	t.Run("once", func(t *testing.T) {
		for _, fault := range []odootest.Fault{0, odootest.LoseReply, odootest.LoseRequest, odootest.SaveThen500, odootest.RejectDuplicate} {
			h := build(t, odootest.Options{Version: 16})
			h.AddUser("maker", "maker", odootest.GroupUser, odootest.GroupBilling, odootest.GroupPartners)
			t.Setenv("OPENERP_TEST_MAKER", "maker")
			erp := h.erp(t, func(c *Config) {
				c.CreatePartner, c.Username, c.Password = true, "maker", secret(t, "env:OPENERP_TEST_MAKER")
			})
			order := august(0)
			order.Tenant = invoice.Tenant{ID: "new-tenant", Name: "New\nTenant"}
			inv := filled(t, erp, order, threeItems()...)
			if cost, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil || !cost.Equal(dec("0.015")) {
				t.Fatal(cost, err)
			}
			found := func() []int64 { return h.Find("res.partner", []any{"ref", "=", "new-tenant"}) }
			if len(found()) != 0 {
				t.Fatal("it was created before the invoice was saved")
			}
			if fault != 0 {
				h.FailNext("load", fault)
			}
			_, err := inv.Commit(t.Context())
			switch saved := fault != odootest.LoseRequest && fault != odootest.RejectDuplicate; {
			case invoice.IsPermanent(err), saved && err != nil, !saved && err == nil:
				t.Fatalf("fault %d: %v", fault, err)
			case !saved:
				h.settle(t, erp, order, threeItems()...)
			}
			if ids := found(); len(ids) != 1 || h.Get("res.partner", ids[0])["name"] != "New Tenant" {
				t.Errorf("fault %d: %v", fault, ids)
			}
			h.wantOne(t, order, "draft", threeItems()...)
		}
	})
	t.Run("not by a user without the right", func(t *testing.T) {
		h := build(t, odootest.Options{Version: 16})
		erp := h.erp(t, func(c *Config) { c.CreatePartner = true })
		order := august(0)
		order.Tenant.ID = "new-tenant"
		_, err := filled(t, erp, order, threeItems()...).Commit(t.Context())
		wantPermanent(t, err, "its partner was not created", "You are not allowed to create 'Contact' (res.partner) records.")
		if err := health(t, erp)["rights"]; err == nil || !strings.Contains(err.Error(), "create res.partner") {
			t.Errorf("rights: %v", err)
		}
	})
	t.Run("not for an order that cannot be saved", func(t *testing.T) {
		h := build(t, odootest.Options{Version: 16})
		h.AddUser("maker", "maker", odootest.GroupUser, odootest.GroupBilling, odootest.GroupPartners)
		t.Setenv("OPENERP_TEST_MAKER", "maker")
		erp := h.erp(t, func(c *Config) {
			c.CreatePartner, c.Username, c.Password = true, "maker", secret(t, "env:OPENERP_TEST_MAKER")
		})
		order := august(0)
		order.Tenant.ID = "new-tenant"
		_, err := filled(t, erp, order, item("north.none", "1", "1")).Commit(t.Context())
		wantPermanent(t, err, `no active product has the internal reference "north.none"`)
		if ids := h.Find("res.partner", []any{"ref", "=", "new-tenant"}); len(ids) > 0 {
			t.Errorf("%v", ids)
		}
	})
}

// Whatever language the user reads Odoo in, errors are told apart by their
// English text, and what Odoo says is told in English.
func TestTheUsersLanguage(t *testing.T) {
	for _, protocol := range []string{"jsonrpc", "xmlrpc"} {
		h := build(t, odootest.Options{Version: 16})
		user := h.AddUser("facturier", odootest.Biller, odootest.GroupUser, odootest.GroupBilling)
		h.Set("res.users", user, odootest.Values{"lang": "fr_FR"})
		erp := h.erp(t, func(c *Config) { c.Username, c.Protocol, c.Post = "facturier", protocol, true })
		d := filled(t, erp, august(0), threeItems()...)
		g, err := erp.ground(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if at, err := d.read(t.Context(), g.server, 999); at != nil || err != nil {
			t.Errorf("%s: a move that is gone: %v, %v", protocol, at, err)
		}
		h.Set("account.journal", odootest.SalesJournal, odootest.Values{"active": false})
		if _, err := erp.journal(t.Context()); err == nil {
			t.Error("an archived journal")
		}
		h.Set("account.journal", odootest.SalesJournal, odootest.Values{"active": true})
		if _, err := erp.journal(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.Set("account.journal", odootest.SalesJournal, odootest.Values{"active": false})
		_, err = d.Commit(t.Context())
		wantPermanent(t, err, "You cannot post an entry in an archived journal (Customer Invoices)")
	}
}
