package openerp

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestKeeps(t *testing.T) {
	for _, tc := range []struct {
		figure string
		field  int32
		want   bool
	}{
		{"744", 0, true},
		{"744.000", 0, true}, // zeros are no digits
		{"0.017", 2, false},
		{"0.017", 3, true},
		{"0.000123", 6, true},
		{"-123.456789", 6, true},
		{"-123.456789", 5, false},
		{"123456789012345", 6, true},
		{"1234567890123456", 6, false}, // 16 digits
		{"12345678901234500000", 6, true},
		{"123456789.1234567", 9, false}, // 16 digits
		{"0", 0, true},
		{"0.000", 0, true},
		{"120e10", 0, true},
	} {
		if got := keeps(dec(tc.figure), tc.field); got != tc.want {
			t.Errorf("keeps(%s, %d) = %t", tc.figure, tc.field, got)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, tc := range []struct{ d, step, want string }{
		{"1.005", "0.01", "1.01"}, // a tie: away from zero
		{"-1.005", "0.01", "-1.01"},
		{"1.0049", "0.01", "1"},
		{"10.055025", "0.01", "10.06"}, // 1.005 x 10.005, as recorded of a real server
		{"0.37", "0.05", "0.35"},       // 7.4 steps
		{"0.375", "0.05", "0.4"},       // 7.5 steps
		{"14", "10", "10"},
		{"15", "10", "20"},
		{"-15", "10", "-20"},
		{"0", "0.01", "0"},
		{"7e3", "1000", "7000"},
		{"0.004", "0.01", "0"},
	} {
		if got := nearest(dec(tc.d), dec(tc.step)); !got.Equal(dec(tc.want)) {
			t.Errorf("nearest(%s, %s) = %s, want %s", tc.d, tc.step, got, tc.want)
		}
	}
}

// What a server's floats make of figures is undone.
func TestWithoutNoise(t *testing.T) {
	for _, tc := range [][2]string{
		{"0.016999999999999998", "0.017"},
		{"-0.016999999999999998", "-0.017"},
		{"22.729999999999997", "22.73"},
		{"0.30000000000000004", "0.3"},
		{"9.999999999999999999", "10"},
		{"123456.654321", "123456.654321"},
		{"744.0", "744"},
		{"0.0", "0"},
	} {
		if got := withoutNoise(dec(tc[0])); !got.Equal(dec(tc[1])) {
			t.Errorf("%s becomes %s, want %s", tc[0], got, tc[1])
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		value, cost string
		digits      int32
		head, rest  string
	}{
		// 0.015 has three digits: tens of units cost whole cents.
		{"12345678901234.567891", "0.015", 2, "12345678901230", "4.567891"},
		{"-12345678901234.567891", "0.015", 2, "-12345678901230", "-4.567891"},
		{"12345678901234.567891", "2", 2, "12345678901234", "0.567891"},
		// 10 x 0.00032 is no whole number of cents, 1000 x 0.00032 = 0.32 is.
		{"12345678901234.567891", "0.00032", 2, "12345678901000", "234.567891"},
		// 20 digits before the point: 15 of them in the head.
		{"12345678901234567890.5", "1", 0, "12345678901234500000", "67890.5"},
	} {
		head, rest, ok := split(dec(tc.value), dec(tc.cost), tc.digits)
		if !ok || !head.Equal(dec(tc.head)) || !rest.Equal(dec(tc.rest)) {
			t.Errorf("split(%s, %s) = %s, %s, %t; want %s, %s", tc.value, tc.cost, head, rest, ok, tc.head, tc.rest)
		}
	}
	if head, rest, ok := split(dec("1234567890123456789012345.678901"), dec("1"), 2); ok {
		t.Errorf("31 digits are split into %s and %s", head, rest)
	}
}

// figure draws a decimal of some digits.
func figure(digits int, after int32) *rapid.Generator[decimal.Decimal] {
	return rapid.Custom(func(t *rapid.T) decimal.Decimal {
		n := new(big.Int)
		for range rapid.IntRange(1, digits).Draw(t, "digits") {
			n.Mul(n, big.NewInt(10)).Add(n, big.NewInt(rapid.Int64Range(0, 9).Draw(t, "digit")))
		}
		d := decimal.NewFromBigInt(n, -rapid.Int32Range(0, after).Draw(t, "after"))
		if rapid.Bool().Draw(t, "negative") {
			d = d.Neg()
		}
		return d
	})
}

// Rounding is held against fractions: no multiple is nearer, and of two the one
// farther from zero is taken.
func TestNearestAgainstFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := figure(20, 10).Draw(t, "d")
		step := figure(4, 4).Filter(func(d decimal.Decimal) bool { return d.IsPositive() }).Draw(t, "step")
		got := nearest(d, step)
		count := new(big.Rat).Quo(got.Rat(), step.Rat())
		if !count.IsInt() {
			t.Fatalf("%s is no multiple of %s", got, step)
		}
		off := new(big.Rat).Sub(got.Rat(), d.Rat())
		half := new(big.Rat).Mul(step.Rat(), big.NewRat(1, 2))
		switch new(big.Rat).Abs(off).Cmp(half) {
		case 1:
			t.Fatalf("%s is farther from %s than half of %s", got, d, step)
		case 0:
			if got.Abs().LessThan(d.Abs()) {
				t.Fatalf("%s is the tie of %s that is nearer to zero", got, d)
			}
		}
	})
}

// Where a value is split, nothing is lost, both parts are kept by floats, and
// the amounts of both come to the amount of the whole.
func TestSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := figure(24, 6).Draw(t, "value")
		cost := figure(6, 8).Filter(decimal.Decimal.IsPositive).Draw(t, "cost")
		digits := rapid.Int32Range(0, 3).Draw(t, "digits")
		head, rest, ok := split(value, cost, digits)
		if !ok {
			t.Skip("no two parts")
		}
		if !head.Add(rest).Equal(value) {
			t.Fatalf("%s and %s are not %s", head, rest, value)
		}
		if !keeps(head, 6) || !keeps(rest, 6) {
			t.Fatalf("%s or %s is not kept", head, rest)
		}
		sum := halfAway(head.Mul(cost), digits).Add(halfAway(rest.Mul(cost), digits))
		if whole := halfAway(value.Mul(cost), digits); !sum.Equal(whole) {
			t.Fatalf("the parts come to %s, the whole to %s", sum, whole)
		}
	})
}
