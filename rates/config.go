package rates

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/openstack-artifice/artifice/config"
)

// Config is the part of an adapter's config that names its price list. An
// adapter has it as a field with the tag `ini:"rates"`, which makes its keys
// rates.file, rates.names, rates.region and rates.delimiter.
type Config struct {
	// File is the rates file. Without one nothing has a price.
	File config.Path `ini:"file"`
	// Names is the names file. Without one a service is called what it is.
	Names config.Path `ini:"names,alias=name"`
	// Region is the default: the rate of a service there holds in every
	// datacenter that has none of its own for it, before one of "*".
	Region string `ini:"region"`
	// Delimiter stands between the fields of both files.
	Delimiter Delimiter `ini:"delimiter,default=|"`
}

// Check reads the files and yields "rates file", and "names file" where there
// is one, each with every mistake in it, or nil. For a rates file that is empty
// the error is ErrNoRate.
func (c Config) Check() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := errors.New("none is configured, so nothing has a price: name one with rates.file")
		if c.File != "" {
			_, err = readRates(c)
		}
		if !yield("rates file", err) || c.Names == "" {
			return
		}
		_, err = readNames(string(c.Names), c.Delimiter.Rune('|'), nameForm)
		yield("names file", err)
	}
}

// A Delimiter is the character between the fields of a CSV file. The zero
// Delimiter leaves the choice to whoever reads or writes the file.
type Delimiter rune

// UnmarshalText takes a single character, or the word "tab". It refuses those
// that a number or a word may hold, quotes, and blanks.
func (d *Delimiter) UnmarshalText(text []byte) error {
	if s := string(text); s == "tab" || s == `\t` || s == "\t" {
		*d = '\t'
		return nil
	}
	r, size := utf8.DecodeRune(text)
	switch {
	case size == 0 || size != len(text):
		return fmt.Errorf("delimiter %q is not one character (write a single one, or tab)", text)
	case r == utf8.RuneError, !unicode.IsPrint(r), unicode.IsLetter(r), unicode.IsNumber(r), strings.ContainsRune(` "'.+-=@#`, r):
		return fmt.Errorf("%q cannot be a delimiter (try , ; | or tab)", text)
	}
	*d = Delimiter(r)
	return nil
}

// Rune is the character, or fallback for the zero Delimiter.
func (d Delimiter) Rune(fallback rune) rune {
	if d == 0 {
		return fallback
	}
	return rune(d)
}
