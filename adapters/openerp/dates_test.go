package openerp

import (
	"testing"
	"time"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
)

// The dates of an invoice are in the deployment's time zone, and never today.
func TestDates(t *testing.T) {
	for _, tc := range []struct {
		name      string
		change    func(*house, *Config)
		date, due string
		term      string
	}{
		{"the last day of the block, due at once", func(*house, *Config) {}, "2013-08-31", "2013-08-31", ""},
		{"the day of the claim", func(_ *house, c *Config) { c.InvoiceDate = "claim" }, "2013-09-02", "2013-09-02", ""},
		{"due later", func(_ *house, c *Config) { c.DueDays = 30 }, "2013-08-31", "2013-09-30", ""},
		{"by a term", func(_ *house, c *Config) { c.PaymentTerm = "30 Days" }, "2013-08-31", "2013-09-30", "30 Days"},
		{"by the partner's term", func(h *house, c *Config) {
			h.Set("res.partner", h.partners[0], odootest.Values{"property_payment_term_id": h.Find("account.payment.term", []any{"name", "=", "45 Days"})[0]})
		}, "2013-08-31", "2013-10-15", "45 Days"},
		{"the config's term wins", func(h *house, c *Config) {
			h.Set("res.partner", h.partners[0], odootest.Values{"property_payment_term_id": h.Find("account.payment.term", []any{"name", "=", "45 Days"})[0]})
			c.PaymentTerm = "15 Days"
		}, "2013-08-31", "2013-09-15", "15 Days"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := build(t, odootest.Options{Version: 16})
			erp := h.erp(t, func(c *Config) { tc.change(h, c); c.Post = true })
			commit(t, erp, august(0), threeItems()...)
			_, move := h.only(t)
			term := ""
			if id, ok := move["invoice_payment_term_id"].(int64); ok {
				term = h.Get("account.payment.term", id)["name"].(string)
			}
			if move["invoice_date"] != tc.date || move["date"] != tc.date || move["invoice_date_due"] != tc.due || term != tc.term {
				t.Errorf("%v, booked %v, due %v by %q", move["invoice_date"], move["date"], move["invoice_date_due"], term)
			}
			if move["ref"] != "August 2013" || move["narration"] != "<p>Usage: August 2013</p>" {
				t.Errorf("%v, %v", move["ref"], move["narration"])
			}
		})
	}
}

// Where midnight is within a UTC hour, a month ends half an hour into the next
// one: its invoice is of the month all the same.
func TestDatesOffTheHour(t *testing.T) {
	kolkata := time.FixedZone("IST", 5*60*60+30*60)
	order := august(0)
	order.Block.Start, order.Block.End = time.Date(2013, 8, 1, 0, 30, 0, 0, kolkata), time.Date(2013, 9, 1, 0, 30, 0, 0, kolkata)
	h := build(t, odootest.Options{Version: 16})
	commit(t, h.erp(t, func(c *Config) { c.Post = true }), order, threeItems()...)
	_, move := h.only(t)
	if move["invoice_date"] != "2013-08-31" || move["date"] != "2013-08-31" || move["ref"] != "August 2013" {
		t.Errorf("%v, booked %v, for %v", move["invoice_date"], move["date"], move["ref"])
	}
	for _, tc := range []struct {
		days int
		want string
	}{{1, "1 August 2013"}, {3, "1 August 2013 to 3 August 2013"}} {
		order.Block.End = order.Block.Start.AddDate(0, 0, tc.days)
		if got := period(order.Block, kolkata); got != tc.want {
			t.Errorf("%d days are %q, want %q", tc.days, got, tc.want)
		}
	}
}

// A locked period is refused before anything is frozen, or Odoo books the
// invoice later; its own date stays.
func TestLockedPeriod(t *testing.T) {
	for _, tc := range []struct {
		version int
		field   string
	}{{16, "fiscalyear_lock_date"}, {17, "period_lock_date"}, {17, "tax_lock_date"}, {18, "sale_lock_date"}, {18, "hard_lock_date"}} {
		h := build(t, odootest.Options{Version: tc.version})
		h.Set("res.company", odootest.Company, odootest.Values{tc.field: "2013-08-31"})
		costErr, err := costAndCommit(t, h.erp(t, func(c *Config) { c.Post = true }), august(0), threeItems()...)
		wantPermanent(t, costErr, "the invoice's date 2013-08-31 lies in a period that is locked through 2013-08-31 (unlock it, or write invoice_date = claim, or let Odoo book at a later date with locked_period = move)")
		wantPermanent(t, err)
		if len(h.moves()) > 0 {
			t.Errorf("%s: saved", tc.field)
		}
		if _, err := costAndCommit(t, h.erp(t, func(c *Config) { c.InvoiceDate, c.Post = "claim", true }), august(1), threeItems()...); err != nil {
			t.Errorf("%s: after it: %v", tc.field, err)
		}
		h.deleted()
		commit(t, h.erp(t, func(c *Config) { c.LockedPeriod, c.Post = "move", true }), august(0), threeItems()...)
		if _, move := h.only(t); move["invoice_date"] != "2013-08-31" || move["date"] != "2026-11-01" {
			t.Errorf("%s: %v, booked %v", tc.field, move["invoice_date"], move["date"])
		}
	}
}

// A period that is locked only after it was looked at is seen when the posted
// invoice is read back, told once, and then the invoice stands.
func TestLockedMeanwhile(t *testing.T) {
	h := build(t, odootest.Options{Version: 17})
	erp := h.erp(t, func(c *Config) { c.Post = true })
	inv := filled(t, erp, august(0), threeItems()...)
	if _, err := inv.Cost(t.Context(), "north", "m1.nano"); err != nil {
		t.Fatal(err)
	}
	h.Set("res.company", odootest.Company, odootest.Values{"fiscalyear_lock_date": "2013-12-31"})
	_, err := inv.Commit(t.Context())
	wantPermanent(t, err, "INV/2026/00001, account.move 1, is posted, and booked on 2026-11-01 instead of 2013-08-31, whose period is locked")
	if reference, err := filled(t, erp, august(0), threeItems()...).Find(t.Context()); err != nil || reference != "INV/2026/00001, account.move 1" {
		t.Errorf("%q, %v", reference, err)
	}
}

func TestPeriod(t *testing.T) {
	zone := time.FixedZone("NZST", 12*60*60)
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2013, month, day, hour, 0, 0, 0, zone)
	}
	for _, tc := range []struct {
		start, end time.Time
		want       string
	}{
		{at(8, 1, 0), at(9, 1, 0), "August 2013"},
		{at(8, 1, 0).UTC(), at(9, 1, 0).UTC(), "August 2013"}, // the zone counts
		{at(12, 1, 0), at(13, 1, 0), "December 2013"},
		{at(8, 1, 0), at(8, 2, 0), "1 August 2013"},
		{at(8, 1, 0), at(10, 1, 0), "1 August 2013 to 30 September 2013"},
		{at(8, 2, 0), at(9, 2, 0), "2 August 2013 to 1 September 2013"},
		{at(8, 1, 0), at(8, 1, 6), "1 August 2013 00:00 to 1 August 2013 06:00 NZST"},
	} {
		span := augustBlock
		span.Start, span.End = tc.start, tc.end
		if got := period(span, zone); got != tc.want {
			t.Errorf("%v is %q, want %q", span, got, tc.want)
		}
	}
}
