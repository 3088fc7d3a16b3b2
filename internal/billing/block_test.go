package billing

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/usage"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	in, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestMonth(t *testing.T) {
	tests := []struct {
		month, zone string
		start, end  string // UTC
		hours       int
	}{
		{"2013-08", "UTC", "2013-08-01T00:00:00Z", "2013-09-01T00:00:00Z", 744},
		{"2023-02", "UTC", "2023-02-01T00:00:00Z", "2023-03-01T00:00:00Z", 672},
		{"2024-02", "UTC", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", 696},
		{"2024-12", "UTC", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z", 744},
		// Clocks go forward on the last Sunday of September: an hour less than 30 x 24.
		{"2024-09", "Pacific/Auckland", "2024-08-31T12:00:00Z", "2024-09-30T11:00:00Z", 719},
		// They go back on the first Sunday of April: an hour more.
		{"2024-04", "Pacific/Auckland", "2024-03-31T11:00:00Z", "2024-04-30T12:00:00Z", 721},
		{"2024-03", "Europe/Berlin", "2024-02-29T23:00:00Z", "2024-03-31T22:00:00Z", 743},
		{"2024-10", "Europe/Berlin", "2024-09-30T22:00:00Z", "2024-10-31T23:00:00Z", 745},
		// Midnight is 18:30 UTC: both borders move to 19:00.
		{"2024-02", "Asia/Kolkata", "2024-01-31T19:00:00Z", "2024-02-29T19:00:00Z", 696},
		{"2024-05", "Asia/Kathmandu", "2024-04-30T19:00:00Z", "2024-05-31T19:00:00Z", 744},
	}
	for _, test := range tests {
		t.Run(test.month+" "+test.zone, func(t *testing.T) {
			in := zone(t, test.zone)
			block, err := Month(test.month, in)
			if err != nil {
				t.Fatal(err)
			}
			if got := block.Start.UTC().Format(time.RFC3339); got != test.start {
				t.Errorf("starts %s, want %s", got, test.start)
			}
			if got := block.End.UTC().Format(time.RFC3339); got != test.end {
				t.Errorf("ends %s, want %s", got, test.end)
			}
			if got := int(block.Duration() / time.Hour); got != test.hours {
				t.Errorf("has %d hours, want %d", got, test.hours)
			}
			if got := BlockLabel(block, in); got != test.month {
				t.Errorf("is called %q", got)
			}
		})
	}
}

func TestMonthsMeet(t *testing.T) {
	zones := []string{"UTC", "Pacific/Auckland", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "America/Havana", "Africa/Monrovia", "Pacific/Apia", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		in := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		year, month := rapid.IntRange(2000, 2099).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")
		this, err := Month(fmt.Sprintf("%d-%02d", year, month), in)
		if err != nil {
			t.Fatal(err)
		}
		after := time.Date(year, time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC)
		next, err := Month(after.Format("2006-01"), in)
		if err != nil {
			t.Fatal(err)
		}
		if !this.End.Equal(next.Start) {
			t.Fatalf("%v and %v do not meet", this, next)
		}
		if !usage.OnBorder(this.Start) || !usage.OnBorder(this.End) {
			t.Fatalf("%v is not on window borders", this)
		}
		// The border is the first whole hour that belongs to the month.
		if local := this.Start.In(in); local.Month() != time.Month(month) || local.Day() != 1 || local.Hour() > 1 {
			t.Fatalf("month begins at %v", local)
		}
		if hourBefore := this.Start.Add(-time.Hour).In(in); hourBefore.Month() == time.Month(month) && hourBefore.Minute() == 0 {
			t.Fatalf("the hour %v is left out", hourBefore)
		}
	})
}

func TestParseTime(t *testing.T) {
	tests := []struct{ text, zone, want, fails string }{
		{"2013-08-01", "UTC", "2013-08-01T00:00:00Z", ""},
		{"2013-08-01T05:00Z", "Pacific/Auckland", "2013-08-01T05:00:00Z", ""},
		{"2013-08-01T05:00:00+02:00", "UTC", "2013-08-01T03:00:00Z", ""},
		{"2013-08-01", "Pacific/Auckland", "2013-07-31T12:00:00Z", ""},
		{"2013-08-01T05", "UTC", "2013-08-01T05:00:00Z", ""},
		{"2013-08-01 05:00", "UTC", "2013-08-01T05:00:00Z", ""},
		{"2013-08-01T05:30", "UTC", "", "not on a window border, a whole UTC hour (2013-08-01T05:00:00Z and 2013-08-01T06:00:00Z are)"},
		{"2013-08-01", "Asia/Kolkata", "2013-07-31T19:00:00Z", ""}, // midnight is 18:30Z: as August begins
		{"2013-08-01T00:00", "Asia/Kolkata", "", "not on a window border, a whole UTC hour (2013-07-31T23:30:00+05:30 and 2013-08-01T00:30:00+05:30 are)"},
		{"2013-08-01", "Asia/Kathmandu", "2013-07-31T19:00:00Z", ""},    // midnight is 18:15Z
		{"2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", ""}, // clocks went from 00:00 to 01:00
		{"2018-02-17", "America/Sao_Paulo", "2018-02-17T02:00:00Z", ""}, // and back at the end of this one
		{"2024-11-03", "America/Havana", "2024-11-03T04:00:00Z", ""},    // midnight was twice
		{"2011-12-30", "Pacific/Apia", "", "2011-12-30 never was in Pacific/Apia"},
		{"2025-04-06", "Australia/Lord_Howe", "2025-04-05T13:00:00Z", ""}, // +11:00
		{"2025-07-06", "Australia/Lord_Howe", "2025-07-05T14:00:00Z", ""}, // +10:30: midnight is 13:30Z
		{"2024-09-29T02:00", "Pacific/Auckland", "", "never was in Pacific/Auckland"},
		{"2024-04-07T02:00", "Pacific/Auckland", "", "was twice in Pacific/Auckland"},
		{"yesterday", "UTC", "", "is not a time (write 2013-08-01"},
		{"2013-02-30", "UTC", "", "is not a time"},
	}
	for _, test := range tests {
		t.Run(test.text+" "+test.zone, func(t *testing.T) {
			got, err := ParseTime(test.text, zone(t, test.zone))
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := got.UTC().Format(time.RFC3339); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// A date is where months are cut: a month is from its first day to that of the
// next, and days meet.
func TestDaysAreOfMonths(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Auckland", "America/Sao_Paulo", "Australia/Lord_Howe", "America/St_Johns", "Africa/Monrovia"} {
		in := zone(t, name)
		var last time.Time
		for day := time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2026; day = day.AddDate(0, 0, 1) {
			at, err := ParseTime(day.Format(time.DateOnly), in)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			// In 1988 the clocks of Newfoundland moved by two hours.
			if length := at.Sub(last); !last.IsZero() && (length < 22*time.Hour || length > 26*time.Hour) {
				t.Errorf("%s: the day before %v has %v", name, day, length)
			}
			last = at
			if day.Day() != 1 {
				continue
			}
			month, err := Month(day.Format("2006-01"), in)
			if err != nil || !month.Start.Equal(at) {
				t.Errorf("%s: %v begins %v, and its month %v", name, day, at, month.Start)
			}
		}
	}
}
