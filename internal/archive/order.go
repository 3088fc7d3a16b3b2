package archive

import (
	"fmt"
	"time"

	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/ledger"
	"github.com/openstack-artifice/artifice/usage"
)

type order struct {
	Key         string            `json:"key"`
	Deployment  string            `json:"deployment"`
	Attempt     int               `json:"attempt"`
	Adapter     string            `json:"adapter"`
	Tenant      string            `json:"tenant"`
	TenantName  string            `json:"tenant_name,omitempty"`
	TenantExtra map[string]string `json:"tenant_extra,omitempty"`
	Zone        string            `json:"zone"`
	Start       time.Time         `json:"start"`
	End         time.Time         `json:"end"`
	Date        time.Time         `json:"date,omitzero"`
	Currency    string            `json:"currency"`
	Digits      int32             `json:"digits"`
	ValueDigits int32             `json:"value_digits"`
	Rounding    string            `json:"rounding,omitempty"`
	Status      ledger.Status     `json:"status"`
	Reserves    bool              `json:"reserves"`
	Reason      string            `json:"reason,omitempty"`
	Reference   string            `json:"reference,omitempty"`
	Total       figure            `json:"total"`
	Claimed     time.Time         `json:"claimed,omitzero"`
	Changed     time.Time         `json:"changed,omitzero"`
	Items       []item            `json:"items,omitempty"`
	History     []change          `json:"history,omitempty"`
}

type change struct {
	At        time.Time     `json:"at,omitzero"`
	By        string        `json:"by,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Status    ledger.Status `json:"status"`
	Reference string        `json:"reference,omitempty"`
	Holder    string        `json:"holder,omitempty"`
}

func encodeOrder(r *ledger.OrderRecord) *order {
	o := &order{
		Key: r.Key, Deployment: r.Deployment, Attempt: r.Attempt, Adapter: r.Adapter,
		Tenant: r.Tenant.ID, TenantName: r.Tenant.Name, TenantExtra: r.Tenant.Extra,
		Zone: r.Block.Start.Location().String(), Start: r.Block.Start.UTC(), End: r.Block.End.UTC(), Date: utc(r.Date),
		Currency: r.Currency, Digits: r.Digits, ValueDigits: r.ValueDigits, Rounding: r.Rounding,
		Status: r.Status, Reserves: r.Reserves, Reason: r.Reason, Reference: r.Reference, Total: figure{r.Total},
		Claimed: utc(r.Claimed), Changed: utc(r.Changed),
	}
	for _, i := range r.Items {
		o.Items = append(o.Items, encodeItem(i))
	}
	for _, c := range r.History {
		o.History = append(o.History, change{utc(c.At), c.By, c.Reason, c.Status, c.Reference, c.Holder})
	}
	return o
}

func (o *order) record() (*ledger.OrderRecord, error) {
	zone, err := time.LoadLocation(o.Zone)
	if err != nil || o.Zone == "Local" {
		return nil, fmt.Errorf("order %s: time zone %q is not known here", o.Key, o.Zone)
	}
	r := &ledger.OrderRecord{Order: ledger.Order{
		Order: invoice.Order{
			Key: o.Key, Attempt: o.Attempt,
			Tenant: invoice.Tenant{ID: o.Tenant, Name: o.TenantName, Extra: o.TenantExtra},
			Block:  usage.Span{Start: local(o.Start, zone), End: local(o.End, zone)}, Date: local(o.Date, zone),
			Currency: o.Currency, Digits: o.Digits,
		},
		Deployment: o.Deployment, Adapter: o.Adapter,
		ValueDigits: o.ValueDigits, Rounding: o.Rounding,
		Status: o.Status, Reserves: o.Reserves, Reason: o.Reason, Reference: o.Reference, Total: o.Total.Decimal,
		Claimed: o.Claimed, Changed: o.Changed,
	}}
	for _, i := range o.Items {
		r.Items = append(r.Items, i.record())
	}
	for _, c := range o.History {
		r.History = append(r.History, ledger.Change{
			Note:   ledger.Note{At: c.At, By: c.By, Reason: c.Reason},
			Status: c.Status, Reference: c.Reference, Holder: c.Holder,
		})
	}
	return r, nil
}
