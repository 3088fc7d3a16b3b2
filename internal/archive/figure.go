package archive

import (
	"fmt"
	"regexp"

	"github.com/shopspring/decimal"
)

// A figure is a decimal that is written as it is, without an exponent: one of
// a few characters would otherwise fill the memory.
type figure struct{ decimal.Decimal }

// maxFigure is how many characters a figure may have.
const maxFigure = 4096

var plain = regexp.MustCompile(`^"-?[0-9]+(\.[0-9]+)?"$`)

// MarshalJSON writes a figure as a string.
func (f figure) MarshalJSON() ([]byte, error) { return []byte(`"` + f.String() + `"`), nil }

// UnmarshalJSON reads a figure from a string.
func (f *figure) UnmarshalJSON(text []byte) error {
	if len(text) > maxFigure || !plain.Match(text) {
		return fmt.Errorf(`%.40s is no figure such as "-12.5"`, text)
	}
	var err error
	f.Decimal, err = decimal.NewFromString(string(text[1 : len(text)-1]))
	return err
}
