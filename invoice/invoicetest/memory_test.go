package invoicetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

// Memory is the smallest ERP that keeps the whole contract: invoices are kept
// in memory, by the order's key.
type Memory struct {
	mu    sync.Mutex
	costs map[string]decimal.Decimal // by name, the same in every datacenter
	saved map[string]*Invoice        // by key
}

func (m *Memory) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	return &Invoice{erp: m, order: order}, nil
}

// Invoice is an invoice that Memory makes.
type Invoice struct {
	erp       *Memory
	order     invoice.Order
	sections  []string
	items     []invoice.Item
	reference string
	closed    bool
}

func (i *Invoice) AddSection(name string) error {
	switch {
	case i.closed:
		return invoice.ErrClosed
	case slices.Contains(i.sections, name):
		return fmt.Errorf("the section %q was added already", name)
	}
	i.sections = append(i.sections, name)
	return nil
}

func (i *Invoice) AddLine(item invoice.Item) error {
	switch {
	case i.closed:
		return invoice.ErrClosed
	case !slices.Contains(i.sections, item.Datacenter):
		return fmt.Errorf("%w: %q", invoice.ErrNoSection, item.Datacenter)
	}
	i.items = append(i.items, item)
	return nil
}

func (i *Invoice) Cost(_ context.Context, _, name string) (decimal.Decimal, error) {
	cost, ok := i.erp.costs[name]
	if !ok {
		return cost, fmt.Errorf("%w for %q", invoice.ErrNoCost, name)
	}
	return cost, nil
}

func (i *Invoice) Commit(ctx context.Context) (reference string, err error) {
	if i.closed {
		return "", invoice.ErrClosed
	}
	i.closed = true
	if err := ctx.Err(); err != nil {
		return "", err
	}
	i.erp.mu.Lock()
	defer i.erp.mu.Unlock()
	if there, ok := i.erp.saved[i.order.Key]; ok {
		if fmt.Sprint(there.sections, there.items) != fmt.Sprint(i.sections, i.items) {
			return "", invoice.Permanent(errors.New("the order is saved with other content"))
		}
		return there.reference, nil
	}
	i.reference = fmt.Sprintf("INV/%04d", len(i.erp.saved)+1)
	i.erp.saved[i.order.Key] = i
	return i.reference, nil
}

func (i *Invoice) Find(context.Context) (reference string, err error) {
	i.erp.mu.Lock()
	defer i.erp.mu.Unlock()
	if there, ok := i.erp.saved[i.order.Key]; ok {
		return there.reference, nil
	}
	return "", invoice.ErrNotFound
}
