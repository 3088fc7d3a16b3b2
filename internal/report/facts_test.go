package report_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/report"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

var auckland = func() *time.Location {
	in, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		panic(err)
	}
	return in
}()

// day is the midnight that begins a day of 2025 in Auckland.
func day(month time.Month, n int) time.Time { return time.Date(2025, month, n, 0, 0, 0, 0, auckland) }

// april of 2025 has 721 hours in Auckland: on the 6th clocks show 02:00 twice.
var (
	march = usage.Span{Start: day(time.March, 1), End: day(time.April, 1)}
	april = usage.Span{Start: day(time.April, 1), End: day(time.May, 1)}
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// item is value x cost = amount, all spelled out.
func item(datacenter, name, value, unit, cost, amount string) ledger.Item {
	return ledger.Item{Item: invoice.Item{Datacenter: datacenter, Name: name, Value: dec(value), Unit: unit, Cost: dec(cost), Amount: dec(amount)}}
}

func adjusting(block usage.Span, i ledger.Item) ledger.Item {
	i.Adjusts = block
	return i
}

func described(description string, i ledger.Item) ledger.Item {
	i.Description = description
	return i
}

// order is one whose key is made from its number.
func order(n int, tenant usage.Tenant, block usage.Span, status ledger.Status, items ...ledger.Item) ledger.Order {
	o := ledger.Order{
		Order:  invoice.Order{Key: fmt.Sprintf("%x", sha256.Sum256([]byte{byte(n), byte(n >> 8)}))[:32], Attempt: 1, Tenant: tenant, Block: block, Currency: "NZD", Digits: 2, Date: block.End.AddDate(0, 0, 2)},
		Status: status, Reserves: status != ledger.Void, Items: items,
	}
	for _, i := range items {
		o.Total = o.Total.Add(i.Amount)
	}
	if status == ledger.Settled && len(items) > 0 {
		o.Reference = fmt.Sprintf("INV/2025/%04d", n)
	}
	return o
}

// facts are those of a month that has just ended and of tenants, all collected
// from one source.
func facts(tenants []usage.Tenant, orders ...ledger.Order) report.Facts {
	f := report.Facts{Deployment: "nz-prod", Sources: []string{"object"}, Location: auckland, Month: april, Last: march, Now: day(time.May, 3), Tenants: tenants}
	for _, id := range append([]usage.Tenant{{}}, tenants...) {
		f.Marks = append(f.Marks, ledger.Mark{Tenant: id.ID, Source: "object", From: march.Start, Through: april.End})
	}
	byKey := map[string]ledger.Order{}
	for _, o := range orders {
		byKey[o.Key] = o
		o.Items = nil
		f.Orders = append(f.Orders, o)
	}
	f.Order = func(key string) (ledger.Order, error) {
		o, ok := byKey[key]
		if !ok {
			return o, ledger.ErrNoOrder
		}
		return o, nil
	}
	return f
}

func make_(t testing.TB, f report.Facts, limits report.Limits) *report.Report {
	t.Helper()
	r, err := report.Make(f, limits)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t testing.TB, r *report.Report) string {
	t.Helper()
	var page strings.Builder
	if err := r.Write(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// hostile is a name that would run, close what it stands in, and turn around
// what follows.
const hostile = `<script>alert("1")</script></style></title>'"&` + "\u202e" + `moc`

// eventful is a month in which everything happened.
func eventful() report.Facts {
	var (
		kea    = usage.Tenant{ID: "0b3fa2c4d5e648d7a1c0e2f4a6b8c0d2", Name: "Kea Robotics"}
		moa    = usage.Tenant{ID: "2d7c11aa93e04fd0b7a5c6e1f0d9b8a7", Name: "moa-genomics"}
		tui    = usage.Tenant{ID: "75704d1d5f0bcd6b43aa656262b0ab7b", Name: "tui-analytics"}
		weka   = usage.Tenant{ID: "8c2e4f60718293a4b5c6d7e8f9011223", Name: "Wēkā & Söhne"}
		ruru   = usage.Tenant{ID: "a1b2c3d4e5f60718293a4b5c6d7e8f90", Name: "ruru-night-shift"}
		huia   = usage.Tenant{ID: "c0ffee00c0ffee00c0ffee00c0ffee00", Name: "huia-archive"}
		pukeko = usage.Tenant{ID: "d00dfeedd00dfeedd00dfeedd00dfeed", Name: hostile}
		kaka   = usage.Tenant{ID: "f1e2d3c4b5a697887766554433221100", Name: "kākā-labs"}
		bare   = usage.Tenant{ID: "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0"}
	)
	large := func(value, amount string) ledger.Item {
		return described("Virtual Machine", item("nz-por-1", "m1.large", value, "hour", "0.19", amount))
	}
	disk := func(value, amount string) ledger.Item {
		return described("Volume", item("nz-wlg-2", "volume.size", value, "GB hour", "0.000466", amount))
	}
	void := order(11, weka, april, ledger.Void, large("721", "136.99"))
	void.Reference, void.Reason = "INV/2025/0011", "billed at last year's prices"
	again := order(12, weka, april, ledger.Settled, described("Virtual Machine", item("nz-por-1", "m1.large", "721", "hour", "0.21", "151.41")), disk("72100", "33.60"))
	again.Attempt = 2
	parked := order(13, ruru, april, ledger.Parked)
	parked.Reserves, parked.Reason = false, "no cost for gpu.a100 in nz-por-1"
	doubt := order(14, tui, april, ledger.InDoubt, large("1442", "273.98"), disk("144200", "67.20"))
	doubt.Reason = "the ERP did not answer: read: connection reset by peer"
	claimed := order(15, huia, april, ledger.Claimed, disk("3605000", "1679.93"))
	claimed.Reason = "the ERP says 503: try again later"
	f := facts([]usage.Tenant{kea, moa, tui, weka, ruru, huia, bare, pukeko, kaka},
		order(1, kea, march, ledger.Settled, large("1480.25", "281.25"), disk("74000", "34.48"), item("nz-por-1", "ip.floating", "744", "ip hour", "0.006", "4.46")),
		order(2, weka, march, ledger.Settled, large("744", "141.36"), disk("74400", "34.67")),
		order(3, tui, march, ledger.Settled, large("744", "141.36")),
		order(4, moa, march, ledger.Settled, disk("744000", "346.70")),
		order(5, ruru, march, ledger.Settled, large("10", "1.90")),
		order(6, pukeko, march, ledger.Settled, large("100", "19.00")),
		order(10, kea, april, ledger.Settled,
			large("2163", "410.97"),
			described("Virtual Machine", item("nz-por-1", "m1.medium", "358.208611", "hour", "0.098", "35.10")),
			described("Network Interface", item("nz-por-1", "network.outgoing.bytes", "76.029989", "gigabyte", "0.12", "9.12")),
			disk("72100", "33.60"),
			adjusting(march, large("7.75", "1.47")),
			adjusting(march, disk("-800", "-0.37"))),
		void, again, parked, doubt, claimed,
		order(16, moa, april, ledger.Settled),
		order(17, pukeko, april, ledger.Settled, described(hostile, item(hostile, hostile, "1", hostile, "19", "19.00"))),
	)
	// kākā was collected up to the 18th, ruru has a hole, the one without a
	// name is collected and not billed, kea's machine was silent for an hour
	// and a half.
	for i, m := range f.Marks {
		if m.Tenant == kaka.ID {
			f.Marks[i].Through = day(time.April, 18)
		}
	}
	f.Gaps = []ledger.Gap{
		{Series: ledger.Series{Source: "object", Meter: "instance", Resource: "vm-1"}, Gap: usage.Gap{Tenant: kea.ID, From: day(time.April, 9).Add(3*time.Hour + 30*time.Minute), To: day(time.April, 9).Add(5 * time.Hour)}},
		{Series: ledger.Series{Source: "object", Meter: "instance", Resource: "vm-2"}, Gap: usage.Gap{Tenant: kea.ID, From: day(time.April, 22)}},
	}
	// A machine of weka is polled once an hour, and each time a bit late.
	for i := range 20 {
		from := day(time.April, 10).Add(time.Duration(i) * 3610 * time.Second)
		f.Gaps = append(f.Gaps, ledger.Gap{Series: ledger.Series{Source: "object", Meter: "instance", Resource: "vm-3"}, Gap: usage.Gap{Tenant: weka.ID, From: from, To: from.Add(time.Duration(5+i) * time.Second)}})
	}
	f.Holds = map[string]time.Duration{"instance": time.Hour}
	return f
}
