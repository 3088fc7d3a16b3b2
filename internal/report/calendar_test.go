package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// letters draws the hours of a tenant: each spell is a letter and how long it
// is.
func letters(hours []report.Hour) string {
	var spells []string
	for i := 0; i < len(hours); {
		n := 1
		for i+n < len(hours) && hours[i+n].State == hours[i].State && (hours[i+n].Silent > 0) == (hours[i].Silent > 0) {
			n++
		}
		letter := string("abckmpd"[hours[i].State])
		if hours[i].Silent > 0 {
			letter = strings.ToUpper(letter)
		}
		spells = append(spells, fmt.Sprintf("%s%d", letter, n))
		i += n
	}
	return strings.Join(spells, " ")
}

func TestHours(t *testing.T) {
	a := usage.Tenant{ID: "a"}
	mark := func(tenant, source string, from, through time.Time) ledger.Mark {
		return ledger.Mark{Tenant: tenant, Source: source, From: from, Through: through}
	}
	all := []ledger.Mark{mark("", "object", march.Start, april.End), mark("a", "object", march.Start, april.End)}
	span := func(from, to time.Time) usage.Span { return usage.Span{Start: from, End: to} }
	unreserved := order(9, a, april, ledger.Parked)
	unreserved.Reserves = false
	for _, test := range []struct {
		name   string
		marks  []ledger.Mark
		orders []ledger.Order
		gaps   []usage.Gap
		now    time.Time
		want   string // of 721 hours
	}{
		{name: "collected", marks: all, want: "c721"},
		{name: "billed", marks: all, orders: []ledger.Order{order(1, a, april, ledger.Settled)}, want: "b721"},
		{name: "void", marks: all, orders: []ledger.Order{order(1, a, april, ledger.Void)}, want: "c721"},
		{name: "claimed", marks: all, orders: []ledger.Order{order(1, a, april, ledger.Claimed)}, want: "k721"},
		{name: "in doubt", marks: all, orders: []ledger.Order{order(1, a, april, ledger.InDoubt)}, want: "d721"},
		{name: "parked before its claim", marks: all, orders: []ledger.Order{unreserved}, want: "p721"},
		{name: "what reserves comes first", marks: all, orders: []ledger.Order{order(1, a, span(april.Start, day(time.April, 2)), ledger.Settled), unreserved}, want: "b24 p697"},
		{name: "blocks that reach over the month's borders", marks: all, orders: []ledger.Order{
			order(1, a, span(day(time.March, 20), day(time.April, 2)), ledger.Settled),
			order(2, a, span(day(time.April, 30), day(time.May, 9)), ledger.Claimed)}, want: "b24 c673 k24"},
		{name: "never collected", want: "m721"},
		{name: "a source of the config never was", marks: all[1:], want: "m721"},
		{name: "the source is behind", marks: []ledger.Mark{mark("", "object", march.Start, day(time.April, 2)), all[1]}, want: "c24 m697"},
		{name: "the tenant is behind", marks: []ledger.Mark{all[0], mark("a", "object", march.Start, day(time.April, 2))}, want: "c24 m697"},
		{name: "collected from the second on", marks: []ledger.Mark{mark("", "object", day(time.April, 2), april.End), mark("a", "object", day(time.April, 2), april.End)}, want: "a24 c697"},
		{name: "a source that is gone", marks: append(all, mark("a", "old", march.Start, day(time.March, 2))), want: "c721"},
		{name: "known to another source alone, which is gone", marks: []ledger.Mark{all[0], mark("a", "old", march.Start, april.Start)}, want: "c721"},
		{name: "between two sources", want: "c24 m24 c673", marks: []ledger.Mark{
			mark("", "object", day(time.April, 3), april.End), mark("a", "object", day(time.April, 3), april.End), mark("a", "old", march.Start, day(time.April, 2))}},
		{name: "still to come", marks: []ledger.Mark{mark("", "object", march.Start, day(time.April, 2)), mark("a", "object", march.Start, day(time.April, 2))},
			now: day(time.April, 3).Add(30 * time.Minute), want: "c24 m24 a673"},
		{name: "gaps", marks: all, orders: []ledger.Order{order(1, a, april, ledger.Settled)}, gaps: []usage.Gap{
			{From: day(time.March, 30), To: april.Start.Add(time.Hour)},                                           // over the border: one hour
			{From: april.Start.Add(2*time.Hour + 59*time.Minute), To: april.Start.Add(4*time.Hour + time.Minute)}, // touches three
			{From: day(time.March, 2), To: day(time.March, 3)},
			{From: day(time.April, 20)}, // lasts: nobody can tell whether it is one
			{From: april.End.Add(-time.Minute), To: april.End.Add(time.Hour)},
			{From: april.End, To: april.End.Add(time.Hour)},
		}, want: "B1 b1 B3 b715 B1"},
	} {
		f := facts([]usage.Tenant{a}, test.orders...)
		f.Marks = test.marks
		if !test.now.IsZero() {
			f.Now = test.now
		}
		for _, gap := range test.gaps {
			gap.Tenant = "a"
			f.Gaps = append(f.Gaps, ledger.Gap{Gap: gap})
		}
		if got := letters(make_(t, f, report.DefaultLimits()).Tenants[0].Hours); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// Months of 28 to 31 days, with an hour more or less: every hour has a cell, or
// shares it with the one that the clocks show twice.
func TestClocks(t *testing.T) {
	for _, test := range []struct {
		zone, month  string
		hours, empty int // of the clock, that never were
		days         int
	}{
		{"UTC", "2025-02", 672, 0, 28},
		{"Pacific/Auckland", "2025-04", 721, 0, 30},
		{"Pacific/Auckland", "2025-09", 719, 1, 30},
		{"Asia/Kolkata", "2025-01", 744, 0, 31},
		{"Australia/Lord_Howe", "2025-10", 743, 1, 31},
	} {
		in, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		f := facts([]usage.Tenant{{ID: "a"}})
		f.Location = in
		f.Month, f.Last = month(t, test.month, in)
		r := make_(t, f, report.DefaultLimits())
		if n := len(r.Tenants[0].Hours); n != test.hours {
			t.Errorf("%s %s: %d hours, want %d", test.zone, test.month, n, test.hours)
		}
		grid := between(t, write(t, r), `<table class="grid">`, "</table>")
		if n := strings.Count(grid, "<td"); n != 24*test.days {
			t.Errorf("%s %s: %d cells, want %d", test.zone, test.month, n, 24*test.days)
		}
		if n := strings.Count(grid, "<td>"); n != test.empty {
			t.Errorf("%s %s: %d empty cells, want %d", test.zone, test.month, n, test.empty)
		}
	}
}
