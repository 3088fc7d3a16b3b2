package openerp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/openstack-artifice/artifice/adapters/openerp/internal/odootest"
	"github.com/openstack-artifice/artifice/invoice"
)

// Find takes only a whole invoice for one: not a draft with some of the lines,
// nor one that is still to be posted.
func TestFindOnlyAWholeInvoice(t *testing.T) {
	h := build(t, odootest.Options{Version: 16})
	erp := h.erp(t, func(c *Config) { c.Chunk, c.Post, c.Patience = 2, true, 0 })
	h.FailNext("load", 0, 0, odootest.Kill) // the third chunk
	inv := filled(t, erp, august(0), threeItems()...)
	if _, err := inv.Commit(t.Context()); !invoice.IsUnknownOutcome(err) {
		t.Fatalf("%v, want an unknown outcome", err)
	}
	find := func(erp *Invoice, want string) {
		t.Helper()
		for _, items := range [][]invoice.Item{nil, threeItems()} {
			_, err := filled(t, erp, august(0), items...).Find(t.Context())
			if !errors.Is(err, invoice.ErrUnfinished) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
	find(erp, "has 4 of the 5 lines of order")
	draft := h.erp(t) // does not post
	find(draft, "has 4 of the 5 lines of order")

	commit(t, draft, august(0), threeItems()...)
	h.wantOne(t, august(0), "draft", threeItems()...)
	find(erp, "is not posted yet")
	if reference, err := filled(t, draft, august(0)).Find(t.Context()); err != nil || reference != "draft, account.move 1" {
		t.Errorf("%q, %v", reference, err)
	}
	reference := commit(t, erp, august(0), threeItems()...)
	if !strings.HasPrefix(reference, "INV/2013/00001, account.move ") {
		t.Errorf("%q", reference)
	}
	for _, erp := range []*Invoice{erp, draft} {
		if found, err := filled(t, erp, august(0), threeItems()...).Find(t.Context()); err != nil || found != reference {
			t.Errorf("%q, %v", found, err)
		}
	}
}

// Only the lines that are missing are sent, and nothing at all to a posted
// invoice.
func TestCompletesItsOwnDraft(t *testing.T) {
	h := build(t, odootest.Options{Version: 17})
	erp := h.erp(t, func(c *Config) { c.Chunk, c.Patience = 1, 0 })
	h.FailNext("load", 0, 0, odootest.Kill)
	if _, err := filled(t, erp, august(0), threeItems()...).Commit(t.Context()); err == nil {
		t.Fatal("saved")
	}
	before := h.called("load")
	posting := h.erp(t, func(c *Config) { c.Post = true })
	commit(t, posting, august(0), threeItems()...)
	if n := h.called("load") - before; n != 1 {
		t.Errorf("%d loads for what was missing", n)
	}
	before = h.called("load") + h.called("write") + h.called("action_post")
	for range 3 {
		commit(t, posting, august(0), threeItems()...)
	}
	if n := h.called("load") + h.called("write") + h.called("action_post") - before; n != 0 {
		t.Errorf("%d writes to a posted invoice", n)
	}
	h.wantOne(t, august(0), "posted", threeItems()...)
}

// Thousands of lines go in chunks, of which any may fail.
func TestThousandsOfLines(t *testing.T) {
	h := build(t, odootest.Options{Version: 18})
	var items []invoice.Item
	for i := range 2500 {
		items = append(items, item("north.m1.nano", decimal.New(int64(i), -3).String(), "0.015"))
	}
	erp := h.erp(t, func(c *Config) { c.Post, c.Chunk, c.Protocol = true, 700, "xmlrpc" })
	h.FailNext("load", 0, odootest.LoseReply, odootest.Serialization, odootest.Busy, odootest.SaveThen500)
	inv := filled(t, erp, august(0), items...)
	if _, err := inv.Commit(t.Context()); err != nil && !invoice.IsUnknownOutcome(err) {
		t.Fatal(err)
	}
	h.settle(t, erp, august(0), items...)
	h.wantOne(t, august(0), "posted", items...)
	if n := h.called("load"); n > 8 {
		t.Errorf("%d loads of 700 lines for 2501", n)
	}
}

// An invoice that somebody changed, or that holds something else, is left
// alone, and the error says what is there and what was wanted.
func TestWhatPeopleDo(t *testing.T) {
	set := func(v odootest.Values) func(*house, int64) {
		return func(h *house, id int64) { h.Set("account.move", id, v) }
	}
	for _, tc := range []struct {
		name   string
		posted bool
		do     func(*house, int64)
		want   string
	}{
		{"cancelled", false, set(odootest.Values{"state": "cancel"}), "was cancelled in Odoo (reset it to draft there where it holds, or else void the order here)"},
		{"source changed", false, set(odootest.Values{"invoice_origin": "S0001"}), `its source is "S0001", which Artifice did not write`},
		{"source cleared", false, set(odootest.Values{"invoice_origin": false}), `its source is ""`},
		{"another key's source", false, set(odootest.Values{"invoice_origin": "artifice:00:5:50.69:0123456789abcdef"}), `its source is "artifice:00:5:50.69:0123456789abcdef"`},
		{"a note more", false, func(h *house, id int64) {
			h.Add("account.move.line", odootest.Values{"move_id": id, "display_type": "line_note", "name": "thank you"})
		}, "has 6 lines, and the order has 5: somebody changed it in Odoo"},
		{"a line less, posted", true, func(h *house, id int64) {
			h.Delete("account.move.line", h.Find("account.move.line", []any{"move_id", "=", id})[1])
		},
			"has 4 lines, and the order has 5"},
		{"a discount", false, func(h *house, id int64) {
			h.Set("account.move.line", h.Find("account.move.line", []any{"move_id", "=", id}, []any{"display_type", "=", "product"})[0], odootest.Values{"discount": dec("50")})
		}, "comes to 45.11 USD untaxed in Odoo, and the order to 50.69 USD"}, // 11.16 / 2 = 5.58 less
		{"another partner", false, func(h *house, id int64) { h.Set("account.move", id, odootest.Values{"partner_id": h.partners[1]}) },
			`it is for the partner "tenant 1" in Odoo, and the tenant's is "tenant 0"`},
		{"a line without its tax", false, func(h *house, id int64) {
			h.Set("account.move.line", h.Find("account.move.line", []any{"move_id", "=", id}, []any{"display_type", "=", "product"})[0], odootest.Values{"tax_ids": []int64{}})
		}, `a line is "m1.nano", 744 x 0.015 with no tax in Odoo, and the order has "m1.nano", 744 x 0.015 with the tax "15%"`},
		{"two prices changed", false, func(h *house, id int64) { // 11.16 + 39.51 + 0.02 = 11.06 + 39.61 + 0.02
			lines := h.Find("account.move.line", []any{"move_id", "=", id}, []any{"display_type", "=", "product"})
			h.Set("account.move.line", lines[0], odootest.Values{"quantity": dec("1"), "price_unit": dec("11.06")})
			h.Set("account.move.line", lines[1], odootest.Values{"quantity": dec("1"), "price_unit": dec("39.61")})
		}, `a line is "m1.nano", 1 x 11.06 with the tax "15%" in Odoo, and the order has "m1.nano", 744 x 0.015`},
		{"another fiscal position", false, func(h *house, id int64) {
			h.Set("account.move", id, odootest.Values{"fiscal_position_id": h.Add("account.fiscal.position", odootest.Values{"name": "Domestic"})})
		}, `odoo chose the fiscal position "Domestic"`},
		{"booked on another day", false, func(h *house, id int64) { h.Set("account.move", id, odootest.Values{"date": "2013-10-01"}) }, "odoo books it on 2013-10-01 instead of 2013-08-31"},
		{"another currency", false, func(h *house, id int64) { h.Set("account.move", id, odootest.Values{"currency_id": h.currency("EUR")}) }, "is in EUR, and the order in USD"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := build(t, odootest.Options{Version: 17})
			commit(t, h.erp(t, func(c *Config) { c.Post = tc.posted }), august(0), threeItems()...)
			id, _ := h.only(t)
			tc.do(h, id)
			before := fmt.Sprint(h.Get("account.move", id), h.lines(id))
			_, err := filled(t, h.erp(t, func(c *Config) { c.Post = true }), august(0), threeItems()...).Commit(t.Context())
			wantPermanent(t, err, tc.want)
			// Without posting, the next run does not take it either.
			_, err = filled(t, h.erp(t), august(0), threeItems()...).Commit(t.Context())
			wantPermanent(t, err, tc.want)
			_, err = filled(t, h.erp(t), august(0), threeItems()...).Find(t.Context())
			wantPermanent(t, err, tc.want)
			if !errors.Is(err, invoice.ErrAltered) && !errors.Is(err, invoice.ErrCancelled) || errors.Is(err, invoice.ErrNotFound) {
				t.Errorf("Find says that it is not there: %v", err)
			}
			if after := fmt.Sprint(h.Get("account.move", id), h.lines(id)); after != before {
				t.Errorf("it was %s\nand is %s", before, after)
			}
		})
	}
	t.Run("lines in another order", func(t *testing.T) {
		h := build(t, odootest.Options{Version: 17})
		want := commit(t, h.erp(t), august(0), threeItems()...)
		id, _ := h.only(t)
		for i, line := range h.Find("account.move.line", []any{"move_id", "=", id}, []any{"display_type", "in", []any{"product", "line_section"}}) {
			h.Set("account.move.line", line, odootest.Values{"sequence": int64(100 - i)})
		}
		for _, post := range []bool{false, true} {
			erp := h.erp(t, func(c *Config) { c.Post = post })
			reference := commit(t, erp, august(0), threeItems()...)
			if found, err := filled(t, erp, august(0), threeItems()...).Find(t.Context()); err != nil || found != reference || !erp.SameReference(want, found) {
				t.Errorf("%q, %v", found, err)
			}
		}
	})
	t.Run("deleted", func(t *testing.T) {
		h := build(t, odootest.Options{Version: 17})
		commit(t, h.erp(t), august(0), threeItems()...)
		h.deleted()
		if _, err := filled(t, h.erp(t), august(0), threeItems()...).Find(t.Context()); !errors.Is(err, invoice.ErrNotFound) {
			t.Errorf("%v", err)
		}
		h.settle(t, h.erp(t), august(0), threeItems()...)
		h.wantOne(t, august(0), "draft", threeItems()...)
	})
	t.Run("the partner is not found any more", func(t *testing.T) {
		h := build(t, odootest.Options{Version: 17})
		commit(t, h.erp(t), august(0), threeItems()...)
		h.Set("res.partner", h.partners[0], odootest.Values{"ref": false})
		_, err := filled(t, h.erp(t), august(0), threeItems()...).Find(t.Context())
		wantPermanent(t, err, "is there, and cannot be compared with the order", "no partner has the reference")
		_, err = filled(t, h.erp(t, func(c *Config) { c.CreatePartner = true }), august(0), threeItems()...).Find(t.Context())
		wantPermanent(t, err, `it is for the partner "tenant 0" in Odoo, and the tenant has none by now`)
	})
	t.Run("deleted but for its external id", func(t *testing.T) {
		h := build(t, odootest.Options{Version: 17})
		commit(t, h.erp(t), august(0), threeItems()...)
		id, _ := h.only(t)
		h.Delete("account.move", id)
		_, err := filled(t, h.erp(t), august(0), threeItems()...).Find(t.Context())
		wantPermanent(t, err, "odoo knows the external id __artifice__."+august(0).Key+", and shows no record for it")
	})
	t.Run("the external id is something else's", func(t *testing.T) {
		h := build(t, odootest.Options{Version: 17})
		h.Add("ir.model.data", odootest.Values{"module": "__artifice__", "name": august(0).Key, "model": "res.partner", "res_id": h.partners[0]})
		_, err := filled(t, h.erp(t), august(0), threeItems()...).Commit(t.Context())
		wantPermanent(t, err, "odoo has something else than a record of account.move under the external id __artifice__."+august(0).Key)
	})
}

// What a person undoes of a posted invoice is not what was never done: it is
// neither posted again nor, the order being settled, billed again.
func TestUndone(t *testing.T) {
	line := func(h *house, id int64) int64 {
		return h.Find("account.move.line", []any{"move_id", "=", id}, []any{"display_type", "=", "product"})[0]
	}
	for _, tc := range []struct {
		name string
		do   func(*house, int64)
		want string
	}{
		{"reset to draft", func(*house, int64) {}, "was posted as INV/2013/00001, and reset to draft in Odoo (post it there again, or else cancel it there and void the order here)"},
		{"and a line deleted", func(h *house, id int64) { h.Delete("account.move.line", line(h, id)) }, "reset to draft"},
		{"and cancelled", func(h *house, id int64) { h.Set("account.move", id, odootest.Values{"state": "cancel"}) }, "was cancelled in Odoo"},
		{"posted again without a line", func(h *house, id int64) {
			h.Delete("account.move.line", line(h, id))
			h.Set("account.move", id, odootest.Values{"state": "posted"})
		}, "has 4 lines, and the order has 5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := build(t, odootest.Options{Version: 17})
			erp := h.erp(t, func(c *Config) { c.Post = true })
			commit(t, erp, august(0), threeItems()...)
			id, _ := h.only(t)
			h.Set("account.move", id, odootest.Values{"state": "draft"})
			tc.do(h, id)
			calls := h.called("load") + h.called("action_post")
			_, err := filled(t, erp, august(0), threeItems()...).Find(t.Context())
			wantPermanent(t, err, tc.want)
			if !errors.Is(err, invoice.ErrAltered) && !errors.Is(err, invoice.ErrCancelled) || errors.Is(err, invoice.ErrNotFound) {
				t.Errorf("%v", err)
			}
			_, err = filled(t, erp, august(0), threeItems()...).Commit(t.Context())
			wantPermanent(t, err, tc.want)
			if n := h.called("load") + h.called("action_post") - calls; n != 0 {
				t.Errorf("%d calls that change it", n)
			}
			h.only(t)
		})
	}
	t.Run("a draft without a line", func(t *testing.T) { // may as well be one of which that line was not saved yet
		h := build(t, odootest.Options{Version: 17})
		commit(t, h.erp(t), august(0), threeItems()...)
		id, _ := h.only(t)
		h.Delete("account.move.line", line(h, id))
		if _, err := filled(t, h.erp(t), august(0), threeItems()...).Find(t.Context()); !errors.Is(err, invoice.ErrUnfinished) {
			t.Errorf("%v", err)
		}
	})
}

