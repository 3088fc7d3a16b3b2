package openerp

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/config"
	"github.com/openstack-artifice/artifice/invoice"
	"github.com/openstack-artifice/artifice/invoice/invoicetest"
	"github.com/openstack-artifice/artifice/rates"
	"github.com/openstack-artifice/artifice/usage"
)

// defaults are what the tags of Config say, for the billing user of a server;
// TestDefaults holds them against the tags.
func defaults(t testing.TB, u *url.URL) Config {
	t.Helper()
	t.Setenv("OPENERP_TEST_PASSWORD", odootest.Biller)
	return Config{
		URL: u, Database: "bill", Username: odootest.Biller, Password: secret(t, "env:OPENERP_TEST_PASSWORD"),
		Protocol: "auto", PartnerBy: "ref", TenantValue: "id", Product: "{datacenter}.{name}",
		Taxes: []string{"product"}, InvoiceDate: "block_end", LockedPeriod: "refuse",
		QuantityDigits: 6, Timeout: 5 * time.Minute, Patience: 3 * time.Minute, Chunk: 1000,
		Rates: rates.Config{Delimiter: '|'},
	}
}

func secret(t testing.TB, text string) config.Secret {
	t.Helper()
	s, err := config.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The products of a house, by internal reference.
var housePrices = []invoicetest.Price{
	{Datacenter: "north", Name: "m1.nano", Cost: dec("0.015")},
	{Datacenter: "north", Name: "volume.size", Cost: dec("0.00032")},
	{Datacenter: "south", Name: "m1.nano", Cost: dec("0.0125")},
}

// A house is a server that is set up as the README says, with what tests need.
type house struct {
	*odootest.Server
	url      *url.URL
	products map[string]int64
	partners []int64
}

const tenants = 10

func tenant(n int) invoice.Tenant {
	return invoice.Tenant{ID: fmt.Sprintf("%032x", n+1), Name: fmt.Sprintf("tenant %d", n)}
}

// build makes a house; it is in US dollars, as new servers are.
func build(t testing.TB, o odootest.Options) *house {
	t.Helper()
	s := odootest.New(o)
	h := &house{Server: s, url: s.Start(t), products: map[string]int64{}}
	s.SetDigits("Product Price", 6)
	s.SetDigits("Product Unit of Measure", 6)
	for _, p := range housePrices {
		code := p.Datacenter + "." + p.Name
		h.products[code] = s.Add("product.product", odootest.Values{
			"name": p.Name, "default_code": code, "list_price": p.Cost, "taxes_id": []int64{odootest.SalesTax},
		})
	}
	for n := range tenants {
		h.partners = append(h.partners, s.Add("res.partner", odootest.Values{"name": tenant(n).Name, "ref": tenant(n).ID}))
	}
	return h
}

// erp is the adapter, whose clock moves only by waiting.
func (h *house) erp(t testing.TB, changes ...func(*Config)) *Invoice {
	t.Helper()
	c := defaults(t, h.url)
	for _, change := range changes {
		change(&c)
	}
	return adapter(t, c)
}

func adapter(t testing.TB, c Config) *Invoice {
	t.Helper()
	erp, err := NewInvoice(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	erp.sleep = (&clock{}).sleep
	return erp
}

// A clock counts how long is waited, and lets something happen meanwhile.
type clock struct {
	mu     sync.Mutex
	waited time.Duration
	during func(waited time.Duration)
}

func (c *clock) sleep(ctx context.Context, wait time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.waited += wait
	if c.during != nil {
		c.during(c.waited)
	}
	return ctx.Err()
}

// august is an order for August 2013 in a zone 12 hours ahead.
func august(n int) invoice.Order {
	zone := time.FixedZone("NZST", 12*60*60)
	return invoice.Order{
		Key: fmt.Sprintf("%031x%x", 0xa0, n), Tenant: tenant(n),
		Block:    usage.Span{Start: time.Date(2013, 8, 1, 0, 0, 0, 0, zone), End: time.Date(2013, 9, 1, 0, 0, 0, 0, zone)},
		Currency: "USD", Digits: 2, Date: time.Date(2013, 9, 2, 9, 30, 0, 0, zone),
	}
}

// item is a line of a house's product, whose amount is rounded as the engine
// does it.
func item(code, value, cost string) invoice.Item {
	datacenter, name, _ := strings.Cut(code, ".")
	v, c := dec(value), dec(cost)
	return invoice.Item{Datacenter: datacenter, Name: name, Value: v, Unit: "hour", Cost: c, Amount: v.Mul(c).Round(2)}
}

// filled is an invoice of an order with items in it.
func filled(t testing.TB, erp *Invoice, order invoice.Order, items ...invoice.Item) *draft {
	t.Helper()
	inv, err := erp.NewInvoice(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, i := range items {
		if !slices.Contains(sections, i.Datacenter) {
			sections = append(sections, i.Datacenter)
			if err := inv.AddSection(i.Datacenter); err != nil {
				t.Fatal(err)
			}
		}
		if err := inv.AddLine(i); err != nil {
			t.Fatal(err)
		}
	}
	return inv.(*draft)
}

// commit saves an order, or ends the test.
func commit(t testing.TB, erp *Invoice, order invoice.Order, items ...invoice.Item) string {
	t.Helper()
	reference, err := filled(t, erp, order, items...).Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return reference
}

// moves are the ids of the house's invoices.
func (h *house) moves() []int64 { return h.Find("account.move") }

// only returns the one move of the house.
func (h *house) only(t testing.TB) (int64, odootest.Values) {
	t.Helper()
	moves := h.moves()
	if len(moves) != 1 {
		t.Fatalf("%d invoices", len(moves))
	}
	return moves[0], h.Get("account.move", moves[0])
}

// lines returns the lines of a move with its sections, in their order.
func (h *house) lines(id int64) []odootest.Values {
	var all []odootest.Values
	for _, line := range h.Find("account.move.line", []any{"move_id", "=", id}, []any{"display_type", "in", []any{"product", "line_section", "line_note"}}) {
		all = append(all, h.Get("account.move.line", line))
	}
	slices.SortStableFunc(all, func(a, b odootest.Values) int {
		return int(a["sequence"].(int64) - b["sequence"].(int64))
	})
	return all
}

func figureOf(v any) decimal.Decimal {
	d, _ := v.(decimal.Decimal)
	return d
}

// saved reads what the house holds as invoicetest wants it, with nothing of
// the adapter.
func (h *house) saved() []invoicetest.Saved {
	var all []invoicetest.Saved
	for _, id := range h.moves() {
		move := h.Get("account.move", id)
		s := invoicetest.Saved{Key: strings.Split(move["invoice_origin"].(string), ":")[1], Reference: fmt.Sprintf("draft, account.move %d", id)}
		if move["state"] == "posted" {
			s.Reference = fmt.Sprintf("%s, account.move %d", move["name"], id)
		}
		sign := dec("1")
		if move["move_type"] == "out_refund" {
			sign = dec("-1")
		}
		for _, line := range h.lines(id) {
			text := line["name"].(string)
			if line["display_type"] == "line_section" {
				s.Sections = append(s.Sections, text)
				continue
			}
			first, _, _ := strings.Cut(text, "\n")
			i := invoice.Item{Datacenter: s.Sections[len(s.Sections)-1], Name: first,
				Value: figureOf(line["quantity"]).Mul(sign), Cost: figureOf(line["price_unit"]), Amount: figureOf(line["price_subtotal"]).Mul(sign)}
			if strings.HasSuffix(text, "\ncontinued") {
				last := &s.Items[len(s.Items)-1]
				last.Value, last.Amount = last.Value.Add(i.Value), last.Amount.Add(i.Amount)
				continue
			}
			s.Items = append(s.Items, i)
		}
		all = append(all, s)
	}
	return all
}

// deleted deletes all invoices, as a person does in Odoo.
func (h *house) deleted() {
	for _, model := range []string{"account.move.line", "account.move"} {
		for _, id := range h.Find(model) {
			h.Delete(model, id)
		}
	}
	for _, id := range h.Find("ir.model.data", []any{"module", "=", "__artifice__"}) {
		h.Delete("ir.model.data", id)
	}
}

// currency returns the id of a currency, which is active then.
func (h *house) currency(code string) int64 {
	id := h.Find("res.currency", []any{"name", "=", code})[0]
	h.Set("res.currency", id, odootest.Values{"active": true})
	return id
}
