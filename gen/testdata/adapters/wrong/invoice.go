package wrong

import (
	"context"

	"github.com/openstack-artifice/artifice/gen/testdata/adapters/wrong/invoice"
)

// Twin takes the order of another package of the same name.
type Twin struct{ base }

// Commit returns another reference.
func (Twin) Commit(context.Context) (invoice.Reference, error) { return "", nil }

// TwinERP makes the invoices of another package of the same name.
type TwinERP struct{}

// NewInvoice takes the wrong order.
func (TwinERP) NewInvoice(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
	return nil, nil
}
