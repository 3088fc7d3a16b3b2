package cli

import (
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

// What has no cost stands where its item would: the draft is laid out as one that
// is complete.
func TestIncompleteDraft(t *testing.T) {
	july := usage.Span{Start: time.Date(2013, 7, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2013, 8, 1, 0, 0, 0, 0, time.UTC)}
	item := func(datacenter, service string, adjusts usage.Span) ledger.Item {
		one := decimal.NewFromInt(1)
		return ledger.Item{Item: invoice.Item{Datacenter: datacenter, Name: service, Value: one, Unit: "hour", Cost: one, Amount: one, Adjusts: adjusts}}
	}
	d := billing.Draft{
		Order: ledger.Order{Order: invoice.Order{Currency: "NZD", Digits: 2, Block: usage.Span{Start: july.End, End: july.End.AddDate(0, 1, 0)}}, Total: decimal.NewFromInt(4),
			Items: []ledger.Item{item("north", "disk", usage.Span{}), item("north", "vm", usage.Span{}), item("south", "vm", usage.Span{}), item("north", "vm", july)}},
		Missing: []billing.Missing{{Datacenter: "north", Service: "ip", Unit: "ip hour"}, {Datacenter: "west", Service: "ip", Unit: "ip hour"}, {Datacenter: "north", Service: "ip", Unit: "ip hour", Adjusts: "2013-07"}},
	}
	var out strings.Builder
	if err := writeDraft(&out, d); err != nil {
		t.Fatal(err)
	}
	want := `datacenter  service     description        value  unit        cost  amount
----------------------------------------------------------------------------
north       disk                               1  hour           1    1.00
            ip                                 0  ip hour  no cost
            vm                                 1  hour           1    1.00
south       vm                                 1  hour           1    1.00
west        ip                                 0  ip hour  no cost
north       vm          (adjusts 2013-07)      1  hour           1    1.00
            ip          (adjusts 2013-07)      0  ip hour  no cost
----------------------------------------------------------------------------
total NZD   incomplete                                                4.00
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
