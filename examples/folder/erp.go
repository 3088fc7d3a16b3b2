package folder

import (
	"context"
	"fmt"
	"iter"
	"os"

	"github.com/openstack-artifice/artifice/invoice"
)

// ERP saves the same invoices, as a connected adapter: it is made once, and
// tells how it is.
type ERP struct{ config Config }

// NewERP opens nothing: there is nothing to open.
func NewERP(_ context.Context, config Config) (*ERP, error) {
	return &ERP{config}, nil
}

// NewInvoice returns the invoice of one order.
func (e *ERP) NewInvoice(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
	return NewInvoice(ctx, order, e.config)
}

// CheckHealth checks that the directory is one. It writes nothing.
func (e *ERP) CheckHealth(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		info, err := os.Stat(string(e.config.Directory))
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is no directory", e.config.Directory)
		}
		yield("directory", err)
	}
}
