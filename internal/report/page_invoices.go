package report

import (
	"html/template"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/ledger"
)

// invoicesView is every order of the month: all in a list, and as many as there
// is room for in full.
type invoicesView struct {
	Orders  []orderView
	More    int
	Full    []invoiceView
	NotFull int
}

// orderView is an order in the list.
type orderView struct {
	Who       who
	Key       string // as much of it as people need
	Anchor    string // of its invoice, "" where that is not shown
	Block     string
	Status    statusView
	Reference string
	Total     template.HTML
	Currency  string
}

// invoiceView is an order as an accountant reads it.
type invoiceView struct {
	orderView
	Order         string // the whole key
	Attempt       int
	From, To      string
	Dated         string // when it was claimed
	Reason        string
	Counts        bool
	Groups        []groupView
	Resources     bool // whether any item is for one resource alone
	NothingToBill bool
}

// groupView is a section of an invoice: a datacenter, or what adjusts an
// earlier block there.
type groupView struct {
	Datacenter, Adjusts string
	Total               template.HTML
	Items               []itemView
}

type itemView struct {
	Service, Description, Resource string
	Quantity                       template.HTML
	Unit                           string
	Cost, Amount                   template.HTML
}

// shortKey is as much of an order's key as people need.
const shortKey = 12

func (r *Report) invoices() invoicesView {
	v := invoicesView{More: max(0, len(r.Orders)-r.Limits.Orders)}
	for i, o := range r.Orders {
		view := orderView{
			Who: whoIs(o.Tenant), Key: o.Key[:min(len(o.Key), shortKey)], Block: r.label(o.Block), Status: statusLooks[o.Status],
			Reference: short(o.Reference), Currency: o.Currency,
		}
		if o.Reserves || o.Status == ledger.Void {
			view.Total = money(o.Total, o.Digits)
		}
		if o.Shown {
			view.Anchor = "invoice-" + strconv.Itoa(i+1)
			v.Full = append(v.Full, r.invoice(o, view))
		} else {
			v.NotFull++
		}
		if i < r.Limits.Orders {
			v.Orders = append(v.Orders, view)
		}
	}
	return v
}

func (r *Report) invoice(o Order, view orderView) invoiceView {
	v := invoiceView{
		orderView: view, Order: o.Key, Attempt: o.Attempt, From: r.instant(o.Block.Start), To: r.instant(o.Block.End),
		Dated: o.Date.In(r.Facts.Location).Format(time.DateOnly), Reason: short(o.Reason), Counts: o.Reserves, NothingToBill: o.Count == 0 && o.Status == ledger.Settled,
	}
	var values, prices []decimal.Decimal
	for _, item := range o.Items {
		values, prices = append(values, item.Value), append(prices, item.Cost)
		v.Resources = v.Resources || item.Resource != ""
	}
	valueDigits, priceDigits := fraction(values...), fraction(prices...)
	section := func(item ledger.Item) string { return strconv.Quote(item.Datacenter) + item.Adjusts.String() }
	for items := range chunks(o.Items, section) {
		g := groupView{Datacenter: short(items[0].Datacenter)}
		if adjusts := items[0].Adjusts; !adjusts.IsZero() {
			g.Adjusts = r.label(adjusts)
		}
		total := decimal.Zero
		for _, item := range items {
			total = total.Add(item.Amount)
			g.Items = append(g.Items, itemView{
				short(item.Name), short(item.Description), short(item.Resource),
				figure(item.Value.String(), valueDigits), short(item.Unit), figure(item.Cost.String(), priceDigits), money(item.Amount, o.Digits),
			})
		}
		g.Total = money(total, o.Digits)
		v.Groups = append(v.Groups, g)
	}
	return v
}