// Posting by a person is no other invoice; another number, or another record,
// is.
func TestSameReference(t *testing.T) {
	h := build(t, odootest.Options{Version: 17})
	erp := h.erp(t)
	saved := commit(t, erp, august(0), threeItems()...)
	commit(t, h.erp(t, func(c *Config) { c.Post = true }), august(0), threeItems()...)
	found, err := filled(t, erp, august(0), threeItems()...).Find(t.Context())
	if err != nil || found == saved || !erp.SameReference(saved, found) {
		t.Errorf("saved as %q, found as %q, %v", saved, found, err)
	}
	for _, tc := range []struct {
		saved, found string
		want         bool
	}{
		{"draft, account.move 1", "draft, account.move 1", true},
		{"INV/2013/00001, account.move 1", "INV/2013/00001, account.move 1", true},
		{"draft, account.move 1", "INV/2013/00001, account.move 11", false},
		{"draft, account.move 1", "draft, account.move 2", false},
		{"INV/2013/00001, account.move 1", "draft, account.move 1", false},
		{"INV/2013/00001, account.move 1", "INV/2013/00002, account.move 1", false},
		{"", "draft, account.move 1", false},
	} {
		if got := erp.SameReference(tc.saved, tc.found); got != tc.want {
			t.Errorf("%q and %q: %t", tc.saved, tc.found, got)
		}
	}
}

