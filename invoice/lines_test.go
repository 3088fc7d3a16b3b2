package invoice_test

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

func TestLinesIn(t *testing.T) {
	var l invoice.Lines
	for _, section := range []string{"north", "south", "empty"} {
		if err := l.AddSection(section); err != nil {
			t.Fatal(err)
		}
	}
	for _, item := range []invoice.Item{{Datacenter: "north", Name: "a"}, {Datacenter: "south", Name: "b"}, {Datacenter: "north", Name: "c"}} {
		if err := l.AddLine(item); err != nil {
			t.Fatal(err)
		}
	}
	for section, want := range map[string][]string{"north": {"a", "c"}, "south": {"b"}, "empty": nil, "none": nil} {
		var got []string
		for item := range l.In(section) {
			got = append(got, item.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in %q are %q, want %q", section, got, want)
		}
	}
	for range l.In("north") {
		break // stopping early must not panic
	}
}

func TestCheckAmount(t *testing.T) {
	for _, tc := range []struct {
		amount string
		digits int32
		good   bool
	}{
		{"1.25", 2, true}, {"-1.250", 2, true}, {"1.255", 2, false}, {"0.001", 2, false}, {"7", 0, true}, {"7.5", 0, false}, {"1e3", 0, true},
	} {
		order := invoice.Order{Currency: "NZD", Digits: tc.digits}
		err := order.CheckAmount(invoice.Item{Name: "m1.nano", Amount: decimal.RequireFromString(tc.amount)})
		if (err == nil) != tc.good || err != nil && !invoice.IsPermanent(err) {
			t.Errorf("%s with %d digits: %v", tc.amount, tc.digits, err)
		}
	}
}
