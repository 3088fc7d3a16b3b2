package billing_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/internal/memory"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func TestBillOnce(t *testing.T) {
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-08-05T03:10:00Z", "2"), // 2 GB for the hour from 3
		volume("a", "v1", "2013-08-05T04:10:00Z", "3"), // 3 GB for the hour from 4
		volume("b", "v2", "2013-08-05T04:10:00Z", "0"), // nothing worth an invoice
		volume("c", "v3", "2013-09-02T04:10:00Z", "9"), // not of this month
	}}
	erp := newDesk(map[string]string{"volume.size": "0.333"})
	e := newEngine(source, erp)
	collect(t, e, august.End.Add(48*time.Hour))

	first := bill(t, e)
	want := map[string]billing.Result{"a": billing.Billed, "b": billing.NothingToBill, "c": billing.NothingToBill}
	if diff := cmp.Diff(want, results(first)); diff != "" {
		t.Fatalf("results (-want +got):\n%s", diff)
	}
	// 2 + 3 = 5 GB hour; 5 x 0.333 = 1.665, half away from zero 1.67
	if total := first[0].Order.Total; total.String() != "1.67" {
		t.Errorf("total %s", total)
	}
	again := bill(t, e)
	for _, o := range again {
		if o.Result != billing.AlreadyBilled {
			t.Errorf("tenant %s again: %s", o.Order.Tenant.ID, o.Result)
		}
	}
	if erp.sent != 1 {
		t.Errorf("%d invoices were sent", erp.sent)
	}
	if diff := cmp.Diff(first[0].Order.Reference, again[0].Order.Reference); diff != "" {
		t.Error(diff)
	}
}

func TestRounding(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "5")}}
	for rounding, want := range map[billing.Rounding]string{
		billing.HalfAwayFromZero: "0.03", // 5 x 0.005 = 0.025
		billing.HalfEven:         "0.02",
	} {
		e := newEngine(source, newDesk(map[string]string{"volume.size": "0.005"}))
		e.Rounding = rounding
		collect(t, e, august.End)
		if got := bill(t, e)[0].Order.Total.String(); got != want {
			t.Errorf("rounding %d: %s, want %s", rounding, got, want)
		}
	}
}

func TestValueIsConvertedOnceRoundedOnce(t *testing.T) {
	// Three hours of 1/3 of what the cost is for: rounding each would give 0.999999.
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-08-05T03:10:00Z", "1"), volume("a", "v1", "2013-08-05T04:10:00Z", "1"), volume("a", "v1", "2013-08-05T05:10:00Z", "1"),
	}}
	erp := newDesk(map[string]string{"volume.size": "10"})
	erp.units = map[string]string{"volume.size": "GB day"}
	e := newEngine(source, erp)
	collect(t, e, august.End)
	item := bill(t, e)[0].Order.Items[0]
	// 3 GB hour / 24 = 0.125 GB day; 0.125 x 10 = 1.25
	if item.Value.String() != "0.125" || item.Unit != "GB day" || item.Amount.String() != "1.25" {
		t.Errorf("item %+v", item)
	}
}

