package invoicetest

import (
	"errors"
	"strings"

	"github.com/openstack-artifice/artifice/invoice"
)

func costStable(b *bench) {
	want := func(inv invoice.Invoice, when string) {
		b.Helper()
		for _, p := range b.setup.Prices {
			got, err := inv.Cost(b.ctx, p.Datacenter, p.Name)
			if err != nil || !got.Equal(p.Cost) {
				b.Errorf("Cost(%q, %q) %s = %s, %v; want %s", p.Datacenter, p.Name, when, got, err, p.Cost)
			}
		}
	}
	order := b.order(0)
	inv := b.open(order)
	want(inv, "of a new invoice")
	want(inv, "asked again")
	if err := fill(inv, b.lines("1", "2", "3")); err != nil {
		b.Fatal(err)
	}
	want(inv, "after adding lines")
	want(b.open(order), "of the same order again")
	want(b.open(b.order(1)), "of another tenant's order for the block")
}

func costUnknown(b *bench) {
	inv := b.open(b.order(0))
	for _, p := range []Price{
		{Datacenter: b.setup.Prices[0].Datacenter, Name: "no such service"},
		{Datacenter: "no such datacenter", Name: "no such service"},
		{Datacenter: b.setup.Prices[0].Datacenter, Name: ""},
		{Datacenter: "", Name: ""},
	} {
		got, err := inv.Cost(b.ctx, p.Datacenter, p.Name)
		if !errors.Is(err, invoice.ErrNoCost) {
			b.Errorf("Cost(%q, %q) = %s, %v; want ErrNoCost", p.Datacenter, p.Name, got, err)
			continue
		}
		if !strings.Contains(err.Error(), p.Name) {
			b.Errorf("Cost(%q, %q): the error %q does not name the service", p.Datacenter, p.Name, err)
		}
	}
	known := b.setup.Prices[0]
	if got, err := inv.Cost(b.ctx, known.Datacenter, known.Name); err != nil || !got.Equal(known.Cost) {
		b.Errorf("Cost(%q, %q) after unknown ones = %s, %v; want %s", known.Datacenter, known.Name, got, err, known.Cost)
	}
}

func unitKnown(b *bench) {
	inv := b.open(b.order(0))
	u, ok := inv.(invoice.Uniter)
	if !ok {
		b.Skip("needs an invoice.Uniter")
	}
	for _, p := range b.setup.Prices {
		first, err := u.Unit(b.ctx, p.Datacenter, p.Name)
		if err != nil {
			b.Errorf("Unit(%q, %q): %v, although it has a cost", p.Datacenter, p.Name, err)
			continue
		}
		if again, err := u.Unit(b.ctx, p.Datacenter, p.Name); err != nil || again != first {
			b.Errorf("Unit(%q, %q) = %q, %v when asked again; it was %q", p.Datacenter, p.Name, again, err, first)
		}
	}
}
