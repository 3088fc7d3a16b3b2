package csv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
)

// withRates is the default config with a rates file of this text.
func withRates(t *testing.T, text string) Config {
	t.Helper()
	c := defaults(t.TempDir())
	path := filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Rates = rates.Config{File: config.Path(path)}
	return c
}

const datedRates = `* | steady  | hour | 1
* | changes | hour | 1 | | 2013-08-15
* | changes | hour | 2 | 2013-08-15 |
* | monthly | hour | 1 | | 2013-08-01
* | monthly | hour | 2 | 2013-08-01 |
* | later   | hour | 1 | 2014-01-01 |
* | foreign | hour | 1 | | | AUD
`

// The rate in force at the start of the order's block, in its time zone,
// counts; what somebody must mend is permanent.
func TestCostOfABlock(t *testing.T) {
	_, inv := open(t, withRates(t, datedRates), august())
	for _, tc := range []struct {
		service, cost     string
		permanent, noCost bool
	}{
		{service: "steady", cost: "1"},
		{service: "monthly", cost: "2"}, // in UTC, the block begins in July
		{service: "changes", permanent: true},
		{service: "foreign", permanent: true},
		{service: "later", noCost: true},
	} {
		cost, err := inv.Cost(t.Context(), "north", tc.service)
		_, unitErr := inv.(invoice.Uniter).Unit(t.Context(), "north", tc.service)
		if (tc.cost != "") != (err == nil) || err == nil && cost.String() != tc.cost ||
			invoice.IsPermanent(err) != tc.permanent || errors.Is(err, invoice.ErrNoCost) != tc.noCost {
			t.Errorf("%s costs %s, %v", tc.service, cost, err)
		}
		if fmt.Sprint(unitErr) != fmt.Sprint(err) {
			t.Errorf("%s: Unit says %v, Cost %v", tc.service, unitErr, err)
		}
	}
}

func TestCheckPrices(t *testing.T) {
	c := withRates(t, datedRates)
	erp, err := NewInvoice(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	used := maps.All(map[string]string{"north": "steady", "south": "tiny", "west": "foreign"})
	wrong := map[string]error{}
	for what, err := range erp.CheckPrices(t.Context(), august().Block, "NZD", used) {
		wrong[strings.ReplaceAll(what, string(c.Rates.File), "rates.csv")] = err
	}
	if got, want := fmt.Sprint(slices.Sorted(maps.Keys(wrong))), `["foreign" in "west" "tiny" in "south" rates.csv:2 rates.csv:5 rates.csv:7]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := wrong[`"tiny" in "south"`]; !errors.Is(err, invoice.ErrNoCost) {
		t.Errorf("a service without a rate: %v", err)
	}
	if err := wrong["rates.csv:2"]; !errors.Is(err, rates.ErrUnused) || errors.Is(err, invoice.ErrNoCost) {
		t.Errorf("a rate without a use: %v", err)
	}
	for range erp.CheckPrices(t.Context(), august().Block, "NZD", used) {
		break // stopping early must not panic
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for what, err := range erp.CheckPrices(cancelled, august().Block, "NZD", used) {
		if what != "rates file" || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v with a cancelled context", what, err)
		}
	}
}