// The same key with other content shows both.
func TestOtherContent(t *testing.T) {
	h := build(t, odootest.Options{Version: 16})
	erp := h.erp(t, func(c *Config) { c.Post = true })
	commit(t, erp, august(0), threeItems()...)
	change := func(n int, i invoice.Item) []invoice.Item {
		items := threeItems()
		items[n] = i
		return items
	}
	for _, tc := range []struct {
		name  string
		items []invoice.Item
		want  []string
	}{
		{"another value", change(0, item("north.m1.nano", "745", "0.015")), []string{"comes to 50.69 USD untaxed, and the order to 50.71 USD",
			`line 2 is "m1.nano", 744 x 0.015 in Odoo, and "m1.nano", 745 x 0.015 in the order`}},
		{"a line more", append(threeItems(), item("south.m1.nano", "2", "0.0125")), []string{`line 6 of the order is "m1.nano", 2 x 0.0125, and Odoo has none there`}},
		{"a line less", threeItems()[:2], []string{"and the order to 50.67 USD", "odoo has 5 lines, sections among them, and the order 3"}},
		{"another resource", change(2, func() invoice.Item { i := threeItems()[2]; i.Resource = "x"; return i }()), []string{"the lines come to the same and are called otherwise"}},
	} {
		for _, try := range []func(*draft) error{
			func(d *draft) error { _, err := d.Commit(t.Context()); return err },
			func(d *draft) error { _, err := d.Find(t.Context()); return err },
		} {
			wantPermanent(t, try(filled(t, erp, august(0), tc.items...)), append(tc.want, "odoo has other content under the order's key: account.move ")...)
		}
	}
	h.wantOne(t, august(0), "posted", threeItems()...)
}

