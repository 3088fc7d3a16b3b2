package billing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// Two tenants share a volume for an hour. Only one of them is pruned, for
// something came late for the other, whose invoice is then cancelled: the same
// is billed again, and what comes later still is told, with the tenant whose it
// is.
func TestOneOfTwoTenantsPruned(t *testing.T) {
	source := &samples{all: []usage.Sample{
		volume("a", "v1", "2013-08-05T03:10:00Z", "2"), volume("b", "v1", "2013-08-05T03:20:00Z", "3"),
		volume("a", "v1", "2013-08-05T03:50:00Z", "2"), volume("b", "v1", "2013-08-06T03:10:00Z", "3"),
	}}
	e := newEngine(source, searchable{newDesk(map[string]string{"volume.size": "1"})})
	collect(t, e, august.End)
	orders := map[string]ledger.Order{}
	for _, o := range bill(t, e) {
		orders[o.Order.Tenant.ID] = o.Order
	}
	source.all = append(source.all, volume("b", "v1", "2013-08-06T03:20:00Z", "4")) // late, and pending
	collect(t, e, august.End)
	if p, err := e.Store.(ledger.Pruner).Prune(t.Context(), august.End); err != nil || p != (ledger.Pruned{Orders: 1, Entries: 1, Kept: 1}) {
		t.Fatalf("pruned %+v, %v", p, err)
	}
	source.all = append(source.all, volume("b", "v1", "2013-08-05T03:40:00Z", "9"))
	lastOfA := source.all[2]
	tell := func() {
		t.Helper()
		var pruned []string
		for _, l := range collect(t, e, august.End)[0].Pruned {
			pruned = append(pruned, fmt.Sprint(l.Tenant, " ", l.Window.Start.Format(time.RFC3339), " ", l.Samples))
		}
		if diff := cmp.Diff([]string{"b 2013-08-05T03:00:00Z 1"}, pruned); diff != "" {
			t.Errorf("too late, where the last sample is %s's (-want +got):\n%s", lastOfA.Tenant, diff)
		}
	}
	tell()
	tell() // as long as it is there
	if err := e.Void(t.Context(), orders["b"].Key, "credited"); err != nil {
		t.Fatal(err)
	}
	tell()
	outcomes, err := e.Bill(t.Context(), august, []string{"b"})
	if err != nil || len(outcomes) != 1 || outcomes[0].Result != billing.Billed {
		t.Fatalf("billed again: %+v, %v", outcomes, err)
	}
	tell()
	// 3 and 3 before, and 4 instead of the second 3 that came late.
	if was, is := orders["b"].Total.String(), outcomes[0].Order.Total.String(); was != "6" || is != "7" {
		t.Errorf("b is billed %s, and then %s", was, is)
	}
	v, err := e.Verify(context.Background(), nil)
	if err != nil || len(v.Mistakes) > 0 {
		t.Errorf("%v, %v", v.Mistakes, err)
	}
}
