package billing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// reconcile returns what reconciling came to, by tenant.
func reconcile(t *testing.T, e *billing.Engine) map[string]billing.Outcome {
	t.Helper()
	outcomes, err := e.Reconcile(t.Context(), usage.Span{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]billing.Outcome{}
	for _, o := range outcomes {
		all[o.Order.Tenant.ID] = o
	}
	return all
}

// What an ERP may have made of an order, and what reconciling says of it.
func TestReconcile(t *testing.T) {
	lost := invoice.UnknownOutcome(errors.New("lost"))
	tests := []struct {
		name   string
		save   bool
		err    error
		after  func(d *desk, key string)
		want   billing.Result
		status ledger.Status
		then   billing.Result // of the next bill
		says   string
	}{
		{"confirmed", true, nil, nil, billing.Confirmed, ledger.Settled, billing.AlreadyBilled, ""},
		{"saved, answer lost", true, lost, nil, billing.Found, ledger.Settled, billing.AlreadyBilled, ""},
		{"not saved, answer lost", false, lost, nil, billing.NotSent, ledger.Claimed, billing.Billed, ""},
		{"refused", false, invoice.Permanent(errors.New("no partner")), nil, billing.NotSent, ledger.Parked, billing.Billed, ""},
		{"refused, and then entered by hand", false, invoice.Permanent(errors.New("no partner")),
			func(d *desk, key string) { d.saved[key] = []invoice.Item{} }, billing.Found, ledger.Settled, billing.AlreadyBilled, ""},
		{"restored from a backup", true, nil, func(d *desk, key string) { delete(d.saved, key) }, billing.Absent, ledger.Settled, billing.AlreadyBilled, "and the ERP has it not"},
		{"renamed", true, nil, func(d *desk, key string) { d.names = map[string]string{key: "INV-9"} }, billing.Renamed, ledger.Settled, billing.AlreadyBilled, "and the ERP has it as INV-9"},
		{"posted by a person", true, nil, func(d *desk, key string) { d.names = map[string]string{key: "INV-" + key[:6] + ", posted"} }, billing.Confirmed, ledger.Settled, billing.AlreadyBilled, ""},
		{"a line was deleted", true, nil, func(d *desk, _ string) { d.sick = fmt.Errorf("%w: 1 of 2 lines", invoice.ErrUnfinished) }, billing.Altered, ledger.Settled, billing.AlreadyBilled,
			"what the ERP has is not what was billed: the invoice is unfinished: 1 of 2 lines (put it right in the ERP; artifice void lets the block be billed again, and is for an invoice that nobody will be charged by)"},
		{"cancelled", true, nil, func(d *desk, _ string) { d.sick = invoice.Permanent(fmt.Errorf("%w: cancelled", invoice.ErrAltered)) }, billing.Altered, ledger.Settled, billing.AlreadyBilled,
			"what the ERP has is not what was billed: the invoice is not what was billed: cancelled"},
		{"begun, answer lost", false, lost, func(d *desk, _ string) { d.sick = fmt.Errorf("%w: 1 of 2 lines", invoice.ErrUnfinished) }, billing.NotSent, ledger.Claimed, billing.Billed, ""},
		{"cannot be reached", true, nil, func(d *desk, _ string) { d.sick = errors.New("connection refused") }, billing.NotLookedUp, ledger.Settled, "", "connection refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(map[string]string{"disk": "2"})
			d.commit = func() (bool, error) { return test.save, test.err }
			e := lateEngine(searchable{d})
			record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"b", "free", "f1", 0, "5"})
			key := billHours(t, e, 0, 4)[0].Order.Key
			if test.after != nil {
				test.after(d, key)
			}
			sent := d.sent
			for range 2 { // it may be run again
				got := reconcile(t, e)
				want := test.want
				if got["a"].Order.Status == ledger.Settled && got["a"].Result == billing.Confirmed {
					want = billing.Confirmed // found by the first one
				}
				if got["a"].Result != want || got["a"].Order.Status != test.status {
					t.Errorf("%s, %s: %v", got["a"].Result, got["a"].Order.Status, got["a"].Err)
				}
				if err := got["a"].Err; test.says != "" && !strings.Contains(err.Error(), test.says) {
					t.Errorf("%v, want %q", err, test.says)
				}
				if got["b"].Result != billing.NothingToBill {
					t.Errorf("nothing to bill: %s", got["b"].Result)
				}
			}
			if d.sent != sent {
				t.Error("something was sent")
			}
			d.commit = nil
			if test.then != "" {
				if got := billHours(t, e, 0, 4)[0]; got.Result != test.then {
					t.Errorf("then %s: %v", got.Result, got.Err)
				}
			}
			verified(t, e)
		})
	}
}

