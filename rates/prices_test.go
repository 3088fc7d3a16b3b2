package rates

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/usage"
)

// read reads a rates file with this text.
func read(t testing.TB, text string, c Config) *List {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.File = config.Path(path)
	list, err := Read(c)
	if err != nil {
		t.Fatal(err)
	}
	list.file = "rates.csv" // for messages
	return list
}

// zones, without a database of them.
var (
	nzst    = time.FixedZone("NZST", 12*60*60)
	kolkata = time.FixedZone("IST", 5*60*60+30*60)
)

// span is from one time to another, in a zone.
func span(t testing.TB, start, end string, in *time.Location) usage.Span {
	t.Helper()
	parse := func(text string) time.Time {
		at, err := time.ParseInLocation("2006-01-02T15:04"[:len(text)], text, in)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	return usage.Span{Start: parse(start), End: parse(end)}
}

const dated = `# line 1
*     | m1.nano | hour | 0.010 |            | 2013-07-01
*     | m1.nano | hour | 0.012 | 2013-07-01 | 2013-08-01
*     | m1.nano | hour | 0.015 | 2013-08-01 |            | NZD
north | m1.nano | hour | 0.020 | 2013-08-01 | 2013-10-01 | AUD
*     | same    | hour | 1     |            | 2013-08-15
*     | same    | hour | 1.0   | 2013-08-15 |
*     | unit    | hour | 1     |            | 2013-08-15
*     | unit    | day  | 1     | 2013-08-15 |
*     | later   | hour | 1     | 2013-09-01 |
*     | earlier | hour | 1     | 2012-01-01 | 2013-08-01
*     | begins  | hour | 1     | 2013-08-31 |
*     | ends    | hour | 1     |            | 2013-08-31
*     | gap     | hour | 1     |            | 2013-08-10
*     | gap     | hour | 1     | 2013-08-11 |
south | gap     | hour | 1     | 2013-08-10 | 2013-08-11
`

func TestPricesOfABlock(t *testing.T) {
	list := read(t, dated, Config{})
	const hint = " (let prices change where a block begins, or bill the parts with --from and --to)"
	for _, tc := range []struct {
		why, start, end     string
		zone                *time.Location
		currency            string
		datacenter, service string
		cost                string // or
		fails               error
		want                string
	}{
		{"before the first date", "2013-01-01", "2013-02-01", nzst, "NZD", "south", "m1.nano", "0.01", nil, ""},
		{"a rate ends where the next begins", "2013-07-01", "2013-08-01", nzst, "NZD", "south", "m1.nano", "0.012", nil, ""},
		{"without an end", "2024-08-01", "2024-09-01", nzst, "NZD", "south", "m1.nano", "0.015", nil, ""},
		{"the datacenter's own, in its currency", "2013-08-01", "2013-09-01", nzst, "AUD", "north", "m1.nano", "0.02", nil, ""},
		{"every datacenter's once the own has ended", "2013-10-01", "2013-11-01", nzst, "NZD", "north", "m1.nano", "0.015", nil, ""},
		{"a rate without a currency is in any", "2013-07-01", "2013-08-01", nzst, "XXX", "north", "m1.nano", "0.012", nil, ""},
		{"another currency", "2013-08-01", "2013-09-01", nzst, "NZD", "north", "m1.nano", "", ErrCurrency,
			`the rate is in another currency: "m1.nano" in "north" costs 0.02 AUD per hour (rates.csv:5), and the invoice is in NZD`},
		{"a day begins in the block's time zone", "2013-07-31T12:00", "2013-08-31T12:00", time.UTC, "NZD", "south", "m1.nano", "", ErrChanges,
			`the rate changes within the block: "m1.nano" in "south" costs 0.012 per hour (rates.csv:3) up to 2013-08-01, and 0.015 NZD per hour (rates.csv:4) from then on` + hint},
		{"months off the hour move to the next, and so do days", "2013-07-01T00:30", "2013-08-01T00:30", kolkata, "NZD", "south", "m1.nano", "0.012", nil, ""},
		{"an hour more is a change", "2013-07-01T00:30", "2013-08-01T01:30", kolkata, "NZD", "south", "m1.nano", "", ErrChanges,
			`the rate changes within the block: "m1.nano" in "south" costs 0.012 per hour (rates.csv:3) up to 2013-08-01, and 0.015 NZD per hour (rates.csv:4) from then on` + hint},
		{"the datacenter's own begins within the block", "2013-07-15", "2013-08-15", nzst, "NZD", "north", "m1.nano", "", ErrChanges,
			`the rate changes within the block: "m1.nano" in "north" costs 0.012 per hour (rates.csv:3) up to 2013-08-01, and 0.02 AUD per hour (rates.csv:5) from then on` + hint},
		{"the datacenter's own ends within the block", "2013-09-01", "2013-11-01", nzst, "AUD", "north", "m1.nano", "", ErrChanges,
			`the rate changes within the block: "m1.nano" in "north" costs 0.02 AUD per hour (rates.csv:5) up to 2013-10-01, and 0.015 NZD per hour (rates.csv:4) from then on` + hint},
		{"the same price again is no change", "2013-08-01", "2013-09-01", nzst, "NZD", "south", "same", "1", nil, ""},
		{"the same price per another unit is", "2013-08-01", "2013-09-01", nzst, "NZD", "south", "unit", "", ErrChanges,
			`the rate changes within the block: "unit" in "south" costs 1 per hour (rates.csv:8) up to 2013-08-15, and 1 per day (rates.csv:9) from then on` + hint},
		{"begins within the block", "2013-08-01", "2013-09-01", nzst, "NZD", "south", "begins", "", ErrChanges,
			`the rate changes within the block: "begins" in "south" costs nothing up to 2013-08-31, and 1 per hour (rates.csv:12) from then on` + hint},
		{"ends within the block", "2013-08-01", "2013-09-01", nzst, "NZD", "south", "ends", "", ErrChanges,
			`the rate changes within the block: "ends" in "south" costs 1 per hour (rates.csv:13) up to 2013-08-31, and nothing from then on` + hint},
		{"a gap of a day", "2013-08-01", "2013-09-01", nzst, "NZD", "north", "gap", "", ErrChanges,
			`the rate changes within the block: "gap" in "north" costs 1 per hour (rates.csv:14) up to 2013-08-10, and nothing from then on` + hint},
		{"a gap that the datacenter's own fills", "2013-08-01", "2013-09-01", nzst, "NZD", "south", "gap", "1", nil, ""},
		{"not yet", "2013-08-01", "2013-09-01", nzst, "NZD", "south", "later", "", ErrNoRate,
			`no rate for "later" in "south" on 2013-08-01: 1 per hour (rates.csv:10) holds only from 2013-09-01 (add a line to rates.csv)`},
		{"no more", "2013-08-01", "2013-09-01", nzst, "NZD", "south", "earlier", "", ErrNoRate,
			`no rate for "earlier" in "south" on 2013-08-01: 1 per hour (rates.csv:11) holds only from 2012-01-01 up to 2013-08-01 (add a line to rates.csv)`},
	} {
		t.Run(tc.why, func(t *testing.T) {
			prices := list.At(span(t, tc.start, tc.end, tc.zone), tc.currency)
			cost, err := prices.Cost(tc.datacenter, tc.service)
			if _, unitErr := prices.Unit(tc.datacenter, tc.service); fmt.Sprint(unitErr) != fmt.Sprint(err) {
				t.Errorf("Unit says %v, Cost %v", unitErr, err)
			}
			if tc.fails != nil {
				if !errors.Is(err, tc.fails) || err.Error() != tc.want {
					t.Errorf("got  %v\nwant %s", err, tc.want)
				}
				return
			}
			if err != nil || cost.String() != tc.cost {
				t.Errorf("got %s, %v; want %s", cost, err, tc.cost)
			}
		})
	}
}

// Without a block and a currency, nothing that depends on them has a price.
func TestPricesOfAllTime(t *testing.T) {
	list := read(t, dated+"* | plain | hour | 1\n* | ours | hour | 2 | | | NZD\n", Config{})
	if cost, err := list.Cost("north", "plain"); err != nil || cost.String() != "1" {
		t.Errorf("cost %s, %v", cost, err)
	}
	for service, want := range map[string]error{"m1.nano": ErrChanges, "ends": ErrChanges, "begins": ErrChanges, "ours": ErrCurrency, "none": ErrNoRate} {
		if cost, err := list.Cost("north", service); !errors.Is(err, want) {
			t.Errorf("%s costs %s, %v; want %v", service, cost, err, want)
		}
	}
	if cost, err := list.Cost("north", "same"); err != nil || cost.String() != "1" {
		t.Errorf("dates that change nothing: cost %s, %v", cost, err)
	}
}

func TestDefaultRegion(t *testing.T) {
	const text = "north | a | hour | 1\nsouth | a | hour | 2\n* | a | hour | 3\n* | b | hour | 4\nnorth | c | hour | 5\nnorth | Pretty | hour | 6\n* | pretty | hour | 7\n"
	for _, tc := range []struct{ region, datacenter, service, want string }{
		{"", "west", "a", "3"},
		{"north", "west", "a", "1"},  // the default region before every datacenter
		{"north", "south", "a", "2"}, // the datacenter's own before that
		{"north", "south", "b", "4"},
		{"north", "south", "c", "5"}, // one of its own for a is none for c
		{"", "south", "c", "no rate"},
		{"south", "west", "a", "2"},
		{"*", "west", "a", "3"},
		{"region", "west", "a", "3"}, // as the original's files call every datacenter
	} {
		list := read(t, text, Config{Region: tc.region})
		cost, err := list.Cost(tc.datacenter, tc.service)
		got := cost.String()
		if errors.Is(err, ErrNoRate) {
			got = "no rate"
		}
		if got != tc.want {
			t.Errorf("default %q: %s in %s costs %s, want %s", tc.region, tc.service, tc.datacenter, got, tc.want)
		}
	}
	path := filepath.Join(t.TempDir(), "rates.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := path + `: has no line for "nroth", the region of rates.region (did you mean "north"?)`
	c := Config{File: config.Path(path), Region: "nroth"}
	if _, err := Read(c); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := maps.Collect(c.Check())["rates file"]; err == nil || err.Error() != want {
		t.Errorf("Check says %v\nwant %s", err, want)
	}
}

func TestReview(t *testing.T) {
	list := read(t, dated, Config{})
	used := func(yield func(string, string) bool) {
		_ = yield("south", "m1.nano") && yield("south", "same") && yield("west", "huge") && yield("south", "ends") && yield("west", "same")
	}
	review := func(month string) string {
		var got strings.Builder
		for what, err := range list.At(span(t, month, "2013-09-01", nzst), "NZD").Review(used) {
			fmt.Fprintf(&got, "%s: %t %v\n", what, errors.Is(err, ErrUnused), err)
		}
		return got.String()
	}
	want := `"huge" in "west": false no rate for "huge" in "west": add a line "west | huge | unit | rate" to rates.csv
"ends" in "south": false the rate changes within the block: "ends" in "south" costs 1 per hour (rates.csv:13) up to 2013-08-31, and nothing from then on (let prices change where a block begins, or bill the parts with --from and --to)
rates.csv:5: true the rate is never used: "m1.nano" in region "north"
rates.csv:8: true the rate is never used: "unit" in region "*"
rates.csv:13: true the rate is never used: "ends" in region "*"
rates.csv:14: true the rate is never used: "gap" in region "*"
`
	if diff := cmp.Diff(want, review("2013-08-01")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for range list.At(span(t, "2013-08-01", "2013-09-01", nzst), "NZD").Review(used) {
		break // stopping early must not panic
	}
}

// Held against every hour of the block, one by one: the price is that of the
// first hour, and is given where no hour has another.
func TestPricesByTheHour(t *testing.T) {
	days := []string{"", "2013-08-01", "2013-08-02", "2013-08-03", "2013-08-04"}
	rapid.Check(t, func(rt *rapid.T) {
		type line struct{ region, from, to, cost string }
		var lines []line
		var text strings.Builder
		for _, region := range []string{"north", "*"} {
			// Borders in rising order, so that nothing overlaps.
			for i := 0; i < len(days); i++ {
				j := rapid.IntRange(i, len(days)).Draw(rt, "to")
				if j == i {
					continue // a gap
				}
				l := line{region, days[i], "", rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "cost")}
				if j < len(days) {
					l.to = days[j]
				}
				lines = append(lines, l)
				fmt.Fprintf(&text, "%s | a | hour | %s | %s | %s\n", l.region, l.cost, l.from, l.to)
				i = j - 1
			}
		}
		if len(lines) == 0 {
			rt.Skip("no lines")
		}
		zone := rapid.SampledFrom([]*time.Location{time.UTC, nzst, time.FixedZone("west", -7*60*60)}).Draw(rt, "zone")
		start := time.Date(2013, 7, 31, rapid.IntRange(0, 96).Draw(rt, "start"), 0, 0, 0, zone)
		block := usage.Span{Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 72).Draw(rt, "hours")) * time.Hour)}

		seen := map[string]bool{}
		var want string
		for at := block.Start; at.Before(block.End); at = at.Add(time.Hour) {
			date, price := at.Format(time.DateOnly), ""
			for _, l := range lines { // those of north come first
				if price == "" && l.from <= date && (l.to == "" || date < l.to) {
					price = l.cost
				}
			}
			if at.Equal(block.Start) {
				want = price
			}
			seen[price] = true
		}
		cost, err := read(t, text.String(), Config{}).At(block, "NZD").Cost("north", "a")
		switch {
		case len(seen) > 1:
			if !errors.Is(err, ErrChanges) {
				rt.Fatalf("%v\n%s: cost %s, %v; want ErrChanges", block, text.String(), cost, err)
			}
		case want == "":
			if !errors.Is(err, ErrNoRate) {
				rt.Fatalf("%v\n%s: cost %s, %v; want ErrNoRate", block, text.String(), cost, err)
			}
		case err != nil || cost.String() != want:
			rt.Fatalf("%v\n%s: cost %s, %v; want %s", block, text.String(), cost, err, want)
		}
	})
}

// A day begins at the first whole hour that shows it, whatever clocks do.
func TestBorder(t *testing.T) {
	for _, tc := range []struct{ zone, day, want string }{
		{"UTC", "2013-08-01", "2013-08-01T00:00Z"},
		{"Pacific/Auckland", "2013-08-01", "2013-07-31T12:00Z"},
		{"Asia/Kolkata", "2013-08-01", "2013-07-31T19:00Z"},      // midnight is 18:30Z
		{"America/Sao_Paulo", "2013-10-20", "2013-10-20T03:00Z"}, // 24:00 is 01:00
		{"America/Sao_Paulo", "2013-02-17", "2013-02-17T03:00Z"}, // 24:00 is 23:00 once more
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z"},      // a day that was left out
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, err := time.Parse(time.DateOnly, tc.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := border(day, zone).UTC().Format("2006-01-02T15:04Z07:00"); got != tc.want {
			t.Errorf("%s in %s begins at %s, want %s", tc.day, tc.zone, got, tc.want)
		}
	}
}
