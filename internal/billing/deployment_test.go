package billing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// onlyOrder is the order that the engine has of a tenant.
func onlyOrder(t *testing.T, e *billing.Engine, tenant string) ledger.Order {
	t.Helper()
	orders, err := e.Store.Orders(t.Context(), ledger.OrderFilter{Tenant: tenant})
	if err != nil || len(orders) != 1 {
		t.Fatalf("%v, %v", orders, err)
	}
	return orders[0]
}

// A deployment that was renamed over a filled ledger writes nothing more: an
// invoice that the ERP has under the old name would not be found under the new
// one.
func TestSameDeployment(t *testing.T) {
	lost := errors.New("connection refused")
	for _, test := range []struct {
		name     string
		cost     string // "" parks the tenant
		answer   error  // of the ERP
		void     bool
		billFrom time.Time
		says     string // "" for nothing
	}{
		{name: "parked before its claim, nothing was ever sent"},
		{name: "billed", cost: "2", says: `the ledger is of the deployment "test"`},
		{name: "billed, and renamed from its end on", cost: "2", billFrom: august.End},
		{name: "billed, and renamed from later on", cost: "2", billFrom: october},
		{name: "billed, and renamed from before its end on", cost: "2", billFrom: august.End.Add(-time.Hour), says: "write bill_from = 2013-09-01T00:00:00Z or later"},
		{name: "void", cost: "2", void: true, says: `write deployment = "test" in [main] again`},
		{name: "void, and renamed from its end on", cost: "2", void: true, billFrom: august.End},
		{name: "sent, and not answered", cost: "2", answer: lost, says: "it is claimed, and is to be finished under that name first"},
		{name: "sent, not answered, and renamed from its end on", cost: "2", answer: lost, billFrom: august.End, says: "it is claimed, and is to be finished under that name first"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(map[string]string{})
			if test.cost != "" {
				d.costs["disk"] = test.cost
			}
			d.commit = func() (bool, error) { return test.answer == nil, test.answer }
			e := lateEngine(searchable{d})
			record(t, e, used{"a", "disk", "a", 0, "1"})
			bill(t, e)
			order := onlyOrder(t, e, "a")
			if test.void {
				if err := e.Void(t.Context(), order.Key, "wrong"); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.SameDeployment(t.Context()); err != nil {
				t.Errorf("under its own name: %v", err)
			}
			e.Deployment, e.BillFrom = "renamed", test.billFrom
			err := e.SameDeployment(t.Context())
			if (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want %q", err, test.says)
			}
			if err == nil {
				return
			}
			sent := d.sent
			_, collects := e.Collect(t.Context(), time.Time{})
			_, bills := e.Bill(t.Context(), august, nil)
			_, reconciles := e.Reconcile(t.Context(), usage.Span{}, nil)
			for work, got := range map[string]error{"collect": collects, "bill": bills, "reconcile": reconciles,
				"void": e.Void(t.Context(), order.Key, "x"), "resolve": e.Resolve(t.Context(), order.Key, false, "")} {
				early := work == "bill" && !test.billFrom.IsZero() // the block begins before that
				if got == nil || !early && got.Error() != err.Error() {
					t.Errorf("%s: got %v, want %v", work, got, err)
				}
			}
			after := onlyOrder(t, e, "a")
			if d.sent != sent || after.Key != order.Key || after.Deployment != "test" {
				t.Errorf("sent %d times, and then %d; the order is %v", sent, d.sent, after)
			}
		})
	}
}

// Once a deployment was renamed as it may be, no block is billed under both names,
// not even where an order of the old one becomes void.
func TestRenamed(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "disk", "a", 0, "1"})
	bill(t, e)
	old := onlyOrder(t, e, "a")
	e.Deployment, e.BillFrom = "renamed", august.End
	if err := e.Void(t.Context(), old.Key, "wrong"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Bill(t.Context(), august, nil); err == nil || !strings.Contains(err.Error(), "begins before bill_from") {
		t.Errorf("the block of the void order: %v", err)
	}
	if due := dueText(t, e); len(due) > 0 && strings.HasPrefix(due[0], "2013-08") {
		t.Errorf("due is %v", due)
	}
	if d.sent != 1 {
		t.Errorf("sent %d times", d.sent)
	}
}

// A store of which nothing is known is told from one in which there is something.
func TestBegun(t *testing.T) {
	e := newEngine(&samples{}, newDesk(nil))
	if err := e.Begun(t.Context()); !errors.Is(err, billing.ErrNothingCollected) {
		t.Errorf("an empty store: %v", err)
	}
	mark := ledger.Mark{Source: "object", From: august.Start, Through: august.End}
	if err := e.Store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{mark}}); err != nil {
		t.Fatal(err)
	}
	if err := e.Begun(t.Context()); !errors.Is(err, billing.ErrNothingCollected) {
		t.Errorf("a source without tenants: %v", err)
	}
	mark.Tenant = "a"
	if err := e.Store.Record(t.Context(), ledger.Batch{Marks: []ledger.Mark{mark}}); err != nil {
		t.Fatal(err)
	}
	if err := e.Begun(t.Context()); err != nil {
		t.Errorf("a tenant: %v", err)
	}
}
