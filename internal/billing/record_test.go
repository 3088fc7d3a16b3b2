package billing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// used is what somebody used of a service within one hour of August.
type used struct {
	tenant, meter, resource string
	hour                    int
	volume                  string
}

// hours is the span from one hour of August to another.
func hours(from, to int) usage.Span {
	return usage.Span{Start: august.Start.Add(time.Duration(from) * time.Hour), End: august.Start.Add(time.Duration(to) * time.Hour)}
}

// testMeters are two that are billed, one by the begun hour, one that is not
// billed, and one whose service is that of the first.
func testMeters() []usage.Meter {
	return []usage.Meter{
		{Name: "disk", Meter: "disk", Service: "disk", Type: "Volume", Billed: true},
		{Name: "vm", Meter: "vm", Service: "vm", Billed: true, Begun: "hour"},
		{Name: "free", Meter: "free", Service: "disk"},
		{Name: "backup", Meter: "backup", Service: "disk", Billed: true},
	}
}

// unitOf is what a test meter is measured in.
func unitOf(meter string) string {
	if meter == "vm" {
		return "second"
	}
	return "GB hour"
}

// serviceOf is what a test meter is billed as.
func serviceOf(meter string) string {
	if meter == "vm" {
		return "vm"
	}
	return "disk"
}

// record writes usage as a collect of all August would: what is told of a
// resource's hour replaces what was known of it.
func record(t interface {
	Helper()
	Fatal(...any)
}, e *billing.Engine, all ...used) {
	t.Helper()
	batch := ledger.Batch{Marks: []ledger.Mark{{Source: "object", From: august.Start, Through: august.End}}}
	byHour := map[string][]used{}
	for _, u := range all {
		id := fmt.Sprint(u.meter, " ", u.resource, " ", u.hour)
		byHour[id] = append(byHour[id], u)
		batch.Marks = append(batch.Marks, ledger.Mark{Tenant: u.tenant, Source: "object", From: august.Start, Through: august.End})
	}
	for _, together := range byHour {
		u := together[0]
		fold := ledger.Fold{Window: hours(u.hour, u.hour+1), Samples: len(together)}
		for _, u := range together {
			fold.Digest += u.tenant + u.volume + " "
			fold.Entries = append(fold.Entries, usage.Entry{
				Source: "object", Meter: u.meter, Resource: u.resource, Window: fold.Window,
				Volume: usage.Volume{Tenant: u.tenant, Datacenter: "nz-1", Service: serviceOf(u.meter), Volume: decimal.RequireFromString(u.volume), Unit: unitOf(u.meter), Samples: 1},
			})
		}
		slices.SortFunc(fold.Entries, func(a, b usage.Entry) int { return strings.Compare(a.Tenant, b.Tenant) })
		batch.Series = append(batch.Series, ledger.SeriesFolds{Series: ledger.Series{Source: "object", Meter: u.meter, Resource: u.resource}, Folds: []ledger.Fold{fold}})
	}
	if err := e.Store.Record(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
}

// lateEngine bills hours of August with the test meters.
func lateEngine(erp invoice.ERP) *billing.Engine {
	e := newEngine(nil, erp)
	e.Meters, e.SettleAfter = testMeters(), 0
	return e
}

// billHours bills some hours for all tenants.
func billHours(t *testing.T, e *billing.Engine, from, to int) []billing.Outcome {
	t.Helper()
	outcomes, err := e.Bill(t.Context(), hours(from, to), nil)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// billOne bills some hours for the only tenant there is.
func billOne(t *testing.T, e *billing.Engine, from, to int) ledger.Order {
	t.Helper()
	outcomes := billHours(t, e, from, to)
	if o := outcomes[0]; len(outcomes) != 1 || o.Result != billing.Billed && o.Result != billing.NothingToBill {
		t.Fatalf("%d outcomes: %s, %v, %s", len(outcomes), o.Result, o.Err, o.Order.Reason)
	}
	return outcomes[0].Order
}

// lines are items as a person reads them: the block that one adjusts, the
// service, what was measured, and how it was priced.
func lines(items []ledger.Item) []string {
	all := []string{}
	for _, i := range items {
		adjusts := ""
		if !i.Adjusts.IsZero() {
			adjusts = i.Adjusts.Start.UTC().Format("15") + "h: "
		}
		resource := ""
		if i.Resource != "" {
			resource = " of " + i.Resource
		}
		all = append(all, fmt.Sprintf("%s%s%s: %s after %s %s = %s %s at %s is %s", adjusts, i.Name, resource, i.Volume, i.Before, i.Measured, i.Value, i.Unit, i.Cost, i.Amount))
	}
	return all
}

// verified fails where the ledger does not prove itself.
func verified(t interface {
	Helper()
	Errorf(string, ...any)
}, e *billing.Engine) billing.Verified {
	t.Helper()
	v, err := e.Verify(context.Background(), nil)
	if err != nil {
		t.Errorf("verify: %v", err)
	}
	for _, m := range v.Mistakes {
		t.Errorf("verify: %v", m)
	}
	return v
}
