package folder

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/invoice/invoicetest"
)

var prices = []invoicetest.Price{
	{Datacenter: "north", Name: "volume.size", Cost: decimal.RequireFromString("0.0005")},
	{Datacenter: "south", Name: "volume.size", Cost: decimal.RequireFromString("0.0005")},
}

func TestContract(t *testing.T) {
	c := Config{Directory: config.Path(t.TempDir()), Price: map[string]string{"volume.size": "0.0005"}}
	erp := func(ctx context.Context, o invoice.Order) (invoice.Invoice, error) { return NewInvoice(ctx, o, c) }
	open := func(testing.TB) invoice.ERP { return invoice.ERPFunc(erp) }
	invoicetest.Run(t, invoicetest.Setup{New: open, Prices: prices, Once: true, Saved: saved(c)})
}

func TestConnectedContract(t *testing.T) {
	c := Config{Directory: config.Path(t.TempDir()), Price: map[string]string{"volume.size": "0.0005"}}
	open := func(testing.TB) invoice.ERP { return &ERP{c} }
	invoicetest.Run(t, invoicetest.Setup{New: open, Prices: prices, Once: true, Saved: saved(c)})
}

func TestValidate(t *testing.T) {
	c := Config{Price: map[string]string{"volume.size": "0.0005", "m1.small": "cheap"}}
	if at := (*config.KeyError)(nil); !errors.As(c.Validate(), &at) || at.Key != "price.m1.small" {
		t.Errorf("Validate says %v, and not where", c.Validate())
	}
	delete(c.Price, "m1.small")
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// saved reads what is in the directory, with nothing of the adapter's own code.
func saved(c Config) func(testing.TB, invoice.ERP) []invoicetest.Saved {
	return func(t testing.TB, _ invoice.ERP) []invoicetest.Saved {
		files, err := filepath.Glob(filepath.Join(string(c.Directory), "*"))
		if err != nil {
			t.Fatal(err)
		}
		var all []invoicetest.Saved
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var held struct {
				Order    struct{ Key string }
				Sections []string
				Items    []invoice.Item
			}
			if err := json.Unmarshal(data, &held); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			all = append(all, invoicetest.Saved{
				Key: held.Order.Key, Reference: filepath.Base(file), Sections: held.Sections, Items: held.Items,
			})
		}
		return all
	}
}
