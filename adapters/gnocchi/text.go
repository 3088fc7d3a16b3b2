package gnocchi

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

const (
	maxNumber   = 64 // characters of a value
	maxExponent = 64 // written in a value, either way
	maxQuoted   = 60 // bytes of what a message quotes
)

// parseValue returns the exact value of a JSON number, as Gnocchi wrote it. What
// is below zero, or too long or large to be added up, no meter measures.
func parseValue(text string) (decimal.Decimal, error) {
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return decimal.Zero, fmt.Errorf("the value %s is no number", quote(text))
	}
	if len(text) > maxNumber {
		return decimal.Zero, fmt.Errorf("the value %s is impossible: %d characters long, %d at most", quote(text), len(text), maxNumber)
	}
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		if exponent, err := strconv.ParseInt(text[e+1:], 10, 32); err != nil || exponent > maxExponent || exponent < -maxExponent {
			return decimal.Zero, fmt.Errorf("the value %s is impossible: its exponent is beyond %d", quote(text), maxExponent)
		}
	}
	value, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero, fmt.Errorf("the value %s is no number", quote(text))
	}
	if value.IsNegative() {
		return decimal.Zero, fmt.Errorf("the value %s is impossible: below zero", quote(text))
	}
	return value, nil
}

// parseInstant reads a timestamp; one without a zone is UTC.
func parseInstant(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05.999999999", text); err != nil {
			return time.Time{}, fmt.Errorf("%s is no time as 2006-01-02T15:04:05+00:00", quote(text))
		}
	}
	if t = t.UTC(); t.Year() < 2000 || t.Year() >= 2200 {
		return time.Time{}, fmt.Errorf("the time %s is impossible: not within the years 2000 to 2200", quote(text))
	}
	return t, nil
}

// maxSpan bounds spans of archive policies: a hundred years.
const maxSpan = 100 * 365 * 24 * time.Hour

// parseSpan reads a span as Gnocchi writes it, as Python's str of a timedelta:
// "30 days, 0:00:00", "1 day, 0:00:00", "0:05:00", "0:00:00.500000".
func parseSpan(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%s is no span as 30 days, 0:05:00", quote(text))
	clock := text
	var span time.Duration
	if days, rest, ok := strings.Cut(text, ","); ok {
		number, unit, _ := strings.Cut(days, " ")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || unit != "day" && unit != "days" || n > uint64(maxSpan/(24*time.Hour)) {
			return 0, wrong
		}
		span, clock = time.Duration(n)*24*time.Hour, strings.TrimPrefix(rest, " ")
	}
	at, err := time.Parse("15:04:05.999999", clock)
	if err != nil {
		return 0, wrong
	}
	span += at.Sub(at.Truncate(24 * time.Hour))
	if span <= 0 {
		return 0, wrong
	}
	return span, nil
}

// quote makes a text of a server's fit for a message.
func quote(text string) string {
	if len(text) > maxQuoted {
		text = text[:maxQuoted] + "..."
	}
	return strconv.Quote(text)
}
