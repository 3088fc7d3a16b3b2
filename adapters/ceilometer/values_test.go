package ceilometer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestVolumeOf(t *testing.T) {
	for _, test := range []struct{ json, want string }{
		{"0", "0"},
		{"1.0", "1"},
		{"2.50", "2.5"},
		{"-0", "0"},
		{"-0.0", "0"},
		{"-0e5", "0"},
		{"11938.0", "11938"},
		{"0.516666666666667", "0.516666666666667"},
		{"0.1", "0.1"}, // no float is
		{"123456789012345678", "123456789012345678"},
		{"12345678901234567.8", "12345678901234567.8"},
		{"1234567890123456789.25", "1234567890123456789.25"},
		{"9223372036854775808", "9223372036854775808"}, // 2^63
		{"99999999999999999999", "99999999999999999999"},
		{"9007199254740993", "9007199254740993"}, // 2^53 + 1
		{"1e+16", "10000000000000000"},
		{"1.5E-7", "0.00000015"},
		{"1e64", "1" + strings.Repeat("0", 64)},
	} {
		got, err := volumeOf([]byte(test.json))
		if err != nil || !got.Equal(decimal.RequireFromString(test.want)) || got.String() != test.want {
			t.Errorf("volumeOf(%s) = %v, %v, want %s", test.json, got, err, test.want)
		}
	}
}

func TestVolumeOfImpossible(t *testing.T) {
	long := strings.Repeat("1", 65)
	for _, test := range []struct{ json, want string }{
		{"-1", "the volume -1 is impossible: below zero"},
		{"-0.000000000000000000001", "the volume -0.000000000000000000001 is impossible: below zero"},
		{"1e400", "the volume 1e400 is impossible: its exponent is beyond 64"},
		{"1e65", "the volume 1e65 is impossible: its exponent is beyond 64"},
		{"1e-65", "the volume 1e-65 is impossible: its exponent is beyond 64"},
		{"1e999999999", "the volume 1e999999999 is impossible: its exponent is beyond 64"},
		{"1e99999999999999999999", "the volume 1e99999999999999999999 is impossible: its exponent is beyond 64"},
		{long, `the volume "` + long[:64] + `"... is impossible: 65 characters long, 64 at most`},
		{`"1.0"`, "the volume is a text, not a number"},
		{"true", "the volume is a boolean, not a number"},
		{"{}", "the volume is an object, not a number"},
		{"[1]", "the volume is a list, not a number"},
	} {
		if got, err := volumeOf([]byte(test.json)); err == nil || err.Error() != test.want {
			t.Errorf("volumeOf(%s) = %v, %v, want the error %s", test.json, got, err, test.want)
		}
	}
}

func TestVolumesAreRememberedApart(t *testing.T) {
	v := make(volumes)
	for i := range 3 * maxVolumes {
		want := decimal.New(int64(i), -1)
		for range 2 {
			if got, err := v.get([]byte(want.StringFixed(1))); err != nil || !got.Equal(want) {
				t.Fatalf("get(%v) = %v, %v", want, got, err)
			}
		}
	}
	if len(v) > maxVolumes {
		t.Errorf("%d volumes remembered, at most %d", len(v), maxVolumes)
	}
}

