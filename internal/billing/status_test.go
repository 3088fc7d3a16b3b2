package billing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

func TestStatus(t *testing.T) {
	e, _ := billedWorld(t)
	record(t, e, used{"b", "disk", "x", 0, "1"})
	all, err := e.Status(t.Context(), nil)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	a, b := all[0], all[1]
	if len(a.Collected) != 1 || !a.Collected[0].Through.Equal(august.End) {
		t.Errorf("collected %v", a.Collected)
	}
	// Three blocks that meet are one span.
	if len(a.Billed) != 1 || !a.Billed[0].Start.Equal(hours(0, 0).Start) || !a.Billed[0].End.Equal(hours(12, 12).Start) || len(b.Billed) != 0 {
		t.Errorf("billed %v and %v", a.Billed, b.Billed)
	}
	var pending []string
	for _, p := range a.Pending {
		pending = append(pending, fmt.Sprintf("%s %s: %d, %s %s", p.Order.Block.Start.UTC().Format(time.Kitchen), p.Service, p.Count, p.Volume, p.Unit))
	}
	if diff := cmp.Diff([]string{"12:00AM disk: 1, 2 GB hour"}, pending); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	if one, err := e.Status(t.Context(), []string{"b"}); err != nil || len(one) != 1 || one[0].Tenant.ID != "b" {
		t.Errorf("%v, %v", one, err)
	}
}

// Every order that is not done says what to do next.
func TestNext(t *testing.T) {
	d := newDesk(map[string]string{"disk": "2"})
	e := lateEngine(d)
	record(t, e, used{"a", "disk", "a", 0, "1"}, used{"b", "disk", "b", 0, "1"}, used{"c", "vm", "c", 0, "1"}, used{"d", "disk", "d", 0, "1"})
	d.commit = func() (bool, error) {
		return d.sent > 2, map[int]error{1: invoice.UnknownOutcome(errors.New("lost")), 2: errors.New("refused")}[d.sent]
	}
	billHours(t, e, 0, 4)
	all, err := e.Status(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"look in the ERP, then artifice resolve", "mend the cause, then artifice bill", "mend the cause, then artifice bill", ""}
	for i, status := range all {
		next := ""
		for _, o := range status.Open {
			next += billing.Next(o)
		}
		if !strings.HasPrefix(next, want[i]) || (next == "") != (want[i] == "") {
			t.Errorf("tenant %s: %q, want %q", status.Tenant.ID, next, want[i])
		}
	}
	for o, want := range map[string]ledger.Order{
		"artifice bill looks it up": {Status: ledger.Claimed},
		"is being billed by here:1": {Status: ledger.Claimed, Holder: "here:1"},
	} {
		if got := billing.Next(want); !strings.HasPrefix(got, o) {
			t.Errorf("%q, want %q", got, o)
		}
	}
	for _, status := range []ledger.Status{ledger.Settled, ledger.Void} {
		if got := billing.Next(ledger.Order{Status: status}); got != "" {
			t.Errorf("%s: %q", status, got)
		}
	}
}

// Orders are told of tenants that are known: by their usage, or, where that is
// gone, by an order. Another id is a mistake.
func TestOrdersWithin(t *testing.T) {
	e, _ := billedWorld(t)
	record(t, e, used{"b", "disk", "x", 0, "1"})
	all, err := e.OrdersWithin(t.Context(), usage.Span{}, nil)
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, test := range []struct {
		ids  []string
		want int
		err  string
	}{
		{[]string{"a"}, 3, ""},
		{[]string{"a", "b"}, 3, ""},
		{[]string{"b"}, 0, ""},
		{[]string{"a", "x", "y"}, 0, "tenant x was never collected\ntenant y was never collected"},
	} {
		got, err := e.OrdersWithin(t.Context(), usage.Span{}, test.ids)
		if len(got) != test.want || err == nil != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("of %q there are %d orders, %v; want %d, %q", test.ids, len(got), err, test.want, test.err)
		}
		if _, err := e.Reconcile(t.Context(), usage.Span{}, test.ids); (err == nil) != (test.err == "") {
			t.Errorf("reconciling %q: %v, want %q", test.ids, err, test.err)
		}
	}
	// One that is a name is not only unknown.
	names := ledger.Batch{Tenants: []usage.Tenant{{ID: "a", Name: "Bright, Spark & Sons"}, {ID: "b", Name: "kererū"}, {ID: "c", Name: "kererū"}}}
	if err := e.Store.Record(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ids  []string
		want string
	}{
		{[]string{"Bright", " Spark & Sons"}, "Bright, Spark & Sons is the name of tenant a: give its id"},
		{[]string{"Kererū", "a", "x"}, "Kererū is the name of tenants b, c: give the id of one\ntenant x was never collected"},
		{[]string{"a", "x"}, "tenant x was never collected"},
	} {
		if _, err := e.OrdersWithin(t.Context(), usage.Span{}, test.ids); err == nil || err.Error() != test.want {
			t.Errorf("of %q: %v, want %q", test.ids, err, test.want)
		}
		if _, err := e.Status(t.Context(), test.ids); err == nil || err.Error() != test.want {
			t.Errorf("the status of %q: %v, want %q", test.ids, err, test.want)
		}
		want := strings.ReplaceAll(test.want, "was never collected", "is not in the ledger")
		if _, err := e.Verify(t.Context(), test.ids); err == nil || err.Error() != want {
			t.Errorf("verifying %q: %v, want %q", test.ids, err, want)
		}
	}
	// A tenant may be known by orders alone.
	e.Store = withoutMarks{e.Store}
	if got, err := e.OrdersWithin(t.Context(), usage.Span{}, []string{"a"}); err != nil || len(got) != 3 {
		t.Errorf("%d orders, %v", len(got), err)
	}
}

type withoutMarks struct{ ledger.Store }

func (withoutMarks) Marks(context.Context) ([]ledger.Mark, error) { return nil, nil }
