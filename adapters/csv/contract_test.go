package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/invoice/invoicetest"
	"github.com/openstack-artifice/artifice/rates"
)

// defaults are what the tags of Config say, for a directory; the test of the
// tags is TestDefaults.
func defaults(dir string) Config {
	return Config{
		Directory:  config.Path(dir),
		OutputFile: "%(tenant)s-%(start)s-%(end)s.csv",
		RowLayout:  strings.Split("datacenter,name,start,end,value,unit,cost,amount", ","),
		Delimiter:  ',',
		Rates:      rates.Config{File: "testdata/rates.csv", Names: "testdata/names.csv", Delimiter: '|'},
	}
}

func TestContract(t *testing.T) {
	price := func(datacenter, name, cost string) invoicetest.Price {
		return invoicetest.Price{Datacenter: datacenter, Name: name, Cost: decimal.RequireFromString(cost)}
	}
	invoicetest.Run(t, invoicetest.Setup{
		Once: true,
		Prices: []invoicetest.Price{
			price("north", "m1.nano", "0.015"),
			price("north", "volume.size", "0.00032"),
			price("south", "m1.nano", "0.0125"),
		},
		New: func(t testing.TB) invoice.ERP {
			// A deep directory that is not there yet, and the service as well
			// as its pretty name, to read it back.
			c := defaults(filepath.Join(t.TempDir(), "a", "b"))
			c.RowLayout = append([]string{"service"}, append(c.RowLayout, "resource", "description", "tenant_name")...)
			erp, err := NewInvoice(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			return erp
		},
		Saved: func(t testing.TB, erp invoice.ERP) []invoicetest.Saved {
			return savedIn(t, erp.(*Invoice))
		},
	})
}

// savedIn reads the directory with nothing of this package.
func savedIn(t testing.TB, erp *Invoice) []invoicetest.Saved {
	t.Helper()
	dir := string(erp.config.Directory)
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var all []invoicetest.Saved
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if entry.IsDir() {
			t.Errorf("%s is left", path)
			continue
		}
		rows := readRows(t, path, ',')
		at := map[string]int{}
		for i, name := range rows[0] {
			at[name] = i
		}
		saved := invoicetest.Saved{Reference: filepath.Base(path)}
		first := max(0, slices.Index(rows[0], "service"))
		var lines []invoice.Item
		for _, row := range rows[1:] {
			words := row[first]
			_, key, isKey := strings.Cut(words, "order ")
			name, isTotal := strings.CutSuffix(words, " total")
			switch {
			case row[at["value"]] != "":
				lines = append(lines, invoice.Item{
					Datacenter: row[at["datacenter"]],
					Name:       words,
					Value:      decimal.RequireFromString(row[at["value"]]),
					Cost:       decimal.RequireFromString(row[at["cost"]]),
					Amount:     decimal.RequireFromString(row[at["amount"]]),
				})
			case isTotal:
				sum := decimal.Zero
				for _, l := range lines {
					sum = sum.Add(l.Amount)
				}
				if got := row[at["amount"]]; !decimal.RequireFromString(got).Equal(sum) {
					t.Errorf("%s: %s total is %s, its lines come to %s", path, name, got, sum)
				}
				saved.Sections, saved.Items = append(saved.Sections, name), append(saved.Items, lines...)
				lines = nil
			case isKey:
				saved.Key = key
			}
		}
		all = append(all, saved)
	}
	return all
}

func readRows(t testing.TB, path string, comma rune) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := stdcsv.NewReader(bytes.NewReader(data))
	r.Comma = comma
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return rows
}
