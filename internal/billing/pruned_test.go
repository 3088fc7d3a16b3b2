package billing_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// onStores runs a test on both kinds of store that have no server.
func onStores(t *testing.T, run func(*testing.T, *billing.Engine)) {
	t.Run("memory", func(t *testing.T) { run(t, lateEngine(searchable{newDesk(map[string]string{"disk": "2", "vm": "1"})})) })
	t.Run("sqlite", func(t *testing.T) {
		e := lateEngine(searchable{newDesk(map[string]string{"disk": "2", "vm": "1"})})
		e.Store = openSQLite(t, filepath.Join(t.TempDir(), "artifice.db"))
		run(t, e)
	})
}

// A ledger that was pruned is proved by the sums that stay.
func TestVerifyPruned(t *testing.T) {
	onStores(t, func(t *testing.T, e *billing.Engine) {
		record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"a", "disk", "d1", 1, "6"}, used{"a", "disk", "d1", 4, "2"}, used{"a", "disk", "d1", 9, "2"})
		billOne(t, e, 0, 4)
		record(t, e, used{"a", "disk", "d1", 1, "7"})
		billOne(t, e, 4, 8)
		prune(t, e, 8)
		verified(t, e)
		if got := unbilled(t, e); len(got) > 0 {
			t.Errorf("%v", got)
		}
		record(t, e, used{"a", "disk", "new", 1, "3"}) // nothing was known of it
		billOne(t, e, 8, 12)
		verified(t, e)
		prune(t, e, 12)
		verified(t, e)
	})
}

// The sum of a block of one hour looks like an entry.
func TestVerifyPrunedHour(t *testing.T) {
	onStores(t, func(t *testing.T, e *billing.Engine) {
		record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"a", "disk", "d1", 1, "6"})
		billOne(t, e, 0, 1)
		prune(t, e, 1)
		verified(t, e)
	})
}

// Of what time only sums are left is told.
func TestPruned(t *testing.T) {
	onStores(t, func(t *testing.T, e *billing.Engine) {
		record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"b", "disk", "d2", 1, "6"}, used{"a", "disk", "d1", 4, "1"})
		o := billHours(t, e, 0, 4)[0].Order
		billHours(t, e, 4, 8)
		prune(t, e, 4)
		for _, test := range []struct {
			span    usage.Span
			tenants []string
			want    int
		}{{hours(0, 8), nil, 2}, {hours(0, 1), []string{"a"}, 1}, {hours(4, 8), nil, 0}} {
			if got, err := e.Pruned(t.Context(), test.span, test.tenants); err != nil || len(got) != test.want {
				t.Errorf("%v: %v, %v", test.span, got, err)
			}
		}
		whole, err := e.Store.Order(t.Context(), o.Key)
		if err != nil {
			t.Fatal(err)
		}
		if x, err := e.ExplainItem(t.Context(), whole, 1); err != nil || !x.Pruned || !x.Sum.Equal(whole.Items[0].Volume) {
			t.Errorf("%+v, %v", x, err)
		}
	})
}

// A source that was renamed gives again what was billed and pruned: it is billed
// once.
func TestRenamedSourceOfAPrunedBlock(t *testing.T) {
	onStores(t, func(t *testing.T, e *billing.Engine) {
		record(t, e, used{"a", "disk", "d1", 1, "5"}, used{"a", "disk", "d1", 2, "5"}, used{"a", "disk", "d1", 4, "2"})
		billOne(t, e, 0, 4)
		prune(t, e, 4)
		again := ledger.Fold{Window: hours(2, 3), Samples: 1, Digest: "x", Entries: []usage.Entry{{
			Source: "other", Meter: "disk", Resource: "d1", Window: hours(2, 3),
			Volume: usage.Volume{Tenant: "a", Datacenter: "nz-1", Service: "disk", Volume: decimal.NewFromInt(5), Unit: "GB hour", Samples: 1},
		}}}
		series := ledger.Series{Source: "other", Meter: "disk", Resource: "d1"}
		if err := e.Store.Record(t.Context(), ledger.Batch{Series: []ledger.SeriesFolds{{Series: series, Folds: []ledger.Fold{again}}}}); err != nil {
			t.Fatal(err)
		}
		o := billHours(t, e, 4, 8)[0]
		if o.Result != billing.Parked || !strings.Contains(o.Order.Reason, "2013-08-01T02:00:00Z came from two sources, object and other") {
			t.Errorf("%s: %s, %v", o.Result, o.Order.Reason, o.Err)
		}
	})
}

// Hours that were left out and into which the last sample reaches are found.
func TestVerifyPassedOver(t *testing.T) {
	s := volume("a", "i1", "2013-08-05T03:10:00Z", "1")
	s.Meter, s.Unit, s.Metadata = "instance", "instance", map[string]string{"flavor.name": "m1", "status": "active"}
	source := &samples{all: []usage.Sample{s, volume("a", "v1", "2013-08-05T03:10:00Z", "1"), volume("a", "v1", "2013-08-05T07:10:00Z", "1")}}
	e := newEngine(source, nil)
	collect(t, e, time.Date(2013, 8, 5, 4, 0, 0, 0, time.UTC))
	verified(t, e)
	passOver(t, e, time.Date(2013, 8, 5, 8, 0, 0, 0, time.UTC))
	v, err := e.Verify(t.Context(), nil)
	want := "tenant a: 2013-08-05T04:00:00Z to 2013-08-05T05:00:00Z: meter instance, resource i1 of source object: what came before reaches into this window, and it was not folded (collect again, with the samples of the hours before)"
	if err != nil || len(v.Mistakes) != 1 || v.Mistakes[0].String() != want {
		t.Errorf("%v, %v", v.Mistakes, err)
	}
	source.all = nil
	collect(t, e, time.Date(2013, 8, 5, 8, 0, 0, 0, time.UTC))
	verified(t, e)
}

func prune(t *testing.T, e *billing.Engine, hour int) {
	t.Helper()
	p, err := e.Store.(ledger.Pruner).Prune(t.Context(), hours(hour, hour+1).Start)
	if err != nil || p.Orders == 0 {
		t.Fatalf("%+v, %v", p, err)
	}
}
