package report_test

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func month(t *testing.T, label string, in *time.Location) (this, last usage.Span) {
	t.Helper()
	this, err := billing.Month(label, in)
	if err != nil {
		t.Fatal(err)
	}
	if last, err = report.LastMonth(this, in); err != nil {
		t.Fatal(err)
	}
	return this, last
}

// between is the part of a page from one text to the next.
func between(t testing.TB, page, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, from)
	part, _, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("the page has no %q", from)
	}
	return part
}

var tag = regexp.MustCompile(`<[^>]*>`)

// text is what a reader sees of HTML.
func text(fragment string) string {
	return strings.TrimSpace(html.UnescapeString(tag.ReplaceAllString(fragment, "")))
}

// rows are the texts of the cells of a table, row by row.
func rows(table string) [][]string {
	var all [][]string
	for _, row := range regexp.MustCompile(`(?s)<tr[^>]*>(.*?)</tr>`).FindAllStringSubmatch(table, -1) {
		var cells []string
		for _, cell := range regexp.MustCompile(`<t[dh][^>]*>`).Split(row[1], -1)[1:] {
			cells = append(cells, text(cell))
		}
		all = append(all, cells)
	}
	return all
}

// amounts are the last cells of rows that have a figure there.
func amounts(t testing.TB, table string, of func(row []string) bool) decimal.Decimal {
	t.Helper()
	sum := decimal.Zero
	for _, row := range rows(table) {
		if of(row) {
			figure, _, _ := strings.Cut(row[len(row)-1], " ")
			sum = sum.Add(dec(figure))
		}
	}
	return sum
}

// Every sum on the page is the sum of what the ledger has, whatever the orders,
// and however little of them is shown.
func TestSumsAreTheLedgers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var orders []ledger.Order
		var tenants []usage.Tenant
		all, settled, before := decimal.Zero, decimal.Zero, decimal.Zero
		byOrder := map[string]decimal.Decimal{}
		cents := rapid.Int64Range(-1_000_000_00, 1_000_000_00)
		statuses := []ledger.Status{ledger.Settled, ledger.Settled, ledger.Claimed, ledger.InDoubt, ledger.Void, ledger.Parked}
		for n := range rapid.IntRange(1, 12).Draw(rt, "tenants") {
			tenant := usage.Tenant{ID: fmt.Sprintf("tenant-%02d", n)}
			tenants = append(tenants, tenant)
			for i, block := range []usage.Span{march, april} {
				if !rapid.Bool().Draw(rt, "billed") {
					continue
				}
				var items []ledger.Item
				for range rapid.IntRange(0, 6).Draw(rt, "items") {
					amount := decimal.New(cents.Draw(rt, "cents"), -2).StringFixed(2)
					it := item(rapid.SampledFrom([]string{"north", "south"}).Draw(rt, "datacenter"), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "service"), amount, "hour", "1", amount)
					if rapid.IntRange(0, 3).Draw(rt, "adjusts") == 0 {
						it.Adjusts = march
					}
					items = append(items, it)
				}
				o := order(10*n+i, tenant, block, rapid.SampledFrom(statuses).Draw(rt, "status"), items...)
				orders = append(orders, o)
				// The oracle: integers of cents, item by item.
				for _, it := range o.Items {
					switch {
					case block == march || !o.Reserves:
						continue
					case o.Status == ledger.Settled:
						settled = settled.Add(it.Amount)
					}
					all = all.Add(it.Amount)
					byOrder[o.Key] = byOrder[o.Key].Add(it.Amount)
				}
			}
		}
		// Only tenants that are billed for april are compared with march.
		for _, m := range orders {
			for _, a := range orders {
				if m.Block == march && m.Reserves && a.Block == april && a.Reserves && a.Tenant.ID == m.Tenant.ID {
					before = before.Add(m.Total)
				}
			}
		}
		limits := report.DefaultLimits()
		limits.Items = rapid.SampledFrom([]int{0, 7, limits.Items}).Draw(rt, "limit")
		limits.Tenants = rapid.SampledFrom([]int{0, 3, limits.Tenants}).Draw(rt, "rows")
		r := make_(t, facts(tenants, orders...), limits)
		page := write(t, r)

		if strings.Contains(page, `<table class="costs">`) {
			costs := between(t, page, `<table class="costs">`, "</table>")
			for what, part := range map[string]string{"datacenters": `<tr class="group">`, "services": "<tr>"} {
				sum := decimal.Zero
				for _, row := range strings.Split(between(t, costs, "</thead>", "<tfoot>"), "<tr")[1:] {
					if cells := rows("<tr" + row); strings.HasPrefix("<tr"+row, part) {
						sum = sum.Add(dec(cells[0][1]))
					}
				}
				if !sum.Equal(all) {
					rt.Errorf("%s come to %s, and the orders to %s", what, sum, all)
				}
			}
			if total := rows("<tr>" + between(t, costs, "<tfoot><tr>", "</tfoot>"))[0][1]; total != all.StringFixed(2) {
				rt.Errorf("the total cost is %s, want %s", total, all)
			}
		} else if !all.IsZero() {
			rt.Errorf("no cost is shown, and there is %s", all)
		}
		if strings.Contains(page, `<table class="wide list">`) {
			list := between(t, page, `<table class="wide list">`, "</table>")
			reserves := func(row []string) bool {
				return len(row) == 6 && row[5] != "" && row[5] != "Total" && !strings.HasSuffix(row[3], "void")
			}
			if sum := amounts(t, list, reserves); !sum.Equal(all) {
				rt.Errorf("the list comes to %s, want %s", sum, all)
			}
			if sum := amounts(t, list, func(row []string) bool { return strings.HasPrefix(row[0], "settled,") }); !sum.Equal(settled) {
				rt.Errorf("settled orders come to %s, want %s", sum, settled)
			}
			if sum := amounts(t, list, func(row []string) bool { return len(row) == 2 }); !sum.Equal(all) {
				rt.Errorf("the states come to %s, want %s", sum, all)
			}
		}
		for _, invoice := range strings.Split(page, "<article ")[1:] {
			if !strings.Contains(invoice, `<table class="items">`) || strings.Contains(invoice, "not counted") {
				continue
			}
			key := between(t, invoice, `<dt>Order</dt><dd class="id">`, "</dd>")
			want := byOrder[key]
			items := between(t, invoice, `<table class="items">`, "</table>")
			for what, of := range map[string]func([]string) bool{
				"items":    func(row []string) bool { return len(row) == 6 && row[5] != "Amount" },
				"sections": func(row []string) bool { return len(row) == 2 && !strings.HasPrefix(row[0], "Total") },
				"total":    func(row []string) bool { return strings.HasPrefix(row[0], "Total") },
			} {
				if sum := amounts(t, items, of); !sum.Equal(want) {
					rt.Errorf("order %s: %s come to %s, want %s", key, what, sum, want)
				}
			}
		}
		if len(r.Totals) > 0 && !r.Totals[0].Before.Equal(before) {
			rt.Errorf("the month before comes to %s, want %s", r.Totals[0].Before, before)
		}
	})
}

