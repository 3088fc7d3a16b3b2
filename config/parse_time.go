package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration parses the syntax of [time.ParseDuration], before which a number of
// days may stand: "90s", "1h30m", "1d", "1d12h". A day has 24 hours.
func Duration(text string) (time.Duration, error) {
	fail := fmt.Errorf("%s is not a duration (write 90s, 15m, 1h or 1d)", quote(text))
	rest, sign := text, ""
	if text != "" && (text[0] == '-' || text[0] == '+') {
		rest, sign = text[1:], text[:1]
	}
	var days time.Duration
	if count, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.ParseUint(count, 10, 32)
		const most = uint64(math.MaxInt64 / (24 * time.Hour))
		if err != nil || n > most {
			return 0, fail
		}
		days = time.Duration(n) * 24 * time.Hour
		if rest = after; rest == "" {
			rest = "0"
		}
	}
	// What follows the days is unsigned: "1d-2h" means nothing.
	if rest == "" || rest[0] == '-' || rest[0] == '+' {
		return 0, fail
	}
	d, err := time.ParseDuration(sign + rest)
	if err != nil {
		return 0, fail
	}
	if sign == "-" {
		days = -days
	}
	if sum := d + days; (sum < 0) == (sign == "-") || sum == 0 {
		return sum, nil
	}
	return 0, fail
}

// Time parses RFC 3339, or a date, which is its midnight in UTC.
func Time(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	// Not time.Parse, which takes more than RFC 3339 does; a comma before the
	// fraction is taken by both.
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil || strings.Contains(text, ",") {
		return time.Time{}, fmt.Errorf("%s is not a time (write 2026-01-31 or 2026-01-31T15:04:05Z)", quote(text))
	}
	return t, nil
}

// Location loads an IANA time zone. "Local" is not one: it would differ from
// one machine to the next.
func Location(text string) (*time.Location, error) {
	loc, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		return nil, fmt.Errorf("%s is not a time zone (write an IANA name such as Pacific/Auckland, or UTC)", quote(text))
	}
	return loc, nil
}
