package openerp

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/rpc"
	"github.com/openstack-artifice/artifice/internal/web"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
)

var (
	_ invoice.ERP            = (*Invoice)(nil)
	_ invoice.HealthChecker  = (*Invoice)(nil)
	_ invoice.PriceChecker   = (*Invoice)(nil)
	_ invoice.ResourceLister = (*Invoice)(nil)
	_ invoice.Crediter       = (*Invoice)(nil)
	_ io.Closer              = (*Invoice)(nil)

	_ invoice.ReferenceComparer = (*Invoice)(nil)

	_ invoice.Finder = (*draft)(nil)
	_ invoice.Uniter = (*draft)(nil)
)

// Invoice is the ERP: one company in an Odoo server. It may be used by several
// goroutines at once. What it reads of the company, of products and of prices
// it reads once.
type Invoice struct {
	config  Config
	client  *rpc.Client
	pattern pattern

	sleep func(context.Context, time.Duration) error

	grounds    memo[struct{}, *ground]
	journals   memo[struct{}, journal]
	currencies memo[string, currency]
	catalogs   memo[struct{}, *catalog]
	lists      memo[string, int64]
	heads      memo[int64, *pricelist]
	tariffs    memo[int64, *tariff]
	taxes      memo[struct{}, map[int64]tax]
	positions  memo[int64, []mapping]
	accounts   memo[struct{}, int64]
	terms      memo[struct{}, int64]
	units      memo[struct{}, map[int64]unit]
	rates      memo[struct{}, *rates.List]

	// saving lets one goroutine at a time save an order.
	saving memo[string, lock]
}

// NewInvoice checks the config and returns the adapter. It reads the files of
// certificates and connects to nothing: the password is read, and the server
// asked, with the first call. Where the password would leave this machine
// unencrypted, which insecure = true allows, it warns through the default
// logger of log/slog.
func NewInvoice(ctx context.Context, config Config) (*Invoice, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("openerp: %w", err)
	}
	client, err := newClient(config)
	if err != nil {
		return nil, fmt.Errorf("openerp: %w", err)
	}
	if web.LeavesOpenly(config.URL) {
		slog.WarnContext(ctx, "the password leaves this machine unencrypted and can be read on its way (write https:// and remove insecure = true)", "host", config.URL.Host)
	}
	pattern, err := parsePattern(config.Product)
	if err != nil {
		return nil, fmt.Errorf("openerp: product: %w", err)
	}
	return &Invoice{config: config, client: client, pattern: pattern, sleep: web.Sleep}, nil
}

// Close ends the use of the adapter. No connection outlives a call, so that
// there is nothing else to end.
func (a *Invoice) Close() error { return nil }

// PerResource reports whether there is to be a line for each resource.
func (a *Invoice) PerResource() bool { return a.config.PerResource }

// Credits reports whether an order whose total is below zero is saved as a
// credit note.
func (a *Invoice) Credits() bool { return a.config.CreditNotes }

// NewInvoice returns the invoice of one order. It asks the server nothing.
func (a *Invoice) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	if order.Key == "" || strings.Trim(order.Key, "0123456789abcdef") != "" {
		return nil, invoice.Permanent(fmt.Errorf("the order's key %q is not lower-case hexadecimal", order.Key))
	}
	return &draft{erp: a, order: order}, nil
}

// A draft is the invoice of one order, kept in memory until it is saved.
type draft struct {
	invoice.Lines
	erp   *Invoice
	order invoice.Order

	mu    sync.Mutex
	terms *terms // nil until they are read
}