// Names are other people's, and stay text.
func TestHostileNames(t *testing.T) {
	tenant := usage.Tenant{ID: hostile, Name: hostile}
	o := order(1, tenant, april, ledger.InDoubt, described(hostile, item(hostile, hostile, "1", hostile, "1", "1.00")))
	o.Reference, o.Reason, o.Items[0].Resource = hostile, hostile, hostile
	o.Currency = "<i>"
	last := order(2, tenant, march, ledger.Settled, item(hostile, hostile, "2", hostile, "1", "2.00"))
	f := facts([]usage.Tenant{tenant}, o, last)
	f.Deployment = hostile
	page := write(t, make_(t, f, report.DefaultLimits()))
	if strings.Contains(page, "<script") || strings.Contains(page, "<i>") || strings.Count(page, "</style>") != 1 || strings.Count(page, "</title>") != 1 {
		t.Error("a name became part of the page")
	}
	// The name stands as text, in an element that keeps it from turning around
	// what follows it.
	if n := strings.Count(page, html.EscapeString("<script>")); n < 10 {
		t.Errorf("the name is there %d times", n)
	}
	for _, at := range regexp.MustCompile(`(?s).{240}\x{202e}`).FindAllString(page, -1) {
		if !strings.Contains(at, "<bdi") && !strings.Contains(at, "<title>") {
			t.Errorf("a name is not kept apart: %q", at)
		}
	}
	for _, attribute := range []string{" style=", " onclick=", " onload=", "javascript:", " src=", "http:", "https:", "@import", "url("} {
		if strings.Contains(strings.ReplaceAll(page, `http-equiv`, ""), attribute) {
			t.Errorf("the page has %q", attribute)
		}
	}
}

// What the page says to type bills what is left: a month of which some order has
// a part cannot be billed as a whole.
func TestWhatBillsTheRest(t *testing.T) {
	kea, moa := usage.Tenant{ID: "kea"}, usage.Tenant{ID: "moa"}
	half := usage.Span{Start: april.Start, End: day(time.April, 16)}
	void := order(1, kea, half, ledger.Void)
	const month, due = "artifice bill --month 2025-04, once the month is over", "artifice bill --due, once the month is over"
	for _, test := range []struct {
		name  string
		order ledger.Order
		want  string
	}{
		{"a part", order(1, kea, half, ledger.Settled), due},
		{"a part of the month before", order(1, kea, usage.Span{Start: march.Start, End: half.End}, ledger.Settled), due},
		{"the whole", order(1, kea, april, ledger.Settled), month},
		{"the month before", order(1, kea, march, ledger.Settled), month},
		{"void", void, month},
	} {
		page := write(t, make_(t, facts([]usage.Tenant{kea, moa}, test.order), report.DefaultLimits()))
		if needs := between(t, page, `<h2 id="attention">`, "</section>"); !strings.Contains(needs, test.want) {
			t.Errorf("%s: the page does not say %q", test.name, test.want)
		}
	}
}