func TestTimeOf(t *testing.T) {
	at := func(hour, minute, second, nanosecond int) time.Time {
		return time.Date(2013, 8, 4, hour, minute, second, nanosecond, time.UTC)
	}
	for _, test := range []struct {
		text string
		want time.Time
	}{
		{"2013-08-04T23:29:05", at(23, 29, 5, 0)},
		{"2013-08-04 23:29:05", at(23, 29, 5, 0)},
		{"2013-08-04T23:29:05Z", at(23, 29, 5, 0)},
		{"2013-08-04T23:29:05.094000", at(23, 29, 5, 94_000_000)},
		{"2013-08-04T23:29:05.5", at(23, 29, 5, 500_000_000)},
		{"2013-08-04T23:29:05.123456789Z", at(23, 29, 5, 123_456_789)},
		{"2013-08-04 23:29:05+00:00", at(23, 29, 5, 0)},
		{"2013-08-04T23:29:05+1200", at(11, 29, 5, 0)}, // 23:29 - 12:00
		{"2013-08-04T17:59:05.000001-05:30", at(23, 29, 5, 1000)},
		{"2013-08-04T20:29:05-03", at(23, 29, 5, 0)},
		{"2012-02-29T00:00:00", time.Date(2012, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"2000-01-01T00:00:00", time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"2200-12-31T23:59:59.999999999", time.Date(2200, 12, 31, 23, 59, 59, 999_999_999, time.UTC)},
	} {
		if got, err := timeOf([]byte(test.text)); err != nil || got != test.want {
			t.Errorf("timeOf(%s) = %v, %v, want %v", test.text, got, err, test.want)
		}
	}
}

// A calendar says what timeOf says, whatever it remembers.
func TestCalendar(t *testing.T) {
	part := func(values ...string) *rapid.Generator[string] { return rapid.SampledFrom(values) }
	one := rapid.Custom(func(t *rapid.T) string {
		colon := part(":", ":", ":", ".").Draw(t, "colon")
		return part("2013-08-04", "2013-08-05", "1013-08-04", "1999-12-31", "2200-12-31", "2013-02-29", strings.Repeat("\x00", 10)).Draw(t, "date") +
			part("T", "T", " ", "x").Draw(t, "t") + part("00", "23", "24", "1x").Draw(t, "hour") +
			colon + part("00", "59", "60", "x1").Draw(t, "minute") + colon + part("00", "59", "60", "\xff\xff").Draw(t, "second") +
			part("", ".5", ".", ".123456789", ".1234567890", "Z", ".25Z", "ZZ", "+12:00", "-05:30", "-01").Draw(t, "end")
	})
	rapid.Check(t, func(t *rapid.T) {
		var c calendar
		texts := rapid.SliceOfN(one, 20, 60).Draw(t, "texts")
		for _, text := range texts {
			got, gotErr := c.timeOf([]byte(text))
			want, wantErr := timeOf([]byte(text))
			if got != want || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("timeOf(%s) = %v, %v after %v, want %v, %v", text, got, gotErr, texts, want, wantErr)
			}
		}
	})
}

func TestTimeOfImpossible(t *testing.T) {
	for _, text := range []string{
		"2013-13-01T00:00:00", "2013-00-01T00:00:00", "2013-02-29T00:00:00", "2013-04-31T00:00:00",
		"2013-08-00T00:00:00", "2013-08-04T24:00:00", "2013-08-04T23:60:00", "2013-08-04T12:10:60",
	} {
		want := `there is no time "` + text + `"`
		if got, err := timeOf([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("timeOf(%s) = %v, %v, want the error %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "yesterday", "2013-08-04", "2013-08-04T23:29", "2013-08-04T23:29:05.", "2013-08-04T23:29:05.1234567890",
		"2013-08-04T23:29:05z", "2013-08-04T23:29:05Z ", "2013-08-04T23:29:05+24:00", "2013-08-04T23:29:05+12:60",
		"2013-08-04T23:29:05+1", "2013-8-04T23:29:05", "+013-08-04T23:29:05", "2013-08-04T-1:29:05", "20130804T232905",
	} {
		want := quote([]byte(text)) + " is not a time as 2006-01-02T15:04:05.999999"
		if got, err := timeOf([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("timeOf(%q) = %v, %v, want the error %s", text, got, err, want)
		}
	}
	for _, text := range []string{"1999-12-31T23:59:59", "2201-01-01T00:00:00", "0001-01-01T00:00:00", "2000-01-01T00:00:00+00:01"} {
		want := `the time "` + text + `" is impossible: not within the years 2000 to 2200`
		if got, err := timeOf([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("timeOf(%s) = %v, %v, want the error %s", text, got, err, want)
		}
	}
}