func TestUnitsOfPrices(t *testing.T) {
	ip := usage.Sample{ID: "i", Meter: "ip.floating", Kind: usage.Gauge, Unit: "ip", Tenant: "a", Resource: "ip1", Datacenter: "nz-1",
		Volume: decimal.NewFromInt(1), HasVolume: true, Time: august.Start}
	object := usage.Sample{ID: "o", Meter: "storage.objects.size", Kind: usage.Gauge, Unit: "B", Tenant: "a", Resource: "o1", Datacenter: "nz-1",
		Volume: decimal.NewFromInt(3 << 29), HasVolume: true, Time: august.Start}
	bytes := usage.Sample{ID: "b", Meter: "network.incoming.bytes", Kind: usage.Cumulative, Unit: "B", Tenant: "a", Resource: "n1", Datacenter: "nz-1", HasVolume: true, Time: august.Start}
	more := bytes
	more.ID, more.Volume, more.Time = "c", decimal.NewFromInt(1<<20), august.Start.Add(time.Hour)
	tests := []struct {
		sample            usage.Sample
		unit, value, want string
	}{
		{bytes, "", "1048576", "B"},
		{bytes, "megabyte", "1", "megabyte"}, // 2^20 / 2^20
		{ip, "", "1", "ip hour"},
		{ip, "ip hour", "1", "ip hour"},
		{ip, "hour", "1", "ip hour"},
		{ip, "day", "0.041667", "ip day"}, // 1 / 24
		{ip, "address per month", "1", "ip hour"},
		{object, "gigabyte hour", "1.5", "gigabyte hour"}, // 3 x 2^29 / 2^30
		{object, "gigabyte", "1.5", "gigabyte hour"},      // as the original's price lists have it
		{object, "bytes per hour", "1610612736", "B hour"},
		{object, "GB day", "0.0625", "GB day"}, // 1.5 / 24
	}
	for _, test := range tests {
		t.Run(test.sample.Unit+" for "+test.unit, func(t *testing.T) {
			erp := newDesk(map[string]string{test.sample.Meter: "1"})
			erp.units = map[string]string{test.sample.Meter: test.unit}
			e := newEngine(&samples{all: []usage.Sample{test.sample, more}}, erp)
			collect(t, e, august.End)
			e.Meters = slices.DeleteFunc(e.Meters, func(m usage.Meter) bool { return m.Name != test.sample.Meter })
			d, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, august)
			if err != nil {
				t.Fatal(err)
			}
			if item := d.Order.Items[len(d.Order.Items)-1]; item.Value.String() != test.value || item.Unit != test.want {
				t.Errorf("%s %s, want %s %s", item.Value, item.Unit, test.value, test.want)
			}
		})
	}
}

func TestParkedForWantOfACost(t *testing.T) {
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-08-05T03:10:00Z", "2"),
		{ID: "i", Meter: "ip.floating", Kind: usage.Gauge, Unit: "ip", Tenant: "b", Resource: "ip1", Datacenter: "nz-1",
			Volume: decimal.NewFromInt(1), HasVolume: true, Time: august.Start},
	}}
	erp := newDesk(map[string]string{"volume.size": "1"})
	e := newEngine(source, erp)
	collect(t, e, august.End)
	outcomes := bill(t, e)
	if diff := cmp.Diff(map[string]billing.Result{"a": billing.Billed, "b": billing.Parked}, results(outcomes)); diff != "" {
		t.Fatalf("results (-want +got):\n%s", diff)
	}
	if m := outcomes[1].Missing; len(m) != 1 || m[0].Service != "ip.floating" || m[0].Volume.String() != "1" || m[0].Unit != "ip hour" {
		t.Errorf("missing %+v", m)
	}
	// The cause is mended: the next run bills, and nothing was frozen before.
	erp.costs["ip.floating"] = "2"
	if diff := cmp.Diff(map[string]billing.Result{"a": billing.AlreadyBilled, "b": billing.Billed}, results(bill(t, e))); diff != "" {
		t.Errorf("after the cause is gone (-want +got):\n%s", diff)
	}
}

func TestNoBlockBeforeItsTime(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	at := func(s string) time.Time { return volume("", "", s, "0").Time }
	tests := []struct {
		name, now string
		through   time.Time
		change    func(*billing.Engine)
		want      string
	}{
		{name: "in the future", now: "2013-07-31T23:00:00Z", want: "has not begun"},
		{name: "still running", now: "2013-08-31T23:59:59Z", want: "is still running"},
		{name: "samples may be late", now: "2013-09-01T23:59:59Z", want: "less than settle_after"},
		{name: "not collected through", now: "2013-10-01T00:00:00Z", through: at("2013-08-31T23:00:00Z"), want: "collected through 2013-08-31T23:00:00Z only"},
		{name: "before bill_from", now: "2013-10-01T00:00:00Z", through: august.End,
			change: func(e *billing.Engine) { e.BillFrom = august.Start.Add(time.Hour) }, want: "begins before bill_from"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			erp := newDesk(map[string]string{"volume.size": "1"})
			e := newEngine(source, erp)
			if !test.through.IsZero() {
				collect(t, e, test.through)
			}
			e.Now = func() time.Time { return at(test.now) }
			if test.change != nil {
				test.change(e)
			}
			_, err := e.Bill(t.Context(), august, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if orders, _ := e.Store.Orders(t.Context(), ledger.OrderFilter{}); len(orders) != 0 || erp.sent != 0 {
				t.Errorf("%d orders, %d sent", len(orders), erp.sent)
			}
		})
	}
}

