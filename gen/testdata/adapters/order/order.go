// Package order is called like a parameter in generated code.
package order

import (
	"context"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
	"github.com/openstack-artifice/artifice/invoice"
)

// An Invoice has the simple shape.
type Invoice struct{ *full.Invoice }

// NewInvoice makes one.
func NewInvoice(ctx context.Context, order invoice.Order, config map[string]string) (*Invoice, error) {
	inner, err := full.NewInvoice(ctx, order, config)
	return &Invoice{inner}, err
}
