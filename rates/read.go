package rates

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/openstack-artifice/artifice/config"
)

var (
	rateForm = form{columns: []string{"region", "name", "unit", "rate", "from", "to", "currency"}, widths: []int{4, 6, 7}, key: "rates.file"}
	nameForm = form{columns: []string{"service", "name"}, widths: []int{2}, key: "rates.names"}
	idForm   = form{columns: []string{"id", "name"}, widths: []int{2}}
)

// Read reads the price list that c names. The error joins every mistake of
// both files, each an *Error, in the order of their lines. A rates file that is
// empty is none here, as it is for [Config.Check]: it has no rate for anything.
func Read(c Config) (*List, error) {
	list := &List{file: string(c.File), comma: c.Delimiter, region: regionOf(c.Region)}
	var err, namesErr error
	if c.File != "" {
		if list.rates, err = readRates(c); errors.Is(err, ErrNoRate) {
			err = nil
		}
	}
	if c.Names != "" {
		list.names, namesErr = readNames(string(c.Names), c.Delimiter.Rune('|'), nameForm)
	}
	if err := errors.Join(err, namesErr); err != nil {
		return nil, err
	}
	return list, nil
}

func readRates(c Config) (map[rateKey][]rate, error) {
	t, err := readTable(string(c.File), c.Delimiter.Rune('|'), rateForm)
	if errors.Is(err, errEmpty) {
		err = &noRates{err}
	}
	if err != nil {
		return nil, err
	}
	rates := make(map[rateKey][]rate, len(t.rows))
	regions := map[string]bool{}
	for _, row := range t.rows {
		key, r := t.rate(row)
		regions[key.region] = true
		if key.name != "" {
			rates[key] = append(rates[key], r)
		}
	}
	for key, same := range rates {
		if len(same) > 1 {
			t.overlaps(key, same)
		}
	}
	if region := regionOf(c.Region); region != "" && !regions[region] {
		near := ""
		if s := config.Suggest(region, slices.Sorted(maps.Keys(regions))); s != "" {
			near = fmt.Sprintf(" (did you mean %q?)", s)
		}
		t.mistake(0, "has no line for %q, the region of rates.region%s", region, near)
	}
	return rates, t.err()
}

// A noRates is the error for a file without a rate: it is ErrNoRate.
type noRates struct{ error }

func (e *noRates) Is(target error) bool { return target == ErrNoRate }
func (e *noRates) Unwrap() error        { return e.error }

// currencyCode is the form of an ISO 4217 code.
var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// rate reads a row, and notes every mistake in it.
func (t *table) rate(row row) (rateKey, rate) {
	region, name, unit, text, currency := row.fields[0], row.fields[1], row.fields[2], row.fields[3], row.fields[6]
	if region == "" {
		t.mistake(row.line, "the region is empty (write * for every datacenter)")
	}
	if name == "" {
		t.mistake(row.line, "the name is empty")
	}
	cost, err := config.Decimal(text)
	switch {
	case text == "":
		t.mistake(row.line, "the rate of %q is empty", name)
	case err != nil && strings.EqualFold(text, "rate"):
		t.mistake(row.line, "the rate of %q: %w (a rates file has no header: begin its line with #)", name, err)
	case err != nil:
		t.mistake(row.line, "the rate of %q: %w", name, err)
	case cost.IsNegative():
		t.mistake(row.line, "the rate of %q is %s: a price cannot be negative", name, text)
	}
	r := rate{cost: cost, unit: unit, currency: currency, line: row.line, from: t.day(row, 4), to: t.day(row, 5)}
	if !r.from.IsZero() && !r.to.IsZero() && !r.from.Before(r.to) {
		t.mistake(row.line, "the rate of %q holds from %s to %s, which is never (its last day is the one before %[3]s)", name, row.fields[4], row.fields[5])
	}
	if currency != "" && !currencyCode.MatchString(currency) {
		t.mistake(row.line, "the currency of %q: %q is no ISO 4217 code (write it like NZD)", name, currency)
	}
	return rateKey{regionOf(region), name}, r
}

// day is a field that holds a date, or nothing.
func (t *table) day(row row, field int) time.Time {
	text := row.fields[field]
	if text == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.mistake(row.line, "%s: %q is not a date (write it like 2013-08-01)", rateForm.columns[field], text)
	}
	return day
}

// overlaps notes every rate that holds on a day of another of the same name
// and region, at the later of the two lines.
func (t *table) overlaps(key rateKey, same []rate) {
	sorted := slices.SortedStableFunc(slices.Values(same), func(a, b rate) int {
		return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.line, b.line))
	})
	last := sorted[0] // the one that holds longest so far
	for _, r := range sorted[1:] {
		if last.to.IsZero() || r.from.Before(last.to) {
			first, second := min(last.line, r.line), max(last.line, r.line)
			if last.always() && r.always() {
				t.mistake(second, "%q in region %q has a rate already, in line %d (keep one of them)", key.name, key.region, first)
			} else {
				t.mistake(second, "%q in region %q has a rate for some of these days already, in line %d (let one end on the day on which the other begins)",
					key.name, key.region, first)
			}
		}
		if !last.to.IsZero() && (r.to.IsZero() || r.to.After(last.to)) {
			last = r
		}
	}
}

// regionOf is a region's name: the original's files say "region" in every
// line.
func regionOf(text string) string {
	if text == "region" {
		return everywhere
	}
	return text
}

// readNames reads a file of pairs: the form says what has the names.
func readNames(path string, comma rune, form form) (map[string]string, error) {
	t, err := readTable(path, comma, form)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(t.rows))
	lines := make(map[string]int, len(t.rows))
	for _, row := range t.rows {
		key, name := row.fields[0], row.fields[1]
		if name == "" {
			t.mistake(row.line, "the name of %q is empty", key)
		}
		if key == "" {
			t.mistake(row.line, "the %s is empty", form.columns[0])
			continue
		}
		if first, ok := lines[key]; ok {
			t.mistake(row.line, "%q has a name already, in line %d (keep one of them)", key, first)
			continue
		}
		names[key], lines[key] = name, row.line
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
