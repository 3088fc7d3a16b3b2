package http

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
)

const goodRates = `{"currency": "NZD", "valid": "extra", "rates": [
	{"datacenter": "*", "name": "m1.nano", "unit": "hour", "cost": "0.0125"},
	{"datacenter": "north", "name": "m1.nano", "unit": "day", "cost": "0.36"},
	{"datacenter": "north", "name": "free", "cost": "0"},
	{"datacenter": "north", "name": "exact", "unit": "GB", "cost": "0.1234567890123456789012345678901234567890"}]}`

func priced(t *testing.T, m *memory) *Invoice {
	t.Helper()
	url := m.start(t).URL
	c := defaults(t, url)
	c.RatesURL = parse(t, url+"/rates?company=7")
	a, _ := open(t, c)
	return a
}

func TestPricesOfURL(t *testing.T) {
	m := &memory{rates: goodRates}
	inv := small(t, priced(t, m)).(*draft)
	for _, tc := range []struct{ datacenter, name, cost, unit string }{
		{"north", "m1.nano", "0.36", "day"},
		{"south", "m1.nano", "0.0125", "hour"},
		{"north", "free", "0", ""},
		{"north", "exact", "0.123456789012345678901234567890123456789", "GB"},
		{"south", "free", "no cost", ""},
		{"north", "m1", "no cost", ""},
		{"*", "m1.nano", "0.0125", "hour"},
	} {
		cost, err := inv.Cost(t.Context(), tc.datacenter, tc.name)
		unit, unitErr := inv.Unit(t.Context(), tc.datacenter, tc.name)
		if tc.cost == "no cost" {
			if !errors.Is(err, invoice.ErrNoCost) || !errors.Is(unitErr, invoice.ErrNoCost) {
				t.Errorf("%s in %s: %v, %v", tc.name, tc.datacenter, err, unitErr)
			} else if strings.Count(err.Error(), "no cost") > 1 {
				t.Errorf("%s in %s: the error says it twice: %v", tc.name, tc.datacenter, err)
			}
			continue
		}
		if err != nil || unitErr != nil || cost.String() != tc.cost || unit != tc.unit {
			t.Errorf("%s in %s costs %s per %q, %v, %v; want %s per %q", tc.name, tc.datacenter, cost, unit, err, unitErr, tc.cost, tc.unit)
		}
	}
	if len(m.seen) != 1 || m.seen[0].URL.String() != "/rates?company=7&currency=NZD&end=2013-08-31T12%3A00%3A00Z&start=2013-07-31T12%3A00%3A00Z" {
		t.Errorf("%d requests, the first %s", len(m.seen), m.seen[0].URL)
	}
}

// One GET for a block, however many ask at once; another for another block or
// currency. A failure is not kept.
func TestPricesAreReadOncePerBlock(t *testing.T) {
	m := &memory{rates: goodRates, faults: []fault{status(400)}}
	a := priced(t, m)
	if _, err := small(t, a).Cost(t.Context(), "north", "m1.nano"); class(err) != "permanent" {
		t.Errorf("Cost from a receiver that refuses: %v", err)
	}
	var all sync.WaitGroup
	for range 50 {
		inv := small(t, a)
		all.Go(func() {
			if cost, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil || cost.String() != "0.36" {
				t.Errorf("Cost = %s, %v", cost, err)
			}
		})
	}
	all.Wait()
	if n := m.requests(); n != 2 {
		t.Errorf("%d requests for one block, want one that failed and one", n)
	}
	m.mu.Lock()
	m.rates = strings.ReplaceAll(goodRates, "0.36", "0.99")
	m.mu.Unlock()
	if cost, err := small(t, a).Cost(t.Context(), "north", "m1.nano"); err != nil || cost.String() != "0.36" {
		t.Errorf("the price within the block has changed to %s, %v", cost, err)
	}
	september := august()
	september.Block.Start, september.Block.End = september.Block.End, september.Block.End.AddDate(0, 1, 0)
	if cost, err := filled(t, a, september).Cost(t.Context(), "north", "m1.nano"); err != nil || cost.String() != "0.99" {
		t.Errorf("in the next block it is %s, %v", cost, err)
	}
	euros := august()
	euros.Currency = "EUR"
	if _, err := filled(t, a, euros).Cost(t.Context(), "north", "m1.nano"); class(err) != "permanent" || !strings.Contains(err.Error(), `the currency is "NZD", and invoices are in EUR`) {
		t.Errorf("prices in another currency: %v", err)
	}
	// Who waits for another's reading can still be stopped.
	ctx, cancel := contextCancelled(t)
	defer cancel()
	p := a.prices.of(september)
	<-p.turn
	if _, err := filled(t, a, september).Cost(ctx, "north", "m1.nano"); err == nil {
		t.Error("Cost with a cancelled context")
	}
}

func TestParsePricesTellsEveryMistake(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"not JSON", `{"currency"`, "unexpected EOF"},
		{"nothing", ``, "EOF"},
		{"a list", `[]`, "unmarshal JSON array"},
		{"more after it", goodRates + "{}", "invalid character"},
		{"a member twice", `{"currency": "EUR", "currency": "NZD", "rates": []}`, "duplicate"},
		{"a number", `{"currency": "NZD", "rates": [{"datacenter": "*", "name": "a", "cost": 0.1}]}`, "cost"},
		{"no currency", `{"rates": []}`, `the currency is "", and invoices are in NZD`},
		{"no datacenter", `{"currency": "NZD", "rates": [{"name": "a", "cost": "1"}]}`, `rates[0] has no datacenter ("*" is every one)`},
		{"no name", `{"currency": "NZD", "rates": [{"datacenter": "*", "cost": "1"}]}`, "rates[0] has no name"},
		{"no cost", `{"currency": "NZD", "rates": [{"datacenter": "*", "name": "a"}]}`, `rates[0], "a": "" is not a number`},
		{"a comma", `{"currency": "NZD", "rates": [{"datacenter": "*", "name": "a", "cost": "0,5"}]}`, `"0,5" is not a number`},
		{"a long number", `{"currency": "NZD", "rates": [{"datacenter": "*", "name": "a", "cost": "1e999999999"}]}`, "too long for a number"},
		{"a negative", `{"currency": "NZD", "rates": [{"datacenter": "*", "name": "a", "cost": "-1"}]}`, "the cost is -1, and none can be negative"},
		{"a rate twice", `{"currency": "NZD", "rates": [{"datacenter": "n", "name": "a", "cost": "1"}, {"datacenter": "n", "name": "a", "cost": "1"}]}`, `rates[1]: "a" in "n" has a rate already`},
		{"several", `{"currency": "EUR", "rates": [{"name": "a", "cost": "1"}, {"datacenter": "n", "cost": "1"}]}`, "the currency is"},
		{"several", `{"currency": "EUR", "rates": [{"name": "a", "cost": "1"}, {"datacenter": "n", "cost": "1"}]}`, "rates[1] has no name"},
		{"very many", `{"currency": "EUR", "rates": [` + strings.TrimSuffix(strings.Repeat("{},", 1000), ",") + `]}`, "and perhaps more"},
	} {
		_, err := parsePrices([]byte(tc.body), "NZD")
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
		if err != nil && strings.Count(err.Error(), "\n") > 25 {
			t.Errorf("%s: %d lines", tc.name, strings.Count(err.Error(), "\n"))
		}
	}
}

// The size of the answer is bounded before it is read.
func TestHugePrices(t *testing.T) {
	m := &memory{faults: []fault{endless(`{"currency": "NZD", "rates": [`, 200)}}
	_, err := small(t, priced(t, m)).Cost(t.Context(), "north", "m1.nano")
	if class(err) != "permanent" || !errors.Is(err, errTooLarge) || !strings.HasPrefix(err.Error(), "rates_url: ") {
		t.Error(err)
	}
}

func TestPricesOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(path, []byte("north | m1.nano | hour | 0.015\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := defaults(t, "https://localhost")
	c.Rates = rates.Config{File: config.Path(path)}
	a, _ := open(t, c)
	inv := small(t, a).(*draft)
	cost, err := inv.Cost(t.Context(), "north", "m1.nano")
	unit, unitErr := inv.Unit(t.Context(), "north", "m1.nano")
	if err != nil || unitErr != nil || cost.String() != "0.015" || unit != "hour" {
		t.Errorf("%s per %q, %v, %v", cost, unit, err, unitErr)
	}
	if _, err := inv.Cost(t.Context(), "south", "m1.nano"); !errors.Is(err, invoice.ErrNoCost) {
		t.Errorf("Cost without a rate: %v", err)
	}
}
