// Package odoo is package openerp under the name that the ERP has had since
// 2014. Both names bill alike; a deployment stays with the one that it has
// billed with, for orders keep the name of their adapter.
package odoo

import (
	"context"

	"github.com/openstack-artifice/artifice/adapters/openerp"
)

// An Invoice is an [openerp.Invoice].
type Invoice struct{ *openerp.Invoice }

// NewInvoice calls [openerp.NewInvoice].
func NewInvoice(ctx context.Context, config openerp.Config) (*Invoice, error) {
	inv, err := openerp.NewInvoice(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Invoice{inv}, nil
}
