package billing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// flaky is an ERP that cannot be reached a number of times.
type flaky struct {
	*desk
	fails int
}

func (f *flaky) NewInvoice(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
	if f.fails > 0 {
		f.fails--
		return nil, errors.New("connection refused")
	}
	return f.desk.NewInvoice(ctx, order)
}

// forgetful is a store that fails to settle a number of times, as if the
// process had died after the invoice was saved.
type forgetful struct {
	ledger.Store
	fails int
}

func (f *forgetful) Settle(ctx context.Context, hold ledger.Hold, reference string, note ledger.Note) error {
	if f.fails > 0 {
		f.fails--
		return errors.New("killed")
	}
	return f.Store.Settle(ctx, hold, reference, note)
}

func one(t *testing.T, erp invoice.ERP) *billing.Engine {
	t.Helper()
	e := newEngine(&samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}, erp)
	collect(t, e, august.End)
	return e
}

// An order of which nobody can tell whether it was saved is not sent again
// because the ERP could not be reached meanwhile.
func TestNotReachedIsNotKnown(t *testing.T) {
	d := newDesk(map[string]string{"volume.size": "1"})
	f := &flaky{desk: d}
	e := one(t, f)
	e.Store = &forgetful{Store: e.Store, fails: 1}
	if got := bill(t, e)[0].Result; got != billing.NotBilled || len(d.saved) != 1 {
		t.Fatalf("%s, %d saved", got, len(d.saved))
	}
	f.fails = 1
	if got := bill(t, e)[0].Result; got != billing.NotBilled {
		t.Errorf("while the ERP is away: %s", got)
	}
	if got := bill(t, e)[0].Result; got != billing.InDoubt || d.sent != 1 {
		t.Errorf("afterwards: %s, %d sent", got, d.sent)
	}
}

// A parked order that is sent again is no longer known not to be there.
func TestParkedIsSentOnce(t *testing.T) {
	d := newDesk(map[string]string{"volume.size": "1"})
	e := one(t, d)
	store := &forgetful{Store: e.Store}
	e.Store = store
	d.commit = func() (bool, error) { return d.sent > 1, map[bool]error{true: errors.New("refused")}[d.sent == 1] }
	if got := bill(t, e)[0].Result; got != billing.Parked {
		t.Fatalf("refused: %s", got)
	}
	store.fails = 1
	if got := bill(t, e)[0].Result; got != billing.NotBilled || len(d.saved) != 1 {
		t.Fatalf("killed: %s, %d saved", got, len(d.saved))
	}
	if got := bill(t, e)[0].Result; got != billing.InDoubt || d.sent != 2 {
		t.Errorf("afterwards: %s, %d sent", got, d.sent)
	}
}

// A source that goes by another name gives its samples again: that is found
// before anything is billed twice.
func TestRenamedSource(t *testing.T) {
	e := one(t, newDesk(map[string]string{"volume.size": "1"}))
	e.Sources[0].Name, e.SourceNames = "files", []string{"files"}
	collect(t, e, august.End)
	got := bill(t, e)[0]
	if got.Result != billing.Parked || !strings.Contains(got.Order.Reason, "two sources, files and object, and would be billed twice") {
		t.Errorf("%s: %s", got.Result, got.Order.Reason)
	}
}

// One agent whose clock is ahead does not vouch for the time in between.
func TestClockAhead(t *testing.T) {
	noon := time.Date(2013, 8, 31, 12, 0, 0, 0, time.UTC)
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("b", "v2", "2013-09-01T11:10:00Z", "2")}}
	e := newEngine(source, newDesk(nil))
	e.Now = func() time.Time { return noon.Add(10 * time.Minute) }
	if c := collect(t, e, time.Time{})[0]; !c.Through.Equal(noon) {
		t.Errorf("collected through %v", c.Through)
	}
}

// Usage of a meter that is no longer in the config is not given away.
func TestMeterThatIsGone(t *testing.T) {
	e := one(t, newDesk(map[string]string{"volume.size": "1"}))
	all := e.Meters
	e.Meters = slices.DeleteFunc(slices.Clone(all), func(m usage.Meter) bool { return m.Name == "volume.size" })
	got := bill(t, e)[0]
	if got.Result != billing.Parked || !strings.Contains(got.Order.Reason, "put [meter:volume.size] back") {
		t.Errorf("%s: %s", got.Result, got.Order.Reason)
	}
	e.Meters = slices.Clone(all)
	i := slices.IndexFunc(all, func(m usage.Meter) bool { return m.Name == "volume.size" })
	e.Meters[i].Billed = false
	if got := bill(t, e)[0].Result; got != billing.NothingToBill {
		t.Errorf("with billed = false: %s", got)
	}
}

// However a unit is spelled, a service is one item, rounded once.
func TestOneItemForOneUnit(t *testing.T) {
	spelled := volume("a", "v2", "2013-08-05T03:10:00Z", "1")
	spelled.Unit = "gigabyte"
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "1"), spelled}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "0.005"}))
	collect(t, e, august.End)
	// (1 + 1) x 0.005 = 0.01, where 0.005 twice would be rounded to 0.02.
	if o := bill(t, e)[0].Order; len(o.Items) != 1 || o.Total.String() != "0.01" {
		t.Errorf("total %s of %+v", o.Total, o.Items)
	}
}