// A source that failed, or was never collected, keeps blocks from being
// billed; one that the config no longer has does not.
func TestEverySourceIsCollected(t *testing.T) {
	north := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	south := &samples{errs: []error{errors.New("south.json: cut off")}}
	e := newEngine(north, newDesk(map[string]string{"volume.size": "1"}))
	e.Sources = []billing.Source{{Name: "north", Source: north}, {Name: "south", Source: south}}
	e.SourceNames = []string{"north", "south"}
	if _, err := e.Collect(t.Context(), august.End); err == nil || !strings.Contains(err.Error(), "south.json: cut off") {
		t.Fatalf("error %v", err)
	}
	_, err := e.Bill(t.Context(), august, nil)
	if err == nil || !strings.Contains(err.Error(), "source south: never collected") || strings.Contains(err.Error(), "north") {
		t.Errorf("error %v", err)
	}
	// The south has nothing at all: that it was looked at is enough.
	south.errs = nil
	collect(t, e, august.End.Add(-time.Hour))
	collect(t, e, august.End.Add(-time.Hour))
	if _, err = e.Bill(t.Context(), august, nil); err == nil || !strings.Contains(err.Error(), "source south: collected through 2013-08-31T23:00:00Z only") {
		t.Errorf("error %v", err)
	}
	e.SourceNames = []string{"north"}
	if got := bill(t, e)[0].Result; got != billing.Billed {
		t.Errorf("without the south: %s", got)
	}
}

func TestOverlapIsRefusedByTheStore(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	erp := newDesk(map[string]string{"volume.size": "1"})
	e := newEngine(source, erp)
	collect(t, e, august.End)
	bill(t, e)
	week := usage.Span{Start: august.Start.AddDate(0, 0, 2), End: august.Start.AddDate(0, 0, 9)}
	outcomes, err := e.Bill(t.Context(), week, nil)
	if err != nil {
		t.Fatal(err)
	}
	var overlap *ledger.OverlapError
	if o := outcomes[0]; o.Result != billing.Overlaps || !errors.As(o.Err, &overlap) {
		t.Errorf("%s: %v", o.Result, o.Err)
	}
	if erp.sent != 1 {
		t.Errorf("%d invoices were sent", erp.sent)
	}
}

// What an ERP may do to a Commit, and what must come of it now and on the next
// run, with and without a way to look the order up.
func TestOutcomes(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		name     string
		search   bool
		save     bool
		err      error
		now      billing.Result
		then     billing.Result
		invoices int
	}{
		{"refused, searchable", true, false, boom, billing.NotBilled, billing.Billed, 1},
		{"saved, answer lost, searchable", true, true, invoice.UnknownOutcome(boom), billing.NotBilled, billing.Billed, 1},
		{"not saved, answer lost, searchable", true, false, invoice.UnknownOutcome(boom), billing.NotBilled, billing.Billed, 1},
		{"no such partner, searchable", true, false, invoice.Permanent(boom), billing.Parked, billing.Billed, 1},
		{"saved, answer lost, not searchable", false, true, invoice.UnknownOutcome(boom), billing.InDoubt, billing.InDoubt, 1},
		{"not saved, answer lost, not searchable", false, false, invoice.UnknownOutcome(boom), billing.InDoubt, billing.InDoubt, 0},
		{"refused, not searchable", false, false, boom, billing.Parked, billing.Billed, 1},
		{"no such partner, not searchable", false, false, invoice.Permanent(boom), billing.Parked, billing.Billed, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("b", "v1", "2013-08-05T03:10:00Z", "2")}}
			d := newDesk(map[string]string{"volume.size": "1"})
			var erp invoice.ERP = d
			if test.search {
				erp = searchable{d}
			}
			e := newEngine(source, erp)
			collect(t, e, august.End)
			d.commit = func() (bool, error) {
				if d.sent == 1 { // only tenant a
					return test.save, test.err
				}
				return true, nil
			}
			if diff := cmp.Diff(map[string]billing.Result{"a": test.now, "b": billing.Billed}, results(bill(t, e))); diff != "" {
				t.Errorf("now (-want +got):\n%s", diff)
			}
			// A price that changes meanwhile changes nothing that was claimed.
			d.costs["volume.size"] = "7"
			again := bill(t, e)
			if diff := cmp.Diff(map[string]billing.Result{"a": test.then, "b": billing.AlreadyBilled}, results(again)); diff != "" {
				t.Errorf("then (-want +got):\n%s", diff)
			}
			if got := len(d.saved) - 1; got != test.invoices {
				t.Errorf("tenant a has %d invoices, want %d", got, test.invoices)
			}
			for key, items := range d.saved {
				if len(items) != 1 || items[0].Amount.String() != "2" {
					t.Errorf("%s: %+v", key, items)
				}
			}
		})
	}
}

