package pricing

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/rates"
	"github.com/openstack-artifice/artifice/usage"
)

func TestErrorsAreTheContracts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rates.csv")
	text := "* | good | hour | 1\n* | other | hour | 1 | | | USD\n* | changes | hour | 1 | | 2013-08-15\n* | changes | hour | 2 | 2013-08-15 |\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := rates.Config{File: config.Path(file)}
	list, err := rates.Read(c)
	if err != nil {
		t.Fatal(err)
	}
	august := usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2013, 9, 1, 0, 0, 0, 0, time.UTC)}
	prices := Prices{list.At(august, "NZD")}
	for _, tc := range []struct {
		service           string
		noCost, permanent bool
	}{{"good", false, false}, {"none", true, false}, {"other", false, true}, {"changes", false, true}} {
		_, costErr := prices.Cost("north", tc.service)
		_, unitErr := prices.Unit("north", tc.service)
		for _, err := range []error{costErr, unitErr} {
			if errors.Is(err, invoice.ErrNoCost) != tc.noCost || invoice.IsPermanent(err) != tc.permanent || (err == nil) != (tc.service == "good") {
				t.Errorf("%s: %v", tc.service, err)
			}
		}
	}
	used := func(yield func(string, string) bool) { yield("north", "none") }
	var told []string
	for what, err := range prices.Review(used) {
		if told = append(told, what); len(told) == 1 && !errors.Is(err, invoice.ErrNoCost) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if want := []string{`"none" in "north"`, file + ":1", file + ":2", file + ":3"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	for range prices.Review(used) {
		break // stopping early must not panic
	}
}

func TestCheckTellsAnEmptyList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, err := range Check(t.Context(), rates.Config{File: config.Path(file)}) {
		if name != "rates file" || !errors.Is(err, invoice.ErrNoCost) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
