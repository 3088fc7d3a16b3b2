package billing_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/internal/billing"
	"github.com/openstack-artifice/artifice/invoice"
)

// A begun hour is billed whole, once for each item: of a service, or of a
// resource where items are for each.
func TestBegunHours(t *testing.T) {
	usage := []used{{"a", "vm", "v1", 0, "3600"}, {"a", "vm", "v1", 1, "1"}, {"a", "vm", "v2", 1, "1800"}}
	for _, test := range []struct {
		name string
		erp  func(*desk) invoice.ERP
		unit string
		want []string
	}{
		// 3600 + 1 + 1800 = 5401 s, 2 begun hours
		{"in the meter's unit", withoutSearch, "", []string{"vm: 5401 after 0 second = 7200 second at 2 is 14400"}},
		{"in hours", withoutSearch, "hour", []string{"vm: 5401 after 0 second = 2 hour at 2 is 4"}},
		{"in days", withoutSearch, "day", []string{"vm: 5401 after 0 second = 0.083333 day at 2 is 0.17"}}, // 2 / 24
		{"for each resource", func(d *desk) invoice.ERP { return itemized{d} }, "hour", []string{
			"vm of v1: 3601 after 0 second = 2 hour at 2 is 4",
			"vm of v2: 1800 after 0 second = 1 hour at 2 is 2",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(map[string]string{"vm": "2"})
			d.units = map[string]string{"vm": test.unit}
			e := lateEngine(test.erp(d))
			record(t, e, usage...)
			if diff := cmp.Diff(test.want, lines(billOne(t, e, 0, 4).Items)); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			verified(t, e)
		})
	}
	// A meter that is billed by the begun hour, and one of the same service
	// that is not, are two items.
	e := lateEngine(newDesk(map[string]string{"disk": "2"}))
	e.Meters[3].Begun = "GB day"
	record(t, e, used{"a", "disk", "d1", 0, "1"}, used{"a", "backup", "b1", 0, "1"})
	want := []string{"disk: 1 after 0 GB hour = 1 GB hour at 2 is 2", "disk: 1 after 0 GB hour = 24 GB hour at 2 is 48"}
	if diff := cmp.Diff(want, lines(billOne(t, e, 0, 4).Items)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	verified(t, e)
	// A unit that what is measured does not convert to parks the tenant.
	e = lateEngine(newDesk(map[string]string{"disk": "2"}))
	e.Meters[0].Begun = "hour"
	record(t, e, used{"a", "disk", "d1", 0, "1"})
	if got := billHours(t, e, 0, 4)[0]; got.Result != billing.Parked || !strings.Contains(got.Order.Reason, "begun = hour, which GB hour does not convert to") {
		t.Errorf("%s: %s", got.Result, got.Order.Reason)
	}
}

// Billed whole is never less than what was used, and less than one unit more.
func TestBegunIsTheCeiling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(0, 1<<40).Draw(t, "seconds")
		digits := rapid.Int32Range(0, 9).Draw(t, "digits")
		volume := new(big.Rat).SetFrac(big.NewInt(seconds), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
		d := newDesk(map[string]string{"vm": "1"})
		d.units = map[string]string{"vm": "hour"}
		e := lateEngine(d)
		record(t, e, used{"a", "vm", "v1", 0, volume.FloatString(int(digits))})
		draft, err := e.Draft(t.Context(), invoice.Tenant{ID: "a"}, hours(0, 4))
		if err != nil {
			t.Fatal(err)
		}
		if seconds == 0 {
			if len(draft.Order.Items) != 0 {
				t.Errorf("%v", lines(draft.Order.Items))
			}
			return
		}
		hours := draft.Order.Items[0].Value.Rat()
		over := new(big.Rat).Sub(new(big.Rat).Mul(hours, big.NewRat(3600, 1)), volume)
		if !hours.IsInt() || over.Sign() < 0 || over.Cmp(big.NewRat(3600, 1)) >= 0 {
			t.Errorf("%s seconds are %s begun hours", volume.FloatString(9), hours.FloatString(9))
		}
	})
}
