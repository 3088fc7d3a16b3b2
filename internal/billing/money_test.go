package billing

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestQuotient(t *testing.T) {
	tests := []struct {
		name     string
		rounding Rounding
		volume   string
		num, den int64
		digits   int32
		want     string
	}{
		{"seconds to hours", HalfAwayFromZero, "5400", 1, 3600, 6, "1.5"},                  // 5400 / 3600 = 1.5
		{"a third", HalfAwayFromZero, "1200", 1, 3600, 6, "0.333333"},                      // 0.3333333...
		{"two thirds", HalfAwayFromZero, "2400", 1, 3600, 6, "0.666667"},                   // 0.6666666...
		{"bytes to gigabytes", HalfAwayFromZero, "1610612736", 1, 1 << 30, 6, "1.5"},       // 1.5 x 1024^3
		{"a tie goes away from zero", HalfAwayFromZero, "0.0000005", 1, 1, 6, "0.000001"},  //
		{"a tie below zero as well", HalfAwayFromZero, "-0.0000005", 1, 1, 6, "-0.000001"}, //
		{"a tie goes to the even neighbour", HalfEven, "0.0000005", 1, 1, 6, "0"},          //
		{"and up to one", HalfEven, "0.0000015", 1, 1, 6, "0.000002"},                      //
		{"just below a tie", HalfAwayFromZero, "0.00000049999999999999", 1, 1, 6, "0"},     //
		{"no digits", HalfAwayFromZero, "2.5", 1, 1, 0, "3"},                               //
		{"days to hours", HalfAwayFromZero, "0.5", 24, 1, 6, "12"},                         //
		{"large", HalfAwayFromZero, "123456789012345678901234567890", 1, 1, 6, "123456789012345678901234567890"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.rounding.quotient(decimal.RequireFromString(test.volume), big.NewInt(test.num), big.NewInt(test.den), test.digits)
			if !got.Equal(decimal.RequireFromString(test.want)) {
				t.Errorf("%s x %d / %d = %s, want %s", test.volume, test.num, test.den, got, test.want)
			}
		})
	}
}

// The oracle looks for the nearest multiple of 10^-digits among rationals: it
// divides nowhere.
func TestQuotientIsNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		volume := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-12, 6).Draw(t, "exponent"))
		num := rapid.Int64Range(1, 1<<40).Draw(t, "num")
		den := rapid.Int64Range(1, 1<<40).Draw(t, "den")
		digits := rapid.Int32Range(0, 9).Draw(t, "digits")
		rounding := rapid.SampledFrom([]Rounding{HalfAwayFromZero, HalfEven}).Draw(t, "rounding")

		got := rounding.quotient(volume, big.NewInt(num), big.NewInt(den), digits)
		if got.Exponent() < -digits {
			t.Fatalf("%s has more than %d digits", got, digits)
		}
		exact := new(big.Rat).Mul(volume.Rat(), big.NewRat(num, den))
		off := new(big.Rat).Sub(got.Rat(), exact)
		half := new(big.Rat).Mul(big.NewRat(1, 2), decimal.New(1, -digits).Rat())
		switch new(big.Rat).Abs(off).Cmp(half) {
		case 1:
			t.Fatalf("%s is more than half a digit from %s", got, exact.FloatString(20))
		case 0:
			away := off.Sign() == exact.Sign()
			even := got.Shift(digits).BigInt().Bit(0) == 0
			if rounding == HalfAwayFromZero && !away || rounding == HalfEven && !even {
				t.Fatalf("the tie %s went to %s", exact.FloatString(20), got)
			}
		}
	})
}
