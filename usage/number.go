package usage

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

const (
	maxNumber   = 64 // characters of a number in metadata
	maxExponent = 64 // of ten, either way
)

// parseNumber reads a number that metadata holds as text. It refuses what no
// meter measures: what is below zero, and what is so long or large that adding
// it up would take the memory of the machine.
func parseNumber(text string) (decimal.Decimal, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxNumber {
		return decimal.Decimal{}, fmt.Errorf("%.20q... is too long for a number", text)
	}
	number, err := decimal.NewFromString(text)
	switch {
	case err != nil:
		return decimal.Decimal{}, fmt.Errorf("%q is not a number", text)
	case number.Exponent() > maxExponent || number.Exponent() < -maxExponent:
		return decimal.Decimal{}, fmt.Errorf("%q is impossible: its exponent is beyond %d", text, maxExponent)
	case number.IsNegative():
		return decimal.Decimal{}, fmt.Errorf("%q is impossible: below zero", text)
	}
	return number, nil
}
