package odoo_test

import (
	"io"
	"testing"

	"github.com/openstack-artifice/artifice/adapters/odoo"
	"github.com/openstack-artifice/artifice/adapters/openerp"
	"github.com/openstack-artifice/artifice/invoice"
)

// Under both names it can do the same.
var _ interface {
	invoice.ERP
	invoice.HealthChecker
	invoice.PriceChecker
	invoice.ResourceLister
	invoice.Crediter
	io.Closer
} = (*odoo.Invoice)(nil)

func TestBothNames(t *testing.T) {
	// The mistakes of a config are those of package openerp.
	_, want := openerp.NewInvoice(t.Context(), openerp.Config{})
	inv, err := odoo.NewInvoice(t.Context(), openerp.Config{})
	if want == nil || err == nil || err.Error() != want.Error() || inv != nil {
		t.Errorf("%v and %v, want %v", inv, err, want)
	}
}
