package billing_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

var september = usage.Span{Start: august.End, End: august.End.AddDate(0, 0, 20)}

// billedAugust has one volume, which was billed for August and goes on.
func billedAugust(t *testing.T) (*billing.Engine, *samples) {
	t.Helper()
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("a", "v1", "2013-08-05T04:10:00Z", "2")}}
	e := newEngine(source, searchable{newDesk(map[string]string{"volume.size": "1"})})
	collect(t, e, august.End)
	if o := bill(t, e)[0]; o.Result != billing.Billed || o.Order.Total.String() != "4" {
		t.Fatalf("August is %s, %s", o.Result, o.Order.Total)
	}
	source.all = append(source.all, volume("a", "v1", "2013-09-05T03:10:00Z", "2"))
	return e, source
}

// A source that was renamed brings all that it had once more: as late usage of
// what was billed under its old name.
func TestRenamedSourceOfABilledBlock(t *testing.T) {
	e, _ := billedAugust(t)
	e.Sources[0].Name, e.SourceNames = "ceilo", []string{"ceilo"}
	collect(t, e, september.End)
	outcomes, err := e.Bill(t.Context(), september, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "usage of meter volume.size, resource v1 in 2013-08-05T03:00:00Z came from two sources, ceilo and object"
	if o := outcomes[0]; o.Result != billing.Parked || !strings.Contains(o.Order.Reason, want) {
		t.Errorf("September is %s: %s, %v", o.Result, o.Order.Reason, o.Err)
	}
}

// Late usage in a unit that its block's item does not sum is priced, and not
// given away as something that was not billed then.
func TestLateUsageInAnotherUnit(t *testing.T) {
	e, _ := billedAugust(t)
	row := usage.Entry{Source: "object", Meter: "volume.size", Resource: "v2", Window: usage.WindowAt(august.Start), Volume: usage.Volume{
		Tenant: "a", Datacenter: "nz-1", Service: "volume.size", Volume: decimal.NewFromInt(2), Unit: "TB hour", Samples: 1,
	}}
	fold := ledger.SeriesFolds{
		Series: ledger.Series{Source: row.Source, Meter: row.Meter, Resource: row.Resource},
		Folds:  []ledger.Fold{{Window: row.Window, Samples: 1, Digest: "late", Entries: []usage.Entry{row}}},
	}
	if err := e.Store.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{fold}}); err != nil {
		t.Fatal(err)
	}
	collect(t, e, september.End)
	outcomes, err := e.Bill(t.Context(), september, nil)
	if err != nil {
		t.Fatal(err)
	}
	// 2 GB hour of September, and 2 TB hour of August at 1 each.
	if o := outcomes[0]; o.Result != billing.Billed || o.Order.Total.String() != "4" {
		t.Errorf("September is %s, %s: %s, %v", o.Result, o.Order.Total, o.Order.Reason, o.Err)
	}
}

// An adapter whose Commit is cut off by the lease may have saved the invoice,
// whatever it calls that: nothing is sent twice where nobody can look.
func TestCutOffIsAnUnknownOutcome(t *testing.T) {
	source := &samples{all: []usage.Sample{volume("a", "v1", "2013-08-05T03:10:00Z", "2")}}
	d := newDesk(map[string]string{"volume.size": "1"})
	e := newEngine(source, d)
	e.Lease = time.Nanosecond // over before the commit
	collect(t, e, august.End)
	d.commit = func() (bool, error) { return true, context.DeadlineExceeded }
	if o := bill(t, e)[0]; o.Result != billing.InDoubt {
		t.Fatalf("it is %s, %v", o.Result, o.Err)
	}
	d.commit = nil
	if o := bill(t, e)[0]; o.Result != billing.InDoubt || d.sent != 1 {
		t.Errorf("it is %s, sent %d times", o.Result, d.sent)
	}
}