// Two open orders of one tenant are told apart by their blocks.
func TestOpenOrdersOfOneTenant(t *testing.T) {
	kea := usage.Tenant{ID: "kea"}
	var orders []ledger.Order
	for i, block := range []usage.Span{{Start: april.Start, End: day(time.April, 16)}, {Start: day(time.April, 16), End: april.End}} {
		o := order(i, kea, block, ledger.Parked)
		o.Reserves, o.Reason = false, "no cost for gpu.a100 in north"
		orders = append(orders, o)
	}
	needs := between(t, write(t, make_(t, facts([]usage.Tenant{kea}, orders...), report.DefaultLimits())), `<h2 id="attention">`, "</section>")
	for _, block := range []string{"2025-04-01 to 2025-04-16", "2025-04-16 to 2025-05-01"} {
		if strings.Count(needs, block) != 1 {
			t.Errorf("%s is there %d times, want once:\n%s", block, strings.Count(needs, block), needs)
		}
	}
}

// What is billed for a part of the month is new where nothing was billed before,
// and compared with nothing that was billed for a whole one.
func TestChangesOfAMonthBilledInPart(t *testing.T) {
	kea := usage.Tenant{ID: "kea"}
	half := usage.Span{Start: april.Start, End: day(time.April, 16)}
	part := order(2, kea, half, ledger.Settled, item("north", "m1.large", "188.684", "hour", "0.19", "35.85")) // 188.684 x 0.19 = 35.84996
	const (
		all     = "Nothing was billed for that month: all is new."
		nothing = "Nothing that is billed costs more or less than then."
		left    = "1 tenant of that month is not billed to the end of this one yet, and left out here."
	)
	for _, test := range []struct {
		name          string
		before        []ledger.Order
		changes       []report.Kind
		says, saysNot []string
	}{
		{"never billed", nil, []report.Kind{report.NewTenant}, []string{all, "+35.85"}, []string{nothing, left}},
		{"nothing to bill", []ledger.Order{order(1, kea, march, ledger.Settled)}, []report.Kind{report.NewTenant}, []string{all, "+35.85"}, []string{nothing, left}},
		{"billed", []ledger.Order{order(1, kea, march, ledger.Settled, item("north", "m1.large", "74.4", "hour", "0.19", "14.14"))}, nil, []string{left}, []string{all, nothing}},
	} {
		r := make_(t, facts([]usage.Tenant{kea}, append(test.before, part)...), report.DefaultLimits())
		var kinds []report.Kind
		for _, c := range r.Changes {
			kinds = append(kinds, c.Kind)
		}
		if !slices.Equal(kinds, test.changes) {
			t.Errorf("%s: changes are %v, want %v", test.name, kinds, test.changes)
		}
		changes := between(t, write(t, r), `<h2 id="changes">`, "</section>")
		for _, want := range test.says {
			if !strings.Contains(changes, want) {
				t.Errorf("%s: the page does not say %q", test.name, want)
			}
		}
		for _, not := range test.saysNot {
			if strings.Contains(changes, not) {
				t.Errorf("%s: the page says %q", test.name, not)
			}
		}
	}
}

