package sqlite

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

// hour is the instant n hours after the beginning of 1970.
func hour(n int) time.Time { return time.Unix(int64(n)*3600, 0).UTC() }

func hours(first, last int) usage.Span { return usage.Span{Start: hour(first), End: hour(last)} }

// entryFold is a fold of one entry.
func entryFold(s ledger.Series, n int, tenant, volume string) ledger.Fold {
	w := hours(n, n+1)
	return ledger.Fold{Window: w, Samples: 6, Digest: strings.Repeat("0f", 32), State: usage.State{Data: `{"state":"active"}`, Until: w.End},
		Entries: []usage.Entry{{Source: s.Source, Meter: s.Meter, Resource: s.Resource, Window: w, Volume: usage.Volume{
			Tenant: tenant, Datacenter: "wlg", Service: "c1.small", Volume: decimal.RequireFromString(volume), Unit: "second", Samples: 6}}}}
}

func newOrder(key, tenant string, block usage.Span, items int) ledger.Order {
	o := ledger.Order{Order: invoice.Order{Key: key, Attempt: 1, Tenant: invoice.Tenant{ID: tenant}, Block: block, Currency: "NZD", Digits: 2}, ValueDigits: 6}
	for range items {
		one := decimal.NewFromInt(1)
		o.Items = append(o.Items, ledger.Item{Item: invoice.Item{Datacenter: "wlg", Name: "c1.small", Value: one, Unit: "hour"}, Volume: one, Measured: "hour"})
	}
	return o
}