// What an ERP may have of an order that was made void.
func TestReconcileVoid(t *testing.T) {
	tests := []struct {
		name string
		sick error // of the search
		gone bool
		want billing.Result
		says string
	}{
		{"there", nil, false, billing.StillThere, "is void since 2013-10-01, and the ERP has its invoice as INV-"},
		{"gone", nil, true, billing.Cancelled, ""},
		{"cancelled", invoice.Permanent(fmt.Errorf("%w: INV-1", invoice.ErrCancelled)), false, billing.Cancelled, ""},
		{"with other lines", invoice.Permanent(errors.New("it holds other lines")), false, billing.StillThere, "it holds other lines"},
		{"cannot be reached", errors.New("connection refused"), false, billing.NotLookedUp, "connection refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(map[string]string{"disk": "2"})
			e := lateEngine(searchable{d})
			record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"b", "free", "f1", 0, "5"})
			for _, o := range billHours(t, e, 0, 4) {
				voided(t, e, o.Order)
				if test.gone {
					delete(d.saved, o.Order.Key)
				}
			}
			d.sick = test.sick
			got := reconcile(t, e)
			if got["a"].Result != test.want || got["a"].Order.Status != ledger.Void || got["b"].Result != billing.NothingToBill {
				t.Errorf("%s, %s: %v", got["a"].Result, got["b"].Result, got["a"].Err)
			}
			if err := got["a"].Err; (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q", err, test.says)
			}
			if d.sent != 1 {
				t.Error("something was sent")
			}
		})
	}
}

// What was changed, or cancelled, in the ERP is told of settled orders.
func TestReconcileChanged(t *testing.T) {
	for _, test := range []struct {
		sick error
		want billing.Result
		says string
	}{
		{invoice.Permanent(errors.New("line 2 is another")), billing.Altered, "and what the ERP has is not what was billed: line 2 is another"},
		{invoice.Permanent(fmt.Errorf("%w: INV-1", invoice.ErrCancelled)), billing.Altered, "artifice void lets the block be billed again"},
	} {
		d := newDesk(map[string]string{"disk": "2"})
		e := lateEngine(searchable{d})
		record(t, e, used{"a", "disk", "d1", 0, "5"})
		billOne(t, e, 0, 4)
		d.sick = test.sick
		if got := reconcile(t, e)["a"]; got.Result != test.want || !strings.Contains(got.Err.Error(), test.says) {
			t.Errorf("%s: %v", got.Result, got.Err)
		}
	}
}

// Orders of an adapter that billed before are left out, and the others looked
// at.
func TestReconcileAfterAnotherAdapter(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"a", "disk", "d1", 4, "5"})
	billOne(t, e, 0, 4)
	e.Adapter, e.BillFrom = "test:Other", hours(4, 5).Start
	billOne(t, e, 4, 8)
	outcomes, err := e.Reconcile(t.Context(), usage.Span{}, nil)
	if err != nil || len(outcomes) != 2 || outcomes[0].Result != billing.NotLookedAt || outcomes[1].Result != billing.Confirmed {
		t.Errorf("%v, %v", outcomes, err)
	}
}

