package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Bounds on the text of a number, so that a few bytes of a file cannot make
// long work: 64 significant digits, and an exponent from -64 to 64, or, of a
// float, as far as floats reach.
const (
	maxDigits        = 64
	maxExponent      = 64
	maxFloatExponent = 400
	// maxNumberText lets every number within the bounds be written out.
	maxNumberText = 1 + 2*maxDigits + maxExponent
)

type (
	signed interface {
		~int | ~int8 | ~int16 | ~int32 | ~int64
	}
	unsigned interface {
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
	}
	float interface{ ~float32 | ~float64 }
)

// String returns the text as it is.
func String(text string) (string, error) { return text, nil }

// Bool parses true, yes, on, 1 and false, no, off, 0, in any case.
func Bool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%s is neither true nor false (write true, yes, on, 1 or false, no, off, 0)", quote(text))
}

// Int parses a decimal whole number that T can hold.
func Int[T signed](text string) (T, error) {
	if !isWhole(text) {
		return 0, notWhole(text)
	}
	bits := 0
	for x := T(1); x != 0; x <<= 1 {
		bits++
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		least := int64(-1) << (bits - 1)
		return 0, outOfRange(text, least, ^least)
	}
	return T(n), nil
}

// Uint parses a decimal whole number that T can hold.
func Uint[T unsigned](text string) (T, error) {
	if !isWhole(text) {
		return 0, notWhole(text)
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, 64)
	if err != nil || uint64(T(n)) != n {
		return 0, outOfRange(text, 0, uint64(^T(0)))
	}
	return T(n), nil
}

// isWhole reports whether text is digits with or without a sign.
func isWhole(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	return digits != "" && len(text)-len(digits) <= 1 && strings.Trim(digits, "0123456789") == ""
}

func notWhole(text string) error { return fmt.Errorf("%s is not a whole number", quote(text)) }

func outOfRange[T int64 | uint64](text string, least, most T) error {
	return fmt.Errorf("%s is out of range (%d to %d)", quote(text), least, most)
}

// Float parses a finite decimal number within the range of T. It is for
// ratios and the like; volumes and money are [Decimal].
func Float[T float](text string) (T, error) {
	if err := checkNumber(text, maxFloatExponent); err != nil {
		return 0, err
	}
	bits := 64
	if one, three := T(1), T(3); float64(one/three) != 1.0/3.0 {
		bits = 32
	}
	f, err := strconv.ParseFloat(text, bits)
	if err != nil || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%s is out of range", quote(text))
	}
	return T(f), nil
}

// Decimal parses a decimal number exactly, with or without an exponent. It has
// at most 64 significant digits and an exponent from -64 to 64.
func Decimal(text string) (decimal.Decimal, error) {
	if err := checkNumber(text, maxExponent); err != nil {
		return decimal.Decimal{}, err
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Decimal{}, notNumber(text)
	}
	if e := d.Exponent(); e < -maxExponent || e > maxExponent {
		return decimal.Decimal{}, tooLong(text, maxExponent)
	}
	return d, nil
}

// checkNumber reports what is wrong with the text of a decimal number, which
// is [+-] digits [. digits] [e [+-] digits], or with its size; its exponent is
// at most exponents either way.
func checkNumber(text string, exponents int) error {
	mantissa, exponent := text, "0"
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole, "+-")
	sign := len(whole) - len(digits)
	digits += fraction
	if digits == "" || sign > 1 || strings.Trim(digits, "0123456789") != "" || !isWhole(exponent) {
		return notNumber(text)
	}
	e, err := strconv.Atoi(exponent)
	if err != nil || e < -exponents || e > exponents ||
		len(text) > maxNumberText || len(strings.Trim(digits, "0")) > maxDigits {
		return tooLong(text, exponents)
	}
	return nil
}

func notNumber(text string) error {
	return fmt.Errorf("%s is not a number (write it like 12.50)", quote(text))
}

func tooLong(text string, exponents int) error {
	return fmt.Errorf("%s is too long for a number (at most %d digits, exponent from -%d to %[3]d)", quote(text), maxDigits, exponents)
}

// quote quotes a value for a message, cut where it is long.
func quote(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) <= most {
		return strconv.Quote(text)
	}
	return strconv.Quote(string([]rune(text)[:most])) + "..."
}