// A config that changed between two attempts at a draft is told.
func TestConfigChangedMeanwhile(t *testing.T) {
	h := build(t, odootest.Options{Version: 16})
	long := item("south.m1.nano", "12345678901234.5", "0.0125")
	erp := h.erp(t, func(c *Config) { c.Chunk, c.Patience, c.Rescale = 2, 0, []int64{10} })
	h.FailNext("load", 0, odootest.Kill)
	if _, err := filled(t, erp, august(0), append(threeItems(), long)...).Commit(t.Context()); err == nil {
		t.Fatal("saved")
	}
	h.Set("account.move", h.moves()[0], odootest.Values{"move_type": "out_refund"})
	_, err := filled(t, erp, august(0), append(threeItems(), long)...).Commit(t.Context())
	wantPermanent(t, err, "was begun with 6 lines as out_refund, and is now to have 6 as out_invoice: the config has changed meanwhile")
}

// Marks are read back as they were written, and nothing else is taken for one.
func TestMark(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := mark{
			key:    rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "key"),
			lines:  rapid.IntRange(1, 1e6).Draw(t, "lines"),
			total:  figure(15, 4).Filter(func(d decimal.Decimal) bool { return !d.IsNegative() }).Draw(t, "total"),
			digest: rapid.StringMatching(`[0-9a-f]{16}`).Draw(t, "digest"),
		}
		got, ok := parseMark(m.String())
		if !ok || got.key != m.key || got.lines != m.lines || !got.total.Equal(m.total) || got.digest != m.digest {
			t.Fatalf("%v is read as %v, %t", m, got, ok)
		}
	})
	for _, text := range []string{"", "artifice", "artifice:a:1:2", "artifice:a:1:2:d:e", "other:a:1:2:d", "artifice:a:+1:2:d", "artifice:a:1:02:d", "artifice:a:1:2e0:d", "artifice:a:x:2:d", "artifice:a:1:x:d", "artifice:a:1:1e999999999:d"} {
		if m, ok := parseMark(text); ok {
			t.Errorf("%q is read as %v", text, m)
		}
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add("artifice:00a0:5:50.69:0123456789abcdef")
	f.Fuzz(func(t *testing.T, text string) {
		if m, ok := parseMark(text); ok && m.String() != text {
			t.Errorf("%q is read as %q", text, m)
		}
	})
}

// Chunks have every row that is missing once, none is larger than it may be,
// and rows that say an account are apart from those that do not.
func TestChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &bill{rows: make([]row, rapid.IntRange(0, 40).Draw(t, "rows"))}
		there := map[int]bool{}
		for i := range b.rows {
			b.rows[i].account = rapid.Int64Range(0, 1).Draw(t, "account")
			b.rows[i].unit = rapid.Int64Range(0, 1).Draw(t, "unit")
			if rapid.Bool().Draw(t, "there") {
				there[i+1] = true
			}
		}
		size := rapid.IntRange(1, 10).Draw(t, "size")
		var got []int
		for _, c := range b.chunks(there, size) {
			if len(c.sequences) == 0 || len(c.sequences) > size || !slices.IsSorted(c.sequences) {
				t.Fatalf("a chunk of %v", c.sequences)
			}
			for _, sequence := range c.sequences {
				if r := b.rows[sequence-1]; (r.account != 0) != c.account || (r.unit != 0) != c.unit {
					t.Fatalf("row %d is %v in a chunk %v", sequence, r, c)
				}
			}
			got = append(got, c.sequences...)
		}
		slices.Sort(got)
		var want []int
		for i := range b.rows {
			if !there[i+1] {
				want = append(want, i+1)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
