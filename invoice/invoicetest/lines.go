package invoicetest

import (
	"errors"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openstack-artifice/artifice/invoice"
)

func created(b *bench) {
	b.open(b.order(0))
	b.open(b.order(1))
}

func sectionsKeepOrder(b *bench) {
	b.needsSaved()
	c := b.lines(slices.Repeat([]string{"1", "2"}, len(b.setup.Prices))...)
	slices.Sort(c.sections)
	slices.Reverse(c.sections)
	order := b.order(0)
	b.wantSaved(order, b.committed(order, c), c, true)

	slices.Reverse(c.sections)
	order = b.order(1)
	b.wantSaved(order, b.committed(order, c), c, true)
}

func sectionTwice(b *bench) {
	order, c := b.order(0), b.lines("1")
	inv := b.opened(order, c)
	if err := inv.AddSection(c.sections[0]); err == nil {
		b.Errorf("AddSection(%q) a second time was accepted", c.sections[0])
	}
	reference, err := inv.Commit(b.ctx)
	if err != nil {
		b.Fatalf("Commit after a section was refused: %v", err)
	}
	b.wantSaved(order, reference, c, true)
}

func lineWithoutSection(b *bench) {
	order, c := b.order(0), b.lines("1")
	inv := b.open(order)
	if err := inv.AddLine(c.items[0]); !errors.Is(err, invoice.ErrNoSection) {
		b.Errorf("AddLine before any section = %v, want ErrNoSection", err)
	}
	if err := fill(inv, c); err != nil {
		b.Fatal(err)
	}
	stray := c.items[0]
	stray.Datacenter += " undeclared"
	if err := inv.AddLine(stray); !errors.Is(err, invoice.ErrNoSection) {
		b.Errorf("AddLine for a section that was not added = %v, want ErrNoSection", err)
	}
	reference, err := inv.Commit(b.ctx)
	if err != nil {
		b.Fatalf("Commit after a line was refused: %v", err)
	}
	b.wantSaved(order, reference, c, true)
}

func linesToTheLastDigit(b *bench) {
	b.needsSaved()
	// More digits than a float64 has, and the smallest value there is.
	c := b.lines("744", "0.000001", "12345678901234.567891", "0.1", "1.005", "35999.999999", "3")
	order := b.order(0)
	b.wantSaved(order, b.committed(order, c), c, true)
}

func zeroAndNegative(b *bench) {
	c := b.lines("0", "-1000000", "-0.000001", "2.5", "-12345678.901234")
	adjusted := b.order(0).Block
	adjusted.Start, adjusted.End = adjusted.Start.AddDate(0, -1, 0), adjusted.Start
	for i := range c.items {
		if c.items[i].Value.IsNegative() {
			c.items[i].Adjusts = adjusted
		}
	}
	free := b.item(0, "7")
	free.Cost, free.Amount = decimal.Zero, decimal.Zero
	c.items = append(c.items, free)
	order := b.order(0)
	b.wantSaved(order, b.committed(order, c), c, true)
}

func manyLines(b *bench) {
	values := make([]string, 10_000)
	for i := range values {
		values[i] = decimal.New(int64(i), -3).String()
	}
	c := b.lines(values...)
	order := b.order(0)
	b.wantSaved(order, b.committed(order, c), c, true)
}

func noLines(b *bench) {
	if b.setup.NeedsLines {
		noLinesRefused(b)
		return
	}
	order := b.order(0)
	b.wantSaved(order, b.committed(order, content{}), content{}, true)

	order = b.order(1)
	c := content{sections: b.lines("1").sections}
	b.wantSaved(order, b.committed(order, c), c, true)
}

// noLinesRefused is for an ERP that needs a line: it says so, and takes the
// order once it has one.
func noLinesRefused(b *bench) {
	order, c := b.order(0), b.lines("1")
	for _, empty := range []content{{}, {sections: c.sections}} {
		reference, err := b.opened(order, empty).Commit(b.ctx)
		if !invoice.IsPermanent(err) {
			b.Errorf("Commit of an invoice without lines = %q, %v; want a permanent error (Setup.NeedsLines is set)", reference, err)
		}
		b.wantNone(order, "a commit without lines")
	}
	b.wantSaved(order, b.committed(order, c), c, true)
}

// hostile are texts that a user of a cloud can give a resource or a tenant.
var hostile = []string{
	"two\nlines", "two\r\nlines", "carriage\rreturn", "a\ttab", "nul\x00byte", "escape\x1b[31m",
	`quote " quote`, `""`, `'`, "comma, semicolon; pipe|", `back\slash`, "../../etc/passwd", "a/b",
	"=HYPERLINK(\"http://example.org\")", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", " =1+1", "＝1+1",
	"%(tenant)s %s %d", "<b>&amp;</b>", "{{.}}", "$(id)", "'; DROP TABLE invoices; --",
	"\u202eright to left", "\u05e9\u05dc\u05d5\u05dd", "\ufeffmark", "combining e\u0301", "\U0001f4a9",
	"not UTF-8: \xff\xfe", "", " ", strings.Repeat("long ", 2000),
}

func hostileNames(b *bench) {
	plain, before := b.order(1), b.lines("1", "2")
	plainReference := b.committed(plain, before)

	order := b.order(0)
	order.Tenant.Name = hostile[0] + hostile[7] + strings.Repeat(hostile[14], 30)
	order.Tenant.Extra = map[string]string{hostile[0]: hostile[6]}
	var c content
	for i, text := range hostile {
		item := b.item(i, decimal.New(int64(i), -1).String())
		item.Resource, item.Description = text, text
		if !b.setup.KnownOnly {
			item.Datacenter, item.Name = "north "+text, text
		}
		if !slices.Contains(c.sections, item.Datacenter) {
			c.sections = append(c.sections, item.Datacenter)
		}
		c.items = append(c.items, item)
	}
	if !b.setup.KnownOnly { // and one section whose name is nothing but hostile
		item := b.item(0, "5")
		item.Datacenter = "=1+1"
		c.sections = append(c.sections, item.Datacenter)
		c.items = append(c.items, item)
	}
	b.wantSaved(order, b.committed(order, c), c, b.setup.KnownOnly)
	b.wantSaved(plain, plainReference, before, true)
}

func hostileTenants(b *bench) {
	if b.setup.Tenant != nil {
		b.Skip("needs an ERP that bills any tenant (Setup.Tenant is set)")
	}
	ids := []string{"a/b", "a_b", "a-b", "A_B", "..", ".", "../a_b", "a\x00b", "a\nb", "%(start)s", "=a_b", "\u00e4_b",
		strings.Repeat("a", 300), strings.Repeat("a", 299) + "b"}
	var orders []invoice.Order
	var references []string
	c := b.lines("1")
	for _, id := range ids {
		order := b.order(0)
		order.Tenant.ID, order.Tenant.Name = id, "the same for all"
		reference := b.committed(order, c)
		if slices.Contains(references, reference) {
			b.Errorf("tenant %.40q: reference %q is another tenant's as well", id, reference)
		}
		orders, references = append(orders, order), append(references, reference)
	}
	for i, order := range orders {
		b.wantSaved(order, references[i], c, true)
	}
}
