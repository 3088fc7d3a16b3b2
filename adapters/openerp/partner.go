package openerp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/invoice"
)

// A partner is a res.partner.
type partner struct {
	ID          int64        `json:"id"`
	DisplayName rpc.Text     `json:"display_name"`
	Active      bool         `json:"active"`
	Company     rpc.Many2One `json:"company_id"`
	Pricelist   rpc.Many2One `json:"property_product_pricelist"`
	Position    rpc.Many2One `json:"property_account_position_id"`
	Term        rpc.Many2One `json:"property_payment_term_id"`
}

var partnerFields = []string{"display_name", "active", "company_id", "property_product_pricelist", "property_account_position_id", "property_payment_term_id"}

func (p *partner) String() string { return fmt.Sprintf("%q (res.partner %d)", p.DisplayName, p.ID) }

// errNoPartner says that a tenant has no partner; it is in a permanent error.
type errNoPartner struct{ error }

func (e *errNoPartner) Unwrap() error { return e.error }

// field is the field of res.partner that a tenant is found by, and key the
// value that it has there.
func (c *Config) field() string {
	switch c.PartnerBy {
	case "field":
		return c.PartnerField
	case "tag":
		return "category_id.name"
	}
	return "ref"
}

func (c *Config) tenantValue(t invoice.Tenant) (string, error) {
	value := t.ID
	if c.TenantValue == "name" {
		value = t.Name
	} else if key, ok := strings.CutPrefix(c.TenantValue, "extra."); ok {
		value = t.Extra[key]
	}
	if strings.TrimSpace(value) == "" {
		return "", permanent("tenant %s has no %s, by which its partner is found in Odoo", printable(t.ID), c.TenantValue)
	}
	if printable(value) != value {
		return "", permanent("tenant %s: its %s %q can be no partner's %s: it holds what is no text, or blanks around it", printable(t.ID), c.TenantValue, value, c.field())
	}
	return value, nil
}

// findPartner returns the partner that pays for a tenant.
func (a *Invoice) findPartner(ctx context.Context, t invoice.Tenant) (*partner, error) {
	value, err := a.config.tenantValue(t)
	if err != nil {
		return nil, err
	}
	g, err := a.ground(ctx)
	if err != nil {
		return nil, err
	}
	found, err := search[partner](ctx, g.server, query{
		model:    "res.partner",
		domain:   []any{is(a.config.field(), "=", value)},
		fields:   partnerFields,
		archived: true,
	})
	if err != nil {
		return nil, err
	}
	var active, archived []*partner
	var names []string
	for i := range found {
		switch p := &found[i]; {
		case p.Company.ID != 0 && p.Company.ID != g.company.ID: // another company's
		case p.Active:
			active, names = append(active, p), append(names, p.String())
		default:
			archived = append(archived, p)
		}
	}
	by := fmt.Sprintf("%s %q", a.config.partnerWord(), value)
	switch {
	case len(active) == 1:
		return active[0], nil
	case len(active) > 1:
		return nil, permanent("tenant %s: %d partners have the %s: %s (leave it to one of them)", printable(t.ID), len(active), by, list(names))
	case len(archived) > 0:
		return nil, permanent("tenant %s: the partner with the %s is archived: %s (restore it, or give another the %s)", printable(t.ID), by, archived[0], a.config.partnerWord())
	}
	return nil, invoice.Permanent(&errNoPartner{fmt.Errorf("tenant %s: no partner has the %s (give it to one, or write create_partner = true)", printable(t.ID), by)})
}

// partnerWord is what a partner is found by, for a message.
func (c *Config) partnerWord() string {
	switch c.PartnerBy {
	case "field":
		return "field " + c.PartnerField
	case "tag":
		return "tag"
	}
	return "reference"
}

// createPartner creates the partner of a tenant, once: under an external id
// made from the tenant's.
func (a *Invoice) createPartner(ctx context.Context, t invoice.Tenant) error {
	value, err := a.config.tenantValue(t)
	if err != nil {
		return err
	}
	g, err := a.ground(ctx)
	if err != nil {
		return err
	}
	name := t.Name
	if strings.TrimSpace(name) == "" {
		name = t.ID
	}
	sum := sha256.Sum256([]byte(value))
	s := g.server
	s.lang = "" // it would become the partner's
	_, err = s.load(ctx, "res.partner", []string{"id", "name", a.config.field()},
		[][]string{{module + ".partner_" + hex.EncodeToString(sum[:16]), printable(name), value}})
	if err != nil {
		return fmt.Errorf("tenant %s: its partner was not created: %w", printable(t.ID), err)
	}
	return nil
}
