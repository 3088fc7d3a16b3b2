package openerp

import (
	"math/big"
	"strings"

	"github.com/shopspring/decimal"
)

// floatDigits is how many digits every number keeps that passes through a
// binary floating point number, as all of Odoo's do.
const floatDigits = 15

// shape tells how many digits a figure has, zeros at its ends left out, and how
// many of them stand after the point.
func shape(d decimal.Decimal) (digits int, after int32) {
	text := strings.TrimLeft(d.Coefficient().String(), "-0")
	short := strings.TrimRight(text, "0")
	if short == "" {
		return 0, 0
	}
	zeros := int32(len(text) - len(short))
	return len(short), max(0, -d.Exponent()-zeros)
}

// keeps reports whether a figure comes out of a field of Odoo as it went in,
// where the field has so many digits after the point.
func keeps(d decimal.Decimal, fieldDigits int32) bool {
	digits, after := shape(d)
	return digits <= floatDigits && after <= fieldDigits
}

// nearest is the multiple of step, which is above zero, that is nearest to d:
// of two the one that is farther from zero, as Odoo has it. It is exact.
func nearest(d, step decimal.Decimal) decimal.Decimal {
	exp := min(d.Exponent(), step.Exponent())
	n, m := units(d, exp), units(step, exp)
	q, rest := new(big.Int).QuoRem(n, m, new(big.Int))
	if new(big.Int).Lsh(rest, 1).CmpAbs(m) >= 0 {
		q.Add(q, big.NewInt(int64(rest.Sign())))
	}
	return decimal.NewFromBigInt(q, 0).Mul(step)
}

// units is d as a whole number of 10^exp, which is not above its exponent.
func units(d decimal.Decimal, exp int32) *big.Int {
	return d.Shift(-exp).BigInt()
}

// halfAway is d with so many digits after the point, as Odoo rounds amounts.
func halfAway(d decimal.Decimal, digits int32) decimal.Decimal {
	return nearest(d, decimal.New(1, -digits))
}

// withoutNoise is the figure that Odoo means: its floats come back like
// 0.016999999999999998 for 0.017.
func withoutNoise(d decimal.Decimal) decimal.Decimal {
	text := strings.TrimLeft(d.Coefficient().String(), "-0")
	if len(text) <= floatDigits {
		return d
	}
	return nearest(d, decimal.New(1, d.Exponent()+int32(len(text)-floatDigits)))
}

// split parts a value that has more digits than Odoo keeps into two that it
// does, of which the first, times the cost, is a whole number of the smallest
// units of the currency: the amounts of both, each rounded, then come to the
// amount of the whole. ok is false where there are no such two.
func split(value, cost decimal.Decimal, digits int32) (head, rest decimal.Decimal, ok bool) {
	_, after := shape(cost)
	for k := max(0, after-digits); k < floatDigits; k++ {
		head = whole(value.Shift(-k)).Shift(k)
		rest = value.Sub(head)
		if n, _ := shape(head); n > floatDigits {
			continue
		}
		n, _ := shape(rest)
		return head, rest, n <= floatDigits
	}
	return head, rest, false
}

// whole is d without what stands after the point.
func whole(d decimal.Decimal) decimal.Decimal { return decimal.NewFromBigInt(d.BigInt(), 0) }
