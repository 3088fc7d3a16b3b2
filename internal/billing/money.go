package billing

import (
	"math/big"

	"github.com/shopspring/decimal"
)

// Rounding is how a figure between two is decided.
type Rounding int

// The ways to round: a tie goes away from zero, or to the even neighbour.
const (
	HalfAwayFromZero Rounding = iota
	HalfEven
)

// String is the rounding as the config spells it.
func (r Rounding) String() string {
	if r == HalfEven {
		return "half-even"
	}
	return "half-away-from-zero"
}

// round is where figures are rounded: nowhere else.
func (r Rounding) round(d decimal.Decimal, digits int32) decimal.Decimal {
	if r == HalfEven {
		return d.RoundBank(digits)
	}
	return d.Round(digits)
}

// quotient is where figures are divided: nowhere else. It returns
// d x num / den rounded once to digits.
func (r Rounding) quotient(d decimal.Decimal, num, den *big.Int, digits int32) decimal.Decimal {
	// As integers: d x num / den = n / m, to be cut at 10^-digits.
	n := new(big.Int).Mul(d.Coefficient(), num)
	m := new(big.Int).Set(den)
	if exp := d.Exponent() + digits; exp >= 0 {
		n.Mul(n, power10(exp))
	} else {
		m.Mul(m, power10(-exp))
	}
	q, rest := new(big.Int).QuoRem(n, m, new(big.Int))
	// The sign of what is left tells away from zero, as q may be zero.
	tie := new(big.Int).Lsh(new(big.Int).Abs(rest), 1).CmpAbs(m)
	if tie > 0 || tie == 0 && (r == HalfAwayFromZero || q.Bit(0) == 1) {
		q.Add(q, big.NewInt(int64(rest.Sign()*m.Sign())))
	}
	return decimal.NewFromBigInt(q, -digits)
}

// ceiling is where figures are rounded up: nowhere else. It returns the least
// whole number that is not below d x num / den, where den is above 0.
func ceiling(d decimal.Decimal, num, den *big.Int) decimal.Decimal {
	n := new(big.Int).Mul(d.Coefficient(), num)
	m := new(big.Int).Set(den)
	if exp := d.Exponent(); exp >= 0 {
		n.Mul(n, power10(exp))
	} else {
		m.Mul(m, power10(-exp))
	}
	// Euclid's quotient is the floor, as m is above 0.
	q, rest := new(big.Int).DivMod(n, m, new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return decimal.NewFromBigInt(q, 0)
}

func power10(n int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
