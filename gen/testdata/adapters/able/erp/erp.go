// Package erp has an ERP whose invoices would never be looked up.
package erp

import (
	"context"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/full"
	"github.com/openstack-artifice/artifice/invoice"
)

// ERP makes drafts.
type ERP struct{}

// NewERP makes an ERP.
func NewERP(context.Context, struct{}) (*ERP, error) { return nil, nil }

// NewInvoice makes a draft, which is known as an invoice only.
func (*ERP) NewInvoice(context.Context, invoice.Order) (invoice.Invoice, error) {
	return &draft{}, nil
}

// Credits has no result.
func (*ERP) Credits() {}

type draft struct{ full.Invoice }

// Find returns no error.
func (*draft) Find(ctx context.Context) string { return "" }

// Unit is right, but for whose it is.
func (*ERP) Unit(ctx context.Context, datacenter, name string) (string, error) { return "", nil }

// SameReference is, too.
func (*draft) SameReference(saved, found string) bool { return false }
