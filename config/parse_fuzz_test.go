package config

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// stable checks that what text is parsed to prints as a text that is parsed to
// the same.
func stable[T any](t *testing.T, name string, parse func(string) (T, error), print func(T) string, text string) {
	t.Helper()
	v, err := parse(text)
	if err != nil {
		if err.Error() == "" || len(err.Error()) > 1000 {
			t.Errorf("%s(%q): a message of %d bytes", name, text, len(err.Error()))
		}
		return
	}
	printed := print(v)
	again, err := parse(printed)
	if err != nil {
		t.Errorf("%s(%q) prints as %q: %v", name, text, printed, err)
	} else if print(again) != printed {
		t.Errorf("%s(%q) prints as %q, then as %q", name, text, printed, print(again))
	}
}

func FuzzParsers(f *testing.F) {
	for _, s := range []string{
		"", "true", "-128", "+255", "1e64", "0.1e-63", "12.50", ".5", "5.", "1d12h", "-106751d23h47m16.854775807s", "2562047h47m16.854775808s",
		"2026-01-31", "2026-01-31T15:04:05.123456789+13:45", "0000-01-01", "UTC", "Pacific/Auckland", "https://a:1/b?c#d", "x://%41", "x:/", "x:////y",
		"::ffff:1.2.3.4", "fe80::1%eth0", "0.0.0.0/0", "::/0", "10 MiB", "7EiB", "1000KB", "env:A", "file:/x", "\xff", "9e64", ".01e-63", "5e-324", "a,b", "-0", "1µs",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stable(t, "Bool", Bool, func(v bool) string { return fmt.Sprint(v) }, text)
		stable(t, "Int", Int[int8], func(v int8) string { return fmt.Sprint(v) }, text)
		stable(t, "Int", Int[int64], func(v int64) string { return fmt.Sprint(v) }, text)
		stable(t, "Uint", Uint[uint8], func(v uint8) string { return fmt.Sprint(v) }, text)
		stable(t, "Uint", Uint[uint64], func(v uint64) string { return fmt.Sprint(v) }, text)
		stable(t, "Float", Float[float64], func(v float64) string { return fmt.Sprint(v) }, text)
		stable(t, "Float", Float[float32], func(v float32) string { return fmt.Sprint(v) }, text)
		stable(t, "Decimal", Decimal, func(v decimal.Decimal) string { return v.String() }, text)
		stable(t, "Duration", Duration, time.Duration.String, text)
		stable(t, "Time", Time, func(v time.Time) string { return v.Format(time.RFC3339Nano) }, text)
		stable(t, "Location", Location, (*time.Location).String, text)
		stable(t, "URL", URL, (*url.URL).String, text)
		stable(t, "Addr", Addr, func(v netip.Addr) string { return v.String() }, text)
		stable(t, "Prefix", Prefix, func(v netip.Prefix) string { return v.String() }, text)
		stable(t, "ParseSize", ParseSize, Size.String, text)
		if _, err := ParseSecret(text); err != nil && len(text) > 20 && len(err.Error()) > 100 {
			t.Errorf("ParseSecret(%q): %v", text, err)
		}
		if v, err := Float[float64](text); err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("Float(%q) = %v", text, v)
		}
		Suggest(text, []string{"csv_directory", text})
	})
}