// A process that died after its claim, where nobody can look: a person decides.
func TestResolve(t *testing.T) {
	for _, billed := range []bool{true, false} {
		t.Run(fmt.Sprint("billed ", billed), func(t *testing.T) {
			source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
			d := newDesk(map[string]string{"volume.size": "1"})
			e := newEngine(source, d)
			collect(t, e, august.End)
			draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, august)
			if err != nil {
				t.Fatal(err)
			}
			order := draft.Order
			if _, err := e.Store.Claim(t.Context(), ledger.Claim{Order: order, Revision: draft.Revision, Lease: ledger.Lease{Holder: "gone:1"}}); err != nil {
				t.Fatal(err)
			}
			if err := e.Resolve(t.Context(), order.Key, true, "INV-1"); err == nil || !strings.Contains(err.Error(), "not in doubt") {
				t.Errorf("resolved while claimed: %v", err)
			}
			for range 2 {
				if got := bill(t, e)[0]; got.Result != billing.InDoubt || d.sent != 0 {
					t.Fatalf("%s, %d sent", got.Result, d.sent)
				}
			}
			if err := e.Resolve(t.Context(), order.Key, billed, "INV-1"); err != nil {
				t.Fatal(err)
			}
			got := bill(t, e)[0]
			if billed && (got.Result != billing.AlreadyBilled || got.Order.Reference != "INV-1" || d.sent != 0) {
				t.Errorf("%s as %s, %d sent", got.Result, got.Order.Reference, d.sent)
			}
			if !billed && (got.Result != billing.Billed || d.sent != 1) {
				t.Errorf("%s, %d sent", got.Result, d.sent)
			}
		})
	}
}

// itemized is an ERP whose invoices have an item for each resource.
type itemized struct{ *desk }

func (itemized) PerResource() bool { return true }

func TestItemsForResources(t *testing.T) {
	named := volume("a", "v2", "2013-08-05T03:10:00Z", "3")
	named.Metadata = map[string]string{"display_name": "backups"}
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), named, volume("a", "v2", "2013-08-05T04:10:00Z", "4")}}
	d := newDesk(map[string]string{"volume.size": "0.5"})
	e := newEngine(source, itemized{d})
	collect(t, e, august.End)
	var got []string
	for _, item := range bill(t, e)[0].Order.Items {
		got = append(got, fmt.Sprintf("%s %s %q %s %s", item.Name, item.Resource, item.Description, item.Value, item.Amount))
	}
	want := []string{
		`volume.size v1 "Volume" 2 1`,           // 2 x 0.5
		`volume.size v2 "Volume backups" 7 3.5`, // (3 + 4) x 0.5
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	// What has no cost is still told of by service.
	delete(d.costs, "volume.size")
	september := usage.Span{Start: august.End, End: august.End.AddDate(0, 0, 1)}
	source.all = append(source.all, volume("a", "v1", "2013-09-01T03:10:00Z", "2"), volume("a", "v2", "2013-09-01T03:10:00Z", "3"))
	collect(t, e, september.End)
	draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, september)
	if err != nil || len(draft.Missing) != 1 || draft.Missing[0].Volume.String() != "5" || draft.Missing[0].Resources != 2 {
		t.Errorf("missing %+v, %v", draft.Missing, err)
	}
}

// sick is an ERP that knows that it cannot save invoices.
type sick struct{ *desk }

func (sick) CheckHealth(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		_ = yield("login", nil) && yield("directory", errors.New("is full")) && yield("rates", errors.New("rates.csv:3: no rate"))
	}
}

