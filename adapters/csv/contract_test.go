package csv

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	stdcsv "encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

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
		Layout:     "sections",
		RowLayout:  strings.Split("datacenter,name,start,end,value,unit,cost,amount", ","),
		Header:     true,
		Delimiter:  ',',
		Profile:    "safe",
		Rates:      rates.Config{File: "testdata/rates.csv", Names: "testdata/names.csv", Delimiter: '|'},
	}
}

// The contract is kept by the default, and by everything that is other than
// the default at least once.
func TestContract(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Config)
	}{
		{"default", func(*Config) {}},
		{"for Excel, compressed, with tabs", func(c *Config) {
			c.Profile, c.OutputFile, c.Delimiter = "excel", c.OutputFile+".gz", '\t'
		}},
		{"raw, with CR and LF", func(c *Config) { c.Profile, c.LineEnd = "raw", "crlf" }},
		{"flat", func(c *Config) { c.Layout = "flat" }},
		{"flat, raw and compressed UTF-16 by the key", func(c *Config) {
			c.Layout, c.Profile, c.Encoding, c.OutputFile = "flat", "raw", "utf-16le", "%(key)s.gz"
		}},
	} {
		t.Run(tc.name, func(t *testing.T) { invoicetest.Run(t, contract(tc.change)) })
	}
}

func contract(change func(*Config)) invoicetest.Setup {
	price := func(datacenter, name, cost string) invoicetest.Price {
		return invoicetest.Price{Datacenter: datacenter, Name: name, Cost: decimal.RequireFromString(cost)}
	}
	var flat Config
	change(&flat)
	return invoicetest.Setup{
		Once:       true,
		NeedsLines: flat.Layout == "flat",
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
			change(&c)
			erp, err := NewInvoice(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			return erp
		},
		Saved: func(t testing.TB, erp invoice.ERP) []invoicetest.Saved {
			return savedIn(t, erp.(*Invoice))
		},
	}
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
		rows := readRows(t, path, erp.config.Delimiter.Rune(0))
		saved := invoicetest.Saved{Reference: filepath.Base(path)}
		if erp.config.Layout == "flat" {
			savedFlat(&saved, rows)
		} else {
			savedSections(t, &saved, rows)
		}
		all = append(all, saved)
	}
	return all
}

func savedFlat(saved *invoicetest.Saved, rows [][]string) {
	for _, row := range rows[1:] {
		item := savedItem(rows[0], row)
		if n := len(saved.Sections); n == 0 || saved.Sections[n-1] != item.Datacenter {
			saved.Sections = append(saved.Sections, item.Datacenter)
		}
		saved.Items = append(saved.Items, item)
		saved.Key = row[slices.Index(rows[0], "order")]
	}
}

func savedSections(t testing.TB, saved *invoicetest.Saved, rows [][]string) {
	var lines []invoice.Item
	words, amount := slices.Index(rows[0], "service"), slices.Index(rows[0], "amount")
	for _, row := range rows[1:] {
		_, key, isKey := strings.Cut(row[words], "order ")
		name, isTotal := strings.CutSuffix(row[words], " total")
		switch {
		case row[slices.Index(rows[0], "value")] != "":
			lines = append(lines, savedItem(rows[0], row))
		case isTotal:
			sum := decimal.Zero
			for _, l := range lines {
				sum = sum.Add(l.Amount)
			}
			if got := row[amount]; !decimal.RequireFromString(got).Equal(sum) {
				t.Errorf("%s total is %s, its lines come to %s", name, got, sum)
			}
			saved.Sections, saved.Items = append(saved.Sections, name), append(saved.Items, lines...)
			lines = nil
		case isKey:
			saved.Key = key
		}
	}
}

func savedItem(header, row []string) invoice.Item {
	cell := func(name string) string { return row[slices.Index(header, name)] }
	return invoice.Item{
		Datacenter: cell("datacenter"), Name: cell("service"),
		Value:  decimal.RequireFromString(cell("value")),
		Cost:   decimal.RequireFromString(cell("cost")),
		Amount: decimal.RequireFromString(cell("amount")),
	}
}

// readRows reads a file, which says itself what it is: it ends in ".gz", or
// begins with a mark.
func readRows(t testing.TB, path string, comma rune) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		data = gunzip(t, data)
	}
	if units, ok := bytes.CutPrefix(data, []byte{0xff, 0xfe}); ok {
		var wide []uint16
		for pair := range slices.Chunk(units, 2) {
			wide = append(wide, binary.LittleEndian.Uint16(pair))
		}
		data = []byte(string(utf16.Decode(wide)))
	}
	r := stdcsv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.Comma = comma
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return rows
}

func gunzip(t testing.TB, data []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	data, err = io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
