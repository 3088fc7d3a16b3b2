package rates

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openstack-artifice/artifice/config"
)

// Read reads the price list that c names. The error joins every mistake of
// both files, each an *Error, in the order of their lines.
func Read(c Config) (*List, error) {
	list := &List{file: string(c.File)}
	var err, namesErr error
	if c.File != "" {
		list.rates, err = readRates(string(c.File), c.Delimiter.Rune('|'))
	}
	if c.Names != "" {
		list.names, namesErr = readNames(string(c.Names), c.Delimiter.Rune('|'))
	}
	if err := errors.Join(err, namesErr); err != nil {
		return nil, err
	}
	return list, nil
}

func readRates(path string, comma rune) (map[rateKey]rate, error) {
	t, err := readTable(path, comma, "region", "name", "unit", "rate")
	if err != nil {
		return nil, err
	}
	rates := make(map[rateKey]rate, len(t.rows))
	lines := make(map[rateKey]int, len(t.rows))
	for _, row := range t.rows {
		region, name, unit, text := row.fields[0], row.fields[1], row.fields[2], row.fields[3]
		key := rateKey{region, name}
		if region == "region" { // the original's files say so in every line
			key.region = everywhere
		}
		if region == "" {
			t.mistake(row.line, "the region is empty (write * for every datacenter)")
		}
		cost, err := config.Decimal(text)
		switch {
		case text == "":
			t.mistake(row.line, "the rate of %q is empty", name)
		case err != nil && strings.EqualFold(text, "rate"):
			t.mistake(row.line, "the rate of %q: %w (a rates file has no header)", name, err)
		case err != nil:
			t.mistake(row.line, "the rate of %q: %w", name, err)
		case cost.IsNegative():
			t.mistake(row.line, "the rate of %q is %s: a price cannot be negative", name, text)
		}
		if name == "" {
			t.mistake(row.line, "the name is empty")
			continue
		}
		if first, ok := lines[key]; ok {
			t.mistake(row.line, "%q in region %q has a rate already, in line %d (keep one of them)", name, key.region, first)
			continue
		}
		rates[key], lines[key] = rate{cost: cost, unit: unit}, row.line
	}
	return rates, t.err()
}

func readNames(path string, comma rune) (map[string]string, error) {
	t, err := readTable(path, comma, "service", "name")
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(t.rows))
	lines := make(map[string]int, len(t.rows))
	for _, row := range t.rows {
		service, name := row.fields[0], row.fields[1]
		if name == "" {
			t.mistake(row.line, "the name of %q is empty", service)
		}
		if service == "" {
			t.mistake(row.line, "the service is empty")
			continue
		}
		if first, ok := lines[service]; ok {
			t.mistake(row.line, "%q has a name already, in line %d (keep one of them)", service, first)
			continue
		}
		names[service], lines[service] = name, row.line
	}
	return names, t.err()
}

// An Error is a mistake in a file.
type Error struct {
	File string
	Line int // from 1; 0 where it is of the file as a whole
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }
