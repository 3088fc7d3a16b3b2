package odootest

import (
	"math/big"

	"github.com/shopspring/decimal"
)

// roundTo rounds half away from zero to a number of digits after the point, as
// the server does.
func roundTo(d decimal.Decimal, digits int) decimal.Decimal {
	drop := -int(d.Exponent()) - digits
	if drop <= 0 {
		return d
	}
	return decimal.NewFromBigInt(quotient(d.Coefficient(), power(drop)), -int32(digits))
}

// ratio is a/b rounded half away from zero to a number of digits.
func ratio(a, b decimal.Decimal, digits int) decimal.Decimal {
	// a/b = (ca * 10^(ea-eb+digits)) / cb * 10^-digits
	n, d := a.Coefficient(), b.Coefficient()
	shift := int(a.Exponent()) - int(b.Exponent()) + digits
	if shift >= 0 {
		n = new(big.Int).Mul(n, power(shift))
	} else {
		d = new(big.Int).Mul(d, power(-shift))
	}
	return decimal.NewFromBigInt(quotient(n, d), -int32(digits))
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// quotient is n/d, half away from zero.
func quotient(n, d *big.Int) *big.Int {
	negative := n.Sign()*d.Sign() < 0
	q, r := new(big.Int).QuoRem(new(big.Int).Abs(n), new(big.Int).Abs(d), new(big.Int))
	if r.Lsh(r, 1).Cmp(new(big.Int).Abs(d)) >= 0 {
		q.Add(q, big.NewInt(1))
	}
	if negative {
		q.Neg(q)
	}
	return q
}

// noisy is the number that a server's binary floats print where they miss d by
// a little: 0.017 as 0.016999999999999998. A whole number is never missed.
func noisy(d decimal.Decimal) decimal.Decimal {
	if roundTo(d, 0).Equal(d) {
		return d
	}
	return d.Sub(decimal.New(2, -int32(17-integerDigits(d))))
}

// integerDigits counts the digits before the point; 0.017 has -1.
func integerDigits(d decimal.Decimal) int { return d.NumDigits() + int(d.Exponent()) }