// Without a way to look, what is claimed is in doubt, and the rest is told of.
func TestReconcileWithoutSearch(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(d)
	record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"b", "disk", "d2", 0, "5"}, used{"c", "disk", "d3", 0, "5"})
	e.Store = &hooked{Store: e.Store, before: map[string]func(){}}
	d.commit = func() (bool, error) {
		switch d.sent {
		case 2: // tenant b
			return false, errors.New("refused")
		case 3: // tenant c
			return true, invoice.UnknownOutcome(errors.New("lost"))
		}
		return true, nil
	}
	billHours(t, e, 0, 4)
	sent := d.sent
	for range 2 {
		got := reconcile(t, e)
		if got["a"].Result != billing.NotLookedUp || got["b"].Result != billing.NotLookedUp || got["c"].Result != billing.InDoubt {
			t.Errorf("%s, %s, %s", got["a"].Result, got["b"].Result, got["c"].Result)
		}
		if got["b"].Order.Status != ledger.Parked || d.sent != sent {
			t.Errorf("%s, %d sent", got["b"].Order.Status, d.sent)
		}
	}
	// One block of some tenants alone.
	outcomes, err := e.Reconcile(t.Context(), hours(4, 8), nil)
	if err != nil || len(outcomes) != 0 {
		t.Errorf("%v, %v", outcomes, err)
	}
	outcomes, err = e.Reconcile(t.Context(), hours(0, 4), []string{"b"})
	if err != nil || len(outcomes) != 1 {
		t.Errorf("%v, %v", outcomes, err)
	}
}

// What cannot be looked up for a reason stays what it is, and says why.
func TestLookUpIsRefused(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	d.commit = func() (bool, error) { return false, invoice.UnknownOutcome(errors.New("lost")) }
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "disk", "d1", 0, "5"})
	billHours(t, e, 0, 4)
	d.commit = nil
	e.ERP = invoice.ERPFunc(func(ctx context.Context, order invoice.Order) (invoice.Invoice, error) {
		inv, err := withSearch(d).NewInvoice(ctx, order)
		return otherLines{inv}, err
	})
	got := billHours(t, e, 0, 4)[0]
	if got.Result != billing.NotBilled || got.Order.Status != ledger.Claimed || got.Order.Reason != "it holds other lines" || d.sent != 1 {
		t.Errorf("%s, %s: %s, %d sent", got.Result, got.Order.Status, got.Order.Reason, d.sent)
	}
}

type otherLines struct{ invoice.Invoice }

func (otherLines) Find(context.Context) (string, error) {
	return "", invoice.Permanent(errors.New("it holds other lines"))
}

// Another adapter begins where the config says so, and nowhere else.
func TestAnotherAdapter(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(searchable{d})
	record(t, e, used{"a", "disk", "d1", 0, "5"}, used{"a", "disk", "d1", 4, "3"}, used{"a", "disk", "d1", 8, "1"})
	billOne(t, e, 0, 4)
	first := billOne(t, e, 4, 8)
	e.Adapter = "test:Other"
	bill := func(from, to int) string {
		if _, err := e.Bill(t.Context(), hours(from, to), nil); err != nil {
			return err.Error()
		}
		return ""
	}
	if got := bill(8, 12); !strings.Contains(got, "order "+first.Key) || !strings.Contains(got, "is billed through test:Desk, and this program bills through test:Other: say from when on it does, bill_from = 2013-08-01T08:00:00Z") {
		t.Errorf("%s", got)
	}
	e.BillFrom = hours(7, 8).Start
	if got := bill(8, 12); !strings.Contains(got, "write bill_from = 2013-08-01T08:00:00Z or later") {
		t.Errorf("%s", got)
	}
	e.BillFrom = hours(8, 9).Start
	if got := bill(7, 12); !strings.Contains(got, "begins before bill_from") {
		t.Errorf("%s", got)
	}
	if got := bill(8, 12); got != "" {
		t.Errorf("%s", got)
	}
	// What was cancelled there may be billed here, if it is not before.
	e.BillFrom = hours(4, 5).Start
	if err := e.Void(t.Context(), first.Key, "moved"); err != nil {
		t.Fatal(err)
	}
	if got := bill(4, 8); got != "" {
		t.Errorf("%s", got)
	}
	if len(d.saved) != 4 {
		t.Errorf("%d invoices", len(d.saved))
	}
	// Where nothing was billed before, it may begin anywhere.
	e = lateEngine(newDesk(map[string]string{"disk": "2"}))
	record(t, e, used{"a", "disk", "d1", 0, "5"})
	billOne(t, e, 0, 4)
}