// A tenant that is new to a series which cannot be brought up to date is not
// billed for the rest of its usage alone.
func TestHeldTenantIsBehind(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:10:00Z", "2")}}
	e := newEngine(source, newDesk(map[string]string{"volume.size": "1"}))
	collect(t, e, august.Start.AddDate(0, 0, 10))
	source.all = []usage.Sample{volume("b", "v1", "2013-08-05T03:20:00Z", "100"), volume("b", "v2", "2013-08-05T03:10:00Z", "1")}
	if c := collect(t, e, august.End)[0]; len(c.Gone) != 1 {
		t.Fatalf("%+v", c)
	}
	if got := results(bill(t, e)); got["a"] != billing.NotBilled || got["b"] != billing.NotBilled {
		t.Errorf("%v", got)
	}
}

// What was used is on an invoice, also where all of it rounds to nothing.
func TestInvoiceOfNothing(t *testing.T) {
	for _, cost := range []string{"0", "0.001"} {
		source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
		d := newDesk(map[string]string{"volume.size": cost})
		e := newEngine(source, d)
		collect(t, e, august.End)
		// 2 GB hour x 0.001 = 0.002, rounded 0.00
		if o := bill(t, e)[0]; o.Result != billing.Billed || !o.Order.Total.IsZero() || len(o.Order.Items) != 1 || d.sent != 1 {
			t.Errorf("at %s: %s, %s, %d items, %d sent", cost, o.Result, o.Order.Total, len(o.Order.Items), d.sent)
		}
	}
}

// A tenant with nothing to bill needs nothing of the ERP; one that the ERP
// cannot bill for a known reason is parked before anything is frozen.
func TestNoPartner(t *testing.T) {
	erp := invoice.ERPFunc(func(context.Context, invoice.Order) (invoice.Invoice, error) {
		return nil, invoice.Permanent(errors.New("no partner"))
	})
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("b", "v2", "2013-09-05T03:10:00Z", "2")}}
	e := newEngine(source, erp)
	collect(t, e, october)
	if diff := cmp.Diff(map[string]billing.Result{"a": billing.Parked, "b": billing.NothingToBill}, results(bill(t, e))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := e.Store.Record(t.Context(), ledger.Batch{}); err != nil {
		t.Error(err)
	}
	orders, err := e.Store.Orders(t.Context(), ledger.OrderFilter{Tenant: "a"})
	if err != nil || len(orders) != 1 || orders[0].Reserves {
		t.Errorf("%+v, %v", orders, err)
	}
}

// Another adapter does not finish what one began.
func TestOrderOfAnotherAdapter(t *testing.T) {
	d := newDesk(map[string]string{"volume.size": "1"})
	e := one(t, d)
	d.commit = func() (bool, error) { return false, invoice.UnknownOutcome(errors.New("lost")) }
	e.ERP = searchable{d}
	bill(t, e)
	e.Adapter = "test:Other"
	if _, err := e.Bill(t.Context(), august, nil); err == nil || !strings.Contains(err.Error(), "is billed through test:Desk") || d.sent != 1 {
		t.Errorf("%v, %d sent", err, d.sent)
	}
	got, err := e.Reconcile(t.Context(), usage.Span{}, nil)
	if err != nil || len(got) != 1 || got[0].Result != billing.NotLookedAt || !strings.Contains(got[0].Err.Error(), "is claimed, and billed through test:Desk") {
		t.Errorf("%+v, %v", got, err)
	}
}

// A price below zero, and an answer that names no invoice, are no good.
func TestAnswersThatCannotBeRight(t *testing.T) {
	e := one(t, newDesk(map[string]string{"volume.size": "-1"}))
	if got := bill(t, e)[0]; got.Result != billing.Parked || !strings.Contains(got.Order.Reason, "cannot be negative") {
		t.Errorf("%s: %s", got.Result, got.Order.Reason)
	}
	nameless := invoice.ERPFunc(func(_ context.Context, order invoice.Order) (invoice.Invoice, error) {
		return nameless{&sheet{desk: newDesk(map[string]string{"volume.size": "1"}), order: order}}, nil
	})
	e = one(t, nameless)
	if got := bill(t, e)[0].Result; got != billing.InDoubt {
		t.Errorf("without a reference: %s", got)
	}
	// A sample of nobody is a mistake of its source.
	nobody := usage.Sample{ID: "n", Meter: "volume.size", Kind: usage.Gauge, Unit: "GB", Resource: "v", Volume: decimal.NewFromInt(1), HasVolume: true, Time: august.Start}
	e = newEngine(&samples{all: []usage.Sample{nobody}}, nil)
	if _, err := e.Collect(t.Context(), august.End); err == nil || !strings.Contains(err.Error(), "no tenant") {
		t.Errorf("error %v", err)
	}
}

type nameless struct{ *sheet }

func (nameless) Commit(context.Context) (string, error) { return "", nil }
