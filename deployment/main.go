package deployment

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// Main is what the plain keys of [main] say.
type Main struct {
	// Deployment names the deployment; it is part of every order's key, so
	// that staging never meets production.
	Deployment string
	// Currency is the ISO 4217 code of every cost and amount, and Digits how
	// many digits after the point its minor unit has.
	Currency string
	Digits   int32
	// Timezone is where months begin and end.
	Timezone *time.Location
	// HalfEven says that a tie is rounded to the even neighbour and not, as
	// usual, away from zero.
	HalfEven bool
	// ValueDigits is how many digits after the point an item's value has.
	ValueDigits int32
	// SettleAfter is how long after its end a block may be billed.
	SettleAfter time.Duration
	// BillFrom is the first instant that is billed; zero for all.
	BillFrom time.Time
}

// bindMain binds the plain keys of [main].
func (l *loader) bindMain() Main {
	var m Main
	var rounding string
	plain := *l.main
	plain.Keys = nil
	for _, key := range l.main.Keys {
		if !strings.Contains(key.Name, ":") {
			plain.Keys = append(plain.Keys, key)
		}
	}
	b := config.Bind(&plain)
	config.Field(b, &m.Deployment, config.String, "deployment", config.Required())
	config.Field(b, &m.Currency, parseCurrency, "currency", config.Required())
	config.Field(b, &m.Timezone, config.Location, "timezone", config.Default("UTC"))
	config.Field(b, &rounding, parseRounding, "rounding", config.Default(halfUp))
	config.Field(b, &m.ValueDigits, parseDigits, "value_digits", config.Default("6"))
	config.Field(b, &m.SettleAfter, parseWait, "settle_after", config.Default("24h"))
	config.Field(b, &m.BillFrom, m.parseBorder, "bill_from")
	if err := b.Done(); err != nil {
		l.errs = append(l.errs, err)
	}
	m.HalfEven = rounding == halfEven
	m.Digits = minorUnits(m.Currency)
	return m
}

const (
	halfUp   = "half-away-from-zero"
	halfEven = "half-even"
)

func parseRounding(text string) (string, error) {
	switch text {
	case halfUp, "half-up":
		return halfUp, nil
	case halfEven:
		return halfEven, nil
	}
	return "", fmt.Errorf("%q is no way to round (write %s or %s)", text, halfUp, halfEven)
}

func parseDigits(text string) (int32, error) {
	n, err := config.Int[int32](text)
	if err == nil && (n < 0 || n > 18) {
		err = fmt.Errorf("%d is not between 0 and 18", n)
	}
	return n, err
}

func parseWait(text string) (time.Duration, error) {
	d, err := config.Duration(text)
	if err == nil && d < 0 {
		err = fmt.Errorf("%q is negative", text)
	}
	return d, err
}

// parseBorder reads an instant on a window border; a date is midnight in the
// deployment's time zone.
func (m *Main) parseBorder(text string) (time.Time, error) {
	zone := m.Timezone
	if zone == nil {
		zone = time.UTC
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, text, zone)
	}
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("%q is not a time (write 2013-08-01 or 2013-08-01T05:00:00Z)", text)
	case !usage.OnBorder(t):
		next := usage.WindowAt(t).End.In(zone).Format(time.RFC3339)
		return time.Time{}, fmt.Errorf("%q is not on a window border, a whole UTC hour (write %s)", text, next)
	}
	return t, nil
}

func parseCurrency(text string) (string, error) {
	if strings.ToUpper(text) != text {
		return "", fmt.Errorf("%q is not an ISO 4217 code (write %s)", text, strings.ToUpper(text))
	}
	if _, err := currency.ParseISO(text); err != nil {
		return "", errors.New(text + " is not an ISO 4217 code (write EUR, NZD, USD ...)")
	}
	return text, nil
}

// minorUnits is how many digits after the point an amount of a currency has,
// by ISO 4217; the Unicode CLDR, which x/text follows, has others where cash is
// rounded.
func minorUnits(code string) int32 {
	switch code {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}
