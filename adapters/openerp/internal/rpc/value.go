package rpc

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

const (
	maxValueDepth = 16  // of the values of an argument
	maxDigits     = 400 // of a number that is sent or read, before and after the point
	maxInt        = math.MaxInt32
)

// checkValue says at which place below path a value is one that cannot be
// sent. Texts with control characters are refused, not mended: an Odoo server
// refuses the whole request for one over XML-RPC, and PostgreSQL for some.
func checkValue(path string, value any, depth int) error {
	if depth > maxValueDepth {
		return fmt.Errorf("%s: nested deeper than %d", path, maxValueDepth)
	}
	switch v := value.(type) {
	case nil, bool, int, int64, []int64:
		return nil
	case string:
		if err := checkText(v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	case decimal.Decimal:
		if tooLong(v) {
			return fmt.Errorf("%s: a number of more than %d digits", path, maxDigits)
		}
	case []string:
		for i, text := range v {
			if err := checkText(text); err != nil {
				return fmt.Errorf("%s[%d]: %w", path, i, err)
			}
		}
	case []any:
		for i, each := range v {
			if err := checkValue(fmt.Sprintf("%s[%d]", path, i), each, depth+1); err != nil {
				return err
			}
		}
	case []map[string]any:
		for i, each := range v {
			if err := checkValue(fmt.Sprintf("%s[%d]", path, i), each, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, each := range v {
			if err := checkText(name); err != nil {
				return fmt.Errorf("%s: the name %q: %w", path, name, err)
			}
			if err := checkValue(path+"."+name, each, depth+1); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("%s: a %T cannot be sent", path, value)
	}
	return nil
}

// checkText refuses what XML 1.0 has no characters for, and what is not UTF-8.
// The error holds a position, never the text.
func checkText(text string) error {
	for i, c := range text {
		switch {
		case c == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return fmt.Errorf("byte %d is not UTF-8; write the text as UTF-8", i)
			}
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0xFFFE, c == 0xFFFF:
			return fmt.Errorf("a control character %U at byte %d; take it out", c, i)
		}
	}
	return nil
}

// tooLong bounds the digits that a number has when it is written out.
func tooLong(d decimal.Decimal) bool {
	return d.Exponent() > maxDigits || d.Exponent() < -maxDigits || d.NumDigits() > maxDigits
}
