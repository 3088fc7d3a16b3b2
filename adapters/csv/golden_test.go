package csv

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
	"github.com/openstack-artifice/artifice/usage"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// nzst is New Zealand's winter time, without a database of zones.
var nzst = time.FixedZone("NZST", 12*60*60)

// august is the order that most tests bill.
func august() invoice.Order {
	return invoice.Order{
		Key:      "5f0e8c6a7d5b4c3a2f1e0d9c8b7a69584736251403f2e1d0c9b8a79685746352",
		Tenant:   invoice.Tenant{ID: "cd3deadd3d5a4f11802d03928195f4ef", Name: "demo"},
		Block:    usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, nzst), End: time.Date(2013, 9, 1, 0, 0, 0, 0, nzst)},
		Currency: "NZD",
		Digits:   2,
		Date:     time.Date(2013, 9, 2, 9, 30, 0, 0, nzst),
	}
}

func item(datacenter, name, value, unit, cost, amount string) invoice.Item {
	return invoice.Item{
		Datacenter: datacenter, Name: name, Unit: unit,
		Value: decimal.RequireFromString(value), Cost: decimal.RequireFromString(cost), Amount: decimal.RequireFromString(amount),
	}
}

// open is an adapter and its invoice of an order, with lines; sections are
// added as the lines need them.
func open(t testing.TB, c Config, order invoice.Order, items ...invoice.Item) (*Invoice, invoice.Invoice) {
	t.Helper()
	erp, err := NewInvoice(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := erp.NewInvoice(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	added := map[string]bool{}
	for _, i := range items {
		if !added[i.Datacenter] {
			added[i.Datacenter] = true
			if err := inv.AddSection(i.Datacenter); err != nil {
				t.Fatal(err)
			}
		}
		if err := inv.AddLine(i); err != nil {
			t.Fatal(err)
		}
	}
	return erp, inv
}

func commit(t testing.TB, c Config, order invoice.Order, items ...invoice.Item) string {
	t.Helper()
	_, inv := open(t, c, order, items...)
	name, err := inv.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(string(c.Directory), name)
}

func TestGolden(t *testing.T) {
	adjustment := item("north", "volume.size", "-3", "gigabyte hour", "0.00032", "0")
	adjustment.Adjusts = usage.Span{ // as a store gives it, in UTC: July in New Zealand
		Start: time.Date(2013, 6, 30, 12, 0, 0, 0, time.UTC), End: time.Date(2013, 7, 31, 12, 0, 0, 0, time.UTC)}
	refund := item("south", "m1.nano", "-8", "hour", "0.0125", "-0.1")
	refund.Adjusts = usage.Span{ // from one in the morning
		Start: time.Date(2013, 7, 1, 13, 0, 0, 0, time.UTC), End: time.Date(2013, 7, 31, 12, 0, 0, 0, time.UTC)}
	detailed := item("north", "m1.nano", "744", "hour", "0.015", "11.16")
	detailed.Resource, detailed.Description = "f5dd7a3e", "web, \"old\"\n2nd line; =1+1"
	formula := item("=north", "formula", "1", "@unit", "1", "1")
	formula.Resource, formula.Description = " \t-1", "＝1"

	umlauts := item("Zürich", "größer", "1", "Stück", "1", "1")
	euro := item("Zürich", "größer", "1", "€", "1", "1")

	items := []invoice.Item{
		item("north", "m1.nano", "744", "hour", "0.015", "11.16"),                          // 744 * 0.015 = 11.16
		item("south", "m1.nano", "0.333333", "hour", "0.0125", "0"),                        // 0.333333 * 0.0125 = 0.0041666625
		item("north", "volume.size", "123456.654321", "gigabyte hour", "0.00032", "39.51"), // 123456.654321 * 0.00032 = 39.50612938272
		adjustment,
		refund,
	}
	for _, tc := range []struct {
		name   string
		config func(*Config)
		order  func(*invoice.Order)
		items  []invoice.Item
	}{
		{name: "default", items: items},
		{name: "empty"},
		{name: "original-words", items: items, config: func(c *Config) {
			c.RowLayout = strings.Split("location,type,start,end,amount,cost", ",")
			c.Delimiter = ';'
		}},
		{name: "every-column", items: []invoice.Item{detailed, formula}, config: func(c *Config) {
			c.RowLayout = columnNames()
		}, order: func(o *invoice.Order) { o.Tenant.Name = "+64 21" }},
		{name: "words-after-numbers", items: items[:1], config: func(c *Config) {
			c.RowLayout, c.Delimiter = []string{"value", "cost", "service", "amount"}, '\t'
		}},
		{name: "no-digits", items: []invoice.Item{item("north", "m1.nano", "1", "hour", "100", "100")}, order: func(o *invoice.Order) {
			o.Currency, o.Digits = "JPY", 0
		}},
		{name: "three-digits", items: []invoice.Item{item("north", "m1.nano", "1", "hour", "0.0155", "0.016")}, order: func(o *invoice.Order) {
			o.Currency, o.Digits = "BHD", 3
		}},
		{name: "flat", items: items, config: func(c *Config) { c.Layout = "flat" }},
		{name: "flat-key-first", items: items[:2], config: func(c *Config) {
			c.Layout, c.Header, c.RowLayout = "flat", false, []string{"order", "value", "amount", "service"}
		}},
		{name: "no-header", items: items[:2], config: func(c *Config) { c.Header = false }},
		{name: "raw", items: []invoice.Item{detailed, formula}, config: func(c *Config) {
			c.Profile, c.RowLayout = "raw", columnNames()
		}, order: func(o *invoice.Order) { o.Tenant.Name = "+64 21" }},
		{name: "excel", items: []invoice.Item{umlauts}, config: func(c *Config) { c.Profile = "excel" }},
		{name: "utf-16le", items: []invoice.Item{umlauts}, config: func(c *Config) { c.Encoding = "utf-16le" }},
		{name: "latin1", items: []invoice.Item{umlauts}, config: func(c *Config) { c.Encoding, c.LineEnd = "latin1", "lf" }},
		{name: "windows-1252", items: []invoice.Item{euro}, config: func(c *Config) { c.Encoding = "windows-1252" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, order := defaults(t.TempDir()), august()
			if tc.config != nil {
				tc.config(&c)
			}
			if tc.order != nil {
				tc.order(&order)
			}
			path := commit(t, c, order, tc.items...)
			if want := "cd3deadd3d5a4f11802d03928195f4ef-2013-08-01-2013-09-01.csv"; filepath.Base(path) != want {
				t.Errorf("the file is %s, want %s", filepath.Base(path), want)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.name+".golden.csv", string(got))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

// Amounts are value x rate of the original's price list, worked out by hand.
func TestOriginalPrices(t *testing.T) {
	files := map[string][2]string{"excerpt": {"testdata/rates-2013.csv", "testdata/names-2013.csv"}}
	if shared := os.Getenv("ARTIFICE_SHARED"); shared != "" {
		files["shared"] = [2]string{filepath.Join(shared, "data", "rates-2013.csv"), filepath.Join(shared, "data", "names-2013.csv")}
	} else if os.Getenv("ARTIFICE_REQUIRE_SERVICES") == "1" {
		t.Error("set ARTIFICE_SHARED to the directory of recorded data")
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			c := defaults(t.TempDir())
			c.Rates = rates.Config{File: config.Path(file[0]), Names: config.Path(file[1])}
			_, inv := open(t, c, august())
			if err := inv.AddSection("RegionOne"); err != nil {
				t.Fatal(err)
			}
			for _, tc := range []struct{ service, value, unit, amount string }{
				{"m1.nano", "173.5", "duration", "17350"},                           // 173.5 * 100 = 17350
				{"network.incoming.bytes", "1048576", "bytes", "125829120"},         // 1048576 * 120 = 125829120
				{"volume.size", "0.000001", "bytes per hour", "0"},                  // 0.000001 * 320 = 0.00032
				{"volume.size", "12.345678", "bytes per hour", "3950.62"},           // 12.345678 * 320 = 3950.61696
				{"volume.size", "-0.031250", "bytes per hour", "-10.00"},            // -0.03125 * 320 = -10
				{"volume.size", "100000000000", "bytes per hour", "32000000000000"}, // 1e11 * 320
			} {
				cost, err := inv.Cost(t.Context(), "RegionOne", tc.service)
				if err != nil {
					t.Fatal(err)
				}
				if unit, err := inv.(invoice.Uniter).Unit(t.Context(), "RegionOne", tc.service); err != nil || unit != tc.unit {
					t.Errorf("unit of %s: %q, %v; want %q", tc.service, unit, err, tc.unit)
				}
				line := item("RegionOne", tc.service, tc.value, tc.unit, cost.String(), tc.amount)
				if exact, rest := line.Value.Mul(cost), decimal.New(5, -3); exact.Sub(line.Amount).Abs().GreaterThan(rest) {
					t.Errorf("%s x %s is %s, the test's own arithmetic says %s", line.Value, cost, exact, tc.amount)
				}
				if err := inv.AddLine(line); err != nil {
					t.Fatal(err)
				}
			}
			name, err := inv.Commit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(string(c.Directory), name))
			if err != nil {
				t.Fatal(err)
			}
			// 17350 + 125829120 + 0 + 3950.62 - 10 + 32000000000000 = 32000125850410.62
			golden(t, "original-prices.golden.csv", string(got))
		})
	}
}
