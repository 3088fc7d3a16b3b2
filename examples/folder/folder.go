// Package folder saves invoices as JSON files in a directory: one for each
// order, named by the order's key.
package folder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
)

// Invoice is the invoice of one order. What is exported goes into its file.
type Invoice struct {
	config Config
	file   string
	Order  invoice.Order
	invoice.Lines
}

// NewInvoice returns the invoice of one order. It touches no file.
func NewInvoice(_ context.Context, order invoice.Order, config Config) (*Invoice, error) {
	file := filepath.Join(string(config.Directory), order.Key+".json")
	return &Invoice{config: config, file: file, Order: order}, nil
}

// Cost is the price that the config has for the service, in every datacenter.
func (i *Invoice) Cost(_ context.Context, _, name string) (decimal.Decimal, error) {
	price, ok := i.config.Price[name]
	if !ok {
		return decimal.Decimal{}, fmt.Errorf("%w for %q (give it as price.%s)", invoice.ErrNoCost, name, name)
	}
	return config.Decimal(price)
}

// Commit writes the file under a name of its own and links it to the order's.
// That fails where there is a file already, and leaves no half file behind.
func (i *Invoice) Commit(ctx context.Context) (reference string, err error) {
	if err := i.Close(); err != nil {
		return "", err
	}
	data, err := json.MarshalIndent(i, "", "\t")
	if err := errors.Join(err, ctx.Err()); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(string(i.config.Directory), ".new-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	if err := os.Link(f.Name(), i.file); !errors.Is(err, fs.ErrExist) {
		return filepath.Base(i.file), err
	}
	there, err := os.ReadFile(i.file)
	if err == nil && !bytes.Equal(there, data) {
		err = invoice.Permanent(fmt.Errorf("%s is there with other content (move it away)", i.file))
	}
	return filepath.Base(i.file), err
}

// Find returns the name of the order's file.
func (i *Invoice) Find(context.Context) (reference string, err error) {
	_, err = os.Stat(i.file)
	if errors.Is(err, fs.ErrNotExist) {
		err = invoice.ErrNotFound
	}
	return filepath.Base(i.file), err
}
