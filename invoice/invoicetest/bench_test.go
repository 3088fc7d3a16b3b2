package invoicetest

import (
	"testing"

	"github.com/shopspring/decimal"
)

func TestAmount(t *testing.T) {
	for _, tc := range []struct {
		value, cost string
		digits      int32
		want        string
	}{
		{"744", "0.015", 2, "11.16"}, // 11.16
		{"1", "0.005", 2, "0.01"},    // half goes up
		{"-1", "0.005", 2, "-0.01"},  // and down below zero
		{"1", "0.0049999", 2, "0"},   // less than half does not
		{"-1", "0.0049999", 2, "0"},
		{"12345678901234.567891", "0.015", 2, "185185183518.52"}, // 185185183518.518518365
		{"2.5", "1", 0, "3"},
		{"0.0005", "1", 3, "0.001"},
		{"99999999999999999999.995", "1", 2, "100000000000000000000"}, // more than an int64
		{"0", "100", 2, "0"},
		{"1", "100", 2, "100"},
		{"0.333333", "0.0125", 2, "0"}, // 0.0041666625
	} {
		got := amount(decimal.RequireFromString(tc.value), decimal.RequireFromString(tc.cost), tc.digits)
		if got.String() != tc.want {
			t.Errorf("%s x %s to %d digits is %s, want %s", tc.value, tc.cost, tc.digits, got, tc.want)
		}
	}
}