func TestNothingIsFrozenForAnERPThatIsNotReady(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	e := newEngine(source, sick{newDesk(map[string]string{"volume.size": "1"})})
	collect(t, e, august.End)
	_, err := e.Bill(t.Context(), august, nil)
	for _, want := range []string{"directory: is full", "rates: rates.csv:3: no rate", "nothing was billed"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if orders, _ := e.Store.Orders(t.Context(), ledger.OrderFilter{}); len(orders) != 0 {
		t.Errorf("orders %v", orders)
	}
}

func TestOneBillsAtATime(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	e.Store = memory.New(memory.Options{})
	collect(t, e, august.End)
	for _, name := range []string{"bill", "collect"} {
		unlock, err := e.Store.(ledger.Locker).Lock(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		_, errs := e.Bill(t.Context(), august, nil)
		_, errs2 := e.Reconcile(t.Context(), usage.Span{}, nil)
		_, errs3 := e.Collect(t.Context(), august.End)
		for what, err := range map[string]error{
			"bill": errs, "bill (reconcile)": errs2, "collect": errs3,
			"bill (resolve)": e.Resolve(t.Context(), "x", false, ""), "bill (void)": e.Void(t.Context(), "x", "why"),
		} {
			if locked := errors.Is(err, ledger.ErrLocked); locked != strings.HasPrefix(what, name) {
				t.Errorf("while there is somebody at %s: %s: %v", name, what, err)
			}
		}
		if err := unlock(); err != nil {
			t.Fatal(err)
		}
	}
	// Who collects and who bills are in nobody's way.
	if got := bill(t, e)[0].Result; got != billing.AlreadyBilled {
		t.Errorf("afterwards: %s", got)
	}
}

func TestPricesForAnotherUnit(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	for _, unit := range []string{"GB hour", "gigabyte", "day", "disks", "hour", "B second", "byte"} {
		d := newDesk(map[string]string{"volume.size": "1"})
		d.units = map[string]string{"volume.size": unit}
		e := newEngine(source, d)
		collect(t, e, august.End)
		draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, august)
		if err != nil {
			t.Fatal(err)
		}
		if len(draft.Missing) > 0 {
			t.Errorf("per %s: %+v", unit, draft.Missing)
		}
		if remark := len(draft.Remarks) > 0; remark != (unit == "disks") {
			t.Errorf("per %s: remarks %+v", unit, draft.Remarks)
		}
	}
	// Seconds of uptime have nothing to do with gigabytes: the tenant is parked.
	vm := usage.Sample{ID: "s", Meter: "instance", Kind: usage.Gauge, Unit: "instance", Tenant: "a", Resource: "r", Datacenter: "nz-1", Time: august.Start,
		Metadata: map[string]string{"flavor.name": "m1"}}
	d := newDesk(map[string]string{"m1": "1"})
	d.units = map[string]string{"m1": "gigabyte hour"}
	e := newEngine(&samples{all: []usage.Sample{vm}}, d)
	collect(t, e, august.End)
	got := bill(t, e)[0]
	if got.Result != billing.Parked || got.Order.Reason != "the cost of m1 in nz-1 is per gigabyte hour, which second does not convert to" || d.sent != 0 {
		t.Errorf("%s: %s", got.Result, got.Order.Reason)
	}
}

func TestKey(t *testing.T) {
	base := billing.Key("nz", "a", august, 1)
	seen := map[string]bool{base: true}
	for _, other := range []string{
		billing.Key("nz2", "a", august, 1), billing.Key("nz", "b", august, 1), billing.Key("nz", "a", august, 2),
		billing.Key("n", "za", august, 1), billing.Key("nz", "a", usage.Span{Start: august.Start, End: august.End.Add(time.Hour)}, 1),
	} {
		if seen[other] {
			t.Errorf("key %s twice", other)
		}
		seen[other] = true
	}
	elsewhere := usage.Span{Start: august.Start.In(time.FixedZone("x", 3600)), End: august.End}
	if billing.Key("nz", "a", elsewhere, 1) != base {
		t.Error("the key depends on how instants are written")
	}
	if len(slices.Collect(maps.Keys(seen))) != 6 {
		t.Error("keys are missing")
	}
}

// A block from before there was any usage is a slip of the keyboard: orders for
// nothing would hide it.
func TestBlockBeforeCollecting(t *testing.T) {
	e := newEngine(&samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, august.End)
	july := usage.Span{Start: august.Start.AddDate(0, -1, 0), End: august.Start}
	outcomes, err := e.Bill(t.Context(), july, nil)
	const want = "nothing was collected of block 2013-07: usage is known from 2013-08-05T03:00:00Z on"
	if err == nil || err.Error() != want || len(outcomes) > 0 {
		t.Errorf("outcomes %+v, error %v, want %s", outcomes, err, want)
	}
	for _, block := range []usage.Span{{Start: july.Start, End: fifth(4)}, {Start: fifth(4), End: august.End}} {
		if _, err := e.Bill(t.Context(), block, nil); err != nil {
			t.Errorf("%v: %v", block, err)
		}
	}
}
