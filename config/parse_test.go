package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// parsed parses text and prints what it is, or the error.
func parsed[T any](parse func(string) (T, error), text string) string {
	v, err := parse(text)
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprint(v)
}

func TestParsers(t *testing.T) {
	type row struct{ text, want string }
	rows := func(r ...row) []row { return r }
	tests := []struct {
		name  string
		parse func(string) string
		rows  []row
	}{
		{"String", func(s string) string { return parsed(String, s) }, rows(
			row{" a, b ", " a, b "},
		)},
		{"Bool", func(s string) string { return parsed(Bool, s) }, rows(
			row{"true", "true"}, row{"Yes", "true"}, row{"ON", "true"}, row{"1", "true"},
			row{"false", "false"}, row{"no", "false"}, row{"off", "false"}, row{"0", "false"},
			row{"y", `error: "y" is neither true nor false (write true, yes, on, 1 or false, no, off, 0)`},
		)},
		{"Int[int8]", func(s string) string { return parsed(Int[int8], s) }, rows(
			row{"127", "127"}, row{"-128", "-128"}, row{"+5", "5"}, row{"007", "7"},
			row{"128", `error: "128" is out of range (-128 to 127)`},
			row{"-129", `error: "-129" is out of range (-128 to 127)`},
			row{"1.0", `error: "1.0" is not a whole number`},
			row{"1e2", `error: "1e2" is not a whole number`},
			row{"0x1", `error: "0x1" is not a whole number`},
			row{"1_0", `error: "1_0" is not a whole number`},
			row{"+-1", `error: "+-1" is not a whole number`},
			row{"-", `error: "-" is not a whole number`},
			row{" 1", `error: " 1" is not a whole number`},
			row{"5 # five", `error: "5 # five" is not a whole number`},
			row{strings.Repeat("9", 61), `error: "` + strings.Repeat("9", 60) + `"... is out of range (-128 to 127)`},
		)},
		{"Int[int64]", func(s string) string { return parsed(Int[int64], s) }, rows(
			row{"-9223372036854775808", "-9223372036854775808"},
			row{"9223372036854775808", `error: "9223372036854775808" is out of range (-9223372036854775808 to 9223372036854775807)`},
		)},
		{"Uint[uint16]", func(s string) string { return parsed(Uint[uint16], s) }, rows(
			row{"65535", "65535"}, row{"+1", "1"},
			row{"65536", `error: "65536" is out of range (0 to 65535)`},
			row{"-1", `error: "-1" is out of range (0 to 65535)`},
			row{"x", `error: "x" is not a whole number`},
		)},
		{"Uint[uint64]", func(s string) string { return parsed(Uint[uint64], s) }, rows(
			row{"18446744073709551615", "18446744073709551615"},
			row{"18446744073709551616", `error: "18446744073709551616" is out of range (0 to 18446744073709551615)`},
		)},
		{"Float[float64]", func(s string) string { return parsed(Float[float64], s) }, rows(
			row{"0.5", "0.5"}, row{"-1e-3", "-0.001"}, row{".5", "0.5"}, row{"1e64", "1e+64"},
			row{"0.1", "0.1"},
			row{"NaN", `error: "NaN" is not a number (write it like 12.50)`},
			row{"inf", `error: "inf" is not a number (write it like 12.50)`},
			row{"0x1p4", `error: "0x1p4" is not a number (write it like 12.50)`},
			row{"1e400", `error: "1e400" is out of range`},
			row{"1e401", `error: "1e401" is too long for a number (at most 64 digits, exponent from -400 to 400)`},
		)},
		{"Float[float32]", func(s string) string { return parsed(Float[float32], s) }, rows(
			row{"0.1", "0.1"}, row{"3.4e38", "3.4e+38"},
			row{"3.5e38", `error: "3.5e38" is out of range`},
		)},
		{"Decimal", func(s string) string { return parsed(Decimal, s) }, rows(
			row{"12.50", "12.5"}, row{"-0.000001", "-0.000001"}, row{"+1", "1"}, row{"1.", "1"}, row{"1E2", "100"},
			row{strings.Repeat("9", 64), strings.Repeat("9", 64)},
			row{"1e-64", "0." + strings.Repeat("0", 63) + "1"},
			row{strings.Repeat("9", 65), `error: "` + strings.Repeat("9", 60) + `"... is too long for a number (at most 64 digits, exponent from -64 to 64)`},
			row{"1e65", `error: "1e65" is too long for a number (at most 64 digits, exponent from -64 to 64)`},
			row{"0.1e-64", `error: "0.1e-64" is too long for a number (at most 64 digits, exponent from -64 to 64)`},
			row{"1e999999999999", `error: "1e999999999999" is too long for a number (at most 64 digits, exponent from -64 to 64)`},
			row{strings.Repeat("0", 300), `error: "` + strings.Repeat("0", 60) + `"... is too long for a number (at most 64 digits, exponent from -64 to 64)`},
			row{"1,5", `error: "1,5" is not a number (write it like 12.50)`},
			row{"1.2.3", `error: "1.2.3" is not a number (write it like 12.50)`},
			row{".", `error: "." is not a number (write it like 12.50)`},
			row{".-5", `error: ".-5" is not a number (write it like 12.50)`},
			row{"1e", `error: "1e" is not a number (write it like 12.50)`},
			row{"1e5e5", `error: "1e5e5" is not a number (write it like 12.50)`},
			row{"−1", `error: "−1" is not a number (write it like 12.50)`}, // the minus sign of typographers
			row{"NZD 5", `error: "NZD 5" is not a number (write it like 12.50)`},
		)},
		{"Duration", func(s string) string { return parsed(Duration, s) }, rows(
			row{"90s", "1m30s"}, row{"24h", "24h0m0s"}, row{"1d", "24h0m0s"}, row{"1d12h", "36h0m0s"}, row{"0", "0s"},
			row{"1.5h", "1h30m0s"}, row{"-1d1h", "-25h0m0s"}, row{"0d5m", "5m0s"}, row{"106751d", "2562024h0m0s"},
			row{"-5m", "-5m0s"}, row{"+1d", "24h0m0s"},
			row{"1 hour", `error: "1 hour" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"90", `error: "90" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"d", `error: "d" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"", `error: "" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"1.5d", `error: "1.5d" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"1h1d", `error: "1h1d" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"1d1d", `error: "1d1d" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"1d-2h", `error: "1d-2h" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"--1h", `error: "--1h" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"106752d", `error: "106752d" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"106751d24h", `error: "106751d24h" is not a duration (write 90s, 15m, 1h or 1d)`},
			row{"-106751d24h", `error: "-106751d24h" is not a duration (write 90s, 15m, 1h or 1d)`},
		)},
		{"Time", func(s string) string { return parsed(Time, s) }, rows(
			row{"2026-01-31", "2026-01-31 00:00:00 +0000 UTC"},
			row{"2026-01-31T15:04:05Z", "2026-01-31 15:04:05 +0000 UTC"},
			row{"2026-01-31T15:04:05.5+13:00", "2026-01-31 15:04:05.5 +1300 +1300"},
			row{"2026-02-30", `error: "2026-02-30" is not a time (write 2026-01-31 or 2026-01-31T15:04:05Z)`},
			row{"31/1/2026", `error: "31/1/2026" is not a time (write 2026-01-31 or 2026-01-31T15:04:05Z)`},
			row{"2026-01-31T15:04:05,5Z", `error: "2026-01-31T15:04:05,5Z" is not a time (write 2026-01-31 or 2026-01-31T15:04:05Z)`},
		)},
		{"Location", func(s string) string { return parsed(Location, s) }, rows(
			row{"UTC", "UTC"}, row{"Pacific/Auckland", "Pacific/Auckland"},
			row{"Local", `error: "Local" is not a time zone (write an IANA name such as Pacific/Auckland, or UTC)`},
			row{"", `error: "" is not a time zone (write an IANA name such as Pacific/Auckland, or UTC)`},
			row{"NZ/Auckland", `error: "NZ/Auckland" is not a time zone (write an IANA name such as Pacific/Auckland, or UTC)`},
			row{"../../etc/passwd", `error: "../../etc/passwd" is not a time zone (write an IANA name such as Pacific/Auckland, or UTC)`},
		)},
		{"URL", func(s string) string { return parsed(URL, s) }, rows(
			row{"https://localhost:4567", "https://localhost:4567"},
			row{"http://[::1]:80/a?b#c", "http://[::1]:80/a?b#c"},
			row{"postgres:///db?host=/run/postgresql", "postgres:///db?host=/run/postgresql"},
			row{"file:///srv/x", "file:///srv/x"},
			row{"localhost:4567", `error: "localhost:4567" is not an absolute URL (write https://host:port/path)`},
			row{"/path", `error: "/path" is not an absolute URL (write https://host:port/path)`},
			row{"https:///path", `error: "https:///path" is not an absolute URL (write https://host:port/path)`},
			row{"https://:4567", `error: "https://:4567" is not an absolute URL (write https://host:port/path)`},
			row{"https://host:65536", `error: "https://host:65536" is not an absolute URL (write https://host:port/path)`},
			row{"https://host:port", `error: "https://host:port" is not an absolute URL (write https://host:port/path)`},
			row{"https://user:hunter2@host:port", `error: not an absolute URL (write https://host:port/path)`},
		)},
		{"Addr", func(s string) string { return parsed(Addr, s) }, rows(
			row{"192.0.2.1", "192.0.2.1"}, row{"2001:DB8::1", "2001:db8::1"},
			row{"192.0.2.01", `error: "192.0.2.01" is not an IP address (write 192.0.2.1 or 2001:db8::1)`},
		)},
		{"Prefix", func(s string) string { return parsed(Prefix, s) }, rows(
			row{"192.0.2.0/24", "192.0.2.0/24"}, row{"2001:db8::/32", "2001:db8::/32"},
			row{"192.0.2.0", `error: "192.0.2.0" is not an IP network (write 192.0.2.0/24)`},
			row{"2001:db8::1/32", `error: "2001:db8::1/32" has bits set beyond its length (write 2001:db8::/32, or /128 for one address)`},
		)},
		{"ParseSize", func(s string) string { return parsed(ParseSize, s) }, rows(
			row{"0", "0B"}, row{"512", "512B"}, row{"512B", "512B"}, row{"1024", "1KiB"}, row{"1000", "1kB"},
			row{"1KB", "1kB"}, row{"10 MiB", "10MiB"}, row{"1GB", "1GB"}, row{"7EiB", "7EiB"},
			row{"1536", "1536B"}, row{"1024000", "1000KiB"}, // 1024000 = 1000 * 1024
			row{"9223372036854775807", "9223372036854775807B"},
			row{"8EiB", `error: "8EiB" is out of range (at most 9223372036854775807 bytes)`},
			row{"9223372036854775808", `error: "9223372036854775808" is out of range (at most 9223372036854775807 bytes)`},
			row{"10M", `error: "10M" is not a size (write 512, 64KiB, 10MiB or 1GB)`},
			row{"10mb", `error: "10mb" is not a size (write 512, 64KiB, 10MiB or 1GB)`},
			row{"1.5GB", `error: "1.5GB" is not a size (write 512, 64KiB, 10MiB or 1GB)`},
			row{"-1", `error: "-1" is not a size (write 512, 64KiB, 10MiB or 1GB)`},
			row{"MiB", `error: "MiB" is not a size (write 512, 64KiB, 10MiB or 1GB)`},
			row{"1  MiB", `error: "1  MiB" is not a size (write 512, 64KiB, 10MiB or 1GB)`},
		)},
	}
	for _, test := range tests {
		for _, row := range test.rows {
			if got := test.parse(row.text); got != row.want {
				t.Errorf("%s(%q)\n got %s\nwant %s", test.name, row.text, got, row.want)
			}
		}
	}
}

// Numbers are exact: 0.1 + 0.2 = 0.3.
func TestDecimalIsExact(t *testing.T) {
	a, _ := Decimal("0.1")
	b, _ := Decimal("0.2")
	if sum := a.Add(b); !sum.Equal(decimal.RequireFromString("0.3")) {
		t.Errorf("0.1 + 0.2 = %s", sum)
	}
}

// Parsers take named types as they are.
func TestNamedTypes(t *testing.T) {
	type percent uint8
	type offset int16
	type ratio float32
	if got := parsed(Uint[percent], "256"); got != `error: "256" is out of range (0 to 255)` {
		t.Error(got)
	}
	if got := parsed(Int[offset], "-32769"); got != `error: "-32769" is out of range (-32768 to 32767)` {
		t.Error(got)
	}
	if got := parsed(Float[ratio], "3.5e38"); got != `error: "3.5e38" is out of range` {
		t.Error(got)
	}
	if d, err := Duration("1d"); err != nil || d != 24*time.Hour {
		t.Error(d, err)
	}
}