// A page of very many tenants is bounded, and says what it leaves out.
func TestLimits(t *testing.T) {
	const tenants = 10_000
	f := many(tenants)
	r := make_(t, f, report.DefaultLimits())
	page := write(t, r)
	if mega := len(page) / 1_000_000; mega > 10 {
		t.Errorf("the page of %d tenants has %d MB", tenants, mega)
	}
	// 10 items of 1.50 for each of 10,000 tenants: 150,000.00
	costs := between(t, page, `<table class="costs">`, "</table>")
	if total := rows("<tr>" + between(t, costs, "<tfoot><tr>", "</tfoot>"))[0][1]; total != "150000.00" {
		t.Errorf("the total is %s", total)
	}
	for _, want := range []string{"9500 more tenants are part of every sum", "There are too many tenants to show every hour of each", "9000 invoices are not shown item by item"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	// What is in doubt comes first.
	if !strings.Contains(page, `aria-labelledby="invoice-9999-title"`) {
		t.Error("the order in doubt is not shown in full")
	}
}

// Where there are too many tenants those are shown that were forgotten, after
// those with what is open: of 1200 tenants, of whom billing got to number 646
// and left number 7 in doubt, those from 646 on are not billed.
func TestTheUnbilledAreShown(t *testing.T) {
	const tenants, billed, doubt = 1200, 646, 7
	for name, now := range map[string]time.Time{"over": day(time.May, 3), "running": day(time.April, 20)} {
		f := many(tenants)
		f.Now = now
		f.Orders = f.Orders[:billed]
		f.Orders[doubt].Status = ledger.InDoubt
		if name == "running" { // the first half of the month was billed
			for i := range f.Orders {
				f.Orders[i].Block.End = day(time.April, 16)
			}
			for i := range f.Marks {
				f.Marks[i].Through = now
			}
		}
		for i := range billed { // and all who are billed had gaps
			f.Gaps = append(f.Gaps, ledger.Gap{Gap: usage.Gap{Tenant: f.Tenants[i].ID, From: day(time.April, 2), To: day(time.April, 9)}})
		}
		byKey := map[string]ledger.Order{}
		for _, o := range f.Orders {
			byKey[o.Key] = o
		}
		order := f.Order
		f.Order = func(key string) (ledger.Order, error) {
			o, err := order(key)
			o.Order.Block, o.Status = byKey[key].Block, byKey[key].Status
			return o, err
		}
		page := write(t, make_(t, f, report.DefaultLimits()))
		days := between(t, page, `<table class="days">`, "</table>")
		shown := 0
		for i := range tenants {
			if !strings.Contains(days, fmt.Sprintf("tenant-%05d<", i)) {
				continue
			}
			if shown++; i < billed && i != doubt {
				t.Errorf("%s: tenant %d is shown, and is billed", name, i)
			}
		}
		if shown != 500 || !strings.Contains(days, "tenant-00007<") {
			t.Errorf("%s: %d tenants are shown, want 500, with what is in doubt", name, shown)
		}
		if !strings.Contains(page, "700 more tenants are part of every sum, and are not shown here: those that are have the most time that is missing, open or not billed.") {
			t.Errorf("%s: the page does not say who is shown", name)
		}
	}
}

// In a month that is running nobody is forgotten for not being billed: gaps are
// what there is to say.
func TestWhatIsShownOfARunningMonth(t *testing.T) {
	f := facts([]usage.Tenant{{ID: "long"}, {ID: "newcomer"}})
	f.Now = day(time.April, 20)
	for i := range f.Marks {
		f.Marks[i].Through = f.Now
	}
	f.Marks[2].From = day(time.April, 10)
	f.Gaps = []ledger.Gap{{Gap: usage.Gap{Tenant: "newcomer", From: day(time.April, 12), To: day(time.April, 13)}}}
	limits := report.DefaultLimits()
	limits.Tenants = 1
	days := between(t, write(t, make_(t, f, limits)), `<table class="days">`, "</table>")
	if strings.Contains(days, ">long<") || !strings.Contains(days, ">newcomer<") {
		t.Errorf("shown is %s", days)
	}
}

// many is a month of many tenants, each with ten items, of which the last but
// one is in doubt.
func many(n int) report.Facts {
	var tenants []usage.Tenant
	var orders []ledger.Order
	for i := range n {
		tenant := usage.Tenant{ID: fmt.Sprintf("%032x", i), Name: fmt.Sprintf("tenant-%05d", i)}
		tenants = append(tenants, tenant)
		var items []ledger.Item
		for j := range 10 {
			items = append(items, item("north", fmt.Sprintf("service-%d", j), "15", "hour", "0.1", "1.50")) // 15 x 0.1 = 1.50
		}
		status := ledger.Settled
		if i == n-2 {
			status = ledger.InDoubt
		}
		orders = append(orders, order(i, tenant, april, status, items...))
	}
	return facts(tenants, orders...)
}

// An order that contradicts itself is not shown as if it did not.
func TestTotalsThatDoNotAddUp(t *testing.T) {
	o := order(1, usage.Tenant{ID: "a"}, april, ledger.Settled, item("north", "x", "1", "hour", "1", "1.00"))
	o.Total = dec("1.01")
	_, err := report.Make(facts([]usage.Tenant{{ID: "a"}}, o), report.DefaultLimits())
	if err == nil || !strings.Contains(err.Error(), "the total is 1.01, and its items come to 1 (artifice verify names all mistakes)") {
		t.Errorf("error is %v", err)
	}
}

func BenchmarkPage(b *testing.B) {
	f := many(10_000)
	for b.Loop() {
		r := make_(b, f, report.DefaultLimits())
		b.ReportMetric(float64(len(write(b, r))), "bytes/page")
	}
}
