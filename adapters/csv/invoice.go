package csv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/files"
	"github.com/openstack-artifice/artifice/internal/pricing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
	"github.com/openstack-artifice/artifice/usage"
)

var (
	_ invoice.ERP           = (*Invoice)(nil)
	_ invoice.HealthChecker = (*Invoice)(nil)
	_ invoice.PriceChecker  = (*Invoice)(nil)

	_ invoice.ResourceLister = (*Invoice)(nil)
	_ invoice.Finder         = (*file)(nil)
	_ invoice.Uniter         = (*file)(nil)
)

// Invoice is the ERP: a directory of CSV files.
type Invoice struct {
	config Config
	style  style
	link   func(oldname, newname string) error

	mu     sync.Mutex
	prices *rates.List // nil until it was read
}

// NewInvoice checks the config and returns the adapter. It reads and writes
// nothing: rates are read when the first cost is asked for, and are then the
// same as long as the process lives.
func NewInvoice(_ context.Context, config Config) (*Invoice, error) {
	if config.Directory == "" {
		return nil, errors.New("csv: csv_directory is empty")
	}
	style, err := config.style()
	if err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	return &Invoice{config: config, style: style, link: os.Link}, nil
}

// NewInvoice returns the invoice of one order. It touches no file.
func (a *Invoice) NewInvoice(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
	path := filepath.Join(string(a.config.Directory), a.style.pattern.fileName(order))
	return &file{adapter: a, order: order, path: path}, nil
}

// CheckHealth checks the directory, the rates file and the names file. It
// reads the files afresh, and leaves nothing behind.
func (a *Invoice) CheckHealth(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if !yield("output directory", checkDir(string(a.config.Directory))) {
			return
		}
		for name, err := range pricing.Check(ctx, a.config.Rates) {
			if !yield(name, err) {
				return
			}
		}
	}
}

// PerResource reports whether there is to be a line for each resource.
func (a *Invoice) PerResource() bool { return a.config.PerResource }

// CheckPrices holds the rates file against what was used in a block, pairs of
// datacenter and service, and yields what is wrong, by name: services without
// a cost, and rates that are the cost of none; see [rates.Prices.Review]. The
// error of the first kind is that of Cost.
func (a *Invoice) CheckPrices(ctx context.Context, block usage.Span, currency string, used iter.Seq2[string, string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		prices, err := a.pricesAt(ctx, block, currency)
		if err != nil {
			yield("rates file", err)
			return
		}
		for what, err := range prices.Review(used) {
			if !yield(what, err) {
				return
			}
		}
	}
}

// rates are read once. An error is not kept, so that a mended file is read.
func (a *Invoice) rates() (*rates.List, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.prices == nil {
		list, err := rates.Read(a.config.Rates)
		if err != nil {
			return nil, err
		}
		a.prices = list
	}
	return a.prices, nil
}

// A file is the invoice of one order.
type file struct {
	invoice.Lines
	adapter *Invoice
	order   invoice.Order
	path    string
}

// AddLine adds an item whose amount has no more digits than its currency.
func (f *file) AddLine(item invoice.Item) error {
	if err := f.order.CheckAmount(item); err != nil {
		return err
	}
	return f.Lines.AddLine(item)
}

// Cost is the rate of the service at the block's start; see package rates.
func (f *file) Cost(ctx context.Context, datacenter, name string) (decimal.Decimal, error) {
	prices, err := f.prices(ctx)
	if err != nil {
		return decimal.Decimal{}, err
	}
	return prices.Cost(datacenter, name)
}

// Unit is the text of the rate's unit column.
func (f *file) Unit(ctx context.Context, datacenter, name string) (string, error) {
	prices, err := f.prices(ctx)
	if err != nil {
		return "", err
	}
	return prices.Unit(datacenter, name)
}

// prices are those of the order's block and currency.
func (f *file) prices(ctx context.Context) (pricing.Prices, error) {
	return f.adapter.pricesAt(ctx, f.order.Block, f.order.Currency)
}

func (a *Invoice) pricesAt(ctx context.Context, block usage.Span, currency string) (pricing.Prices, error) {
	if err := ctx.Err(); err != nil {
		return pricing.Prices{}, err
	}
	list, err := a.rates()
	if err != nil {
		return pricing.Prices{}, err
	}
	return pricing.Prices{Prices: list.At(block, currency)}, nil
}

// Commit writes the file and returns its name. A file that is there already is
// this invoice where it has the same text; otherwise the error is permanent.
func (f *file) Commit(ctx context.Context) (reference string, err error) {
	if err := f.Close(); err != nil {
		return "", err
	}
	data, err := f.bytes(ctx)
	if err != nil {
		return "", err
	}
	f.lookBack()
	err = f.save(data)
	if errors.Is(err, errTaken) {
		err = f.compare(data)
	}
	if err != nil {
		return "", err
	}
	// The name is there. Only the directory's own entry may still be lost.
	if err := files.SyncDir(filepath.Dir(f.path)); err != nil {
		return "", invoice.UnknownOutcome(err)
	}
	return f.reference(), nil
}

// bytes are what the file is to hold.
func (f *file) bytes(ctx context.Context) ([]byte, error) {
	prices, err := f.prices(ctx)
	if err != nil {
		return nil, err
	}
	text, err := f.render(prices)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	data, err := f.adapter.style.format.encode(text)
	if err != nil {
		return nil, invoice.Permanent(fmt.Errorf("%s: %w", f.path, err))
	}
	return data, nil
}

// reference is the file's name: it means the same wherever the directory is
// moved, or restored to.
func (f *file) reference() string { return filepath.Base(f.path) }

// lookBack turns to the name of the block's first invoice where that is this
// order's: earlier releases had no other name for a later attempt.
func (f *file) lookBack() {
	first := filepath.Join(filepath.Dir(f.path), f.adapter.style.pattern.firstName(f.order))
	if first == f.path {
		return
	}
	if data, err := os.ReadFile(first); err == nil {
		if key, err := f.adapter.style.readKey(data); err == nil && key == f.order.Key {
			f.path = first
		}
	}
}

// Find returns the name of the file where it is this order's and complete. A
// file of another order, half a file, or one with other lines than were added
// here, under this one's name is a permanent error, the first of them ErrNotFound
// as well.
func (f *file) Find(ctx context.Context) (reference string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	f.lookBack()
	data, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w: there is no %s", invoice.ErrNotFound, f.path)
	}
	if err != nil {
		return "", err
	}
	switch key, err := f.adapter.style.readKey(data); {
	case err != nil:
		return "", invoice.Permanent(fmt.Errorf("%s is no complete invoice: %w (move it away)", f.path, err))
	case key != f.order.Key:
		return "", invoice.Permanent(fmt.Errorf("%w: %s is the invoice of order %s, not of order %s (move it away)", invoice.ErrNotFound, f.path, key, f.order.Key))
	}
	if len(f.Sections) > 0 {
		data, err := f.bytes(ctx)
		if err == nil {
			err = f.compare(data)
		}
		if err != nil {
			return "", err
		}
	}
	// The invoice is there: what a crash left beside it is of no more use, and
	// of no harm where it cannot be removed.
	_ = os.RemoveAll(f.temp())
	return f.reference(), nil
}
